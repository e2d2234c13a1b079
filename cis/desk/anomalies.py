"""Anomalies on the desk: unusual loads with their reasons, seen in their past, visited, inspected or dismissed."""

from datetime import date, timedelta
from functools import partial
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from cis.desk.answers import FILE_ROWS_MOST, csv_file, or_404, tell_refusal, today
from cis.desk.forms.anomalies import AnomalyListForm, DismissForm, FollowForm, InspectForm
from cis.desk.roles import DISPATCHERS, METERERS, READERS
from cis.desk.watch_words import sentence, told
from cis.desk.words import word
from cis.kernel.errors import Refused
from cis.platform.access import actor_of, allow
from cis.platform.paging import page_context
from cis.platform.templatetags.local import day
from contracts.queries import usage_inspections
from metering.domain.anomalies import REASON_MOST
from metering.operations import anomalies as operations
from metering.queries import anomalies as queries
from metering.queries import anomaly_loads, balances
from metering.queries.anomalies import AnomalyCard, Wanted
from metering.queries.anomaly_loads import PlaceLoad

AFTER_DAYS = 14


@allow(*READERS)
@require_safe
def index(request: HttpRequest) -> HttpResponse:
    """List anomalies, the most likely first; who chose no state sees what is to be looked at."""
    form = AnomalyListForm(_asked(request))
    wanted = form.wanted()
    context = {
        "form": form, **page_context(request, partial(queries.listed, wanted=wanted)),
        "count": queries.count(wanted=wanted), "is_filtered": wanted != Wanted(state="open"),
    }  # fmt: skip
    return render(request, "desk/anomalies/list.html", context)


@allow(*READERS)
@require_safe
def export(request: HttpRequest) -> StreamingHttpResponse:
    """Give the same list as a file."""
    wanted = AnomalyListForm(_asked(request)).wanted()
    header = [
        _("Number"), _("What is unusual"), _("Score (%)"), _("State"), _("Meter"), _("Supply"), _("Transformer"),
        _("Address"), _("Since"), _("Seen until"), _("Reasons"), _("Neighbour"), _("Work order"), _("Decided by"),
        _("Reason"),
    ]  # fmt: skip
    rows = (
        (c.id, word("anomaly_kind", c.kind), c.score_percent, word("anomaly", c.state), c.serial, c.service_point,
         c.transformer, c.address, c.since_date, c.seen_date, told(c.reasons), c.other_point, c.work_order_id or "",
         c.decider, c.reason)
        for c in queries.listed(wanted=wanted, most=FILE_ROWS_MOST)
    )  # fmt: skip
    return csv_file("anomalies.csv", header, rows)


@allow(*READERS)
@require_safe
def show(request: HttpRequest, anomaly_id: int) -> HttpResponse:
    """Show one anomaly with its reasons and the load that it is seen in."""
    with or_404():
        card = queries.one(anomaly_id=anomaly_id)
    return _page(request, card)


@allow(*DISPATCHERS)
@require_POST
def follow(request: HttpRequest, anomaly_id: int) -> HttpResponse:
    """Order a visit for an anomaly."""
    with or_404():
        card = queries.one(anomaly_id=anomaly_id)
    form = FollowForm(request.POST, today=today())
    if not form.is_valid():
        return _page(request, card, follow_form=form)
    try:
        operations.follow(
            anomaly_id=anomaly_id, due_date=form.cleaned_data["due_date"], reason=_why(card, form.cleaned_data["note"]),
            actor=actor_of(request),
        )  # fmt: skip
    except Refused as refusal:
        tell_refusal(request, refusal)
    else:
        messages.success(request, _("A visit is ordered."))
    return redirect("desk:anomaly", anomaly_id)


@allow(*DISPATCHERS)
@require_POST
def inspect(request: HttpRequest, anomaly_id: int) -> HttpResponse:
    """Have the usage at the place of an anomaly inspected."""
    with or_404():
        card = queries.one(anomaly_id=anomaly_id)
    form = InspectForm(request.POST)
    if not form.is_valid():
        return _page(request, card, inspect_form=form)
    try:
        operations.inspect(anomaly_id=anomaly_id, reason=_why(card, form.cleaned_data["note"]), actor=actor_of(request))
    except Refused as refusal:
        tell_refusal(request, refusal)
    else:
        messages.success(request, _("Its usage is to be inspected."))
    return redirect("desk:anomaly", anomaly_id)


