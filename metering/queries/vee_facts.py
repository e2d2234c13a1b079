"""What validation must know: the groups of the pack, what was approved before, of which class places are."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Protocol

from cis.kernel.columns import Columns
from cis.kernel.fixed import Int64
from cis.platform import db, packs
from cis.platform.packs import MissingRule
from metering.domain.exceptions import Key, Noted, Standing
from metering.domain.vee import Group, read_groups

PAST_DAYS = 500
"""Fourteen months, and the same days a year before a long span."""


class Classes(Protocol):
    """Say of which class the tariff of some service points is on a date, by service point; unknown ones are absent."""

    def __call__(self, *, service_point_ids: Collection[int], on: date) -> Mapping[int, str]:
        """Return them; one statement."""


class _Ports:
    """Who knows classes; bound once by ``cis.wiring``."""

    classes: Classes | None = None


def ask(*, classes: Classes) -> None:
    """Bind who is asked of which class a place is. To be called from ``cis.wiring`` only."""
    _Ports.classes = classes


def classes(*, service_point_ids: Collection[int], on: date) -> Mapping[int, str]:
    """Return the class of the tariff of some service points on a date; one statement."""
    assert _Ports.classes is not None, "nobody says of which class places are; see cis/wiring_metering.py"
    return _Ports.classes(service_point_ids=service_point_ids, on=on)


def groups(*, at: date) -> tuple[Group, ...]:
    """Return the groups of the rule ``vee`` on a date; none where the pack has no such rule."""
    try:
        rule = packs.rule("vee", at=at)
    except MissingRule:
        return ()
    return read_groups(rule)


@dataclass(frozen=True, slots=True)
class PastColumns(Columns):
    """
    Spans that were approved before a date, h rows; days as ``date.toordinal``.

    counted, is_export, period  (h,) quantity (``vee_columns.Counted``), 1 for what is given, place among the codes
    """

    service_point_id: Int64
    register_id: Int64
    counted: Int64
    is_export: Int64
    period: Int64
    start_day: Int64
    end_day: Int64
    energy_wh: Int64
    is_estimated: Int64


def past(*, service_point_ids: Sequence[int], codes: Sequence[str], before: date) -> PastColumns:
    """Return the spans of some periods of use that hold and ended by a date; one statement."""
    given = {
        "points": list(service_point_ids), "codes": list(codes), "before": before,
        "since": before - timedelta(days=PAST_DAYS),
    }  # fmt: skip
    return PastColumns(*db.read_columns(_PAST, given, columns=9))


def standing(*, service_point_ids: Sequence[int], start_date: date, end_date: date) -> tuple[Standing, ...]:
    """Return the exceptions of some places that stand, open or accepted, and meet a window; one statement."""
    given = {"points": list(service_point_ids), "start": start_date, "end": end_date}
    return tuple(
        Standing(
            id=row[0],
            is_accepted=row[1],
            noted=Noted(
                service_point_id=row[2],
                key=Key(row[3], row[4], row[5].toordinal()),
                end_day=row[6].toordinal(),
                fact_day=row[7].toordinal(),
                severity=row[8],
                measure=row[9],
                bound=row[10],
            ),
        )
        for row in db.fetch(_STANDING, given)
    )


_PAST = """
SELECT u.service_point_id::bigint, u.register_id::bigint,
       (CASE g.quantity WHEN 'active' THEN 0 WHEN 'reactive' THEN 1 ELSE 2 END)::bigint,
       (g.direction = 'export')::int::bigint,
       (array_position(%(codes)s::text[], u.period_of_use::text) - 1)::bigint,
       (u.start_date - DATE '0001-01-01' + 1)::bigint, (u.end_date - DATE '0001-01-01' + 1)::bigint,
       u.energy_wh, u.is_estimated::int::bigint
FROM metering_usage u JOIN metering_register g ON g.id = u.register_id
WHERE u.service_point_id = ANY(%(points)s) AND u.is_current AND u.end_date <= %(before)s AND u.start_date >= %(since)s
  AND u.period_of_use = ANY(%(codes)s)
"""
_STANDING = """
SELECT id, state = 'accepted', service_point_id, register_id, code, start_date, end_date, fact_date, severity, measure,
       bound
FROM metering_usageexception
WHERE service_point_id = ANY(%(points)s) AND state IN ('open', 'accepted')
  AND start_date <= %(end)s AND end_date >= %(start)s
"""
