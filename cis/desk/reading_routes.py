"""Reading routes on the desk: the list, one with its places and rounds, its sheet on paper."""

from functools import partial
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from cis.desk import route_sheets
from cis.desk.answers import FILE_ROWS_MOST, csv_file, or_404, posted, tell_findings, today
from cis.desk.forms.routes import NotesForm, RoundForm, RouteForm, RouteListForm, StopsForm
from cis.desk.roles import FIELD_WORKERS, READERS
from cis.kernel.errors import Refused
from cis.platform import typed
from cis.platform.access import actor_of, allow
from cis.platform.paging import page_context
from metering.domain.routes import AHEAD_MOST
from metering.operations import read_rounds
from metering.operations import routes as operations
from metering.queries import crews
from metering.queries import routes as queries
from metering.queries.routes import RouteCard


@allow(*READERS)
@require_safe
def index(request: HttpRequest) -> HttpResponse:
    """List the routes, those in use first."""
    form = RouteListForm(request.GET, crews=_crews())
    wanted = form.wanted()
    context = {
        "form": form, **page_context(request, partial(queries.listed, **wanted)), "is_filtered": any(wanted.values()),
        "may_walk": may_walk(request),
    }  # fmt: skip
    return render(request, "desk/routes/routes.html", context)


@allow(*READERS)
@require_safe
def export(request: HttpRequest) -> StreamingHttpResponse:
    """Give the same list as a file."""
    found = queries.listed(**RouteListForm(request.GET, crews=_crews()).wanted(), most=FILE_ROWS_MOST)
    header = [
        _("Code"), _("Name"), _("Crew"), _("Days of the month"), _("Every so many months"), _("Places"),
        _("Open round"), _("Last walked"), _("In use"),
    ]  # fmt: skip
    rows = (
        (r.code, r.name, r.crew, days_of(r), r.schedule.every_months, r.stops, r.open_date, r.walked_date,
         _("yes") if r.is_active else _("no"))
        for r in found
    )  # fmt: skip
    return csv_file("reading-routes.csv", header, rows)


@allow(*FIELD_WORKERS)
def new(request: HttpRequest) -> HttpResponse:
    """Make a route."""
    form = RouteForm(posted(request), crews=_crews(), initial={"first_month": today().replace(day=1)})
    if form.is_bound and form.is_valid():
        try:
            made = operations.create(new=form.new(), actor=actor_of(request))
        except Refused as refusal:
            form.refuse(refusal)
        else:
            messages.success(request, _("The route is made. Now put places on it."))
            return redirect("desk:route", made)
    return render(request, "desk/routes/edit.html", {"form": form, "card": None})


@allow(*FIELD_WORKERS)
def edit(request: HttpRequest, route_id: int) -> HttpResponse:
    """Change a route, or end it."""
    with or_404():
        card = queries.one(route_id=route_id)
    initial = {
        "code": card.code, "name": card.name, "crew": str(card.crew_id or ""), "days": days_of(card),
        "every_months": card.schedule.every_months, "first_month": card.schedule.first_month,
        "window_days": card.schedule.window_days, "is_active": card.is_active,
    }  # fmt: skip
    form = RouteForm(posted(request), crews=_crews(), initial=initial)
    if form.is_bound and form.is_valid():
        is_active = form.cleaned_data["is_active"]
        try:
            operations.change(route_id=route_id, new=form.new(), is_active=is_active, actor=actor_of(request))
        except Refused as refusal:
            form.refuse(refusal)
        else:
            messages.success(request, _("The route is changed."))
            return redirect("desk:route", route_id)
    return render(request, "desk/routes/edit.html", {"form": form, "card": card})


@allow(*READERS)
@require_safe
def show(request: HttpRequest, route_id: int) -> HttpResponse:
    """Show a route: when it is walked next, its rounds, its places in the order of the walk."""
    with or_404():
        card = queries.one(route_id=route_id)
    return _page(request, card, StopsForm())


