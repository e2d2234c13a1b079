"""
What a year of estimated use would cost at a tariff: cases for the rating kernel, one a month.

Estimates are about use that nobody has measured. What is assumed is said on the offer: the same use each month, so much
of it in each period, a power factor of 0.90, no energy given to the grid.
"""

from dataclasses import dataclass
from datetime import date
from typing import Any

from cis.kernel import fixed
from cis.kernel.errors import Refused
from cis.kernel.periods import Period, add_months, month_of
from tariffs.domain.inputs import WRITTEN, Input
from tariffs.domain.plan import TOTAL, Plan

MONTHS = 12
WH_PLACES = 3
HUNDRED = 100
REACTIVE_PERCENT = 48
"""Reactive energy for each 100 kWh at a power factor of 0.90: tan(arccos 0.90) = 0.484."""
MINUTES_A_DAY = 1_440
EVEN_DAYS = 30
ELSEWHERE = {"sharp": ("peak", "flat"), "peak": ("flat",), "flat": ("peak",), "valley": ("flat",)}
"""Where a share counts whose period a tariff does not have: sharp hours are peak hours, what is not valley is peak."""


class NotEstimable(Refused):
    """What a tariff asks for cannot be estimated from what is known."""

    code = "not_estimable"


@dataclass(frozen=True, slots=True, kw_only=True)
class Use:
    """
    Estimated use.

    month_wh                       of each month [Wh]
    sharp_percent, peak_percent, valley_percent  shares of it; the rest is flat
    peak_w                         largest demand; None = not known [W]
    capacity_va, contract_w        as agreed; None = none [VA, W]
    """

    month_wh: int
    sharp_percent: int = 0
    peak_percent: int = 0
    valley_percent: int = 0
    peak_w: int | None = None
    capacity_va: int | None = None
    contract_w: int | None = None
    household: int = 1

    def shares(self) -> dict[str, int]:
        """Return the energy of each period of a month; together they are all of it. [Wh]"""
        found = {
            "sharp": self.month_wh * self.sharp_percent // HUNDRED,
            "peak": self.month_wh * self.peak_percent // HUNDRED,
            "valley": self.month_wh * self.valley_percent // HUNDRED,
        }
        return {**found, "flat": self.month_wh - sum(found.values())}


def months_of(*, start: date) -> tuple[Period, ...]:
    """Return the twelve whole months from the one that begins on or after a date."""
    first = month_of(start).start
    if first < start:
        first = add_months(first, 1)
    return tuple(month_of(add_months(first, step)) for step in range(MONTHS))


def cases(*, plan: Plan, use: Use, start: date) -> tuple[dict[str, Any], ...]:
    """
    Return the case of each month, as ``tariffs.domain.cases.rated`` takes it; steps count from the first month on.

    :raises NotEstimable: the tariff has periods that no share belongs to.
    """
    found, used = [], 0
    began: date | None = None
    for month in months_of(start=start):
        cycle = plan.tier_cycle.start_of(on=month.start)
        if cycle is None or cycle != began:
            began, used = cycle, 0
        found.append(_case(plan, use, month, used))
        used += use.month_wh
    return tuple(found)


def _case(plan: Plan, use: Use, month: Period, used_wh: int) -> dict[str, Any]:
    energy = _by_period(plan, use)
    inputs = {WRITTEN[need].key: value for need, value in _inputs(plan, use, month).items() if need in plan.needs}
    values: dict[str, Any] = {
        "days": month.days,
        "months": "1",
        "household": use.household,
        "before_kwh": _text(used_wh),
        "used_kwh": _text(use.month_wh) if plan.periods == TOTAL else {code: _text(wh) for code, wh in energy.items()},
    }
    return {**values, **({"inputs": inputs} if inputs else {})}


def _by_period(plan: Plan, use: Use) -> dict[str, int]:
    if plan.periods == TOTAL:
        return {}
    energy = dict.fromkeys(plan.periods, 0)
    for code, share in use.shares().items():
        place = next((name for name in (code, *ELSEWHERE[code]) if name in energy), None)
        if place is None:
            if share:
                raise NotEstimable(f"The tariff has no period for the {code} hours.", advice="Rate it by a load curve.")
            continue
        energy[place] += share
    return energy


def _inputs(plan: Plan, use: Use, month: Period) -> dict[Input, Any]:
    """Return what may be needed besides; what is not known is left out, and the tariff then refuses by its name."""
    none = dict.fromkeys(plan.periods, "0")
    found: dict[Input, Any] = {
        Input.MONTH: month.start.month,
        Input.MONTH_END: month.start.month,
        Input.REACTIVE_VARH: _text(use.month_wh * REACTIVE_PERCENT // HUNDRED),
        Input.EXPORT_WH: none,
        Input.SUBMETER_WH: none,
        Input.ENERGIZED_MINUTES: month.days * MINUTES_A_DAY,
        Input.METERS: 1,
        Input.EVEN_DAYS: EVEN_DAYS,
        Input.CYCLE_MONTHS_E9: "1",
        Input.ACCOUNT_DAYS: month.days,
    }
    if use.peak_w is not None:
        found[Input.PEAK_W] = {code: _text(use.peak_w) for code in plan.demand.periods}
        found[Input.REACTIVE_PEAK_VAR] = _text(use.peak_w * REACTIVE_PERCENT // HUNDRED)
    if use.capacity_va is not None:
        found[Input.CAPACITY_VA] = _text(use.capacity_va)
    if use.contract_w is not None:
        found[Input.CONTRACT_W] = _text(use.contract_w)
    return found


def _text(value: int) -> str:
    return fixed.to_text(value, places=WH_PLACES)
