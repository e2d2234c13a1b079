"""
Values of a day as they come in: of two of one interval the one that was written later holds.

So it does not matter in which order they are heard, or how often: messages may be lost and sent again, doubled, and
overtake each other.
"""

from dataclasses import dataclass
from datetime import timedelta

import numpy as np

from cis.kernel.columns import Columns
from cis.kernel.fixed import Int64
from metering.domain.intervals import NO_VALUE, Flags, Letters

NEVER = np.iinfo(np.int64).min
QUIET = timedelta(hours=1)
"""A day that lacks values is closed when nothing came for so long. House rule."""
KEPT = timedelta(days=3)
"""So long after its start a closed day is still known value by value. House rule."""
CLOSED_EVERY = timedelta(minutes=15)


@dataclass(frozen=True, slots=True)
class LiveValues(Columns):
    """
    Days of s slots each, (d, s).

    values   [10^-6 of the base unit], 0 where there is none
    quality  letters, N where there is no value
    written  when each was written [microseconds since 1970 UTC]; NEVER where there is no value
    """

    values: Int64
    quality: Letters
    written: Int64


def nothing(*, days: int, slots: int) -> LiveValues:
    """Return days without a value."""
    shape = (days, slots)
    return LiveValues(
        values=np.zeros(shape, dtype=np.int64),
        quality=np.full(shape, NO_VALUE, dtype=np.uint8),
        written=np.full(shape, NEVER, dtype=np.int64),
    )


def merged(*, held: LiveValues, given: LiveValues) -> tuple[LiveValues, Flags]:
    """
    Return what is known now, and of which days it is something new, (d,).

    A value takes the place of another one that was written before it, or at the same time but says less: of two that
    were written at one time and differ the larger one holds, so that both orders end the same.
    """
    is_later = given.written > held.written
    is_larger = (given.values > held.values) | ((given.values == held.values) & (given.quality > held.quality))
    is_taken = (given.quality != NO_VALUE) & (is_later | ((given.written == held.written) & is_larger))
    known = LiveValues(
        values=np.where(is_taken, given.values, held.values),
        quality=np.where(is_taken, given.quality, held.quality),
        written=np.where(is_taken, given.written, held.written),
    )
    is_new = (known.values != held.values) | (known.quality != held.quality)
    return known, np.asarray(is_new.any(axis=1))
