"""The store of meters: deliveries come in, crews get meters, what was taken down is tested anew or scrapped."""

import hashlib
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from cis.kernel.actors import Actor
from cis.kernel.errors import Findings, Refused
from cis.platform import audit, db
from cis.platform.db import joins_transaction, opens_transaction
from metering.domain.meter_store import (
    CERTIFICATE_MOST,
    DELIVERY_BYTES_MOST,
    KEEPERS,
    METER_WORKFLOW,
    REGISTERS,
    BadDelivery,
    DeliveredMeter,
    MeterAction,
    MeterState,
    read_delivery,
)
from metering.domain.places import NewRegister
from metering.models.device import Meter
from metering.models.store import MeterDelivery
from metering.models.work import Crew
from metering.operations.meters import UnknownMeter
from metering.queries.crews import UnknownCrew

MOVED_MOST = 1_000


class NotAKeeper(Refused):
    """The actor does not keep the store."""

    code = "not_allowed"


class BadCertificate(Refused):
    """The test certificate has no number, or ends before it begins."""

    code = "bad_certificate"


class ReasonMissing(Refused):
    """Nobody said why."""

    code = "reason_missing"


class TooManyMeters(Refused):
    """More meters at a time than are moved at once."""

    code = "too_many_meters"


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivered:
    """What came of a delivery; ``is_known``: the same file came before, and nothing was changed."""

    delivery_id: int
    meters: int
    is_known: bool


@opens_transaction
def deliver(*, data: bytes, name: str, actor: Actor) -> Delivered:
    """
    Take a delivery of new meters into the store: a CSV file, see ``metering.domain.meter_store.read_delivery``.

    All of its meters or none; the same file again changes nothing.

    :raises NotAKeeper: the actor does not keep the store.
    :raises BadDelivery: lines are wrong, or meters are known; ``detail["findings"]`` names each line.
    """
    check_keeper(actor)
    if len(data) > DELIVERY_BYTES_MOST:
        raise BadDelivery(f"A delivery has up to {DELIVERY_BYTES_MOST // 2**20} MiB.")
    sha256 = hashlib.sha256(data).hexdigest()
    db.fetch("SELECT pg_advisory_xact_lock(hashtext(%s))", [f"meter delivery {sha256}"])
    known = MeterDelivery.objects.filter(sha256=sha256).first()
    if known is not None:
        return Delivered(delivery_id=known.id, meters=known.meters, is_known=True)
    lines = read_delivery(data)
    _check_new(lines)
    row = MeterDelivery.objects.create(sha256=sha256, name=name[-255:], meters=len(lines), actor_id=actor.id)
    _copy(lines, delivery_id=row.id)
    audit.record(actor, "deliver", "meter_delivery", row.id, name=row.name, meters=len(lines))
    return Delivered(delivery_id=row.id, meters=len(lines), is_known=False)


@opens_transaction
def issue(*, serials: Sequence[str], crew_id: int, actor: Actor) -> int:
    """
    Give meters of the store to a crew, all of them or none; those that another crew has change hands.

    :returns: how many.
    :raises UnknownMeter: one of them does not exist.
    :raises UnknownCrew: there is no such crew at work.
    :raises IllegalMove: one of them is not in the store nor on a van.
    :raises NotAllowed: the actor does not keep the store.
    """
    if not Crew.objects.filter(id=crew_id, is_active=True).exists():
        raise UnknownCrew(f"There is no crew {crew_id} at work.", crew_id=crew_id)
    rows = _locked(serials)
    for row in rows:
        move(row, MeterAction.ISSUE, actor=actor, crew_id=crew_id)
    return len(rows)


@opens_transaction
def give_back(*, serials: Sequence[str], actor: Actor) -> int:
    """Take meters that a crew has back into the store, all of them or none; see ``issue``."""
    rows = _locked(serials)
    for row in rows:
        move(row, MeterAction.GIVE_BACK, actor=actor)
    return len(rows)


