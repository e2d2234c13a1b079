"""Applications for a supply, filed and walked to a state."""

from datetime import UTC, datetime
from itertools import count

from django.db import transaction

from cis.kernel.actors import SYSTEM, Actor, ActorKind
from cis.kernel.enums import Role
from cis.platform import documents
from contracts.domain.application_workflow import ApplicationAction
from contracts.domain.applications import Applicant, ApplicationChannel, Item, NewApplication
from contracts.models.application import ServiceApplication
from contracts.operations import application_cases, application_intake, applications
from metering.domain.places import NewPlace
from metering.operations import places

AT = datetime(2026, 3, 2, 2, 0, tzinfo=UTC)  # Monday, 10:00 in Shanghai
STAFF = Actor(ActorKind.STAFF, 1, "staff", frozenset({Role.CLERK, Role.FIELD, Role.SUPERVISOR}))
PAPERS = ("identity", "premises_right")
_serial = count(1)


def resident_id(serial: int) -> str:
    """A number that can be, of nobody."""
    digits = f"31010119900101{serial % 1000:03d}"
    weights = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
    return digits + "10X98765432"[sum(int(d) * w for d, w in zip(digits, weights, strict=True)) % 11]


def paper() -> int:
    """A kept document."""
    return documents.keep(f"%PDF-1.4 {next(_serial)} %%EOF".encode(), name="scan.pdf", media_type="application/pdf")


def new(*, papers=PAPERS, units=("",), **values) -> NewApplication:
    """An application of a resident for one flat."""
    serial = next(_serial)
    values.setdefault(
        "applicant", Applicant(kind="resident", name="王芳", id_number=resident_id(serial), phone="13812345678")
    )
    values.setdefault("address", f"上海市静安区愚园路{serial}号")
    values.setdefault("items", tuple(Item(unit=unit, capacity_w=8_000) for unit in units))
    return NewApplication(documents=tuple((kind, paper()) for kind in papers), **values)


def filed(*, at=AT, actor=STAFF, channel=ApplicationChannel.DESK, **values):
    """A filed application."""
    with transaction.atomic():
        return application_intake.file_step(application=new(**values), channel=channel, actor=actor, at=at)


def points(application_id) -> dict[int, int]:
    """Service points for the supplies that have none, connected and on no transformer; of each item its point."""
    row = ServiceApplication.objects.select_related("premises").get(id=application_id)
    bare = list(row.items.filter(service_point=None).order_by("seq"))
    new = [
        NewPlace(
            service_point=f"{row.number}-{item.seq + 1}",
            premises=row.premises.external_id if row.premises else f"{row.number}-P", address=row.address,
            district=row.district, postcode=row.postcode, voltage=item.voltage, capacity_w=item.capacity_w,
        )
        for item in bare
    ]  # fmt: skip
    made = places.load(prepared=places.prepare(places=new), actor=STAFF) if new else {}
    return {item.id: made[place.service_point] for item, place in zip(bare, new, strict=True)}


STEPS = {
    "documented": lambda key, at: application_cases.confirm_documents.__wrapped__(
        application_id=key, actor=STAFF, at=at, today=at.date()
    ),
    "surveying": lambda key, at: application_cases.assign_survey.__wrapped__(
        application_id=key, actor=STAFF, at=at, today=at.date()
    ),
    "surveyed": lambda key, at: applications.report_survey_step(
        application_id=key, points=points(key), actor=STAFF, at=at
    ),
    "offered": lambda key, at: applications.offer_step(application_id=key, actor=STAFF, at=at),
    "contracted": lambda key, at: applications.sign_step(application_id=key, contract_number="C1", actor=STAFF, at=at),
    "metered": lambda key, at: applications.install_meter_step(application_id=key, actor=STAFF, at=at),
    "energized": lambda key, at: applications.energize_step(
        application_id=key, inspection_passed=True, actor=STAFF, at=at
    ),
}


def step(application_id, state, *, at=AT):
    """Carry out the step that leads to a state."""
    with transaction.atomic():
        return STEPS[state](application_id, at)


def walked(*, to, at=AT, **values) -> int:
    """An application that went to a state at one instant; its id."""
    application_id = filed(at=at, **values).id
    for state in STEPS:
        step(application_id, state, at=at)
        if state == to:
            break
    return application_id


def moved(application_id, action, *, reason="", at=AT, actor=STAFF):
    """Carry out another move."""
    with transaction.atomic():
        return application_cases._move.__wrapped__(
            application_id=application_id, action=ApplicationAction(action), reason=reason, actor=actor, at=at
        )


__all__ = ["AT", "PAPERS", "STAFF", "SYSTEM"]
