"""Equipment that is leased or sold: handed over to the customer, and taken back."""

from datetime import date

from django.utils import timezone

from cis.kernel.actors import Actor
from cis.kernel.enums import Role
from cis.kernel.errors import Refused
from cis.kernel.workflow import NotAllowed
from cis.platform import audit, packs
from cis.platform.db import opens_transaction
from contracts.domain.programs import EnrollmentState
from contracts.models.lease import EquipmentLease
from contracts.operations import enrollment_steps

HANDLERS = frozenset((Role.CLERK, Role.FIELD, Role.METERING, Role.SUPERVISOR))
SERIAL_MOST = 60
_BEFORE = (EnrollmentState.SIGNED.value, EnrollmentState.RUNNING.value)


class BadHandOver(Refused):
    """The equipment cannot be handed over or taken back like this."""

    code = "bad_hand_over"


@opens_transaction
def hand_over(*, enrollment_id: int, serial: str, on_date: date, today: date, actor: Actor) -> None:
    """
    Note which device the customer has got; where the pack counts from receipt, the cooling-off days begin.

    :raises UnknownEnrollment: there is none. :raises NotAllowed: the actor hands nothing over.
    :raises BadHandOver: it has no equipment or has it already, is not signed, or serial or day cannot be.
    """
    locked, row = _equipment(enrollment_id, actor)
    if row.handed_over_date is not None or locked.row.state not in _BEFORE:
        raise BadHandOver("Only what is signed and not there yet is handed over.")
    if not 1 <= len(serial.strip()) <= SERIAL_MOST:
        raise BadHandOver(f"A serial number has 1 to {SERIAL_MOST} characters.", field="serial")
    signed_at, last = locked.row.signed_at, locked.row.cancel_until
    assert signed_at is not None  # the database knows that who is in has signed
    assert last is not None
    if not timezone.localdate(signed_at) <= on_date <= today:
        raise BadHandOver("It is handed over on a day since it was signed, up to today.", field="on_date")
    row.serial, row.handed_over_date = serial.strip(), on_date
    row.save(update_fields=["serial", "handed_over_date"])
    if packs.rule("program_cooling_off", at=on_date)["since"] == "receipt":
        locked.row.cancel_until = max(last, enrollment_steps.cooling_off_end(on_date))
        locked.row.save(update_fields=["cancel_until"])
    audit.record(actor, "hand_over", enrollment_steps.SUBJECT, enrollment_id, serial=row.serial, on_date=on_date)


@opens_transaction
def take_back(*, enrollment_id: int, on_date: date, today: date, actor: Actor) -> None:
    """
    Note that a device came back.

    :raises UnknownEnrollment: there is none. :raises NotAllowed: the actor takes nothing back.
    :raises BadHandOver: it was never handed over, is back already, or the day cannot be.
    """
    _, row = _equipment(enrollment_id, actor)
    if row.handed_over_date is None or row.returned_date is not None:
        raise BadHandOver("Only what is at the customer's is taken back.")
    if not row.handed_over_date <= on_date <= today:
        raise BadHandOver("It comes back on a day since it was handed over, up to today.", field="on_date")
    row.returned_date = on_date
    row.save(update_fields=["returned_date"])
    audit.record(actor, "take_back", enrollment_steps.SUBJECT, enrollment_id, on_date=on_date)


def _equipment(enrollment_id: int, actor: Actor) -> tuple[enrollment_steps.Locked, EquipmentLease]:
    if not actor.is_one_of(HANDLERS):
        raise NotAllowed(f"{actor.name} hands no equipment over.", advice="Ask a clerk.")
    locked = enrollment_steps.lock(enrollment_id)
    row = EquipmentLease.objects.filter(enrollment_id=enrollment_id).first()
    if row is None:
        raise BadHandOver("No equipment belongs to it.")
    return locked, row
