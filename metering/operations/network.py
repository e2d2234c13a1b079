"""Feeders and transformers: create, change, load; and which of them a service point hangs on."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.utils import timezone

from cis.kernel.actors import Actor
from cis.kernel.errors import Findings, Refused
from cis.platform import audit
from cis.platform.db import joins_transaction, opens_transaction
from metering.domain import network as rules
from metering.domain.network import Asset, NewFeeder, NewTransformer, PointState
from metering.domain.places import NewPlace
from metering.models.network import Feeder, PastHanging, Transformer
from metering.models.place import ServicePoint
from metering.operations import places
from metering.queries import network as queries
from metering.queries.network import UnknownFeeder, UnknownTransformer


class InvalidAsset(Refused):
    """Fields of the feeder or transformer are wrong; ``detail["findings"]`` has one entry for each."""

    code = "invalid_asset"


class AssetInUse(Refused):
    """Service points hang on it, or capacity is reserved."""

    code = "asset_in_use"


@dataclass(frozen=True, slots=True, kw_only=True)
class PreparedNetwork:
    """A checked delivery of feeders and transformers with everything found in it."""

    feeders: tuple[NewFeeder, ...]
    transformers: tuple[NewTransformer, ...]
    findings: Findings


@opens_transaction
def create_feeder(*, new: NewFeeder, actor: Actor) -> int:
    """
    Create a feeder.

    :raises InvalidAsset: fields are wrong, or its code is taken.
    """
    return _load_one(prepare(feeders=[new], transformers=[]), Asset.FEEDER, new.feeder, actor)


@opens_transaction
def create_transformer(*, new: NewTransformer, actor: Actor) -> int:
    """
    Create a transformer at a feeder that exists.

    :raises InvalidAsset: fields are wrong, its code is taken, or there is no such feeder.
    """
    return _load_one(prepare(feeders=[], transformers=[new]), Asset.TRANSFORMER, new.transformer, actor)


@opens_transaction
def change(
    *, asset: Asset, asset_id: int, name: str, capacity_va: int, is_active: bool, actor: Actor,
    iron_w: int | None = None, copper_w: int | None = None,
) -> None:  # fmt: skip
    """
    Change name, rating, losses and whether a feeder or transformer is in service.

    :param iron_w: what a transformer loses without load, by its name plate; None: as is typical of its rating. [W]
    :param copper_w: what load at its rating adds. [W]
    :raises InvalidAsset: fields are wrong.
    :raises AssetInUse: it is to go out of service while service points hang on it.
    """
    model = Transformer if asset is Asset.TRANSFORMER else Feeder
    row: Transformer | Feeder | None = model.objects.select_for_update().filter(id=asset_id).first()
    if row is None:
        raise (UnknownTransformer if asset is Asset.TRANSFORMER else UnknownFeeder)(f"There is no {asset} {asset_id}.")
    findings = Findings()
    rules.check_feeder(NewFeeder(feeder=row.external_id, name=name, capacity_va=capacity_va), findings=findings)
    findings.raise_if_any(InvalidAsset)
    if not is_active and (row.service_points.exclude(state=PointState.REMOVED).exists() or _has_more(row)):
        raise AssetInUse(f"{row.name} is in use.", advice="Move what hangs on it first.")
    row.name, row.capacity_va, row.is_active = name.strip(), capacity_va, is_active
    losses: dict[str, int | None] = {}
    if isinstance(row, Transformer):
        row.iron_w, row.copper_w = iron_w, copper_w
        losses = {"iron_w": iron_w, "copper_w": copper_w}
    row.save()
    audit.record(
        actor, "change", asset, asset_id, name=row.name, capacity_va=capacity_va, is_active=is_active, **losses
    )


@joins_transaction
def plan_points_step(*, new: Sequence[NewPlace], actor: Actor) -> dict[str, int]:
    """
    Make the service points of buildings to be: planned, each on the transformer or feeder that it names.

    ``capacity.connect_step`` connects one. All are written together, however many there are.

    :returns: ids by external id.
    :raises InvalidLoad: fields of a place are wrong, or its external id is taken.
    """
    names = sorted({name for place in new for name in (place.transformer, place.feeder) if name})
    transformers, feeders = queries.ids_by_external_id(names)
    prepared = places.prepare(places=new, transformers=transformers, feeders=feeders)
    made = places.load(prepared=prepared, actor=actor, transformer_ids=transformers, feeder_ids=feeders)
    ServicePoint.objects.filter(id__in=made.values()).update(state=PointState.PLANNED.value)
    return made


@joins_transaction
def hang_step(*, service_point_id: int, asset: Asset, asset_id: int, voltage: str, actor: Actor) -> None:
    """
    Note on which transformer or feeder a service point hangs by a survey; a planned one gets its voltage too.

    What it hung on until today is kept, so that past days stay those of the network as it was.
    """
    is_transformer = asset is Asset.TRANSFORMER
    rows = ServicePoint.objects.filter(id=service_point_id)
    before = rows.get()
    hung = (before.transformer_id if is_transformer else before.feeder_id) == asset_id
    if before.state == PointState.CONNECTED and not hung and (before.transformer_id or before.feeder_id):
        PastHanging.objects.get_or_create(
            service_point_id=service_point_id, until_date=timezone.localdate(),
            defaults={"transformer_id": before.transformer_id, "feeder_id": before.feeder_id},
        )  # fmt: skip
    rows.update(transformer_id=asset_id if is_transformer else None, feeder_id=None if is_transformer else asset_id)
    rows.filter(state=PointState.PLANNED).update(voltage=voltage)
    audit.record(actor, "hang", "service_point", service_point_id, asset=asset, asset_id=asset_id)


@joins_transaction
def drop_planned_step(*, service_point_ids: Sequence[int], actor: Actor) -> int:
    """Take down service points that were planned and will not be built; returns how many."""
    rows = ServicePoint.objects.filter(id__in=list(service_point_ids), state=PointState.PLANNED)
    count = rows.update(state=PointState.REMOVED.value)
    if count:
        audit.record(actor, "drop_planned", "service_point", None, points=list(service_point_ids))
    return count


def prepare(*, feeders: Sequence[NewFeeder], transformers: Sequence[NewTransformer]) -> PreparedNetwork:
    """Check a delivery of the network as a whole; two statements, nothing is written."""
    findings = Findings()
    names = [new.feeder for new in feeders] + [new.transformer for new in transformers]
    kept_transformers, kept_feeders = queries.ids_by_external_id([*names, *(new.feeder for new in transformers)])
    seen: dict[str, str] = {}
    for feeder in feeders:
        rules.check_feeder(feeder, findings=findings)
        _check_name(feeder.where, "feeder", feeder.feeder, {**kept_feeders}, seen, findings)
    known = kept_feeders.keys() | {new.feeder for new in feeders}
    seen = {}
    for one in transformers:
        rules.check_transformer(one, findings=findings)
        _check_name(one.where, "transformer", one.transformer, kept_transformers, seen, findings)
        if one.feeder not in known:
            place = f"{one.where}: feeder" if one.where else "feeder"
            findings.add(place, "unknown_feeder", f"There is no feeder {one.feeder}.")
    return PreparedNetwork(feeders=tuple(feeders), transformers=tuple(transformers), findings=findings)


@joins_transaction
def load(*, prepared: PreparedNetwork, actor: Actor) -> tuple[dict[str, int], dict[str, int]]:
    """
    Write a prepared delivery; the use case that loads all rooms' data stands above it.

    :returns: ids of transformers and of feeders by external id, those that were there before included.
    :raises InvalidAsset: the delivery has findings; nothing is written.
    """
    prepared.findings.raise_if_any(InvalidAsset)
    Feeder.objects.bulk_create(
        Feeder(
            external_id=new.feeder, name=new.name.strip(), substation=new.substation, voltage=new.voltage,
            capacity_va=new.capacity_va,
        )
        for new in prepared.feeders
    )  # fmt: skip
    feeder_ids = dict(Feeder.objects.values_list("external_id", "id"))
    Transformer.objects.bulk_create(
        Transformer(
            external_id=new.transformer, name=new.name.strip(), feeder_id=feeder_ids[new.feeder], district=new.district,
            address=new.address, voltage=new.voltage, capacity_va=new.capacity_va,
        )
        for new in prepared.transformers
    )  # fmt: skip
    if prepared.feeders or prepared.transformers:
        audit.record(
            actor, "load", "network", None, feeders=len(prepared.feeders), transformers=len(prepared.transformers)
        )
    return dict(Transformer.objects.values_list("external_id", "id")), feeder_ids


def _load_one(prepared: PreparedNetwork, asset: Asset, code: str, actor: Actor) -> int:
    transformer_ids, feeder_ids = load(prepared=prepared, actor=actor)
    made = (transformer_ids if asset is Asset.TRANSFORMER else feeder_ids)[code]
    audit.record(actor, "create", asset, made)
    return made


def _has_more(row: Transformer | Feeder) -> bool:
    """Return whether reservations or transformers in service keep an asset in use."""
    if row.reservations.filter(state="held").exists():
        return True
    return isinstance(row, Feeder) and row.transformers.filter(is_active=True).exists()


def _check_name(
    where: str, column: str, name: str, kept: dict[str, int], seen: dict[str, str], findings: Findings
) -> None:
    place = f"{where}: {column}" if where else column
    if name in kept:
        findings.add(place, "external_id_taken", f"{name} exists already.")
    if name in seen:
        findings.add(place, "external_id_twice", f"{name} stands at {seen[name]} too.")
    seen.setdefault(name, where)
