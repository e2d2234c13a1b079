"""Interval values of service points as files: Green Button, NEM12, CSV and XLSX."""

import csv
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Any

from accounts.queries import supplier
from cis.kernel.calendar import LocalClock, local_clock
from cis.kernel.errors import Refused
from cis.platform import db, sheets
from metering.domain.places import Direction, Quantity
from metering.domain.writing import green_button, nem12, tables
from metering.domain.writing.series import Series, StreamNames, series_of
from metering.queries import intervals

DAYS_MOST = 366
ROWS_MOST = 250_000
_DAY = timedelta(days=1)
_BLOCK = 1 << 16
_PIECE_ROWS = 500


class Form(StrEnum):
    """Forms in which interval values go out."""

    GREEN_BUTTON = "green_button"
    NEM12 = "nem12"
    CSV = "csv"
    XLSX = "xlsx"


class SpanTooLong(Refused):
    """The span ends before it begins, or has more days than are given at a time."""

    code = "span_too_long"


class NoIntervalValues(Refused):
    """There are no interval values in the span."""

    code = "no_interval_values"


@dataclass(frozen=True, slots=True, kw_only=True)
class PlaceSpan:
    """Local dates of a service point, half-open."""

    service_point_id: int
    start_date: date
    end_date: date


@dataclass(frozen=True, slots=True, kw_only=True)
class IntervalFile:
    """A file, piece by piece."""

    name: str
    media_type: str
    pieces: Iterator[bytes]


@dataclass(frozen=True, slots=True, kw_only=True)
class HeldDays:
    """A register that hung at a place and is read in intervals, with the days that are held; None: none are."""

    serial: str
    code: str
    quantity: str
    direction: str
    minutes: int | None
    first_date: date | None
    last_date: date | None
    count: int


def held(*, service_point_id: int) -> tuple[HeldDays, ...]:
    """Return the registers of a place that are read in intervals, the latest meter first; one statement."""
    return tuple(HeldDays(**dict(zip(_HELD_FIELDS, row, strict=True))) for row in db.fetch(_HELD, [service_point_id]))


def check_span(*, start_date: date, end_date: date) -> None:
    """
    Check that a span of local dates may be given in one file.

    :raises SpanTooLong: it may not.
    """
    if not start_date < end_date <= start_date + DAYS_MOST * _DAY:
        message = f"From {start_date} to {end_date} is no span of 1 to {DAYS_MOST} days."
        raise SpanTooLong(message, advice="Choose a shorter one.", field="until")


def series(*, spans: Sequence[PlaceSpan], clock: LocalClock) -> tuple[Series, ...]:
    """
    Return the interval values of some service points that hold, by place and register; two statements.

    Of registers of active and reactive energy, while their meters hung there.
    """
    given = {
        "points": [span.service_point_id for span in spans],
        "starts": [span.start_date for span in spans],
        "ends": [span.end_date for span in spans],
    }
    names = [_named(row, clock) for row in db.fetch(_STREAMS, given)]
    if not names:
        return ()
    blocks = intervals.days(
        register_ids=sorted({one.register_id for one in names}),
        start_date=min(span.start_date for span in spans) - _DAY,
        end_date=max(span.end_date for span in spans) + _DAY,
    )
    return series_of(blocks=blocks, names=names)


def from_supplier(*, form: Form, spans: Sequence[PlaceSpan], name: str, at: datetime) -> IntervalFile:
    """Return interval values as the supplier writes them, in its time zone; see ``as_file``."""
    card = supplier.current()
    clock = local_clock(card.time_zone)
    return as_file(form=form, spans=spans, name=name, sender=card.code, clock=clock, created_at=at)


def as_file(
    *, form: Form, spans: Sequence[PlaceSpan], name: str, sender: str, clock: LocalClock, created_at: datetime
) -> IntervalFile:
    """
    Return the interval values of some service points as a file; two statements.

    name    of the file, without its ending
    sender  who writes it, as NEM12 says it

    :raises NoIntervalValues: there are none.
    :raises OffMarketClock: NEM12 cannot hold them.
    :raises TooManyRows: a workbook cannot.
    """
    found = series(spans=spans, clock=clock)
    if not found:
        raise NoIntervalValues("No interval values are held of these days.", advice="Choose other days.")
    ending, media_type = _KINDS[form]
    return IntervalFile(
        name=f"{name}.{ending}",
        media_type=media_type,
        pieces=_WRITERS[form](found, name, sender, clock, created_at),
    )


