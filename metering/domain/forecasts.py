"""
The load of an area tomorrow, hour by hour, beside what a week ago would say, and how far both erred before.

Boosted trees learn the load of an hour as a share of the level of the last seven whole days, so that an area that
grows is followed. Beside them stands the seasonal-naive forecast: the same hour a week before, of a holiday that of the
last Sunday. [source: Hyndman and Athanasopoulos, Forecasting: Principles and Practice, 3rd ed., 5.2] Both are tried on
the same days that were not learned from; the one that errs less there is used, and the errors of both are told.

A forecast is neither money nor energy that is billed: this module may count in floats.
"""

from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from cis.kernel.errors import Refused
from cis.kernel.fixed import Int64
from metering.domain import boosting, calendar_features
from metering.domain.boosting import USUAL, Floats, Settings, TooFewRows, Trees
from metering.domain.calendar_features import HOLIDAY, NEWEST, WEEK, Days
from metering.domain.hourly import HOURS

LEAST_DAYS = 70
"""Known days below which trees are not tried: a week a day leans on, six to learn from, three to be tried on."""
TRIED_DAYS = 28
SHARE_E4 = 10_000
ERROR_MOST_E4 = 10**9
BAND = (0.1, 0.9)
"""A band holds the load in eight of ten hours."""
SUNDAY = 6
SEED = 7


class TooFewDays(Refused):
    """There are too few whole days of an area to say anything of tomorrow."""

    code = "too_few_forecast_days"


class Method(StrEnum):
    """How a load is forecast. BOOSTED: by trees; SEASONAL_NAIVE: as a week ago."""

    BOOSTED = "boosted"
    SEASONAL_NAIVE = "seasonal_naive"


class Weather(StrEnum):
    """With which temperature. FORECAST: of the weather service; DAY_OLD: the last that was measured; NONE: without."""

    FORECAST = "forecast"
    DAY_OLD = "day_old"
    NONE = "none"


@dataclass(frozen=True, slots=True, kw_only=True)
class Scores:
    """
    How far forecasts erred over the hours of which both and the load are known.

    hours          how many hours
    mae_w          mean absolute error of the trees; ``naive_mae_w`` of what a week ago says [W]
    error_e4       sum of the absolute errors of the sum of the loads; ``naive_error_e4`` likewise [10^-4]
    mape_e4        mean of the absolute error of each hour's load, where there is any; ``naive_mape_e4`` [10^-4]
    """

    hours: int
    mae_w: int
    naive_mae_w: int
    error_e4: int
    naive_error_e4: int
    mape_e4: int
    naive_mape_e4: int


@dataclass(frozen=True, slots=True, kw_only=True)
class BackTest:
    """
    What came of days that were not learned from.

    low, high  (24,) how many times the forecast the load was at the ends of the band, by hour
    """

    scores: Scores
    low: Floats
    high: Floats


@dataclass(frozen=True, slots=True, kw_only=True)
class DayForecast:
    """
    The load of a day, hour by hour on the clock on the wall.

    values_w  (24,) [W]; ``low_w``, ``high_w`` its band; ``naive_w`` what a week ago says, -1: not known
    scores    how far both erred on days before; None: there are too few to try them
    """

    method: Method
    weather: Weather
    values_w: Int64
    low_w: Int64
    high_w: Int64
    naive_w: Int64
    scores: Scores | None


def naive(days: Days) -> Floats:
    """Return what a week ago says of each hour, (d, 24); of a holiday the last Sunday that was whole. [W]"""
    found = calendar_features.back(days.load_w, days=WEEK)
    weekday = days.weekday()
    for at in np.flatnonzero(days.kind == HOLIDAY):
        since = (int(weekday[at]) - SUNDAY) % WEEK or WEEK
        before = at - (since if since >= NEWEST else since + WEEK)
        if before >= 0:
            found[at] = days.load_w[before]
    earlier = calendar_features.back(days.load_w, days=2 * WEEK)
    return np.where(np.isnan(found), earlier, found)


def learn(*, days: Days, rows: Int64, seed: int = SEED, settings: Settings = USUAL) -> Trees:
    """
    Return trees that were learned from some days, with the temperature that was measured on them.

    :raises TooFewRows: too few of their hours are known.
    """
    features = calendar_features.of_days(days=days, fed=days.temperature)[rows]
    target = (days.load_w / calendar_features.levels(days.load_w)[:, None])[rows]
    known = np.isfinite(target)
    return boosting.fit(features=features[known], target=target[known], seed=seed, settings=settings)


def foretell(*, trees: Trees, days: Days, fed: Floats, rows: Int64) -> Floats:
    """Return the loads that trees say of some days, (n, 24); NaN where no level is known. [W]"""
    features = calendar_features.of_days(days=days, fed=fed)[rows]
    said = boosting.predict(trees, features=features.reshape(-1, features.shape[2])).reshape(-1, HOURS)
    return np.maximum(said, 0) * calendar_features.levels(days.load_w)[rows][:, None]


