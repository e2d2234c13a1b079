"""Losses of transformers, by month and by day."""

from dataclasses import dataclass
from datetime import date
from typing import Any

from cis.kernel.periods import add_months
from cis.platform.db import fetch
from metering.domain.balances import Loss
from metering.domain.network import Asset


@dataclass(frozen=True, slots=True, kw_only=True)
class BalanceRow:
    """
    What a transformer lost over some days.

    start_date  the first day of the month, or the day
    days        how many days are known
    places      how many places with a meter it supplied, on its last known day
    """

    transformer_id: int
    transformer: str
    feeder: str
    district: str
    start_date: date
    days: int
    places: int
    loss: Loss


@dataclass(frozen=True, slots=True, kw_only=True)
class MasterCard:
    """The master meter of a transformer or feeder since a day, with the multiplier of its installation now."""

    meter_id: int
    serial: str
    service_point: str
    multiplier: int
    start_date: date
    is_high_side: bool


def of_month(*, month: date, feeder_id: int | None = None, offset: int = 0, most: int = 50) -> tuple[BalanceRow, ...]:
    """Return the losses of transformers over a month, the largest share first; one statement."""
    given = {"start": month, "end": add_months(month, 1), "feeder": feeder_id, "offset": offset, "most": most}
    return _rows(_OF_MONTH, given)


def count(*, month: date, feeder_id: int | None = None) -> int:
    """Return how many transformers have a balance of a month; one statement."""
    given = {"start": month, "end": add_months(month, 1), "feeder": feeder_id}
    ((found,),) = fetch(_COUNT, given)
    return int(found)


def months_of(*, transformer_id: int, until: date, months: int = 13) -> tuple[BalanceRow, ...]:
    """Return the losses of a transformer by month, the latest first; one statement."""
    given = {"transformer": transformer_id, "start": add_months(until.replace(day=1), 1 - months), "until": until}
    return _rows(_MONTHS, given)


def days_of(*, transformer_id: int, until: date, since: date) -> tuple[BalanceRow, ...]:
    """Return the losses of a transformer by day, [since, until]; one statement."""
    return _rows(_DAYS, {"transformer": transformer_id, "start": since, "until": until})


def master_of(*, asset: Asset, asset_id: int, at: date) -> MasterCard | None:
    """Return the master meter of a transformer or feeder on a date; None: it has none. One statement."""
    rows = fetch(_MASTER.format(asset=asset), {"asset": asset_id, "at": at})
    return MasterCard(**dict(zip(MasterCard.__dataclass_fields__, rows[0], strict=True))) if rows else None


def _rows(sql: str, given: dict[str, Any]) -> tuple[BalanceRow, ...]:
    return tuple(
        BalanceRow(
            transformer_id=row[0], transformer=row[1], feeder=row[2], district=row[3], start_date=row[4], days=row[5],
            places=row[6], loss=Loss(
                given_wh=int(row[7]), taken_wh=int(row[8]), technical_wh=None if row[9] is None else int(row[9])
            ),
        )
        for row in fetch(sql, given)
    )  # fmt: skip


_FROM = """
FROM metering_transformerday b
JOIN metering_transformer t ON t.id = b.transformer_id
JOIN metering_feeder f ON f.id = t.feeder_id
"""
_SUMS = (
    "count(*), (array_agg(b.places ORDER BY b.day_date DESC))[1], sum(b.given_wh), sum(b.taken_wh), "
    "CASE WHEN count(*) = count(b.technical_wh) THEN sum(b.technical_wh) END"
)
_IN_MONTH = """
WHERE b.day_date >= %(start)s AND b.day_date < %(end)s AND (%(feeder)s::bigint IS NULL OR t.feeder_id = %(feeder)s)
"""
_OF_MONTH = f"""
SELECT t.id, t.name, f.name, t.district, %(start)s::date, {_SUMS} {_FROM} {_IN_MONTH}
GROUP BY t.id, f.id
ORDER BY 1 - sum(b.taken_wh) / nullif(sum(b.given_wh), 0) DESC NULLS LAST, t.name, t.id
LIMIT %(most)s OFFSET %(offset)s
"""
_COUNT = f"SELECT count(DISTINCT b.transformer_id) {_FROM} {_IN_MONTH}"
_MONTHS = f"""
SELECT t.id, t.name, f.name, t.district, date_trunc('month', b.day_date)::date AS month, {_SUMS} {_FROM}
WHERE b.transformer_id = %(transformer)s AND b.day_date >= %(start)s AND b.day_date <= %(until)s
GROUP BY t.id, f.id, month ORDER BY month DESC
"""
_DAYS = f"""
SELECT t.id, t.name, f.name, t.district, b.day_date, 1, b.places, b.given_wh, b.taken_wh, b.technical_wh
{_FROM}
WHERE b.transformer_id = %(transformer)s AND b.day_date >= %(start)s AND b.day_date <= %(until)s ORDER BY b.day_date
"""
_MASTER = """
SELECT m.id, m.serial, s.external_id, i.multiplier, lower(x.period), x.is_high_side
FROM metering_mastermeter x JOIN metering_meter m ON m.id = x.meter_id
JOIN metering_installation i ON i.meter_id = m.id AND i.period @> %(at)s
JOIN metering_servicepoint s ON s.id = i.service_point_id
WHERE x.{asset}_id = %(asset)s AND x.period @> %(at)s
"""
