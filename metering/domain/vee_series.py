"""Which spans are of one series: what a service point draws or gives in a period of use, whatever meter hangs there."""

from dataclasses import dataclass

import numpy as np

from cis.kernel.columns import Columns
from cis.kernel.fixed import Int64
from metering.domain.usage import KEY


@dataclass(frozen=True, slots=True)
class Sides(Columns):
    """
    What tells spans apart, n rows; energy of a service point in a quantity, a direction and a period of use.

    side  (n,) quantity and period of use as one number, even for what is drawn and one more for what is given
    """

    service_point_id: Int64
    side: Int64
    register_id: Int64
    start_day: Int64
    end_day: Int64


def number(*, sides: Sides) -> tuple[Int64, Int64]:
    """
    Return the series of each span and that of the other direction, (n,), (n,).

    Rule: the meters that hang one after the other at a place are one series, so that an exchange has a past. Where two
    hang at once, each register is its own series, and its other direction is none (-1).
    """
    pair = np.stack((sides.service_point_id, sides.side // 2))
    _, place = np.unique(pair, axis=1, return_inverse=True)
    series = place.reshape(-1) * 2 + sides.side % 2
    other = place.reshape(-1) * 2 + 1 - sides.side % 2
    beside = _beside(series, sides)
    _, registers = np.unique(sides.register_id, return_inverse=True)
    first_free = int(series.max(initial=0)) + 2
    own = np.isin(series, beside)
    numbers = np.where(own, first_free + registers * 2 + sides.side % 2, series)
    return np.asarray(numbers, dtype=np.int64), np.where(own | np.isin(other, beside), -1, other)


def _beside(series: Int64, sides: Sides) -> Int64:
    """Return the series in which spans overlap."""
    order = np.lexsort((sides.end_day, sides.start_day, series))
    key = series[order] * KEY
    ends = np.maximum.accumulate(key + sides.end_day[order])
    overlaps = (key + sides.start_day[order])[1:] < ends[:-1]
    overlaps &= series[order][1:] == series[order][:-1]
    return np.unique(series[order][1:][overlaps])
