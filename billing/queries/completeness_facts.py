"""What completeness looks at, of places over days: agreements, meters, usage, bills and who waits, as columns."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import TypeVar

import numpy as np

from billing.domain.completeness import (
    NEVER,
    OWN_LOAD,
    Billed,
    Facts,
    Given,
    Measured,
    Spans,
    Supplies,
)
from billing.domain.pieces import PlanVersion
from billing.domain.rebills import RebillState
from billing.domain.workflow import RunState
from billing.queries import segments
from cis.kernel.fixed import Int64
from cis.kernel.periods import Period
from cis.platform import db
from metering.domain.usage_rules import GIVEN, HAS_SOURCE, RuleKind

Table = TypeVar("Table", bound=Spans)
OPEN = (RebillState.PROPOSED.value, RebillState.OPEN.value, RebillState.LEFT.value)
ALL = 1
"""First day that a final bill looks at."""
_DAY = "({} - DATE '0001-01-01' + 1)::bigint"
_FIRST = _DAY.format("lower({0})")
_END = "coalesce((upper({0}) - DATE '0001-01-01' + 1)::bigint, %(never)s::bigint)"


def _range(name: str) -> str:
    return f"{_FIRST.format(name)}, {_END.format(name)}"


def _days(first: str, end: str) -> str:
    return f"{_DAY.format(first)}, {_DAY.format(end)}"


_POINTS = """
    SELECT s.id FROM metering_servicepoint s
    WHERE s.id > %(after)s AND (
        EXISTS (SELECT FROM contracts_serviceagreement g
                WHERE g.service_point_id = s.id AND g.period && daterange(%(start)s, %(end)s))
        OR EXISTS (SELECT FROM metering_installation i
                   WHERE i.service_point_id = s.id AND i.period && daterange(%(start)s, %(end)s)))
    ORDER BY s.id LIMIT %(most)s
"""
_AT = "g.service_point_id = ANY(%(points)s) AND g.period && daterange(%(start)s, %(end)s)"
# An account that is in no cycle is billed by itself only where there is none at all, or for its end. Its next run
# begins where its bills end, or where those of its cycle do: days without reads are on no bill, and the runs go on.
_SUPPLIES = f"""
    WITH runs AS (
        SELECT cycle_id, max(end_date) AS until FROM billing_billrun
        WHERE state = '{RunState.ISSUED.value}' AND NOT is_shadow AND cycle_id IS NOT NULL GROUP BY 1
    ), billed AS (
        SELECT b.account_id, max(s.period_end_date) AS until
        FROM billing_bill b JOIN billing_billsegment s ON s.bill_id = b.id AND s.cancels_id IS NULL
        WHERE b.state = 'issued' AND b.account_id IN (SELECT g.account_id FROM contracts_serviceagreement g WHERE {_AT})
        GROUP BY 1
    )
    SELECT g.service_point_id, {_range("g.period")},
           CASE WHEN c.cycled THEN {_DAY.format("coalesce(greatest(d.until, c.until), %(first)s::date)")}
                WHEN c.ends THEN {ALL} ELSE %(never)s::bigint END,
           (c.cycled OR c.ends)::int::bigint
    FROM contracts_serviceagreement g LEFT JOIN billed d ON d.account_id = g.account_id
    CROSS JOIN LATERAL (
        SELECT (SELECT max(r.until) FROM billing_cyclemember m JOIN runs r ON r.cycle_id = m.cycle_id
                WHERE m.account_id = g.account_id) AS until,
               EXISTS (SELECT FROM billing_cyclemember m WHERE m.account_id = g.account_id)
               OR NOT EXISTS (SELECT FROM billing_billcycle) AS cycled,
               EXISTS (SELECT FROM billing_finalaccount f
                       WHERE f.account_id = g.account_id AND f.state = 'open') AS ends
    ) c
    WHERE {_AT}
