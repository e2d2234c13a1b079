"""Interval days into their table: versions, unchanged and outdated days, COPY."""

from dataclasses import dataclass, field, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from cis.kernel.fixed import Int64
from cis.platform import copying, db
from cis.platform.db import joins_transaction
from metering.domain.day_merging import DayValues, merge_day, without_repeated
from metering.domain.formats.batches import IntervalDays
from metering.domain.formats.faults import LineFault
from metering.domain.reads import ReadFault
from metering.operations import partitions

TABLE = partitions.PARENT

UNIX_DAY = 719_163
"""``date.toordinal`` of 1970-01-01."""

NEVER = np.iinfo(np.int64).min
_KEY = 1 << 20  # days since 1970 fit below it


@dataclass(frozen=True)
class Resolved:
    """
    Days of a batch that belong to known registers; k rows of ``days``.

    rows         (k,) places in days
    register_id  (k,)
    start_us     (k,) start of the day [microseconds since 1970 UTC]
    updated_us   (k,) when the provider wrote it, NEVER = not said
    given        (k,) count of values that came for each day
    is_in_parts  a day may come in several batches of one delivery, which then make one version of it
    """

    days: IntervalDays
    rows: Int64
    register_id: Int64
    start_us: Int64
    updated_us: Int64
    given: Int64
    is_in_parts: bool = False

    @cached_property
    def offsets(self) -> Int64:
        """Where each day begins in the values, with the end as last item."""
        return self.days.offsets()


@dataclass(frozen=True, slots=True)
class Stored:
    """What came of the days of a batch; ``rejected`` has places in ``days`` with why they are not taken."""

    days: int
    values: int
    unchanged: int
    rejected: tuple[tuple[int, ReadFault], ...] = ()


@dataclass(slots=True)
class _Held:
    """The version of a day that holds; where persons made it (``is_ours``), ``delivered`` is what it was made from."""

    version: int
    updated_us: int
    content: DayValues
    is_corrected: bool = False
    delivered: DayValues | None = None
    read_file_id: int | None = None
    method: str = ""

    @property
    def is_ours(self) -> bool:
        """Return whether a person corrected it, or estimated some of it in the place of what came or did not come."""
        return self.is_corrected or self.method != ""


class Store:
    """
    Takes the batches of one delivery; remembers which months have their partition.

    is_first  nothing of this file was loaded before it, so that what is held of it is of this very delivery
    """

    def __init__(self, *, read_file_id: int, is_first: bool = True) -> None:
        self._read_file_id = read_file_id
        self._is_first = is_first
        self._months: set[tuple[int, int]] = set()

    @joins_transaction
    def add(self, resolved: Resolved) -> Stored:
        """
        Load the days that are new or changed; two statements, and the partitions of months that have none yet.

        A day that is held with the same values and quality is unchanged; another one is a new version, unless the
        provider wrote it before the version that is held, or the day was corrected: what persons found is not undone
        by a delivery. The values that an estimate of ours was made from are unchanged, too. Of a day that comes in
        part, the slots that do not come keep what is held. Parts of a day in one delivery make one version: a part
        takes the place of the parts before it, a third statement.
        """
        if not len(resolved.rows):
            return Stored(0, 0, 0)
        plan = _planned(resolved, _held(resolved), replaces=self._file_of_parts(resolved))
        version = plan.version
        places = np.flatnonzero(version > 0)
        self._ensure_partitions(resolved, places)
        again = plan.replaced
        _drop(resolved, np.array(again, dtype=np.int64), version)
        _load(_with_merged(resolved, plan.merged), places, version[places], read_file_id=self._read_file_id)
        _keep_methods(resolved, plan)
        return Stored(
            days=len(places) - len(again),
            values=int(resolved.given[places].sum()),
            unchanged=int((version == _UNCHANGED).sum()),
            rejected=tuple(
                (row, fault) for code, fault in _REJECTED.items() for row in resolved.rows[version == code].tolist()
            ),
        )

    def _file_of_parts(self, resolved: Resolved) -> int | None:
        """Return the file whose held days are parts of this delivery's days; None: there are none."""
        return self._read_file_id if resolved.is_in_parts and self._is_first else None

    def _ensure_partitions(self, resolved: Resolved, places: Int64) -> None:
        dates = resolved.days.day_date[resolved.rows[places]]
        months = np.unique(dates.astype("datetime64[M]"))
        new = [month for month in months.tolist() if (month.year, month.month) not in self._months]
        if new:
            partitions.ensure(months=new)
            self._months |= {(month.year, month.month) for month in new}


