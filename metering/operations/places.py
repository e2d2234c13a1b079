"""Places: create premises and service points, load many."""

import uuid
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from cis.kernel.actors import Actor
from cis.kernel.errors import Findings, Refused
from cis.kernel.text import bigrams
from cis.platform import audit
from cis.platform.db import copy_rows, joins_transaction, opens_transaction, take_ids
from metering.domain import places as rules
from metering.domain.places import POSITION_MOST, NewPlace
from metering.models.place import Premises, ServicePoint
from metering.queries import network
from metering.queries import places as queries


class InvalidPlace(Refused):
    """Fields of the place are wrong; ``detail["findings"]`` has one entry per field."""

    code = "invalid_place"


class InvalidLoad(Refused):
    """The delivery has findings; nothing of it was written."""

    code = "invalid_load"


@dataclass(frozen=True, slots=True, kw_only=True)
class CreatedPlace:
    """Ids of a new service point and of its premises, new or known before."""

    premises_id: int
    service_point_id: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PreparedPlaces:
    """A checked delivery with everything found in it; only one without findings can be loaded."""

    places: tuple[NewPlace, ...]
    premises_kept: Mapping[str, int]
    findings: Findings


@opens_transaction
def create(*, place: NewPlace, actor: Actor) -> CreatedPlace:
    """
    Create a service point, and its premises unless ``place.premises`` names some that exist.

    External ids that are left empty are made.

    :raises InvalidPlace: fields are wrong, or the service point exists already.
    """
    return add(place=place, actor=actor)


@joins_transaction
def add(*, place: NewPlace, actor: Actor) -> CreatedPlace:
    """Create a service point as a step of a larger use case; see ``create``."""
    premises = place.premises or uuid.uuid4().hex
    point = place.service_point or uuid.uuid4().hex
    findings = Findings()
    checked = NewPlace(
        service_point=point, premises=premises, address=place.address, district=place.district,
        postcode=place.postcode, voltage=place.voltage, capacity_w=place.capacity_w, transformer=place.transformer,
        feeder=place.feeder,
    )  # fmt: skip
    rules.check_place(checked, findings=findings)
    if queries.ids_by_external_id([point]):
        findings.add("service_point", "external_id_taken", f"The service point {point} exists already.")
    named = [name for name in (place.transformer, place.feeder) if name]
    transformers, feeders = network.ids_by_external_id(named) if named else ({}, {})
    _check_assets(place, transformers, feeders, findings)
    findings.raise_if_any(InvalidPlace)
    premises_id = queries.premises_by_external_id([premises]).get(premises)
    if premises_id is None:
        premises_id = Premises.objects.create(
            external_id=premises,
            address=place.address,
            district=place.district,
            postcode=place.postcode,
            search_grams=grams(place),
        ).id
    made = ServicePoint.objects.create(
        external_id=point, premises_id=premises_id, voltage=place.voltage, capacity_w=place.capacity_w,
        transformer_id=transformers.get(place.transformer), feeder_id=feeders.get(place.feeder),
    )  # fmt: skip
    audit.record(actor, "create", "service_point", made.id, external_id=point)
    return CreatedPlace(premises_id=premises_id, service_point_id=made.id)


@joins_transaction
def place_meter_step(*, service_point_id: int, position: str, actor: Actor) -> None:
    """Note where the meter of a service point hangs, in words, since it was moved there."""
    rows = ServicePoint.objects.filter(id=service_point_id)
    before = rows.values_list("meter_position", flat=True).first()
    rows.update(meter_position=position.strip()[:POSITION_MOST])
    audit.record(actor, "place_meter", "service_point", service_point_id, before=before, position=position.strip())


