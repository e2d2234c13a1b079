"""Hours on the clock on the wall out of interval days, for those who look at shapes and not at bills."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from cis.kernel.columns import Columns
from cis.kernel.fixed import Int64
from metering.domain.intervals import MINUTE_US, NO_VALUE, IntervalColumns, Window, meet, round_wh, slots_inside

HOURS = 24
HOUR_US = 60 * MINUTE_US


@dataclass(frozen=True, slots=True)
class Feeds(Columns):
    """
    Registers that count for something, h rows.

    place   (h,) for what: a row of the answer
    window  (h,) while it hung; its interval values are energy already, whatever the multiplier
    """

    place: Int64
    window: Window


def lay(*, blocks: Sequence[IntervalColumns], feeds: Feeds, day_starts_us: Int64, places: int) -> tuple[Int64, Int64]:
    """
    Return the energy of each hour and how many minutes of it are known, (places, d, 24) both. [Wh], [min]

    A day of 25 hours has its last two in one; a day of 23 hours has its last one twice, so that each day has 24.

    day_starts_us  (d + 1,) first instant of each local day and of the day after [microseconds since 1970 UTC]
    """
    days = len(day_starts_us) - 1
    energy = np.zeros(places * days * HOURS, dtype=np.int64)
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
        to = ((feeds.place[span][:, None] * days + day) * HOURS + hour)[counts]
        np.add.at(energy, to, block.values[rows][counts])
        np.add.at(minutes, to, block.interval_minutes)
    exponent = blocks[0].exponent if blocks else 0
    whole = round_wh(values=energy, exponent=exponent).reshape(places, days, HOURS)
    known = minutes.reshape(places, days, HOURS)
    is_short = np.diff(day_starts_us) < HOURS * HOUR_US
    whole[:, is_short, HOURS - 1], known[:, is_short, HOURS - 1] = whole[:, is_short, -2], known[:, is_short, -2]
    return whole, known
