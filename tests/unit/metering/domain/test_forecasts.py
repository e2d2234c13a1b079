"""
Loads a day ahead: against a week ago on real customers, without any knowledge of the day that is foretold.

The curves state their licences (../shared/data/loads): they are read from there, not copied.
"""

import csv
import gzip
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import pytest

from cis.kernel.calendar import BusinessCalendar
from metering.domain import calendar_features, forecasts
from metering.domain.boosting import Settings
from metering.domain.calendar_features import HOLIDAY, WEEKEND, WORKING, Days
from metering.domain.forecasts import Method, TooFewDays, Weather

LOADS = next(
    (found for parent in Path(__file__).resolve().parents if (found := parent / "shared" / "data" / "loads").is_dir()),
    None,
)
FEW = Settings(rounds=40, shrinkage=0.1)
NOBODY = BusinessCalendar(())
UNKNOWN = np.full(24, np.nan)


def laid(load: np.ndarray, temperature: np.ndarray | None = None, first: date = date(2026, 1, 5), calendar=NOBODY):
    """Days of a load that begin on a Monday."""
    warm = np.full(load.shape, np.nan) if temperature is None else temperature
    days = [first + timedelta(days=n) for n in range(len(load))]
    kind = calendar_features.kinds(days=days, calendar=calendar)
    return Days(first=first, load_w=load.astype(np.float64), temperature=warm, kind=kind)


def warm_town(*, days: int = 150, seed: int = 5, warmth: int = 60) -> tuple[np.ndarray, np.ndarray]:
    """A load that follows hour, weekend and warmth; the last day is not known."""
    rng = np.random.default_rng(seed)
    day = np.arange(days)[:, None]
    temperature = (
        22 + 6 * np.sin(day / 9) + 4 * np.sin((np.arange(24) - 9) / 24 * 2 * np.pi) + rng.normal(0, 1, (days, 1))
    )
    shape = 1_000 + 300 * np.sin((np.arange(24) - 12) / 24 * 2 * np.pi)
    load = (
        shape * np.where(day % 7 > 4, 0.7, 1.0)
        + warmth * np.maximum(temperature - 24, 0)
        + rng.normal(0, 15, (days, 24))
    )
    load[-1] = np.nan
    return np.rint(load), temperature


def rows(name: str) -> list[list[str]]:
    assert LOADS is not None
    with gzip.open(LOADS / name, "rt", encoding="utf-8") as opened:
        return list(csv.reader(opened))[1:]


def by_hour(lines: list[list[str]], first: date) -> np.ndarray:
    """Hours of the clock on the wall; the second of a doubled hour stays, a left out one is not known."""
    found = np.full(((date.fromisoformat(lines[-1][0][:10]) - first).days + 1, 24), np.nan)
    for start, value in lines:
        if value not in ("", "nan"):
            found[(date.fromisoformat(start[:10]) - first).days, int(start[11:13])] = float(value)
    return found


def illinois() -> Days:
    lines = rows("eemeter/il-electricity-cdd-hdd-hourly.csv.gz")
    first = date.fromisoformat(lines[0][0][:10])
    load, warm = by_hour(lines, first)[:365] * 1000, by_hour(rows("eemeter/il-tempF.csv.gz"), first)[:365]
    return laid(load, (warm - 32) / 1.8, first)


def fontana() -> Days:
    load = np.array([[float(cell) for cell in line[1:]] for line in rows("us_fontana_homes_hourly_kwh.csv.gz")]).sum(
        axis=1
    )
    warm = np.array([float(line[1]) for line in rows("us_fontana_weather_price_hourly.csv.gz")])
    return laid(load.reshape(-1, 24) * 1000, warm.reshape(-1, 24), date(2016, 8, 1))


@pytest.mark.skipif(LOADS is None, reason="the curves are read from ../shared/data, where that is")
@pytest.mark.parametrize(("customer", "most"), [(illinois, 0.78), (fontana, 0.88)])
def test_trees_err_less_than_a_week_ago_on_three_months_that_they_never_saw(customer, most):
    days = customer()
    scores = forecasts.back_test(days=days, learned=np.arange(9, 273), tried=np.arange(273, 365)).scores
    assert scores.hours > 90 * 24
    assert scores.mae_w < most * scores.naive_mae_w
    assert scores.error_e4 < scores.naive_error_e4


def test_nothing_of_the_day_itself_nor_of_the_day_before_is_used():
    load, warm = warm_town()
    known, tried = np.arange(9, 120), np.arange(120, 121)
    said = []
    for changed in (0, 500):
        other, hot = load.copy(), warm.copy()
        other[119:] += changed
        hot[120:] += changed
        hot[119, calendar_features.MEASURED_HOURS :] += changed
        days = laid(other, hot)
        trees = forecasts.learn(days=days, rows=known[:-1], settings=FEW)
        fed = calendar_features.day_old(days.temperature)
        said.append(forecasts.foretell(trees=trees, days=days, fed=fed, rows=tried))
    assert np.array_equal(said[0], said[1])


