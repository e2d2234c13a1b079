"""
Energy that will be sold in the months that come, class by class, beside the same month of last year.

Boosted trees learn the energy of a day of a month as a share of the level of the last twelve known months, all classes
together. Months to come have the temperature that they usually have, also those that are tried. Where too few months
are known to try trees, or they err more there, it is said as last year, times how the class grew since. A forecast is
neither money nor energy that is billed: this module may count in floats.
"""

from dataclasses import dataclass
from datetime import date
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from cis.kernel.fixed import Int64
from cis.kernel.periods import add_months, month_of
from metering.domain import boosting
from metering.domain.boosting import Settings, TooFewRows

Floats = NDArray[np.float64]
YEAR = 12
AHEAD = 3
"""So many months are foretold, the running one first."""
TRIED = 6
LEAST_KNOWN = 2 * YEAR + TRIED
"""Months below which trees are not tried: a year to lean on, one to learn from, half of one to be tried on."""
SETTINGS = Settings(rounds=120, depth=3, part=1.0, least_rows=4)
SEED = 7
SHARE_E4 = 10_000
ERROR_MOST_E4 = 10**9


class SalesMethod(StrEnum):
    """How sales are forecast. BOOSTED: by trees; LAST_YEAR: as in the same month, with the growth since."""

    BOOSTED = "boosted"
    LAST_YEAR = "last_year"


@dataclass(frozen=True, slots=True, kw_only=True)
class Sales:
    """
    What was sold to c classes in m whole months that follow each other.

    first        the first day of the first month
    energy_wh    (c, m) ; -1: nothing was billed [Wh]
    temperature  (m,) mean of each month; NaN: not known [deg C]
    """

    first: date
    energy_wh: Int64
    temperature: Floats

    @property
    def months(self) -> int:
        """Return how many months are known."""
        return int(self.energy_wh.shape[1])


@dataclass(frozen=True, slots=True, kw_only=True)
class SalesSaid:
    """
    What is foretold of c classes, AHEAD months each.

    energy_wh       (c, AHEAD); -1: nothing is known of the class, or nothing was billed lately [Wh]
    error_e4        (c,) error of the trees on the months that were tried, of what was sold; -1: not tried [10^-4]
    naive_error_e4  (c,) of the same months a year before [10^-4]
    """

    method: tuple[SalesMethod, ...]
    energy_wh: Int64
    error_e4: Int64
    naive_error_e4: Int64


def foretell(sales: Sales, *, settings: Settings = SETTINGS) -> SalesSaid:
    """Return what classes will take in the months after those that are known."""
    day = _a_day(sales)
    classes, months = day.shape
    rows = np.arange(classes)
    errors, naive_errors = (np.full(classes, -1, dtype=np.int64) for _ in range(2))
    if months >= LEAST_KNOWN:
        was = day[:, months - TRIED :]
        tried = _trees(sales, day[:, : months - TRIED], was.shape[1], settings)
        last = _last_year(day[:, : months - TRIED], was.shape[1])
        was = np.where(np.isfinite(tried) & np.isfinite(last), was, np.nan)
        errors = np.array([_error(tried[at], was[at]) for at in rows], dtype=np.int64)
        naive_errors = np.array([_error(last[at], was[at]) for at in rows], dtype=np.int64)
    by_trees = (errors >= 0) & (errors < naive_errors)
    said = _last_year(day, AHEAD)
    if by_trees.any():
        said = np.where(by_trees[:, None], _trees(sales, day, AHEAD, settings), said)
    said[~np.isfinite(day[:, -AHEAD:]).any(axis=1)] = np.nan
    lengths = np.array([_length(sales.first, months + ahead) for ahead in range(AHEAD)], dtype=np.float64)
    energy = np.where(np.isfinite(said), np.rint(np.maximum(said, 0) * lengths), -1).astype(np.int64)
    method = tuple(SalesMethod.BOOSTED if one else SalesMethod.LAST_YEAR for one in by_trees.tolist())
    return SalesSaid(method=method, energy_wh=energy, error_e4=errors, naive_error_e4=naive_errors)