@opens_transaction
def take_in(*, meter_id: int, certificate: str, certified_date: date, certified_until: date, actor: Actor) -> None:
    """
    Take a meter that was taken down back into the store, with the certificate of its new test.

    :raises UnknownMeter: there is none.
    :raises BadCertificate: it has no number, or ends before it begins.
    :raises IllegalMove: the meter was not taken down.
    """
    if not 1 <= len(certificate.strip()) <= CERTIFICATE_MOST:
        raise BadCertificate("The number of the test certificate is missing.", field="certificate")
    if certified_until <= certified_date:
        raise BadCertificate("The certificate ends before it begins.", field="certified_until")
    row = lock(meter_id)
    row.certificate, row.certified_date, row.certified_until = certificate.strip(), certified_date, certified_until
    move(row, MeterAction.TAKE_IN, actor=actor, certificate=row.certificate)


@opens_transaction
def scrap(*, meter_id: int, reason: str, actor: Actor) -> None:
    """
    Scrap a meter for good.

    :raises UnknownMeter: there is none.
    :raises ReasonMissing: nobody said why.
    :raises IllegalMove: it hangs, or a crew has it.
    """
    if not reason.strip():
        raise ReasonMissing("Say why the meter is scrapped.", field="reason")
    move(lock(meter_id), MeterAction.SCRAP, actor=actor, reason=reason.strip()[:200])


@joins_transaction
def lock(meter_id: int) -> Meter:
    """
    Return a meter, locked until the use case commits.

    :raises UnknownMeter: there is none.
    """
    row = Meter.objects.select_for_update().filter(id=meter_id).first()
    if row is None:
        raise UnknownMeter(f"There is no meter {meter_id}.", meter_id=meter_id)
    return row


@joins_transaction
def move(row: Meter, action: MeterAction, *, actor: Actor, crew_id: int | None = None, **facts: object) -> None:
    """
    Move a locked meter and note it; whoever calls has set its other columns, which are saved here.

    :raises IllegalMove: its state does not allow it.
    :raises NotAllowed: the actor may not do it.
    """
    row.state = METER_WORKFLOW.step(MeterState(row.state), action, actor).to.value
    row.crew_id = crew_id
    row.save()
    audit.record(actor, action, "meter", row.id, serial=row.serial, **facts, **({"crew": crew_id} if crew_id else {}))


def check_keeper(actor: Actor) -> None:
    """
    Do nothing where the actor keeps the store.

    :raises NotAKeeper: the actor does not.
    """
    if not actor.is_one_of(KEEPERS):
        raise NotAKeeper(f"{actor.name} does not keep the store.")


def _locked(serials: Sequence[str]) -> list[Meter]:
    wanted = list(dict.fromkeys(serial.strip() for serial in serials if serial.strip()))
    if len(wanted) > MOVED_MOST:
        raise TooManyMeters(f"Up to {MOVED_MOST} meters are moved at a time.", advice="Move fewer.", field="serials")
    rows = list(Meter.objects.select_for_update().filter(serial__in=wanted).order_by("id"))
    missing = sorted(set(wanted) - {row.serial for row in rows})
    if missing or not rows:
        shown = ", ".join(missing[:5]) or "no number"
        raise UnknownMeter(f"There is no such meter: {shown}.", advice="Check the numbers.", field="serials")
    return rows


def _check_new(lines: Sequence[DeliveredMeter]) -> None:
    serials = {line.serial for line in lines}
    known = set(Meter.objects.filter(serial__in=serials).values_list("serial", flat=True))
    findings = Findings()
    for line in lines:
        if line.serial in known:
            findings.add(f"{line.where}: serial", "serial_taken", f"There is a meter {line.serial} already.")
    findings.raise_if_any(BadDelivery)


def _copy(lines: Sequence[DeliveredMeter], *, delivery_id: int) -> None:
    ids = db.take_ids("metering_meter", len(lines))
    db.copy_rows(
        table="metering_meter",
        columns=(
            "id", "external_id", "serial", "model", "state", "delivery_id", "certificate", "certified_date",
            "certified_until", "accuracy",
        ),
        rows=(
            (meter_id, uuid.uuid4().hex, line.serial, line.model, MeterState.IN_STORE.value, delivery_id,
             line.certificate, line.certified_date, line.certified_until, line.accuracy)
            for meter_id, line in zip(ids, lines, strict=True)
        ),
    )  # fmt: skip
    fields = tuple(NewRegister.__dataclass_fields__)
    db.copy_rows(
        table="metering_register",
        columns=("meter_id", *fields),
        rows=(
            (meter_id, *(getattr(register, field) for field in fields))
            for meter_id, line in zip(ids, lines, strict=True)
            for register in REGISTERS[line.kind]
        ),
    )
