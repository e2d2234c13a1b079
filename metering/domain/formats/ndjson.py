"""
NDJSON of interval values: our own format, one JSON object a line, each with one value or the values of a day.

    {"meter": "SN1", "register": "E1", "start_at": "2026-07-01T00:00:00+08:00", "minutes": 15, "values": [0.125, null]}

    meter, service_point  serial number, or external id; the service point needs its register, and the meter decides
                          where both stand
    register              code; without it the meter's only register
    start_at              start of the first value, with its offset from UTC (needed)
    minutes               length of an interval: divides an hour (needed)
    value, values         energy of each interval, one of the two is needed; null is no value
    unit                  kWh if left out
    quality               a flag (A if left out), or a letter for each value

Numbers are taken as they are written, as digits with a point, or as text; so nothing is rounded on the way. A line
that is wrong is rejected, the others are read. The values of lines that are written plainly are read all at once,
those of others one by one: both ways give the same.
"""

import json
import re
from collections.abc import Sequence
from datetime import date
from typing import Any

import numpy as np

from metering.domain.formats.batches import Batch, Channel, Format, Header
from metering.domain.formats.faults import Fault, LineFault, Note, Rejection, Remark
from metering.domain.formats.lines import Chunk, table_of
from metering.domain.formats.nem_frame import is_blank
from metering.domain.formats.plain_runs import PlainLines
from metering.domain.formats.run_lines import (
    NO_VALUE,
    TOO_LONG,
    Gathered,
    channel_of,
    check_length,
    instant_us,
    letters_of,
    micro,
)

SIGN = b"{"
_NAMES = ("meter", "service_point", "register", "unit", "quality", "start_at", "minutes")
_KNOWN = frozenset((*_NAMES, "value", "values"))
# An object without objects, other lists or escapes, whose values are numbers as JSON writes them, not below 0.
_NUMBER = rb"(?:0|[1-9][0-9]*+)(?:\.[0-9]++)?+"
_PLAIN = re.compile(rb'(\{[^{}\[\]\\]*"values"\s*:\s*\[)(%b(?:, ?%b)*+)(\][^{}\[\]\\]*\})' % (_NUMBER, _NUMBER))


class _Number(str):
    """A number as it is written in JSON."""

    __slots__ = ()


class _Unwanted(ValueError):
    """JSON that no line of this format has."""


class Reader:
    """Reads the chunks of one NDJSON member, in order."""

    def __init__(self, *, member: str, today: date) -> None:
        self._member = member
        self._today = today
        self._has_values = False
        self._ignored: set[str] = set()
        self._last_line = 0

    def feed(self, chunk: Chunk) -> Batch:
        """Return the batch of a chunk."""
        gathered = Gathered()
        rejections: list[Rejection] = []
        remarks: list[Remark] = []
        plain = _Plain()
        plainly: dict[int, bytes] = {}
        for line, raw in chunk.numbered():
            if is_blank(raw):
                continue
            if chunk.too_long:
                rejections.append(TOO_LONG.rejection(line=line, raw=raw))
            elif not self._take_plain(raw, line, plain, gathered, remarks):
                self._take(raw, line, gathered, rejections, remarks)
            else:
                plainly[line] = raw
        taken = plain.take(gathered)
        for line in sorted(plainly.keys() - taken):
            self._take(plainly[line], line, gathered, rejections, remarks)
        runs = gathered.columns()
        self._last_line = chunk.last_line
        self._has_values = self._has_values or len(runs) > 0 or bool(rejections)
        return Batch(
            member=self._member,
            header=Header(Format.NDJSON),
            last_line=self._last_line,
            runs=runs,
            rejections=tuple(sorted(rejections, key=lambda one: one.line)),
            remarks=tuple(remarks),
        )

    def _take(
        self, raw: bytes, line: int, gathered: Gathered, rejections: list[Rejection], remarks: list[Remark]
    ) -> None:
        """Read a line by itself."""
        try:
            given = object_of(raw)
            remarks += self._unknown(given, line)
            take_run(given, line=line, gathered=gathered, today=self._today)
        except LineFault as fault:
            rejections.append(fault.rejection(line=line, raw=raw))

    def _take_plain(self, raw: bytes, line: int, plain: "_Plain", gathered: Gathered, remarks: list[Remark]) -> bool:
        """Read a line but for its values, if it is written plainly and nothing is wrong with it; return whether."""
        match = _PLAIN.fullmatch(raw)
        if match is None:
            return False
        try:
            given = object_of(match[1] + match[3])
            channel, start, quality = _head(given, today=self._today)
            letter = letters_of(quality, count=1)
            count = match[2].count(b",") + 1
            check_length(channel, count=count)
        except LineFault:
            return False
        if "value" in given:
            return False
        remarks += self._unknown(given, line)
        plain.add(channel, start, (letter, count), line=line, values=match[2], gathered=gathered)
        return True

    def finish(self) -> tuple[Remark, ...]:
        """Return the remarks due at the end of the member."""
        return () if self._has_values else (Remark(self._last_line, Note.NO_DATA, "The file has no values."),)

    def _unknown(self, given: dict[str, Any], line: int) -> list[Remark]:
        new = sorted(given.keys() - _KNOWN - self._ignored)
        self._ignored |= set(new)
        return [Remark(line, Note.COLUMN_IGNORED, f"The name {name[:40]!r} is not used.") for name in new]


