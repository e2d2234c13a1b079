"""What the made-up meters report: counter values for hand-held readers, interval days for smart meters."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np

from cis.demo.shapes import Wh
from cis.demo.world import FULL_TURN_WH, INTERVAL, PEAK_SLOTS, SPLIT, WORKS, Household, Scale

# NEM12 keeps its own clock, UTC+10; Shanghai is UTC+8: a metering day starts at 22:00 local time.
CLOCK_SHIFT_SLOTS = 4
SLOTS = 48
VALLEY_SHARE_OF_FIRST_READING = 3
# Hours of the commercial tariff: peak 8 to 12 and 17 to 21, flat 12 to 17 and 21 to 24, valley 0 to 8.
WORKS_PERIODS = {
    "peak": [*range(16, 24), *range(34, 42)],
    "flat": [*range(24, 34), *range(42, 48)],
    "valley": [*range(16)],
}
REACTIVE_PERCENT = 42  # of the active energy: a power factor of 0.92
HALF_HOURS = 2
UNITS = {"reactive": "kvarh", "demand": "kW"}


@dataclass(frozen=True, slots=True)
class CounterValue:
    """One line of a read sheet."""

    serial: str
    register: str
    read_date: date
    reading_wh: int
    kind: str

    @property
    def unit(self) -> str:
        """Unit as a read sheet names it."""
        return UNITS.get(self.register, "kWh")


def counter_values(household: Household, *, scale: Scale) -> Iterator[CounterValue]:
    """Yield the counter values of a household in order of time; none for a smart meter."""
    if household.metering == INTERVAL:
        return
    for register in registers_of(household):
        if register == "demand":
            yield from _of_demand(household, scale=scale)
        else:
            yield from _of_register(household, register, scale=scale)


def registers_of(household: Household) -> tuple[str, ...]:
    """Return the register codes on the household's meter."""
    if household.metering == INTERVAL:
        return ("E1",)
    if household.metering == WORKS:
        return (*WORKS_PERIODS, *UNITS)
    return ("peak", "valley") if household.metering == SPLIT else ("total",)


def _of_demand(household: Household, *, scale: Scale) -> Iterator[CounterValue]:
    """Yield what a register of demand showed at the end of each month, and 0 at the start: it resets itself."""
    (serial,) = household.meter_serials
    most_w = household.half_hours_wh.max(axis=1) * HALF_HOURS
    origin = scale.start - timedelta(days=1)
    yield CounterValue(serial, "demand", household.start, 0, "initial")
    for month in scale.months:
        if month.end > household.start:
            days = slice((month.start - origin).days, (month.end - origin).days)
            shown_w = int(most_w[days].max()) // household.multiplier
            yield CounterValue(serial, "demand", month.end, shown_w, "actual")


def _of_register(household: Household, register: str, *, scale: Scale) -> Iterator[CounterValue]:
    daily = _daily_counts(household, register)
    origin = scale.start - timedelta(days=1)
    counted = np.concatenate(([0], np.cumsum(daily)))
    first = household.first_reading_wh // (VALLEY_SHARE_OF_FIRST_READING if register == "valley" else 1)

    def value(on: date, since: date, base: int) -> int:
        return int(base + counted[(on - origin).days] - counted[(since - origin).days]) % FULL_TURN_WH

    old, *new = household.meter_serials
    exchange = household.exchange_date
    yield CounterValue(old, register, household.start, first, "initial")
    for month in scale.months:
        if month.end <= household.start:
            continue
        if exchange is not None and month.start < exchange <= month.end:
            yield CounterValue(old, register, exchange, value(exchange, household.start, first), "final")
            yield CounterValue(new[0], register, exchange, 0, "initial")
        if household.skips_last_read and month.end == scale.end:
            continue
        is_new = exchange is not None and month.end >= exchange
        reading = value(month.end, exchange, 0) if is_new and exchange else value(month.end, household.start, first)
        yield CounterValue(new[0] if is_new else old, register, month.end, reading, "actual")


def _daily_counts(household: Household, register: str) -> Wh:
    """Return what the counter turns each day, before the multiplier, in whole kWh hundredths. [Wh]"""
    used = household.half_hours_wh
    total = used.sum(axis=1)
    if register == "reactive":
        chosen = total * REACTIVE_PERCENT // 100
    elif household.metering == WORKS:
        chosen = used[:, WORKS_PERIODS[register]].sum(axis=1)
    else:
        peak = used[:, PEAK_SLOTS].sum(axis=1)
        chosen = {"total": total, "peak": peak, "valley": total - peak}[register]
    counted_wh: Wh = chosen // household.multiplier // 10 * 10
    return counted_wh


def metering_days(household: Household, *, scale: Scale) -> Iterator[tuple[date, Wh]]:
    """Yield (date, 48 values) of a smart meter on the NEM12 clock, covering each local day whole. [Wh]"""
    if household.metering != INTERVAL:
        return
    flat = household.half_hours_wh.reshape(-1)
    # half_hours_wh begins one local day before the first; the NEM12 day of date d begins at 22:00 of d - 1.
    for n in range((household.start - scale.start).days, (scale.end - scale.start).days + 1):
        begin = (n + 1) * SLOTS - CLOCK_SHIFT_SLOTS
        yield scale.start + timedelta(days=n), flat[begin : begin + SLOTS]
