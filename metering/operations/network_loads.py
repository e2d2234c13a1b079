"""Each night: what feeders carried, and what load and voltage are thought to come today and tomorrow."""

from collections.abc import Sequence
from datetime import date, datetime, timedelta

import numpy as np
import structlog

from accounts.queries import supplier
from cis.kernel.calendar import local_clock
from cis.platform import db, packs
from cis.platform.calendars import business_calendar
from cis.platform.db import opens_transaction
from metering.domain import load_forecast
from metering.domain.load_forecast import AHEAD_MOST, HISTORY_DAYS, Forecasts
from metering.domain.network import Asset
from metering.domain.technical_losses import LossRule
from metering.operations import network_days, voltages
from metering.queries import anomaly_loads, grid_losses, hourly_loads, network, network_facts
from metering.queries.anomaly_loads import DAYS, Part
from metering.queries.hourly_loads import Span
from metering.queries.network_facts import Carried

WORK = "network_loads"
"""Falls due each night, after the days of transformers were looked at."""
log = structlog.get_logger(__name__)
_DAY = timedelta(days=1)


def night(at: datetime) -> None:
    """Work out feeders and forecasts up to the last local day that is over."""
    zone_name = supplier.current().time_zone
    run(last=local_clock(zone_name).local_date(at) - _DAY, zone_name=zone_name)


def run(*, last: date, zone_name: str) -> int:
    """
    Keep what feeders carried up to a local date, and forecast the two days after it; return how many were forecast.

    In parts of a constant number of statements; all of it may be repeated.

    :raises Exception: what stopped the last of the parts that could not be worked out; the others were.
    """
    made, stopped = 0, None
    over = hourly_loads.span(last=last, count=DAYS, zone_name=zone_name)
    for ids in network_facts.unsupplied(over=over):
        stopped = _tried(lambda ids=ids: keep_unsupplied(transformer_ids=ids, over=over))[1] or stopped
    for ids in network_facts.chunks(Asset.FEEDER):
        stopped = _tried(lambda ids=ids: keep_feeders(feeder_ids=ids, last=last, zone_name=zone_name))[1] or stopped
    since = last - (HISTORY_DAYS - 1) * _DAY
    for asset in Asset:
        for ids in network_facts.chunks(asset, since=since):
            count, error = _tried(lambda asset=asset, ids=ids: forecast(asset=asset, ids=ids, last=last))
            made, stopped = made + count, error or stopped
    volts, error = _tried(lambda: voltages.forecast_all(last=last))
    stopped = error or stopped
    log.info("network_loads_forecast", last=str(last), made=made, voltages=volts)
    if stopped is not None:
        raise stopped
    return made


def catch_up(*, last: date, zone_name: str) -> None:
    """Keep the days of transformers up to a local date without looking for anomalies: where much came at once."""
    for part in anomaly_loads.parts():
        keep_transformers(part=part, last=last, zone_name=zone_name)


@opens_transaction
def keep_transformers(*, part: Part, last: date, zone_name: str) -> None:
    """Keep what the transformers of a part gave, took and carried over twelve weeks; nine statements."""
    seen = anomaly_loads.look(part=part, last=last, zone_name=zone_name)
    network_days.keep_step(transformer_ids=seen.transformer_ids, days=seen.days, behind=seen.transformers)


@opens_transaction
def keep_unsupplied(*, transformer_ids: Sequence[int], over: Span) -> None:
    """Keep the same of transformers without a place that is supplied now, which are in no part; eight statements."""
    network_days.keep_step(
        transformer_ids=np.array(transformer_ids, dtype=np.int64), days=over.days,
        behind=network_facts.direct(asset=Asset.TRANSFORMER, ids=transformer_ids, over=over),
    )  # fmt: skip


def _tried(work: object) -> tuple[int, Exception | None]:
    try:
        return work() or 0, None  # type: ignore[operator]
    except Exception as error:
        log.exception("network_loads_stopped")
        return 0, error


