"""
Make cis/demo/data/shapes.csv.gz from the load profiles of the shared data folder.

    .venv/bin/python tools/make_demo_shapes.py ../shared/data/loads

One column a customer, 8,760 rows: the hours of a year from Monday 1 January 00:00 on the wall clock, in Wh. Each
source year is turned so that it starts in January on a Monday; leap days are left out; an hour that is missing in
the source (DST) repeats its neighbour.
"""

import csv
import gzip
import io
import sys
from datetime import datetime
from pathlib import Path

HOMES = {
    "be_homes_2016_hourly_kwh.csv.gz": ("1a1d", "214e", "56f2", "7863", "a7d5", "c1a7", "ce8a", "d209"),
    "us_fontana_homes_hourly_kwh.csv.gz": (
        "home_05",
        "home_06",
        "home_07",
        "home_08",
        "home_09",
        "home_11",
        "home_12",
        "home_17",
    ),
}
SHOPS = {"us_doe_reference_buildings_baltimore_hourly_kwh.csv.gz": ("SmallOffice", "StripMall")}
HOURS = 8_760
NOON = 12


def _year_of(folder: Path, name: str, column: str) -> list[int]:
    """Return the hours of one customer in Wh, from Monday 1 January."""
    with gzip.open(folder / name, "rt", encoding="utf-8", newline="") as file:
        rows = [(datetime.fromisoformat(next(iter(row.values()))), float(row[column])) for row in csv.DictReader(file)]
    by_hour = {(at.month, at.day, at.hour): round(1000 * value) for at, value in rows}
    first = {(at.month, at.day): at for at, _ in rows if at.hour == NOON}
    days = sorted((month, day) for month, day in first if (month, day) != (2, 29))
    start = next(i for i in range(7) if first[days[i]].weekday() == 0)
    ordered = days[start:] + days[:start]
    hours: list[int] = []
    for month, day in ordered:
        for hour in range(24):
            hours.append(by_hour.get((month, day, hour), hours[-1] if hours else 0))
    return hours[:HOURS]


def main(folder: Path) -> None:
    columns: dict[str, list[int]] = {}
    for kind, sources in (("home", HOMES), ("shop", SHOPS)):
        for name, chosen in sources.items():
            for column in chosen:
                columns[f"{kind}{len(columns) + 1:02d}"] = _year_of(folder, name, column)
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows(zip(*columns.values(), strict=True))
    target = Path(__file__).resolve().parents[1] / "cis" / "demo" / "data" / "shapes.csv.gz"
    with target.open("wb") as raw, gzip.GzipFile(filename="", fileobj=raw, mode="wb", mtime=0) as packed:
        packed.write(text.getvalue().encode())
    for name, hours in columns.items():
        print(name, len(hours), sum(hours) // 1000, "kWh", min(hours), max(hours))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