def prepare(
    *, places: Sequence[NewPlace], transformers: Collection[str] = (), feeders: Collection[str] = ()
) -> PreparedPlaces:
    """
    Check a whole delivery of service points; two statements, nothing is written.

    Premises that exist stay as they are. All faults are found, not only the first.

    :param transformers: external ids that a place may hang on, ``feeders`` likewise.
    """
    findings = Findings()
    for place in places:
        _check_assets(place, transformers, feeders, findings)
    kept = queries.ids_by_external_id(place.service_point for place in places)
    premises_kept = queries.premises_by_external_id({place.premises for place in places})
    seen: dict[str, NewPlace] = {}
    addresses: dict[str, NewPlace] = {}
    for place in places:
        rules.check_place(place, findings=findings)
        where = f"{place.where}: service_point"
        if place.service_point in kept:
            findings.add(where, "external_id_taken", f"The service point {place.service_point} exists already.")
        if place.service_point in seen:
            other = seen[place.service_point].where
            findings.add(where, "external_id_twice", f"The service point {place.service_point} stands at {other} too.")
        seen.setdefault(place.service_point, place)
        first = addresses.setdefault(place.premises, place)
        if (first.address, first.district, first.postcode) != (place.address, place.district, place.postcode):
            message = f"The premises {place.premises} have another address at {first.where}."
            findings.add(f"{place.where}: premises", "premises_contradict", message)
    return PreparedPlaces(places=tuple(places), premises_kept=premises_kept, findings=findings)


@joins_transaction
def load(
    *, prepared: PreparedPlaces, actor: Actor, transformer_ids: Mapping[str, int] | None = None,
    feeder_ids: Mapping[str, int] | None = None,
) -> dict[str, int]:  # fmt: skip
    """
    Write a prepared delivery by COPY; the use case that loads all rooms' data stands above it.

    :param transformer_ids: by external id, of those that places hang on; ``feeder_ids`` likewise.

    :returns: ids of the service points by external id.
    :raises InvalidLoad: the delivery has findings; nothing is written.
    """
    prepared.findings.raise_if_any(InvalidLoad)
    new = {place.premises: place for place in prepared.places if place.premises not in prepared.premises_kept}
    ids = dict(zip(new, take_ids("metering_premises", len(new)), strict=True))
    copy_rows(
        table="metering_premises",
        columns=("id", "external_id", "address", "district", "postcode", "search_grams"),
        rows=(
            (ids[name], name, place.address, place.district, place.postcode, grams(place))
            for name, place in new.items()
        ),
    )
    premises_ids = {**prepared.premises_kept, **ids}
    transformers: Mapping[str, int | None] = {"": None, **(transformer_ids or {})}
    feeders: Mapping[str, int | None] = {"": None, **(feeder_ids or {})}
    point_ids = take_ids("metering_servicepoint", len(prepared.places))
    copy_rows(
        table="metering_servicepoint",
        columns=("id", "external_id", "premises_id", "voltage", "capacity_w", "transformer_id", "feeder_id"),
        rows=(
            (
                point_id,
                place.service_point,
                premises_ids[place.premises],
                place.voltage,
                place.capacity_w,
                transformers[place.transformer],
                feeders[place.feeder],
            )
            for place, point_id in zip(prepared.places, point_ids, strict=True)
        ),
    )
    audit.record(actor, "load", "service_point", None, service_points=len(point_ids), premises=len(ids))
    return {place.service_point: point_id for place, point_id in zip(prepared.places, point_ids, strict=True)}


def _check_assets(place: NewPlace, transformers: Collection[str], feeders: Collection[str], findings: Findings) -> None:
    where = f"{place.where}: " if place.where else ""
    if place.transformer and place.transformer not in transformers:
        message = f"There is no transformer {place.transformer}."
        findings.add(f"{where}transformer", "unknown_transformer", message)
    if place.feeder and place.feeder not in feeders:
        findings.add(f"{where}feeder", "unknown_feeder", f"There is no feeder {place.feeder}.")


def grams(place: NewPlace) -> list[str]:
    """Return the search pieces of a place's address."""
    return bigrams(place.address)
