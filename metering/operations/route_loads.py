"""Reading routes of a whole supplier: checked as delivered, a line a place in the order of the walk, and written."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from cis.kernel.actors import Actor
from cis.kernel.errors import Findings
from cis.platform import audit
from cis.platform.db import copy_rows, joins_transaction
from metering.domain.routes import RouteLine, check_lines
from metering.models.route import ReadingRoute
from metering.operations.routes import InvalidRoute


@dataclass(frozen=True, slots=True, kw_only=True)
class PreparedRoutes:
    """A checked delivery of routes with everything found in it."""

    lines: tuple[RouteLine, ...]
    findings: Findings


def prepare(*, lines: Sequence[RouteLine], service_points: Collection[str]) -> PreparedRoutes:
    """
    Check a whole delivery of routes; of routes that exist one statement is asked, and nothing is written.

    :param service_points: external ids of all service points that are loaded with it.
    """
    findings = Findings()
    check_lines(lines, service_points=service_points, findings=findings)
    known = ReadingRoute.objects.filter(code__in={one.route for one in lines}) if lines else ()
    for row in known:
        where = next(one.where for one in lines if one.route == row.code)
        findings.add(f"{where}: route", "route_taken", f"There is a route {row.code} already.")
    return PreparedRoutes(lines=tuple(lines), findings=findings)


@joins_transaction
def load(*, prepared: PreparedRoutes, service_point_ids: Mapping[str, int], actor: Actor) -> int:
    """
    Write a prepared delivery; return how many routes there are.

    :param service_point_ids: ids by external id.
    :raises InvalidRoute: the delivery has findings; nothing is written.
    """
    prepared.findings.raise_if_any(InvalidRoute)
    firsts: dict[str, RouteLine] = {}
    for line in prepared.lines:
        firsts.setdefault(line.route, line)
    if not firsts:
        return 0
    made = ReadingRoute.objects.bulk_create(
        ReadingRoute(
            code=one.route, name=one.name, days=list(one.schedule.days), every_months=one.schedule.every_months,
            first_month=one.schedule.first_month.replace(day=1), window_days=one.schedule.window_days,
        )
        for one in firsts.values()
    )  # fmt: skip
    ids, places = {row.code: row.id for row in made}, dict.fromkeys(firsts, 0)
    rows = []
    for line in prepared.lines:
        places[line.route] += 1
        rows.append(
            (
                ids[line.route], places[line.route], service_point_ids[line.service_point], line.key_note,
                line.access_note,
            )
        )  # fmt: skip
    copy_rows(
        table="metering_routestop", columns=("route_id", "place", "service_point_id", "key_note", "access_note"),
        rows=rows,
    )  # fmt: skip
    audit.record(actor, "load", "reading_route", None, routes=len(firsts), stops=len(rows))
    return len(firsts)
