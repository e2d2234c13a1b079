"""
The load of transformers and feeders a day ahead: how days of its kind go by hour, times the level of the last week.

A plain method on purpose, which an engineer can work out again by hand; how far it was off stands beside each forecast.
Days are of two kinds, those that are worked and those that are not. [source: house rule]
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cis.kernel.fixed import Int64

Flags = NDArray[np.bool_]
E4 = 10_000
SHAPE_DAYS = 28
LEVEL_DAYS = 7
LEAST_LEVEL_DAYS = 3
LEAST_SHAPE_DAYS = 2
"""Of a kind; with fewer, all days are of one kind."""
TESTED_DAYS = 14
AHEAD_MOST = 2
HISTORY_DAYS = SHAPE_DAYS + TESTED_DAYS + AHEAD_MOST
ERROR_MOST_E4 = 1_000_000
"""A hundred times the mean load: of one that is almost nothing, any error is beyond measure."""
LEVEL_BOUNDS_E4 = (5_000, 20_000)


@dataclass(frozen=True, slots=True, kw_only=True)
class Forecasts:
    """
    One day of n assets.

    load_wh   (n, 24)
    is_known  (n,) there is enough to go by
    error_e4  (n,) mean distance of the same forecast on the days before, of their mean load, ERROR_MOST_E4 at most;
              -1: not known [10^-4]
    """

    load_wh: Int64
    is_known: Flags
    error_e4: Int64


def ahead(
    *, load_wh: Int64, is_known: Flags, is_worked: Sequence[bool], days_ahead: int, growth_e4: int = E4
) -> Forecasts:
    """
    Return the load of a day after the last one that is known of.

    load_wh    (n, d, 24) of the days up to the last one that is over
    is_known   (n, d)
    is_worked  (d + days_ahead,) whether each of them, and of those up to the day that is forecast, is worked
    growth_e4  by what the level is thought to change besides; 10,000: not at all
    """
    last = load_wh.shape[1]
    made, enough = _one(load_wh, is_known, is_worked, end=last, at=last + days_ahead - 1)
    error = np.zeros(len(load_wh), dtype=np.int64)
    size, count = np.zeros_like(error), np.zeros_like(error)
    for at in range(max(last - TESTED_DAYS, 0), last):
        end = at - days_ahead + 1
        if end < 1:
            continue
        guess, could = _one(load_wh, is_known, is_worked, end=end, at=at)
        counts = could & is_known[:, at]
        error += np.where(counts, np.abs(guess - load_wh[:, at]).sum(axis=1), 0)
        size += np.where(counts, np.abs(load_wh[:, at]).sum(axis=1), 0)
        count += counts
    tested = (count > 0) & (size > 0)
    share = np.where(tested, np.minimum(error * E4 // np.maximum(size, 1), ERROR_MOST_E4), -1)
    return Forecasts(load_wh=made * growth_e4 // E4, is_known=enough, error_e4=np.where(enough, share, -1))


def _one(
    load_wh: Int64, is_known: Flags, is_worked: Sequence[bool], *, end: int, at: int
) -> tuple[Int64, Flags]:  # fmt: skip
    """Return the load of the day ``at`` out of the days before ``end``, (n, 24), and where enough of them is known."""
    first = max(end - SHAPE_DAYS, 0)
    hours, known = load_wh[:, first:end], is_known[:, first:end]
    worked = np.array(is_worked[first:end], dtype=np.bool_)
    means = {}
    for kind in (True, False):
        of_kind = known & (worked == kind)
        few = of_kind.sum(axis=1) < LEAST_SHAPE_DAYS
        means[kind] = _mean(hours, np.where(few[:, None], known, of_kind))
    week = known[:, -LEVEL_DAYS:]
    expected = np.zeros(len(load_wh), dtype=np.int64)
    for n in range(week.shape[1]):
        kind = bool(worked[len(worked) - week.shape[1] + n])
        expected += np.where(week[:, n], means[kind].sum(axis=1), 0)
    actual = np.where(week[:, :, None], hours[:, -LEVEL_DAYS:], 0).sum(axis=(1, 2))
    level = np.where(expected > 0, np.maximum(actual, 0) * E4 // np.maximum(expected, 1), E4)
    level = np.clip(level, *LEVEL_BOUNDS_E4)
    enough = week.sum(axis=1) >= LEAST_LEVEL_DAYS
    return means[bool(is_worked[at])] * level[:, None] // E4, enough


def _mean(hours: Int64, counts: Flags) -> Int64:
    """Return the mean of each hour over the days that count, (n, 24), rounded down; 0 where none does."""
    total = np.where(counts[:, :, None], hours, 0).sum(axis=1)
    return np.asarray(total // np.maximum(counts.sum(axis=1), 1)[:, None])
