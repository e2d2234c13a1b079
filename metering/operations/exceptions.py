"""Findings about energy that a person decides on."""

from django.utils import timezone

from cis.kernel.actors import Actor
from cis.kernel.errors import Refused
from cis.platform import audit, db
from cis.platform.db import opens_transaction
from metering.domain.exceptions import ACCEPTABLE, REASON_MOST, ExceptionState
from metering.domain.vee import Severity
from metering.models.exception import UsageException
from metering.operations import usage
from metering.queries.exceptions import UnknownException


class NotOpen(Refused):
    """Somebody decided on the exception meanwhile, or its cause is gone."""

    code = "exception_not_open"


class NotAcceptable(Refused):
    """What is missing or fits no dial is to be mended: there is no energy that could be accepted."""

    code = "exception_not_acceptable"


class ReasonMissing(Refused):
    """Whoever accepts says why."""

    code = "exception_reason_missing"


@opens_transaction
def accept(*, exception_id: int, reason: str, actor: Actor) -> None:
    """
    Say that a finding is right as it is; energy that it stopped is approved at once.

    What was accepted is not opened again while it says the same.

    :raises UnknownException: there is none.
    :raises ReasonMissing: no reason, or a longer one than 300 characters.
    :raises NotAcceptable: its energy is not known.
    :raises NotOpen: it was decided on before, or its cause is gone.
    """
    reason = reason.strip()
    if not reason or len(reason) > REASON_MOST:
        raise ReasonMissing("Say why it is right as it is.", advice=f"At most {REASON_MOST} characters.")
    point = UsageException.objects.filter(id=exception_id).values_list("service_point_id", flat=True).first()
    if point is None:
        raise UnknownException(f"There is no exception {exception_id}.", exception_id=exception_id)
    # In the order in which the approval of usage locks: places first.
    db.fetch("SELECT id FROM metering_servicepoint WHERE id = %s FOR NO KEY UPDATE", [point])
    row = UsageException.objects.select_for_update().get(id=exception_id)
    if row.state != ExceptionState.OPEN:
        raise NotOpen(f"Exception {row.id} is {row.state}.", advice="Look at it again.")
    if row.code not in ACCEPTABLE:
        raise NotAcceptable("There is no energy to accept.", advice="Bring what is missing, or correct the read.")
    row.state, row.reason = ExceptionState.ACCEPTED.value, reason
    row.decider_id, row.closed_at = actor.id, timezone.now()
    row.save(update_fields=["state", "reason", "decider_id", "closed_at"])
    audit.record(actor, "accept", "usage_exception", row.id, code=row.code, reason=reason)
    if row.severity == Severity.STOP:
        usage.approve_step(start_date=row.start_date, end_date=row.end_date, service_point_ids=[point])
