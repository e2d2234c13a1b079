"""Which registers measured the intervals of some service points."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from cis.platform import db
from metering.domain.resolving import OPEN_END


@dataclass(frozen=True, slots=True)
class IntervalRegister:
    """A register of active energy drawn that is delivered as intervals; days are ``date.toordinal``, half-open."""

    service_point_id: int
    meter_id: int
    register_id: int
    multiplier: int
    start_day: int
    end_day: int


def registers(*, service_point_ids: Sequence[int], start_date: date, end_date: date) -> tuple[IntervalRegister, ...]:
    """
    Return the registers that measured intervals at some service points in [start_date, end_date); one statement.

    By service point and register. One that counts a period of use alone is not all of the energy, and is not here.
    """
    rows = db.fetch(
        _REGISTERS, {"points": list(service_point_ids), "start": start_date, "end": end_date, "open": OPEN_END}
    )
    return tuple(IntervalRegister(*row) for row in rows)


_REGISTERS = """
    SELECT i.service_point_id, i.meter_id, g.id, i.multiplier, lower(i.period) - DATE '0001-01-01' + 1,
           coalesce(upper(i.period) - DATE '0001-01-01' + 1, %(open)s)
    FROM metering_installation i JOIN metering_register g ON g.meter_id = i.meter_id
    WHERE i.service_point_id = ANY(%(points)s) AND i.period && daterange(%(start)s, %(end)s)
      AND g.is_interval AND g.quantity = 'active' AND g.direction = 'import' AND g.period_of_use = ''
    ORDER BY i.service_point_id, g.id, i.period
"""
