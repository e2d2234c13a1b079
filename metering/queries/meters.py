"""Meters, wherever they are: lists of the store, one with its life, its seals and photos."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import date, datetime

from django.db.models import Count, Q, QuerySet

from cis.kernel.errors import Refused
from metering.domain.meter_store import MeterState
from metering.models.device import Installation, Meter, Register
from metering.models.read import ReadKind, RegisterRead
from metering.models.store import MeterDelivery, ReadPhoto, Seal


class NoSuchMeter(Refused):
    """There is no such meter."""

    code = "unknown_meter"


@dataclass(frozen=True, slots=True, kw_only=True)
class MeterRow:
    """
    A meter in a list.

    place, address   external id and address of the service point where it hangs; "" = nowhere
    crew             who has it on the van, "" = nobody
    certified_until  last day of its test certificate; None: none is known
    limit_w          limit of demand it keeps by its last answer, until limit_until; None: none. [W]
    clock_drift_s    how far its clock is ahead, as it said last; negative: behind; None: it said nothing. [s]
    """

    id: int
    serial: str
    model: str
    state: MeterState
    switch: str
    crew: str
    place_id: int | None
    place: str
    address: str
    certificate: str
    certified_until: date | None
    limit_w: int | None
    limit_until: datetime | None
    clock_drift_s: int | None

    def limit_at(self, at: datetime) -> int | None:
        """Return the limit of demand that it keeps at an instant. [W]"""
        return None if self.limit_until is not None and self.limit_until <= at else self.limit_w

    def is_certified(self, on: date) -> bool:
        """Return whether its test certificate holds on a date."""
        return self.certified_until is not None and on <= self.certified_until


@dataclass(frozen=True, slots=True, kw_only=True)
class RegisterRow:
    """A counter of a meter with its last read; None: it was never read."""

    code: str
    quantity: str
    direction: str
    period_of_use: str
    is_interval: bool
    reading_wh: int | None
    read_date: date | None


@dataclass(frozen=True, slots=True, kw_only=True)
class HangingRow:
    """Where a meter hung, [start_date, end_date); end_date None: until further notice."""

    service_point_id: int
    place: str
    address: str
    multiplier: int
    start_date: date
    end_date: date | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadEvent:
    """An initial or a final read of a register, with the document of its photo; None: there is none."""

    register: str
    read_date: date
    reading_wh: int
    kind: str
    document_id: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class SealRow:
    """A seal in a list; ``serial`` is the meter it is or was on, "" = none."""

    id: int
    number: str
    state: str
    crew: str
    meter_id: int | None
    serial: str
    set_at: datetime | None
    broken_at: datetime | None
    reason: str
    replaced_by: str


@dataclass(frozen=True, slots=True, kw_only=True)
class MeterDetail:
    """
    One meter: what it is, its counters, where it hung (latest first), its seals, first and last reads.

    accuracy  its class, "" = nobody said
    """

    row: MeterRow
    accuracy: str
    certified_date: date | None
    delivery: str
    delivered_at: datetime | None
    registers: tuple[RegisterRow, ...]
    hangings: tuple[HangingRow, ...]
    seals: tuple[SealRow, ...]
    reads: tuple[ReadEvent, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class WantedMeters:
    """
    Which meters a list shows; an empty field does not filter.

    text     the first characters of a number or model
    ends_by  only those of the store and the vans whose certificate ends by then
    """

    state: str = ""
    crew_id: int | None = None
    text: str = ""
    ends_by: date | None = None


def listed(*, wanted: WantedMeters, offset: int = 0, most: int = 50) -> tuple[MeterRow, ...]:
    """Return meters by number; two statements."""
    return _rows(selected(wanted=wanted).order_by("serial")[offset : offset + most])


def by_ids(*, meter_ids: Iterable[int]) -> dict[int, MeterRow]:
    """Return some meters by id; two statements."""
    return {row.id: row for row in _rows(Meter.objects.filter(id__in=list(meter_ids)))}


def id_of_serial(serial: str) -> int:
    """
    Return the id of a meter by its serial number.

    :raises NoSuchMeter: there is none.
    """
    found = Meter.objects.filter(serial=serial).values_list("id", flat=True).first()
    if found is None:
        raise NoSuchMeter(f"There is no meter {serial}.", advice="Check the serial number.")
    return found


def count(*, wanted: WantedMeters) -> int:
    """Return how many meters a list has; one statement."""
    return selected(wanted=wanted).count()


def states() -> dict[str, int]:
    """Return how many meters there are in each state; one statement."""
    found = dict(Meter.objects.values_list("state").annotate(Count("id")))
    return {state.value: found.get(state.value, 0) for state in MeterState}


def of_crew(*, crew_id: int) -> tuple[MeterRow, ...]:
    """Return the meters on the van of a crew, by number; two statements."""
    return _rows(Meter.objects.filter(crew_id=crew_id, state=MeterState.ON_VAN.value).order_by("serial"))


def seals_of_crew(*, crew_id: int, most: int = 200) -> tuple[str, ...]:
    """Return numbers of the seals that a crew has; one statement."""
    rows = Seal.objects.filter(crew_id=crew_id).order_by("number").values_list("number", flat=True)
    return tuple(rows[:most])


def hanging_at(*, service_point_id: int, on: date) -> tuple[MeterRow, ...]:
    """Return the meters that hang at a service point on a local date; three statements."""
    ids = Installation.objects.filter(service_point_id=service_point_id, period__contains=on).values_list(
        "meter_id", flat=True
    )
    return _rows(Meter.objects.filter(id__in=list(ids)).order_by("serial"))


def points_with(*, service_point_ids: Collection[int], on: date, hung_from: date = date.min) -> tuple[int, ...]:
    """Return at which of some points a meter hangs on a local date, hung up since another one; one statement."""
    rows = Installation.objects.filter(
        service_point_id__in=list(service_point_ids), period__contains=on, period__startswith__gte=hung_from
    )
    return tuple(sorted(set(rows.values_list("service_point_id", flat=True))))


def counters_of(*, serial: str) -> tuple[str, ...]:
    """Return the codes of the registers of a meter that are read as counters; one statement."""
    rows = Register.objects.filter(meter__serial=serial.strip(), is_interval=False).order_by("id")
    return tuple(rows.values_list("code", flat=True))


def one(*, meter_id: int) -> MeterDetail:
    """
    Return one meter; a constant number of statements.

    :raises NoSuchMeter: there is none.
    """
    rows = _rows(Meter.objects.filter(id=meter_id))
    if not rows:
        raise NoSuchMeter(f"There is no meter {meter_id}.", meter_id=meter_id)
    meter = Meter.objects.select_related("delivery").get(id=meter_id)
    hung = Installation.objects.filter(meter_id=meter_id).select_related("service_point__premises").order_by("-period")
    return MeterDetail(
        row=rows[0],
        accuracy=meter.accuracy,
        certified_date=meter.certified_date,
        delivery=meter.delivery.name if meter.delivery else "",
        delivered_at=meter.delivery.delivered_at if meter.delivery else None,
        registers=_registers(meter_id),
        hangings=tuple(
            HangingRow(
                service_point_id=one.service_point_id, place=one.service_point.external_id,
                address=one.service_point.premises.address, multiplier=one.multiplier, start_date=one.period.lower,
                end_date=one.period.upper,
            )
            for one in hung
        ),
        seals=_seals(Seal.objects.filter(meter_id=meter_id).order_by("-set_at", "number")),
        reads=_reads(meter_id),
    )  # fmt: skip


def photo_of(*, meter_id: int, document_id: int) -> int:
    """
    Return the document of a photo of a meter's register.

    :raises NoSuchMeter: the meter has no such photo.
    """
    if not ReadPhoto.objects.filter(register__meter_id=meter_id, document_id=document_id).exists():
        raise NoSuchMeter(f"Meter {meter_id} has no photo {document_id}.")
    return document_id


def seals_listed(
    *, state: str = "", crew_id: int | None = None, text: str = "", offset: int = 0, most: int = 50
) -> tuple[SealRow, ...]:
    """Return seals by number; ``text`` is the beginning of a number, or of that of the meter; one statement."""
    return _seals(_filtered_seals(state, crew_id, text).order_by("number")[offset : offset + most])


def count_seals(*, state: str = "", crew_id: int | None = None, text: str = "") -> int:
    """Return how many seals a list has; one statement."""
    return _filtered_seals(state, crew_id, text).count()


def deliveries(*, most: int = 10) -> tuple[tuple[str, int, datetime], ...]:
    """Return name, number of meters and instant of the last deliveries; one statement."""
    rows = MeterDelivery.objects.order_by("-delivered_at", "-id")[:most]
    return tuple((row.name, row.meters, row.delivered_at) for row in rows)


def selected(*, wanted: WantedMeters) -> QuerySet[Meter]:
    """Return the rows of a list, in no order, for pages by cursor."""
    rows = Meter.objects.all()
    if wanted.state:
        rows = rows.filter(state=wanted.state)
    if wanted.crew_id is not None:
        rows = rows.filter(crew_id=wanted.crew_id)
    if wanted.text.strip():
        rows = rows.filter(Q(serial__startswith=wanted.text.strip()) | Q(model__startswith=wanted.text.strip()))
    if wanted.ends_by is not None:
        kept = [MeterState.IN_STORE.value, MeterState.ON_VAN.value]
        rows = rows.filter(state__in=kept, certified_until__lte=wanted.ends_by)
    return rows


def _filtered_seals(state: str, crew_id: int | None, text: str) -> QuerySet[Seal]:
    rows = Seal.objects.all()
    if state:
        rows = rows.filter(state=state)
    if crew_id is not None:
        rows = rows.filter(crew_id=crew_id)
    if text.strip():
        rows = rows.filter(Q(number__startswith=text.strip().upper()) | Q(meter__serial__startswith=text.strip()))
    return rows


def _rows(meters: QuerySet[Meter]) -> tuple[MeterRow, ...]:
    found = list(meters.select_related("crew"))
    hung = Installation.objects.filter(meter_id__in=[row.id for row in found], period__endswith=None)
    places = {one.meter_id: one.service_point for one in hung.select_related("service_point__premises")}
    return tuple(
        MeterRow(
            id=row.id, serial=row.serial, model=row.model, state=MeterState(row.state), switch=row.switch,
            crew=row.crew.name if row.crew else "", place_id=places[row.id].id if row.id in places else None,
            place=places[row.id].external_id if row.id in places else "",
            address=places[row.id].premises.address if row.id in places else "", certificate=row.certificate,
            certified_until=row.certified_until, limit_w=row.demand_limit_w, limit_until=row.demand_limit_until,
            clock_drift_s=row.clock_drift_s,
        )
        for row in found
    )  # fmt: skip


def _registers(meter_id: int) -> tuple[RegisterRow, ...]:
    rows = list(Register.objects.filter(meter_id=meter_id).order_by("id"))
    last: dict[int, RegisterRead] = {}
    reads = RegisterRead.objects.filter(register__in=rows).order_by("register_id", "-read_date", "-version")
    for read in reads.distinct("register_id"):
        last[read.register_id] = read
    return tuple(
        RegisterRow(
            code=row.code, quantity=row.quantity, direction=row.direction, period_of_use=row.period_of_use,
            is_interval=row.is_interval, reading_wh=last[row.id].reading_wh if row.id in last else None,
            read_date=last[row.id].read_date if row.id in last else None,
        )
        for row in rows
    )  # fmt: skip


def _reads(meter_id: int) -> tuple[ReadEvent, ...]:
    photos = {
        (photo.register_id, photo.read_date): photo.document_id
        for photo in ReadPhoto.objects.filter(register__meter_id=meter_id).order_by("id")
    }
    rows = (
        RegisterRead.objects.filter(
            register__meter_id=meter_id, kind__in=[ReadKind.INITIAL.value, ReadKind.FINAL.value]
        )
        .select_related("register")
        .order_by("read_date", "register_id", "-version")
    )
    found: dict[tuple[int, date], ReadEvent] = {}
    for row in rows:
        found.setdefault(
            (row.register_id, row.read_date),
            ReadEvent(
                register=row.register.code, read_date=row.read_date, reading_wh=row.reading_wh, kind=row.kind,
                document_id=photos.get((row.register_id, row.read_date)),
            ),
        )  # fmt: skip
    return tuple(found.values())


def _seals(rows: QuerySet[Seal]) -> tuple[SealRow, ...]:
    return tuple(
        SealRow(
            id=row.id, number=row.number, state=row.state, crew=row.crew.name if row.crew else "",
            meter_id=row.meter_id, serial=row.meter.serial if row.meter else "", set_at=row.set_at,
            broken_at=row.broken_at, reason=row.reason,
            replaced_by=row.replaced_by.number if row.replaced_by else "",
        )
        for row in rows.select_related("crew", "meter", "replaced_by")
    )  # fmt: skip
