"""Which register a file means: names of files on one side, what hung where and when on the other."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

import numpy as np

from cis.kernel.calendar import LocalClock
from cis.kernel.fixed import Int64
from metering.domain.reads import ReadFault

QUANTITY_OF_UNIT = {"Wh": "active", "varh": "reactive", "W": "demand"}
OPEN_END = 3_652_060
"""Day number after all dates: until further notice."""

NOWHERE = -1
SEVERAL = -2

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_DAY = timedelta(days=1)
_SECOND = timedelta(seconds=1)


class Hanging(NamedTuple):
    """
    A register while its meter hung at a service point.

    start_day, end_day  half-open, ``date.toordinal``; end_day OPEN_END = until further notice. Both 0: the meter
                        never hung anywhere.
    capacity_w          of the service point [W]
    utc_offset_minutes  of the clock that its interval days are kept on; None: market time
    """

    register_id: int
    service_point_id: int
    serial: str
    code: str
    quantity: str
    direction: str
    digits: int
    is_interval: bool
    start_day: int
    end_day: int
    multiplier: int
    capacity_w: int
    utc_offset_minutes: int | None = None


class Missed(NamedTuple):
    """Why names mean no register."""

    fault: ReadFault
    message: str


def named(
    *, known: Sequence[Hanging] | None, name: str, code: str, unit: str | None = None, fault: ReadFault
) -> Sequence[Hanging] | Missed:
    """
    Return what hung under a name with a register code, or why there is none.

    known  all that hung under the name; None: the name is not known
    code   "" = the only register of a meter
    unit   base unit of the file's values; None: not stated
    fault  what an unknown name is
    """
    if unit is not None and unit not in QUANTITY_OF_UNIT:
        return Missed(ReadFault.NOT_ENERGY, f"Values in {unit or 'no unit'} are not energy.")
    if known is None:
        kind = "meter" if fault is ReadFault.UNKNOWN_METER else "service point"
        return Missed(fault, f"There is no {kind} {name}.")
    codes = {hung.code for hung in known}
    if not code and len(codes) > 1:
        return Missed(ReadFault.REGISTER_NOT_NAMED, f"Meter {name} has the registers {', '.join(sorted(codes))}.")
    fitting = [hung for hung in known if code in ("", hung.code)]
    if not fitting:
        has = ", ".join(sorted(codes)) or "none"
        return Missed(ReadFault.UNKNOWN_REGISTER, f"{name} has no register {code}; it has {has}.")
    if unit is not None:
        wanted = QUANTITY_OF_UNIT[unit]
        if all(hung.quantity != wanted for hung in fitting):
            message = f"Values in {unit} do not belong to register {code} of {name}."
            return Missed(ReadFault.WRONG_UNIT, message)
        fitting = [hung for hung in fitting if hung.quantity == wanted]
    return fitting


class LocalDays:
    """The local dates that days of a metering clock touch; each day is worked out once."""

    def __init__(self, *, clock: LocalClock, utc_offset_minutes: int) -> None:
        self._clock = clock
        self._offset = timedelta(minutes=utc_offset_minutes)
        self._known: dict[int, tuple[int, int]] = {}

    def touched(self, day: Int64) -> tuple[Int64, Int64]:
        """Return the first and last local date, ``date.toordinal``, of metering days given as days since 1970."""
        unique, place = np.unique(day, return_inverse=True)
        found = np.array([self._of(int(each)) for each in unique], dtype=np.int64).reshape(-1, 2)
        return found[place, 0], found[place, 1]

    def _of(self, day: int) -> tuple[int, int]:
        if day not in self._known:
            start_at = _EPOCH + day * _DAY - self._offset
            first, last = self._clock.local_date(start_at), self._clock.local_date(start_at + _DAY - _SECOND)
            self._known[day] = first.toordinal(), last.toordinal()
        return self._known[day]


def choose(*, hung: Sequence[Hanging], serial: str, day: Int64, first: Int64, last: Int64) -> Int64:
    """
    Return for each day which of several it belongs to, as place in ``hung``; or NOWHERE, or SEVERAL.

    A meter qualifies when it hung there on a local date that the day touches. Of several, the one with the stated
    serial number is taken, else the one that hung on the very date.

    day          (n,) date, ``date.toordinal``
    first, last  (n,) first and last local date that it touches
    """
    starts = np.array([each.start_day for each in hung], dtype=np.int64)[:, None]
    ends = np.array([each.end_day for each in hung], dtype=np.int64)[:, None]
    stated = np.array([each.serial == serial for each in hung], dtype=np.int64)[:, None]
    touches = (starts <= last) & (first < ends)
    exact = (starts <= day) & (day < ends)
    score = touches * (1 + exact + 2 * stated)
    best = score.max(axis=0)
    place = score.argmax(axis=0)
    several = (score == best).sum(axis=0) > 1
    return np.where(best == 0, NOWHERE, np.where(several, SEVERAL, place)).astype(np.int64)


def choose_read(*, hung: Sequence[Hanging], serial: str, day: int, is_end: bool) -> int:
    """
    Return which of several registers a counter value belongs to, as place in ``hung``, or NOWHERE, or SEVERAL.

    A meter is read while it hangs, and still on the date on which it is taken down: that is its final read. On the
    date of an exchange the stated serial number decides, else whether the read ends a span.

    day     local date, ``date.toordinal``
    is_end  the read ends a span (it is the later of two, or final)
    """
    scores = []
    for each in hung:
        if not each.start_day <= day <= each.end_day:
            scores.append(0)
            continue
        inside = each.start_day < day if is_end else day < each.end_day
        scores.append(1 + inside + 2 * (each.serial == serial))
    best = max(scores, default=0)
    if best == 0:
        return NOWHERE
    places = [place for place, score in enumerate(scores) if score == best]
    same = {hung[place].register_id for place in places}
    return places[0] if len(same) == 1 else SEVERAL
