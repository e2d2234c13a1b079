"""Approved spans with their ids and versions, for those who approve again."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import NamedTuple

from cis.platform import db


class Expected(NamedTuple):
    """A span of approved energy, as it is kept; days are ``date.toordinal``, readings None for interval registers."""

    service_point_id: int
    register_id: int
    start_day: int
    end_day: int
    energy_wh: int
    multiplier: int
    start_reading_wh: int | None
    end_reading_wh: int | None
    is_estimated: bool
    is_interval: bool
    period_of_use: str

    @property
    def key(self) -> tuple[int, int, int]:
        """Return what only one span that holds may have: service point, register, start."""
        return self[:3]


@dataclass(frozen=True, slots=True)
class Kept:
    """
    A row of the table.

    recorded_wh, correction_id  what the counter values say, and the correction that its energy holds; None: none does
    """

    id: int
    version: int
    is_current: bool
    recorded_wh: int | None
    correction_id: int | None
    span: Expected

    @property
    def key(self) -> tuple[int, int, int]:
        """Return service point, register and start."""
        return self.span[:3]


def kept_rows(*, service_point_ids: Sequence[int], start_date: date, end_date: date) -> list[Kept]:
    """Return all versions of approved spans that overlap [start_date, end_date); one statement."""
    rows = db.fetch(_KEPT, {"points": list(service_point_ids), "start": start_date, "end": end_date})
    return [Kept(row[0], row[1], row[2], row[3], row[4], Expected(*row[5:])) for row in rows]


_KEPT = """
SELECT id, version, is_current, recorded_wh, correction_id, service_point_id, register_id,
       start_date - DATE '0001-01-01' + 1, end_date - DATE '0001-01-01' + 1, energy_wh, multiplier, start_reading_wh,
       end_reading_wh, is_estimated,
       basis = 'interval', period_of_use
FROM metering_usage
WHERE service_point_id = ANY(%(points)s) AND start_date < %(end)s AND end_date > %(start)s
"""
