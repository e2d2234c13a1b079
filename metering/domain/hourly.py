"""Hours on the clock on the wall out of interval days, for those who look at shapes and not at bills."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cis.kernel.columns import Columns
from cis.kernel.fixed import Int64
from metering.domain.intervals import MINUTE_US, NO_VALUE, IntervalColumns, Window, meet, round_wh, slots_inside

HOURS = 24
HOUR_MINUTES = 60
HOUR_US = HOUR_MINUTES * MINUTE_US
Flags = NDArray[np.bool_]
_ALL = 1 << 40


@dataclass(frozen=True, slots=True)
class Feeds(Columns):
    """
    Registers that count for something, f rows.

    place   (f,) for what: a row of the answer
    window  (f,) while it hung; its interval values are energy already, whatever the multiplier. A register below 0 is
            a meter that is not read by interval: it is never known
    """

    place: Int64
    window: Window


@dataclass(frozen=True, slots=True, kw_only=True)
class Laid:
    """
    What n places took or gave on d days.

    energy_wh  (n, d, 24) of each hour, for shapes: a day of 25 hours has its last two in one, a day of 23 hours has
               its last one twice [Wh]
    minutes    (n, d, 24) of how many minutes of it all registers that hung are known [min]
    day_wh     (n, d) of each day, each hour once [Wh]
    is_whole   (n, d) a register hung, and each that hung is known for all of the day
    hangs      (n, d) a register hung
    """

    energy_wh: Int64
    minutes: Int64
    day_wh: Int64
    is_whole: Flags
    hangs: Flags


def lay(*, blocks: Sequence[IntervalColumns], feeds: Feeds, day_starts_us: Int64, places: int) -> Laid:
    """
    Return the energy of places by hour and by day.

    An hour, or a day, of a place is known only where each of its meters is.

    day_starts_us  (d + 1,) first instant of each local day and of the day after [microseconds since 1970 UTC]
    """
    energy, minutes = _by_feed(blocks, feeds, day_starts_us)
    starts, ends = day_starts_us[:-1], day_starts_us[1:]
    window = feeds.window
    hung_us = np.minimum(window.until_us[:, None], ends) - np.maximum(window.from_us[:, None], starts)
    hung = np.maximum(hung_us, 0) // MINUTE_US
    hangs = hung > 0
    is_whole = minutes.sum(axis=2) >= hung
    day_wh = energy.sum(axis=2)
    is_short = (ends - starts) < HOURS * HOUR_US
    energy[:, is_short, HOURS - 1], minutes[:, is_short, HOURS - 1] = energy[:, is_short, -2], minutes[:, is_short, -2]
    shape = (places, len(starts))
    known = np.full((*shape, HOURS), _ALL, dtype=np.int64)
    np.minimum.at(known, feeds.place, np.where(hangs[:, :, None], minutes, _ALL))
    known[known == _ALL] = 0
    return Laid(
        energy_wh=_sums(energy, feeds.place, (*shape, HOURS)), minutes=known, day_wh=_sums(day_wh, feeds.place, shape),
        is_whole=(_sums(hangs & ~is_whole, feeds.place, shape) == 0) & (_sums(hangs, feeds.place, shape) > 0),
        hangs=_sums(hangs, feeds.place, shape) > 0,
    )  # fmt: skip


def _by_feed(blocks: Sequence[IntervalColumns], feeds: Feeds, day_starts_us: Int64) -> tuple[Int64, Int64]:
    """Return energy and known minutes of each hour of each register, (f, d, 24) both; a 25th is in the last one."""
    days = len(day_starts_us) - 1
    energy = np.zeros(len(feeds) * days * HOURS, dtype=np.int64)
    minutes = np.zeros_like(energy)
    for block in blocks:
        rows, span = meet(block=block, window=feeds.window)
        first, end = slots_inside(block=block, rows=rows, window=feeds.window, span=span)
        slot = np.arange(block.slots)[None]
        at = block.start_us[rows][:, None] + slot * block.interval_minutes * MINUTE_US
        day = np.searchsorted(day_starts_us, at, side="right") - 1
        counts = (slot >= first[:, None]) & (slot < end[:, None]) & (block.quality[rows] != NO_VALUE)
        counts &= (day >= 0) & (day < days)
        day = np.clip(day, 0, days - 1)
        hour = np.minimum((at - day_starts_us[day]) // HOUR_US, HOURS - 1)
        to = ((span[:, None] * days + day) * HOURS + hour)[counts]
        np.add.at(energy, to, block.values[rows][counts])
        np.add.at(minutes, to, block.interval_minutes)
    exponent = blocks[0].exponent if blocks else 0
    shape = (len(feeds), days, HOURS)
    return round_wh(values=energy, exponent=exponent).reshape(shape), minutes.reshape(shape)


def _sums(values: Int64 | Flags, place: Int64, shape: tuple[int, ...]) -> Int64:
    """Return the sums of rows over the places that they count for."""
    found = np.zeros(shape, dtype=np.int64)
    np.add.at(found, place, values)
    return found
