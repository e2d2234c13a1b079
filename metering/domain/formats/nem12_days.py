"""
300 records of a chunk to columns: whole matrices of days x slots at once, unusual lines one by one.

The fast way takes a day only when each field is a plain decimal, the date and the fields after the values are
regular and the values fit their exponent exactly. Everything else goes the slow way, which alone decides what is
rejected and what refuses the file, so both ways give the same columns.
"""

from dataclasses import dataclass, field
from datetime import date
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from cis.kernel.fixed import Int64
from metering.domain.formats import day_values, decimals
from metering.domain.formats.batches import Channel, IntervalDays, Quality, QualityEvent
from metering.domain.formats.day_values import Packed
from metering.domain.formats.decimals import Flags
from metering.domain.formats.faults import Fault, FileRefused, LineFault, Note, Rejection, Remark
from metering.domain.formats.fields import (
    ENERGY_UNITS,
    FINEST_PLACES,
    day_of,
    exact_number,
    instant_of,
    is_quality,
    quality_of,
    split,
)
from metering.domain.formats.lines import Table

NO_BLOCK, FAULTY_BLOCK = -1, -2

_DATE_LENGTH = 8
_VALUES_AT = 2  # fields before the first value: 300 and the date
_TAIL_FIELDS = 5  # quality, reason code, reason, update and load instants
_TAILS_KEPT = 20_000
_VALUES_AT_ONCE = 8192
_DAY = 24 * 60  # minutes
_YEAR, _MONTH = 10_000, 100
_EPOCH_DAY = date(1970, 1, 1).toordinal()
_EARLIEST_YEAR = 1970


class Tail(NamedTuple):
    """Fields after the values: quality, and instants in seconds since 1970."""

    quality: Quality
    updated: int
    loaded: int


Tails = dict[bytes, Tail | None]
"""Tails seen before, as they were written; None: not regular."""


@dataclass(frozen=True, slots=True)
class Plan:
    """
    The 300 records of a chunk, r rows, and what other records say about them.

    latest    last date that may be read: days after it lie in the future
    lines     (r,) index into the table, ascending
    channel   (r,) index into channels, or NO_BLOCK, FAULTY_BLOCK
    is_usual  (r,) written without quotation marks around the record's number
    events    by line index: slots [first, end) and their quality, from 400 records
    spoiled   by line index: days that are rejected for a faulty 400 record
    """

    table: Table
    first_line: int
    member: str
    latest: date
    channels: tuple[Channel, ...]
    lines: Int64
    channel: Int64
    is_usual: Flags
    events: dict[int, list[tuple[int, int, Quality]]]
    spoiled: dict[int, Rejection]


@dataclass(slots=True)
class _Draft:
    """Rows as they are filled; ``taken`` marks those that are loaded."""

    taken: Flags
    day: Int64
    exponent: Int64
    tails: list[Tail | None]
    pieces: list[tuple[Int64, NDArray[np.int32]]] = field(default_factory=list)
    blanks: dict[int, list[int]] = field(default_factory=dict)
    rejections: list[Rejection] = field(default_factory=list)


def read(plan: Plan, *, tails: Tails) -> tuple[IntervalDays, list[Rejection], list[Remark]]:
    """
    Return the days of a chunk, what was rejected and what is to be remarked.

    :raises FileRefused: too few or too many values, or those of another interval length.
    """
    count = len(plan.lines)
    zeros = np.zeros(count, dtype=np.int64)
    draft = _Draft(np.zeros(count, dtype=np.bool_), zeros, zeros.copy(), [None] * count)
    usable = _drop_unusable(plan, draft)
    slots = _slots_of_rows(plan)
    for size in np.unique(slots[usable]).tolist():
        rows = np.flatnonzero(usable & (slots == size))
        for row in _take_fast(plan, draft, rows, slots=size, tails=tails):
            _take_slow(plan, draft, row)
    days, remarks = _columns(plan, draft, slots)
    return days, draft.rejections, remarks


