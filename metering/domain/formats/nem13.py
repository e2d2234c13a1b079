"""
NEM13: energy of registers between two reads, a 250 record each.

A field that is missing or wrong rejects its line; a 250 record that breaks off refuses the file. A current read in
the future is taken only when it is an estimate (E): providers send forward estimates. 550 records (service orders)
carry nothing that is kept.
[source: AEMO Meter Data File Format Specification NEM12 & NEM13]
"""

from dataclasses import dataclass
from datetime import date

import numpy as np

from metering.domain.formats.batches import Batch, Dates, Format, Instants, Quality, RegisterSpans
from metering.domain.formats.faults import Fault, FileRefused, LineFault, Rejection, Remark
from metering.domain.formats.fields import (
    NO_INSTANT,
    exact_number,
    instant_of,
    quality_of,
    split,
    unit_of,
    whole_digits,
)
from metering.domain.formats.lines import Chunk
from metering.domain.formats.nem_frame import Frame, breaks_off, is_blank, unknown_record

_SPAN_FIELDS = 20  # up to the unit; scheduled read date and instants may be left out
_ALL_FIELDS = 23
_DAY_SECONDS = 86_400
_LONGEST_NAME = 64
_DIRECTIONS = ("E", "I", "")


@dataclass(frozen=True, slots=True)
class _Span:
    """A 250 record; instants in seconds since 1970."""

    line: int
    nmi: str
    register_id: str
    suffix: str
    serial: str
    direction: str
    previous_wh: int
    previous_digits: int
    previous_at: int
    previous_quality: Quality
    current_wh: int
    current_digits: int
    current_at: int
    current_quality: Quality
    quantity_wh: int
    uom: str
    unit: str
    next_read_at: int
    updated_at: int
    loaded_at: int


class Reader:
    """Reads the chunks of one NEM13 member, in order."""

    def __init__(self, *, member: str, today: date) -> None:
        self._member = member
        self._today_at = (today - date(1970, 1, 1)).days * _DAY_SECONDS
        self._frame = Frame(Format.NEM13, member=member)
        self._has_spans = False
        self._last_line = 0

    def feed(self, chunk: Chunk) -> Batch:
        """
        Return the batch of a chunk.

        :raises FileRefused: a fault of structure, see the module.
        """
        if chunk.too_long:
            raise self._refused(Fault.LINE_TOO_LONG, "The line is too long for any record.", chunk.first_line)
        spans: list[_Span] = []
        rejections: list[Rejection] = []
        remarks: list[Remark] = []
        for line, raw in chunk.numbered():
            if is_blank(raw):
                continue
            try:
                remarks += self._take(split(raw), line, spans)
            except LineFault as fault:
                rejections.append(fault.rejection(line=line, raw=raw))
        self._last_line = chunk.last_line
        self._has_spans = self._has_spans or bool(spans) or bool(rejections)
        if breaks_off(chunk, rejections=rejections, has_ended=self._frame.has_ended):
            raise self._refused(Fault.TRUNCATED_FILE, f"The file breaks off. {rejections[-1].message}", self._last_line)
        return Batch(
            member=self._member,
            header=self._frame.header,
            last_line=self._last_line,
            spans=_columns(spans),
            rejections=tuple(rejections),
            remarks=tuple(remarks),
        )

    def finish(self) -> tuple[Remark, ...]:
        """
        Return the remarks due at the end of the member.

        :raises FileRefused: the member has no record at all.
        """
        return tuple(self._frame.finish(line=self._last_line, has_data=self._has_spans))

    def _take(self, fields: list[str], line: int, spans: list[_Span]) -> list[Remark]:
        match fields[0]:
            case "100":
                return self._frame.begin(fields, line=line)
            case "250":
                remarks = self._frame.enter(line=line)
                if len(fields) < _SPAN_FIELDS:
                    raise self._refused(Fault.TRUNCATED_RECORD, "The 250 record breaks off.", line)
                spans.append(_span_of(fields, line=line, today_at=self._today_at))
                return remarks
            case "550":
                return []
            case "900":
                self._frame.end()
                return []
            case other:
                raise unknown_record(other)

    def _refused(self, fault: Fault, message: str, line: int) -> FileRefused:
        return FileRefused(message, fault=fault, member=self._member, line=line)


