"""Registers by the names that meter files use, with where and when their meters hung."""

from collections.abc import Collection, Iterable, Sequence
from datetime import date

import numpy as np

from cis.kernel.fixed import Int64
from cis.platform import db
from metering.domain.places import Direction, Quantity
from metering.domain.resolving import OPEN_END, Hanging
from metering.domain.usage import Hung


def at_service_points(external_ids: Iterable[str]) -> dict[str, tuple[Hanging, ...]]:
    """
    Return all registers that ever hung at some service points, by the external id (NMI); one statement.

    A service point that does not exist is not in the answer.
    """
    return _grouped(_AT_POINTS, external_ids)


def on_meters(serials: Iterable[str]) -> dict[str, tuple[Hanging, ...]]:
    """
    Return the registers of some meters by serial number, one for each place where the meter hung; one statement.

    A meter that does not exist is not in the answer.
    """
    return _grouped(_ON_METERS, serials)


def of_streams(places: Iterable[str], *, file_format: str) -> dict[str, tuple[Hanging, ...]]:
    """
    Return the registers that were given names of a format, by what it calls the place; one statement.

    ``code`` is what the format calls the register. There is one for each place where the meter hung.
    """
    return _grouped(_OF_STREAMS, places, file_format=file_format)


def id_on_meter(*, serial: str, code: str) -> int | None:
    """Return the id of a meter's register; an empty code means its only one. None: there is no such register."""
    found = {h.register_id for h in on_meters([serial]).get(serial, ()) if code in ("", h.code)}
    return found.pop() if len(found) == 1 else None


def names(pairs: Iterable[tuple[int, int]]) -> dict[tuple[int, int], tuple[str, str, str]]:
    """Return service point, serial number and register code by the ids of service point and register; one statement."""
    wanted = list(pairs)
    given = {"points": [point for point, _ in wanted], "registers": [register for _, register in wanted]}
    rows = db.fetch(_NAMES, given)
    return {(point, register): (external_id, serial, code) for point, register, external_id, serial, code in rows}


def hung(
    *,
    service_point_ids: Sequence[int] | np.ndarray,
    start_date: date,
    end_date: date,
    quantities: Collection[Quantity] = (Quantity.ACTIVE, Quantity.DEMAND),
    directions: Collection[Direction] = (Direction.IMPORT,),
) -> Hung:
    """
    Return registers that hung at some service points in [start_date, end_date), by default what could measure demand:
    active energy drawn, and demand.

    One statement for any number of service points.
    """
    wanted = np.asarray(service_point_ids, dtype=np.int64).tolist()
    given = {"points": wanted, "start": start_date, "end": end_date, "open": OPEN_END}
    given |= {"quantities": [one.value for one in quantities], "directions": [one.value for one in directions]}
    rows = db.fetch(_HUNG, given)
    codes = tuple(sorted({row[-1] for row in rows}))
    place = {code: at for at, code in enumerate(codes)}
    table = np.array([(*row[:-1], place[row[-1]]) for row in rows], dtype=np.int64).reshape(-1, 8).T.copy()
    return Hung(
        period_codes=codes,
        service_point_id=table[0],
        meter_id=table[1],
        register_id=table[2],
        is_demand=table[3] == 1,
        is_interval=table[4] == 1,
        start_day=table[5],
        end_day=table[6],
        period_of_use=table[7],
    )


def meters(*, service_point_ids: Sequence[int] | np.ndarray) -> tuple[Int64, Int64, Int64]:
    """
    Return (service point, first day, end day) of all meters that ever hung at some service points, (h,) each.

    By service point and start; days are ordinals, half-open; ``OPEN_END`` = until further notice. One statement.
    """
    wanted = np.asarray(service_point_ids, dtype=np.int64).tolist()
    columns = db.read_columns(_METERS, {"points": wanted, "open": OPEN_END}, columns=3)
    return columns[0], columns[1], columns[2]


def exchanges(
    *, service_point_ids: Sequence[int] | np.ndarray, start_date: date, end_date: date
) -> list[tuple[int, date]]:
    """
    Return service point and day of each exchange of meters in [start_date, end_date); one statement.

    A meter that is hung up where another was taken down, on that day or before while nothing hung there.
    """
    wanted = np.asarray(service_point_ids, dtype=np.int64).tolist()
    return db.fetch(_EXCHANGES, {"points": wanted, "start": start_date, "end": end_date})