def _named(row: Sequence[Any], clock: LocalClock) -> StreamNames:
    register_id, place, serial, code, quantity, direction, start, end = row
    return StreamNames(
        register_id=register_id, place=place, serial=serial, code=code,
        unit="varh" if quantity == Quantity.REACTIVE else "Wh", is_export=direction == Direction.EXPORT,
        from_us=clock.day_start_us(start), until_us=clock.day_start_us(end),
    )  # fmt: skip


def _feed(found: Sequence[Series], name: str, _sender: str, clock: LocalClock, at: datetime) -> Iterator[bytes]:
    return green_button.write_feed(title=name, series=found, clock=clock, created_at=at)


def _days(found: Sequence[Series], _name: str, sender: str, _clock: LocalClock, at: datetime) -> Iterator[bytes]:
    return nem12.write_days(series=found, sender=sender, created_at=at)


def _lines(found: Sequence[Series], _name: str, _sender: str, clock: LocalClock, _at: datetime) -> Iterator[bytes]:
    lines: list[str] = []
    writer = csv.writer(_Lines(lines))
    writer.writerow(tables.HEADER)
    for row in tables.rows(series=found, clock=clock):
        writer.writerow(row)
        if len(lines) >= _PIECE_ROWS:
            yield "".join(lines).encode()
            lines.clear()
    yield "".join(lines).encode()


def _book(found: Sequence[Series], name: str, _sender: str, clock: LocalClock, _at: datetime) -> Iterator[bytes]:
    rows = tables.rows(series=found, clock=clock)
    book = sheets.write(title=name, header=tables.HEADER, rows=rows, rows_most=ROWS_MOST)
    return iter(lambda: book.read(_BLOCK), b"")


class _Lines:
    """A file that keeps its lines."""

    def __init__(self, lines: list[str]) -> None:
        self._lines = lines

    def write(self, text: str) -> None:
        self._lines.append(text)


_Writer = Callable[[Sequence[Series], str, str, LocalClock, datetime], Iterator[bytes]]
_WRITERS: dict[Form, _Writer] = {
    Form.GREEN_BUTTON: _feed, Form.NEM12: _days, Form.CSV: _lines, Form.XLSX: _book,
}  # fmt: skip
_KINDS = {
    Form.GREEN_BUTTON: ("xml", "application/atom+xml"),
    Form.NEM12: ("nem12.csv", "text/csv; charset=utf-8"),
    Form.CSV: ("csv", "text/csv; charset=utf-8"),
    Form.XLSX: ("xlsx", sheets.MEDIA_TYPE),
}
_STREAMS = """
SELECT g.id, s.external_id, m.serial, g.code, g.quantity, g.direction,
       greatest(lower(i.period), w.start_date), least(upper(i.period), w.end_date)
FROM unnest(%(points)s::bigint[], %(starts)s::date[], %(ends)s::date[]) AS w(point, start_date, end_date)
JOIN metering_servicepoint s ON s.id = w.point
JOIN metering_installation i ON i.service_point_id = w.point AND i.period && daterange(w.start_date, w.end_date)
JOIN metering_meter m ON m.id = i.meter_id
JOIN metering_register g ON g.meter_id = m.id AND g.is_interval AND g.quantity IN ('active', 'reactive')
ORDER BY s.external_id, lower(i.period), m.serial, g.code, w.start_date
"""
_HELD_FIELDS = tuple(HeldDays.__dataclass_fields__)
# Days of the metering clock while the meter hung there; the end of both may reach a day further than local dates.
_HELD = """
SELECT m.serial, g.code, g.quantity, g.direction, max(d.interval_minutes), min(d.day_date), max(d.day_date),
       count(DISTINCT d.day_date)
FROM metering_installation i
JOIN metering_meter m ON m.id = i.meter_id
JOIN metering_register g ON g.meter_id = m.id AND g.is_interval AND g.quantity IN ('active', 'reactive')
LEFT JOIN metering_intervalday d ON d.register_id = g.id AND i.period @> d.day_date
WHERE i.service_point_id = %s
GROUP BY i.id, m.serial, g.id
ORDER BY lower(i.period) DESC, m.serial, g.code
"""
