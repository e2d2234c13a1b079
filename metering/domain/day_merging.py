"""
Days of interval values that come from any clock, and in parts.

A register keeps its days on one clock, so that no hour counts twice. Values that start at instants are laid on whole
days of that clock; what of a day did not come is N. A day that comes in parts is merged with what is held of it: slots
that are N in what comes keep the value that is held, all others take the new one. So any cutting of a day into
deliveries gives the same day.
"""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from cis.kernel.columns import Columns
from cis.kernel.fixed import Int64
from metering.domain.formats.day_values import pack_one
from metering.domain.formats.fields import FINEST_PLACES
from metering.domain.intervals import MINUTE_US, NO_VALUE, Flags, Letters

DAY_US = 24 * 60 * MINUTE_US
_DAYS = 1 << 20  # days since 1970 fit below it


class DayValues(NamedTuple):
    """
    What a day holds; two deliveries of a day are the same when this is.

    minutes   length of an interval [min]
    exponent  values are multiples of 10^exponent of the base unit
    values    little-endian int32, one after the other
    quality   one letter for the day, or one letter a value
    """

    minutes: int
    exponent: int
    values: bytes
    quality: str


@dataclass(frozen=True, slots=True)
class ClockDays(Columns):
    """
    Days on the clocks of their registers, d days of s slots, each register and day once.

    day      (d,) date on the clock of the register, days since 1970
    start_us (d,) its start [microseconds since 1970 UTC]
    run      (d,) the first run that it has a value of
    given    (d,) count of values that came for it
    values   (d, s) [10^-6 of the base unit], 0 where nothing came
    quality  (d, s) letters, N where nothing came
    """

    register_id: Int64
    day: Int64
    start_us: Int64
    run: Int64
    given: Int64
    values: Int64
    quality: Letters


def is_on_clock(*, start_us: Int64, minutes: int, utc_offset_minutes: Int64) -> Flags:
    """Return which instants begin an interval on days of a clock, (n,); a day begins one."""
    return np.asarray((start_us + utc_offset_minutes * MINUTE_US) % (minutes * MINUTE_US) == 0)


def onto_clock(
    *,
    register_id: Int64,
    start_us: Int64,
    count: Int64,
    minutes: int,
    values: Int64,
    quality: Letters,
    utc_offset_minutes: Int64,
) -> ClockDays:
    """
    Lay runs of values on whole days of a fixed offset from UTC; of two values of one slot the later in order is taken.

    register_id, utc_offset_minutes  (n,) of each run
    start_us         (n,) instant of its first value, on the clock [microseconds since 1970 UTC]
    count            (n,) of its values
    minutes          length of an interval [min]
    values, quality  (sum of count,) [10^-6 of the base unit]; a value of quality N is none
    """
    slots = 24 * 60 // minutes
    start = (start_us + utc_offset_minutes * MINUTE_US) // (minutes * MINUTE_US)
    whole = _whole_days(register_id, start, count, slots, values, quality, utc_offset_minutes)
    if whole is not None:
        return whole
    run = np.repeat(np.arange(len(count)), count)
    within = np.arange(len(values)) - np.repeat(np.cumsum(count) - count, count)
    local = start[run] + within
    is_given = quality != NO_VALUE
    run, local, values, quality = run[is_given], local[is_given], values[is_given], quality[is_given]
    ids = np.unique(register_id)
    key = np.searchsorted(ids, register_id)[run] * _DAYS + local // slots
    names, first, place = np.unique(key, return_index=True, return_inverse=True)
    laid = np.zeros((len(names), slots), dtype=np.int64)
    letters = np.full((len(names), slots), NO_VALUE, dtype=np.uint8)
    laid[place, local % slots] = values
    letters[place, local % slots] = quality
    day = names % _DAYS
    return ClockDays(
        register_id=ids[names // _DAYS],
        day=day,
        start_us=day * DAY_US - utc_offset_minutes[run[first]] * MINUTE_US,
        run=run[first],
        given=(letters != NO_VALUE).sum(axis=1, dtype=np.int64),
        values=laid,
        quality=letters,
    )


def _whole_days(
    register_id: Int64,
    start: Int64,
    count: Int64,
    slots: int,
    values: Int64,
    quality: Letters,
    utc_offset_minutes: Int64,
) -> ClockDays | None:
    """Return the days where each run is one whole day with all its values, and none comes twice; nearly all files."""
    day = start // slots
    key = register_id * _DAYS + day
    order = np.argsort(key, kind="stable")
    if (
        (count != slots).any()
        or (start % slots).any()
        or (np.diff(key[order]) == 0).any()
        or (quality == NO_VALUE).any()
    ):
        return None
    return ClockDays(
        register_id=register_id[order],
        day=day[order],
        start_us=day[order] * DAY_US - utc_offset_minutes[order] * MINUTE_US,
        run=order,
        given=count[order],
        values=values.reshape(-1, slots)[order],
        quality=quality.reshape(-1, slots)[order],
    )


def merge_day(*, held: DayValues, given: DayValues) -> DayValues | None:
    """
    Return the day that holds when some of it comes anew; None: what came says nothing new.

    Slots that are N in what is given keep the held value. A day of another interval length takes the place of the held
    one, as does a whole day.

    :raises LineFault: the values of both do not fit into int32 with one exponent.
    """
    if given == held:
        return None
    if "N" not in given.quality or given.minutes != held.minutes:
        return given
    ours, theirs = _letters(held), _letters(given)
    old, new = _scaled(held), _scaled(given)
    if all(letter == "N" or (letter, new[at]) == (ours[at], old[at]) for at, letter in enumerate(theirs)):
        return None
    letters = [mine if other == "N" else other for mine, other in zip(ours, theirs, strict=True)]
    merged = [old[at] if other == "N" else new[at] for at, other in enumerate(theirs)]
    values, exponent = pack_one(merged)
    quality = letters[0] if len(set(letters)) == 1 else "".join(letters)
    return DayValues(held.minutes, exponent, np.array(values, dtype="<i4").tobytes(), quality)


def without_repeated(*, delivered: DayValues, given: DayValues) -> DayValues:
    """
    Return a day without the values that say again what came before, N in their place; where none does: the day itself.

    So a value that a person set in the place of one that came stays, where the same one comes again beside new ones.

    delivered  what came before, that a person set values in the place of
    """
    if given.minutes != delivered.minutes:
        return given
    ours, theirs = _letters(delivered), _letters(given)
    old, new = _scaled(delivered), _scaled(given)
    kept = [
        "N" if (letter, new[at]) == (ours[at], old[at]) else letter for at, letter in enumerate(theirs)
    ]  # fmt: skip
    return given if kept == list(theirs) else given._replace(quality="".join(kept))


def _letters(day: DayValues) -> str:
    return day.quality if len(day.quality) > 1 else day.quality * (24 * 60 // day.minutes)


def _scaled(day: DayValues) -> list[int]:
    """Return the values in 10^-6 of the base unit."""
    unit = 10 ** (day.exponent + FINEST_PLACES)
    return [value * unit for value in np.frombuffer(day.values, dtype="<i4").tolist()]
