"""Days of transformers and feeders are kept: what was given, taken and lost, and the load of each hour."""

from collections.abc import Iterable, Sequence
from datetime import date

import numpy as np

from cis.kernel.fixed import Int64
from cis.platform import db
from cis.platform.db import joins_transaction
from metering.domain.hourly import HOURS
from metering.domain.network import Asset
from metering.domain.network_days import Flags, NetworkDays
from metering.domain.technical_losses import technical_wh
from metering.queries import grid_losses


@joins_transaction
def keep_step(*, transformer_ids: Int64, days: Sequence[date], behind: NetworkDays) -> None:
    """
    Keep what transformers gave, what their places took, and their load, of days that are known; five statements.

    What is as it was stays. A day of those that are looked at that is known no more goes; days before them stay as they
    were found.

    :param days: the days that were looked at, without a gap.
    """
    ids = transformer_ids.tolist()
    if not ids:
        return
    _keep_balances(ids, days, behind)
    keep_loads_step(
        asset=Asset.TRANSFORMER, ids=ids, days=days, load_wh=behind.load_wh, is_loaded=behind.is_loaded,
        is_measured=behind.is_measured,
    )  # fmt: skip


@joins_transaction
def keep_loads_step(
    *, asset: Asset, ids: Sequence[int], days: Sequence[date], load_wh: Int64, is_loaded: Flags, is_measured: Flags
) -> None:
    """
    Keep the load of transformers or feeders, of days that are known; two statements.

    load_wh  (n, d, 24); ``is_loaded`` and ``is_measured`` (n, d)
    """
    at, day = np.nonzero(is_loaded)
    kept = {"ids": [ids[one] for one in at.tolist()], "days": [days[one] for one in day.tolist()]}
    hours = load_wh[at, day].reshape(-1).tolist()
    db.execute(_GONE.format(table="loadday", asset=asset), {**kept, **_looked_at(ids, days)})
    if kept["ids"]:
        given = {**kept, "hours": hours, "measured": is_measured[at, day].tolist(), "size": HOURS}
        db.execute(_LOADS.format(asset=asset), given)


def _keep_balances(ids: Sequence[int], days: Sequence[date], behind: NetworkDays) -> None:
    lost = _technical(ids, days, behind)
    rows = [
        (
            ids[at], days[day], *(int(column[at, day]) for column in (behind.given_wh, behind.taken_wh)),
            None if lost is None else int(lost[at, day]), int(behind.places[at, day]),
        )
        for at, day in np.argwhere(behind.is_balanced)
    ]  # fmt: skip
    names = ("ids", "days", "given", "taken", "technical", "places")
    columns: Iterable[list] = map(list, zip(*rows, strict=True)) if rows else ([] for _ in names)
    given = dict(zip(names, columns, strict=True))
    gone = {name: given[name] for name in ("ids", "days")}
    db.execute(_GONE.format(table="transformerday", asset=Asset.TRANSFORMER), {**gone, **_looked_at(ids, days)})
    if rows:
        db.execute(_BALANCE, given)


def _technical(ids: Sequence[int], days: Sequence[date], behind: NetworkDays) -> Int64 | None:
    """Return what is lost by nature, (t, d); None: no rule says how much. One statement."""
    rule = grid_losses.rule_at(at=days[-1])
    if rule is None:
        return None
    plates, is_high_side = grid_losses.plates(transformer_ids=ids, days=days, rule=rule)
    return technical_wh(load_wh=behind.load_wh, plates=plates, is_high_side=is_high_side, rule=rule)


def _looked_at(ids: Sequence[int], days: Sequence[date]) -> dict[str, object]:
    return {"looked_at": list(ids), "first": days[0], "last": days[-1]}


_GONE = """
DELETE FROM metering_{table} d
WHERE d.{asset}_id = ANY(%(looked_at)s) AND d.day_date BETWEEN %(first)s AND %(last)s
  AND NOT EXISTS (SELECT FROM unnest(%(ids)s::bigint[], %(days)s::date[]) AS k (id, day)
                  WHERE k.id = d.{asset}_id AND k.day = d.day_date)
"""
_BALANCE = """
INSERT INTO metering_transformerday AS held (transformer_id, day_date, given_wh, taken_wh, technical_wh, places)
SELECT * FROM unnest(%(ids)s::bigint[], %(days)s::date[], %(given)s::bigint[], %(taken)s::bigint[],
                     %(technical)s::bigint[], %(places)s::int[])
ON CONFLICT (transformer_id, day_date) DO UPDATE
SET given_wh = excluded.given_wh, taken_wh = excluded.taken_wh, technical_wh = excluded.technical_wh,
    places = excluded.places
WHERE (held.given_wh, held.taken_wh, held.technical_wh, held.places) IS DISTINCT FROM
      (excluded.given_wh, excluded.taken_wh, excluded.technical_wh, excluded.places)
"""
_LOADS = """
INSERT INTO metering_loadday AS held ({asset}_id, day_date, hours_wh, is_measured)
SELECT k.id, k.day, (%(hours)s::bigint[])[(k.at - 1) * %(size)s + 1 : k.at * %(size)s], k.measured
FROM unnest(%(ids)s::bigint[], %(days)s::date[], %(measured)s::bool[]) WITH ORDINALITY AS k (id, day, measured, at)
ON CONFLICT (transformer_id, feeder_id, day_date) DO UPDATE
SET hours_wh = excluded.hours_wh, is_measured = excluded.is_measured
WHERE (held.hours_wh, held.is_measured) IS DISTINCT FROM (excluded.hours_wh, excluded.is_measured)
"""
