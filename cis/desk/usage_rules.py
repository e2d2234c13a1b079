"""Usage rules of a place: what it is billed on and what others take of it; begin, change and end a rule."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _

from accounts.domain.privacy import LookPurpose
from accounts.operations import customers as customer_operations
from accounts.queries import accounts
from billing.operations import rule_trials
from billing.queries import billed_days, dealt
from cis.desk.answers import csv_file, or_404, posted, today
from cis.desk.forms.usage_rules import HINTS, RuleChangeForm, RuleEndForm, RuleForm
from cis.desk.roles import BILLERS, METERERS, READERS
from cis.desk.timeline import SENTENCES, Event
from cis.desk.words import RULE_KINDS, RULE_SPANS, word
from cis.kernel.errors import Refused
from cis.kernel.fixed import to_text
from cis.platform import audit
from cis.platform.access import actor_of, allow
from contracts.queries import supply
from metering.domain.usage_rules import HAS_QUANTITY, TAKING, RuleKind
from metering.operations import usage_rules as operations
from metering.queries import places, usage_rules
from metering.queries.places import ServicePointOverview
from metering.queries.usage_rules import RuleCard, UnknownUsageRule

EVENTS_MOST = 20


@allow(*READERS)
def show(request: HttpRequest, service_point_id: int) -> HttpResponse:
    """Show the rules that name a place, and what those in force make of its last month; the look is recorded."""
    place = _place(service_point_id)
    cards = usage_rules.at_place(service_point_id=service_point_id)
    context = {
        **_head(request, place),
        "held": [card for card in cards if card.is_current(today())],
        "ended": [card for card in cards if not card.is_current(today())],
        "dealt": _dealt_now(service_point_id) if cards else None,
        "events": _events(cards),
        "may_write": bool(actor_of(request).roles & {*BILLERS, *METERERS}),
        "kinds": [(kind.value, RULE_KINDS[kind]) for kind in RuleKind],
    }
    return render(request, "desk/usage_rules.html", context)


@allow(*READERS)
def export(request: HttpRequest, service_point_id: int) -> StreamingHttpResponse:  # noqa: ARG001
    """Give the rules that name a place as a file, latest first."""
    place = _place(service_point_id)
    header = [
        _("Kind"), _("Service point"), _("Place whose meter counts"), _("Check meter"), "%", "kWh", _("Quantity for"),
        _("If quantities are more than the meter shows"), _("From"), _("To, not included"),
    ]  # fmt: skip
    rows = (
        (
            card.rule.kind, card.place, card.source, card.meter,
            "" if card.rule.share_e6 is None else to_text(card.rule.share_e6, places=4),
            "" if card.rule.quantity_wh is None else to_text(card.rule.quantity_wh, places=3),
            card.rule.per, card.rule.excess, card.rule.start_date, card.rule.end_date,
        )
        for card in usage_rules.at_place(service_point_id=service_point_id)
    )  # fmt: skip
    return csv_file(f"usage-rules-{place.external_id}.csv", header, rows)


@allow(*BILLERS, *METERERS)
def begin(request: HttpRequest, service_point_id: int, kind: str) -> HttpResponse:
    """Begin a rule: the first button shows what it would mean for the last month, the second enters it."""
    if kind not in RULE_KINDS:
        raise Http404
    place = _place(service_point_id)
    form = RuleForm(posted(request), kind=RuleKind(kind), place=place, today=today(), initial={"start_date": today()})
    trial = None
    if request.method == "POST" and form.is_valid():
        try:
            _check_day(form.rule().start_date, service_point_id, form.rule().source)
            if "enter" in request.POST:
                operations.begin(rule=form.rule(), actor=actor_of(request))
                messages.success(request, _("The usage rule is entered."))
                return redirect("desk:usage_rules", service_point_id)
            trial = rule_trials.of_begin(rule=form.rule(), today=today(), actor=actor_of(request))
        except Refused as refusal:
            form.refuse(refusal)
    context = {
        **_head(request, place),
        "form": form,
        "trial": trial,
        "kind": kind,
        "hint": HINTS[RuleKind(kind)],
        "kinds": [(one.value, RULE_KINDS[one]) for one in RuleKind],
        "needs_read": RuleKind(kind) in TAKING | {RuleKind.SUBMETER},
    }
    return render(request, "desk/usage_rule_new.html", context)


@allow(*BILLERS, *METERERS)
def change(request: HttpRequest, service_point_id: int, rule_id: int) -> HttpResponse:
    """Let another share or quantity hold from a date on."""
    place, card = _found(service_point_id, rule_id)
    rule = card.rule
    if rule.kind not in HAS_QUANTITY | {RuleKind.SHARE}:
        raise Http404
    form = RuleChangeForm(posted(request), rule=rule, initial={**_shown(card), "from_date": today()})
    trial = None
    if request.method == "POST" and form.is_valid():
        given = {
            "rule_id": rule_id,
            "from_date": form.cleaned_data["from_date"],
            "share_e6": form.cleaned_data.get("share"),
            "quantity_wh": form.cleaned_data.get("quantity"),
            "per": form.cleaned_data.get("per", ""),
            "actor": actor_of(request),
        }
        try:
            _check_day(given["from_date"], service_point_id, rule.source)
            if "enter" in request.POST:
                operations.change(**given)
                messages.success(request, _("The change is entered."))
                return redirect("desk:usage_rules", service_point_id)
            trial = rule_trials.of_change(today=today(), **given)
        except Refused as refusal:
            form.refuse(refusal)
    context = {**_head(request, place), "form": form, "trial": trial, "card": card, "needs_read": rule.kind in TAKING}
    return render(request, "desk/usage_rule_change.html", context)


@allow(*BILLERS, *METERERS)
def end(request: HttpRequest, service_point_id: int, rule_id: int) -> HttpResponse:
    """End a rule."""
    place, card = _found(service_point_id, rule_id)
    form = RuleEndForm(posted(request), initial={"end_date": today()})
    trial = None
    if request.method == "POST" and form.is_valid():
        given = {"rule_id": rule_id, "end_date": form.cleaned_data["end_date"], "actor": actor_of(request)}
        try:
            _check_day(given["end_date"], service_point_id, card.rule.source)
            if "enter" in request.POST:
                operations.end(**given)
                messages.success(request, _("The end of the usage rule is entered."))
                return redirect("desk:usage_rules", service_point_id)
            trial = rule_trials.of_end(today=today(), **given)
        except Refused as refusal:
            form.refuse(refusal)
    context = {**_head(request, place), "form": form, "trial": trial, "card": card}
    return render(request, "desk/usage_rule_end.html", context)


def _check_day(day: date, place: int, source: int | None) -> None:
    """Refuse a day that is billed already."""
    billed_days.check_rule_day(service_point_ids=[place, *([] if source is None else [source])], day=day)


def _place(service_point_id: int) -> ServicePointOverview:
    found = places.overview(service_point_ids=[service_point_id], at_date=today())
    if not found:
        raise Http404
    return found[0]


def _found(service_point_id: int, rule_id: int) -> tuple[ServicePointOverview, RuleCard]:
    """Return a place and a rule of it; not found unless they belong together."""
    with or_404():
        card = usage_rules.card(rule_id=rule_id)
        if card.rule.service_point != service_point_id:
            raise UnknownUsageRule(f"There is no usage rule {rule_id} here.")
    return _place(service_point_id), card


def _head(request: HttpRequest, place: ServicePointOverview) -> dict[str, Any]:
    """Return the place and the account supplied there last, recording that somebody looked at its holder's place."""
    supplied = supply.until_day(service_point_id=place.id, on=today())
    if supplied is None:
        return {"place": place, "account": None}
    account = accounts.overview(account_id=supplied.account_id, at_date=today())
    customer_operations.record_look(customer_id=account.holder.id, actor=actor_of(request), purpose=LookPurpose.BILLING)
    return {"place": place, "account": account}