"""  # noqa: S608 - put together of constants
_COUNTS = "x.quantity = 'active' AND x.direction = 'import'"
# A check meter hangs there and does not count.
_HUNG = f"""
    SELECT i.service_point_id, {_range("p.days")}, x.id, (x.period_of_use = '')::int::bigint, 0::bigint
    FROM metering_installation i JOIN metering_register x ON x.meter_id = i.meter_id AND {_COUNTS}
    CROSS JOIN LATERAL (
        SELECT unnest(datemultirange(i.period) - coalesce(range_agg(r.period), datemultirange())) AS days
        FROM metering_usagerule r
        WHERE r.meter_id = i.meter_id AND r.kind = %(left_out)s AND r.retired_at IS NULL) p
    WHERE i.service_point_id = ANY(%(points)s) AND i.period && daterange(%(start)s, %(end)s)
"""  # noqa: S608 - put together of constants
_USAGE = f"""
    SELECT u.service_point_id, {_days("u.start_date", "u.end_date")}, x.id, (u.period_of_use = '')::int::bigint,
           u.energy_wh
    FROM metering_usage u JOIN metering_register x ON x.id = u.register_id AND {_COUNTS}
    WHERE u.service_point_id = ANY(%(points)s) AND u.is_current AND u.start_date < %(end)s AND u.end_date > %(start)s
      AND NOT EXISTS (SELECT FROM metering_usagerule r
                      WHERE r.meter_id = x.meter_id AND r.kind = %(left_out)s AND r.retired_at IS NULL
                        AND r.period @> u.start_date)
"""  # noqa: S608 - put together of constants
_SEGMENTS = f"""
    SELECT g.service_point_id, {_days("s.start_date", "s.end_date")},
           {_days("s.period_start_date", "s.period_end_date")}, s.used_wh
    FROM contracts_serviceagreement g
    JOIN billing_billsegment s ON s.agreement_id = g.id AND s.cancels_id IS NULL
     AND s.start_date < %(end)s AND s.end_date > %(start)s
    JOIN billing_bill b ON b.id = s.bill_id AND b.state = 'issued'
    WHERE g.service_point_id = ANY(%(points)s) AND NOT EXISTS (
        SELECT FROM billing_billsegment c JOIN billing_bill k ON k.id = c.bill_id AND k.state = 'issued'
        WHERE c.cancels_id = s.id)
"""  # noqa: S608 - put together of constants
_GIVEN = f"""
    SELECT r.service_point_id, {_range("r.period")},
           CASE WHEN r.kind = %(unmetered)s THEN %(own)s::bigint ELSE r.source_id END
    FROM metering_usagerule r
    WHERE r.service_point_id = ANY(%(points)s) AND r.retired_at IS NULL AND r.kind = ANY(%(giving)s)
      AND r.period && daterange(%(start)s, %(end)s)
"""  # noqa: S608 - put together of constants
_RULED = f"""
    SELECT p.id, {_range("r.period")}
    FROM metering_usagerule r
    CROSS JOIN LATERAL (VALUES (r.service_point_id), (CASE WHEN r.kind = ANY(%(sourced)s) THEN r.source_id END)) p(id)
    WHERE (r.service_point_id = ANY(%(points)s) OR r.source_id = ANY(%(points)s)) AND r.retired_at IS NULL
      AND r.kind <> %(left_out)s AND p.id = ANY(%(points)s) AND r.period && daterange(%(start)s, %(end)s)
"""  # noqa: S608 - put together of constants
_HELD = f"""
    SELECT g.service_point_id, {_days("h.start_date", "h.end_date")}
    FROM contracts_serviceagreement g JOIN billing_heldbill h ON h.account_id = g.account_id AND h.state = 'open'
    WHERE {_AT}
"""  # noqa: S608 - put together of constants
_DOUBTED = f"""
    SELECT e.service_point_id, {_days("e.start_date", "e.end_date")}
    FROM metering_usageexception e JOIN metering_register x ON x.id = e.register_id AND {_COUNTS}
    WHERE e.service_point_id = ANY(%(points)s) AND e.state = 'open' AND e.severity = 'stop'
      AND e.code NOT IN ('read_missing', 'days_missing') AND e.start_date <= %(end)s AND e.end_date >= %(start)s