def amount_minor(*, energy_wh: int, billed_wh: int, billed_minor: int) -> int:
    """Return what energy comes to at the mean price of what was billed; 0 where nothing was. [minor unit]"""
    return (2 * energy_wh * billed_minor + billed_wh) // (2 * billed_wh) if billed_wh > 0 else 0


def _a_day(sales: Sales) -> Floats:
    """Return the energy of a day of each month, (c, m); NaN: nothing was billed. [Wh]"""
    lengths = np.array([_length(sales.first, at) for at in range(sales.months)], dtype=np.float64)
    return np.where(sales.energy_wh >= 0, sales.energy_wh / lengths, np.nan)


def _last_year(day: Floats, ahead: int) -> Floats:
    """Return the same months of the year before, times how the last three known months grew to the year before."""
    classes, months = day.shape
    padded = np.concatenate([np.full((classes, YEAR + AHEAD), np.nan), day], axis=1)
    recent, before = padded[:, -3:], padded[:, -3 - YEAR : -YEAR]
    both = np.isfinite(recent) & np.isfinite(before)
    sums = np.where(both, recent, 0).sum(axis=1), np.where(both, before, 0).sum(axis=1)
    growth = np.where(sums[1] > 0, sums[0] / np.where(sums[1] > 0, sums[1], 1), 1.0)
    same = np.stack([padded[:, months + AHEAD + at % YEAR] for at in range(ahead)], axis=1)
    last = padded[:, -1:]
    return np.where(np.isfinite(same), same * growth[:, None], np.broadcast_to(last, same.shape))


def _trees(sales: Sales, day: Floats, ahead: int, settings: Settings) -> Floats:
    """Return what trees that know some months say of those after them, (c, ahead); NaN: they say nothing. [Wh]"""
    classes, months = day.shape
    said = np.full((classes, ahead), np.nan)
    for step in range(ahead):
        target = [(at, month) for at in range(classes) for month in range(YEAR + step, months)]
        rows = [
            (_features(day, at, month, step, sales.first, sales.temperature[month]), day[at, month])
            for at, month in target
        ]
        known = [(row, value / row[-1]) for row, value in rows if np.isfinite(value) and row[-1] > 0]
        if not known:
            continue
        try:
            trees = boosting.fit(
                features=np.array([row[:-1] for row, _ in known]), target=np.array([value for _, value in known]),
                seed=SEED, settings=settings,
            )  # fmt: skip
        except TooFewRows:
            continue
        warm = _usual(sales.temperature[:months], months + step)
        asked = np.array([_features(day, at, months + step, step, sales.first, warm) for at in range(classes)])
        said[:, step] = boosting.predict(trees, features=asked[:, :-1]) * asked[:, -1]
    return said


def _features(day: Floats, at: int, month: int, step: int, first: date, warm: float) -> list[float]:
    """Return what is known of a month so many steps after the last known one; the level comes last."""
    end = month - step
    past = day[at, max(0, end - YEAR) : end]
    level = float(past[np.isfinite(past)].mean()) if np.isfinite(past).any() else 0.0
    scale = level or 1.0
    turn = 2 * np.pi * ((first.month - 1 + month) % YEAR) / YEAR
    last_year = day[at, month - YEAR] if month >= YEAR else np.nan
    return [
        float(at), float(np.sin(turn)), float(np.cos(turn)), float(warm), float(last_year / scale),
        float(day[at, end - 1] / scale), level,
    ]  # fmt: skip


def _usual(temperature: Floats, month: int) -> float:
    """Return the mean of the same month in the years that are known; NaN: none is."""
    same = temperature[month % YEAR :: YEAR]
    known = same[np.isfinite(same)]
    return float(known.mean()) if len(known) else float("nan")


def _error(said: Floats, was: Floats) -> int:
    known = np.isfinite(said) & np.isfinite(was)
    whole = was[known].sum()
    return min(round(float(np.abs(said - was)[known].sum() / whole) * SHARE_E4), ERROR_MOST_E4) if whole > 0 else -1


def _length(first: date, months: int) -> int:
    """Return the days of the month that is so many months after the first."""
    span = month_of(add_months(first, months))
    return (span.end - span.start).days
