"""Loads of transformers and feeders for pages: what they carried, and what they are thought to carry."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from cis.platform.db import fetch
from metering.domain.network import PERCENT, Asset
from metering.queries import grid_losses, network


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadRow:
    """
    What a transformer or a feeder carried over some days.

    feeder       its name, of a feeder its own
    days         how many are known; ``measured`` of them by its master meter
    peak_wh      of its highest hour, on ``peak_date`` from ``peak_hour`` on; below 0: upwards
    mean_wh      of all hours, rounded down
    peak_va      apparent power of that hour, by the power factor of the pack
    usable_va    up to where it may be loaded
    """

    asset: Asset
    id: int
    external_id: str
    name: str
    feeder: str
    district: str
    capacity_va: int
    usable_va: int
    days: int
    measured: int
    peak_wh: int
    peak_date: date
    peak_hour: int
    mean_wh: int
    peak_va: int

    @property
    def percent(self) -> int:
        """Return the highest hour of what may be carried, rounded down."""
        return self.peak_va * PERCENT // self.usable_va if self.usable_va else 0

    @property
    def is_over(self) -> bool:
        """Return whether more was carried than may be."""
        return self.peak_va > self.usable_va


@dataclass(frozen=True, slots=True, kw_only=True)
class ForecastRow:
    """
    What a transformer or a feeder is thought to carry on a day.

    known_date  last day that was known of
    hours_wh    of each hour
    peak_hour   the hour that carries most; ``peak_va`` its apparent power
    error_e4    how far the method was off on the days before, of the mean load; None: never tested
    """

    asset: Asset
    id: int
    external_id: str
    name: str
    feeder: str
    district: str
    day_date: date
    known_date: date
    hours_wh: tuple[int, ...]
    peak_va: int
    usable_va: int
    error_e4: int | None

    @property
    def peak_hour(self) -> int:
        """Return the hour that carries most."""
        return max(range(len(self.hours_wh)), key=lambda hour: abs(self.hours_wh[hour]))

    @property
    def percent(self) -> int:
        """Return the highest hour of what may be carried, rounded down."""
        return self.peak_va * PERCENT // self.usable_va if self.usable_va else 0

    @property
    def is_over(self) -> bool:
        """Return whether more will be carried than may be."""
        return self.peak_va > self.usable_va


@dataclass(frozen=True, slots=True, kw_only=True)
class DayRow:
    """The hours of a day that was. [Wh]"""

    day_date: date
    hours_wh: tuple[int, ...]
    is_measured: bool

    @property
    def peak_wh(self) -> int:
        """Return the hour that carried most, with its direction."""
        return max(self.hours_wh, key=abs)

    @property
    def total_wh(self) -> int:
        """Return the energy of the day."""
        return sum(self.hours_wh)


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """Which of them a list shows; ``feeder_id`` also the feeder itself, None: all."""

    asset: Asset = Asset.TRANSFORMER
    feeder_id: int | None = None
    only_over: bool = False
    codes: tuple[str, ...] | None = None


def loads(
    *, wanted: Wanted, since: date, until: date, offset: int = 0, most: int = 50
) -> tuple[LoadRow, ...]:  # fmt: skip
    """Return what they carried over [since, until], the fullest first; one statement."""
    given = {**_given(wanted, until), "start": since, "end": until, "offset": offset, "most": most}
    rule, factor = network.rule_at(until), given["factor"]
    return tuple(
        LoadRow(
            asset=wanted.asset, id=row[0], external_id=row[1], name=row[2], feeder=row[3], district=row[4],
            capacity_va=row[5], usable_va=rule.usable_va(row[5]), days=row[6], measured=row[7], mean_wh=int(row[8]),
            peak_date=row[9], peak_hour=row[10] - 1, peak_wh=row[11], peak_va=-(-abs(row[11]) * PERCENT // factor),
        )
        for row in fetch(f"{_LOADS[wanted.asset]} {_LOADS_PAGE}", given)
    )  # fmt: skip


def count_loads(*, wanted: Wanted, since: date, until: date) -> int:
    """Return how many carried anything that is known; one statement."""
    given = {**_given(wanted, until), "start": since, "end": until}
    ((found,),) = fetch(f"SELECT count(*) FROM ({_LOADS[wanted.asset]}) x", given)  # noqa: S608 (constants only)
    return int(found)


def forecasts(*, wanted: Wanted, day: date, offset: int = 0, most: int = 50) -> tuple[ForecastRow, ...]:
    """Return what they are thought to carry on a day, the fullest first; one statement."""
    given = {**_given(wanted, day), "day": day, "offset": offset, "most": most}
    return _forecasts(wanted.asset, fetch(f"{_FORECASTS[wanted.asset]} AND f.day_date = %(day)s {_FULLEST}", given))


def count_forecasts(*, wanted: Wanted, day: date) -> int:
    """Return how many there are; one statement."""
    given = {**_given(wanted, day), "day": day}
    sql = f"SELECT count(*) FROM ({_FORECASTS[wanted.asset]} AND f.day_date = %(day)s) x"  # noqa: S608 (constants)
    ((found,),) = fetch(sql, given)
    return int(found)


def forecasts_of(*, asset: Asset, asset_id: int, since: date) -> tuple[ForecastRow, ...]:
    """Return what one is thought to carry from a day on, by day; one statement."""
    given = {**_given(Wanted(asset=asset), since), "id": asset_id, "since": since}
    sql = f"{_FORECASTS[asset]} AND a.id = %(id)s AND f.day_date >= %(since)s ORDER BY f.day_date"
    return _forecasts(asset, fetch(sql, given))


def days_of(*, asset: Asset, asset_id: int, since: date, until: date) -> tuple[DayRow, ...]:
    """Return what one carried on each day of [since, until] that is known; one statement."""
    rows = fetch(_DAYS[asset], {"id": asset_id, "start": since, "end": until})
    return tuple(DayRow(day_date=day, hours_wh=tuple(hours), is_measured=measured) for day, hours, measured in rows)


def _given(wanted: Wanted, at: date) -> dict[str, Any]:
    rule = grid_losses.rule_at(at=at)
    return {
        "feeder": wanted.feeder_id, "over": wanted.only_over, "usable": network.rule_at(at).usable_percent,
        "factor": rule.power_factor_percent if rule else PERCENT,
        "codes": None if wanted.codes is None else list(wanted.codes),
    }  # fmt: skip


def _forecasts(asset: Asset, rows: Sequence[tuple]) -> tuple[ForecastRow, ...]:
    names = (
        "id", "external_id", "name", "feeder", "district", "day_date", "known_date", "hours_wh", "peak_va", "usable_va",
        "error_e4",
    )  # fmt: skip
    return tuple(
        ForecastRow(asset=asset, **{**dict(zip(names, row, strict=True)), "hours_wh": tuple(row[7])}) for row in rows
    )


_ABOUT = {
    Asset.TRANSFORMER: "a.id, a.external_id, a.name, w.name, a.district",
    Asset.FEEDER: "a.id, a.external_id, a.name, a.name, ''::text",
}
_JOIN = {
    Asset.TRANSFORMER: "JOIN metering_transformer a ON a.id = {one}.transformer_id "
    "JOIN metering_feeder w ON w.id = a.feeder_id",
    Asset.FEEDER: "JOIN metering_feeder a ON a.id = {one}.feeder_id",
}
_OF = {Asset.TRANSFORMER: "a.feeder_id", Asset.FEEDER: "a.id"}


def _loads_of(asset: Asset) -> str:
    group = "a.id, w.id" if asset is Asset.TRANSFORMER else "a.id"
    return f"""