"""  # noqa: S608 - put together of constants
# What was left as it is explains days up to the decision, none that came after it.
_WAITS = f"""
    SELECT g.service_point_id, {_DAY.format("r.from_date")},
           CASE WHEN r.state = '{RebillState.LEFT.value}' THEN {_DAY.format("r.decided_at::date")} + 1
                ELSE %(never)s::bigint END
    FROM contracts_serviceagreement g JOIN billing_rebill r ON r.account_id = g.account_id AND r.state = ANY(%(open)s)
    WHERE {_AT}
"""  # noqa: S608 - put together of constants


@dataclass(frozen=True, slots=True, kw_only=True)
class NextRuns:
    """
    What the next runs of accounts look at.

    versions  of tariffs, with their years of steps
    first     where the next run begins of an account that nothing was billed of yet
    """

    versions: tuple[PlanVersion, ...]
    first: date

    def since(self, starts: Int64) -> Int64:
        """Return the first days that runs look at which begin on some days, ordinals, (n,); ALL and NEVER stay."""
        days, place = np.unique(starts, return_inverse=True)
        found = [
            day if day in {ALL, NEVER} else segments.looks_since(self.versions, date.fromordinal(day)).toordinal()
            for day in days.tolist()
        ]
        return np.array(found, dtype=np.int64)[place.ravel()]


def points(*, period: Period, after: int = 0, most: int) -> Int64:
    """Return ids of places with an agreement or a meter in a period, those after one of them; one statement."""
    asked = {"start": period.start, "end": period.end, "after": after, "most": most}
    found: Int64 = db.read_columns(_POINTS, asked, columns=1)[0]
    return found


def find(*, service_point_ids: Sequence[int] | Int64, period: Period, runs: NextRuns) -> Facts:
    """
    Return what is known of some places over the days of a period; a constant number of statements.

    :param service_point_ids: ascending; they are the first rows. Places whose meters count for them come after them.
    """
    asked = {
        "start": period.start, "end": period.end, "first": runs.first, "never": NEVER, "own": OWN_LOAD,
        "left_out": RuleKind.LEFT_OUT.value, "unmetered": RuleKind.UNMETERED.value, "open": list(OPEN),
        "giving": [kind.value for kind in GIVEN], "sourced": [kind.value for kind in HAS_SOURCE],
    }  # fmt: skip
    ids = np.asarray(service_point_ids, dtype=np.int64)
    given = db.read_columns(_GIVEN, asked | {"points": ids.tolist()}, columns=4)
    sources = np.setdiff1d(given[3][given[3] != OWN_LOAD], ids)
    ids = np.concatenate((ids, sources))
    asked["points"] = ids.tolist()
    given[3] = np.where(given[3] == OWN_LOAD, OWN_LOAD, _rows(ids, given[3]))
    supplies = _columns(Supplies, _SUPPLIES, asked)
    supplies[3] = runs.since(supplies[3])
    return Facts(
        count=len(ids),
        start_day=period.start.toordinal(),
        days=(period.end - period.start).days,
        supplies=_table(Supplies, supplies, ids),
        hung=_read(Measured, _HUNG, asked, ids),
        usage=_read(Measured, _USAGE, asked, ids),
        segments=_read(Billed, _SEGMENTS, asked, ids),
        given=_table(Given, given, ids),
        ruled=_read(Spans, _RULED, asked, ids),
        held=_read(Spans, _HELD, asked, ids),
        doubted=_read(Spans, _DOUBTED, asked, ids),
        waits=_read(Spans, _WAITS, asked, ids),
    )


def _read(kind: type[Table], sql: str, asked: dict[str, object], ids: Int64) -> Table:
    return _table(kind, _columns(kind, sql, asked), ids)


def _columns(kind: type[Table], sql: str, asked: dict[str, object]) -> Int64:
    return db.read_columns(sql, asked, columns=len(kind.__dataclass_fields__))


def _table(kind: type[Table], columns: Int64, ids: Int64) -> Table:
    columns[0] = _rows(ids, columns[0])
    return kind(**dict(zip(kind.__dataclass_fields__, columns, strict=True)))


def _rows(ids: Int64, wanted: Int64) -> Int64:
    """Return the row of each place; ids are those that were asked for, and then others."""
    order = np.argsort(ids, kind="stable")
    return order[np.searchsorted(ids, wanted, sorter=order)].astype(np.int64) if len(ids) else wanted
