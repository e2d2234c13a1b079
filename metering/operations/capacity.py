"""
Capacity of the network: reserved under the lock of its asset, so that two cases can never take the same kVA.

What is connected and what is held are summed under that lock; whoever connects, reserves or changes a service point on
an asset takes the lock first. A reservation that is past its last day counts no more, from that day on.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from django.db.models import Min
from django.utils import timezone

from accounts.queries import supplier
from cis.kernel import fixed
from cis.kernel.actors import SYSTEM, Actor
from cis.kernel.calendar import local_clock
from cis.kernel.errors import Refused
from cis.platform import audit, events
from cis.platform.db import execute, fetch, joins_transaction, locked_row, opens_transaction
from metering.domain.announcements import CapacityEnding
from metering.domain.network import Asset, PointState, ReservationState, serves
from metering.models.network import CapacityReservation, Feeder, Transformer
from metering.models.place import ServicePoint
from metering.queries import network
from metering.queries.network import AssetCard, UnknownFeeder, UnknownTransformer
from metering.queries.places import UnknownServicePoint

WORK = "expire_reservations"
WARNED_BEFORE = timedelta(days=14)


class CapacityTaken(Refused):
    """The asset has not as much free; ``detail["free_va"]`` says how much it has."""

    code = "capacity_taken"


class AssetUnfit(Refused):
    """The transformer or feeder cannot supply at this voltage, or is out of service."""

    code = "asset_unfit"


@dataclass(frozen=True, slots=True, kw_only=True)
class Need:
    """
    What a service point takes of a transformer or feeder.

    capacity_w        beyond what the service point has [W]
    service_point_id  None: not made yet
    """

    asset: Asset
    asset_id: int
    capacity_w: int
    voltage: str
    service_point_id: int | None = None


@joins_transaction
def reserve_step(
    *, asset: Asset, asset_id: int, capacity_w: int, voltage: str, subject: str, subject_id: int, today: date,
    actor: Actor, service_point_id: int | None = None, until_date: date | None = None,
) -> int:  # fmt: skip
    """
    Hold capacity of a transformer or a feeder for a case, in the place of what it holds for the service point already.

    :param capacity_w: what is needed beyond what the service point has. [W]
    :param until_date: last day; None: by the pack's rule, from today.
    :returns: id of the reservation.
    :raises CapacityTaken: less is free; AssetUnfit: it does not supply at this voltage.
    """
    need = Need(
        asset=asset, asset_id=asset_id, capacity_w=capacity_w, voltage=voltage, service_point_id=service_point_id
    )
    made = reserve_all_step(
        needs=[need], subject=subject, subject_id=subject_id, today=today, actor=actor, until_date=until_date
    )
    return made[0]


@joins_transaction
def reserve_all_step(
    *, needs: Sequence[Need], subject: str, subject_id: int, today: date, actor: Actor, until_date: date | None = None
) -> tuple[int, ...]:
    """
    Hold capacity for all service points of a case, all or nothing; see ``reserve_step``.

    The assets are locked in the sequence of their ids; the number of statements grows with the assets, not the points.
    """
    rule = network.rule_at(today)
    until = until_date or today + timedelta(days=rule.reserved_days)
    by_asset: dict[tuple[Asset, int], list[Need]] = {}
    for need in needs:
        by_asset.setdefault((need.asset, need.asset_id), []).append(need)
    for (asset, asset_id), found in sorted(by_asset.items()):
        for voltage in sorted({need.voltage for need in found}):
            _lock(asset, asset_id, voltage)
    points = [need.service_point_id for need in needs if need.service_point_id is not None]
    execute(_RELEASE, [timezone.now(), subject, subject_id, points, len(points) < len(needs)])
    rows: list[CapacityReservation] = []
    for (asset, asset_id), found in sorted(by_asset.items()):
        counted = [rule.counted_va(capacity_w=need.capacity_w, voltage=need.voltage) for need in found]
        _check_room(_card(asset, asset_id, today), sum(counted))
        rows += [_row(need, va, subject, subject_id, until) for need, va in zip(found, counted, strict=True)]
        audit.record(
            actor, "reserve", "capacity", asset_id, asset=asset, counted_va=sum(counted), until=until, case=subject,
            case_id=subject_id, points=len(found),
        )  # fmt: skip
    return tuple(row.id for row in CapacityReservation.objects.bulk_create(rows))


_RELEASE = """
    UPDATE metering_capacityreservation SET state = 'released', ended_at = %s
    WHERE state = 'held' AND subject = %s AND subject_id = %s
        AND (service_point_id = ANY(%s::bigint[]) OR (service_point_id IS NULL AND %s))
