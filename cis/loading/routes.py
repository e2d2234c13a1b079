"""Reading routes as a file: a line a place, in the order of the walk."""

from collections.abc import Collection, Sequence
from datetime import date
from typing import cast

from cis.loading.tables import Column, Row, day, whole, wholes
from metering.domain.routes import RouteLine, Schedule
from metering.operations import route_loads
from metering.operations.route_loads import PreparedRoutes

FILE = "routes.csv"
COLUMNS = (
    Column("route"),
    Column("name"),
    Column("days", wholes),
    Column("every_months", whole, is_required=False, default=1),
    Column("first_month", day),
    Column("window_days", whole, is_required=False, default=3),
    Column("service_point"),
    Column("key_note", is_required=False),
    Column("access_note", is_required=False),
)


def prepare(lines: Sequence[tuple[int, Row]], *, service_points: Collection[str]) -> PreparedRoutes:
    """Check the lines of the file; see ``metering.operations.route_loads.prepare``."""
    return route_loads.prepare(lines=[_line(line, row) for line, row in lines], service_points=service_points)


def _line(line: int, row: Row) -> RouteLine:
    schedule = Schedule(
        days=cast(tuple[int, ...], row["days"]), every_months=cast(int, row["every_months"]),
        first_month=cast(date, row["first_month"]).replace(day=1), window_days=cast(int, row["window_days"]),
    )  # fmt: skip
    texts = {name: str(row[name]) for name in ("route", "name", "service_point", "key_note", "access_note")}
    return RouteLine(schedule=schedule, **texts, where=f"{FILE}:{line}")