@allow(*METERERS)
@require_POST
def dismiss(request: HttpRequest, anomaly_id: int) -> HttpResponse:
    """Say that a load is right as it is, and why."""
    with or_404():
        card = queries.one(anomaly_id=anomaly_id)
    form = DismissForm(request.POST)
    if not form.is_valid():
        return _page(request, card, dismiss_form=form)
    try:
        operations.dismiss(anomaly_id=anomaly_id, reason=form.cleaned_data["reason"], actor=actor_of(request))
    except Refused as refusal:
        tell_refusal(request, refusal)
    else:
        messages.success(request, _("It is right as it is. What began before is not told again."))
    return redirect("desk:anomaly", anomaly_id)


def _page(
    request: HttpRequest, card: AnomalyCard, *, follow_form: FollowForm | None = None,
    inspect_form: InspectForm | None = None, dismiss_form: DismissForm | None = None,
) -> HttpResponse:  # fmt: skip
    roles = actor_of(request).roles
    context: dict[str, Any] = {
        "card": card, "reasons": [sentence(one) for one in card.reasons],
        "follow_form": follow_form or FollowForm(today=today()), "dismiss_form": dismiss_form or DismissForm(),
        "inspect_form": inspect_form or InspectForm(),
        "may_follow": card.state == "open" and bool(roles & set(DISPATCHERS)),
        "inspection_id": usage_inspections.of_anomaly(anomaly_id=card.id) if card.state == "inspected" else None,
        "may_dismiss": card.state == "open" and bool(roles & set(METERERS)),
    }  # fmt: skip
    context |= _transformer(card) if card.transformer_id is not None else _place(card)
    return render(request, "desk/anomalies/anomaly.html", context)


def _place(card: AnomalyCard) -> dict[str, Any]:
    """Return the chart of a place's days, and its hours before and after."""
    assert card.service_point_id is not None
    last = min(today() - timedelta(days=1), card.seen_date + timedelta(days=AFTER_DAYS))
    load = anomaly_loads.of_place(
        service_point_id=card.service_point_id, since=card.since_date, last=last, zone_name=settings.TIME_ZONE
    )
    return {"chart": _chart(card, load.days, load.days_wh, _("kWh a day")), "hours": _hours(load)}


def _transformer(card: AnomalyCard) -> dict[str, Any]:
    """Return the chart of what a transformer lost each day."""
    assert card.transformer_id is not None
    days = balances.days_of(
        transformer_id=card.transformer_id, since=card.seen_date - timedelta(days=anomaly_loads.DAYS - 1),
        until=card.seen_date + timedelta(days=AFTER_DAYS),
    )  # fmt: skip
    lost = tuple(one.loss.lost_wh for one in days)
    return {"chart": _chart(card, tuple(one.start_date for one in days), lost, _("kWh lost a day"))}


def _hours(load: PlaceLoad) -> list[tuple[str, int | None, int | None, int | None]]:
    """Return each hour of the day with its mean before and after, and after in percent of before."""
    return [
        (f"{hour:02d}:00", old, new, new * 100 // old if old and old > 0 and new is not None else None)
        for hour, (old, new) in enumerate(zip(load.before, load.after, strict=True))
    ]


def _chart(card: AnomalyCard, days: tuple[date, ...], values: tuple[int | None, ...], unit: str) -> dict[str, Any]:
    return {
        "labels": [day(one) for one in days], "values": list(values), "estimated": [False] * len(days),
        "meant": [one >= card.since_date for one in days],
        "words": {"value": unit, "estimated": "", "meant": _("since then"), "nothing": _("not known")},
    }  # fmt: skip


def _why(card: AnomalyCard, note: str) -> str:
    """Return what a crew is sent for: what is unusual since when, and what to look at."""
    said = _("%(what)s since %(day)s") % {"what": word("anomaly_kind", card.kind), "day": day(card.since_date)}
    return f"{said}. {note.strip()}".strip()[:REASON_MOST]


def _asked(request: HttpRequest) -> dict[str, Any]:
    return {"state": "open", **request.GET.dict()}
