"""
Gaps are cut into the measured curves of real homes and filled again: what each method is worth, in the same run.

The curves state their licences (../shared/data/loads): they are read from there, not copied. WATTLINE_PROOF=1 hides a
thousand gaps of each length instead of sixty.
"""

import csv
import gzip
import os
from datetime import datetime
from functools import cache
from pathlib import Path

import numpy as np
import pytest

from metering.domain.day_estimates import Bounds, Curve, fill
from metering.domain.estimation import Method, days_of_scalar, scalar_of_days

LOADS = next(
    (found for parent in Path(__file__).resolve().parents if (found := parent / "shared" / "data" / "loads").is_dir()),
    None,
)
pytestmark = pytest.mark.skipif(LOADS is None, reason="the curves are read from ../shared/data, where that is")
GAPS = 1_000 if os.environ.get("WATTLINE_PROOF") else 60
HOURS, WEEKS = 24, 4
BOUNDS = Bounds(most_slots=4, within_weeks=WEEKS)
DAYS = {"hour": 0, "day": 1, "month": 30}


@cache
def fontana():
    """Nine homes, (9, d, 24) Wh; days are counted from a Monday: the year begins on one."""
    with gzip.open(LOADS / "us_fontana_homes_hourly_kwh.csv.gz", "rt") as file:
        rows = list(csv.reader(file))
    assert datetime.fromisoformat(rows[1][0]).weekday() == 0
    wh = np.array([[round(float(cell) * 1_000) for cell in row[1:]] for row in rows[1:]], dtype=np.int64)
    return wh[: len(wh) // HOURS * HOURS].T.reshape(wh.shape[1], -1, HOURS)


def _hidden(length, days, rng):
    """Flags of one gap inside the year, with room on both sides."""
    hidden = np.zeros((days, HOURS), dtype=np.bool_)
    first = int(rng.integers(WEEKS * 7, days - WEEKS * 7 - DAYS["month"]))
    if length == "hour":
        hidden[first, int(rng.integers(1, HOURS - 1))] = True
    else:
        hidden[first : first + DAYS[length]] = True
    return hidden


@cache
def errors(length, method):
    """Mean absolute error of an hour in percent of the mean hour, of the energy of the gap in percent; filled gaps."""
    rng = np.random.default_rng(7)
    off, gap_off, truth, filled = 0, [], 0, 0
    homes = fontana()
    for n in range(GAPS):
        wh = homes[n % len(homes)]
        hidden = _hidden(length, len(wh), rng)
        curve = Curve(day=np.arange(7, 7 + len(wh)) + 1, values=np.where(hidden, 0, wh), is_known=~hidden)
        found = fill(curve=curve, wanted=hidden, methods=[method], bounds=BOUNDS)
        assert np.array_equal(found.values[~hidden], wh[~hidden])
        if not found.is_filled[hidden].all():
            continue
        filled += 1
        off += int(np.abs(found.values[hidden] - wh[hidden]).sum())
        truth += int(wh[hidden].sum())
        gap_off.append(abs(int(found.values[hidden].sum()) - int(wh[hidden].sum())) / max(int(wh[hidden].sum()), 1))
    return 100 * off / max(truth, 1), 100 * float(np.median(gap_off or [0])), filled


def test_each_method_is_measured_and_ranks_as_the_pack_orders_them():
    told = {
        (length, method): errors(length, method)
        for length in DAYS
        for method in (Method.INTERPOLATION, Method.PROXY_DAY, Method.AVERAGE)
    }
    # On a line for what is short, and for nothing else.
    assert told["hour", Method.INTERPOLATION][0] < told["hour", Method.PROXY_DAY][0]
    assert told["hour", Method.INTERPOLATION][0] < told["hour", Method.AVERAGE][0]
    assert told["day", Method.INTERPOLATION][2] == told["month", Method.INTERPOLATION][2] == 0
    # A mean is nearer to an hour than one single day, whose shape it loses.
    assert told["day", Method.AVERAGE][0] < told["day", Method.PROXY_DAY][0]
    assert told["day", Method.PROXY_DAY][2] == told["day", Method.AVERAGE][2] == GAPS


def _eemeter(name):
    with gzip.open(LOADS / "eemeter" / f"il-electricity-cdd-hdd-{name}.csv.gz", "rt") as file:
        rows = list(csv.reader(file))[1:]
    at = [datetime.fromisoformat(row[0]) for row in rows]
    return at, [round(float(row[1]) * 1_000) for row in rows[:-1]]


def test_a_counter_that_runs_with_the_intervals_shows_what_was_billed():
    """The hours of a meter add up to its monthly reads, which their makers rounded: to 0.15 kWh."""
    at, hourly = _eemeter("hourly")
    ends, billed = _eemeter("billing_monthly")
    place = {one: n for n, one in enumerate(at)}
    inside = [(place[a], place[b], wh) for a, b, wh in zip(ends[:-1], ends[1:], billed, strict=True)
              if a in place and b in place]  # fmt: skip
    assert len(inside) > 6
    months = np.array([sum(hourly[a:b]) for a, b, _ in inside], dtype=np.int64)
    shown = scalar_of_days(start_reading_wh=0, daily_wh=months, digits=6, multiplier=1).values
    assert np.abs(np.diff(np.concatenate(([0], shown))) - [wh for *_, wh in inside]).max() <= 150


def test_what_a_counter_tells_is_dealt_to_missing_hours_exactly():
    at, hourly = _eemeter("hourly")
    values = np.array(hourly[: len(at) // HOURS * HOURS], dtype=np.int64)
    month = values[: 30 * HOURS]
    rng = np.random.default_rng(3)
    for _ in range(GAPS):
        first = int(rng.integers(0, len(month) - 5 * HOURS))
        known = np.ones(len(month), dtype=np.bool_)
        known[first : first + int(rng.integers(1, 5 * HOURS))] = False
        weights = values[30 * HOURS : 60 * HOURS]
        found = days_of_scalar(energy_wh=int(month.sum()), given=month, known=known, weights=weights)
        assert int(found.values.sum()) == int(month.sum())
        assert np.array_equal(found.values[known], month[known])
        assert (found.values >= 0).all()
