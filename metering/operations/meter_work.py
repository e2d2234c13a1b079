"""
Meters are hung up, exchanged and taken down by crews: installation, seals, reads with photos, and the end of the order.

All of it is one transaction; the same request twice is done once.
"""

from collections.abc import Mapping
from dataclasses import replace
from datetime import date

from cis.kernel.actors import Actor
from cis.kernel.errors import Findings, Refused
from cis.platform import audit
from cis.platform.db import joins_transaction, opens_transaction
from metering.domain.meter_store import KEEPERS, MeterState, SealState
from metering.domain.meter_work import (
    METER_WORK,
    MeterReport,
    ReportedMeter,
    check_registers,
    check_report,
    takes_photo,
)
from metering.domain.work_orders import WORKFLOW, Outcome, WorkAction, WorkKind, WorkState
from metering.models.device import Installation, Meter, Register
from metering.models.read import ReadKind
from metering.models.store import ReadPhoto, Seal
from metering.models.work import WorkOrder, WorkPhoto
from metering.operations import meters, reads, resolver, seals, work_moves, work_orders
from metering.operations.meters import NotInstalled, UnknownMeter


class InvalidMeterWork(Refused):
    """What was reported is incomplete or wrong; ``detail["findings"]`` has one entry for each fault."""

    code = "invalid_meter_work"


class NotMeterWork(Refused):
    """The work order is about no meter."""

    code = "not_meter_work"


class NoServicePoint(Refused):
    """The work order names no service point."""

    code = "no_service_point"


class MeterNotAtHand(Refused):
    """The crew does not have this meter."""

    code = "meter_not_at_hand"


class NotCertified(Refused):
    """The test certificate of the meter does not hold."""

    code = "not_certified"


class PlaceHasMeter(Refused):
    """A meter hangs at the service point already."""

    code = "place_has_meter"


@opens_transaction
def finish(
    *, work_order_id: int, report: MeterReport, answers: Mapping[str, str], note: str, request_key: str, today: date,
    actor: Actor,
) -> bool:  # fmt: skip
    """Finish a work order on a meter with what the crew did; see ``finish_step``."""
    return finish_step(
        work_order_id=work_order_id, report=report, answers=answers, note=note, request_key=request_key, today=today,
        actor=actor,
    )  # fmt: skip


@joins_transaction
def finish_step(
    *, work_order_id: int, report: MeterReport, answers: Mapping[str, str], note: str, request_key: str = "",
    today: date, actor: Actor,
) -> bool:  # fmt: skip
    """
    Finish a work order on a meter: reads, seals, installation; ``WorkOrderDone`` tells the case.

    Photos of registers were kept before, by ``work_answers.add_photo`` as "new_total", "old_total".
    A meter counts from, and another one to, the start of ``today``.

    :returns: whether it was done now; False: this request did it before.
    :raises NotMeterWork: the order is of another kind.
    :raises NoServicePoint: the order names none.
    :raises InvalidMeterWork: parts, registers, photos or seals are missing or wrong.
    :raises UnknownMeter: there is no such meter.
    :raises MeterNotAtHand: it is neither on the crew's van nor, for who keeps the store, in the store.
    :raises NotCertified: it has no test certificate, or that has ended.
    :raises PlaceHasMeter: one is to be hung up where a meter hangs.
    :raises NotInstalled: the one to be taken down does not hang there.
    :raises UnknownSeal: a seal is not known, or another crew has it; IllegalMove: it was used before.
    :raises ReadRefused: a reading does not fit.
    :raises NotYourOrder: the order belongs to another crew; IllegalMove: it is not started.
    """
    parts = (report.taken_down, report.hung)
    resolver.lock_meters([part.serial.strip() for part in parts if part is not None])
    row = work_moves.lock(work_order_id)
    if work_moves.is_repeat(row, request_key):
        return False
    work_moves.check_crew(row, actor)
    WORKFLOW.step(WorkState(row.state), WorkAction.FINISH, actor)
    kind = WorkKind(row.kind)
    if kind not in METER_WORK:
        raise NotMeterWork(f"Work order {work_order_id} is about no meter.")
    if row.service_point_id is None:
        raise NoServicePoint("The work order names no service point.", advice="Let the desk name it first.")
    findings = Findings()
    check_report(kind=kind, report=report, findings=findings)
    findings.raise_if_any(InvalidMeterWork)
    taken = {
        photo.item: photo.document_id
        for photo in WorkPhoto.objects.filter(work_order=row).order_by("id")
        if takes_photo(kind=kind, name=photo.item)
    }
    if report.taken_down is not None:
        part = _with_photos(report.taken_down, "old_", taken)
        take_down_step(
            service_point_id=row.service_point_id, part=part, today=today, actor=actor,
            work_order_id=row.id,
        )  # fmt: skip
    if report.hung is not None:
        _hang(row, _with_photos(report.hung, "new_", taken), today=today, actor=actor)
    return work_orders.finish_step(
        work_order_id=work_order_id, outcome=Outcome.DONE, answers=answers, note=note, actor=actor,
        request_key=request_key,
    )  # fmt: skip