def _grouped(sql: str, names: Iterable[str], **given: object) -> dict[str, tuple[Hanging, ...]]:
    found: dict[str, list[Hanging]] = {}
    for name, *row in db.fetch(sql, {"names": list(names), "open": OPEN_END, **given}):
        group = found.setdefault(name, [])
        if row[0] is not None:
            group.append(Hanging._make(row))
    return {name: tuple(group) for name, group in found.items()}


_METERS = """
    SELECT service_point_id, (lower(period) - DATE '0001-01-01' + 1)::bigint AS start,
           coalesce(upper(period) - DATE '0001-01-01' + 1, %(open)s)::bigint
    FROM metering_installation WHERE service_point_id = ANY(%(points)s) ORDER BY service_point_id, start
"""
_FIELDS = """
       g.id, coalesce(s.id, 0), m.serial, g.code, g.quantity, g.direction, g.digits, g.is_interval,
       coalesce(lower(i.period) - DATE '0001-01-01' + 1, 0),
       CASE WHEN i.id IS NULL THEN 0 ELSE coalesce(upper(i.period) - DATE '0001-01-01' + 1, %(open)s) END,
       coalesce(i.multiplier, 1), coalesce(s.capacity_w, 0), g.utc_offset_minutes"""
_AT_POINTS = f"""
SELECT s.external_id, {_FIELDS}
FROM metering_servicepoint s
LEFT JOIN metering_installation i ON i.service_point_id = s.id
LEFT JOIN metering_meter m ON m.id = i.meter_id
LEFT JOIN metering_register g ON g.meter_id = m.id
WHERE s.external_id = ANY(%(names)s)
ORDER BY s.id, i.period, m.id, g.code
"""  # noqa: S608 - put together of constants
_ON_METERS = f"""
SELECT m.serial, {_FIELDS}
FROM metering_meter m
LEFT JOIN metering_register g ON g.meter_id = m.id
LEFT JOIN metering_installation i ON i.meter_id = m.id
LEFT JOIN metering_servicepoint s ON s.id = i.service_point_id
WHERE m.serial = ANY(%(names)s)
ORDER BY m.id, g.code, i.period
"""  # noqa: S608 - put together of constants
_OF_STREAMS = f"""
SELECT n.place, {_FIELDS.replace("g.code", "n.code")}
FROM metering_streamname n
JOIN metering_register g ON g.id = n.register_id
JOIN metering_meter m ON m.id = g.meter_id
LEFT JOIN metering_installation i ON i.meter_id = m.id
LEFT JOIN metering_servicepoint s ON s.id = i.service_point_id
WHERE n.format = %(file_format)s AND n.place = ANY(%(names)s)
ORDER BY n.place, n.code, i.period
"""  # noqa: S608 - put together of constants
_HUNG = """
SELECT i.service_point_id, m.id, g.id, (g.quantity = 'demand')::int, g.is_interval::int,
       lower(i.period) - DATE '0001-01-01' + 1, coalesce(upper(i.period) - DATE '0001-01-01' + 1, %(open)s),
       g.period_of_use
FROM metering_installation i
JOIN metering_meter m ON m.id = i.meter_id
JOIN metering_register g ON g.meter_id = m.id
  AND g.direction = ANY(%(directions)s) AND g.quantity = ANY(%(quantities)s)
WHERE i.service_point_id = ANY(%(points)s) AND i.period && daterange(%(start)s, %(end)s)
ORDER BY i.service_point_id, i.period, m.id, g.id
"""
_EXCHANGES = """
SELECT DISTINCT n.service_point_id, lower(n.period)
FROM metering_installation n
JOIN metering_installation o ON o.service_point_id = n.service_point_id AND o.id <> n.id
 AND upper(o.period) <= lower(n.period)
WHERE n.service_point_id = ANY(%(points)s) AND lower(n.period) >= %(start)s AND lower(n.period) < %(end)s
  AND (upper(o.period) = lower(n.period) OR NOT EXISTS (
      SELECT FROM metering_installation h
      WHERE h.service_point_id = n.service_point_id AND h.period @> (lower(n.period) - 1)))
ORDER BY 1, 2
"""
_NAMES = """
SELECT w.point, w.register, s.external_id, m.serial, g.code
FROM unnest(%(points)s::bigint[], %(registers)s::bigint[]) AS w(point, register)
JOIN metering_servicepoint s ON s.id = w.point
JOIN metering_register g ON g.id = w.register
JOIN metering_meter m ON m.id = g.meter_id
"""
