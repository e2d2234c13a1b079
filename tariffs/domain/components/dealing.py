"""How the energy of a segment is dealt to steps, and to steps and periods of use at once; exact to the Wh."""

from bisect import bisect_right
from itertools import accumulate

import numpy as np

from cis.kernel import fixed
from cis.kernel.fixed import Int64


def between(*, below_wh: Int64, inside_wh: Int64) -> Int64:
    """Fill and return the energy inside each step, given that below each limit, both (k, n). [Wh]"""
    inside_wh[0] = below_wh[0]
    np.subtract(below_wh[1:], below_wh[:-1], out=inside_wh[1:])
    return inside_wh


def deal(*, below_wh: Int64, used_wh: Int64) -> Int64:
    """
    Deal the energy of each step to the periods of use in proportion, (k, p, n). [Wh]

    below_wh  (k, n) energy below each limit, last row all of it
    used_wh   (n, p) energy by period of use, of one sign in each segment

    Periods are taken out one after another: of what is left below each limit, a period gets its share of all that is
    left, rounded half away from zero to the Wh. So the cells of a step sum to the step and those of a period to the
    period exactly, no cell turns against the sign of the use, and a step or period without energy has none.
    """
    if used_wh.min(initial=0) < 0:
        cells = deal(below_wh=np.abs(below_wh), used_wh=np.abs(used_wh))
        return np.where(below_wh[-1] < 0, -cells, cells)
    steps, segments = below_wh.shape
    periods = used_wh.shape[1]
    cells = np.empty((steps, periods, segments), dtype=np.int64)
    largest = periods * int(used_wh.max(initial=0))
    narrow = 2 * largest * largest + largest < fixed.LIMIT
    left, taken = below_wh, np.empty_like(below_wh)
    for period in range(periods - 1):
        taken[-1] = used_wh[:, period]
        for row in range(steps - 1):
            taken[row] = share_wh(part_wh=left[row], used_wh=taken[-1], whole_wh=left[-1], narrow=narrow)
        between(below_wh=taken, inside_wh=cells[:, period])
        left = left - taken
    between(below_wh=left, inside_wh=cells[:, -1])
    return cells


def deal_mixed(*, used_wh: list[int], below_wh: list[int], before_wh: int, limits_wh: list[int]) -> Int64:
    """
    Deal a segment in which one period of use was taken and another given back, (k, p). [Wh]

    Such a true-up has no mix of periods to keep. Its cells are the second differences of
    round(below x cumulative use / all use); if the periods cancel to 0 kWh, all stands in the step that the next kWh
    would enter.

    used_wh    (p,) energy by period of use
    below_wh   (k,) energy below each limit, the last one all of it
    before_wh  count at the start of the segment
    limits_wh  (k-1,)
    """
    total_wh = sum(used_wh)
    if total_wh:
        sums = [0, *accumulate(used_wh)]
        parts = [[half_away(over=low * part, under=total_wh) for part in sums] for low in (0, *below_wh)]
        corner = np.array(parts, dtype=np.int64)
        return corner[1:, 1:] - corner[:-1, 1:] - corner[1:, :-1] + corner[:-1, :-1]
    cells_wh = np.zeros((len(below_wh), len(used_wh)), dtype=np.int64)
    cells_wh[bisect_right(limits_wh, before_wh)] = used_wh
    return cells_wh


def share_wh(*, part_wh: Int64, used_wh: Int64, whole_wh: Int64, narrow: bool) -> Int64:
    """
    Return part x used / whole of (n,) columns, none negative, rounded half up; 0 where whole is 0. [Wh]

    narrow  the product is known to fit 64 bits
    """
    part = part_wh if narrow else part_wh.astype(object)
    share: Int64 = ((2 * used_wh) * part + whole_wh) // (2 * np.maximum(whole_wh, 1))
    return share.astype(np.int64, copy=False)


def half_away(*, over: int, under: int) -> int:
    """Return over / under rounded to the nearest integer, halves away from zero."""
    size = (2 * abs(over) + abs(under)) // (2 * abs(under))
    return size if (over < 0) == (under < 0) else -size
