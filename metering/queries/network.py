"""Feeders and transformers with what hangs on them and what is reserved, as pages and proposals show them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from cis.kernel.errors import Refused
from cis.platform import packs
from cis.platform.db import fetch
from metering.domain.network import LOW, PERCENT, Asset, LoadRule, PointState, voltages_serving
from metering.domain.places import Voltage
from metering.models.network import CapacityReservation, Transformer
from metering.models.place import ServicePoint

_COUNTED = """
(p.capacity_w * CASE p.voltage WHEN '220V' THEN %(p220)s WHEN '380V' THEN %(p380)s WHEN '10kV' THEN %(p10)s
 ELSE %(p35)s END + 99) / 100
"""


class UnknownTransformer(Refused):
    """There is no such transformer."""

    code = "unknown_transformer"


class UnknownFeeder(Refused):
    """There is no such feeder."""

    code = "unknown_feeder"


@dataclass(frozen=True, slots=True, kw_only=True)
class AssetCard:
    """
    A transformer or a feeder with its load.

    points        service points connected to it, of a feeder also those behind its transformers
    connected_va  what they count; ``reserved_va`` what is held for cases
    usable_va     up to where it may be loaded
    """

    id: int
    asset: Asset
    external_id: str
    name: str
    district: str
    voltage: str
    feeder_id: int
    feeder: str
    is_active: bool
    capacity_va: int
    usable_va: int
    points: int
    connected_va: int
    reserved_va: int

    @property
    def free_va(self) -> int:
        """Return what can still be reserved; below 0: more is connected than may be."""
        return self.usable_va - self.connected_va - self.reserved_va

    @property
    def connected_percent(self) -> int:
        """Return what is connected, of the rating, rounded down."""
        return self.connected_va * PERCENT // self.capacity_va

    @property
    def reserved_percent(self) -> int:
        """Return what is reserved, of the rating, rounded down."""
        return self.reserved_va * PERCENT // self.capacity_va

    @property
    def usable_percent(self) -> int:
        """Return up to where it may be loaded, of the rating, rounded down."""
        return min(PERCENT, self.usable_va * PERCENT // self.capacity_va)

    @property
    def free_percent(self) -> int:
        """Return what is free, of the rating, rounded down; 0 where nothing is."""
        return max(0, self.free_va) * PERCENT // self.capacity_va

    @property
    def is_overloaded(self) -> bool:
        """Return whether more is spoken for than may be."""
        return self.free_va < 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """Which transformers a list shows; ``room`` is the least that must be free [VA]; empty fields do not filter."""

    feeder_id: int | None = None
    district: str = ""
    text: str = ""
    load: str = ""
    room_va: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class ReservationRow:
    """Capacity that a case holds or held."""

    id: int
    asset: Asset
    asset_id: int
    asset_name: str
    service_point_id: int | None
    subject: str
    subject_id: int
    state: str
    capacity_w: int
    counted_va: int
    until_date: date


@dataclass(frozen=True, slots=True, kw_only=True)
class HangingPoint:
    """A service point, what it hangs on (None: not recorded), and what is agreed there; it counts once connected."""

    id: int
    asset: Asset | None
    asset_id: int
    voltage: str
    capacity_w: int
    is_connected: bool


def rule_at(at: date) -> LoadRule:
    """
    Return the rule on the load of the network on a date.

    :raises MissingRule: the pack has none.
    """
    value = packs.rule("network_load", at=at)
    return LoadRule(
        usable_percent=value["usable_percent"],
        percent={str(one): value[f"percent_{one.lower()}"] for one in Voltage},
        reserved_days=value["reserved_days"],
    )


def transformers(*, wanted: Wanted, at: date, offset: int = 0, most: int = 50) -> tuple[AssetCard, ...]:
    """Return transformers, the fullest first; one statement."""
    where, params = _where(wanted, at)
    order = "ORDER BY (connected_va + reserved_va) * 1000 / capacity_va DESC, name LIMIT %(most)s OFFSET %(offset)s"
    rows = fetch(
        f"SELECT * FROM ({_TRANSFORMERS}) t {where} {order}",  # noqa: S608 (constants only)
        _params(at) | params | {"most": most, "offset": offset},
    )
    return _cards(Asset.TRANSFORMER, rows, at)


def count(*, wanted: Wanted, at: date) -> int:
    """Return how many transformers a list has."""
    where, params = _where(wanted, at)
    ((found,),) = fetch(f"SELECT count(*) FROM ({_TRANSFORMERS}) t {where}", _params(at) | params)  # noqa: S608
    return int(found)


def feeders(*, at: date) -> tuple[AssetCard, ...]:
    """Return all feeders by name; one statement."""
    return _cards(Asset.FEEDER, fetch(f"{_FEEDERS} ORDER BY f.name", _params(at)), at)


def transformer(*, transformer_id: int, at: date) -> AssetCard:
    """
    Return a transformer with its load.

    :raises UnknownTransformer: there is none.
    """
    rows = fetch(f"SELECT * FROM ({_TRANSFORMERS}) t WHERE id = %(id)s", _params(at) | {"id": transformer_id})  # noqa: S608
    if not rows:
        raise UnknownTransformer(f"There is no transformer {transformer_id}.", transformer_id=transformer_id)
    return _cards(Asset.TRANSFORMER, rows, at)[0]


def by_ids(*, transformer_ids: Sequence[int], at: date) -> dict[int, AssetCard]:
    """Return some transformers with their load by their ids; one statement."""
    rows = fetch(
        f"SELECT * FROM ({_TRANSFORMERS}) t WHERE id = ANY(%(ids)s)",  # noqa: S608 (constants only)
        _params(at) | {"ids": list(transformer_ids)},
    )
    return {card.id: card for card in _cards(Asset.TRANSFORMER, rows, at)}


def feeder(*, feeder_id: int, at: date) -> AssetCard:
    """
    Return a feeder with its load.

    :raises UnknownFeeder: there is none.
    """
    rows = fetch(f"{_FEEDERS} HAVING f.id = %(id)s", _params(at) | {"id": feeder_id})
    if not rows:
        raise UnknownFeeder(f"There is no feeder {feeder_id}.", feeder_id=feeder_id)
    return _cards(Asset.FEEDER, rows, at)[0]


def suggested(*, capacity_w: int, voltage: str, district: str, at: date, most: int = 5) -> tuple[AssetCard, ...]:
    """
    Return where a supply could hang: those with room for all of it, in its district first, then by the room left.

    At low voltage transformers, above it feeders of the voltage; an asset out of service is none. One statement.
    """
    needed = rule_at(at).counted_va(capacity_w=capacity_w, voltage=voltage)
    return with_room(least_va=needed, voltage=voltage, district=district, at=at, most=most)


def with_room(*, least_va: int, voltage: str, district: str, at: date, most: int = 5) -> tuple[AssetCard, ...]:
    """Return assets that supply at a voltage and have so much free; see ``suggested``. One statement."""
    if voltage in LOW:
        rows = fetch(
            f"SELECT * FROM ({_TRANSFORMERS}) t WHERE is_active AND voltage = ANY(%(voltages)s)",  # noqa: S608
            _params(at) | {"voltages": list(voltages_serving(voltage))},
        )
        found = _cards(Asset.TRANSFORMER, rows, at)
    else:
        found = tuple(card for card in feeders(at=at) if card.is_active and card.voltage == voltage)
    fitting = [card for card in found if card.free_va >= max(1, least_va)]
    fitting.sort(key=lambda card: (card.district != district, -card.free_va, card.name))
    return tuple(fitting[:most])


def hanging(*, service_point_ids: Sequence[int]) -> tuple[HangingPoint, ...]:
    """Return some service points as they hang on the network, by id; one statement."""
    rows = ServicePoint.objects.filter(id__in=list(service_point_ids)).order_by("id")
    return tuple(
        HangingPoint(
            id=row.id,
            asset=Asset.TRANSFORMER if row.transformer_id else Asset.FEEDER if row.feeder_id else None,
            asset_id=row.transformer_id or row.feeder_id or 0,
            voltage=row.voltage,
            capacity_w=row.capacity_w,
            is_connected=row.state == PointState.CONNECTED,
        )
        for row in rows
    )


def districts() -> tuple[str, ...]:
    """Return the districts in which transformers stand."""
    return tuple(
        Transformer.objects.exclude(district="").values_list("district", flat=True).distinct().order_by("district")
    )


def ids_by_external_id(external_ids: Sequence[str]) -> tuple[dict[str, int], dict[str, int]]:
    """Return the ids of transformers and of feeders that exist, by external id; one statement. None has a NUL in it."""
    sql = """
        SELECT true, external_id, id FROM metering_transformer WHERE external_id = ANY(%(wanted)s::text[])
        UNION ALL SELECT false, external_id, id FROM metering_feeder WHERE external_id = ANY(%(wanted)s::text[])
    """
    found = fetch(sql, {"wanted": [one for one in external_ids if "\0" not in one]})
    return (
        {external_id: row_id for is_transformer, external_id, row_id in found if is_transformer},
        {external_id: row_id for is_transformer, external_id, row_id in found if not is_transformer},
    )


def reservations(*, transformer_id: int | None = None, feeder_id: int | None = None) -> tuple[ReservationRow, ...]:
    """Return what cases hold or held on an asset, latest first; one statement."""
    asset = {"transformer_id": transformer_id} if transformer_id is not None else {"feeder_id": feeder_id or 0}
    rows = CapacityReservation.objects.filter(**asset)
    return _reservations(rows.select_related("transformer", "feeder").order_by("-id")[:200])


def of_case(*, subject: str, subject_id: int) -> tuple[ReservationRow, ...]:
    """Return what a case holds or held, latest first; one statement."""
    rows = CapacityReservation.objects.filter(subject=subject, subject_id=subject_id)
    return _reservations(rows.select_related("transformer", "feeder").order_by("-id"))


def _reservations(rows: Any) -> tuple[ReservationRow, ...]:
    return tuple(
        ReservationRow(
            id=row.id, asset=Asset.TRANSFORMER if row.transformer_id else Asset.FEEDER,
            asset_id=row.transformer_id or row.feeder_id, asset_name=(row.transformer or row.feeder).name,
            service_point_id=row.service_point_id, subject=row.subject, subject_id=row.subject_id, state=row.state,
            capacity_w=row.capacity_w, counted_va=row.counted_va, until_date=row.until_date,
        )
        for row in rows
    )  # fmt: skip


_TRANSFORMERS = f"""
SELECT t.id, t.external_id, t.name, t.district, t.voltage, t.feeder_id, f.name AS feeder, t.is_active, t.capacity_va,
       coalesce(c.points, 0) AS points, coalesce(c.va, 0) AS connected_va, coalesce(r.va, 0) AS reserved_va
