"""Voltages of meters: taken from the head-end, and told a day ahead. Nothing of it is energy, nothing is billed."""

import json
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta

import numpy as np
import structlog

from accounts.queries import supplier
from cis.kernel.calendar import local_clock
from cis.platform import db
from cis.platform.db import opens_transaction
from metering.domain import voltages as rules
from metering.domain.formats.faults import Rejection
from metering.domain.head_end_messages import Voltages
from metering.domain.reads import ADVICE, ReadFault
from metering.domain.voltages import SLOTS, UNKNOWN, VoltageForecasts
from metering.queries import voltages as queries
from metering.queries.voltages import Bands, Measured

QUARTER = 15
AHEAD = (1, 2)
HISTORY_DAYS = 28
_DAY, _QUARTER, _US = timedelta(days=1), timedelta(minutes=QUARTER), timedelta(microseconds=1)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
log = structlog.get_logger(__name__)


@opens_transaction
def take(*, said: Sequence[Voltages]) -> list[Rejection]:
    """
    Keep voltages by quarter of an hour of local days; return what is of no meter that is known. Two statements.

    What is said again is written over, so messages may come twice and in any order. A day of 25 hours has its last one
    written over, one of 23 hours ends earlier.
    """
    meters = queries.meter_ids(serials={one.serial for one in said})
    days: dict[tuple[int, date], list[int]] = {}
    zone = local_clock(supplier.current().time_zone).zone
    for one in said:
        if one.serial not in meters:
            continue
        each = one.minutes // QUARTER
        at = _EPOCH + one.start_us * _US
        for place, value in enumerate(value for value in one.values_mv for _ in range(each)):
            if value != UNKNOWN:
                local = (at + place * _QUARTER).astimezone(zone)
                slots = days.setdefault((meters[one.serial], local.date()), [UNKNOWN] * SLOTS)
                slots[(local.hour * 60 + local.minute) // QUARTER] = value
    if days:
        keys = sorted(days)
        db.execute(
            _KEEP,
            {
                "meters": [meter for meter, _ in keys], "days": [day for _, day in keys],
                "slots": [value for key in keys for value in days[key]], "size": SLOTS,
            },
        )  # fmt: skip
    return [
        Rejection(
            one.line, str(ReadFault.UNKNOWN_METER), f"There is no meter {one.serial}.",
            ADVICE[ReadFault.UNKNOWN_METER], one.serial,
        )
        for one in said if one.serial not in meters
    ]  # fmt: skip


def forecast_all(*, last: date, chunk: int = queries.CHUNK) -> int:
    """
    Forecast voltages of the two days after the last one; return how many. In parts, each a use case.

    Nothing is forecast where the pack has no rule ``voltage_band``.

    :raises Exception: what stopped the last of the parts that could not be forecast; the others were.
    """
    bands = queries.bands(at=last)
    if bands is None:
        return 0
    made, stopped = 0, None
    for ids in queries.chunks(since=last - (HISTORY_DAYS - 1) * _DAY, chunk=chunk):
        try:
            made += forecast(meter_ids=ids, last=last, bands=bands)
        except Exception as error:
            log.exception("voltages_not_forecast", first=ids[0])
            stopped = error
    if stopped is not None:
        raise stopped
    return made


@opens_transaction
def forecast(*, meter_ids: Sequence[int], last: date, bands: Bands) -> int:
    """Forecast the voltages of some meters, by those of four weeks and the load of their transformers; 7 statements."""
    seen = queries.measured(meter_ids=meter_ids, last=last, count=HISTORY_DAYS)
    made = 0
    for ahead in AHEAD:
        day = last + ahead * _DAY
        coming, known = queries.coming(transformer_ids=seen.transformer_ids, day=day)
        found = rules.ahead(
            hours_mv=seen.hours_mv, load_wh=seen.load_wh, load_known=seen.load_known, coming_wh=coming,
            coming_known=known,
        )  # fmt: skip
        made += _keep(seen, found, meter_ids, day, last, bands)
    return made


def _keep(
    seen: Measured, found: VoltageForecasts, looked_at: Sequence[int], day: date, last: date, bands: Bands
) -> int:  # fmt: skip
    rows = []
    for at in np.flatnonzero(found.is_known).tolist():
        hours = found.hours_mv[at]
        known = hours[hours != UNKNOWN]
        band = bands.three if seen.is_three_phase[at] else bands.single
        rows.append(
            {
                "point": seen.point_ids[at], "meter": seen.meter_ids[at], "hours": hours.tolist(),
                "low": int(known.min()), "high": int(known.max()), "least": band.low_mv, "most": band.high_mv,
                "slope": round(float(found.slope[at]) * 1_000), "error": int(found.error_mv[at]),
            }
        )  # fmt: skip
    db.execute(_GONE, {"meters": list(looked_at), "kept": [row["meter"] for row in rows], "day": day})
    if rows:
        db.execute(_FORECAST, {"rows": json.dumps(rows), "day": day, "known": last})
    return len(rows)


_KEEP = """
INSERT INTO metering_voltageday AS held (meter_id, day_date, slots_mv)
SELECT k.meter, k.day, (%(slots)s::int[])[(k.at - 1) * %(size)s + 1 : k.at * %(size)s]
FROM unnest(%(meters)s::bigint[], %(days)s::date[]) WITH ORDINALITY AS k (meter, day, at)
ON CONFLICT (meter_id, day_date) DO UPDATE SET slots_mv = ARRAY(
    SELECT CASE WHEN n.mv = -1 THEN o.mv ELSE n.mv END
    FROM unnest(excluded.slots_mv) WITH ORDINALITY AS n (mv, at)
    JOIN unnest(held.slots_mv) WITH ORDINALITY AS o (mv, at) ON o.at = n.at ORDER BY n.at)
"""
_GONE = """
DELETE FROM metering_voltageforecast f
WHERE f.meter_id = ANY(%(meters)s) AND f.day_date = %(day)s AND NOT f.meter_id = ANY(%(kept)s::bigint[])
"""
_FORECAST = """
INSERT INTO metering_voltageforecast
    (service_point_id, meter_id, day_date, known_date, hours_mv, low_mv, high_mv, least_mv, most_mv, slope_uv, error_mv)
SELECT f.point, f.meter, %(day)s, %(known)s, f.hours, f.low, f.high, f.least, f.most, f.slope, f.error
FROM jsonb_to_recordset(%(rows)s::jsonb)
    AS f (point bigint, meter bigint, hours int[], low int, high int, least int, most int, slope bigint, error int)
ON CONFLICT (meter_id, day_date) DO UPDATE
SET service_point_id = excluded.service_point_id, known_date = excluded.known_date, hours_mv = excluded.hours_mv,
    low_mv = excluded.low_mv, high_mv = excluded.high_mv, least_mv = excluded.least_mv, most_mv = excluded.most_mv,
    slope_uv = excluded.slope_uv, error_mv = excluded.error_mv
"""
