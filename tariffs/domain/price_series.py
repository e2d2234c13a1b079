"""
Price series: a price for each interval of each local day, read from a published file, laid beside meter intervals.

A file is CSV in UTF-8 with the columns ``start_at`` (ISO 8601 with offset, as 2026-01-01T00:00+08:00) and ``price``.
It holds whole local days without a gap; in one of 23 or 25 hours, as many hours. Nothing of a file with a finding is
taken.
"""

import csv
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from itertools import groupby, pairwise

import numpy as np

from cis.kernel import fixed
from cis.kernel.calendar import LocalClock
from cis.kernel.errors import Findings, Refused
from cis.kernel.fixed import Int64
from tariffs.domain.components.dynamic import DynamicEnergy
from tariffs.domain.prices import MAX_PRICE_E6

COLUMNS = ("start_at", "price")
INTERVALS = (15, 30, 60)
MOST_FINDINGS = 100
MINUTE = timedelta(minutes=1)
E6_PLACES = 6
PER_MWH_PLACES = 3


class BadPriceFile(Refused):
    """A file of prices has findings; nothing of it was taken."""

    code = "bad_price_file"


class UnknownPriceUnit(Refused):
    """Prices of a series are per kWh or per MWh of the supplier's currency."""

    code = "unknown_price_unit"


class PricesMissing(Refused):
    """A price series has no prices for some days."""

    code = "prices_missing"


class PricesTooFine(Refused):
    """Prices change inside the intervals of the meter."""

    code = "prices_too_fine"


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class PriceDay:
    """
    The prices of one local day.

    start_at          its first instant
    interval_minutes  how long each price holds
    prices_e6         (s,) in order of time [10^-6 minor unit/kWh]
    """

    day: date
    start_at: datetime
    interval_minutes: int
    prices_e6: Int64


def places_of_unit(*, unit: str, currency: str, decimals: int) -> int:
    """
    Return the decimals at which a price text per "CNY/kWh" or "EUR/MWh" becomes 10^-6 minor units per kWh.

    :raises UnknownPriceUnit: it is another unit, or another currency.
    """
    places = {f"{currency}/kWh": E6_PLACES + decimals, f"{currency}/MWh": PER_MWH_PLACES + decimals}
    if unit not in places:
        raise UnknownPriceUnit(f"{unit!r} is no unit of price here.", advice=f"Use {' or '.join(places)}.")
    return places[unit]


def read_csv(*, text: str, places: int, clock: LocalClock) -> tuple[PriceDay, ...]:
    """
    Return the local days of a file of prices, in order.

    places  decimals of a price, from ``places_of_unit``

    :raises BadPriceFile: the file has findings; up to a hundred are in ``detail``.
    """
    findings = Findings()
    rows = _read_rows(text, places, findings)
    findings.raise_if_any(BadPriceFile)
    minutes = _interval_of(rows, findings)
    findings.raise_if_any(BadPriceFile)
    days = []
    for day, group in groupby(rows, key=lambda row: clock.local_date(row[0])):
        found = list(group)
        start_at = clock.day_start_utc(day)
        if found[0][0] != start_at or len(found) * minutes != clock.minutes_in_day(day):
            message = f"{day} has {len(found)} prices of {minutes} minutes from {found[0][0]:%H:%M} UTC."
            findings.add(str(day), "day_incomplete", message, "Give all intervals of each local day.")
        prices_e6 = np.array([price_e6 for _, price_e6 in found], dtype=np.int64)
        days.append(PriceDay(day=day, start_at=start_at, interval_minutes=minutes, prices_e6=prices_e6))
    findings.raise_if_any(BadPriceFile)
    return tuple(days)


def _read_rows(text: str, places: int, findings: Findings) -> list[tuple[datetime, int]]:
    """Return instant and price of each line, noting each that cannot be read."""
    reader = csv.reader(io.StringIO(text.removeprefix("\ufeff")))
    header = tuple(name.strip() for name in next(reader, []))
    if header != COLUMNS:
        findings.add("line 1", "bad_columns", f"The first line must be {','.join(COLUMNS)}.")
        return []
    rows = []
    for number, line in enumerate(reader, start=2):
        if len(findings) >= MOST_FINDINGS:
            break
        if not any(cell.strip() for cell in line):
            continue
        try:
            start, price = (cell.strip() for cell in line)
            rows.append((_instant(start), _price(price, places)))
        except ValueError as error:
            findings.add(f"line {number}", "bad_line", f"{','.join(line)!r}: {error}.")
        except Refused as refusal:
            findings.add(f"line {number}", refusal.code, refusal.message, refusal.advice)
    if not rows and not findings:
        findings.add("line 2", "no_prices", "There is no price.")
    return rows