def _dealt_now(service_point_id: int) -> dealt.Dealt | None:
    """Return the last approved month by the rules that hold today; None: none holds."""
    rules = usage_rules.holding(service_point_ids=[service_point_id], on=today())
    if not rules:
        return None
    points = {service_point_id}.union(*(rule.places for rule in rules))
    month = dealt.last_month(service_point_ids=points, today=today())
    return dealt.of_month(rules=rules, month=month, service_point_ids=points)


def _events(cards: Sequence[RuleCard]) -> list[Event]:
    """Return who began, changed and ended the rules, newest first; one statement."""
    entries = audit.of_subjects([("usage_rule", [card.rule.id for card in cards])], most=EVENTS_MOST)
    return [
        Event(
            at=entry.at,
            who=entry.actor_name,
            text=str(SENTENCES.get((entry.subject, entry.action), entry.action)),
            facts=" · ".join(_facts(entry.detail)),
            is_look=False,
        )
        for entry in entries
    ]


def _facts(detail: Mapping[str, Any]) -> Iterator[str]:
    """Yield what an event says, in words."""
    if detail.get("kind"):
        yield word("rule_kind", detail["kind"])
    if detail.get("share_e6"):
        yield f"{_short(detail['share_e6'], 4)} %"
    if detail.get("quantity_wh"):
        yield f"{_short(detail['quantity_wh'], 3)} kWh {RULE_SPANS.get(detail.get('per', ''), '')}"
    yield from (str(detail[name]) for name in ("from_date", "end_date") if detail.get(name))


def _short(value: int | None, places_: int) -> str:
    text = "" if value is None else to_text(value, places=places_)
    return text.rstrip("0").rstrip(".") if "." in text else text


def _shown(card: RuleCard) -> dict[str, Any]:
    """Return share and quantity of a rule as a form shows them at first."""
    rule = card.rule
    return {"share": _short(rule.share_e6, 4), "quantity": _short(rule.quantity_wh, 3), "per": rule.per}