def _drop_unusable(plan: Plan, draft: _Draft) -> Flags:
    """Reject the days that have no valid block or a faulty 400 record; return the mask of the others."""
    usable = plan.channel >= 0
    for row in np.flatnonzero(~usable).tolist():
        fault = LineFault(Fault.RECORD_OUT_OF_PLACE, "There is no valid 200 record before this day.")
        draft.rejections.append(_rejection(plan, row, fault))
    for row in np.flatnonzero(usable & np.isin(plan.lines, list(plan.spoiled))).tolist():
        draft.rejections.append(plan.spoiled[int(plan.lines[row])])
        usable[row] = False
    return usable


def _slots_of_rows(plan: Plan) -> Int64:
    """Return the count of values that each row's block asks for, 0 where there is no block, int64 (r,)."""
    by_channel = np.array([channel.slots for channel in plan.channels] + [0], dtype=np.int64)
    return by_channel[np.where(plan.channel >= 0, plan.channel, -1)]


def _take_fast(plan: Plan, draft: _Draft, rows: Int64, *, slots: int, tails: Tails) -> list[int]:
    """Take the regular days among rows of one interval length; return the rows that are left."""
    table, lines = plan.table, plan.lines[rows]
    regular = plan.is_usual[rows] & (table.fields[lines] > slots + _VALUES_AT)
    rest: list[int] = rows[~regular].tolist()
    rows, lines = rows[regular], lines[regular]
    if not rows.size:
        return rest
    unit_places = np.array([channel.unit_places for channel in plan.channels])[plan.channel[rows]]
    packed = _pack(table, lines, unit_places, slots=slots)
    day, good = _days_of(table, lines, latest=plan.latest)
    good &= packed.exact
    starts = table.separators[table.first[lines] + (slots + _VALUES_AT - 1)] + 1
    found = _tails_of(table, starts, table.ends[lines], tails)
    good &= np.array([tail is not None for tail in found], dtype=np.bool_)
    for row, tail in zip(rows.tolist(), found, strict=True):
        draft.tails[row] = tail
    taken = rows[good]
    draft.taken[taken], draft.day[taken], draft.exponent[taken] = True, day[good], packed.exponent[good]
    draft.pieces.append((taken, packed.values[good]))
    rest += rows[~good].tolist()
    return rest


