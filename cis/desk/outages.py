"""Outages on the desk: a fault is reported, what is dark is seen as a tree, and what is decided of it."""

from collections.abc import Callable
from functools import partial
from typing import Any
from uuid import uuid4

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from cis.desk import fault_places
from cis.desk.answers import FILE_ROWS_MOST, asks_for, csv_file, or_404, posted, today
from cis.desk.forms.outages import DecisionForm, OutageListForm, ReportForm, asked
from cis.desk.roles import READERS
from cis.desk.words import word
from cis.kernel.enums import Role
from cis.kernel.errors import Refused
from cis.platform import deadlines
from cis.platform.access import actor_of, allow
from cis.platform.paging import page_context
from metering.domain.outages import ACTIONS_SHOWN, KEEPERS, SUBJECT, OutageState
from metering.operations import outage_decisions as decisions
from metering.operations import outages as operations
from metering.operations.outages import Reported
from metering.queries import outage_places
from metering.queries import outages as queries
from metering.queries.outages import Branch, OutageCard

REPORTERS = (Role.CLERK, Role.CASHIER, Role.BILLING, Role.METERING, Role.FIELD, Role.SUPERVISOR)
DECIDERS = (Role.CLERK, Role.METERING, Role.FIELD, Role.SUPERVISOR)
SUPPLIES_MOST = 100


@allow(*READERS)
@require_safe
def index(request: HttpRequest) -> HttpResponse:
    """List outages, those where people are in danger first."""
    form, now = OutageListForm(asked(request.GET, state="open"), districts=queries.districts()), timezone.now()
    wanted = form.wanted()
    page = page_context(request, partial(queries.listed, wanted=wanted))
    context = {
        "form": form, "rows": [(card, card.is_late(now)) for card in page["rows"]], "tab": "outages",
        "pager": page["pager"], "is_filtered": wanted != queries.Wanted(),
        "may_report": _may_report(request), "is_offered": outage_places.is_offered(at=today()),
    }  # fmt: skip
    return render(request, "desk/outages/list.html", context)


@allow(*READERS)
@require_safe
def export(request: HttpRequest) -> StreamingHttpResponse:
    """Give the same list as a file."""
    wanted = OutageListForm(asked(request.GET, state="open"), districts=queries.districts()).wanted()
    header = [
        _("Outage"), _("State"), _("What is dark"), _("Name"), _("District"), _("Cause"), _("Danger"), _("Began"),
        _("Expected back"), _("Back"), _("Supplies"), _("Still dark"), _("Reports"), _("Crew"),
    ]  # fmt: skip
    rows = (
        (c.id, word("outage", c.state), word("outage_scope", c.scope), c.name, c.district,
         word("outage_cause", c.cause), _("yes") if c.is_dangerous else "", *map(_instant, (c.began_at,
         c.expected_back_at, c.restored_at)), c.supplies, c.dark, c.reports, c.crew)
        for c in queries.listed(wanted=wanted, most=FILE_ROWS_MOST)
    )  # fmt: skip
    return csv_file("outages.csv", header, rows)


@allow(*REPORTERS)
def report(request: HttpRequest) -> HttpResponse:
    """Report a fault: the supply is found while somebody types, and what is known there is shown at once."""
    now, text = timezone.now(), request.GET.get("q", "").strip()[:60]
    found = fault_places.find(text=text, today=today(), at=now)
    if asks_for(request, "fault-hits"):
        return render(request, "desk/outages/_hits.html", {"hits": found, "text": text})
    point = request.POST.get("point") or request.GET.get("point") or ""
    points = [int(point)] if point.isascii() and point.isdigit() and len(point) < 16 else []  # noqa: PLR2004
    chosen = next(iter(fault_places.of_points(service_point_ids=points, today=today(), at=now)), None)
    initial = {"request_key": uuid4().hex, "name": chosen.who.name if chosen and chosen.who else ""}
    form = ReportForm(posted(request), districts=queries.districts(), initial=initial)
    if form.is_bound and form.is_valid():
        try:
            new = form.report(
                service_point_id=chosen.position.service_point_id if chosen else None,
                account_id=chosen.who.account_id if chosen and chosen.who else None,
            )
            said = operations.report(new=new, actor=actor_of(request))
        except Refused as refusal:
            form.refuse(refusal)
        else:
            messages.success(request, sentence(said))
            return redirect("desk:outage", said.outage_id) if said.outage_id else redirect("desk:report_fault")
    context = {
        "form": form, "hits": found, "text": text, "chosen": chosen, "tab": "report",
        "is_offered": outage_places.is_offered(at=today()),
    }  # fmt: skip
    return render(request, "desk/outages/report.html", context)


def sentence(said: Reported) -> str:
    """Return what somebody who reported is told."""
    back = _instant(said.expected_back_at)
    words = {
        "new": _("Thank you. Nobody had reported it: a crew is sent."),
        "known": _("It is known, and a crew is at work."),
        "planned": _("A planned outage is on there. Nobody is sent."),
        "cut": _("This supply was cut off because of a debt. Nobody is sent."),
        "prepaid": _("This supply was cut off: its prepaid balance is used up. Nobody is sent."),
    }
    until = " " + _("Expected back: %(at)s.") % {"at": back} if back else ""
    return f"{words[said.answer]}{until}"


@allow(*READERS)
@require_safe
def show(request: HttpRequest, outage_id: int) -> HttpResponse:
    """Show an outage: what is dark as a tree, its clocks, reports and steps, whom it was told."""
    with or_404():
        card = queries.one(outage_id=outage_id)
    return _page(request, card, None)


