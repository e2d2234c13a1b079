"""Spans that reads and interval days give, as rows of the usage table."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import numpy as np

from cis.kernel.calendar import LocalClock
from cis.kernel.fixed import Int64
from cis.kernel.periods import Period, month_of
from cis.platform import db
from metering.domain.demand import RESETS, DemandDoubt, between_resets
from metering.domain.intervals import IntervalColumns, Window, sum_spans
from metering.domain.network import PointState
from metering.domain.places import Direction, Quantity
from metering.domain.registers import SpanCode
from metering.domain.usage import NO_READ, Cuts, Doubts, Hangings, Reads, Spans, between_reads, required_days
from metering.domain.vee_columns import Counted
from metering.queries import intervals
from metering.queries.usage_rows import Expected, Kept

_DAY = timedelta(days=1)
MISSING_DAYS = "days_missing"
MISSING_READ = "read_missing"
MISSING = (MISSING_READ, MISSING_DAYS)
"""What is missing of registers other than those that count what customers draw may not be needed at all."""
_SAID = {
    NO_READ: ("read_missing", "There is no read of {day}.", "Enter or import the read of that date."),
    int(SpanCode.ABOVE_MAXIMUM): (
        "above_maximum",
        "Up to {day} the register counted more than the supply can carry.",
        "Check the read, the multiplier and the agreed capacity.",
    ),
    int(SpanCode.DECREASED): (
        "decreased",
        "The reading of {day} is below the one before, and no rollover explains it.",
        "Correct the wrong read of the two.",
    ),
    int(SpanCode.AMBIGUOUS): (
        "ambiguous",
        "Up to {day} the dial may have run forward or backward.",
        "Read the meter again and correct the read.",
    ),
    int(SpanCode.OFF_DIAL): (
        "off_dial",
        "The reading of {day} has more digits than the register.",
        "Check the read and the digits of the register.",
    ),
    int(DemandDoubt.UNMOVED): (
        "demand_unmoved",
        "Up to {day} the register of demand did not move, so it may show what was before.",
        "Let the register be reset with each read, or read the demand from interval values.",
    ),
    int(DemandDoubt.FELL): (
        "demand_fell",
        "Up to {day} the register of demand was reset by hand, so it is not known since when it counts.",
        "Enter the read of the date on which it was reset.",
    ),
    int(DemandDoubt.MONTH_CUT): (
        "demand_month_cut",
        "Before {day} the register of demand began a new month, and it was not read then.",
        "Enter or import the read of the first day of the month.",
    ),
    int(DemandDoubt.TOO_HIGH): (
        "demand_too_high",
        "The demand read on {day} is more than the supply can carry.",
        "Check the read, the multiplier and the agreed capacity.",
    ),
    int(DemandDoubt.OFF_DIAL): (
        "off_dial",
        "The reading of {day} has more digits than the register.",
        "Check the read and the digits of the register.",
    ),
}


def is_due(finding: "UsageFinding", *, today: date) -> bool:
    """Return whether what is missing should be there by now: a read of its date, days once their month is over."""
    if finding.code == MISSING_DAYS:
        return month_of(finding.day).end <= today
    return finding.code != MISSING_READ or finding.day <= today


@dataclass(frozen=True, slots=True)
class UsageFinding:
    """What keeps the energy of a register from being approved, and what to do about it."""

    service_point_id: int
    register_id: int
    day: date
    code: str
    message: str
    advice: str

    @classmethod
    def overlap(cls, span: Expected, other: Expected) -> "UsageFinding":
        """Return the finding that another approved span covers a new one and reaches out of the window."""
        since, until = date.fromordinal(other.start_day), date.fromordinal(other.end_day)
        return cls(
            span.service_point_id,
            span.register_id,
            date.fromordinal(span.start_day),
            "span_overlaps",
            f"The energy from {since} to {until} is approved as one span.",
            "Approve over the whole of that span.",
        )

    @classmethod
    def corrected(cls, span: Expected, held: Kept) -> "UsageFinding":
        """Return the finding that a span was corrected, and its counter values say something else since."""
        since, until = date.fromordinal(held.span.start_day), date.fromordinal(held.span.end_day)
        return cls(
            span.service_point_id,
            span.register_id,
            date.fromordinal(span.start_day),
            "span_corrected",
            f"The energy from {since} to {until} was corrected, and its reads have changed since.",
            f"Undo correction {held.correction_id}, approve the usage, and correct again what is still wrong.",
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class RegisterFacts:
    """What validation must know of a register at a service point."""

    meter_id: int
    counted: Counted
    is_export: bool
    is_interval: bool
    is_connected: bool
    voltage: str
    capacity_w: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Hung:
    """
    The registers that hung at some service points.

    counters, intervals, demands  by how they are read
    resets                        (h,) when each hanging of ``demands`` begins anew, place in ``demand.RESETS``
    codes                         codes of periods of use that ``Hangings.period_of_use`` counts in
    drawn                         ids of those that count what customers draw, which may not be missing; whether others
                                  are missed depends on the tariff, so billing says it
    facts                         of each service point and register
    """

    counters: Hangings
    intervals: Hangings
    demands: Hangings
    resets: Int64
    codes: list[str]
    drawn: frozenset[int]
    facts: Mapping[tuple[int, int], RegisterFacts]


def hangings(points: list[int], period: Period) -> Hung:
    """Return the registers that hung at some service points; one statement."""
    found = db.fetch(_HANGINGS, {"points": points, "start": period.start, "end": period.end})
    facts = {(row[_HEAD + 2], row[_HEAD + 3]): _facts(row) for row in found}
    drawn = frozenset(
        register for (_, register), one in facts.items() if one.counted is Counted.ACTIVE and not one.is_export
    )
    rows = [(RESETS.index(row[_HEAD]), *row[_HEAD + 1 :]) for row in found]
    codes = sorted({row[-1] for row in rows})
    place = {code: at for at, code in enumerate(codes)}
    table = np.array([(*row[:-1], place[row[-1]]) for row in rows], dtype=np.int64).reshape(-1, 10)
    resets, is_interval = table[:, 0], table[:, 1] == 1
    fields = tuple(Hangings.__dataclass_fields__)

    def columns(part: Int64) -> Hangings:
        return Hangings(**{name: part[:, at + 2].copy() for at, name in enumerate(fields)})

    return Hung(
        counters=columns(table[~is_interval & (resets == 0)]),
        intervals=columns(table[is_interval]),
        demands=columns(table[resets > 0]),
        resets=resets[resets > 0],
        codes=codes,
        drawn=drawn,
        facts=facts,
    )


_HEAD = 5
"""Columns of _HANGINGS that tell of the register; the others are columns of Hangings."""
_CAPACITY = -2
_COUNTED = {Quantity.ACTIVE: Counted.ACTIVE, Quantity.REACTIVE: Counted.REACTIVE, Quantity.DEMAND: Counted.DEMAND}


def _facts(row: tuple[Any, ...]) -> RegisterFacts:
    meter, quantity, direction, state, voltage = row[:_HEAD]
    return RegisterFacts(
        meter_id=meter,
        counted=_COUNTED[Quantity(quantity)],
        is_export=direction == Direction.EXPORT,
        is_interval=row[_HEAD + 1] == 1,
        is_connected=state == PointState.CONNECTED,
        voltage=voltage,
        capacity_w=row[_CAPACITY],
    )


_HANGINGS = """
SELECT g.meter_id, g.quantity, g.direction, s.state, s.voltage,
       g.resets, g.is_interval::int, i.service_point_id, g.id,
       greatest(lower(i.period), %(start)s::date) - DATE '0001-01-01' + 1,
       least(upper(i.period), %(end)s::date) - DATE '0001-01-01' + 1,
       i.multiplier, g.digits, s.capacity_w, g.period_of_use
