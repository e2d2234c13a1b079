"""Approved energy: columns for billing, months for a page or a bill."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np

from cis.kernel.periods import add_months, month_of
from cis.platform import db
from metering.domain.places import Direction, Quantity
from metering.domain.usage import UsageColumns

MONTHS_SHOWN = 13

_ROW = np.dtype(
    [
        ("service_point_id", ">i8"), ("register_id", ">i8"), ("energy_wh", ">i8"),
        ("start_day", ">i4"), ("end_day", ">i4"), ("is_estimated", "?"), ("is_interval", "?"), ("multiplier", ">i4"),
    ]
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class MonthUsage:
    """
    Approved energy of a service point in a calendar month.

    energy_wh     all hours, multiplier included [Wh]
    by_period     energy by period of use, empty where the meter does not tell them apart
    is_estimated  a value it was computed from was not measured
    """

    month: date
    energy_wh: int
    by_period: dict[str, int]
    is_estimated: bool


def approved(
    *,
    service_point_ids: Sequence[int] | np.ndarray,
    start_date: date,
    end_date: date,
    quantity: Quantity = Quantity.ACTIVE,
    directions: Collection[Direction] = (Direction.IMPORT,),
) -> UsageColumns:
    """
    Return the approved energy in spans overlapping [start_date, end_date), by default what customers drew.

    Versions that hold, whole spans (not cut to the period), in the order of service point, register and start.
    One statement for any number of service points. Reactive energy is in varh.
    """
    wanted = np.asarray(service_point_ids, dtype=np.int64).tolist()
    given = {"points": wanted, "start": start_date, "end": end_date}
    given |= {"quantity": quantity.value, "directions": [direction.value for direction in directions]}
    ((codes, packed, periods),) = db.fetch(_APPROVED, given)
    codes = tuple(codes or ())
    rows = np.frombuffer(packed or b"", dtype=_ROW)
    return UsageColumns(
        period_codes=codes,
        service_point_id=rows["service_point_id"].astype(np.int64),
        register_id=rows["register_id"].astype(np.int64),
        period_of_use=np.asarray(periods or [], dtype=np.int64),
        start_day=rows["start_day"].astype(np.int64),
        end_day=rows["end_day"].astype(np.int64),
        energy_wh=rows["energy_wh"].astype(np.int64),
        is_estimated=rows["is_estimated"].astype(np.bool_),
        is_interval=rows["is_interval"].astype(np.bool_),
        multiplier=rows["multiplier"].astype(np.int64),
    )


def months(
    *, service_point_ids: Sequence[int], until: date, count: int = MONTHS_SHOWN
) -> dict[int, tuple[MonthUsage, ...]]:
    """
    Return the approved energy of the last calendar months, by service point, oldest first; one statement.

    A span counts in the month in which it begins. A month without usage is left out. Where a meter has a register of
    all hours beside those by period, the energy is that of the register of all hours.

    until  the month of this date is the last one
    """
    last = month_of(until)
    first = add_months(last.start, 1 - count)
    found: dict[int, dict[date, dict[str, int]]] = {}
    estimated: set[tuple[int, date]] = set()
    for point, month, code, energy_wh, is_estimated in db.fetch(
        _MONTHS, {"points": list(service_point_ids), "start": first, "end": last.end}
    ):
        found.setdefault(point, {}).setdefault(month, {})[code] = energy_wh
        if is_estimated:
            estimated.add((point, month))
    return {
        point: tuple(
            _month(month, by_code, is_estimated=(point, month) in estimated)
            for month, by_code in sorted(by_month.items())
        )
        for point, by_month in found.items()
    }


def _month(month: date, by_code: dict[str, int], *, is_estimated: bool) -> MonthUsage:
    by_period = {code: energy for code, energy in sorted(by_code.items()) if code}
    energy_wh = by_code.get("", sum(by_period.values()))
    return MonthUsage(month=month, energy_wh=energy_wh, by_period=by_period, is_estimated=is_estimated)


_APPROVED = """
WITH held AS (
    SELECT u.*, u.basis = 'interval' AS is_interval
    FROM metering_usage u
    JOIN metering_register r ON r.id = u.register_id AND r.quantity = %(quantity)s
     AND r.direction = ANY(%(directions)s)
    WHERE u.service_point_id = ANY(%(points)s) AND u.is_current AND u.start_date < %(end)s AND u.end_date > %(start)s
), codes AS (
    SELECT array_agg(DISTINCT period_of_use::text ORDER BY period_of_use::text) AS known FROM held
)
SELECT (SELECT known FROM codes),
       string_agg(int8send(service_point_id) || int8send(register_id) || int8send(energy_wh)
                  || int4send(start_date - DATE '0001-01-01' + 1) || int4send(end_date - DATE '0001-01-01' + 1)
                  || boolsend(is_estimated) || boolsend(is_interval) || int4send(multiplier), ''
                  ORDER BY service_point_id, register_id, start_date),
       array_agg(array_position((SELECT known FROM codes), period_of_use::text) - 1
                 ORDER BY service_point_id, register_id, start_date)
FROM held
"""
_MONTHS = """
SELECT u.service_point_id, date_trunc('month', u.start_date)::date, u.period_of_use, sum(u.energy_wh)::bigint,
       bool_or(u.is_estimated)
FROM metering_usage u
JOIN metering_register r ON r.id = u.register_id AND r.quantity = 'active' AND r.direction = 'import'
WHERE u.service_point_id = ANY(%(points)s) AND u.is_current AND u.start_date >= %(start)s AND u.start_date < %(end)s
GROUP BY 1, 2, 3
"""
