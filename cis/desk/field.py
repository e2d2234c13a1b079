"""The phone pages of crews: my day in the order of the route, one order, its checklist and photos, its end."""

from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any, BinaryIO, cast
from uuid import uuid4

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _

from cis.desk.answers import asks_for, or_404, posted, tell_refusal, today
from cis.desk.forms.checklists import ChecklistForm
from cis.desk.forms.work import FailForm
from cis.desk.roles import FIELD_WORKERS
from cis.kernel.errors import Refused
from cis.platform.access import actor_of, allow
from cis.platform.forms import DayField
from metering.domain import outages as outage_rules
from metering.domain.meter_work import METER_WORK
from metering.domain.work_orders import OUTCOMES, WorkKind
from metering.operations import work_answers, work_orders
from metering.queries import checklists, crews, outages, phone_reads
from metering.queries import work_orders as queries
from metering.queries.work_orders import WorkCard

OWN_PAGES: Mapping[WorkKind, str] = {
    **dict.fromkeys(METER_WORK, "desk:field_meter"),
    WorkKind.SURVEY: "desk:field_survey",
    WorkKind.RE_READ: "desk:field_re_read",
}
"""Kinds of work that end on a page of their own, by the name of its address; it takes the work order's id."""


@allow(*FIELD_WORKERS)
def my_day(request: HttpRequest) -> HttpResponse:
    """Show the orders of my crew on a day, as they are driven, and today the rounds to be read."""
    on = _day(request.GET.get("on", ""))
    crew_id = crews.of_user(user_id=actor_of(request).id)
    rows = queries.of_day(crew_id=crew_id, on=on) if crew_id else ()
    context = {
        "on": on, "today": today(), "before": on - timedelta(days=1), "after": on + timedelta(days=1),
        "crew": crews.one(crew_id=crew_id) if crew_id else None,
        "rows": [card for card in rows if card.is_under_way], "ended": [card for card in rows if not card.is_under_way],
        "rounds": phone_reads.to_walk(crew_id=crew_id) if on == today() else (),
    }  # fmt: skip
    return render(request, "field/day.html", context)


@allow(*FIELD_WORKERS)
def order(request: HttpRequest, work_order_id: int) -> HttpResponse:
    """Show one order; started, its checklist, and finish it."""
    card = mine(request, work_order_id)
    checklist = checklists.one(code=card.checklist) if card.checklist else None
    form = ChecklistForm(posted(request), checklist=checklist, initial={"request_key": uuid4().hex})
    if form.is_bound and form.is_valid():
        outcome = request.POST.get("outcome", "")
        try:
            keep_photos(request, card)
            work_orders.finish(
                work_order_id=work_order_id, outcome=outcome or _only(card), answers=form.answers(),
                note=form.cleaned_data["note"], request_key=form.cleaned_data["request_key"], actor=actor_of(request),
            )  # fmt: skip
        except Refused as refusal:
            form.refuse(refusal)
        else:
            messages.success(request, _("Done. On to the next one."))
            if card.kind == WorkKind.INSPECTION and card.subject == "inspection":
                return redirect("desk:hand_over", work_order_id)
            return redirect(_back(card))
    context = order_context(card, form) | {"outcomes": OUTCOMES[WorkKind(card.kind)]}
    return render(request, "field/order.html", context)


@allow(*FIELD_WORKERS)
def start(request: HttpRequest, work_order_id: int) -> HttpResponse:
    """Begin the work; a second press is the same start."""
    card = mine(request, work_order_id)
    try:
        if request.method == "POST":
            key = request.POST.get("request_key", "")[:64]
            work_orders.start(work_order_id=work_order_id, request_key=key, actor=actor_of(request))
    except Refused as refusal:
        tell_refusal(request, refusal)
    return redirect(_own_page(card) or "desk:field_order", work_order_id)