"""


def _check_room(card: AssetCard, needed_va: int) -> None:
    if needed_va > card.free_va:
        raise CapacityTaken(
            f"{card.name} has {_kva(max(0, card.free_va))} kVA free, {_kva(needed_va)} kVA are needed.",
            advice="Choose another supply point, or one that is enlarged first.", free_va=card.free_va,
            needed_va=needed_va,
        )  # fmt: skip


def _row(need: Need, counted_va: int, subject: str, subject_id: int, until: date) -> CapacityReservation:
    is_transformer = need.asset is Asset.TRANSFORMER
    return CapacityReservation(
        transformer_id=need.asset_id if is_transformer else None, feeder_id=None if is_transformer else need.asset_id,
        service_point_id=need.service_point_id, subject=subject, subject_id=subject_id, capacity_w=need.capacity_w,
        counted_va=counted_va, until_date=until,
    )  # fmt: skip


@joins_transaction
def release_step(*, subject: str, subject_id: int, actor: Actor) -> int:
    """Give back what a case holds, as a step of what ends it; returns how many reservations that were."""
    return _end(ReservationState.RELEASED, actor, subject=subject, subject_id=subject_id)


@joins_transaction
def connect_step(*, service_point_id: int, today: date, actor: Actor) -> None:
    """
    Count a service point as connected in the place of what was reserved for it; nothing to do where it is already.

    Who let a reservation pass, or never had one, takes only what is free.

    :raises UnknownServicePoint: there is none.
    :raises CapacityTaken: nothing holds for it any more, and there is no room.
    """
    point = _point(service_point_id)
    is_new = point.state != PointState.CONNECTED
    asset, asset_id = network.asset_of(point)
    if is_new and asset is not None:
        counted = network.rule_at(today).counted_va(capacity_w=point.capacity_w, voltage=point.voltage)
        held = _held(point, today)
        if counted > held:
            _check_room(_card(asset, asset_id, today), counted - held)
    if is_new:
        point.state = PointState.CONNECTED.value
        point.save(update_fields=["state"])
        audit.record(actor, "connect", "service_point", point.id)
    _end(ReservationState.USED, actor, service_point_id=service_point_id)


@joins_transaction
def renew_step(
    *, subject: str, subject_id: int, today: date, actor: Actor, takes_anew: bool = True
) -> int:  # fmt: skip
    """
    Hold what a case holds for the pack's days from today; what was given back or used is left alone.

    :param takes_anew: what has passed is reserved anew.
    :returns: number of reservations that hold longer now.
    :raises CapacityTaken: one has passed, and somebody else took its place.
    """
    until = today + timedelta(days=network.rule_at(today).reserved_days)
    latest = [(row_id, ReservationState(state), last) for row_id, state, last in fetch(_LATEST, [subject, subject_id])]
    held = [row_id for row_id, state, last in latest if state is ReservationState.HELD and today <= last < until]
    CapacityReservation.objects.filter(id__in=held, state=ReservationState.HELD).update(until_date=until)
    passed = [
        row_id
        for row_id, state, last in latest
        if state is ReservationState.EXPIRED or (state is ReservationState.HELD and last < today)
    ]
    again = CapacityReservation.objects.filter(id__in=passed if takes_anew else ()).select_related("service_point")
    needs = [_need(one) for one in again.order_by("service_point_id")]
    if needs:
        reserve_all_step(needs=needs, subject=subject, subject_id=subject_id, today=today, actor=actor)
    if held:
        audit.record(actor, "renew", "capacity", None, case=subject, case_id=subject_id, until=until, points=len(held))
    return len(held) + len(needs)


_LATEST = """
    SELECT DISTINCT ON (service_point_id) id, state, until_date FROM metering_capacityreservation
    WHERE subject = %s AND subject_id = %s ORDER BY service_point_id, id DESC