def back_test(*, days: Days, learned: Int64, tried: Int64, seed: int = SEED, settings: Settings = USUAL) -> BackTest:
    """
    Return how far trees that learned from some days, and what a week ago says, err on others.

    Of each day that is tried only what was known on the morning before is used. Instead of a weather forecast, which
    nobody kept, that is the temperature of the day before (``calendar_features.day_old``): never the day's own. So a
    real weather forecast errs less than what is told here.

    :param learned: rows of days to learn from; ``tried``: rows of days after them.
    :raises TooFewRows: too few hours are known of the days to learn from.
    """
    trees = learn(days=days, rows=learned, seed=seed, settings=settings)
    said = foretell(trees=trees, days=days, fed=calendar_features.day_old(days.temperature), rows=tried)
    was, week = days.load_w[tried], naive(days)[tried]
    known = np.isfinite(was) & np.isfinite(said) & np.isfinite(week)
    ratio = np.where(known & (said > 0), was / np.where(said > 0, said, 1), np.nan)
    low, high = (np.array([_quantile(ratio[:, hour], share) for hour in range(HOURS)]) for share in BAND)
    return BackTest(scores=_scores(was[known], said[known], week[known]), low=low, high=high)


def forecast(*, days: Days, weather: Floats, seed: int = SEED, settings: Settings = USUAL) -> DayForecast:
    """
    Return the load of the last of some days, of which only the calendar is known.

    :param weather: (24,) the temperature that is forecast for it; NaN where there is none.
    :raises TooFewDays: nothing is known of a week before.
    """
    at = len(days) - 1
    week = naive(days)[at]
    known = np.flatnonzero(np.isfinite(days.load_w[:at]).sum(axis=1) * 2 > HOURS)
    fed, kind = _fed(days, weather)
    tried = None
    if len(known) >= LEAST_DAYS:
        tried = _tried(days, known, seed, settings)
    is_boosted = tried is not None and tried.scores.mae_w < tried.scores.naive_mae_w
    if is_boosted:
        trees = learn(days=days, rows=known, seed=seed, settings=settings)
        values = foretell(trees=trees, days=days, fed=fed, rows=np.array([at], dtype=np.int64))[0]
        is_boosted = bool(np.isfinite(values).all())
    if is_boosted and tried is not None:
        return DayForecast(
            method=Method.BOOSTED, weather=kind, values_w=_whole(values),
            low_w=_whole(values * np.minimum(tried.low, 1)), high_w=_whole(values * np.maximum(tried.high, 1)),
            naive_w=_whole(week), scores=tried.scores,
        )  # fmt: skip
    if not np.isfinite(week).all():
        raise TooFewDays("Nothing is known of a week before.", advice="Wait until values of two weeks came in.")
    low, high = _naive_band(days)
    return DayForecast(
        method=Method.SEASONAL_NAIVE, weather=Weather.NONE, values_w=_whole(week), low_w=_whole(week * low),
        high_w=_whole(week * high), naive_w=_whole(week), scores=tried.scores if tried else None,
    )  # fmt: skip


def error_e4(*, said_w: Int64, was_w: Int64) -> int | None:
    """
    Return the sum of the absolute errors of the sum of the loads of hours, both (n,); -1 in ``was_w``: not known.

    None: nothing is known, or nothing was used. [10^-4]
    """
    known = was_w >= 0
    whole = int(was_w[known].sum())
    if whole <= 0:
        return None
    return min(ERROR_MOST_E4, (int(np.abs(said_w - was_w)[known].sum()) * SHARE_E4 + whole // 2) // whole)


def _tried(days: Days, known: Int64, seed: int, settings: Settings) -> BackTest | None:
    """Try the newest days; None: nothing can be said of them."""
    learned, tried = known[:-TRIED_DAYS], known[-TRIED_DAYS:]
    try:
        tested = back_test(days=days, learned=learned, tried=tried, seed=seed, settings=settings)
    except TooFewRows:
        return None
    return tested if tested.scores.hours else None


def _fed(days: Days, weather: Floats) -> tuple[Floats, Weather]:
    """Return the temperatures to foretell with, and what that of the last day is."""
    fed = days.temperature.copy()
    if np.isfinite(weather).all():
        fed[-1] = weather
        return fed, Weather.FORECAST
    fed[-1] = calendar_features.day_old(days.temperature)[-1]
    return fed, Weather.DAY_OLD if np.isfinite(fed[-1]).any() else Weather.NONE


def _naive_band(days: Days) -> tuple[Floats, Floats]:
    """Return how many times what a week ago said the load was at the ends of the band, by hour."""
    week = naive(days)
    ratio = np.where(week > 0, days.load_w / np.where(week > 0, week, 1), np.nan)[:-1][-2 * TRIED_DAYS :]
    low, high = (np.array([_quantile(ratio[:, hour], share) for hour in range(HOURS)]) for share in BAND)
    return np.minimum(low, 1), np.maximum(high, 1)


def _scores(was: Floats, said: Floats, week: Floats) -> Scores:
    used = float(was.sum())
    loaded = was > 0
    wrong, naive_wrong = np.abs(was - said), np.abs(was - week)
    return Scores(
        hours=len(was), mae_w=_mean(wrong), naive_mae_w=_mean(naive_wrong), error_e4=_share(wrong.sum(), used),
        naive_error_e4=_share(naive_wrong.sum(), used),
        mape_e4=_mean(wrong[loaded] / was[loaded] * SHARE_E4),
        naive_mape_e4=_mean(naive_wrong[loaded] / was[loaded] * SHARE_E4),
    )  # fmt: skip


def _quantile(values: Floats, share: float) -> float:
    known = values[np.isfinite(values)]
    return float(np.quantile(known, share)) if len(known) else 1.0


def _mean(values: Floats) -> int:
    return min(round(float(values.mean())), 10**15) if len(values) else 0


def _share(part: float, whole: float) -> int:
    return min(round(part / whole * SHARE_E4), ERROR_MOST_E4) if whole > 0 else 0


def _whole(values: Floats) -> Int64:
    return np.where(np.isfinite(values), np.rint(values), -1).astype(np.int64)