@allow(*FIELD_WORKERS)
def photo(request: HttpRequest, work_order_id: int, item: str) -> HttpResponse:
    """Keep photos of an item as soon as they are taken, or take one off; gives the pictures of the item."""
    card = mine(request, work_order_id)
    error = ""
    try:
        removed = request.POST.get("remove", "")
        if removed.isascii() and removed.isdigit() and len(removed) < 16:  # noqa: PLR2004
            work_answers.remove_photo(work_order_id=work_order_id, photo_id=int(removed), actor=actor_of(request))
        keep_photos(request, card, only=item)
    except Refused as refusal:
        if not asks_for(request, f"photos-{item}"):
            tell_refusal(request, refusal)
        error = refusal.code
    if not asks_for(request, f"photos-{item}"):
        return redirect("desk:field_order", work_order_id)
    found = [one for one in queries.photos(work_order_id=work_order_id) if one.item == item]
    return render(request, "field/_photos.html", {"card": card, "item": item, "photos": found, "error": error})


@allow(*FIELD_WORKERS)
def fail(request: HttpRequest, work_order_id: int) -> HttpResponse:
    """Note that the work is not possible, why, and when the crew comes again."""
    card = mine(request, work_order_id)
    form = FailForm(posted(request), initial={"request_key": uuid4().hex})
    if form.is_bound and form.is_valid():
        given = form.cleaned_data
        if given["next_date"] and given["next_date"] < today():
            form.add_error("next_date", _("Choose today or a later day."))
        else:
            try:
                work_orders.fail(work_order_id=work_order_id, actor=actor_of(request), **given)
            except Refused as refusal:
                form.refuse(refusal)
            else:
                messages.success(request, _("Noted. The work is planned anew."))
                return redirect(_back(card))
    return render(request, "field/fail.html", {"card": card, "form": form})


def mine(request: HttpRequest, work_order_id: int) -> WorkCard:
    """Return an order that the actor may work on; to a crew the orders of another one do not exist."""
    with or_404():
        card = queries.one(work_order_id=work_order_id)
        queries.check_visible(card=card, actor=actor_of(request))
    return card


def keep_photos(request: HttpRequest, card: WorkCard, *, only: str = "") -> None:
    """Keep the photos that came with a form, each for the item that its field names."""
    for name in request.FILES:
        item = name.removeprefix("photo_")
        if only and item != only:
            continue
        for file in request.FILES.getlist(name):
            source = cast("BinaryIO", file)
            work_answers.add_photo(work_order_id=card.id, item=item, source=source, actor=actor_of(request))


def order_context(card: WorkCard, form: ChecklistForm) -> dict[str, Any]:
    """Return what the page of an order shows, also where a kind has a page of its own."""
    photos: dict[str, list[queries.PhotoRow]] = {}
    for one in queries.photos(work_order_id=card.id):
        photos.setdefault(one.item, []).append(one)
    return {
        "card": card, "form": form, "today": today(), "start_key": uuid4().hex,
        "outage": outages.one(outage_id=card.subject_id) if card.subject == outage_rules.SUBJECT else None,
        "answers": queries.answers(work_order_id=card.id),
        "items": [(item, field, photos.get(item.code, [])) for item, field in form.rows()],
        "own_page": reverse(_own_page(card), args=[card.id]) if _own_page(card) else "",
    }  # fmt: skip


def _own_page(card: WorkCard) -> str:
    """Return the name of the page on which an order ends, "" where it is the one for all: what is read hangs there."""
    kind = WorkKind(card.kind)
    return "" if kind is WorkKind.RE_READ and card.service_point_id is None else OWN_PAGES.get(kind, "")


def _only(card: WorkCard) -> str:
    possible = OUTCOMES[WorkKind(card.kind)]
    return str(possible[0]) if len(possible) == 1 else ""


def _back(card: WorkCard) -> str:
    on = card.planned_date
    return reverse("desk:field") + (f"?on={on}" if on and on != today() else "")


def _day(text: str) -> date:
    try:
        found: date | None = DayField(required=False).clean(text)
    except ValidationError:
        found = None
    return found or today()
