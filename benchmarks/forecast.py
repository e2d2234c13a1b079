"""
Loads a day ahead: boosted trees beside what a week ago says, on real customers, both in the same back-test.

Nine months are learned from, the three after them are foretold day by day, each with what is known on the morning
before: loads up to the day before that, temperatures up to 11:00, never those of the day itself. A weather forecast
would be nearer; nobody kept one. Printed are MAE and MAPE of both, area by area, and how long an area takes to learn.
Trees are used where they erred less on the last 28 days of the nine months, as each day's forecast does; the value is
the error of what would have been used. A single home is no area: it is here to show how far the method goes.
"""

import csv
import gzip
import os
import sys
import time
from datetime import date, timedelta
from pathlib import Path

import _report  # first: makes the project importable
import numpy as np

from cis.kernel.calendar import BusinessCalendar
from cis.platform.calendars import business_calendar
from metering.domain import calendar_features, forecasts
from metering.domain.calendar_features import Days
from metering.domain.forecasts import Scores

DATA = Path(os.environ.get("WATTLINE_LOADS", _report.ROOT.parent / "shared" / "data" / "loads"))
LEARNED, TRIED = 273, 365
LAGS = 9
"""First days of a series, before whose end nothing is known of a week before."""
FIT_MOST_S = 30
AREAS = ("illinois", "fontana together")
E4 = 10_000


def rows(name: str) -> list[list[str]]:
    """Return the lines of a file after the first."""
    with gzip.open(DATA / name, "rt", encoding="utf-8") as opened:
        return list(csv.reader(opened))[1:]


def by_hour(lines: list[list[str]], first: date) -> np.ndarray:
    """Return values by hour of the clock on the wall, (d, 24); the second of a doubled hour stays."""
    found = np.full(((date.fromisoformat(lines[-1][0][:10]) - first).days + 1, 24), np.nan)
    for start, value in lines:
        if value not in ("", "nan"):
            found[(date.fromisoformat(start[:10]) - first).days, int(start[11:13])] = float(value)
    return found


def laid(load_w: np.ndarray, temperature: np.ndarray, first: date, calendar: BusinessCalendar) -> Days:
    """Return a year of days."""
    days = [first + timedelta(days=n) for n in range(len(load_w))]
    kind = calendar_features.kinds(days=days, calendar=calendar)
    return Days(first=first, load_w=load_w, temperature=temperature, kind=kind)


def areas() -> dict[str, Days]:
    """Return what is foretold: a customer in Illinois, homes in Fontana one by one and together."""
    calendar = business_calendar("us")
    lines = rows("eemeter/il-electricity-cdd-hdd-hourly.csv.gz")
    first = date.fromisoformat(lines[0][0][:10])
    warm = by_hour(rows("eemeter/il-tempF.csv.gz"), first)[:TRIED]
    found = {"illinois": laid(by_hour(lines, first)[:TRIED] * 1000, (warm - 32) / 1.8, first, calendar)}
    homes = np.array([[float(cell) for cell in line[1:]] for line in rows("us_fontana_homes_hourly_kwh.csv.gz")])
    loads = np.rint(homes.T * 1000).reshape(homes.shape[1], -1, 24)
    warm = np.array([float(line[1]) for line in rows("us_fontana_weather_price_hourly.csv.gz")]).reshape(-1, 24)
    first = date(2016, 8, 1)
    found["fontana together"] = laid(loads.sum(axis=0), warm, first, calendar)
    found |= {f"fontana home {at + 1}": laid(load, warm, first, calendar) for at, load in enumerate(loads)}
    return found


def tried(days: Days, learned: int, until: int) -> Scores:
    """Return how far both err on days after those that are learned from."""
    return forecasts.back_test(days=days, learned=np.arange(LAGS, learned), tried=np.arange(learned, until)).scores


def shown(scores: Scores, *, uses_trees: bool) -> dict[str, float]:
    """Return both errors of an area, as they are printed; ``used``: of what would have been used."""
    ratio = round(scores.mae_w / max(scores.naive_mae_w, 1), 3)
    return {
        "mae_w": scores.mae_w, "naive_mae_w": scores.naive_mae_w, "mape": scores.mape_e4 / E4,
        "naive_mape": scores.naive_mape_e4 / E4, "error": scores.error_e4 / E4,
        "naive_error": scores.naive_error_e4 / E4, "ratio": ratio, "used": ratio if uses_trees else 1.0,
    }  # fmt: skip


def main() -> None:
    """Print the table."""
    asked = _report.parser(__doc__).parse_args()
    start = time.perf_counter()
    if not DATA.is_dir():
        sys.exit(f"the load profiles are not in {DATA}: name their folder by WATTLINE_LOADS")
    chosen = dict(list(areas().items())[: 3 if asked.quick else None])
    table, slowest, hours = {}, 0.0, 0
    for name, days in chosen.items():
        began = time.perf_counter()
        scores = tried(days, LEARNED, TRIED)
        slowest, hours = max(slowest, time.perf_counter() - began), hours + scores.hours
        before = tried(days, LEARNED - forecasts.TRIED_DAYS, LEARNED)
        table[name] = shown(scores, uses_trees=before.mae_w < before.naive_mae_w)
        _report.progress(f"{name}: {table[name]}")
    ratios = [one["used"] for one in table.values()]
    _report.finish(
        name="forecast", value=round(float(np.mean(ratios)), 3), unit="of the MAE of a week ago",
        goal=f"MAE below that of a week ago in each area, and nowhere above it; an area in {FIT_MOST_S} s",
        holds=max(ratios) <= 1 and all(table[name]["ratio"] < 1 for name in AREAS) and slowest < FIT_MOST_S,
        reference={"name": "seasonal naive", "value": 1, "unit": "MAE"},
        ratio=round(1 / float(np.mean(ratios)), 3), n=hours, taken_s=time.perf_counter() - start, table=table,
        slowest_area_s=round(slowest, 2), weather="the last measured on the morning before, not that of the day",
    )  # fmt: skip


if __name__ == "__main__":
    main()
