"""What last bills say of when energy was used and at which prices; what using it otherwise would save."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

import numpy as np

from accounts.queries import supplier
from billing.domain import use_advice
from billing.domain.use_advice import Base, EnergyLine, PeriodPrice, Shift
from billing.models.bill import BillLine
from billing.queries import bills
from billing.queries.bills import Line
from cis.kernel import fixed
from cis.platform import calendars, db
from tariffs.domain.components.standing import Concession, GreenPremium
from tariffs.domain.inputs import Input
from tariffs.domain.lines import Component, Unit, mean_price_e6
from tariffs.domain.plan import Plan
from tariffs.queries import plans

E6_PLACES = 6
WHOLE_E6 = 1_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class PricedPeriod:
    """
    A period of use on a bill.

    labels   language -> words; empty: all hours
    percent  of what was used
    price    what one more kWh costs, in major units as printed: "0.617"
    """

    of: PeriodPrice
    labels: Mapping[str, str]
    percent: int
    price: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PricedUse:
    """
    A supply on its last bill.

    start_date, end_date  the days it is billed for, half-open
    periods               the dearest first
    half_hours            of a year in each period of use; empty where no calendar says it
    is_hourly             each hour has its own price: the one here is their mean
    has_percents          something is charged in percent on top of these prices
    decimals              of the currency
    """

    bill_number: str
    start_date: date
    end_date: date
    used_wh: int
    periods: tuple[PricedPeriod, ...]
    half_hours: Mapping[str, int]
    is_hourly: bool
    has_percents: bool
    decimals: int

    @property
    def is_one_price(self) -> bool:
        """Whether a kWh costs the same at all hours."""
        return not self.is_hourly and len({one.of.price_e6 for one in self.periods}) == 1


@dataclass(frozen=True, slots=True, kw_only=True)
class UseAdvice:
    """
    What using otherwise would save; None: nothing is known to say.

    base_terms   of the sum of a year: energy and price of each period of use [Wh], in major units
    dear, cheap  periods of the shift
    """

    base: Base | None
    shift: Shift | None
    base_terms: tuple[tuple[int, str], ...]
    dear: PricedPeriod | None
    cheap: PricedPeriod | None


def last_bills(*, account_id: int, since: Mapping[int, date], today: date) -> dict[int, PricedUse]:
    """
    Return what the last bill of an account says of each of its supplies, by service point; those without are left out.

    Two statements, and one for each version of a tariff that was not compiled yet.

    :param since: of each service point the first day that is of interest: bills of days before are somebody else's.
    """
    given = {"account": account_id, "points": list(since), "since": list(since.values())}
    rows = {row[1]: row for row in db.fetch(_LAST, given)}
    lines: dict[int, list[BillLine]] = {segment_id: [] for segment_id in rows}
    wanted = BillLine.objects.filter(bill_id__in=[row[2] for row in rows.values()], segment_id__in=list(rows))
    for line in wanted.order_by("bill_id", "seq"):
        lines[line.segment_id].append(line)
    return {row[0]: _priced(row, lines[segment_id], today) for segment_id, row in rows.items()}


def advise(*, used: PricedUse, base_w: int | None) -> UseAdvice:
    """Return what using otherwise would save at the prices of a bill. base_w: what always runs, None: not known."""
    periods = [one.of for one in used.periods]
    shift = use_advice.shift(periods=periods)
    base = use_advice.base(base_w=base_w or 0, periods=periods, half_hours=used.half_hours)
    dear, cheap = (used.periods[0], used.periods[-1]) if shift else (None, None)
    terms = tuple((wh, _price(price_e6, used.decimals)) for wh, price_e6 in base.terms) if base else ()
    return UseAdvice(base=base, shift=shift, base_terms=terms, dear=dear, cheap=cheap)


def _priced(row: tuple, rows: list[BillLine], today: date) -> PricedUse:
    _, _, _, number, start, end, version_id, used_wh = row
    plan = plans.compiled(version_id)
    drawn = _drawn(plan)
    lines = (bills.line(one, version_id=version_id) for one in rows)
    energy = [one for one in lines if one.unit == Unit.KWH.value and one.code in drawn]
    labels = {one.period_of_use: one.period_labels for one in energy}
    periods = use_advice.prices(lines=(_energy(one, drawn[one.code]) for one in energy))
    whole = max(sum(one.energy_wh for one in periods), 1)
    return PricedUse(
        bill_number=number, start_date=start, end_date=end, used_wh=used_wh, half_hours=_half_hours(plan, today),
        periods=tuple(
            PricedPeriod(
                of=one, labels=labels.get(one.period, {}), percent=(200 * one.energy_wh + whole) // (2 * whole),
                price=_price(one.price_e6, plan.decimals),
            )
            for one in periods
        ),
        is_hourly=any(one.margin is not None for one in energy), has_percents=_has_percents(plan),
        decimals=plan.decimals,
    )  # fmt: skip


def _price(price_e6: int, decimals: int) -> str:
    """Return a price of a kWh in major units, with at least the decimals of the currency."""
    whole, _, fraction = fixed.to_text(price_e6, places=E6_PLACES + decimals).partition(".")
    fraction = fraction.rstrip("0").ljust(decimals, "0")
    return f"{whole}.{fraction}" if fraction else whole


def _drawn(plan: Plan) -> Mapping[str, Component]:
    """Return the components that charge what is drawn, by code of their lines; not what is given to the grid."""
    pairs = zip(plan.components, plan.spans, strict=True)
    return {
        plan.slots[place].code: component
        for component, span in pairs if Input.EXPORT_WH not in component.needs
        for place in span
    }  # fmt: skip


def _energy(line: Line, component: Component) -> EnergyLine:
    """Return a line of energy with what one more kWh costs by it; of hourly prices with their mean."""
    return EnergyLine(
        code=line.code, step=line.step, period=line.period_of_use, energy_wh=line.quantity,
        price_e6=_next_e6(line, component),
    )  # fmt: skip


def _next_e6(line: Line, component: Component) -> int:
    """
    Return what one more kWh costs by a line. [10^-6 minor unit]

    Of a premium its part; nothing of blocks that are bought whatever is used, nor of a concession that is used up.
    """
    amount, quantity = (np.array([one], dtype=np.int64) for one in (line.amount_minor, line.quantity))
    if line.margin is not None:
        return int(mean_price_e6(amount_minor=amount, energy_wh=quantity)[0])
    if isinstance(component, GreenPremium):
        return line.price_e6 * (component.part_e6 or 0) // WHOLE_E6
    if isinstance(component, Concession):
        whole = fixed.to_minor(fixed.times(quantity[:, None], (-line.price_e6,))[:, 0])
        return line.price_e6 if -line.amount_minor >= int(whole[0]) else 0
    return line.price_e6


def _has_percents(plan: Plan) -> bool:
    """Return whether a plan charges something in percent of its other lines, and on top of them."""
    return any(slot.in_total and slot.unit in {Unit.MONEY, Unit.FACTOR} for slot in plan.slots)


def _half_hours(plan: Plan, today: date) -> dict[str, int]:
    if plan.calendar is None:
        return {}
    days = calendars.business_calendar(supplier.country())
    return use_advice.half_hours(
        calendar=plan.calendar, start=today, holidays=days.holidays, makeup_days=days.makeup_days
    )


_LAST = """
SELECT DISTINCT ON (p.point) p.point, s.id, b.id, b.number, s.start_date, s.end_date, s.tariff_version_id, s.used_wh
FROM unnest(%(points)s::bigint[], %(since)s::date[]) AS p (point, since)
JOIN contracts_serviceagreement g ON g.service_point_id = p.point AND g.account_id = %(account)s
JOIN billing_billsegment s ON s.agreement_id = g.id AND s.cancels_id IS NULL AND s.start_date >= p.since
 AND s.used_wh > 0
JOIN billing_bill b ON b.id = s.bill_id AND b.state = 'issued'
WHERE NOT EXISTS (
    SELECT 1 FROM billing_billsegment c JOIN billing_bill cb ON cb.id = c.bill_id
    WHERE c.cancels_id = s.id AND cb.state IN ('issued', 'cancelled'))
ORDER BY p.point, s.end_date DESC, s.id DESC
"""
