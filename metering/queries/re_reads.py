"""Counters that a crew reads at a place, and orders to read again that an exception asked for."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date

from cis.platform.db import fetch
from metering.domain.exception_acts import SUBJECT
from metering.domain.places import UNITS, Quantity
from metering.domain.vee import Code
from metering.domain.work_orders import UNDER_WAY, WorkKind


@dataclass(frozen=True, slots=True, kw_only=True)
class CounterHere:
    """A counter that hangs at a place."""

    register_id: int
    serial: str
    code: str
    quantity: str

    @property
    def unit(self) -> str:
        """Return the unit in which it is read."""
        return UNITS[Quantity(self.quantity)]


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanting:
    """An exception that wants a reading."""

    exception_id: int
    service_point_id: int
    serial: str
    register: str
    fact_date: date


@dataclass(frozen=True, slots=True, kw_only=True)
class VisitRow:
    """An order to read again."""

    work_order_id: int
    state: str


def counters(*, service_point_id: int, on: date) -> tuple[CounterHere, ...]:
    """Return the counters that hang at a place on a date and are read by value; one statement."""
    rows = fetch(_COUNTERS, {"point": service_point_id, "on": on})
    return tuple(CounterHere(**dict(zip(CounterHere.__dataclass_fields__, row, strict=True))) for row in rows)


def of_exception(*, exception_id: int) -> tuple[VisitRow, ...]:
    """Return the orders that an exception asked for, the latest first; one statement."""
    return tuple(VisitRow(work_order_id=row[0], state=row[1]) for row in fetch(_ORDERS, [SUBJECT, exception_id]))


def estimated_too_long(*, most: int) -> Sequence[Wanting]:
    """Return open exceptions of counters estimated for too long for which nobody was sent yet; one statement."""
    given = {
        "code": Code.LONG_ESTIMATED.value, "subject": SUBJECT, "most": most, "kind": WorkKind.RE_READ.value,
        "states": [state.value for state in UNDER_WAY],
    }  # fmt: skip
    rows = fetch(_WANTING, given)
    return tuple(Wanting(**dict(zip(Wanting.__dataclass_fields__, row, strict=True))) for row in rows)


def busy(*, service_point_ids: Iterable[int]) -> tuple[int, ...]:
    """Return those of some places where a crew is sent to read already; one statement."""
    given = {
        "points": list(service_point_ids), "kind": WorkKind.RE_READ.value,
        "states": [state.value for state in UNDER_WAY],
    }  # fmt: skip
    return tuple(point for (point,) in fetch(_BUSY, given))


_COUNTERS = """
SELECT g.id, m.serial, g.code, g.quantity
FROM metering_installation i
JOIN metering_meter m ON m.id = i.meter_id
JOIN metering_register g ON g.meter_id = m.id AND NOT g.is_interval
WHERE i.service_point_id = %(point)s AND i.period @> %(on)s::date
ORDER BY m.serial, g.id
"""
_ORDERS = "SELECT id, state FROM metering_workorder WHERE subject = %s AND subject_id = %s ORDER BY id DESC"
_BUSY = """
SELECT DISTINCT service_point_id FROM metering_workorder
WHERE service_point_id = ANY(%(points)s) AND kind = %(kind)s AND state = ANY(%(states)s)
"""
# One order a place: its crew reads all counters there.
_WANTING = """
SELECT DISTINCT ON (x.service_point_id) x.id, x.service_point_id, m.serial, g.code, x.fact_date
FROM metering_usageexception x
JOIN metering_register g ON g.id = x.register_id AND NOT g.is_interval
JOIN metering_meter m ON m.id = g.meter_id
WHERE x.state = 'open' AND x.code = %(code)s
  AND NOT EXISTS (SELECT FROM metering_workorder w WHERE w.subject = %(subject)s AND w.subject_id = x.id)
  AND NOT EXISTS (SELECT FROM metering_workorder w
                  WHERE w.service_point_id = x.service_point_id AND w.kind = %(kind)s AND w.state = ANY(%(states)s))
ORDER BY x.service_point_id, x.id
LIMIT %(most)s
"""
