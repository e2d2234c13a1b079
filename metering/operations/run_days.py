"""Runs of interval values on their way to days: on which clock a register keeps them, and the days that they make."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import numpy as np

from cis.kernel.calendar import LocalClock
from cis.kernel.fixed import Int64
from cis.platform import db
from cis.platform.db import joins_transaction
from metering.domain.day_merging import ClockDays
from metering.domain.formats.batches import MARKET_UTC_OFFSET_MINUTES, Channel, Instants, IntervalDays, IntervalRuns
from metering.domain.formats.day_values import pack_scaled
from metering.domain.formats.fields import FINEST_PLACES
from metering.domain.reads import ReadFault
from metering.domain.resolving import QUANTITY_OF_UNIT, Hanging, Missed, named
from metering.operations.interval_days import NEVER, UNIX_DAY, Resolved
from metering.operations.resolver import NAMES_KEPT

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_SECOND_US = 1_000_000
_QUARTER_S = 900
_QUARTER_US = _QUARTER_S * _SECOND_US
_MARKET_OFFSET_S = MARKET_UTC_OFFSET_MINUTES * 60
_MOST_PLACES = 9  # 2^31 x 10^9 still fits into int64


def standard_offset(clock: LocalClock, *, year: int) -> int:
    """Return how far a zone's standard time is ahead of UTC, so without an hour of summer. [min]"""
    winters = (datetime(year, month, 1, tzinfo=UTC).astimezone(clock.zone).utcoffset() for month in (1, 7))
    return min(int(offset.total_seconds()) // 60 for offset in winters if offset is not None)


class Clocks:
    """The clocks that registers keep their days on; those that have none yet get the supplier's standard time."""

    def __init__(self, *, utc_offset_minutes: int) -> None:
        self._own = utc_offset_minutes
        self._known: dict[int, int] = {}

    def trim(self) -> None:
        """Forget what is known when it is much; between batches, so that memory stays flat."""
        if len(self._known) > NAMES_KEPT:
            self._known.clear()

    def note(self, *, register_id: int, utc_offset_minutes: int) -> None:
        """Remember the clock of a register that has one of its own."""
        self._known[register_id] = utc_offset_minutes

    def is_market(self, register_id: Int64) -> np.ndarray:
        """Return which registers keep market time, as far as it was noted, (n,)."""
        foreign = [each for each, offset in self._known.items() if offset != MARKET_UTC_OFFSET_MINUTES]
        return np.asarray(~np.isin(register_id, foreign))

    @joins_transaction
    def of(self, register_id: Int64) -> Int64:
        """
        Return the offset of each register's clock from UTC, (n,); one statement at most. [min]

        A register without a clock keeps market time when it has days, else it gets the supplier's clock now. The
        caller has locked the registers.
        """
        unique, place = np.unique(register_id, return_inverse=True)
        new = [each for each in unique.tolist() if each not in self._known]
        if new:
            given = {"ids": new, "own": self._own, "market": MARKET_UTC_OFFSET_MINUTES}
            self._known.update(dict(db.fetch(_CLOCKS, given)))
        offsets = np.array([self._known[each] for each in unique.tolist()], dtype=np.int64)
        return np.asarray(offsets[place])


_CLOCKS = """
WITH made AS (
    UPDATE metering_register r SET utc_offset_minutes = %(own)s
    WHERE r.id = ANY(%(ids)s) AND r.utc_offset_minutes IS NULL
      AND NOT EXISTS (SELECT FROM metering_intervalday d WHERE d.register_id = r.id)
    RETURNING r.id
)
SELECT r.id, coalesce(r.utc_offset_minutes, CASE WHEN m.id IS NULL THEN %(market)s ELSE %(own)s END)
FROM metering_register r LEFT JOIN made m ON m.id = r.id
WHERE r.id = ANY(%(ids)s)
"""


def sole_registers(hung: Sequence[Sequence[Hanging] | Missed], *, channel: Int64, first: Int64, last: Int64) -> Int64:
    """
    Return the register of each run whose stream means one register alone, that hung there then; (n,), else 0.

    This is ``resolving.choose`` for nearly all streams of a file, at once.

    hung         what each stream may mean
    channel      (n,) stream of each run
    first, last  (n,) local dates of its first and last value, ``date.toordinal``
    """
    facts = [
        (found[0].register_id, found[0].start_day, found[0].end_day)
        if not isinstance(found, Missed) and len(found) == 1
        else (0, 0, 0)
        for found in hung
    ]
    register, start, end = np.array(facts, dtype=np.int64).reshape(-1, 3)[channel].T
    return np.where((start <= last) & (first < end), register, 0)


def resolved(laid: ClockDays, *, line: Int64) -> tuple[Resolved, Int64]:
    """
    Return days on the clocks of their registers as the store takes them, and which of them do not fit into int32.

    line  of each run
    """
    packed = pack_scaled(laid.values)
    slots = laid.values.shape[1]
    days = IntervalDays(
        channel=np.zeros(len(laid), dtype=np.int64),
        line=line[laid.run],
        day_date=laid.day.astype("datetime64[D]"),
        slots=np.full(len(laid), slots, dtype=np.int64),
        exponent=packed.exponent,
        values=packed.values.reshape(-1),
        quality=_quality(laid),
        missing=slots - laid.given,
    )
    rows = np.flatnonzero(packed.exact)
    given = Resolved(
        days=days,
        rows=rows,
        register_id=laid.register_id[rows],
        start_us=laid.start_us[rows],
        updated_us=np.full(len(rows), NEVER, dtype=np.int64),
        given=laid.given[rows],
        is_in_parts=True,
    )
    return given, np.flatnonzero(~packed.exact)


def _quality(laid: ClockDays) -> list[str]:
    """Return a letter for each day that has one, else a letter a value."""
    is_uniform = (laid.quality == laid.quality[:, :1]).all(axis=1)
    whole, slots = laid.quality.tobytes().decode("ascii"), laid.quality.shape[1]
    return [
        whole[at * slots] if uniform else whole[at * slots : (at + 1) * slots]
        for at, uniform in enumerate(is_uniform.tolist())
    ]


def runs_of(days: IntervalDays, *, rows: Int64) -> tuple[IntervalRuns, Int64]:
    """Return days of market time as runs, and which of the rows hold values too large to be laid on another clock."""
    places = days.exponent[rows] + FINEST_PLACES
    fitting = rows[places <= _MOST_PLACES]
    offsets, count = days.offsets(), days.slots[fitting]
    pick = np.repeat(offsets[fitting] - (np.cumsum(count) - count), count) + np.arange(int(count.sum()))
    unit = np.repeat(10 ** (days.exponent[fitting] + FINEST_PLACES), count)
    letters = "".join(
        days.quality[row] if len(days.quality[row]) > 1 else days.quality[row] * int(days.slots[row])
        for row in fitting.tolist()
    )
    day_us = days.day_date[fitting].astype("datetime64[us]").astype(np.int64)
    runs = IntervalRuns(
        channels=days.channels,
        channel=days.channel[fitting],
        line=days.line[fitting],
        start_us=day_us - MARKET_UTC_OFFSET_MINUTES * 60_000_000,
        count=count,
        values=days.values[pick].astype(np.int64) * unit,
        quality=np.frombuffer(letters.encode("ascii"), dtype=np.uint8),
    )
    return runs, rows[places > _MOST_PLACES]


def dates_of(clock: LocalClock, at_us: Int64) -> Int64:
    """Return the local dates of instants, ``date.toordinal``, (n,)."""
    quarter, place = np.unique(at_us // _QUARTER_US, return_inverse=True)
    local = [wall_seconds(clock, int(each) * _QUARTER_S) for each in quarter.tolist()]
    return np.asarray((np.array(local, dtype=np.int64) // 86_400 + UNIX_DAY)[place])


def interval_registers(known: tuple[Hanging, ...] | None, channel: Channel) -> Sequence[Hanging] | Missed:
    """Return the interval registers that a stream may mean among those known under its name, or why there is none."""
    if known is not None and len(known) == 1 and _is_meant(known[0], channel):
        return known  # nearly all streams of a file
    name = channel.nmi or channel.serial
    fault = ReadFault.UNKNOWN_SERVICE_POINT if channel.nmi else ReadFault.UNKNOWN_METER
    found = named(known=known, name=name, code=channel.suffix, unit=channel.unit, fault=fault)
    if isinstance(found, Missed):
        return found
    intervals = [hanging for hanging in found if hanging.is_interval]
    if intervals:
        return intervals
    message = f"Register {channel.suffix} of {name} is not read in intervals."
    return Missed(ReadFault.NOT_INTERVAL_REGISTER, message)


def _is_meant(hanging: Hanging, channel: Channel) -> bool:
    return (
        hanging.is_interval
        and hanging.code == channel.suffix
        and hanging.quantity == QUANTITY_OF_UNIT.get(channel.unit)
    )


def wall_seconds(clock: LocalClock, utc_seconds: int) -> int:
    """Return what the clock on the wall shows at an instant, as seconds since 1970. [s]"""
    shown = (_EPOCH + timedelta(seconds=utc_seconds)).astimezone(clock.zone).replace(tzinfo=UTC)
    return int((shown - _EPOCH).total_seconds())


def market_us(at: Instants) -> Int64:
    """Return instants in market time as microseconds since 1970 UTC; NEVER where nothing is said."""
    seconds = at.astype(np.int64)
    return np.where(np.isnat(at), NEVER, (np.where(np.isnat(at), 0, seconds) - _MARKET_OFFSET_S) * _SECOND_US)