GUESSED = "E"
"""Letter of a value that somebody estimated."""

_UNCHANGED, _OUTDATED, _CORRECTED, _TOO_LARGE, _OTHER_LENGTH = 0, -1, -2, -3, -4
_REJECTED = {
    _OUTDATED: ReadFault.OUTDATED_DAY,
    _CORRECTED: ReadFault.CORRECTED_DAY,
    _TOO_LARGE: ReadFault.TOO_LARGE,
    _OTHER_LENGTH: ReadFault.OTHER_LENGTH,
}


@dataclass(slots=True)
class _Plan:
    """
    What becomes of the rows of a batch.

    version   (k,) to be loaded, or _UNCHANGED, or a code of _REJECTED
    merged    by row: the day that holds, where it is not the one that came
    replaced  rows whose version is held already, of an earlier part of this delivery
    methods   by row: how we estimated values that no value of the delivery took the place of
    """

    version: Int64
    merged: dict[int, DayValues] = field(default_factory=dict)
    replaced: list[int] = field(default_factory=list)
    methods: dict[int, str] = field(default_factory=dict)


def _version(before: _Held | None, given: DayValues, updated_us: int, *, is_in_parts: bool) -> tuple[int, DayValues]:
    """Return the version that a day gets, and its values."""
    if before is None:
        return 1, given
    if is_in_parts and given.minutes != before.content.minutes and "N" in given.quality:
        return _OTHER_LENGTH, given  # in the place of the held day it would take away what it does not bring
    try:
        merged = _news(before, given)
    except LineFault:
        return _TOO_LARGE, given
    if merged is None:
        return _UNCHANGED, given
    is_older = NEVER not in (updated_us, before.updated_us) and updated_us < before.updated_us
    if before.is_corrected or is_older:
        return _CORRECTED if before.is_corrected else _OUTDATED, given
    return before.version + 1, merged


def _news(before: _Held, given: DayValues) -> DayValues | None:
    """
    Return the day that holds with what came; None: it says what is held, or what persons made that from.

    What persons set stays, where the value comes again that it was set in the place of, whatever comes beside it.
    """
    if before.delivered is not None and before.content.minutes == given.minutes:
        given = without_repeated(delivered=before.delivered, given=given)
        if set(given.quality) == {"N"}:
            return None
    return merge_day(held=before.content, given=given)


def _planned(resolved: Resolved, held: dict[tuple[int, int], _Held], *, replaces: int | None) -> _Plan:
    """Return what becomes of each row; most days are new, and only the others are compared."""
    day = resolved.days.day_date[resolved.rows].astype(np.int64)
    key = resolved.register_id * _KEY + day
    plan = _Plan(np.ones(len(key), dtype=np.int64))
    known = np.array([register * _KEY + date for register, date in held], dtype=np.int64)
    order = np.lexsort((resolved.updated_us, key))
    is_twin = np.zeros(len(key), dtype=np.bool_)
    is_twin[order[1:]] = key[order[1:]] == key[order[:-1]]
    compared = np.isin(key, np.concatenate((known, key[is_twin])))
    for place in order[compared[order]].tolist():
        name = int(resolved.register_id[place]), int(day[place])
        given, updated_us = _content(resolved, place), int(resolved.updated_us[place])
        before = held.get(name)
        version, content = _version(before, given, updated_us, is_in_parts=resolved.is_in_parts)
        if version > 0 and before is not None and replaces is not None and before.read_file_id == replaces:
            version = before.version
            plan.replaced.append(place)
        plan.version[place] = version
        if version > 0:
            stays = content is not given and GUESSED in content.quality
            method = before.method if before is not None and stays else ""
            if method:
                plan.methods[place] = method
            held[name] = _Held(version, updated_us, content, method=method)
            if content is not given:
                plan.merged[place] = content
    return plan


