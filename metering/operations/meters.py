"""Meters: create, hang up, take down, exchange."""

import uuid
from collections.abc import Sequence
from datetime import date, timedelta

from django.db import IntegrityError, transaction
from django.db.backends.postgresql.psycopg_any import DateRange

from cis.kernel.actors import Actor
from cis.kernel.errors import Findings, Refused
from cis.platform import audit, db
from cis.platform.db import joins_transaction, opens_transaction
from metering.domain import places as rules
from metering.domain.meter_store import METER_WORKFLOW, MeterAction, MeterState
from metering.domain.places import MULTIPLIER_MOST, NewRegister
from metering.models.device import Installation, Meter, Register
from metering.models.place import ServicePoint
from metering.operations import instrument_transformers
from metering.queries.places import UnknownServicePoint

ONE_PLACE = "meter_is_in_one_place"


class InvalidMeter(Refused):
    """Fields of the meter are wrong; ``detail["findings"]`` has one entry per field."""

    code = "invalid_meter"


class UnknownMeter(Refused):
    """There is no such meter."""

    code = "unknown_meter"


class MeterTaken(Refused):
    """The meter hangs somewhere at that time."""

    code = "meter_taken"


class NotInstalled(Refused):
    """The meter does not hang there on that date."""

    code = "not_installed"


class BadMultiplier(Refused):
    """No transformers have such a ratio."""

    code = "bad_multiplier"


@opens_transaction
def create(
    *, serial: str, registers: Sequence[NewRegister], model: str = "", external_id: str = "", actor: Actor
) -> int:
    """
    Create a meter with its registers; it hangs nowhere yet. An empty external id is made.

    :returns: id of the meter.
    :raises InvalidMeter: fields are wrong, registers are missing or twice, or the serial number or id is taken.
    """
    return add(serial=serial, registers=registers, model=model, external_id=external_id, actor=actor)


@joins_transaction
def add(*, serial: str, registers: Sequence[NewRegister], model: str = "", external_id: str = "", actor: Actor) -> int:
    """Create a meter as a step of a larger use case; see ``create``."""
    findings = Findings()
    rules.check_serial(serial=serial, model=model, where="", findings=findings)
    for register in registers:
        rules.check_register(register, where=register.code, findings=findings)
    codes = [register.code for register in registers]
    if not codes or len(set(codes)) < len(codes):
        findings.add("registers", "bad_registers", "A meter has one register or more, each with a code of its own.")
    name = external_id or uuid.uuid4().hex
    for field, value in (("serial", serial), ("external_id", name)):
        if Meter.objects.filter(**{field: value}).exists():
            findings.add(field, f"{field}_taken", f"There is a meter {value} already.")
    findings.raise_if_any(InvalidMeter)
    made = Meter.objects.create(external_id=name, serial=serial, model=model)
    fields = NewRegister.__dataclass_fields__
    Register.objects.bulk_create(
        Register(meter=made, **{field: getattr(register, field) for field in fields}) for register in registers
    )
    audit.record(actor, "create", "meter", made.id, serial=serial, registers=codes)
    return made.id


@opens_transaction
def install(*, meter_id: int, service_point_id: int, from_date: date, multiplier: int = 1, actor: Actor) -> int:
    """
    Hang a meter up at a service point from a local date on; enter its initial reads of that date afterwards.

    :returns: id of the installation.
    :raises UnknownMeter: there is no such meter.
    :raises UnknownServicePoint: there is no such service point.
    :raises BadMultiplier: the multiplier is not 1 or more.
    :raises OtherMultiplier: it is not the product of the transformers that stand there.
    :raises MeterTaken: the meter hangs somewhere on that date or later.
    :raises IllegalMove: the meter is scrapped.
    """
    return hang(
        meter_id=meter_id, service_point_id=service_point_id, from_date=from_date, multiplier=multiplier, actor=actor
    )


@joins_transaction
def hang(*, meter_id: int, service_point_id: int, from_date: date, multiplier: int = 1, actor: Actor) -> int:
    """Hang a meter up as a step of a larger use case; see ``install``."""
    _lock_place(service_point_id)
    meter = _lock(meter_id)
    installation = _hang(
        meter, service_point_id=service_point_id, from_date=from_date, multiplier=multiplier, actor=actor
    )
    audit.record(
        actor, "install", "meter", meter_id, service_point_id=service_point_id, from_date=from_date.isoformat()
    )
    return installation.id


@opens_transaction
def remove(*, meter_id: int, on_date: date, actor: Actor) -> None:
    """
    Take a meter down: ``on_date`` is the first local date without it; its final reads are those of that date.

    :raises UnknownMeter: there is no such meter.
    :raises NotInstalled: it hangs nowhere the day before.
    """
    take_down(meter_id=meter_id, on_date=on_date, actor=actor)


@joins_transaction
def take_down(*, meter_id: int, on_date: date, actor: Actor) -> int:
    """Take a meter down as a step of a larger use case, see ``remove``; return the service point where it hung."""
    service_point_id = _take_down(_lock(meter_id), on_date=on_date, actor=actor).service_point_id
    audit.record(actor, "remove", "meter", meter_id, service_point_id=service_point_id, on_date=on_date.isoformat())
    return service_point_id