@require_POST
@allow(*FIELD_WORKERS)
def change_stops(request: HttpRequest, route_id: int) -> HttpResponse:
    """Add places, move one or take it off, write down how to get there."""
    with or_404():
        card = queries.one(route_id=route_id)
    action, actor = request.POST.get("action", ""), actor_of(request)
    if action == "add":
        return _add(request, card)
    stop_id = typed.number(request.POST.get("stop", ""))
    if stop_id is None or action not in {"note", "remove"}:
        raise Http404
    try:
        if action == "remove":
            operations.remove_stop(route_id=route_id, stop_id=stop_id, actor=actor)
        else:
            form = NotesForm(request.POST)
            if not form.is_valid():
                messages.error(request, " ".join(str(error) for errors in form.errors.values() for error in errors))
                return redirect("desk:route", route_id)
            given = form.cleaned_data
            operations.note_stop(
                route_id=route_id, stop_id=stop_id, key_note=given["key_note"], access_note=given["access_note"],
                actor=actor,
            )  # fmt: skip
            operations.move_stop(route_id=route_id, stop_id=stop_id, place=given["place"], actor=actor)
        messages.success(request, _("The route is changed."))
    except Refused as refusal:
        tell_findings(request, refusal)
    return redirect("desk:route", route_id)


@require_POST
@allow(*FIELD_WORKERS)
def open_round(request: HttpRequest, route_id: int) -> HttpResponse:
    """Open the round of a day."""
    with or_404():
        card = queries.one(route_id=route_id)
    form = RoundForm(request.POST)
    if not form.is_valid():
        return _page(request, card, StopsForm(), form)
    try:
        made = read_rounds.open_round(
            route_id=route_id, planned_date=form.cleaned_data["planned_date"], actor=actor_of(request), today=today()
        )
    except Refused as refusal:
        form.refuse(refusal)
        return _page(request, card, StopsForm(), form)
    return redirect("desk:reading_round", made)


@allow(*READERS)
@require_safe
def sheet(request: HttpRequest, round_id: int) -> HttpResponse:  # noqa: ARG001 (a view has it)
    """Give the sheet of a round to walk with, as PDF."""
    with or_404():
        found = queries.one_round(round_id=round_id, today=today())
    card = queries.one(route_id=found.route_id)
    data = route_sheets.pdf(card=card, found=found, printed_date=today())
    answer = HttpResponse(data, content_type="application/pdf")
    answer["Content-Disposition"] = f'inline; filename="route-{found.id}-{found.planned_date:%Y-%m-%d}.pdf"'
    return answer


def may_walk(request: HttpRequest) -> bool:
    """Return whether somebody may read meters and arrange routes, not only look."""
    return bool(actor_of(request).roles & set(FIELD_WORKERS))


def days_of(card: RouteCard) -> str:
    """Return the days of a route as they are typed."""
    return ", ".join(str(day) for day in card.schedule.days)


def _add(request: HttpRequest, card: RouteCard) -> HttpResponse:
    form = StopsForm(request.POST)
    if not form.is_valid():
        return _page(request, card, form)
    try:
        count = operations.add_stops(route_id=card.id, external_ids=form.external_ids(), actor=actor_of(request))
    except Refused as refusal:
        form.refuse(refusal)
        return _page(request, card, form)
    messages.success(request, _("%(n)s places are put at the end of the route.") % {"n": count})
    return redirect("desk:route", card.id)


def _page(request: HttpRequest, card: RouteCard, form: StopsForm, round_form: RoundForm | None = None) -> HttpResponse:
    rounds = queries.rounds(route_id=card.id, today=today())
    opened = {one.planned_date for one in rounds}
    days = queries.coming(route=card, today=today()) if card.is_active else ()
    context: dict[str, Any] = {
        "card": card, "days": days_of(card), "form": form, "rounds": rounds, "may_walk": may_walk(request),
        "stops": queries.stops(route_id=card.id, today=today()),
        "coming": [(day, day in opened, (day - today()).days <= AHEAD_MOST) for day in days],
        "round_form": round_form or RoundForm(initial={"planned_date": today()}),
    }  # fmt: skip
    return render(request, "desk/routes/route.html", context)


def _crews() -> list[tuple[int, str]]:
    return [(one.id, one.name) for one in crews.listed(only_active=True)]