def _content(resolved: Resolved, place: int) -> DayValues:
    days, row = resolved.days, int(resolved.rows[place])
    first, end = resolved.offsets[row : row + 2]
    minutes = 24 * 60 // int(days.slots[row])
    return DayValues(minutes, int(days.exponent[row]), days.values[first:end].tobytes(), days.quality[row])


def _with_merged(resolved: Resolved, merged: dict[int, DayValues]) -> Resolved:
    """Return the days with those that were merged in place of those that came."""
    if not merged:
        return resolved
    days, offsets = resolved.days, resolved.offsets
    values, exponent, quality = days.values.copy(), days.exponent.copy(), list(days.quality)
    for place, content in merged.items():
        row = int(resolved.rows[place])
        values[offsets[row] : offsets[row + 1]] = np.frombuffer(content.values, dtype="<i4")
        exponent[row], quality[row] = content.exponent, content.quality
    return replace(resolved, days=replace(days, values=values, exponent=exponent, quality=quality))


def _keep_methods(resolved: Resolved, plan: _Plan) -> None:
    """Note how values were estimated that stay beside what came; one statement, if there are any."""
    if plan.methods:
        places = np.array(list(plan.methods), dtype=np.int64)
        days = resolved.days.day_date[resolved.rows[places]].astype(np.int64).tolist()
        given = {"registers": resolved.register_id[places].tolist(), "days": days}
        db.execute(_METHODS, {**given, "versions": plan.version[places].tolist(), "methods": [*plan.methods.values()]})


def _drop(resolved: Resolved, places: Int64, version: Int64) -> None:
    """Take back earlier parts of this delivery, which nobody has seen yet; one statement."""
    if len(places):
        days = resolved.days.day_date[resolved.rows[places]].astype(np.int64).tolist()
        given = {"registers": resolved.register_id[places].tolist(), "days": days}
        db.execute(_DROP, {**given, "versions": version[places].tolist()})


def _held(resolved: Resolved) -> dict[tuple[int, int], _Held]:
    """Return the versions that hold of the days of a batch, by register and day since 1970; one statement."""
    dates = resolved.days.day_date[resolved.rows]
    found = db.fetch(
        _HELD,
        {
            "registers": np.unique(resolved.register_id).tolist(),
            "start": dates.min().item(),
            "end": dates.max().item(),
            "epoch": UNIX_DAY,
        },
    )
    held = {
        (register, day): _Held(
            version,
            NEVER if updated is None else updated,
            DayValues(minutes, exponent, bytes(values), quality),
            is_corrected,
            read_file_id=file_id,
            method=method,
        )
        for register, day, version, updated, minutes, exponent, values, quality, is_corrected, file_id, method in found
    }
    _learn_delivered({key: row for key, row in held.items() if row.is_ours})
    return held


def _learn_delivered(held: dict[tuple[int, int], _Held]) -> None:
    """Note what days of ours were made from: their latest version that came as it is; one statement."""
    if not held:
        return
    given = {"registers": [key[0] for key in held], "days": [key[1] for key in held]}
    for register, day, minutes, exponent, values, quality in db.fetch(_DELIVERED, given):
        held[register, day].delivered = DayValues(minutes, exponent, bytes(values), quality)


