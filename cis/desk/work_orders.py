"""Work orders on the desk: list, board, one order with its history, assigning, appointments, job sheets."""

from datetime import date, timedelta
from functools import partial
from typing import Any

from django.contrib import messages
from django.http import FileResponse, Http404, HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _

from cis.desk import job_sheets
from cis.desk.answers import FILE_ROWS_MOST, csv_file, or_404, posted, tell_refusal, today
from cis.desk.field_words import OUTCOMES, WORK_KINDS, WORK_STATES
from cis.desk.forms.work import ALL_UNDER_WAY, AssignForm, DayForm, WorkForm, WorkListForm
from cis.desk.roles import DISPATCHERS, METERERS, READERS
from cis.kernel.errors import Refused
from cis.platform import audit, documents
from cis.platform.access import actor_of, allow
from cis.platform.paging import Pager, page_context, query_of
from contracts.queries import surveys
from metering.domain.work_orders import UNDER_WAY, WorkKind, WorkState, actions_for
from metering.operations import appointments, work_orders
from metering.queries import appointments as slots
from metering.queries import crews, places
from metering.queries import work_orders as queries
from metering.queries.work_orders import Wanted, WorkCard

BOARD_MOST = 60
DUE_DAYS = 5


@allow(*READERS)
def index(request: HttpRequest) -> HttpResponse:
    """List work orders, urgent and soonest due first; those that are chosen are given to a crew together."""
    form, wanted = _wanted(request)
    at_work = crews.listed(only_active=True)
    context = {
        "form": form,
        **page_context(request, partial(queries.listed, wanted=wanted, today=today())),
        "count": queries.count(wanted=wanted, today=today()),
        "is_filtered": wanted != Wanted(state=ALL_UNDER_WAY),
        "today": today(),
        "assign_form": AssignForm(crews=at_work, initial={"planned_date": today()}),
        "may_dispatch": _may_dispatch(request),
        "view": "list",
    }
    return render(request, "desk/work/list.html", context)


@allow(*READERS)
def board(request: HttpRequest) -> HttpResponse:
    """Show the orders of the filters by state, beside each other."""
    form, wanted = _wanted(request)
    cards = queries.listed(wanted=wanted, today=today(), most=BOARD_MOST * len(UNDER_WAY))
    columns = [(state, [card for card in cards if card.state == state]) for state in (*UNDER_WAY, WorkState.DONE)]
    context = {
        "form": form,
        "columns": [(state, found) for state, found in columns if found or state in UNDER_WAY],
        "count": queries.count(wanted=wanted, today=today()),
        "pager": Pager(1, False, query_of(request)),
        "is_filtered": wanted != Wanted(state=ALL_UNDER_WAY),
        "today": today(),
        "may_dispatch": _may_dispatch(request),
        "view": "board",
    }
    return render(request, "desk/work/board.html", context)


@allow(*READERS)
def export(request: HttpRequest) -> StreamingHttpResponse:
    """Give the same list as a file."""
    _form, wanted = _wanted(request)
    header = [
        _("Number"), _("Kind"), _("State"), _("Address"), _("Area"), _("Due"), _("Crew"), _("Day"), _("Appointment"),
        _("Attempts"), _("Outcome"), _("Ordered on"),
    ]  # fmt: skip
    rows = (
        (c.id, str(WORK_KINDS[c.kind]), str(WORK_STATES[c.state]), c.address, c.district, c.due_date, c.crew,
         c.planned_date, _hours(c), c.attempts, str(OUTCOMES.get(c.outcome, "")), timezone.localdate(c.created_at))
        for c in queries.listed(wanted=wanted, today=today(), most=FILE_ROWS_MOST)
    )  # fmt: skip
    return csv_file("work-orders.csv", header, rows)


@allow(*DISPATCHERS)
def new(request: HttpRequest) -> HttpResponse:
    """Order work at a service point."""
    initial = {
        "service_point": request.GET.get("point", "")[:64],
        "kind": request.GET.get("kind", ""),
        "reason": request.GET.get("reason", "")[:500],
        "due_date": today() + timedelta(days=DUE_DAYS),
        "priority": "normal",
    }
    form = WorkForm(posted(request), initial=initial)
    if form.is_bound and form.is_valid():
        given = form.cleaned_data
        try:
            made = work_orders.create(
                kind=given["kind"], service_point_id=places.id_of_external_id(given["service_point"].strip()),
                facts={"reason": given["reason"]}, due_date=given["due_date"], priority=given["priority"],
                actor=actor_of(request),
            )  # fmt: skip
        except Refused as refusal:
            form.refuse(refusal)
        else:
            messages.success(request, _("The work order is made."))
            return redirect("desk:work_order", made)
    return render(request, "desk/work/new.html", {"form": form})


