"""Values that nobody measured are estimated from what is known beside them, and written as estimates of ours."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

import numpy as np

from accounts.queries import supplier
from cis.kernel.calendar import local_clock
from cis.kernel.errors import Refused
from cis.kernel.fixed import LIMIT, Int64
from cis.kernel.periods import month_of
from cis.platform import copying, db
from cis.platform.db import joins_transaction
from metering.domain.counter_estimates import Guess, guess
from metering.domain.day_estimates import Curve, FilledCurve, fill
from metering.domain.estimation import Flags, Method
from metering.domain.exception_acts import Doubted
from metering.domain.formats.day_values import LARGEST, Packed, pack_scaled
from metering.domain.formats.fields import FINEST_PLACES
from metering.domain.intervals import MEASURED, NO_VALUE, IntervalColumns, ValuesTooLarge, round_wh
from metering.models.exception import UsageException
from metering.operations import partitions
from metering.queries import estimation_facts, intervals
from metering.queries.estimation_facts import Counter

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_DAY = timedelta(days=1)
_DAY_US = 86_400_000_000
_GUESSED = ord("E")


class NothingToGoBy(Refused):
    """No method of the pack has enough to go by."""

    code = "nothing_to_estimate_by"


class DaysCorrected(Refused):
    """A correction of usage holds on the days, with its own two persons; no estimate takes its place."""

    code = "days_corrected"


@dataclass(frozen=True, slots=True, kw_only=True)
class CounterEstimate:
    """A value that a counter should have shown, and what it is held against."""

    counter: Counter
    read_date: date
    guess: Guess


@dataclass(frozen=True, slots=True, kw_only=True)
class DaysEstimate:
    """
    Interval days with what is missing or doubted estimated, k days of s slots.

    filled     which of the days change, (k,) places
    before_wh  energy of these days as they are; None: none of it is known
    """

    block: IntervalColumns
    start_date: date
    filled: FilledCurve
    rows: Int64
    before_wh: int | None
    after_wh: int

    @property
    def method(self) -> Method:
        """Return by which method most days were estimated."""
        names = [one for one in self.filled.methods if one is not None]
        return max(sorted(set(names)), key=names.count)


def of_counter(*, row: UsageException, doubted: Doubted, method: Method | None = None) -> CounterEstimate:
    """
    Return an estimate of the counter value that an exception is about; three statements.

    :param method: this one only; None: the first of the pack that has enough to go by.
    :raises NothingToGoBy: there is none.
    """
    on = doubted.read_date
    found = estimation_facts.counter(service_point_id=row.service_point_id, register_id=row.register_id, on=on)
    if found is None:
        raise _nothing()
    known = estimation_facts.facts(of=found, service_point_id=row.service_point_id, register_id=row.register_id, on=on)
    made = guess(facts=known, methods=[method] if method else estimation_facts.ways(at=on).counters)
    if made is None:
        raise _nothing()
    return CounterEstimate(counter=found, read_date=on, guess=made)


def of_days(*, row: UsageException, doubted: Doubted, today: date, method: Method | None = None) -> DaysEstimate:
    """
    Return an estimate of the interval values that an exception is about: those missing up to the end of its month, or
    those of its day that stand out; two statements.

    :raises NothingToGoBy: too little is known beside them, or too much is missing.
    :raises DaysCorrected: a correction holds on one of them.
    """
    ways = estimation_facts.ways(at=doubted.start_date)
    first, end = local_days(doubted, today)
    if not 0 < (end - first).days <= ways.most_days:
        raise _nothing()
    reach = ways.bounds.within_weeks * 7 * _DAY
    blocks = intervals.days(
        register_ids=[row.register_id], start_date=first - reach - _DAY, end_date=end + reach + _DAY
    )
    block = _whole(blocks, first=first - reach - _DAY, end=end + reach + _DAY)
    if block is None:
        raise _nothing()
    is_known = _spread(block.quality, block.slots) == MEASURED
    doubt = _doubted(row, block)
    curve = Curve(day=block.day, values=block.values, is_known=is_known & ~doubt)
    inside = _inside(block, first, end)
    wanted = doubt if doubt.any() else (inside & (_spread(block.quality, block.slots) == NO_VALUE))
    filled = fill(curve=curve, wanted=wanted, methods=[method] if method else ways.days, bounds=ways.bounds)
    filled = _held_as(filled, block.exponent)
    if not wanted.any() or not filled.is_filled[wanted].all():
        raise _nothing()
    rows = np.flatnonzero(filled.is_filled.any(axis=1))
    _refuse_corrected(row.register_id, block.day[rows])
    has_value = _spread(block.quality, block.slots)[rows] != NO_VALUE
    before = _energy_wh(np.where(has_value, block.values[rows], 0), block.exponent)
    after = _energy_wh(filled.values[rows], block.exponent)
    return DaysEstimate(
        block=block, start_date=date.fromordinal(int(block.day[rows[0]])), filled=filled, rows=rows,
        before_wh=before if doubt.any() else None, after_wh=after,
    )  # fmt: skip


@joins_transaction
def write_days(*, estimate: DaysEstimate, register_id: int) -> None:
    """
    Write estimated interval days as versions that hold; three statements. Whoever estimated holds the register.

    :raises ValuesTooLarge: a day does not fit into the unit that its values need.
    """
    block, rows = estimate.block, estimate.rows
    days = [date.fromordinal(day) for day in block.day[rows].tolist()]
    partitions.ensure(months=sorted({day.replace(day=1) for day in days}))
    held = dict(db.fetch(_VERSIONS, {"register": register_id, "first": days[0], "last": days[-1]}))
    values = estimate.filled.values[rows]
    packed = _packed(values, block.exponent)
    letters = np.where(estimate.filled.is_filled[rows], _GUESSED, _spread(block.quality, block.slots)[rows])
    names = [str(one or "") for one in estimate.filled.methods]
    copying.load(
        table=partitions.PARENT,
        columns={
            "register_id": copying.int8(register_id),
            "day_date": copying.day(block.day[rows]),
            "version": copying.int2(np.array([held.get(day, 0) + 1 for day in days], dtype=np.int64)),
            "start_at": copying.instant(block.start_us[rows]),
            "interval_minutes": copying.int2(block.interval_minutes),
            "exponent": copying.int2(packed.exponent),
            "values": copying.bytea(np.ascontiguousarray(packed.values).view(np.uint8).reshape(len(rows), -1)),
            "total_wh": copying.int8(round_wh(values=values.sum(axis=1), exponent=block.exponent)),
            "quality": copying.bytea(np.ascontiguousarray(letters.astype(np.uint8))),
            "method": copying.texts(names[row] for row in rows.tolist()),
        },
    )


def local_days(doubted: Doubted, today: date) -> tuple[date, date]:
    """Return the local days [first, end) that are looked at: to the end of the month, or the one day of a spike."""
    if doubted.start_date != doubted.end_date:
        return doubted.fact_date, doubted.fact_date + _DAY
    return doubted.fact_date, min(month_of(doubted.fact_date).end, today)


def touched_days(estimate: DaysEstimate) -> tuple[date, date]:
    """Return the local days [first, end) that estimated values lie in: a day of the metering clock touches two."""
    block = estimate.block
    row, slot = np.nonzero(estimate.filled.is_filled)
    at = block.start_us[row] + slot * (block.interval_minutes * 60_000_000)
    clock = local_clock(supplier.current().time_zone)
    first, last = (clock.local_date(_EPOCH + timedelta(microseconds=int(us))) for us in (at.min(), at.max()))
    return first, last + _DAY


def _held_as(filled: FilledCurve, exponent: int) -> FilledCurve:
    """
    Return estimates in whole Wh on days that are too large for the finest unit in which some day near them is kept.

    Rule: what was measured is kept exactly; an estimate is not known to a part of a Wh (house rule).
    """
    unit = 10 ** max(-exponent, 0)
    large = (np.abs(filled.values).max(axis=1, initial=0) > LARGEST)[:, None] & filled.is_filled
    rounded = round_wh(values=filled.values, exponent=min(exponent, 0)) * unit
    return FilledCurve(np.where(large, rounded, filled.values), filled.is_filled, filled.methods)


def _packed(values: Int64, exponent: int) -> Packed:
    """
    Return days as they are kept, each in its own unit, exactly.

    :raises ValuesTooLarge: one does not fit.
    """
    scale = 10 ** (exponent + FINEST_PLACES)
    is_small = np.abs(values).max(initial=0) < LIMIT // scale
    packed = pack_scaled(values * scale) if is_small else None
    if packed is None or not packed.exact.all():
        raise ValuesTooLarge(
            "An estimated day does not fit beside what was measured in it.",
            advice="Check the units of the meter files.",
        )
    return packed


def _whole(blocks: tuple[IntervalColumns, ...], *, first: date, end: date) -> IntervalColumns | None:
    """Return days without a hole, those that are not there without values; None: they are of several lengths."""
    if not blocks or len({block.interval_minutes for block in blocks}) > 1:
        return None
    slots, count = blocks[0].slots, (end - first).days
    values = np.zeros((count, slots), dtype=np.int64)
    letters = np.full((count, slots), NO_VALUE, dtype=np.uint8)
    for block in blocks:
        at = block.day - first.toordinal()
        values[at], letters[at] = block.values, _spread(block.quality, slots)
    day = np.arange(first.toordinal(), end.toordinal(), dtype=np.int64)
    origin = int(blocks[0].start_us[0]) - int(blocks[0].day[0]) * _DAY_US
    return IntervalColumns(
        interval_minutes=blocks[0].interval_minutes, exponent=blocks[0].exponent,
        register_id=np.full(count, blocks[0].register_id[0], dtype=np.int64), day=day,
        start_us=origin + day * _DAY_US, values=values, quality=letters,
    )  # fmt: skip


def _doubted(row: UsageException, block: IntervalColumns) -> Flags:
    """Return which values stand out: those of the day of a spike that are above what was held against it."""
    doubt = np.zeros(block.values.shape, dtype=np.bool_)
    if row.start_date != row.end_date and row.bound is not None:
        at = block.day == row.fact_date.toordinal()
        doubt[at] = round_wh(values=block.values[at], exponent=block.exponent) > row.bound
    return doubt


def _inside(block: IntervalColumns, first: date, end: date) -> Flags:
    """Return which values are of local days [first, end)."""
    clock = local_clock(supplier.current().time_zone)
    step = block.interval_minutes * 60_000_000
    at = block.start_us[:, None] + np.arange(block.slots, dtype=np.int64)[None, :] * step
    return np.asarray((at >= clock.day_start_us(first)) & (at < clock.day_start_us(end)))


def _energy_wh(values: Int64, exponent: int) -> int:
    return int(round_wh(values=np.array([values.sum()], dtype=np.int64), exponent=exponent)[0])


def _spread(quality: np.ndarray, slots: int) -> np.ndarray:
    return np.broadcast_to(quality, (len(quality), slots))


def _nothing() -> NothingToGoBy:
    return NothingToGoBy(
        "Too little is known beside it for an estimate.", advice="Enter the value, or send a crew to read the meter."
    )


def _refuse_corrected(register_id: int, days: Int64) -> None:
    """
    Do nothing where no version of a correction holds on any of some days.

    :raises DaysCorrected: one does.
    """
    if db.fetch(_CORRECTED, {"register": register_id, "days": days.tolist()}):
        raise DaysCorrected("A correction holds on these days.", advice="Undo it first, or correct them anew.")


_CORRECTED = """
SELECT n.day FROM unnest(%(days)s::int[]) AS n(day)
CROSS JOIN LATERAL (SELECT correction_id FROM metering_intervalday
                    WHERE register_id = %(register)s AND day_date = DATE '0001-01-01' + n.day - 1
                    ORDER BY version DESC LIMIT 1) held
WHERE held.correction_id IS NOT NULL LIMIT 1
"""
_VERSIONS = """
SELECT day_date, max(version) FROM metering_intervalday
WHERE register_id = %(register)s AND day_date BETWEEN %(first)s AND %(last)s GROUP BY day_date
"""