def test_a_day_old_temperature_is_what_was_measured_on_the_morning_before():
    warm = np.arange(72.0).reshape(3, 24)
    stale = calendar_features.day_old(warm)
    assert stale[2].tolist() == [*range(24, 35), *range(11, 24)]
    assert np.isnan(stale[0]).all()
    assert np.isnan(stale[1, 11:]).all()


def test_a_warm_day_is_foretold_by_its_weather():
    load, warm = warm_town()
    days = laid(load, np.vstack([warm[:-1], np.full(24, np.nan)]))
    cool, hot = (forecasts.forecast(days=days, weather=np.full(24, degrees), settings=FEW) for degrees in (18.0, 32.0))
    assert (cool.method, cool.weather) == (Method.BOOSTED, Weather.FORECAST)
    assert hot.values_w.sum() > cool.values_w.sum() + 24 * 200
    assert (cool.low_w <= cool.values_w).all()
    assert (cool.values_w <= cool.high_w).all()
    assert cool.scores is not None
    assert cool.scores.mae_w < cool.scores.naive_mae_w


@pytest.mark.parametrize(("has_past", "kind"), [(True, Weather.DAY_OLD), (False, Weather.NONE)])
def test_it_does_without_a_weather_forecast_and_says_so(has_past, kind):
    load, warm = warm_town(warmth=5)
    past = np.vstack([warm[:-1], np.full(24, np.nan)]) if has_past else None
    made = forecasts.forecast(days=laid(load, past), weather=UNKNOWN, settings=FEW)
    assert (made.method, made.weather) == (Method.BOOSTED, kind)


def test_a_town_that_grows_is_followed():
    load, warm = warm_town()
    grows = load * np.linspace(1, 2, len(load))[:, None]
    made = forecasts.forecast(days=laid(grows, warm), weather=warm[-1], settings=FEW)
    assert made.values_w.mean() > 0.92 * 2 * np.nanmean(load[-8:-1])


def test_where_a_week_ago_errs_less_that_is_what_is_said():
    rng = np.random.default_rng(2)
    week = rng.uniform(0, 9_000, (7, 24))
    load = np.rint(np.vstack([np.tile(week, (15, 1)), np.full((1, 24), np.nan)]))
    made = forecasts.forecast(days=laid(load), weather=UNKNOWN, settings=FEW)
    assert (made.method, made.values_w.tolist()) == (Method.SEASONAL_NAIVE, load[105 - 7].astype(int).tolist())
    assert made.scores is not None
    assert made.scores.naive_mae_w == 0


def test_few_days_are_said_as_a_week_ago_and_none_are_refused():
    load = np.vstack([np.tile(np.arange(24.0), (20, 1)), np.full((1, 24), np.nan)])
    made = forecasts.forecast(days=laid(load), weather=UNKNOWN)
    assert (made.method, made.weather, made.scores) == (Method.SEASONAL_NAIVE, Weather.NONE, None)
    assert made.values_w.tolist() == list(range(24))
    with pytest.raises(TooFewDays):
        forecasts.forecast(days=laid(np.full((20, 24), np.nan)), weather=UNKNOWN)


def test_days_that_lie_far_apart_teach_nothing_and_stop_nothing():
    load = np.full((401, 24), np.nan)
    load[:400:5] = np.arange(24.0)
    load[393] = np.arange(24.0) + 1
    made = forecasts.forecast(days=laid(load), weather=UNKNOWN, settings=FEW)
    assert (made.method, made.scores, made.values_w.tolist()) == (Method.SEASONAL_NAIVE, None, list(range(1, 25)))


def test_a_holiday_is_said_as_the_last_sunday_that_was_whole():
    load = np.repeat(np.arange(21.0)[:, None], 24, axis=1)  # each day is its own number; the first is a Monday
    monday, tuesday = date(2026, 1, 19), date(2026, 1, 20)
    days = laid(load, calendar=BusinessCalendar([monday, tuesday]))
    assert days.kind.tolist()[12:17] == [WEEKEND, WEEKEND, HOLIDAY, HOLIDAY, WORKING]
    said = forecasts.naive(days)[:, 0]
    assert said[14] == 6, "on Monday the Sunday before is not whole when it is foretold"
    assert said[15] == 13
    assert said[16] == 9


def test_an_error_counts_only_what_is_known():
    said, was = np.array([10, 20, 30]), np.array([12, 18, -1])
    assert forecasts.error_e4(said_w=said, was_w=was) == 1_333
    assert forecasts.error_e4(said_w=said, was_w=np.full(3, -1)) is None