@opens_transaction
def exchange(
    *, old_meter_id: int, new_meter_id: int, on_date: date, multiplier: int | None = None, actor: Actor
) -> int:
    """
    Hang another meter in place of one: the old one counts to the start of ``on_date``, the new one from there.

    multiplier  of the new meter; None = as before

    :returns: id of the new installation.
    :raises UnknownMeter: one of the meters does not exist.
    :raises NotInstalled: the old meter hangs nowhere the day before.
    :raises MeterTaken: the new meter hangs somewhere on that date or later.
    :raises BadMultiplier: the multiplier is not 1 or more.
    """
    return exchange_step(
        old_meter_id=old_meter_id, new_meter_id=new_meter_id, on_date=on_date, multiplier=multiplier, actor=actor
    )


@joins_transaction
def exchange_step(
    *, old_meter_id: int, new_meter_id: int, on_date: date, multiplier: int | None = None, actor: Actor
) -> int:
    """Hang another meter in place of one as a step of a larger use case; see ``exchange``."""
    db.fetch(_LOCK_PLACE_OF, [old_meter_id, on_date - timedelta(days=1)])
    meters = {meter_id: _lock(meter_id) for meter_id in sorted({old_meter_id, new_meter_id})}
    taken_down = _take_down(meters[old_meter_id], on_date=on_date, actor=actor)
    made = _hang(
        meters[new_meter_id],
        service_point_id=taken_down.service_point_id,
        from_date=on_date,
        multiplier=taken_down.multiplier if multiplier is None else multiplier,
        actor=actor,
    )
    audit.record(
        actor, "exchange", "meter", old_meter_id,
        new_meter_id=new_meter_id, service_point_id=taken_down.service_point_id, on_date=on_date.isoformat(),
    )  # fmt: skip
    return made.id


@joins_transaction
def _lock_place(service_point_id: int) -> None:
    """Lock a place before its meters: of two who change meter and transformers at once, the second sees the first."""
    if ServicePoint.objects.select_for_update(no_key=True).filter(id=service_point_id).first() is None:
        raise UnknownServicePoint(f"There is no service point {service_point_id}.", service_point_id=service_point_id)


@joins_transaction
def _lock(meter_id: int) -> Meter:
    meter = Meter.objects.select_for_update().filter(id=meter_id).first()
    if meter is None:
        raise UnknownMeter(f"There is no meter {meter_id}.", meter_id=meter_id)
    return meter


def _hang(meter: Meter, *, service_point_id: int, from_date: date, multiplier: int, actor: Actor) -> Installation:
    """Insert an installation; the database refuses a second place at the same time, also when two come at once."""
    if not 1 <= multiplier <= MULTIPLIER_MOST:
        raise BadMultiplier(f"A multiplier is a number from 1 to {MULTIPLIER_MOST}, not {multiplier}.")
    instrument_transformers.check_multiplier(service_point_id=service_point_id, on=from_date, multiplier=multiplier)
    _move(meter, MeterAction.INSTALL, actor)
    try:
        with transaction.atomic():
            return Installation.objects.create(
                meter=meter,
                service_point_id=service_point_id,
                multiplier=multiplier,
                period=DateRange(from_date, None),
            )
    except IntegrityError as error:
        if getattr(getattr(error.__cause__, "diag", None), "constraint_name", None) != ONE_PLACE:
            raise
    raise _taken(meter, from_date)


def _taken(meter: Meter, from_date: date) -> MeterTaken:
    other = (
        Installation.objects.filter(meter=meter, period__overlap=DateRange(from_date, None))
        .select_related("service_point")
        .order_by("period")[0]
    )
    place = other.service_point.external_id
    return MeterTaken(
        f"Meter {meter.serial} hangs at service point {place} from {other.period.lower} on.",
        advice="Take it down there first, or choose a later date or another meter.",
        meter_id=meter.id,
        service_point_id=other.service_point_id,
    )


def _move(meter: Meter, action: MeterAction, actor: Actor) -> None:
    """Say where the meter is now; its deed has an audit event of its own."""
    meter.state, meter.crew_id = METER_WORKFLOW.step(MeterState(meter.state), action, actor).to.value, None
    meter.save(update_fields=["state", "crew"])


def _take_down(meter: Meter, *, on_date: date, actor: Actor) -> Installation:
    hung = Installation.objects.select_for_update().filter(
        meter=meter, period__startswith__lt=on_date, period__overlap=DateRange(on_date, None)
    )
    installation = hung.first()
    if installation is None:
        raise NotInstalled(
            f"Meter {meter.serial} does not hang anywhere on the day before {on_date}.",
            advice="Check the date, and whether it was taken down already.",
            meter_id=meter.id,
        )
    installation.period = DateRange(installation.period.lower, on_date)
    installation.save(update_fields=["period"])
    _move(meter, MeterAction.REMOVE, actor)
    return installation


_LOCK_PLACE_OF = """
SELECT id FROM metering_servicepoint
WHERE id IN (SELECT service_point_id FROM metering_installation WHERE meter_id = %s AND period @> %s::date)
ORDER BY id FOR NO KEY UPDATE
"""
