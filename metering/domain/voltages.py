"""
Voltages at meters: kept by quarter of an hour, looked at by the hour, told a day ahead; never energy, never billed.

A voltage falls with what the transformer carries. So the forecast of an hour is its mean, moved along one straight line
of voltage by load, fitted by least squares to how both differ from the mean of their hour. [source: house rule]
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cis.kernel.fixed import Int64

Float = NDArray[np.float64]
Flags = NDArray[np.bool_]
HOURS, SLOTS = 24, 96
PER_HOUR = SLOTS // HOURS
UNKNOWN = -1
MOST_MV = 1_000_000
"""A voltage between a phase and neutral of low voltage is below it. [mV]"""
OFF_MV = 22_000
"""Below it supply is interrupted, which is no low voltage: a tenth of 220 V. [source: house rule, as IEC 61000-4-30]"""
E4 = 10_000
LEAST_DAYS = 3
"""Days on which an hour is known, before it is forecast."""
LEAST_PAIRS = 48
"""Pairs of voltage and load, before a line is fitted; with fewer an hour goes as its mean."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Band:
    """What voltage is allowed between a phase and neutral. [mV]"""

    low_mv: int
    high_mv: int

    def is_left(self, *, low_mv: int, high_mv: int) -> bool:
        """Return whether voltages from one to the other leave it."""
        return low_mv < self.low_mv or high_mv > self.high_mv


def band(*, nominal_mv: int, below_e4: int, above_e4: int) -> Band:
    """Return the band around a nominal voltage, whose bounds are allowed themselves."""
    return Band(low_mv=nominal_mv * (E4 - below_e4) // E4, high_mv=nominal_mv * (E4 + above_e4) // E4)


def by_hour(slots_mv: Int64) -> Int64:
    """
    Return the mean of each hour, (..., 24), of what is known of it, rounded down; UNKNOWN where nothing is. [mV]

    slots_mv  (..., 96) of each quarter of an hour, UNKNOWN where it is not known; what is below OFF_MV counts as that
    """
    parts = slots_mv.reshape(*slots_mv.shape[:-1], HOURS, PER_HOUR)
    known = parts >= OFF_MV
    count = known.sum(axis=-1)
    total = np.where(known, parts, 0).sum(axis=-1)
    return np.where(count > 0, total // np.maximum(count, 1), UNKNOWN)


@dataclass(frozen=True, slots=True, kw_only=True)
class VoltageForecasts:
    """
    One day of n meters.

    hours_mv  (n, 24) UNKNOWN where an hour is not known well enough
    is_known  (n,) any hour is
    slope     (n,) what a kW more of the transformer brings, mostly below 0 [mV/kW]; 0: no line could be fitted
    error_mv  (n,) mean distance of the line from what was measured
    """

    hours_mv: Int64
    is_known: Flags
    slope: Float
    error_mv: Int64


def ahead(
    *, hours_mv: Int64, load_wh: Int64, load_known: Flags, coming_wh: Int64, coming_known: Flags
) -> VoltageForecasts:
    """
    Return the voltages of a day to come.

    hours_mv      (n, d, 24) measured, UNKNOWN where they are not
    load_wh       (n, d, 24) of the transformer of each meter; ``load_known`` (n, d)
    coming_wh     (n, 24) what it is thought to carry on that day; ``coming_known`` (n,)
    """
    known = hours_mv != UNKNOWN
    paired = known & load_known[:, :, None]
    volts, loads = hours_mv.astype(np.float64), load_wh.astype(np.float64)
    mean_v, mean_l = _mean(volts, paired), _mean(loads, paired)
    dv, dl = np.where(paired, volts - mean_v[:, None], 0.0), np.where(paired, loads - mean_l[:, None], 0.0)
    spread = (dl * dl).sum(axis=(1, 2))
    fits = (paired.sum(axis=(1, 2)) >= LEAST_PAIRS) & (spread > 0)
    slope = np.where(fits, (dv * dl).sum(axis=(1, 2)) / np.where(spread > 0, spread, 1.0), 0.0)
    uses = fits & coming_known
    moved = slope[:, None] * (coming_wh - mean_l)
    has_pairs = paired.sum(axis=1) >= LEAST_DAYS
    by_line = uses[:, None] & has_pairs
    all_mean = _mean(volts, known)
    guess = np.where(by_line, mean_v + moved, all_mean)
    is_known = known.sum(axis=1) >= LEAST_DAYS
    left = np.abs(
        np.where(by_line[:, None], dv - slope[:, None, None] * dl, np.where(known, volts - all_mean[:, None], 0))
    )
    count = np.maximum(np.where(by_line[:, None], paired, known).sum(axis=(1, 2)), 1)
    return VoltageForecasts(
        hours_mv=np.where(is_known, np.clip(np.rint(guess), 0, MOST_MV), UNKNOWN).astype(np.int64),
        is_known=is_known.any(axis=1), slope=slope * 1_000,
        error_mv=np.rint(left.sum(axis=(1, 2)) / count).astype(np.int64),
    )  # fmt: skip


def _mean(values: Float, counts: Flags) -> Float:
    """Return the mean over days of what counts, (n, 24); 0 where nothing does."""
    total = np.where(counts, values, 0.0).sum(axis=1)
    return np.asarray(total / np.maximum(counts.sum(axis=1), 1))