def _span_of(fields: list[str], *, line: int, today_at: int) -> _Span:
    """
    Return a 250 record.

    :raises LineFault: a field is missing or wrong.
    """
    if any(fields[_ALL_FIELDS:]):
        raise LineFault(Fault.WRONG_FIELD_COUNT, "There are more fields than a 250 record has.")
    padded = fields + [""] * (_ALL_FIELDS - len(fields))
    _, nmi, _, register_id, suffix, _, serial, direction = padded[:8]
    if not nmi or not suffix or max(len(nmi), len(suffix), len(serial)) > _LONGEST_NAME:
        raise LineFault(Fault.MISSING_IDENTIFIER, "The NMI or the suffix of the register is missing or too long.")
    if direction.upper() not in _DIRECTIONS:
        raise LineFault(Fault.MISSING_IDENTIFIER, f"The direction {direction[:20]!r} is neither E nor I.")
    unit, places = unit_of(padded[19])
    previous_at, current_at = _read_at(padded[9]), _read_at(padded[14])
    previous_quality, current_quality = _quality(padded[10:13]), _quality(padded[15:18])
    _check_dates(previous_at, current_at, today_at, is_estimate=current_quality.letter == "E")
    return _Span(
        line=line,
        nmi=nmi,
        register_id=register_id,
        suffix=suffix,
        serial=serial,
        direction=direction.upper(),
        previous_wh=_reading(padded[8], places),
        previous_digits=whole_digits(padded[8]),
        previous_at=previous_at,
        previous_quality=previous_quality,
        current_wh=_reading(padded[13], places),
        current_digits=whole_digits(padded[13]),
        current_at=current_at,
        current_quality=current_quality,
        quantity_wh=_number(padded[18], places),
        uom=padded[19],
        unit=unit,
        next_read_at=instant_of(padded[20]),
        updated_at=instant_of(padded[21]),
        loaded_at=instant_of(padded[22]),
    )


def _quality(fields: list[str]) -> Quality:
    method, reason_code, reason = fields
    return quality_of(method, reason_code=reason_code, reason=reason)


def _read_at(text: str) -> int:
    at = instant_of(text)
    if at == NO_INSTANT:
        raise LineFault(Fault.BAD_DATE, "The date of a read is missing.")
    return at


def _number(text: str, places: int) -> int:
    if not text:
        raise LineFault(Fault.MISSING_VALUE, "A read or the quantity is missing.")
    return exact_number(text, places=places)


def _reading(text: str, places: int) -> int:
    reading = _number(text, places)
    if reading < 0:
        raise LineFault(Fault.NEGATIVE_VALUE, f"The counter value {text!r} is negative.")
    return reading


def _check_dates(previous_at: int, current_at: int, today_at: int, *, is_estimate: bool) -> None:
    tomorrow_at = today_at + _DAY_SECONDS
    if previous_at >= tomorrow_at or (current_at >= tomorrow_at and not is_estimate):
        raise LineFault(Fault.DATE_IN_FUTURE, "The date of a read is in the future.")
    if current_at < previous_at:
        raise LineFault(Fault.DATES_REVERSED, "The current read is before the previous one.")


def _columns(spans: list[_Span]) -> RegisterSpans:
    def ints(name: str) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
        return np.array([getattr(span, name) for span in spans], dtype=np.int64)

    def instants(name: str) -> Instants:
        return ints(name).astype("datetime64[s]")

    def days(name: str) -> Dates:
        return instants(name).astype("datetime64[D]")

    return RegisterSpans(
        nmi=[span.nmi for span in spans],
        suffix=[span.suffix for span in spans],
        serial=[span.serial for span in spans],
        register_id=[span.register_id for span in spans],
        direction=[span.direction for span in spans],
        uom=[span.uom for span in spans],
        unit=[span.unit for span in spans],
        line=ints("line"),
        previous_wh=ints("previous_wh"),
        previous_digits=ints("previous_digits"),
        previous_at=instants("previous_at"),
        previous_quality=[span.previous_quality for span in spans],
        current_wh=ints("current_wh"),
        current_digits=ints("current_digits"),
        current_at=instants("current_at"),
        current_quality=[span.current_quality for span in spans],
        quantity_wh=ints("quantity_wh"),
        next_read_date=days("next_read_at"),
        updated_at=instants("updated_at"),
        loaded_at=instants("loaded_at"),
    )