_HELD = """
SELECT DISTINCT ON (register_id, day_date)
       register_id, day_date - DATE '1970-01-01', version, (extract(epoch FROM updated_at) * 1000000)::bigint,
       interval_minutes, exponent, values, quality, correction_id IS NOT NULL, read_file_id, method
FROM metering_intervalday
WHERE register_id = ANY(%(registers)s) AND day_date BETWEEN %(start)s AND %(end)s
ORDER BY register_id, day_date, version DESC
"""
_DROP = """
DELETE FROM metering_intervalday d
USING unnest(%(registers)s::bigint[], %(days)s::int[], %(versions)s::int[]) AS n(register_id, day, version)
WHERE d.register_id = n.register_id AND d.day_date = DATE '1970-01-01' + n.day AND d.version = n.version
"""
_METHODS = """
UPDATE metering_intervalday d SET method = n.method
FROM unnest(%(registers)s::bigint[], %(days)s::int[], %(versions)s::int[], %(methods)s::text[])
     AS n(register_id, day, version, method)
WHERE d.register_id = n.register_id AND d.day_date = DATE '1970-01-01' + n.day AND d.version = n.version
"""
_DELIVERED = """
SELECT DISTINCT ON (d.register_id, d.day_date)
       d.register_id, d.day_date - DATE '1970-01-01', d.interval_minutes, d.exponent, d.values, d.quality
FROM unnest(%(registers)s::bigint[], %(days)s::int[]) AS n(register_id, day)
JOIN metering_intervalday d ON d.register_id = n.register_id AND d.day_date = DATE '1970-01-01' + n.day
WHERE d.correction_id IS NULL AND d.method = ''
ORDER BY d.register_id, d.day_date, d.version DESC
"""


def _load(resolved: Resolved, places: Int64, version: Int64, *, read_file_id: int) -> None:
    """Append rows by COPY; those of one width go together, which needs no padding."""
    rows = resolved.rows[places]
    letters = np.array([len(resolved.days.quality[row]) for row in rows.tolist()], dtype=np.int64)
    is_dated = resolved.updated_us[places] != NEVER
    shapes = np.stack((resolved.days.slots[rows], letters, is_dated.astype(np.int64)), axis=1)
    for slots, width, dated in np.unique(shapes, axis=0).tolist():
        same = np.flatnonzero((shapes == (slots, width, dated)).all(axis=1))
        columns = _columns(resolved, places[same], slots=slots, width=width)
        columns["version"] = copying.int2(version[same])
        columns["read_file_id"] = copying.int8(read_file_id)
        columns["updated_at"] = copying.instant(resolved.updated_us[places[same]]) if dated else copying.null()
        copying.load(table=TABLE, columns=columns)


def _columns(resolved: Resolved, places: Int64, *, slots: int, width: int) -> dict[str, copying.Column]:
    days, rows = resolved.days, resolved.rows[places]
    values = np.ascontiguousarray(_matrix(days, resolved.offsets, rows, slots)).view(np.uint8)
    quality = "".join([days.quality[row] for row in rows.tolist()]).encode("ascii")
    return {
        "register_id": copying.int8(resolved.register_id[places]),
        "day_date": copying.day(days.day_date[rows].astype(np.int64) + UNIX_DAY),
        "start_at": copying.instant(resolved.start_us[places]),
        "interval_minutes": copying.int2(24 * 60 // slots),
        "exponent": copying.int2(days.exponent[rows]),
        "values": copying.bytea(values),
        "total_wh": copying.int8(days.totals()[rows]),
        # Texts of one width are sent like bytes of one width.
        "quality": copying.bytea(np.frombuffer(quality, dtype=np.uint8).reshape(-1, width)),
    }


def _matrix(days: IntervalDays, offsets: Int64, rows: Int64, slots: int) -> NDArray[np.int32]:
    """Return the values of days of one length, (m, slots)."""
    if len(days) * slots == days.values.size:
        return np.asarray(days.values.reshape(-1, slots)[rows])
    return np.asarray(days.values[offsets[rows][:, None] + np.arange(slots)])