def _instant(text: str) -> datetime:
    at = datetime.fromisoformat(text)
    if at.tzinfo is None:
        raise ValueError("a time without its offset names two instants when clocks are set back")
    return at.astimezone(UTC)


def _price(text: str, places: int) -> int:
    price_e6 = fixed.parse(text, places=places)
    if abs(price_e6) > MAX_PRICE_E6:
        raise ValueError("beyond any price")
    return price_e6


def _interval_of(rows: Sequence[tuple[datetime, int]], findings: Findings) -> int:
    """Return how long each price holds; the lines follow each other without a gap, in order of time."""
    if len(rows) == 1:
        findings.add("line 2", "day_incomplete", "One price is no whole day.")
        return INTERVALS[-1]
    minutes, rest = divmod(rows[1][0] - rows[0][0], MINUTE)
    if rest or minutes not in INTERVALS:
        findings.add("line 3", "bad_interval", "Prices hold for 15, 30 or 60 minutes.", "Sort the lines by time.")
        return INTERVALS[-1]
    for number, ((before, _), (after, _)) in enumerate(pairwise(rows), start=3):
        if after - before != minutes * MINUTE and len(findings) < MOST_FINDINGS:
            message = f"{after.isoformat()} does not follow {before.isoformat()} by {minutes} minutes."
            findings.add(f"line {number}", "gap", message, "Give each interval once, in order of time.")
    return minutes


def pack(*, prices_e6: Int64) -> bytes:
    """Return prices as little-endian int64."""
    return prices_e6.astype("<i8").tobytes()


def unpack(*, packed: bytes) -> Int64:
    """Return the prices that ``pack`` packed."""
    return np.frombuffer(packed, dtype="<i8").astype(np.int64)


def prices_of_slots(*, days: Sequence[PriceDay], interval_minutes: int) -> Int64:
    """
    Return the price of each meter interval of a run over the same local days, (s,). [10^-6 minor unit/kWh]

    days  without a gap, in order

    :raises PricesMissing: the days do not follow each other.
    :raises PricesTooFine: a price holds for less than a meter interval, or for no whole number of them.
    """
    for before, after in pairwise(days):
        if after.day - before.day != timedelta(days=1):
            raise PricesMissing(f"There are no prices from {before.day + timedelta(days=1)} to {after.day}.")
    parts = []
    for one in days:
        times, rest = divmod(one.interval_minutes, interval_minutes)
        if rest or not times:
            raise PricesTooFine(
                f"Prices of {one.interval_minutes} minutes cannot be laid on intervals of {interval_minutes} minutes.",
                advice="Read the meter in intervals no longer than those of the prices.",
            )
        parts.append(np.repeat(one.prices_e6, times))
    return np.concatenate(parts) if parts else np.zeros(0, dtype=np.int64)


def columns_of(
    *, components: Sequence[DynamicEnergy], series: Mapping[str, Sequence[PriceDay]], interval_minutes: int
) -> Int64:
    """
    Return what each component charges for energy in each meter interval, (s, r), as ``measuring.measure`` takes it.

    components  ``Plan.priced_by_hour``
    series      days of each price series, by code

    :raises PricesMissing, PricesTooFine: see ``prices_of_slots``; also if a series is not given.
    :raises NegativePrice: a price is below 0 and the tariff refuses it.
    """
    columns = []
    for component in components:
        if not series.get(component.series):
            raise PricesMissing(f"There are no prices of the series {component.series}.", series=component.series)
        prices_e6 = prices_of_slots(days=series[component.series], interval_minutes=interval_minutes)
        columns.append(component.bounded(prices_e6=prices_e6))
    return np.stack(columns, axis=1)