@opens_transaction
def keep_feeders(*, feeder_ids: Sequence[int], last: date, zone_name: str) -> None:
    """
    Keep what feeders carried over twelve weeks: by their master meters, else what hangs on them; six statements.

    A day is known by the sum when the load of each transformer is known behind which a meter hung on that day, or that
    had a master meter, and each place directly on the feeder.
    What lines and transformers lose is in it only where a master meter counts it.
    """
    over = hourly_loads.span(last=last, count=DAYS, zone_name=zone_name)
    direct = network_facts.direct(asset=Asset.FEEDER, ids=feeder_ids, over=over)
    behind = network_facts.behind(feeder_ids=feeder_ids, days=over.days)
    by_sum = direct.is_known & behind.is_known & ((direct.places > 0) | (behind.counts > 0))
    load = np.where(direct.is_measured[:, :, None], direct.load_wh, direct.load_wh + behind.load_wh)
    network_days.keep_loads_step(
        asset=Asset.FEEDER, ids=feeder_ids, days=over.days, load_wh=load, is_loaded=direct.is_measured | by_sum,
        is_measured=direct.is_measured,
    )  # fmt: skip


@opens_transaction
def forecast(*, asset: Asset, ids: Sequence[int], last: date, growth_e4: int = load_forecast.E4) -> int:
    """
    Forecast the load of transformers or feeders on the two days after the last one; return how many. Five statements.

    :param growth_e4: by what their level is thought to change besides, of 10,000; for what customers add, or a better
        forecast knows.
    """
    seen = network_facts.carried(asset=asset, ids=ids, last=last, count=HISTORY_DAYS)
    calendar = business_calendar(packs.rule("holiday_country", at=last))
    first = last - (HISTORY_DAYS - 1) * _DAY
    rule, made = grid_losses.rule_at(at=last), 0
    for ahead in range(1, AHEAD_MOST + 1):
        worked = [calendar.is_business_day(first + n * _DAY) for n in range(HISTORY_DAYS + ahead)]
        found = load_forecast.ahead(
            load_wh=seen.load_wh, is_known=seen.is_known, is_worked=worked, days_ahead=ahead, growth_e4=growth_e4
        )
        made += _keep(asset, seen, found, last + ahead * _DAY, last, rule)
    return made


def _keep(
    asset: Asset, seen: Carried, found: Forecasts, day: date, last: date, rule: LossRule | None
) -> int:  # fmt: skip
    """Keep one day of forecasts; what cannot be told any more goes. Two statements."""
    load = network.rule_at(day)
    rows = []
    for at in np.flatnonzero(found.is_known).tolist():
        hours = found.load_wh[at].tolist()
        most = max(abs(one) for one in hours)
        error = int(found.error_e4[at])
        rows.append(
            (seen.ids[at], hours, rule.apparent_va(most) if rule else most, load.usable_va(int(seen.capacity_va[at])),
             None if error < 0 else error)
        )  # fmt: skip
    ids = [row[0] for row in rows]
    db.execute(_GONE.format(asset=asset), {"looked_at": seen.ids, "ids": ids, "day": day})
    if rows:
        given = {
            "ids": ids, "hours": [one for row in rows for one in row[1]], "peaks": [row[2] for row in rows],
            "usable": [row[3] for row in rows], "errors": [row[4] for row in rows], "day": day, "known": last,
        }  # fmt: skip
        db.execute(_FORECAST.format(asset=asset), given)
    return len(rows)


_GONE = """
DELETE FROM metering_assetforecast f
WHERE f.{asset}_id = ANY(%(looked_at)s) AND f.day_date = %(day)s AND NOT f.{asset}_id = ANY(%(ids)s::bigint[])
"""
_FORECAST = """
INSERT INTO metering_assetforecast ({asset}_id, day_date, known_date, hours_wh, peak_va, usable_va, error_e4)
SELECT k.id, %(day)s, %(known)s, (%(hours)s::bigint[])[(k.at - 1) * 24 + 1 : k.at * 24], k.peak, k.usable, k.error
FROM unnest(%(ids)s::bigint[], %(peaks)s::bigint[], %(usable)s::bigint[], %(errors)s::int[]) WITH ORDINALITY
     AS k (id, peak, usable, error, at)
ON CONFLICT (transformer_id, feeder_id, day_date) DO UPDATE
SET known_date = excluded.known_date, hours_wh = excluded.hours_wh, peak_va = excluded.peak_va,
    usable_va = excluded.usable_va, error_e4 = excluded.error_e4
"""