SELECT {_ABOUT[asset]}, a.capacity_va, count(DISTINCT l.day_date),
       count(DISTINCT l.day_date) FILTER (WHERE l.is_measured),
       floor(avg(h.wh)), (array_agg(l.day_date ORDER BY abs(h.wh) DESC, l.day_date DESC, h.at))[1],
       (array_agg(h.at::int ORDER BY abs(h.wh) DESC, l.day_date DESC, h.at))[1],
       (array_agg(h.wh ORDER BY abs(h.wh) DESC, l.day_date DESC, h.at))[1]
FROM metering_loadday l {_JOIN[asset].format(one="l")}
CROSS JOIN unnest(l.hours_wh) WITH ORDINALITY AS h (wh, at)
WHERE l.day_date BETWEEN %(start)s AND %(end)s AND (%(feeder)s::bigint IS NULL OR {_OF[asset]} = %(feeder)s)
  AND (%(codes)s::text[] IS NULL OR a.external_id = ANY(%(codes)s))
GROUP BY {group}
HAVING NOT %(over)s OR max(abs(h.wh)) * 100 * 100 > a.capacity_va * %(usable)s * %(factor)s
"""  # noqa: S608 (constants only)


def _forecasts_of(asset: Asset) -> str:
    return f"""
SELECT {_ABOUT[asset]}, f.day_date, f.known_date, f.hours_wh, f.peak_va, f.usable_va, f.error_e4
FROM metering_assetforecast f {_JOIN[asset].format(one="f")}
WHERE (%(feeder)s::bigint IS NULL OR {_OF[asset]} = %(feeder)s) AND (NOT %(over)s OR f.peak_va > f.usable_va)
  AND (%(codes)s::text[] IS NULL OR a.external_id = ANY(%(codes)s))
"""  # noqa: S608 (constants only)


_LOADS = {asset: _loads_of(asset) for asset in Asset}
_LOADS_PAGE = "ORDER BY max(abs(h.wh))::numeric / a.capacity_va DESC, a.name, a.id LIMIT %(most)s OFFSET %(offset)s"
_FORECASTS = {asset: _forecasts_of(asset) for asset in Asset}
_FULLEST = "ORDER BY f.peak_va::numeric / nullif(f.usable_va, 0) DESC, a.name, a.id LIMIT %(most)s OFFSET %(offset)s"
_DAYS = {
    asset: f"""SELECT day_date, hours_wh, is_measured FROM metering_loadday
               WHERE {asset}_id = %(id)s AND day_date BETWEEN %(start)s AND %(end)s ORDER BY day_date"""  # noqa: S608
    for asset in Asset
}
