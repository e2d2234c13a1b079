"""What approved energy rested on when a bill was made: spans, counter values, interval days as known then."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from cis.platform import db


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """
    Where a value comes from.

    file, sha256  the delivered file, "" for a value that was typed in
    actor_id      who typed it in; None: the machine, or nobody is known
    """

    file: str
    sha256: str
    actor_id: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class SpanProof:
    """
    Approved energy of a register over [start_date, end_date).

    service_point  external id
    resets         when a register of demand begins anew, "" for energy
    is_interval    summed from interval days; else from counter values
    energy_wh      multiplier included; of a register of demand the largest mean power [Wh, varh or W]
    recorded_wh    what the counter values say, where a correction changed it; else None
    """

    id: int
    service_point_id: int
    service_point: str
    register_id: int
    serial: str
    code: str
    quantity: str
    direction: str
    period_of_use: str
    digits: int
    resets: str
    start_date: date
    end_date: date
    is_interval: bool
    multiplier: int
    energy_wh: int
    recorded_wh: int | None
    is_estimated: bool
    version: int
    approved_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadProof:
    """What a register showed at the start of a local day, before the multiplier. [Wh, varh or W]"""

    id: int
    register_id: int
    read_date: date
    reading_wh: int
    kind: str
    version: int
    received_at: datetime
    origin: Origin


@dataclass(frozen=True, slots=True, kw_only=True)
class DayProof:
    """
    A day of interval values on the metering clock.

    values         packed, little-endian int32 [10^exponent Wh or varh]
    quality        one letter for the day, or one a value
    correction_id  the last correction that the values hold; None: they are as delivered
    """

    register_id: int
    day_date: date
    version: int
    start_at: datetime
    interval_minutes: int
    exponent: int
    values: bytes
    quality: str
    correction_id: int | None
    origin: Origin


@dataclass(frozen=True, slots=True, kw_only=True)
class CorrectedPart:
    """What a correction made of one register over [start_date, end_date). [Wh or varh]"""

    register_id: int
    is_interval: bool
    start_date: date
    end_date: date
    before_wh: int
    after_wh: int


@dataclass(frozen=True, slots=True, kw_only=True)
class CorrectionProof:
    """
    A correction that held when a bill was made; what its fields mean is told in ``models.correction``.

    parts  of some registers, by register and time
    """

    id: int
    cause: str
    start_date: date
    first_share: str
    end_date: date
    factor: str
    normal_start_date: date | None
    normal_end_date: date | None
    added_wh: int | None
    applied_at: datetime
    parts: tuple[CorrectedPart, ...]


def spans(
    *, service_point_ids: Sequence[int], start_date: date, end_date: date, known_at: datetime
) -> tuple[SpanProof, ...]:
    """
    Return the approved spans that held at an instant and overlap [start_date, end_date); one statement.

    Of spans that were replaced since, the one that was approved last before the instant is given; all registers, energy
    drawn and given, active and reactive, in the order of service point, register and start.
    """
    given = {"points": list(service_point_ids), "start": start_date, "end": end_date, "at": known_at}
    held: dict[int, list[SpanProof]] = {}
    for row in db.fetch(_SPANS, given):
        span = SpanProof(**dict(zip(SpanProof.__dataclass_fields__, row, strict=True)))
        mine = held.setdefault(span.register_id, [])
        # The latest approval comes first: what overlaps it was replaced by it.
        if all(span.end_date <= other.start_date or other.end_date <= span.start_date for other in mine):
            mine.append(span)
    found = [span for mine in held.values() for span in mine]
    return tuple(sorted(found, key=lambda span: (span.service_point_id, span.register_id, span.start_date)))


def reads(*, register_ids: Sequence[int], start_date: date, end_date: date) -> tuple[ReadProof, ...]:
    """
    Return all versions of the counter values of some registers in [start_date, end_date], oldest first; one statement.

    Which version a span rests on is the last one received before the span was approved.
    """
    given = {"registers": list(register_ids), "start": start_date, "end": end_date}
    return tuple(
        ReadProof(
            id=row[0],
            register_id=row[1],
            read_date=row[2],
            reading_wh=row[3],
            kind=row[4],
            version=row[5],
            received_at=row[6],
            origin=Origin(file=row[7], sha256=row[8], actor_id=row[9]),
        )
        for row in db.fetch(_READS, given)
    )


def interval_days(
    *, register_ids: Sequence[int], start_date: date, end_date: date, known_at: datetime
) -> tuple[DayProof, ...]:
    """
    Return the interval days of some registers with a metering-clock date in [start_date, end_date); one statement.

    Of each day the last version that had come at an instant, in the order of register and day. A correction that held
    goes before what was delivered: nothing newer is taken while it holds, and what is newer is of when it was undone.
    """
    given = {"registers": list(register_ids), "start": start_date, "end": end_date, "at": known_at}
    return tuple(
        DayProof(
            register_id=row[0],
            day_date=row[1],
            version=row[2],
            start_at=row[3],
            interval_minutes=row[4],
            exponent=row[5],
            values=bytes(row[6]),
            quality=row[7],
            correction_id=row[8],
            origin=Origin(file=row[9], sha256=row[10], actor_id=None),
        )
        for row in db.fetch(_DAYS, given)
    )


def corrections(*, register_ids: Sequence[int], known_at: datetime) -> tuple[CorrectionProof, ...]:
    """
    Return the corrections of some registers that held at an instant, in the order in which they were applied; one
    statement.
    """
    given = {"registers": list(register_ids), "at": known_at}
    heads: dict[int, tuple[Any, ...]] = {}
    parts: dict[int, list[CorrectedPart]] = {}
    for row in db.fetch(_CORRECTIONS, given):
        heads[row[0]] = row[:10]
        parts.setdefault(row[0], []).append(
            CorrectedPart(**dict(zip(CorrectedPart.__dataclass_fields__, row[10:], strict=True)))
        )
    names = tuple(CorrectionProof.__dataclass_fields__)[:-1]
    return tuple(
        CorrectionProof(**dict(zip(names, head, strict=True)), parts=tuple(parts[key])) for key, head in heads.items()
    )


_SPANS = """
SELECT u.id, u.service_point_id, p.external_id, u.register_id, m.serial, g.code, g.quantity, g.direction,
       u.period_of_use, g.digits, g.resets, u.start_date, u.end_date, u.basis = 'interval', u.multiplier, u.energy_wh,
       u.recorded_wh, u.is_estimated, u.version, u.approved_at
