"""
What is seen of a load before it is judged: levels of its days, the season of its peers, and where it shifted.

Likelihoods are floats: nothing here is billed. Loads are (n, d, 24): n places, d local days, 24 hours, in Wh; an hour
that is not known is NaN, and a day with such an hour is not looked at.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cis.kernel.fixed import Int64

Float = NDArray[np.float64]
Flags = NDArray[np.bool_]

HOURS, MINUTES = 24, 60
LEVELS = (2, 7, 12, 16, 21)
"""Which hours of a day, from the smallest, stand for it: about its 10th, 30th, 50th, 70th and 90th percentile."""
LEAST_BEFORE = 21
LEAST_AFTER = 14
SEEN_AROUND = 28
FLOOR = 0.02
POOLED = (0.03, 0.1, 0.25, 0.5, 0.75, 0.9, 0.97)
"""Quantiles of the hours of several days: what is always on, and what is large now and then."""
MEANT = 0.1
NEAR, AROUND = 4, 14
LEAST_FALL = 0.15
LEAST_PEERS, MOST_PEERS = 2, 60


@dataclass(frozen=True, slots=True, kw_only=True)
class Loads:
    """
    Hourly energy of n places over the same d days.

    energy_wh  (n, d, 24), NaN where it is not known
    group      (n,) whose weather and calendar are alike: peers
    """

    energy_wh: Float
    group: Int64

    @property
    def days(self) -> int:
        """Count of days."""
        return int(self.energy_wh.shape[1])


@dataclass(frozen=True, slots=True, kw_only=True)
class Levels:
    """
    The days of n places.

    total   (n, d) energy of a day [Wh]; NaN: not known
    usual   (n,) median of the days' totals [Wh]
    logs    (n, d, 5) logarithm of the hours that stand for a day, without the season of the peers
    season  (n, d) logarithm of how the peers' days differ from their usual one
    """

    total: Float
    usual: Float
    logs: Float
    season: Float


@dataclass(frozen=True, slots=True, kw_only=True)
class Shift:
    """
    Where each of n places changed most, and how.

    All but day and change are shares of the change.

    day     (n,) first day after it; 0: none
    change  (n,) logarithm of the factor by which the level changed, below 0
    spread  (n,) how far small and large hours changed by other factors
    uneven  (n,) the same between the two halves of the time before
    noise   (n,) how far days lie from their own side
    apart   (n,) the smaller share of days on one side that lie beyond nine in ten of the other side
    stays   (n,) change of the last days
    drift   (n,) change between the two halves of the time before: what comes slowly is no step
    """

    day: Int64
    change: Float
    spread: Float
    uneven: Float
    noise: Float
    apart: Float
    stays: Float
    drift: Float


def levels(*, loads: Loads) -> Levels:
    """Return the days of loads as levels."""
    known: Flags = np.asarray(~np.isnan(loads.energy_wh).any(axis=2))
    total = np.where(known, np.nansum(loads.energy_wh, axis=2), np.nan)
    usual = median(total)
    floor = np.maximum(usual / HOURS * FLOOR, 1e-3)
    ordered = np.sort(np.where(known[:, :, None], loads.energy_wh, np.nan), axis=2)[:, :, LEVELS]
    logs = np.log(np.maximum(ordered, floor[:, None, None]))
    season = _season(np.log(np.maximum(total, floor[:, None] * HOURS)), loads.group)
    return Levels(total=total, usual=usual, logs=logs - season[:, :, None], season=season)


def shifts(*, loads: Loads, seen: Levels) -> Shift:
    """Return where each place fell most, evenly over the day and for good; its day is 0 where nothing fell."""
    n, d = seen.total.shape
    best, strength = _empty_shift(n), np.full(n, LEAST_FALL)
    known = np.cumsum(~np.isnan(seen.logs[:, :, 0]), axis=1)
    sums = np.cumsum(np.nan_to_num(seen.logs.mean(axis=2)), axis=1)

    def mean(first: int, end: int) -> Float:
        """Return the mean level of days [first, end), first above 0; NaN where none is known."""
        count = known[:, end - 1] - known[:, first - 1]
        return np.where(count > 0, (sums[:, end - 1] - sums[:, first - 1]) / np.maximum(count, 1), np.nan)

    for day in range(LEAST_BEFORE, d - LEAST_AFTER + 1):
        near = mean(day - NEAR, day) - mean(day, day + NEAR)
        fall = mean(day - AROUND, day) - mean(day, day + AROUND) + 0.3 * near
        better = np.nan_to_num(fall) > strength
        strength[better] = fall[better]
        best.day[better] = day
    for at in np.flatnonzero(best.day):
        hours = np.log(np.maximum(loads.energy_wh[at], max(seen.usual[at] / HOURS * FLOOR, 1e-3)))
        _describe(hours - seen.season[at][:, None], seen.logs[at], float(seen.usual[at]), best, int(at))
    return best


def _describe(hours: Float, logs: Float, usual_wh: float, found: Shift, at: int) -> None:
    """
    Fill in how a place changed on its day.

    hours  (d, 24) and logs (d, 5), both as logarithms without the season
    """
    day = int(found.day[at])
    first, end = max(0, day - SEEN_AROUND), day + SEEN_AROUND
    old, new = _pooled(hours[first:day]), _pooled(hours[day:end])
    meant = np.exp(old) > MEANT * usual_wh / HOURS
    if not meant.any() or np.isnan(new).any():
        found.day[at] = 0
        return
    parts = (new - old)[meant]
    change = min(float(np.median(parts)), -1e-3)
    half = (first + day) // 2
    before, after = logs[first:day], logs[day:end]
    sides = np.concatenate((before - median(before.T), after - median(after.T))).mean(axis=1)
    found.change[at], found.spread[at] = change, np.std(parts) / -change
    found.uneven[at] = np.std((_pooled(hours[half:day]) - _pooled(hours[first:half]))[meant]) / -change
    found.noise[at] = 1.4826 * median(np.abs(sides)) / -change
    found.apart[at] = _apart(logs[:day].mean(axis=1), logs[day:].mean(axis=1))
    found.stays[at] = np.median((_pooled(hours[-2 * NEAR :]) - old)[meant]) / change
    found.drift[at] = np.median((_pooled(hours[half:day]) - _pooled(hours[first:half]))[meant]) / change


def _pooled(hours: Float) -> Float:
    """Return quantiles of all hours of some days, (7,); NaN where none is known."""
    known = hours[~np.isnan(hours)]
    return np.quantile(known, POOLED) if len(known) else np.full(len(POOLED), np.nan)


def _apart(before: Float, after: Float) -> float:
    before, after = before[~np.isnan(before)], after[~np.isnan(after)]
    if not len(before) or not len(after):
        return 0.0
    below = np.mean(after < np.quantile(before, 0.1))
    above = np.mean(before > np.quantile(after, 0.9))
    return float(min(below, above))


def _season(logs: Float, group: Int64) -> Float:
    """Return for each place and day how the days of its peers differ from their usual ones, (n, d); 0 without peers."""
    own = logs - median(logs)[:, None]
    found = np.zeros_like(own)
    for one in np.unique(group):
        rows = np.flatnonzero(group == one)
        if len(rows) <= LEAST_PEERS:
            continue
        if len(rows) > MOST_PEERS:
            found[rows] = median(own[rows].T)
            continue
        for row in rows:
            found[row] = median(own[rows[rows != row]].T)
    return np.nan_to_num(found)


def _empty_shift(n: int) -> Shift:
    return Shift(
        day=np.zeros(n, dtype=np.int64),
        **{name: np.zeros(n) for name in ("change", "spread", "uneven", "noise", "apart", "stays", "drift")},
    )


def median(values: Float) -> Float:
    """Return the median over the last axis of what is known; NaN where nothing is."""
    ordered = np.sort(values, axis=-1)  # NaN last
    count = (~np.isnan(values)).sum(axis=-1, keepdims=True)
    low = np.take_along_axis(ordered, np.maximum(count - 1, 0) // 2, axis=-1)
    high = np.take_along_axis(ordered, np.minimum(count // 2, values.shape[-1] - 1), axis=-1)
    return np.asarray((low + high) / 2)[..., 0]


def loads_of(*, energy_wh: Int64, minutes: Int64, group: Int64) -> Loads:
    """
    Return loads out of hours, of which those that are not wholly known are left out; of two in one, their mean.

    energy_wh, minutes  (n, d, 24), see ``metering.domain.hourly.lay``
    """
    return Loads(
        energy_wh=np.where(minutes >= MINUTES, energy_wh * MINUTES / np.maximum(minutes, MINUTES), np.nan), group=group
    )
