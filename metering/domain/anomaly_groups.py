"""
Detectors that look at several places together: neighbours whose meters were swapped, and transformers that lose energy.

Bounds as in ``anomaly_detectors``; [source: house rule].
"""

from collections.abc import Iterator

import numpy as np

from cis.kernel.fixed import Int64
from metering.domain.anomalies import LEAST_SCORE_E4, AnomalyKind, Reason, ReasonCode, Suspicion
from metering.domain.anomaly_detectors import above, below, percent, weakest
from metering.domain.anomaly_features import HOURS, LEAST_AFTER, LEAST_BEFORE, Flags, Float, Levels, Loads, median

STEP_DAYS = 3
LEAST_CHANGE = 0.25
MOST_TOGETHER = 300
"""Transformers with more places than that are not looked at for swaps: none of a street has as many."""


def swaps(*, loads: Loads, seen: Levels, together: Int64) -> tuple[Suspicion, ...]:
    """
    Return pairs of neighbours that have had each other's load since a day; both are told, each with the other.

    together  (n,) who hangs together; below 0: on nothing that is known
    """
    floor = np.maximum(seen.usual / HOURS * 0.02, 1e-3)[:, None, None]
    logs = np.log(np.maximum(loads.energy_wh, floor)) - seen.season[:, :, None]
    found: list[Suspicion] = []
    for one in np.unique(together[together >= 0]):
        rows = np.flatnonzero(together == one)
        if 1 < len(rows) <= MOST_TOGETHER:
            found += _swapped(logs[rows], rows)
    return tuple(one for one in found if one.score_e4 >= LEAST_SCORE_E4)


def _swapped(logs: Float, rows: Int64) -> Iterator[Suspicion]:
    """Yield the best pairs of one group; a place is in one pair at most."""
    hourly = np.ascontiguousarray(logs.transpose(0, 2, 1))
    d = logs.shape[1]
    best: dict[tuple[int, int], tuple[float, int, float, float]] = {}
    for day in range(LEAST_BEFORE, d - LEAST_AFTER + 1, STEP_DAYS):
        before, after = median(hourly[:, :, :day]), median(hourly[:, :, day:])
        apart = np.sqrt(((after[:, None] - before[None]) ** 2).mean(axis=2))  # [i, j]: now of i against past of j
        own = np.diag(apart).copy()
        gain = own[:, None] - apart
        for i, j in np.argwhere(np.triu((gain > 0) & (gain.T > 0) & (own > LEAST_CHANGE)[:, None], 1)):
            both = float(gain[i, j] + gain[j, i])
            if both > best.get((i, j), (0.0,))[0]:
                best[i, j] = (both, day, float(apart[i, j] / own[i]), float(apart[j, i] / own[j]))
    used: set[int] = set()
    for (i, j), (_, day, mine, theirs) in sorted(best.items(), key=lambda item: -item[1][0]):
        if used & {i, j}:
            continue
        used |= {i, j}
        score = weakest(below(max(mine, theirs), bound=0.57, width=0.08))
        for at, other, left in ((i, j, mine), (j, i, theirs)):
            yield Suspicion(
                row=int(rows[at]), kind=AnomalyKind.SWAPPED, score_e4=score, since_day=day, other_row=int(rows[other]),
                reasons=(Reason(ReasonCode.FITS_NEIGHBOUR, (percent(left),)), Reason(ReasonCode.STAYS, (d - day,))),
            )  # fmt: skip


def unbalanced(*, given_wh: Int64, taken_wh: Int64, is_known: Flags) -> tuple[Suspicion, ...]:
    """
    Return transformers whose losses rose for good: what their meters take no longer goes with what they give.

    given_wh, taken_wh  (t, d) energy of a day [Wh]
    is_known            (t, d) both are known
    """
    found = []
    share = np.where(is_known & (given_wh > 0), (given_wh - taken_wh) / np.maximum(given_wh, 1), np.nan)
    for at, (given, lost) in enumerate(zip(given_wh, share, strict=True)):
        known = int((~np.isnan(lost)).sum())
        if known < LEAST_BEFORE + LEAST_AFTER:
            continue
        day = _rise(lost)
        old, new = float(median(lost[:day])), float(median(lost[day:]))
        noise = 1.4826 * float(median(np.abs(np.concatenate((lost[:day] - old, lost[day:] - new)))))
        strength = (new - old) / (noise + 0.002)
        score = weakest(above(strength, bound=2.0, width=0.3), above(new - old, bound=0.009, width=0.002))
        if score >= LEAST_SCORE_E4:
            missing = round(float(np.median(given[day:])) * (new - old))
            reasons = (
                Reason(ReasonCode.LOSS, (round(10_000 * old), round(10_000 * new))),
                Reason(ReasonCode.MISSING, (missing,)),
            )
            found.append(Suspicion(row=at, kind=AnomalyKind.BALANCE, score_e4=score, since_day=day, reasons=reasons))
    return tuple(found)


def _rise(shares: Float) -> int:
    """Return the day from which shares are most above those before, in their sum of squares; NaN: not known."""
    known, running = np.cumsum(~np.isnan(shares)), np.cumsum(np.nan_to_num(shares))
    day = np.arange(LEAST_BEFORE, len(shares) - LEAST_AFTER + 1)
    before, after = known[day - 1], known[-1] - known[day - 1]
    rise = (running[-1] - running[day - 1]) / np.maximum(after, 1) - running[day - 1] / np.maximum(before, 1)
    return int(day[np.argmax(rise * np.sqrt(before * after))])
