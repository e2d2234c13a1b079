"""What hangs on the hours in which energy was used: its worth at hourly prices, and steps filled in order of time."""

from collections import defaultdict
from datetime import datetime, timedelta
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from recompute.energy_charges import KWH, limits, start_of
from recompute.meter import Slot, slots_of
from recompute.numbers import CannotTell, number, rounded, shared
from recompute.rests import day
from recompute.segment import Segment
from recompute.terms import Keys, Tariff

if TYPE_CHECKING:
    from recompute.bill import Proof

Told = dict[str, Any]
FINEST = 10**9


def slots(proof: "Proof", one: Told) -> list[tuple[Slot, Fraction]]:
    """Return the intervals whose energy makes up a segment, in order of time, each with its energy. [Wh]"""
    found = []
    for rest in one["energy_from"]:
        if rest["counts_as"] == "energy_wh":
            usage = proof.usage[rest["usage"]]
            if usage["basis"] != "interval":
                raise CannotTell(f"{rest['usage']} is of a counter, which does not say when energy was used")
            days = proof.days_of(usage["register"])
            span = day(rest["start_date"]), day(rest["end_date"])
            found += [(slot, slot.wh * usage["multiplier"]) for slot in slots_of(days, proof.local, *span)]
    return sorted(found, key=lambda pair: pair[0].at)


def series_minor(proof: "Proof", one: Told) -> dict[str, Fraction]:
    """Return what the energy of a segment is worth at the prices of each hour, by component, to nine decimals."""
    tariff = proof.tariffs[one["tariff"]]
    found = {}
    for keys in tariff.components:
        if keys.need("kind") == "dynamic":
            prices = prices_of(proof, keys.need("series"))
            low, high = bounds(keys, tariff)
            exact = sum(
                (wh * between(price_at(prices, proof, slot, keys), low, high) for slot, wh in slots(proof, one)),
                Fraction(0),
            )
            found[keys.need("code")] = Fraction(rounded(exact / KWH * FINEST), FINEST)
    return found


def prices_of(proof: "Proof", series: str) -> dict[Any, Told]:
    return {day(row["date"]): row for row in proof.told["price_series"] if row["series"] == series}


def price_at(prices: dict[Any, Told], proof: "Proof", slot: Slot, keys: Keys) -> Fraction:
    """Return the price of the interval in which a slot begins. [minor unit/kWh]"""
    row = prices.get(slot.day)
    if row is None:
        raise CannotTell(f"the series {keys.need('series')} has no prices on {slot.day}")
    place = (slot.at - proof.local.starts(slot.day)) // timedelta(minutes=row["interval_minutes"])
    price = number(row["prices"][place])
    if price < 0 and keys.need("negative_prices") == "refuse":
        raise CannotTell(f"the series {keys.need('series')} has a price below 0, which the tariff refuses")
    return price


def bounds(keys: Keys, tariff: Tariff) -> tuple[Fraction | None, Fraction | None]:
    """Return between which bounds each price is kept; None: none."""
    low, high = (tariff.priced(keys, keys.need(name)) if keys.has(name) else None for name in ("floor", "cap"))
    if keys.word("negative_prices", ("keep", "zero", "refuse")) == "zero":
        low = max(low or Fraction(0), Fraction(0))
    return low, high


def between(price: Fraction, low: Fraction | None, high: Fraction | None) -> Fraction:
    price = price if low is None else max(price, low)
    return price if high is None else min(price, high)


def ordered_wh(proof: "Proof", one: Told) -> list[dict[str, int]]:
    """
    Return the energy of a segment by step and period, the steps filled in order of time. [Wh]

    What each period has in a step is dealt to it in proportion to its interval values; the sums from the first step on
    are rounded.
    """
    tariff, segment = proof.tariffs[one["tariff"]], Segment(one)
    found, is_cyclic = limits(ordering(tariff, segment), segment)
    count = Fraction(start_of(segment, is_cyclic=is_cyclic))
    chart = proof.calendars.get(one["tariff"])
    cells = [dict.fromkeys(tariff.names, Fraction(0)) for _ in range(len(found) + 1)]
    for name, wh in merged(slots(proof, one), tariff, chart).values():
        below = [min(count + wh, limit) - min(count, limit) for limit in found]
        for cell, part in zip(
            cells, [high - low for low, high in zip([0, *below], [*below, wh], strict=True)], strict=True
        ):
            cell[name] += part
        count += wh
    dealt = [dict.fromkeys(tariff.names, 0) for _ in cells]
    for name in tariff.names:
        weights = [cell[name] for cell in cells]
        if any(weights) and min(weights) >= 0:
            parts = shared(one["energy_wh"][name], weights)
        else:
            parts = [one["energy_wh"][name], *(0 for _ in found)]
        for cell, wh in zip(dealt, parts, strict=True):
            cell[name] = wh
    return dealt


def merged(found: list[tuple[Slot, Fraction]], tariff: Tariff, chart: Any) -> dict[datetime, tuple[str, Fraction]]:
    """Return period and energy of each interval, those of several registers added up."""
    sums: defaultdict[datetime, Fraction] = defaultdict(Fraction)
    names: dict[datetime, str] = {}
    for slot, wh in found:
        sums[slot.at] += wh
        if slot.at not in names:
            names[slot.at] = chart.period(slot.day, slot.minute) if tariff.periods else tariff.names[0]
    return {at: (names[at], sums[at]) for at in sorted(sums)}


def ordering(tariff: Tariff, segment: Segment) -> Keys:
    """Return the component whose steps fill in order of time: of those with months the one that holds."""
    mine = [keys for keys in tariff.components if keys.get("convention") == "time_order"]
    holding = [keys for keys in mine if not keys.get("months") or segment["month"] in keys.get("months")]
    return (holding or mine)[0]
