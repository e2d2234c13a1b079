"""When outages began: since the first of what shows it, also where a meter tells of it after somebody has reported."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from cis.kernel.actors import SYSTEM
from cis.platform import audit
from cis.platform.db import execute, fetch, joins_transaction
from metering.domain.outages import SUBJECT, Scope, started_at
from metering.models.outage import Outage


@joins_transaction
def sooner_step(said: Sequence[tuple[int, int, datetime]], *, outages: Mapping[int, Outage], minutes: int) -> None:
    """
    Let supplies be dark since their meters say so, and their outages begin with it; one statement, and some an outage.

    :param said: outage, supply, since when; :param outages: by id, locked.
    :param minutes: what came at most so long before an outage began is of it, what was before is of the supply alone.
    """
    moved: dict[int, list[datetime]] = {}
    for outage_id, since in fetch(_SOONER, [list(column) for column in zip(*said, strict=True)]):
        moved.setdefault(outage_id, []).append(since)
    for outage_id, times in sorted(moved.items()):
        row = outages[outage_id]
        is_alone = Scope(row.scope) is Scope.SINGLE
        at = started_at(began_at=row.began_at, times=times, is_alone=is_alone, minutes=minutes)
        begin_step(row, at=at, moved=len(times))


@joins_transaction
def begin_step(row: Outage, *, at: datetime, moved: int = 0) -> None:
    """
    Let a locked outage begin sooner, with all supplies that were dark since it began; its clocks run as they did.

    Those whose meter says that current flowed, or went, in between stay as they are.

    :param moved: supplies of it that are dark since sooner already.
    """
    before = row.began_at
    if at < before:
        row.began_at = at
        row.save(update_fields=["began_at"])
        moved += execute(_ALL, {"outage": row.id, "before": before, "at": at})
    audit.record(SYSTEM, "begin_sooner", SUBJECT, row.id, before=before, at=row.began_at, supplies=moved)


_SOONER = """
    UPDATE metering_outagesupply x SET off_at = one.since
    FROM unnest(%s::bigint[], %s::bigint[], %s::timestamptz[]) AS one (outage, point, since)
    WHERE x.outage_id = one.outage AND x.service_point_id = one.point AND one.since < x.off_at AND NOT EXISTS (
        SELECT FROM metering_outagesupply y WHERE y.service_point_id = x.service_point_id AND y.id <> x.id
          AND (y.off_at > x.off_at OR y.back_at > one.since))
    RETURNING x.outage_id, x.off_at
"""
_ALL = """
    UPDATE metering_outagesupply x SET off_at = %(at)s
    WHERE x.outage_id = %(outage)s AND x.off_at = %(before)s AND NOT EXISTS (
        SELECT FROM metering_meteralarm a WHERE a.service_point_id = x.service_point_id
          AND a.kind IN ('power_off', 'power_on') AND a.occurred_at >= %(at)s AND a.occurred_at <= %(before)s)
      AND NOT EXISTS (
        SELECT FROM metering_outagesupply y WHERE y.service_point_id = x.service_point_id AND y.id <> x.id
          AND y.off_at <= x.off_at AND y.back_at > %(at)s)
"""
