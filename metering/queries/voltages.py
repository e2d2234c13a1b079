"""Voltages that meters said, what they are forecast out of, and which places will leave the band."""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import numpy as np

from cis.kernel.fixed import Int64
from cis.platform import packs
from cis.platform.db import fetch
from cis.platform.packs import MissingRule
from metering.domain.hourly import HOURS
from metering.domain.network_days import Flags
from metering.domain.voltages import SLOTS, UNKNOWN, Band, band, by_hour

CHUNK = 500
MV = 1_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Bands:
    """What voltage is allowed at places of one phase, and of three."""

    single: Band
    three: Band


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """
    What n meters said over d days where they hang now, of those that hang at a place of low voltage; of a place that
    was moved to another transformer, since the day after.

    transformer_ids  0: on none that is known
    hours_mv         (n, d, 24) UNKNOWN where nothing is
    load_wh          (n, d, 24) of their transformers; ``load_known`` (n, d)
    """

    meter_ids: list[int]
    point_ids: list[int]
    transformer_ids: list[int]
    is_three_phase: list[bool]
    hours_mv: Int64
    load_wh: Int64
    load_known: Flags


@dataclass(frozen=True, slots=True, kw_only=True)
class VoltageRow:
    """The voltage that is thought to come at a place on a day; see ``models.voltage.VoltageForecast``."""

    service_point_id: int
    service_point: str
    address: str
    serial: str
    meter_id: int
    transformer_id: int | None
    transformer: str
    day_date: date
    known_date: date
    hours_mv: tuple[int, ...]
    low_mv: int
    high_mv: int
    least_mv: int
    most_mv: int
    slope_uv: int
    error_mv: int

    @property
    def is_low(self) -> bool:
        """Return whether it falls below the band."""
        return self.low_mv < self.least_mv

    @property
    def is_high(self) -> bool:
        """Return whether it rises above the band."""
        return self.high_mv > self.most_mv


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """Which of them a list shows; ``transformer_id`` None: all."""

    only_out: bool = True
    transformer_id: int | None = None


def bands(*, at: date) -> Bands | None:
    """Return what voltage is allowed on a date; None: the pack has no such rule."""
    try:
        value = packs.rule("voltage_band", at=at)
    except MissingRule:
        return None
    single, three = (
        band(nominal_mv=value["nominal_v"] * MV, below_e4=value[f"{name}_below_e4"], above_e4=value[f"{name}_above_e4"])
        for name in ("single", "three")
    )
    return Bands(single=single, three=three)


def meter_ids(*, serials: Collection[str]) -> dict[str, int]:
    """Return the ids of meters by serial number; one statement."""
    return dict(fetch("SELECT serial, id FROM metering_meter WHERE serial = ANY(%s)", [list(serials)]))


def chunks(*, since: date, chunk: int = CHUNK) -> Iterator[list[int]]:
    """Yield the ids of meters that said or were forecast a voltage since a day, in parts; one statement."""
    ids = [one for (one,) in fetch(_METERS, {"since": since})]
    for first in range(0, len(ids), chunk):
        yield ids[first : first + chunk]


def measured(*, meter_ids: Sequence[int], last: date, count: int) -> Measured:
    """Return what meters said on so many days up to a last one, and what their transformers carried; 3 statements."""
    first = last - timedelta(days=count - 1)
    hung = fetch(_HUNG, {"meters": list(meter_ids), "at": last})
    row_of = {row[0]: at for at, row in enumerate(hung)}
    slots = np.full((len(hung), count, SLOTS), UNKNOWN, dtype=np.int64)
    given = {"meters": list(row_of), "since": [max(row[4], first) for row in hung], "end": last}
    for meter, day, values in fetch(_SAID, given):
        slots[row_of[meter], (day - first).days] = values
    transformers = sorted({row[2] for row in hung if row[2]})
    at_of = {one: at for at, one in enumerate(transformers)}
    load = np.zeros((len(transformers) + 1, count, HOURS), dtype=np.int64)
    known = np.zeros((len(transformers) + 1, count), dtype=np.bool_)
    for one, day, hours in fetch(_LOADS, {"transformers": transformers, "start": first, "end": last}):
        load[at_of[one], (day - first).days], known[at_of[one], (day - first).days] = hours, True
    place = np.array([at_of.get(row[2], len(transformers)) for row in hung], dtype=np.int64)
    return Measured(
        meter_ids=[row[0] for row in hung], point_ids=[row[1] for row in hung],
        transformer_ids=[row[2] or 0 for row in hung], is_three_phase=[row[3] == "380V" for row in hung],
        hours_mv=by_hour(slots), load_wh=load[place], load_known=known[place],
    )  # fmt: skip


def coming(*, transformer_ids: Sequence[int], day: date) -> tuple[Int64, Flags]:
    """Return what transformers are thought to carry on a day, (n, 24), and where it is known, (n,); one statement."""
    found = dict(fetch(_COMING, {"transformers": sorted(set(transformer_ids)), "day": day}))
    load = np.zeros((len(transformer_ids), HOURS), dtype=np.int64)
    for at, one in enumerate(transformer_ids):
        if one in found:
            load[at] = found[one]
    return load, np.array([one in found for one in transformer_ids], dtype=np.bool_)