@allow(*READERS)
def show(request: HttpRequest, work_order_id: int) -> HttpResponse:
    """Show one order: what, where, for whom, its appointments, answers, photos and history."""
    card = _card(work_order_id)
    at_work = crews.listed(only_active=True)
    serving = tuple(crew for crew in at_work if crew.serves(district=card.district, kind=card.kind))
    day = card.planned_date or today()
    context = {
        "card": card,
        "today": today(),
        "moves": queries.moves(work_order_id=work_order_id),
        "answers": queries.answers(work_order_id=work_order_id),
        "survey": surveys.of_work_order(work_order_id=work_order_id) if card.kind == WorkKind.SURVEY else None,
        "photos": queries.photos(work_order_id=work_order_id),
        "appointments": slots.of_orders(work_order_ids=[work_order_id]).get(work_order_id, ()),
        "actions": {str(action) for action in actions_for(state=WorkState(card.state), actor=actor_of(request))},
        "may_energize": bool(actor_of(request).roles & set(METERERS)),
        "may_dispatch": _may_dispatch(request),
        "assign_form": AssignForm(crews=serving or at_work, initial={"crew": card.crew_id, "planned_date": day}),
    }
    return render(request, "desk/work/order.html", context)


@allow(*DISPATCHERS)
def assign(request: HttpRequest) -> HttpResponse:
    """Give the chosen orders to a crew for a day, all or none."""
    form = AssignForm(posted(request), crews=crews.listed(only_active=True))
    ids = [int(text) for text in request.POST.getlist("order") if text.isascii() and text.isdigit() and len(text) < 16]  # noqa: PLR2004
    back = redirect("desk:work_order", ids[0]) if "one" in request.POST and ids else redirect("desk:work_orders")
    if not ids or not form.is_valid():
        messages.error(request, _("Choose orders, a crew and a day."))
        return back
    try:
        count = work_orders.assign(
            work_order_ids=ids, crew_id=form.cleaned_data["crew"], planned_date=form.cleaned_data["planned_date"],
            actor=actor_of(request),
        )  # fmt: skip
        messages.success(request, _("%(n)s work orders are with the crew.") % {"n": count})
    except Refused as refusal:
        tell_refusal(request, refusal)
    return back


@allow(*DISPATCHERS)
def act(request: HttpRequest, work_order_id: int) -> HttpResponse:
    """Take an order from its crew, or drop it."""
    _card(work_order_id)
    reason, actor = request.POST.get("reason", "")[:300], actor_of(request)
    try:
        match request.POST.get("action", ""):
            case "release":
                work_orders.release(work_order_id=work_order_id, reason=reason, actor=actor)
            case "cancel":
                work_orders.cancel(work_order_id=work_order_id, reason=reason, actor=actor)
    except Refused as refusal:
        tell_refusal(request, refusal)
    return redirect("desk:work_order", work_order_id)


@allow(*DISPATCHERS)
def book(request: HttpRequest, work_order_id: int) -> HttpResponse:
    """Choose the hours of an appointment, or others in their place."""
    card = _card(work_order_id)
    if request.method == "POST":
        return _book(request, card)
    found = slots.free_slots(district=card.district, kind=card.kind, after=timezone.localtime())
    days: dict[date, list[slots.SlotCard]] = {}
    for slot in found:
        days.setdefault(slot.date, []).append(slot)
    return render(request, "desk/work/book.html", {"card": card, "days": days.items()})


@allow(*READERS)
def day(request: HttpRequest) -> HttpResponse:
    """Show the day of a crew in the order of its route, with the days around it."""
    context = _day_context(request)
    return render(request, "desk/work/day.html", context)


@allow(*READERS)
def day_sheet(request: HttpRequest) -> HttpResponse:
    """Give the job sheets of a crew's day as PDF."""
    context = _day_context(request)
    if not context["rows"]:
        raise Http404
    return _pdf(job_sheets.pdf(cards=context["rows"], printed_date=today()), f"work-{context['on']}.pdf")


@allow(*READERS)
def sheet(request: HttpRequest, work_order_id: int) -> HttpResponse:  # noqa: ARG001
    """Give the job sheet of an order as PDF."""
    return _pdf(job_sheets.pdf(cards=[_card(work_order_id)], printed_date=today()), f"work-{work_order_id}.pdf")