"""


@joins_transaction
def remove_step(*, service_point_id: int, actor: Actor) -> None:
    """Count a service point no more, since it was taken down."""
    point = _point(service_point_id)
    point.state = PointState.REMOVED.value
    point.save(update_fields=["state"])
    _end(ReservationState.RELEASED, actor, service_point_id=service_point_id)
    audit.record(actor, "remove", "service_point", point.id)


@joins_transaction
def change_step(*, service_point_id: int, capacity_w: int, today: date, actor: Actor) -> None:
    """
    Give a service point another agreed capacity; what was reserved for its increase is used up by it.

    :raises CapacityTaken: the increase was not reserved, and there is no room for it.
    """
    point = _point(service_point_id)
    before = point.capacity_w
    _end(ReservationState.USED, actor, service_point_id=service_point_id)
    point.capacity_w = capacity_w
    point.save(update_fields=["capacity_w"])
    asset, asset_id = network.asset_of(point)
    if asset is not None and capacity_w > before and point.state == PointState.CONNECTED:
        card = _card(asset, asset_id, today)
        if card.free_va < 0:
            raise CapacityTaken(
                f"{card.name} has no room for the increase.", advice="Reserve it with a survey.", free_va=card.free_va
            )
    audit.record(actor, "change_capacity", "service_point", point.id, before_w=before, capacity_w=capacity_w)


@opens_transaction
def expire(*, today: date, actor: Actor = SYSTEM) -> int:
    """Mark reservations whose last day has passed; they count no more since then. Returns how many."""
    rows = CapacityReservation.objects.select_for_update().filter(state=ReservationState.HELD, until_date__lt=today)
    ids = list(rows.values_list("id", flat=True))
    CapacityReservation.objects.filter(id__in=ids).update(state=ReservationState.EXPIRED, ended_at=timezone.now())
    for reservation_id in ids:
        audit.record(actor, "expire", "capacity", reservation_id)
    return len(ids)


@opens_transaction
def warn(*, today: date) -> int:
    """
    Tell cases whose reservation passes within two weeks (``CapacityEnding``): they renew it, or tell who waits.

    :returns: number of cases.
    """
    rows = CapacityReservation.objects.filter(
        state=ReservationState.HELD, until_date__range=(today, today + WARNED_BEFORE)
    )
    cases = rows.values_list("subject", "subject_id").annotate(Min("until_date")).order_by("subject", "subject_id")
    for subject, subject_id, until_date in cases:
        events.announce(CapacityEnding(subject=subject, subject_id=subject_id, until_date=until_date, today=today))
    return len(cases)


def night(at: datetime) -> None:
    """Mark what has passed by the local date of an instant, as the schedule calls it."""
    today = local_clock(supplier.current().time_zone).local_date(at)
    warn(today=today)
    expire(today=today)


def _held(point: ServicePoint, today: date) -> int:
    """Return what holds for a service point where it hangs. [VA]"""
    rows = CapacityReservation.objects.filter(
        service_point_id=point.id, state=ReservationState.HELD, until_date__gte=today
    )
    asset, asset_id = network.asset_of(point)
    where = rows.filter(transformer_id=asset_id) if asset is Asset.TRANSFORMER else rows.filter(feeder_id=asset_id)
    return sum(where.values_list("counted_va", flat=True))


def _need(row: CapacityReservation) -> Need:
    """Return what a reservation was for."""
    is_transformer = row.transformer_id is not None
    asset_id = row.transformer_id or row.feeder_id
    if asset_id is None or row.service_point is None:
        raise UnknownServicePoint("The reservation names no service point.", advice="Have the place surveyed anew.")
    return Need(
        asset=Asset.TRANSFORMER if is_transformer else Asset.FEEDER, asset_id=asset_id, capacity_w=row.capacity_w,
        voltage=row.service_point.voltage, service_point_id=row.service_point_id,
    )  # fmt: skip


def _kva(va: int) -> str:
    return fixed.to_text(va, places=3)


def _end(state: ReservationState, actor: Actor, **of: object) -> int:
    where = " AND ".join(f"{column} = %s" for column in of)
    held = f"SELECT id FROM metering_capacityreservation WHERE state = %s AND {where} FOR UPDATE"  # noqa: S608 (columns)
    ids = [row_id for (row_id,) in fetch(held, [ReservationState.HELD.value, *of.values()])]
    if not ids:
        return 0
    CapacityReservation.objects.filter(id__in=ids).update(state=state, ended_at=timezone.now())
    for reservation_id in ids:
        audit.record(actor, state, "capacity", reservation_id)
    return len(ids)


def _point(service_point_id: int) -> ServicePoint:
    """Return a service point, locked after its asset: everywhere in this sequence."""
    found = ServicePoint.objects.filter(id=service_point_id).first()
    if found is None:
        raise UnknownServicePoint(f"There is no service point {service_point_id}.")
    asset, asset_id = network.asset_of(found)
    if asset is not None:
        _lock_row(asset, asset_id)
    return ServicePoint.objects.select_for_update().get(id=service_point_id)


def _lock(asset: Asset, asset_id: int, voltage: str) -> None:
    row = _lock_row(asset, asset_id)
    fits = (
        serves(transformer_voltage=row.voltage, voltage=voltage)
        if asset is Asset.TRANSFORMER
        else row.voltage == voltage
    )
    if not row.is_active or not fits:
        raise AssetUnfit(f"{row.name} does not supply at {voltage}.", advice="Choose another supply point.")


def _lock_row(asset: Asset, asset_id: int) -> Transformer | Feeder:
    if asset is Asset.TRANSFORMER:
        transformer = locked_row(Transformer, asset_id)
        if transformer is None:
            raise UnknownTransformer(f"There is no transformer {asset_id}.")
        return transformer
    feeder = locked_row(Feeder, asset_id)
    if feeder is None:
        raise UnknownFeeder(f"There is no feeder {asset_id}.")
    return feeder


def _card(asset: Asset, asset_id: int, today: date) -> AssetCard:
    if asset is Asset.TRANSFORMER:
        return network.transformer(transformer_id=asset_id, at=today)
    return network.feeder(feeder_id=asset_id, at=today)
