"""When supplies were dark, and by which outage: asked by whoever decides what a report or an alarm belongs to."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from django.conf import settings

from cis.platform.db import fetch


@dataclass(frozen=True, slots=True, kw_only=True)
class DarkTime:
    """The last time at which a supply was dark; ``is_open``: the outage goes on, though the supply may be back."""

    outage_id: int
    off_at: datetime
    back_at: datetime | None
    is_open: bool
    is_planned: bool

    @property
    def may_go_on(self) -> bool:
        """Return whether the supply has current again, while the rest of a fault is dark."""
        return self.back_at is not None and self.is_open and not self.is_planned


def last_dark(*, service_point_ids: Collection[int]) -> dict[int, DarkTime]:
    """Return by supply when it was dark last; one that never was is left out. One statement."""
    return {row[0]: DarkTime(**dict(zip(DarkTime.__dataclass_fields__, row[1:], strict=True))) for row in fetch(
        _LAST_DARK, [list(service_point_ids)]
    )}  # fmt: skip


def fault_at(*, service_point_id: int) -> int | None:
    """Return the open outage of a supply alone that no plan made, while another one leaves it dark; one statement."""
    rows = fetch(
        """SELECT min(id) FROM metering_outage WHERE service_point_id = %s AND scope = 'single' AND plan_id IS NULL
           AND state IN ('supposed', 'confirmed')""",
        [service_point_id],
    )
    return rows[0][0]  # type: ignore[no-any-return]


def still_dark(*, outage_ids: Collection[int]) -> dict[int, int]:
    """Return by outage how many supplies are dark yet; one with none is left out. One statement."""
    rows = fetch(
        """SELECT outage_id, count(*) FROM metering_outagesupply WHERE outage_id = ANY(%s) AND back_at IS NULL
           GROUP BY outage_id""",
        [list(outage_ids)],
    )
    return {outage_id: int(count) for outage_id, count in rows}


def shares_supplies(*, outage_id: int, other_id: int) -> bool:
    """Return whether a supply was dark by both of two outages, with current in between; one statement."""
    rows = fetch(
        """SELECT EXISTS (SELECT FROM metering_outagesupply x JOIN metering_outagesupply y USING (service_point_id)
                          WHERE x.outage_id = %s AND y.outage_id = %s)""",
        [outage_id, other_id],
    )
    return bool(rows[0][0])


def of_outage(*, outage_id: int) -> list[int]:
    """Return the supplies that an outage left dark; one statement."""
    sql = "SELECT DISTINCT service_point_id FROM metering_outagesupply WHERE outage_id = %s ORDER BY 1"
    rows = fetch(sql, [outage_id])
    return [point_id for (point_id,) in rows]


def without_current(*, service_point_ids: Collection[int], start_at: datetime, end_at: datetime) -> dict[int, str]:
    """
    Return the supplies without current at some time in [start_at, end_at): ``dark`` by an outage, else ``cut`` off.

    One statement. Cut off is who was by the last answer of a meter to a command, or by the last work of a crew.
    """
    given = {"points": list(service_point_ids), "start": start_at, "end": end_at, "zone": settings.TIME_ZONE}
    return dict(fetch(_WITHOUT_CURRENT, given))


_WITHOUT_CURRENT = """
    WITH moves AS (
        SELECT i.service_point_id, c.ended_at AS at, c.command = 'switch_on' AS is_on
        FROM metering_installation i JOIN metering_devicecommand c ON c.meter_id = i.meter_id
        WHERE i.service_point_id = ANY(%(points)s) AND c.command IN ('switch_on', 'switch_off')
          AND c.state = 'succeeded' AND c.ended_at < %(end)s
          AND i.period @> (c.ended_at AT TIME ZONE %(zone)s)::date
        UNION ALL
        SELECT service_point_id, done_at, kind = 'reconnect' FROM metering_workorder
        WHERE service_point_id = ANY(%(points)s) AND kind IN ('cut', 'reconnect') AND outcome = 'done'
          AND done_at < %(end)s
    )
    SELECT service_point_id, 'cut' FROM moves m
    WHERE NOT is_on AND NOT EXISTS (
        SELECT FROM moves n WHERE n.service_point_id = m.service_point_id AND n.is_on AND n.at >= m.at
                              AND n.at <= %(start)s)
    UNION ALL
    SELECT x.service_point_id, 'dark'
    FROM metering_outagesupply x JOIN metering_outage o ON o.id = x.outage_id
    WHERE x.service_point_id = ANY(%(points)s) AND o.state <> 'cancelled' AND x.off_at < %(end)s
      AND (x.back_at IS NULL OR x.back_at > %(start)s)
"""
_LAST_DARK = """
    SELECT DISTINCT ON (x.service_point_id) x.service_point_id, o.id, x.off_at, x.back_at,
           o.state IN ('supposed', 'confirmed'), o.plan_id IS NOT NULL
    FROM metering_outagesupply x JOIN metering_outage o ON o.id = x.outage_id
    WHERE x.service_point_id = ANY(%s) ORDER BY x.service_point_id, x.off_at DESC, x.id DESC
"""
