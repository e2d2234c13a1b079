"""How much energy a made-up customer takes in each half hour: real profiles, scaled, with Shanghai's seasons."""

import csv
import gzip
from datetime import date, timedelta
from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

DATA = Path(__file__).parent / "data" / "shapes.csv.gz"
SLOTS = 48
WEEKS_OF_DAYS = 364
# Relative use by month of an air-conditioned home in Shanghai, January first.
SEASON = np.array([1.25, 1.15, 0.95, 0.80, 0.80, 1.05, 1.50, 1.55, 1.10, 0.80, 0.85, 1.15])

Wh = NDArray[np.int64]


@cache
def profiles() -> dict[str, NDArray[np.float64]]:
    """Return the shipped profiles by name: 364 days x 24 hours from a Monday. [Wh]"""
    with gzip.open(DATA, "rt", encoding="utf-8", newline="") as file:
        reader = csv.reader(file)
        names = next(reader)
        hours = np.array([[int(cell) for cell in row] for row in reader], dtype=np.float64)
    days = hours[: WEEKS_OF_DAYS * 24].T.reshape(len(names), WEEKS_OF_DAYS, 24)
    return {name: days[i] for i, name in enumerate(names)}


def names_of(kind: str) -> tuple[str, ...]:
    """Return the profile names of a kind: ``home`` or ``shop``."""
    return tuple(name for name in profiles() if name.startswith(kind))


def half_hours(rng: np.random.Generator, *, profile: str, year_kwh: float, start: date, end: date) -> Wh:
    """
    Return the use of each half hour of the local days [start, end), (days, 48). [Wh]

    The weekday of the profile is kept, so that a Sunday looks like a Sunday.
    """
    days = [start + timedelta(days=n) for n in range((end - start).days)]
    shape = profiles()[profile]
    shift = 7 * int(rng.integers(-2, 3))
    rows = [((day.timetuple().tm_yday - 1 + shift) // 7 * 7 + day.weekday()) % WEEKS_OF_DAYS for day in days]
    season = SEASON[[day.month - 1 for day in days]]
    hourly = shape[rows] * season[:, None] * (year_kwh * 1000 / shape.sum())
    share = rng.uniform(0.35, 0.65, size=hourly.shape)
    halves = np.stack((hourly * share, hourly * (1 - share)), axis=2)
    used_wh: Wh = np.rint(halves).astype(np.int64).reshape(len(days), SLOTS)
    return used_wh