def _page(request: HttpRequest, card: OutageCard, form: DecisionForm | None) -> HttpResponse:
    now = timezone.now()
    branches = queries.branches(outage_id=card.id)
    supplies = queries.supplies(outage_id=card.id, most=SUPPLIES_MOST + 1)
    may_decide = card.is_open and actor_of(request).is_one_of(KEEPERS)
    actions = ACTIONS_SHOWN.get(OutageState(card.state), ()) if may_decide else ()
    context: dict[str, Any] = {
        "card": card, "is_late": card.is_late(now), "branches": branches, "supplies": supplies[:SUPPLIES_MOST],
        "has_more": len(supplies) > SUPPLIES_MOST, "reports": queries.reports(outage_id=card.id),
        "steps": queries.steps(outage_id=card.id), "told": queries.told(outage_id=card.id),
        "clocks": deadlines.of_subject(subject=SUBJECT, subject_ids=[card.id]), "now": now,
        "actions": [str(one) for one in actions], "tab": "outages",
    }  # fmt: skip
    if actions:
        context["form"] = form or _form(card, branches, None)
    return render(request, "desk/outages/outage.html", context)


def _form(card: OutageCard, branches: tuple[Branch, ...], data: Any) -> DecisionForm:
    parts = [(str(one.transformer_id), one.transformer) for one in branches if one.transformer_id and one.dark]
    others = [
        (str(one.id), f"{one.id} · {one.name}")
        for one in queries.open_beside(feeder_id=card.feeder_id, outage_id=card.id)
        if card.plan_id is None
    ]
    initial = {"cause": card.cause}
    return DecisionForm(data, parts=parts if len(branches) > 1 else [], others=others, initial=initial)


@allow(*DECIDERS)
@require_POST
def act(request: HttpRequest, outage_id: int) -> HttpResponse:
    """Decide on an outage: confirm, say when it is back, back in part or all, split, join, none."""
    with or_404():
        card = queries.one(outage_id=outage_id)
    form = _form(card, queries.branches(outage_id=outage_id), request.POST)
    if not form.is_valid():
        return _page(request, card, form)
    act_on = _ACTS.get(request.POST.get("action", ""))
    try:
        if act_on is not None:
            messages.success(request, act_on(request, card, form))
    except Refused as refusal:
        form.refuse(refusal)
        return _page(request, card, form)
    order = request.POST.get("order", "")
    if order.isascii() and order.isdigit() and len(order) < 16:  # noqa: PLR2004
        return redirect("desk:field_order", int(order))
    return redirect("desk:outage", outage_id)


def _confirm(request: HttpRequest, card: OutageCard, form: DecisionForm) -> str:
    decisions.confirm(
        outage_id=card.id, cause=form.why, expected_back_at=form.instant, note=form.cleaned_data["note"],
        actor=actor_of(request),
    )  # fmt: skip
    return _("Confirmed. Who is dark is told when power is back.") if form.instant else _("Confirmed.")


def _expect(request: HttpRequest, card: OutageCard, form: DecisionForm) -> str:
    if form.instant is None:
        raise decisions.BadExpectation("Say when power is back.", field="day")
    decisions.expect(
        outage_id=card.id, expected_back_at=form.instant, note=form.cleaned_data["note"], actor=actor_of(request)
    )
    return _("Noted. Everybody who is dark is told once.")


def _restore(request: HttpRequest, card: OutageCard, form: DecisionForm) -> str:
    decisions.restore(
        outage_id=card.id, cause=form.why, note=form.cleaned_data["note"], at=form.instant, actor=actor_of(request)
    )
    return _("Power is back. Everybody who was dark is told.")


def _part(request: HttpRequest, card: OutageCard, form: DecisionForm) -> str:
    back = decisions.restore_part(
        outage_id=card.id, transformer_id=_number(form.cleaned_data["part"]), at=form.instant,
        note=form.cleaned_data["note"], actor=actor_of(request),
    )  # fmt: skip
    return _("Power is back at %(n)s supplies; they are told.") % {"n": back}


def _split(request: HttpRequest, card: OutageCard, form: DecisionForm) -> str:
    made = decisions.split(
        outage_id=card.id, transformer_id=_number(form.cleaned_data["part"]), actor=actor_of(request)
    )
    return _("Split. The part is outage %(id)s.") % {"id": made}


def _join(request: HttpRequest, card: OutageCard, form: DecisionForm) -> str:
    other = _number(form.cleaned_data["other"]) or card.id
    decisions.join(outage_id=card.id, other_id=other, actor=actor_of(request))
    return _("Joined. Its reports are here now.")


def _cancel(request: HttpRequest, card: OutageCard, form: DecisionForm) -> str:
    decisions.cancel(outage_id=card.id, note=form.cleaned_data["note"], actor=actor_of(request))
    return _("Noted: there is no outage.")


_ACTS: dict[str, Callable[[HttpRequest, OutageCard, DecisionForm], str]] = {
    "confirm": _confirm,
    "expect": _expect,
    "restore": _restore,
    "part": _part,
    "split": _split,
    "join": _join,
    "cancel": _cancel,
}


def _number(text: str) -> int | None:
    return int(text) if text else None


def _instant(at: Any) -> str:
    return timezone.localtime(at).strftime("%Y-%m-%d %H:%M") if at else ""


def _may_report(request: HttpRequest) -> bool:
    return bool(actor_of(request).roles & set(REPORTERS))
