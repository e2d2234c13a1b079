"""What is known already when a case is entered: agreement, tariff, capacity, prices, what meters counted."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, timedelta

from accounts.queries import accounts
from cis.platform import packs
from contracts.domain import breaches
from contracts.domain.breach_claims import Capacity
from contracts.domain.breach_steps import Step, StepCode, Term
from contracts.domain.breaches import BadBreach, BreachKind, Equipment
from contracts.queries import agreements
from contracts.queries.agreements import AgreementCard, TermCard
from metering.queries import places, usage
from metering.queries.places import ServicePointOverview
from tariffs.domain.capacity_prices import CapacityPrice, capacity_price
from tariffs.domain.energy_prices import energy_prices
from tariffs.domain.plan import TOTAL
from tariffs.queries import plans

HOMES = ("residential", "resident")
_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """
    An agreement on the day on which something was found.

    term         what held then; after its end the last one
    is_home      whether it is a home: by the class of its tariff, else by who holds the account
    capacity_va  that may be used: as agreed, else as connected [VA or W]
    is_agreed    whether it is agreed
    fee          capacity fee of a two-part tariff; None: it has none
    place        with its meters
    """

    agreement: AgreementCard
    at: date
    term: TermCard
    is_home: bool
    capacity_va: int
    is_agreed: bool
    fee: CapacityPrice | None
    place: ServicePointOverview


@dataclass(frozen=True, slots=True, kw_only=True)
class PriceChoice:
    """
    What a kWh costs by one tariff in one period of use and step, all its energy components together.

    labels    words of the period by language; {} = all hours
    step      0 = no steps
    price_e6  [10^-6 minor unit/kWh]
    """

    key: str
    tariff_id: int
    name_zh: str
    name_en: str
    labels: dict[str, str]
    step: int
    price_e6: int


def known(*, agreement_id: int, at: date) -> Known:
    """
    Return what is known of an agreement on a day; ten statements.

    :raises UnknownAgreement: there is none.
    :raises BadBreach: there was no supply yet.
    :raises NoPrice: no published version of its tariff held then.
    """
    card = agreements.card(agreement_id=agreement_id)
    before = [one for one in card.terms if one.start_date <= at]
    if not before:
        raise BadBreach(f"The supply begins on {card.start_date} only.", advice="Check the day.", field="found_date")
    term = before[-1]
    day = at if term.end_date is None else min(at, term.end_date - _DAY)
    plan = plans.compiled(plans.version_on(tariff_id=term.tariff_id, day=day).version_id)
    (place,) = places.overview(service_point_ids=[card.service_point_id], at_date=at)
    holder = accounts.kinds(account_ids=[card.account_id], start_date=day, end_date=day + _DAY)
    agreed = term.agreed.capacity_va
    return Known(
        agreement=card,
        at=at,
        term=term,
        is_home=(plan.customer_class or holder.get(card.account_id, "")) in HOMES,
        capacity_va=place.capacity_w if agreed is None else agreed,
        is_agreed=agreed is not None,
        fee=capacity_price(plan=plan, month=day.month, features=term.agreed.features),
        place=place,
    )


def prices(*, at: date, tariff_ids: Collection[int] | None = None) -> tuple[PriceChoice, ...]:
    """
    Return what a kWh costs on a day by each tariff, period of use and step; prices that are not known are left out.

    One statement once plans are compiled. ``tariff_ids`` None: of all tariffs.
    """
    found = []
    for version in plans.versions(start_date=at, end_date=at + _DAY):
        if tariff_ids is not None and version.tariff_id not in tariff_ids:
            continue
        plan = plans.compiled(version.version_id)
        for period in plan.periods:
            by_step = energy_prices(plan=plan, month=at.month, period=period)
            found += [
                PriceChoice(
                    key=f"{version.version_id}:{period}:{step}",
                    tariff_id=version.tariff_id,
                    name_zh=plan.name_zh,
                    name_en=plan.name_en,
                    labels={} if plan.periods == TOTAL else dict(plan.labels.get(period, {})),
                    step=step if len(by_step) > 1 else 0,
                    price_e6=price_e6,
                )
                for step, price_e6 in enumerate(by_step, start=1)
                if price_e6 is not None
            ]
    return tuple(found)


def energy_of_use(
    *, kind: BreachKind, at: date, power_w: int, equipment: Equipment, days: int | None, hours: int | None
) -> tuple[int, int, Step]:
    """
    Return what equipment used, in how many days, and how that comes about. [Wh]

    days, hours  None: nobody knows, the rule of the place says how many

    [source: 供电营业规则 (1996) art 100 (1), art 103]
    :raises BadBreach: power, days or hours are impossible.
    :raises MissingRule: the pack of the place has no rule for it.
    """
    rule = packs.rule(f"breach_{kind}", at=at)
    if hours is None:
        hours = int(rule[f"{equipment}_hours"])
    if days is None:
        days = int(rule["unknown_days"]) if kind is BreachKind.THEFT else rule["unknown_months"] * rule["days_in_month"]
    step = breaches.step_of_use(power_w=power_w, days=days, hours=hours)
    return breaches.energy_by_use(power_w=power_w, days=days, hours=hours), days, step


def counted(*, service_point_id: int, start_date: date, end_date: date) -> tuple[int, Step]:
    """
    Return the approved energy that meters counted in [start_date, end_date). [Wh]

    :raises BadBreach: approved spans do not fill just these days.
    """
    found = usage.approved(service_point_ids=[service_point_id], start_date=start_date, end_date=end_date)
    lanes: dict[str, list[tuple[int, int, int]]] = {}
    for place, start, end, energy in zip(
        found.period_of_use.tolist(), found.start_day.tolist(), found.end_day.tolist(), found.energy_wh.tolist(),
        strict=True,
    ):  # fmt: skip
        lanes.setdefault(found.period_codes[place], []).append((start, end, energy))
    chosen = [lanes[""]] if "" in lanes else list(lanes.values())
    if not chosen or not all(_fill(lane, start_date, end_date) for lane in chosen):
        raise BadBreach(
            f"There is no approved usage for just the days from {start_date} to {end_date}.",
            advice="Give days on which the meter was read, or enter the reads.",
        )
    energy_wh = sum(energy for lane in chosen for _, _, energy in lane)
    return energy_wh, Step.one(StepCode.ENERGY_COUNTED, Term.energy(energy_wh))


def of_capacity(
    *, known: Known, kind: BreachKind, found_va: int, months_e3: int | None, count: int
) -> tuple[Capacity, tuple[Step, ...]]:
    """
    Return the facts of equipment, and how they came about.

    found_va   capacity that was found: all that is connected where it is above the agreed one, else that of the
               equipment or source alone [VA or W]
    months_e3  months of use, needed where the tariff has a capacity fee [10^-3 months]

    :raises BadBreach: it is not above what is agreed; or the months, or the price of the fee, are not known.
    """
    shown: tuple[Step, ...] = ()
    capacity_va = found_va
    if kind is BreachKind.CAPACITY:
        capacity_va = found_va - known.capacity_va
        if capacity_va <= 0:
            raise BadBreach("It is not above what is agreed.", advice="Check the capacity.", field="found_kva")
        terms = Term.capacity(found_va), Term.capacity(known.capacity_va), Term.capacity(capacity_va)
        shown = (Step.difference(StepCode.EXCESS, *terms),)
    if known.fee is None or kind is BreachKind.OWN_SUPPLY:
        return Capacity(capacity_va=capacity_va, count=count), shown
    if known.fee.price_e6 is None:
        raise BadBreach("The tariff has no one price of capacity for a month.", advice="Ask for the tariff.")
    if months_e3 is None:
        raise BadBreach("The months of use are needed: the tariff has a capacity fee.", field="months")
    return Capacity(capacity_va=capacity_va, price_e6=known.fee.price_e6, months_e3=months_e3), shown


def _fill(lane: list[tuple[int, int, int]], start_date: date, end_date: date) -> bool:
    """Return whether spans follow one another from the first day to the last."""
    day = start_date.toordinal()
    for start, end, _ in sorted(lane):
        if start != day:
            return False
        day = end
    return day == end_date.toordinal()