def _pack(table: Table, lines: Int64, unit_places: Int64, *, slots: int) -> Packed:
    """Parse and pack whole days, some at a time, so that the arrays in between stay in the processor's cache."""
    first = table.first[lines]
    parts = []
    step = max(_VALUES_AT_ONCE // slots, 1)
    for start in range(0, len(lines), step):
        at = first[start : start + step, None] + np.arange(1, slots + _VALUES_AT)
        edges = table.separators[at]
        parsed = decimals.parse(views=table.views, starts=edges[:, :-1] + 1, ends=edges[:, 1:])
        parts.append(day_values.pack(parsed, unit_places=unit_places[start : start + step]))
    return Packed(
        values=np.concatenate([part.values for part in parts]),
        exponent=np.concatenate([part.exponent for part in parts]),
        exact=np.concatenate([part.exact for part in parts]),
    )


def _tails_of(table: Table, starts: Int64, ends: Int64, tails: Tails) -> list[Tail | None]:
    """Return the fields after the values, from what was seen before where they are written alike."""
    data = table.data
    raws = [data[start:end] for start, end in zip(starts.tolist(), ends.tolist(), strict=True)]
    return [tails[raw] if raw in tails else _remember(tails, raw) for raw in raws]


def _days_of(table: Table, lines: Int64, *, latest: date) -> tuple[Int64, Flags]:
    """Return the dates of 300 records as days since 1970, and which are Date8, real and not after the latest."""
    first = table.first[lines]
    starts, ends = table.separators[first] + 1, table.separators[first + 1]
    parsed = decimals.parse(views=table.views, starts=starts, ends=ends)
    month, day = parsed.digits // _MONTH % _MONTH, parsed.digits % _MONTH
    year = np.clip(parsed.digits // _YEAR, _EARLIEST_YEAR, _EARLIEST_YEAR + 8000)
    months = ((year - _EARLIEST_YEAR) * 12 + np.clip(month, 1, 12) - 1).astype("datetime64[M]")
    days = months.astype("datetime64[D]") + (np.clip(day, 1, 31) - 1)
    real = parsed.exact & (ends - starts == _DATE_LENGTH) & (parsed.places == 0)
    real &= (parsed.digits // _YEAR == year) & (month >= 1) & (month <= 12) & (day >= 1) & (day <= 31)  # noqa: PLR2004
    real &= (days.astype("datetime64[M]") == months) & (days <= np.datetime64(latest))
    return days.astype(np.int64), real


def _remember(tails: Tails, raw: bytes) -> Tail | None:
    """Parse a tail and keep it under its bytes; None when it is not regular."""
    if len(tails) >= _TAILS_KEPT:
        tails.clear()
    try:
        tail = _tail_of(split(raw.rstrip(b"\r")))
    except LineFault:
        tail = None
    tails[raw] = tail
    return tail


def _tail_of(fields: list[str]) -> Tail:
    """
    Return the fields after the values.

    :raises LineFault: unknown quality, a bad instant, or more fields than there may be.
    """
    if any(fields[_TAIL_FIELDS:]):
        raise LineFault(Fault.WRONG_FIELD_COUNT, "There are more fields than a 300 record has.")
    method, code, reason, updated, loaded = (fields + [""] * _TAIL_FIELDS)[:_TAIL_FIELDS]
    return Tail(quality_of(method, reason_code=code, reason=reason), instant_of(updated), instant_of(loaded))


def _take_slow(plan: Plan, draft: _Draft, row: int) -> None:
    """Take one day field by field, or reject it."""
    channel = plan.channels[int(plan.channel[row])]
    try:
        fields = split(plan.table.line(int(plan.lines[row])))
        _check_shape(plan, row, fields, channel)
        day = day_of(fields[1], latest=plan.latest)
        texts = fields[_VALUES_AT : _VALUES_AT + channel.slots]
        values, exponent = day_values.pack_one(_scaled(texts, channel))
        tail = _tail_of(fields[_VALUES_AT + channel.slots :])
    except LineFault as fault:
        draft.rejections.append(_rejection(plan, row, fault))
        return
    draft.taken[row], draft.day[row], draft.exponent[row] = True, day.toordinal() - _EPOCH_DAY, exponent
    draft.tails[row] = tail
    draft.pieces.append((np.array([row]), np.array([values], dtype="<i4")))
    if "" in texts:
        draft.blanks[row] = [slot for slot, text in enumerate(texts) if not text]


def _check_shape(plan: Plan, row: int, fields: list[str], channel: Channel) -> None:
    """
    Check that a 300 record has the values of its block's interval length and then a quality flag.

    :raises LineFault: no values at all, or no proper quality flag where it belongs.
    :raises FileRefused: too few or too many values.
    """
    after = fields[_VALUES_AT:]
    stated = next((at for at, text in enumerate(after) if text[:1].isalpha() and is_quality(text)), None)
    if stated == channel.slots:
        return
    if stated == 0 or not any(after):
        raise LineFault(Fault.DAY_WITHOUT_VALUES, "The day has no values.")
    flag = after[channel.slots] if len(after) > channel.slots else None
    if flag is not None and (stated is None or stated > channel.slots) and not _is_like_number(flag):
        quality_of(flag)  # raises: blank, or not a flag
    if stated is not None and stated >= 24 and _DAY % stated == 0:  # noqa: PLR2004
        message = (
            f"{stated} values, {_DAY // stated} minutes each, stand in a block of {channel.interval_minutes} minutes."
        )
        raise _refused(plan, row, Fault.MIXED_INTERVAL_LENGTHS, message)
    if stated is not None and stated > channel.slots:
        raise _refused(plan, row, Fault.TOO_MANY_VALUES, f"{stated} values stand where {channel.slots} belong.")
    message = f"The day breaks off before its {channel.slots} values and quality flag."
    raise _refused(plan, row, Fault.TRUNCATED_RECORD, message)


def _is_like_number(text: str) -> bool:
    return text.lstrip("+-.")[:1].isdigit()


def _scaled(texts: list[str], channel: Channel) -> list[int]:
    """Return a day's values in 10^-6 of the base unit; a blank is 0."""
    if not any(texts):
        raise LineFault(Fault.DAY_WITHOUT_VALUES, "The day has no values.")
    may_be_negative = channel.unit not in ENERGY_UNITS or channel.suffix.upper().startswith("N")
    scaled = []
    for slot, text in enumerate(texts, start=1):
        try:
            value = exact_number(text, places=channel.unit_places + FINEST_PLACES) if text else 0
        except LineFault as fault:
            raise LineFault(fault.fault, f"Interval {slot}: {fault.message}") from fault
        if value < 0 and not may_be_negative:
            raise LineFault(Fault.NEGATIVE_VALUE, f"Interval {slot}: {text!r} is negative.")
        scaled.append(value)
    return scaled


def _columns(plan: Plan, draft: _Draft, slots: Int64) -> tuple[IntervalDays, list[Remark]]:
    """Put the taken rows into columns, in the order of the file."""
    rows = np.flatnonzero(draft.taken)
    counts = slots[rows]
    starts = np.zeros(len(slots), dtype=np.int64)
    starts[rows] = np.cumsum(counts) - counts
    values = np.empty(int(counts.sum()), dtype="<i4")
    for piece_rows, matrix in draft.pieces:
        values[starts[piece_rows][:, None] + np.arange(matrix.shape[1])] = matrix
    tails = [tail for row in rows.tolist() if (tail := draft.tails[row]) is not None]
    quality = [tail.quality.letter for tail in tails]
    missing = np.where(np.array(quality, dtype="U1") == "N", counts, 0)
    lines = plan.lines[rows]
    events, remarks = _qualify(plan, draft, rows, quality, missing)
    return IntervalDays(
        channels=plan.channels,
        channel=plan.channel[rows],
        line=lines + plan.first_line,
        day_date=draft.day[rows].astype("datetime64[D]"),
        slots=counts,
        exponent=draft.exponent[rows],
        values=values,
        quality=quality,
        stated=[tail.quality for tail in tails],
        events=events,
        missing=missing,
        updated_at=np.array([tail.updated for tail in tails], dtype=np.int64).astype("datetime64[s]"),
        loaded_at=np.array([tail.loaded for tail in tails], dtype=np.int64).astype("datetime64[s]"),
    ), remarks


def _qualify(
    plan: Plan, draft: _Draft, rows: Int64, quality: list[str], missing: Int64
) -> tuple[tuple[QualityEvent, ...], list[Remark]]:
    """Set, in place, one letter a value where 400 records or blanks make the quality vary inside a day."""
    events: list[QualityEvent] = []
    remarks: list[Remark] = []
    lines = plan.lines[rows]
    varies = np.array(quality, dtype="U1") == "V"
    for at in np.flatnonzero(varies | np.isin(lines, list(plan.events)) | np.isin(rows, list(draft.blanks))).tolist():
        letters = [quality[at]] * plan.channels[int(plan.channel[rows[at]])].slots
        for first, end, stated in plan.events.get(int(lines[at]), ()):
            letters[first:end] = stated.letter * (end - first)
            events.append(QualityEvent(at, first, end, stated))
        for slot in draft.blanks.get(int(rows[at]), ()):
            letters[slot] = "N"
        missing[at] = letters.count("N")
        quality[at] = letters[0] if len(set(letters)) == 1 else "".join(letters)
        if "V" in letters:
            message = "The quality varies inside the day, but not every interval's is stated."
            remarks.append(Remark(int(lines[at]) + plan.first_line, Note.QUALITY_NOT_STATED, message))
    return tuple(events), remarks


def _rejection(plan: Plan, row: int, fault: LineFault) -> Rejection:
    line = int(plan.lines[row])
    return fault.rejection(line=line + plan.first_line, raw=plan.table.line(line))


def _refused(plan: Plan, row: int, fault: Fault, message: str) -> FileRefused:
    return FileRefused(message, fault=fault, member=plan.member, line=int(plan.lines[row]) + plan.first_line)