FROM metering_installation i
JOIN metering_servicepoint s ON s.id = i.service_point_id
JOIN metering_register g ON g.meter_id = i.meter_id
WHERE i.service_point_id = ANY(%(points)s) AND i.period && daterange(%(start)s, %(end)s)
ORDER BY i.service_point_id, g.id, i.period
"""


def from_reads(hung: Hung, period: Period, cuts: Cuts, findings: list[UsageFinding]) -> Iterator[Expected]:
    """Yield the spans of registers read as counters; one statement."""
    if not len(hung.counters):
        return
    spans, doubts = between_reads(hangings=hung.counters, reads=_reads(hung.counters.register_id, period), cuts=cuts)
    yield from _expected(hung.counters, hung.codes, spans, doubts, findings)


def from_demands(hung: Hung, period: Period, cuts: Cuts, findings: list[UsageFinding]) -> Iterator[Expected]:
    """Yield the spans of registers of demand, with the largest power of each; one statement if there are any."""
    if not len(hung.demands):
        return
    reads = _reads(hung.demands.register_id, period)
    spans, doubts = between_resets(hangings=hung.demands, resets=hung.resets, reads=reads, cuts=cuts)
    yield from _expected(hung.demands, hung.codes, spans, doubts, findings)


def _expected(
    counters: Hangings, codes: list[str], spans: Spans, doubts: Doubts, findings: list[UsageFinding]
) -> Iterator[Expected]:
    """Yield spans between reads as rows, and note what is doubtful."""
    for hanging, day, code in zip(doubts.hanging.tolist(), doubts.day.tolist(), doubts.code.tolist(), strict=True):
        findings.append(_finding(counters, hanging, date.fromordinal(day), *_SAID[code]))
    at = spans.hanging
    yield from map(
        Expected._make,
        zip(
            counters.service_point_id[at].tolist(),
            counters.register_id[at].tolist(),
            spans.start_day.tolist(),
            spans.end_day.tolist(),
            spans.energy_wh.tolist(),
            counters.multiplier[at].tolist(),
            spans.start_reading_wh.tolist(),
            spans.end_reading_wh.tolist(),
            spans.is_estimated.tolist(),
            [False] * len(spans),
            [codes[code] for code in counters.period_of_use[at].tolist()],
            strict=True,
        ),
    )


_READ = np.dtype([("register_id", ">i8"), ("day", ">i4"), ("reading_wh", ">i8"), ("is_estimated", "?")])


def _reads(register_ids: Int64, period: Period) -> Reads:
    wanted = np.unique(register_ids).tolist()
    ((packed,),) = db.fetch(_READS, {"registers": wanted, "start": period.start, "end": period.end})
    rows = np.frombuffer(packed or b"", dtype=_READ)
    return Reads(
        register_id=rows["register_id"].astype(np.int64),
        day=rows["day"].astype(np.int64),
        reading_wh=rows["reading_wh"].astype(np.int64),
        is_estimated=rows["is_estimated"].astype(np.bool_),
    )


_READS = """
SELECT string_agg(int8send(register_id) || int4send(read_date - DATE '0001-01-01' + 1) || int8send(reading_wh)
                  || boolsend(kind = 'estimated'), '' ORDER BY register_id, read_date)