def forecasts(*, wanted: Wanted, day: date, offset: int = 0, most: int = 50) -> tuple[VoltageRow, ...]:
    """Return the voltages of a day to come, the farthest out of the band first; one statement."""
    given = {**_given(wanted, day), "offset": offset, "most": most}
    return _rows(fetch(f"{_FORECASTS} {_WHERE} {_FARTHEST}", given))


def count(*, wanted: Wanted, day: date) -> int:
    """Return how many there are; one statement."""
    ((found,),) = fetch(f"SELECT count(*) FROM ({_FORECASTS} {_WHERE}) x", _given(wanted, day))  # noqa: S608
    return int(found)


def of_place(*, service_point_id: int, since: date) -> tuple[VoltageRow, ...]:
    """Return the voltages that are thought to come at a place from a day on; one statement."""
    sql = f"{_FORECASTS} WHERE f.service_point_id = %(point)s AND f.day_date >= %(since)s ORDER BY f.day_date, f.id"
    return _rows(fetch(sql, {"point": service_point_id, "since": since}))


def by_ids(*, forecast_ids: Sequence[int]) -> dict[int, VoltageRow]:
    """Return some forecasts by id; one statement."""
    rows = fetch(f"{_FORECASTS} WHERE f.id = ANY(%(ids)s)", {"ids": list(forecast_ids)})
    return {row[-1]: one for row, one in zip(rows, _rows(rows), strict=True)}


def hours_of(*, meter_id: int, day: date) -> tuple[int, ...] | None:
    """Return the mean voltage of each hour that a meter said on a day, UNKNOWN where none; None: nothing was said."""
    rows = fetch("SELECT slots_mv FROM metering_voltageday WHERE meter_id = %s AND day_date = %s", [meter_id, day])
    return tuple(by_hour(np.array(rows[0][0], dtype=np.int64)).tolist()) if rows else None


def _given(wanted: Wanted, day: date) -> dict[str, Any]:
    return {"day": day, "out": wanted.only_out, "transformer": wanted.transformer_id}


def _rows(rows: Sequence[tuple]) -> tuple[VoltageRow, ...]:
    names = tuple(VoltageRow.__dataclass_fields__)
    return tuple(VoltageRow(**{**dict(zip(names, row[:-1], strict=True)), "hours_mv": tuple(row[9])}) for row in rows)


_METERS = """
SELECT meter_id FROM metering_voltageday WHERE day_date >= %(since)s
UNION SELECT meter_id FROM metering_voltageforecast WHERE day_date >= %(since)s ORDER BY 1
"""
_HUNG = """
SELECT i.meter_id, s.id, s.transformer_id, s.voltage, greatest(lower(i.period), (
    SELECT max(h.until_date) + 1 FROM metering_pasthanging h WHERE h.service_point_id = s.id))
FROM metering_installation i
JOIN metering_servicepoint s ON s.id = i.service_point_id
WHERE i.meter_id = ANY(%(meters)s) AND i.period @> %(at)s AND s.voltage IN ('220V', '380V') ORDER BY 1
"""
_SAID = """
SELECT v.meter_id, v.day_date, v.slots_mv
FROM unnest(%(meters)s::bigint[], %(since)s::date[]) AS m (id, since)
JOIN metering_voltageday v ON v.meter_id = m.id AND v.day_date BETWEEN m.since AND %(end)s
"""
_LOADS = """
SELECT transformer_id, day_date, hours_wh FROM metering_loadday
WHERE transformer_id = ANY(%(transformers)s::bigint[]) AND day_date BETWEEN %(start)s AND %(end)s
"""
_COMING = """
SELECT transformer_id, hours_wh FROM metering_assetforecast
WHERE transformer_id = ANY(%(transformers)s::bigint[]) AND day_date = %(day)s
"""
_FORECASTS = """
SELECT s.id, s.external_id, p.address, m.serial, m.id, t.id, coalesce(t.name, ''), f.day_date, f.known_date, f.hours_mv,
       f.low_mv, f.high_mv, f.least_mv, f.most_mv, f.slope_uv, f.error_mv, f.id
FROM metering_voltageforecast f
JOIN metering_servicepoint s ON s.id = f.service_point_id
JOIN metering_premises p ON p.id = s.premises_id
JOIN metering_meter m ON m.id = f.meter_id
LEFT JOIN metering_transformer t ON t.id = s.transformer_id
"""
_WHERE = """
WHERE f.day_date = %(day)s AND (NOT %(out)s OR f.low_mv < f.least_mv OR f.high_mv > f.most_mv)
  AND (%(transformer)s::bigint IS NULL OR s.transformer_id = %(transformer)s)
"""
_FARTHEST = """
ORDER BY greatest(f.least_mv - f.low_mv, f.high_mv - f.most_mv) DESC, f.id LIMIT %(most)s OFFSET %(offset)s
"""