FROM metering_transformer t
JOIN metering_feeder f ON f.id = t.feeder_id
LEFT JOIN (
    SELECT p.transformer_id, count(*) AS points, sum({_COUNTED})::bigint AS va
    FROM metering_servicepoint p WHERE p.transformer_id IS NOT NULL AND p.state = 'connected' GROUP BY 1
) c ON c.transformer_id = t.id
LEFT JOIN (
    SELECT transformer_id, sum(counted_va)::bigint AS va FROM metering_capacityreservation
    WHERE state = 'held' AND until_date >= %(at)s GROUP BY 1
) r ON r.transformer_id = t.id
"""  # noqa: S608 (constants only)
_FEEDERS = f"""
SELECT f.id, f.external_id, f.name, f.substation, f.voltage, f.id, f.name, f.is_active, f.capacity_va,
       coalesce(sum(c.points), 0)::bigint, coalesce(sum(c.va), 0)::bigint, coalesce(sum(c.reserved), 0)::bigint
FROM metering_feeder f
LEFT JOIN (
    SELECT coalesce(p.feeder_id, t.feeder_id) AS feeder_id, 1 AS points, {_COUNTED} AS va, 0 AS reserved
    FROM metering_servicepoint p LEFT JOIN metering_transformer t ON t.id = p.transformer_id
    WHERE p.state = 'connected'
    UNION ALL
    SELECT coalesce(r.feeder_id, t.feeder_id), 0, 0, r.counted_va
    FROM metering_capacityreservation r LEFT JOIN metering_transformer t ON t.id = r.transformer_id
    WHERE r.state = 'held' AND r.until_date >= %(at)s
) c ON c.feeder_id = f.id
GROUP BY f.id
"""  # noqa: S608 (constants only)


def _params(at: date) -> dict[str, Any]:
    percent = rule_at(at).percent
    return {
        "p220": percent[Voltage.V220], "p380": percent[Voltage.V380], "p10": percent[Voltage.KV10],
        "p35": percent[Voltage.KV35], "at": at,
    }  # fmt: skip


def _where(wanted: Wanted, at: date) -> tuple[str, dict[str, Any]]:
    parts, params = ["true"], dict[str, Any]()
    usable = "capacity_va * %(usable)s / 100 - connected_va - reserved_va"
    params["usable"] = rule_at(at).usable_percent
    if wanted.feeder_id is not None:
        parts.append("feeder_id = %(feeder_id)s")
        params["feeder_id"] = wanted.feeder_id
    if wanted.district:
        parts.append("district = %(district)s")
        params["district"] = wanted.district
    if wanted.text:
        parts.append("(name ILIKE %(text)s OR external_id ILIKE %(text)s)")
        params["text"] = "%" + wanted.text.replace("\\", r"\\").replace("%", r"\%").replace("_", r"\_") + "%"
    if wanted.load == "over":
        parts.append(f"{usable} < 0")
    if wanted.room_va:
        parts.append(f"{usable} >= %(room)s")
        params["room"] = wanted.room_va
    return f"WHERE {' AND '.join(parts)}", params


def _cards(asset: Asset, rows: Sequence[tuple[Any, ...]], at: date) -> tuple[AssetCard, ...]:
    rule = rule_at(at)
    names = (
        "id", "external_id", "name", "district", "voltage", "feeder_id", "feeder", "is_active", "capacity_va", "points",
        "connected_va", "reserved_va",
    )  # fmt: skip
    return tuple(
        AssetCard(asset=asset, usable_va=rule.usable_va(row[8]), **dict(zip(names, row, strict=True))) for row in rows
    )


def asset_of(point: ServicePoint) -> tuple[Asset | None, int]:
    """Return on which transformer or feeder a service point hangs; (None, 0): on none that is known."""
    if point.transformer_id is not None:
        return Asset.TRANSFORMER, point.transformer_id
    return (Asset.FEEDER, point.feeder_id) if point.feeder_id is not None else (None, 0)