FROM metering_usage u
JOIN metering_servicepoint p ON p.id = u.service_point_id
JOIN metering_register g ON g.id = u.register_id
JOIN metering_meter m ON m.id = g.meter_id
WHERE u.service_point_id = ANY(%(points)s) AND u.start_date < %(end)s AND u.end_date > %(start)s
  AND u.approved_at <= %(at)s AND NOT EXISTS (
      SELECT 1 FROM metering_usage n
      WHERE n.service_point_id = u.service_point_id AND n.register_id = u.register_id AND n.start_date = u.start_date
        AND n.version > u.version AND n.approved_at <= %(at)s)
ORDER BY u.approved_at DESC, u.version DESC, u.is_current DESC, u.id DESC
"""
_READS = """
SELECT r.id, r.register_id, r.read_date, r.reading_wh, r.kind, r.version, r.received_at, coalesce(f.name, ''),
       coalesce(f.sha256, ''), r.actor_id
FROM metering_registerread r LEFT JOIN metering_readfile f ON f.id = r.read_file_id
WHERE r.register_id = ANY(%(registers)s) AND r.read_date >= %(start)s AND r.read_date <= %(end)s
ORDER BY r.register_id, r.read_date, r.version
"""
_DAYS = """
SELECT DISTINCT ON (d.register_id, d.day_date) d.register_id, d.day_date, d.version, d.start_at, d.interval_minutes,
       d.exponent, d.values, d.quality, d.correction_id, coalesce(f.name, ''), coalesce(f.sha256, '')
FROM metering_intervalday d
LEFT JOIN metering_readfile f ON f.id = d.read_file_id
LEFT JOIN metering_usagecorrection c ON c.id = d.correction_id
WHERE d.register_id = ANY(%(registers)s) AND d.day_date >= %(start)s AND d.day_date < %(end)s
  AND (f.imported_at IS NULL OR f.imported_at <= %(at)s)
  AND (c.id IS NULL OR (c.decided_at <= %(at)s AND (c.undone_at IS NULL OR c.undone_at > %(at)s)))
ORDER BY d.register_id, d.day_date, c.decided_at DESC NULLS LAST, d.version DESC
"""
_CORRECTIONS = """
SELECT c.id, c.cause, c.start_date, c.first_share, c.end_date, c.factor, c.normal_start_date, c.normal_end_date,
       c.added_wh, c.decided_at, q.register_id, q.replaced_id IS NULL, q.start_date, q.end_date, q.before_wh, q.after_wh
FROM metering_usagecorrection c JOIN metering_correctionpart q ON q.correction_id = c.id
WHERE q.register_id = ANY(%(registers)s) AND c.state NOT IN ('proposed', 'dropped') AND c.decided_at <= %(at)s
  AND (c.undone_at IS NULL OR c.undone_at > %(at)s)
ORDER BY c.decided_at, c.id, q.register_id, q.start_date
"""
