"""
What is suggested of a case: classes by its text and by facts, a team for each, how serious it is.

Nothing here depends on a case that is kept from anybody: neither a fact, nor the load by which a team is chosen.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from django.db.models import Count
from django.utils import timezone

from accounts.queries import teams
from billing.queries import last_bills
from complaints.domain import routing as domain_routing
from complaints.domain import suggestions
from complaints.domain.case_workflow import LIVE
from complaints.domain.class_texts import language_of
from complaints.domain.kinds import CaseKind, Severity
from complaints.domain.rules import CaseRules
from complaints.domain.suggestions import SHOWN, Fact, FactKind, Guess, SuggestionRules
from complaints.models.case import Case
from complaints.queries import class_models, routing
from complaints.queries import rules as case_rules
from contracts.queries import price_changes, supply
from metering.queries import outage_places, places


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What is known of a case while it comes in."""

    text: str
    account_id: int | None = None
    service_point_id: int | None = None
    district: str = ""
    about_team_id: int | None = None
    about_user_id: int | None = None


@dataclass(frozen=True, slots=True)
class Suggested:
    """A class with the team that would get it, "" of none, and the kinds of cases that have it, the usual one first."""

    guess: Guess
    kinds: tuple[CaseKind, ...]
    team_id: int | None
    team: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Suggestion:
    """
    What is suggested.

    model_id  by which model; classes: the likeliest first, those that are shown
    """

    model_id: int
    language: str
    severity: Severity
    classes: tuple[Suggested, ...]
    facts: tuple[Fact, ...]


def of(told: Told, *, at: datetime) -> Suggestion | None:
    """
    Return what is suggested; None: nothing is, for want of a rule, of a model, or of words.

    Some ten statements, however much there is.
    """
    today = timezone.localdate(at)
    how = case_rules.suggestion_rules(at=today)
    used = None if how is None or not told.text.strip() else class_models.in_use()
    if how is None or used is None:
        return None
    rules = case_rules.rules(at=today)
    point = _place(told)
    facts = _facts(told, point, how, at=at)
    guesses = suggestions.weighed(
        confidences=used.model.confidences(told.text, among=rules.classes), facts=facts, rules=how
    )[:SHOWN]
    if not guesses:
        return None
    first = rules.classes[guesses[0].code]
    district = told.district
    if not district and point is not None:
        district = places.districts(service_point_ids=[point]).get(point, "")
    return Suggestion(
        model_id=used.id,
        language=language_of(told.text),
        severity=suggestions.severity_of(told.text, least=first.severity, rules=how),
        classes=_with_teams(guesses, rules, told, district),
        facts=facts,
    )


def _facts(told: Told, point: int | None, how: SuggestionRules, *, at: datetime) -> tuple[Fact, ...]:
    found: list[Fact] = []
    if told.account_id is not None:
        found += _of_account(told.account_id, how, timezone.localdate(at))
    known = None if point is None else outage_places.news(service_point_ids=[point], at=at).get(point)
    if known is not None and known.outage_id is not None:
        found.append(Fact(FactKind.OUTAGE))
    if known is not None and known.plan_id is not None:
        found.append(Fact(FactKind.PLANNED_OUTAGE, known.plan_start_at.isoformat() if known.plan_start_at else ""))
    return tuple(found)


def _of_account(account_id: int, how: SuggestionRules, today: date) -> Iterator[Fact]:
    disputes = Case.objects.filter(
        account_id=account_id, state__in=LIVE, bill__isnull=False, about_team=None, about_user=None
    )
    number = disputes.order_by("-id").values_list("number", flat=True).first()
    if number is not None:
        yield Fact(FactKind.OPEN_DISPUTE, number)
    bill = last_bills.of_account(account_id=account_id)
    if bill is not None and bill.is_estimated:
        yield Fact(FactKind.ESTIMATED_BILL, bill.number)
    changed = price_changes.since(account_id=account_id, today=today)
    if changed is not None and today - changed < timedelta(days=how.price_days):
        yield Fact(FactKind.PRICE_CHANGE, changed.isoformat())


def _with_teams(guesses: Sequence[Guess], rules: CaseRules, told: Told, district: str) -> tuple[Suggested, ...]:
    cards = teams.listed(only_active=True)
    live = Case.objects.filter(state__in=LIVE, team__isnull=False, about_team=None, about_user=None)
    load = dict(live.values("team_id").annotate(count=Count("id")).values_list("team_id", "count"))
    facts, names = routing.facts_of(cards, load), {one.id: one.name for one in cards}
    but = routing.concerned_by(cards, team_id=told.about_team_id, user_id=told.about_user_id)
    found = []
    for guess in guesses:
        one = rules.classes[guess.code]
        fit = domain_routing.ranked(teams=facts, skill=one.skill, district=district, but=but)
        kinds = (one.usual, *(kind for kind in CaseKind if kind in one.kinds and kind is not one.usual))
        team_id = fit[0].team_id if fit else None
        found.append(Suggested(guess, kinds, team_id, "" if team_id is None else names[team_id]))
    return tuple(found)


def _place(told: Told) -> int | None:
    if told.service_point_id is not None or told.account_id is None:
        return told.service_point_id
    found = supply.of_accounts(account_ids=[told.account_id]).get(told.account_id)
    return None if found is None else found.service_point_id
