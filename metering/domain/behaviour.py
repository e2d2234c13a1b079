"""
How a place uses electricity: hours of working days and days off, base load, shares of evening and night.

Told of whole local days alone. Nothing of it is billed, and nobody is judged by it: it is shown to the customer.

House rules: a month is told of from ``LEAST_DAYS`` days on; night is from 0:00 to 5:00, evening from 18:00 to 22:00;
the base load is the 5th percentile of the hours of its nights, by nearest rank, so that a few hours without power do
not make it 0 and a few late evenings do not raise it. Days off are Saturdays, Sundays and public holidays, without
those that are worked to make up for them.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cis.kernel.columns import Columns
from cis.kernel.fixed import Int64

Flags = NDArray[np.bool_]
HOURS = 24
NIGHT, EVENING = slice(0, 5), slice(18, 22)
EVENING_HOURS = EVENING.stop - EVENING.start
LEAST_DAYS = 14
LEAST_WORKING, LEAST_OFF = 5, 2
BASE_PERCENT = 5
E4 = 10_000
UNKNOWN = -1
_ABSENT = np.iinfo(np.int64).max


@dataclass(frozen=True, slots=True, kw_only=True)
class Behaviours(Columns):
    """
    What is told of n places over some days; ``UNKNOWN`` where too little is known of it.

    known_days  (n,) whole days
    working_wh  (n, 24) mean energy of each hour of working days [Wh]
    off_wh      (n, 24) the same of days off [Wh]
    day_wh      (n,) mean energy of a day [Wh]
    base_w      (n,) what always runs [W]
    evening_e4  (n,) share of the evening in all energy [10^-4]
    night_e4    (n,) share of the night [10^-4]
    off_e4      (n,) a mean day off in parts of a mean working day [10^-4]
    """

    known_days: Int64
    working_wh: Int64
    off_wh: Int64
    day_wh: Int64
    base_w: Int64
    evening_e4: Int64
    night_e4: Int64
    off_e4: Int64


def describe(*, energy_wh: Int64, is_whole: Flags, is_off: Flags) -> Behaviours:
    """
    Return how n places used electricity over d days.

    energy_wh  (n, d, 24) energy of each local hour [Wh]
    is_whole   (n, d) all hours of the day are known
    is_off     (d,) Saturday, Sunday or holiday
    """
    known = is_whole.sum(axis=1)
    told = known >= LEAST_DAYS
    used = np.where(is_whole[:, :, None], energy_wh, 0)
    by_hour = used.sum(axis=1)
    total = by_hour.sum(axis=1)
    working = _profile(used, is_whole & ~is_off, least=LEAST_WORKING, told=told)
    off = _profile(used, is_whole & is_off, least=LEAST_OFF, told=told)
    return Behaviours(
        known_days=known.astype(np.int64),
        working_wh=working,
        off_wh=off,
        day_wh=np.where(told, total // np.maximum(known, 1), UNKNOWN),
        base_w=np.where(told, _base(energy_wh, is_whole, known), UNKNOWN),
        evening_e4=_share(by_hour[:, EVENING].sum(axis=1), total, told),
        night_e4=_share(by_hour[:, NIGHT].sum(axis=1), total, told),
        off_e4=_share(off.sum(axis=1), working.sum(axis=1), (working[:, 0] >= 0) & (off[:, 0] >= 0)),
    )


def _profile(used: Int64, counts: Flags, *, least: int, told: Flags) -> Int64:
    """Return the mean of each hour over the days that count, (n, 24), to the nearest Wh; -1 of too few days."""
    days = counts.sum(axis=1)
    sums = np.where(counts[:, :, None], used, 0).sum(axis=1)
    by = np.maximum(days, 1)[:, None]
    means: Int64 = (2 * sums + by) // (2 * by)
    return np.where((told & (days >= least))[:, None], means, UNKNOWN)


def _base(energy_wh: Int64, is_whole: Flags, known: Int64) -> Int64:
    """Return the 5th percentile of the hours of nights by nearest rank, (n,); an hour's Wh are its mean W."""
    nights = np.where(is_whole[:, :, None], energy_wh[:, :, NIGHT], _ABSENT).reshape(len(energy_wh), -1)
    hours = known * (NIGHT.stop - NIGHT.start)
    rank = np.maximum((hours * BASE_PERCENT + 99) // 100 - 1, 0)
    if not nights.shape[1]:
        return np.zeros(len(energy_wh), dtype=np.int64)
    found: Int64 = np.sort(nights, axis=1)[np.arange(len(nights)), rank]
    return np.maximum(np.where(hours > 0, found, 0), 0)


def _share(part: Int64, whole: Int64, told: Flags) -> Int64:
    """Return a part of a whole in 10^-4, rounded down, (n,); -1 where nothing was used or too little is known."""
    is_known = told & (whole > 0)
    return np.where(is_known, part * E4 // np.where(is_known, whole, 1), UNKNOWN)
