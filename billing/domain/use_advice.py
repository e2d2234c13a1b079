"""
What a customer's own use costs by the hour it falls in, and what using it otherwise would save: sums one can follow.

Prices are those of the last bill of the supply: of each period of use what one more kWh costs there, that is the
price of the highest step that was reached. What is charged in percent of other amounts is left out.

House rules: ``SHIFT_PERCENT`` of the energy of the dearest hours may be moved; of what always runs ``PART`` may be
switched off.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np

from cis.kernel import fixed
from tariffs.domain.time_of_use import SLOTS, Calendar

SHIFT_PERCENT = 20
SHIFT_STEP_WH = 100
PART = 4
YEAR_DAYS = 365
ALL_HOURS = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class EnergyLine:
    """A line of a bill that charges energy: component, step (0: none), period of use ("": all hours), [Wh], price."""

    code: str
    step: int
    period: str
    energy_wh: int
    price_e6: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PeriodPrice:
    """
    A period of use on a bill.

    period     code; "": the price is the same at all hours
    energy_wh  what was used in it [Wh]
    price_e6   what one more kWh costs in it [10^-6 minor unit]
    """

    period: str
    energy_wh: int
    price_e6: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Shift:
    """
    Energy used in the cheapest hours and not in the dearest.

    shift_wh      how much [Wh]
    dear, cheap   from where to where
    saved_minor   what is saved by it [minor unit]
    """

    shift_wh: int
    dear: PeriodPrice
    cheap: PeriodPrice
    saved_minor: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Base:
    """
    What always runs, over a year.

    base_w                  [W]
    year_wh, year_minor     what it uses and costs [Wh], [minor unit]
    part_wh, saved_minor    a quarter of it [Wh], [minor unit]
    terms                   of the sum of the year: energy and price of each period of use [Wh], [10^-6 minor unit]
    """

    base_w: int
    year_wh: int
    year_minor: int
    part_wh: int
    saved_minor: int
    terms: tuple[tuple[int, int], ...]


def prices(*, lines: Iterable[EnergyLine]) -> tuple[PeriodPrice, ...]:
    """
    Return the periods of use on a bill, the dearest first; one of all hours where no line tells them apart.

    A component without periods, as a fund, is paid in all of them. Of nothing used there is no price.
    """
    highest: dict[tuple[str, str], tuple[int, int]] = {}
    energy: dict[tuple[str, str], int] = defaultdict(int)
    codes: dict[str, None] = {}
    for line in lines:
        if line.energy_wh <= 0:
            continue
        place = (line.code, line.period)
        codes[line.code] = None
        energy[place] += line.energy_wh
        highest[place] = max(highest.get(place, (-1, 0)), (line.step, line.price_e6))
    periods = {period for _, period in highest if period} or {ALL_HOURS}
    found = [
        PeriodPrice(
            period=period,
            energy_wh=max(energy.get((code, period), 0) for code in codes),
            price_e6=sum(_price(highest, code, period) for code in codes),
        )
        for period in sorted(periods)
        if codes
    ]
    return tuple(sorted(found, key=lambda one: -one.price_e6))


def shift(*, periods: Sequence[PeriodPrice]) -> Shift | None:
    """Return what moving a part of the dearest energy to the cheapest hours saves; None: nothing can be moved."""
    if not periods:
        return None
    dear, cheap = periods[0], periods[-1]
    moved = dear.energy_wh * SHIFT_PERCENT // 100 // SHIFT_STEP_WH * SHIFT_STEP_WH
    if moved <= 0 or dear.price_e6 <= cheap.price_e6:
        return None
    saved = _money([moved], [dear.price_e6 - cheap.price_e6])
    return Shift(shift_wh=moved, dear=dear, cheap=cheap, saved_minor=saved)


def base(*, base_w: int, periods: Sequence[PeriodPrice], half_hours: Mapping[str, int]) -> Base | None:
    """
    Return what the base load costs in a year; None where there is none, or no price.

    half_hours  of a year in each period of use; empty where no calendar says it: then at the mean price of what was
                used [count]
    """
    if base_w <= 0 or not periods:
        return None
    if len(periods) > 1 and not all(one.period in half_hours for one in periods):
        periods, half_hours = (_mean(periods),), {}
    halves = half_hours if len(periods) > 1 else {periods[0].period: YEAR_DAYS * SLOTS}
    energy = [base_w * halves[one.period] // 2 for one in periods]
    part = [wh // PART for wh in energy]
    by = [one.price_e6 for one in periods]
    return Base(
        base_w=base_w, year_wh=sum(energy), year_minor=_money(energy, by), part_wh=sum(part),
        saved_minor=_money(part, by), terms=tuple(zip(energy, by, strict=True)),
    )  # fmt: skip


def half_hours(
    *, calendar: Calendar, start: date, holidays: Collection[date], makeup_days: Collection[date]
) -> dict[str, int]:
    """Return how many half hours of the year from a date on are in each period of use; without days of events."""
    off, made_up = frozenset(holidays), frozenset(makeup_days)
    days = [start + timedelta(days=n) for n in range(YEAR_DAYS)]
    rows = [
        calendar.slots[calendar.season_of(on=day), calendar.day_place(on=day, holidays=off, makeup_days=made_up)]
        for day in days
    ]
    counts = np.bincount(np.concatenate(rows), minlength=len(calendar.periods)).tolist()
    return {code: count for code, count in zip(calendar.periods, counts, strict=True) if count}


def _price(highest: Mapping[tuple[str, str], tuple[int, int]], code: str, period: str) -> int:
    """Return what one more kWh of a component costs in a period."""
    return highest.get((code, period), highest.get((code, ALL_HOURS), (0, 0)))[1]


def _mean(periods: Sequence[PeriodPrice]) -> PeriodPrice:
    used = sum(one.energy_wh for one in periods)
    cost = sum(one.energy_wh * one.price_e6 for one in periods)
    return PeriodPrice(period=ALL_HOURS, energy_wh=used, price_e6=cost // used)


def _money(energy_wh: Sequence[int], price_e6: Sequence[int]) -> int:
    """Return what energy costs. [minor unit]"""
    amount = fixed.dot(np.array([energy_wh], dtype=np.int64), np.array(price_e6, dtype=np.int64))
    return int(fixed.to_minor(amount)[0])