class _Plain:
    """Lines of a chunk whose values are numbers and nothing else, by quality letter and count."""

    def __init__(self) -> None:
        self._lines: dict[tuple[str, int], PlainLines] = {}
        self._values: dict[tuple[str, int], list[bytes]] = {}

    def add(
        self, channel: Channel, start_us: int, kind: tuple[str, int], *, line: int, values: bytes, gathered: Gathered
    ) -> None:
        """Add a line with the text of its values."""
        self._lines.setdefault(kind, PlainLines()).add(line=line, channel=channel, start_us=start_us, gathered=gathered)
        self._values.setdefault(kind, []).append(values)

    def take(self, gathered: Gathered) -> frozenset[int]:
        """Add what can be read at once to what is gathered; return its lines."""
        taken: list[int] = []
        for kind, lines in self._lines.items():
            letter, count = kind
            table = table_of(b"\n".join(self._values[kind]).replace(b" ", b"") + b"\n")
            ends = table.separators.reshape(-1, count)
            starts = np.concatenate((table.starts[:, None], ends[:, :-1] + 1), axis=1)
            taken += lines.take(views=table.views, starts=starts, ends=ends, letter=letter, gathered=gathered)
        return frozenset(taken)


def take_run(given: dict[str, Any], *, line: int, gathered: Gathered, today: date) -> None:
    """
    Add the run of values that an object says.

    :raises LineFault: what it says is wrong.
    """
    channel, start, quality = _head(given, today=today)
    texts = _values(given)
    check_length(channel, count=len(texts))
    letters = letters_of(quality, count=len(texts))
    if None in texts:
        letters = "".join(NO_VALUE if text is None else letter for letter, text in zip(letters, texts, strict=True))
    values = [0 if text is None else micro(text, channel=channel) for text in texts]
    gathered.add(channel, line=line, start_us=start, values=values, letters=letters)


def _head(given: dict[str, Any], *, today: date) -> tuple[Channel, int, str]:
    """Return stream, start [microseconds since 1970 UTC] and stated quality of an object."""
    named = {name: text_of(given, name=name) for name in _NAMES}
    channel = channel_of(
        point=named["service_point"],
        register=named["register"],
        meter=named["meter"],
        uom=named["unit"],
        minutes=named["minutes"],
    )
    start, day = instant_us(named["start_at"])
    if day > today:
        raise LineFault(Fault.DATE_IN_FUTURE, f"{named['start_at'][:40]!r} is in the future.")
    return channel, start, named["quality"]


def object_of(raw: bytes) -> dict[str, Any]:
    """
    Return the object of a line, its numbers as they are written.

    :raises LineFault: it is not one object of JSON.
    """
    try:
        given = _DECODER.decode(raw.decode(json.detect_encoding(raw), "surrogatepass"))
    except _Unwanted as error:
        raise LineFault(Fault.NOT_JSON, str(error)) from error
    except (ValueError, RecursionError) as error:
        raise LineFault(Fault.NOT_JSON, "The line is not an object of JSON.") from error
    if not isinstance(given, dict):
        raise LineFault(Fault.NOT_JSON, "The line is not an object of JSON.")
    return given


def _refuse_constant(name: str) -> None:
    raise _Unwanted(f"{name} is not a number.")


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise _Unwanted("A name stands twice in the object.")
    return found


_DECODER = json.JSONDecoder(
    parse_float=_Number, parse_int=_Number, parse_constant=_refuse_constant, object_pairs_hook=_unique
)


def text_of(given: dict[str, Any], *, name: str) -> str:
    """
    Return a member that is a text or a number, as it is written; "" where there is none.

    :raises LineFault: it is something else, or has control characters or half of a surrogate pair.
    """
    value = given.get(name)
    if value is None:
        return ""
    if not isinstance(value, str):
        raise LineFault(Fault.NOT_JSON, f"{name!r} is neither a text nor a number.")
    if not value.isprintable():
        raise LineFault(Fault.CONTROL_CHARACTER, f"{name!r} has a sign that cannot be printed.")
    return value.strip()


def _values(given: dict[str, Any]) -> Sequence[str | None]:
    if ("value" in given) == ("values" in given):
        raise LineFault(Fault.MISSING_VALUE, "The line needs either value or values.")
    values = given["values"] if "values" in given else [given["value"]]
    if not isinstance(values, list):
        raise LineFault(Fault.NOT_JSON, "'values' is no list.")
    for value in values:
        if value is not None and not isinstance(value, str):
            raise LineFault(Fault.NOT_A_NUMBER, "A value is not a number.")
    return values
