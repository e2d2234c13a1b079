"""What an administrator does with VENs of OpenADR: say for which enrolment a resource answers, and block a client."""

from datetime import datetime
from typing import Final

from django.db import IntegrityError, transaction

from cis.kernel.actors import Actor, ActorKind
from cis.kernel.enums import Role
from cis.kernel.errors import Refused
from cis.kernel.workflow import NotAllowed
from cis.platform import audit
from cis.platform.db import joins_transaction, opens_transaction
from contracts.domain.openadr import ObjectKind
from contracts.domain.programs import EnrollmentState, ProgramKind
from contracts.models.openadr import OpenAdrObject
from contracts.models.program import Enrollment
from contracts.operations import openadr_bridge, openadr_callbacks
from contracts.queries.enrollments import UnknownEnrollment
from contracts.queries.openadr import UnknownObject

LINKERS: Final[frozenset[Role | ActorKind]] = frozenset((Role.ADMIN,))
ON: Final = (EnrollmentState.SIGNED.value, EnrollmentState.RUNNING.value)


class NotForEvents(Refused):
    """The enrolment is in no programme of demand response, or not signed."""

    code = "not_for_events"


class EnrolmentLinked(Refused):
    """Another resource answers for the enrolment."""

    code = "enrolment_link_taken"


@opens_transaction
def link(*, resource_id: int, enrollment_id: int, at: datetime, actor: Actor) -> None:
    """
    Let a resource answer for an enrolment: its VEN sees the events that this is called for. Again, it stays so.

    :raises NotAllowed: the actor is no administrator. :raises UnknownObject, UnknownEnrollment: there is none.
    :raises NotForEvents: the enrolment has no events. :raises EnrolmentLinked: another resource answers for it.
    """
    row = _lock(ObjectKind.RESOURCE, resource_id, actor)
    joined = Enrollment.objects.select_related("program").filter(id=enrollment_id).first()
    if joined is None:
        raise UnknownEnrollment(f"There is no enrolment {enrollment_id}.", field="enrolment")
    if joined.program.kind != ProgramKind.DEMAND_RESPONSE or joined.state not in ON:
        raise NotForEvents("Choose a signed enrolment in demand response.", field="enrolment")
    if row.enrollment_id == joined.id:
        return
    _leave(row, at)
    row.enrollment = joined
    try:
        with transaction.atomic():
            _touch(row, at)
    except IntegrityError as error:
        raise EnrolmentLinked("Another resource answers for this enrolment.", field="enrolment") from error
    audit.record(actor, "link", "openadr_resource", row.id, enrollment_id=joined.id)
    openadr_bridge.show_program_step(joined.program, at=at)
    openadr_bridge.show_enrolments_step(enrollment_ids=[joined.id], at=at)


@opens_transaction
def unlink(*, resource_id: int, at: datetime, actor: Actor) -> None:
    """
    Let a resource answer for nobody; its VEN does not see the events of the enrolment any more.

    :raises NotAllowed: the actor is no administrator. :raises UnknownObject: there is none.
    """
    row = _lock(ObjectKind.RESOURCE, resource_id, actor)
    if row.enrollment_id is None:
        return
    audit.record(actor, "unlink", "openadr_resource", row.id, enrollment_id=row.enrollment_id)
    _leave(row, at)
    row.enrollment = None
    _touch(row, at)


@opens_transaction
def block(*, ven_id: int, is_blocked: bool, at: datetime, actor: Actor) -> None:
    """
    Refuse the client of a VEN from now on, or let it in again; while it is blocked it is called back for nothing.

    :raises NotAllowed: the actor is no administrator. :raises UnknownObject: there is none.
    """
    row = _lock(ObjectKind.VEN, ven_id, actor)
    if (row.blocked_at is not None) == is_blocked:
        return
    row.blocked_at = at if is_blocked else None
    row.save(update_fields=["blocked_at"])
    audit.record(actor, "block" if is_blocked else "unblock", "openadr_ven", row.id, client=row.client_id)
    resources = OpenAdrObject.objects.filter(ven=row, deleted_at=None, enrollment__isnull=False)
    openadr_bridge.show_enrolments_step(
        enrollment_ids=[one for one in resources.values_list("enrollment_id", flat=True) if one is not None], at=at
    )


@joins_transaction
def _lock(kind: ObjectKind, row_id: int, actor: Actor) -> OpenAdrObject:
    if not actor.is_one_of(LINKERS):
        raise NotAllowed(f"{actor.name} may not decide on VENs.", advice="Ask an administrator.")
    rows = OpenAdrObject.objects.select_for_update().filter(id=row_id, kind=kind.value, deleted_at=None)
    found = rows.first()
    if found is None:
        raise UnknownObject(f"There is no such {kind.value}.")
    return found


def _touch(row: OpenAdrObject, at: datetime) -> None:
    row.version, row.modified_at = row.version + 1, at
    row.save(update_fields=["enrollment", "version", "modified_at"])
    openadr_callbacks.tell_step(row, before=tuple(row.targets), after=tuple(row.targets))


def _leave(row: OpenAdrObject, at: datetime) -> None:
    """Take the events of the enrolment from a resource that answered for it so far."""
    if row.enrollment_id is not None:
        openadr_bridge.show_enrolments_step(enrollment_ids=[row.enrollment_id], at=at, is_leaving=True)
