"""Service points with what hangs there, as a page shows them."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import date

from cis.kernel.errors import Refused
from cis.platform.db import fetch
from metering.domain.places import UNITS, Quantity
from metering.models.device import Installation, Register
from metering.models.place import Premises, ServicePoint
from metering.queries import reads, usage
from metering.queries.reads import ReadRow
from metering.queries.usage import MonthUsage


class UnknownServicePoint(Refused):
    """There is no such service point."""

    code = "unknown_service_point"


@dataclass(frozen=True, slots=True, kw_only=True)
class RegisterCard:
    """
    One counter of a meter.

    latest  its last value; None: never read, or read in intervals
    """

    id: int
    code: str
    quantity: str
    direction: str
    period_of_use: str
    digits: int
    is_interval: bool
    latest: ReadRow | None

    @property
    def unit(self) -> str:
        """Return the unit in which it is read."""
        return UNITS[Quantity(self.quantity)]


@dataclass(frozen=True, slots=True, kw_only=True)
class MeterCard:
    """A meter that hangs or hung at a service point over [start_date, end_date); no end = until further notice."""

    id: int
    serial: str
    model: str
    multiplier: int
    start_date: date
    end_date: date | None
    registers: tuple[RegisterCard, ...]

    def hangs(self, on: date) -> bool:
        """Return whether the meter hangs there on a date."""
        return self.start_date <= on and (self.end_date is None or on < self.end_date)


@dataclass(frozen=True, slots=True, kw_only=True)
class ServicePointOverview:
    """
    A service point as a page shows it.

    meter_position  where the meter hangs there, in words; "" = not recorded
    meters          all that ever hung there, latest first
    months          approved energy of the last 13 months, oldest first
    """

    id: int
    external_id: str
    address: str
    district: str
    postcode: str
    voltage: str
    capacity_w: int
    meter_position: str
    meters: tuple[MeterCard, ...]
    months: tuple[MonthUsage, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class PlaceCard:
    """Where a service point is, and which meters hang there on a date."""

    service_point_id: int
    external_id: str
    address: str
    district: str
    meter_serials: tuple[str, ...]


def overview(*, service_point_ids: Sequence[int], at_date: date) -> tuple[ServicePointOverview, ...]:
    """
    Return service points with meters, last reads and the last months' usage, by external id; five statements.

    at_date  the last month shown is that of this date; reads after it are not shown
    """
    points = (
        ServicePoint.objects.filter(id__in=list(service_point_ids)).select_related("premises").order_by("external_id")
    )
    meters = _meters(service_point_ids, at_date)
    months = usage.months(service_point_ids=service_point_ids, until=at_date)
    return tuple(
        ServicePointOverview(
            id=point.id,
            external_id=point.external_id,
            address=point.premises.address,
            district=point.premises.district,
            postcode=point.premises.postcode,
            voltage=point.voltage,
            capacity_w=point.capacity_w,
            meter_position=point.meter_position,
            meters=tuple(meters.get(point.id, ())),
            months=months.get(point.id, ()),
        )
        for point in points
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class HungPoint:
    """A service point on a transformer or feeder."""

    id: int
    external_id: str
    address: str
    voltage: str
    capacity_w: int
    state: str


def on_asset(
    *, transformer_id: int | None = None, feeder_id: int | None = None, most: int = 100
) -> tuple[HungPoint, ...]:
    """Return the service points that hang on a transformer, or on a feeder directly, by address; one statement."""
    asset = {"transformer_id": transformer_id} if transformer_id is not None else {"feeder_id": feeder_id or 0}
    rows = ServicePoint.objects.filter(**asset).order_by("premises__address", "external_id")[:most]
    names = ("id", "external_id", "premises__address", "voltage", "capacity_w", "state")
    return tuple(
        HungPoint(id=one, external_id=name, address=address, voltage=voltage, capacity_w=capacity_w, state=state)
        for one, name, address, voltage, capacity_w, state in rows.values_list(*names)
    )


def districts(*, service_point_ids: Collection[int]) -> dict[int, str]:
    """Return the district of some service points, by id, "" where it is not known; one statement."""
    rows = ServicePoint.objects.filter(id__in=service_point_ids)
    return dict(rows.values_list("id", "premises__district"))


def voltages(*, service_point_ids: Collection[int]) -> dict[int, str]:
    """Return the voltage of some service points, by id; one statement."""
    return dict(ServicePoint.objects.filter(id__in=service_point_ids).values_list("id", "voltage"))


def addresses(*, service_point_ids: Iterable[int]) -> dict[int, str]:
    """Return the address of some service points, by id; one statement."""
    rows = ServicePoint.objects.filter(id__in=list(service_point_ids))
    return dict(rows.values_list("id", "premises__address"))


def all_districts() -> tuple[str, ...]:
    """Return the districts in which there are places, sorted; one statement."""
    rows = Premises.objects.exclude(district="").order_by("district")
    return tuple(rows.values_list("district", flat=True).distinct())


def cards(*, service_point_ids: Iterable[int], at_date: date) -> dict[int, PlaceCard]:
    """Return where some service points are, by id; two statements."""
    wanted = list(service_point_ids)
    serials: dict[int, list[str]] = {}
    hanging = Installation.objects.filter(service_point_id__in=wanted, period__contains=at_date).order_by(
        "meter__serial"
    )
    for point_id, serial in hanging.values_list("service_point_id", "meter__serial"):
        serials.setdefault(point_id, []).append(serial)
    points = ServicePoint.objects.filter(id__in=wanted).values_list(
        "id", "external_id", "premises__address", "premises__district"
    )
    return {
        point_id: PlaceCard(
            service_point_id=point_id,
            external_id=external_id,
            address=address,
            district=district,
            meter_serials=tuple(serials.get(point_id, ())),
        )
        for point_id, external_id, address, district in points
    }


def ids_by_external_id(external_ids: Iterable[str]) -> dict[str, int]:
    """Return the ids of those service points that exist, by external id; one statement."""
    sql = "SELECT external_id, id FROM metering_servicepoint WHERE external_id = ANY(%s::text[])"
    return dict(fetch(sql, [list(external_ids)]))


def premises_ids(*, service_point_ids: Collection[int]) -> dict[int, int]:
    """Return the premises of service points; one statement."""
    return dict(ServicePoint.objects.filter(id__in=service_point_ids).values_list("id", "premises_id"))


def addresses_of_premises(external_ids: Iterable[str]) -> dict[str, str]:
    """Return the addresses of those premises that exist, by external id; one statement."""
    return dict(Premises.objects.filter(external_id__in=list(external_ids)).values_list("external_id", "address"))


def premises_by_external_id(external_ids: Iterable[str]) -> dict[str, int]:
    """Return the ids of those premises that exist, by external id; one statement."""
    sql = "SELECT external_id, id FROM metering_premises WHERE external_id = ANY(%s::text[])"
    return dict(fetch(sql, [list(external_ids)]))


def id_of_external_id(external_id: str) -> int:
    """
    Return the id of a service point.

    :raises UnknownServicePoint: there is none.
    """
    found = ids_by_external_id([external_id])
    if external_id not in found:
        raise UnknownServicePoint(
            f"There is no service point {external_id}.", advice="Check the number.", external_id=external_id
        )
    return found[external_id]


def _meters(service_point_ids: Sequence[int], at_date: date) -> dict[int, list[MeterCard]]:
    hung = list(
        Installation.objects.filter(service_point_id__in=list(service_point_ids))
        .select_related("meter")
        .order_by("service_point_id", "-period", "meter__serial")
    )
    registers = Register.objects.filter(meter_id__in=[row.meter_id for row in hung]).order_by("meter_id", "code")
    by_meter: dict[int, list[Register]] = {}
    for register in registers:
        by_meter.setdefault(register.meter_id, []).append(register)
    shown = [register.id for row in hung for register in by_meter.get(row.meter_id, ())]
    latest = reads.latest_of(register_ids=shown, until=at_date)
    found: dict[int, list[MeterCard]] = {}
    for row in hung:
        found.setdefault(row.service_point_id, []).append(
            MeterCard(
                id=row.meter_id,
                serial=row.meter.serial,
                model=row.meter.model,
                multiplier=row.multiplier,
                start_date=row.period.lower,
                end_date=row.period.upper,
                registers=tuple(_card(register, latest) for register in by_meter.get(row.meter_id, ())),
            )
        )
    return found


def _card(register: Register, latest: dict[int, ReadRow]) -> RegisterCard:
    return RegisterCard(
        id=register.id,
        code=register.code,
        quantity=register.quantity,
        direction=register.direction,
        period_of_use=register.period_of_use,
        digits=register.digits,
        is_interval=register.is_interval,
        latest=latest.get(register.id),
    )