FROM (
    SELECT DISTINCT ON (register_id, read_date) * FROM metering_registerread
    WHERE register_id = ANY(%(registers)s) AND read_date BETWEEN %(start)s AND %(end)s
    ORDER BY register_id, read_date, version DESC
) held
"""


def interval_days(hung: Hung, period: Period) -> tuple[IntervalColumns, ...]:
    """Return the interval days that spans of a window are summed from; one statement if any register has some."""
    if not len(hung.intervals):
        return ()
    return intervals.days(
        register_ids=np.unique(hung.intervals.register_id),
        start_date=period.start - 2 * _DAY,
        end_date=period.end + 2 * _DAY,
    )


def from_intervals(
    hung: Hung, blocks: tuple[IntervalColumns, ...], cuts: Cuts, clock: LocalClock, findings: list[UsageFinding]
) -> Iterator[Expected]:
    """
    Yield the spans of interval registers that have a value for each interval.

    Interval values of meter files are energy already: the multiplier is not applied to them.
    """
    registers, codes = hung.intervals, hung.codes
    if not len(registers):
        return
    hanging, start, end = _local_spans(registers, cuts)
    ids = registers.register_id[hanging]
    found = sum_spans(blocks=blocks, window=Window(ids, instants(start, clock), instants(end, clock)))
    points = registers.service_point_id[hanging].tolist()
    for n in range(len(hanging)):
        if found.is_complete[n]:
            code = codes[int(registers.period_of_use[hanging[n]])]
            energy, is_estimated = int(found.energy_wh[n]), bool(found.is_estimated[n])
            span = (points[n], int(ids[n]), int(start[n]), int(end[n]), energy, 1, None, None, is_estimated, True, code)
            yield Expected(*span)
    lacking = np.flatnonzero(~found.is_complete)
    if lacking.size:
        findings.extend(_missing_days(registers, hanging[lacking], start[lacking], end[lacking], blocks, clock))


def _local_spans(registers: Hangings, cuts: Cuts) -> tuple[Int64, Int64, Int64]:
    """Return hanging, first and end day of each span between two days on which spans end."""
    hanging, day = required_days(hangings=registers, cuts=cuts)
    same = np.flatnonzero(hanging[1:] == hanging[:-1])
    return hanging[same], day[same], day[same + 1]


def instants(days: Int64, clock: LocalClock) -> Int64:
    """Return the instant at which each local day begins, (n,). [microseconds since 1970 UTC]"""
    unique, place = np.unique(days, return_inverse=True)
    starts = [clock.day_start_us(date.fromordinal(day)) for day in unique.tolist()]
    return np.array(starts, dtype=np.int64)[place]


def _missing_days(
    registers: Hangings,
    hanging: Int64,
    start: Int64,
    end: Int64,
    blocks: tuple[IntervalColumns, ...],
    clock: LocalClock,
) -> Iterator[UsageFinding]:
    """Yield a finding for each span: its first local day without all of its values, and how many there are."""
    span = np.repeat(np.arange(len(hanging)), end - start)
    day = np.concatenate([np.arange(first, last) for first, last in zip(start.tolist(), end.tolist(), strict=True)])
    ids = registers.register_id[hanging[span]]
    window = Window(ids, instants(day, clock), instants(day + 1, clock))
    complete = sum_spans(blocks=blocks, window=window).is_complete
    for n in range(len(hanging)):
        days = day[(span == n) & ~complete]
        first = date.fromordinal(int(days[0]) if days.size else int(start[n]))
        message = f"Interval values of {max(days.size, 1)} local days are missing, the first on {first}."
        yield _finding(registers, int(hanging[n]), first, "days_missing", message, "Import the missing days.")


def _finding(hanging: Hangings, row: int, day: date, code: str, message: str, advice: str) -> UsageFinding:
    point, register = int(hanging.service_point_id[row]), int(hanging.register_id[row])
    return UsageFinding(point, register, day, code, message.format(day=day), advice)