@joins_transaction
def take_down_step(
    *, service_point_id: int, part: ReportedMeter, today: date, actor: Actor, work_order_id: int | None = None,
    needs_photos: bool = True,
) -> int:  # fmt: skip
    """
    Take a meter down with its final reads and seals, as a step of a larger case; return its id.

    ``today`` is the first local date without it; its seals that are not named are broken too. It is retired then.

    :raises UnknownMeter, NotInstalled: it does not exist, or does not hang there.
    :raises InvalidMeterWork: a reading or a photo is missing; ReadRefused: a reading does not fit.
    """
    meter = _meter(part.serial, "old_serial")
    _check(meter, part, "old", needs_photos=needs_photos)
    if not Installation.objects.filter(meter=meter, service_point_id=service_point_id, period__contains=today).exists():
        raise NotInstalled(f"Meter {meter.serial} does not hang there.", field="old_serial")
    meters.take_down(meter_id=meter.id, on_date=today, actor=actor)
    _keep_reads(meter, part, kind=ReadKind.FINAL, today=today, actor=actor, work_order_id=work_order_id)
    on_it = Seal.objects.filter(meter=meter, state=SealState.SET.value).order_by("id")
    for number in list(on_it.values_list("number", flat=True)):
        seals.break_step(number=number, reason="meter taken down", actor=actor)
    return meter.id


def _hang(row: WorkOrder, part: ReportedMeter, *, today: date, actor: Actor) -> None:
    meter = _meter(part.serial, "new_serial")
    _check_at_hand(row, meter, today=today, actor=actor)
    _check(meter, part, "new", needs_photos=True)
    assert row.service_point_id is not None
    if Installation.objects.filter(
        service_point_id=row.service_point_id, period__endswith=None, period__startswith__lte=today
    ).exists():
        raise PlaceHasMeter(
            "A meter hangs there already.", advice="Order a meter exchange instead.", field="new_serial"
        )
    meters.hang(
        meter_id=meter.id, service_point_id=row.service_point_id, from_date=today, multiplier=part.multiplier,
        actor=actor,
    )  # fmt: skip
    seals.put_on_step(
        numbers=part.seals, meter_id=meter.id, crew_id=None if actor.is_one_of(KEEPERS) else row.crew_id, actor=actor
    )
    _keep_reads(meter, part, kind=ReadKind.INITIAL, today=today, actor=actor, work_order_id=row.id)


def _check_at_hand(row: WorkOrder, meter: Meter, *, today: date, actor: Actor) -> None:
    is_on_van = meter.state == MeterState.ON_VAN and meter.crew_id == row.crew_id
    if not is_on_van and not (meter.state == MeterState.IN_STORE and actor.is_one_of(KEEPERS)):
        raise MeterNotAtHand(
            f"Meter {meter.serial} is not on the van of this crew.",
            advice="Check the number, or let the store give the meter out.",
            field="new_serial",
        )
    if meter.certified_until is None or meter.certified_until < today:
        until = f"ended on {meter.certified_until}" if meter.certified_until else "is missing"
        raise NotCertified(
            f"The test certificate of meter {meter.serial} {until}.", advice="Hang another one up.", field="new_serial"
        )


def _check(meter: Meter, part: ReportedMeter, name: str, *, needs_photos: bool) -> None:
    codes = list(Register.objects.filter(meter=meter, is_interval=False).order_by("id").values_list("code", flat=True))
    findings = Findings()
    shown = part if needs_photos else replace(part, photos=dict.fromkeys(codes, 0))
    check_registers(part=shown, codes=codes, name=name, findings=findings)
    findings.raise_if_any(InvalidMeterWork)


def _keep_reads(
    meter: Meter, part: ReportedMeter, *, kind: ReadKind, today: date, actor: Actor, work_order_id: int | None
) -> None:
    ids = dict(Register.objects.filter(meter=meter).values_list("code", "id"))
    for code, reading_wh in part.readings.items():
        reads.keep(
            serial=meter.serial, register=code, read_date=today, reading_wh=reading_wh, kind=kind.value, actor=actor,
            today=today,
        )  # fmt: skip
    ReadPhoto.objects.bulk_create(
        [
            ReadPhoto(
                register_id=ids[code], read_date=today, document_id=document_id, work_order_id=work_order_id,
                actor_id=actor.id,
            )
            for code, document_id in part.photos.items()
        ],
        ignore_conflicts=True,
    )  # fmt: skip
    if part.photos:
        audit.record(actor, "add_photo", "meter", meter.id, serial=meter.serial, registers=sorted(part.photos))


def _meter(serial: str, field: str) -> Meter:
    meter = Meter.objects.select_for_update().filter(serial=serial.strip()).first()
    if meter is None:
        raise UnknownMeter(f"There is no meter {serial.strip()}.", advice="Check the number.", field=field)
    return meter


def _with_photos(part: ReportedMeter, prefix: str, taken: Mapping[str, int]) -> ReportedMeter:
    """Return a part with its photos of registers that have a reading."""
    mine = {name.removeprefix(prefix): document for name, document in taken.items() if name.startswith(prefix)}
    return replace(part, photos={code: mine[code] for code in part.readings if code in mine} | dict(part.photos))
