"""Advice: what the use of the last year would cost on each tariff that a customer may choose, at today's prices."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date

import numpy as np

from accounts.queries import accounts
from billing.domain.advice import Advice, Option, Span, advise, months_known
from billing.domain.findings import Obstacle, Obstacles
from billing.domain.measured import MISSING_REGISTER
from billing.domain.pieces import BilledPeriods, PlanVersion, cut
from billing.queries import segments
from cis.kernel.errors import Refused
from cis.kernel.periods import Period
from cis.platform import db, packs
from contracts.domain.agreements import NOT_AGREED, AgreementColumns
from contracts.queries import agreements
from contracts.queries.agreements import AgreementCard, TermCard
from metering.queries import places, usage
from tariffs.domain.choice import Chooser
from tariffs.domain.plan import Plan
from tariffs.queries import eligible, plans
from tariffs.queries.plans import NoPrice, VersionInForce

NO_SUCH_HOURS = Obstacle(
    code="no_such_hours",
    message="The meter does not tell the hours of this tariff apart.",
    advice="Hang a meter with intervals, or with a counter for each period of use.",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class SupplyAdvice:
    """
    What is advised for one supply of an account.

    span    months of use that are known
    least   months that advice needs, by the pack
    advice  None: there are too few, see ``span.ready_on``
    """

    agreement: AgreementCard
    term: TermCard
    span: Span
    least: int
    advice: Advice | None


def of_account(*, account_id: int, today: date, since_date: date | None = None) -> tuple[SupplyAdvice, ...]:
    """
    Return what is advised for each supply of an account that is in force.

    since_date  use before it is not looked at: it was somebody else's

    Statements: two for agreements, one each for the kind of customer, places, usage, versions; for each supply those of
    ``segments.expect``, and one for the agreements of its steps: as many for many tariffs as for one.
    """
    found = []
    cards = [card for card in agreements.of_account(account_id=account_id) if card.term_on(today) is not None]
    points = [card.service_point_id for card in cards]
    after = date.fromordinal(today.toordinal() + 1)
    kinds = accounts.kinds(account_ids=[account_id], start_date=today, end_date=after)
    voltages = places.voltages(service_point_ids=points)
    known = _known(points, today)
    least: int = packs.rule("advice_least_months", at=today)
    for card in sorted(cards, key=lambda one: one.id):
        term = card.term_on(today)
        assert term is not None
        since, until = known.get(card.service_point_id, (today, today))
        since = max(since, card.start_date, since_date or since)
        span = months_known(since=since, until=until, today=today, least=least)
        who = Chooser(
            kind=kinds.get(account_id, ""),
            voltage=voltages[card.service_point_id],
            features=frozenset(term.agreed.features),
            capacity_va=term.agreed.capacity_va,
            customer_class="",
        )
        is_ready = span.ready_on is None and span.period is not None
        found.append(
            SupplyAdvice(
                agreement=card,
                term=term,
                span=span,
                least=least,
                advice=_advise(card, term, span.period, since, who, today) if is_ready and span.period else None,
            )
        )
    return tuple(found)


def _known(points: Sequence[int], today: date) -> dict[int, tuple[date, date]]:
    """Return from when to when use of each service point is approved."""
    rows = usage.approved(service_point_ids=points, start_date=date.min, end_date=today)
    found: dict[int, tuple[date, date]] = {}
    columns = (rows.service_point_id, rows.start_day, rows.end_day)
    for point, start, end in zip(*(column.tolist() for column in columns), strict=True):
        since, until = found.get(point, (date.max, date.min))
        found[point] = (min(since, date.fromordinal(start)), max(until, date.fromordinal(end)))
    return found


def _advise(card: AgreementCard, term: TermCard, period: Period, since: date, who: Chooser, today: date) -> Advice:
    """Return the advice on one supply."""
    versions = _versions(term, who, today)
    with db.asked_once():
        options = [_option(card, term, version, period, since) for version in versions]
    if not any(option.is_current for option in options):
        gone = Obstacle(code=NoPrice.code, message="The present tariff has no price today.")
        options.append(
            Option(
                tariff_id=term.tariff_id,
                version_id=0,
                code=term.tariff_code,
                name_zh=term.tariff_name_zh,
                name_en=term.tariff_name_en,
                is_current=True,
                cost_minor=None,
                obstacle=gone,
            )
        )
    return advise(period=period, options=options)


def _versions(term: TermCard, who: Chooser, today: date) -> list[VersionInForce]:
    """Return the version of the present tariff, if it has one today, and those of tariffs open to the customer."""
    try:
        own = [plans.version_on(tariff_id=term.tariff_id, day=today)]
    except NoPrice:
        own = []
    customer_class = plans.compiled(own[0].version_id).customer_class if own else ""
    others = eligible.open_to(day=today, who=replace(who, customer_class=customer_class))
    return [*own, *(one for one in others if one.tariff_id != term.tariff_id)]


def _option(card: AgreementCard, term: TermCard, version: VersionInForce, period: Period, since: date) -> Option:
    """Return what the months would cost at one version."""
    cost, used_wh, obstacle = None, 0, None
    plan = plans.compiled(version.version_id)
    try:
        cost, used_wh, obstacle = _cost(card, term, plan, version, period, since)
    except Refused as refusal:
        obstacle = Obstacle(code=refusal.code, message=refusal.message, advice=refusal.advice)
    return Option(
        tariff_id=version.tariff_id,
        version_id=version.version_id,
        code=version.tariff_code,
        name_zh=plan.name_zh,
        name_en=plan.name_en,
        is_current=version.tariff_id == term.tariff_id,
        cost_minor=None if obstacle else cost,
        used_wh=used_wh,
        obstacle=obstacle,
    )


def _cost(
    card: AgreementCard, term: TermCard, plan: Plan, version: VersionInForce, period: Period, since: date
) -> tuple[int, int, Obstacle | None]:
    """
    Return cost and energy of the months at one plan, or what keeps them from being computed. [minor unit, Wh]

    The plan is taken to have held all the time, so the steps of a year count what was used in it before the months.
    """
    began = plan.tier_cycle.start_of(on=period.start) or period.start
    held = Period(max(min(began, period.start), min(since, period.start)), period.end)
    whole = PlanVersion(
        version_id=-1,
        tariff_id=version.tariff_id,
        tariff_code=version.tariff_code,
        start_day=held.start.toordinal(),
        end_day=held.end.toordinal(),
        plan=plan,
    )
    pieces = cut(
        agreements=_as_if(card, term, version.tariff_id, held),
        versions=(whole,),
        billed=_months(card, period),
        period=Period(period.end, date.fromordinal(period.end.toordinal() + 1)),
    )
    obstacles = Obstacles()
    expected = segments.expect(
        pieces=pieces, versions=(whole,), existing=segments.nothing_exists(), obstacles=obstacles
    )
    found = obstacles.of_account.get(card.account_id)
    if found is not None and found.code == MISSING_REGISTER:
        found = NO_SUCH_HOURS
    billed = pieces.is_billed
    return int(expected.amount_minor[billed].sum()), int(expected.used_wh[billed].sum()), found


def _as_if(card: AgreementCard, term: TermCard, tariff_id: int, held: Period) -> AgreementColumns:
    """Return the agreement as if it had had a tariff, and all that is agreed today, over the whole time."""

    def column(value: int) -> np.ndarray:
        return np.array([value], dtype=np.int64)

    def power(value: int | None) -> np.ndarray:
        return column(NOT_AGREED if value is None else value)

    return AgreementColumns(
        account_id=column(card.account_id),
        agreement_id=column(card.id),
        service_point_id=column(card.service_point_id),
        tariff_id=column(tariff_id),
        household=column(term.household),
        capacity_va=power(term.agreed.capacity_va),
        contract_w=power(term.agreed.contract_w),
        suspended_va=column(0),
        green_blocks=column(term.agreed.green_blocks),
        features=column(0),
        start_day=column(max(held.start, card.start_date).toordinal()),
        end_day=column(held.end.toordinal()),
        feature_sets=(term.agreed.features,),
    )


def _months(card: AgreementCard, period: Period) -> BilledPeriods:
    months = [(month.start.toordinal(), month.end.toordinal()) for month in period.months()]
    days = np.array(months, dtype=np.int64)
    return BilledPeriods(
        agreement_id=np.full(len(days), card.id, dtype=np.int64),
        start_day=days[:, 0],
        end_day=days[:, 1],
        frozen=np.zeros(len(days), dtype=np.bool_),
    )