@allow(*READERS)
def photo(request: HttpRequest, work_order_id: int, photo_id: int) -> FileResponse:
    """Give a photo to staff, and note who looked."""
    found = next((one for one in queries.photos(work_order_id=work_order_id) if one.id == photo_id), None)
    if found is None:
        raise Http404
    with or_404():
        kept, stream = documents.about(found.document_id), documents.open(found.document_id)
    audit.record(actor_of(request), "look", "work_photo", photo_id, work_order_id=work_order_id)
    answer = FileResponse(stream, content_type=kept.media_type, filename=kept.name)
    answer["Cache-Control"] = "private, max-age=3600"
    return answer


def _card(work_order_id: int) -> WorkCard:
    with or_404():
        return queries.one(work_order_id=work_order_id)


def _book(request: HttpRequest, card: WorkCard) -> HttpResponse:
    given = request.POST.get("slot", "")
    actor = actor_of(request)
    try:
        if request.POST.get("confirm") and card.appointment:
            appointments.confirm(appointment_id=card.appointment.id, actor=actor)
        elif not (given.isascii() and given.isdigit() and len(given) < 16):  # noqa: PLR2004
            messages.error(request, _("Choose a slot."))
            return redirect("desk:book_work", card.id)
        elif card.appointment is None:
            appointments.book(work_order_id=card.id, slot_id=int(given), actor=actor)
            messages.success(request, _("The appointment is booked."))
        else:
            appointments.move(
                appointment_id=card.appointment.id,
                slot_id=int(given),
                reason=request.POST.get("reason", ""),
                actor=actor,
            )
            messages.success(request, _("The appointment is moved."))
    except Refused as refusal:
        tell_refusal(request, refusal)
        return redirect("desk:book_work", card.id)
    return redirect("desk:work_order", card.id)


def _day_context(request: HttpRequest) -> dict[str, Any]:
    at_work = crews.listed(only_active=True)
    form = DayForm(request.GET or None, crews=at_work)
    given = form.cleaned_data if form.is_valid() else {}
    on = given.get("on") or today()
    crew_id = given.get("crew") or (at_work[0].id if at_work else None)
    form = DayForm(initial={"crew": crew_id, "on": on}, crews=at_work)
    rows = queries.of_day(crew_id=crew_id, on=on) if crew_id else ()
    monday = on - timedelta(days=on.weekday())
    week = [monday + timedelta(days=n) for n in range(7)]
    loads = queries.loads(crew_id=crew_id, start_date=week[0], end_date=week[-1] + timedelta(days=1)) if crew_id else {}
    return {
        "form": form, "on": on, "crew_id": crew_id, "rows": rows, "today": today(),
        "crew": next((crew for crew in at_work if crew.id == crew_id), None),
        "week": [(one, loads.get(one, 0)) for one in week],
        "before": on - timedelta(days=7), "after": on + timedelta(days=7),
        "slots": slots.slots(crew_id=crew_id, start_date=on, end_date=on + timedelta(days=1)) if crew_id else (),
        "view": "day",
    }  # fmt: skip


def _wanted(request: HttpRequest) -> tuple[WorkListForm, Wanted]:
    """Return the filters; without any, what is still to be done."""
    at_work, areas = crews.listed(), queries.areas()
    given: Any = request.GET or {"state": ALL_UNDER_WAY}
    form = WorkListForm(given, crews=at_work, areas=areas)
    if not form.is_valid():
        return WorkListForm({"state": ALL_UNDER_WAY}, crews=at_work, areas=areas), Wanted(state=ALL_UNDER_WAY)
    found = form.cleaned_data
    crew = found.get("crew") or ""
    return form, Wanted(
        kind=found["kind"], state=found["state"], crew_id=int(crew) if crew else None, area=found["area"],
        due=found["due"], text=found["text"].strip(),
    )  # fmt: skip


def _may_dispatch(request: HttpRequest) -> bool:
    return bool(actor_of(request).roles & set(DISPATCHERS))


def _hours(card: WorkCard) -> str:
    found = card.appointment
    return "" if found is None else f"{found.date} {found.start_time:%H:%M}-{found.end_time:%H:%M}"


def _pdf(data: bytes, name: str) -> HttpResponse:
    answer = HttpResponse(data, content_type="application/pdf")
    answer["Content-Disposition"] = f'inline; filename="{name}"'
    return answer
