"""Findings about energy that a person decides on: right as it is, or to be read again."""

from collections.abc import Collection
from datetime import date, timedelta

from django.utils import timezone

from cis.kernel.actors import Actor, ActorKind
from cis.kernel.enums import Role
from cis.kernel.errors import Refused
from cis.kernel.workflow import NotAllowed
from cis.platform import audit, db
from cis.platform.db import joins_transaction, opens_transaction
from metering.domain.exception_acts import SUBJECT, Act, Doubted
from metering.domain.exceptions import ACCEPTABLE, REASON_MOST, ExceptionState
from metering.domain.vee import Severity
from metering.domain.work_orders import WorkKind
from metering.models.exception import UsageException
from metering.operations import resolver, usage, waiting_changes, work_orders
from metering.queries.exceptions import UnknownException

VISIT_DAYS = 7
"""Within so many days a meter is read again: house rule."""
SENDERS: frozenset[Role | ActorKind] = frozenset((Role.METERING, Role.SUPERVISOR, ActorKind.CLIENT, ActorKind.SYSTEM))


class NotOpen(Refused):
    """Somebody decided on the exception meanwhile, or its cause is gone."""

    code = "exception_not_open"


class NotAcceptable(Refused):
    """What is missing or fits no dial is to be mended: there is no energy that could be accepted."""

    code = "exception_not_acceptable"


class WrongAct(Refused):
    """This cannot be done about this kind of exception."""

    code = "exception_wrong_act"


class ReasonMissing(Refused):
    """Whoever decides says why."""

    code = "exception_reason_missing"


@opens_transaction
def accept(*, exception_id: int, reason: str, actor: Actor) -> None:
    """
    Say that a finding is right as it is; energy that it stopped is approved at once.

    What was accepted is not opened again while it says the same. Another value that waits for it is dropped.

    :raises UnknownException: there is none.
    :raises ReasonMissing: no reason, or a longer one than 300 characters.
    :raises NotAcceptable: its energy is not known.
    :raises NotOpen: it was decided on before, or its cause is gone.
    """
    accept_step(exception_id=exception_id, reason=reason, actor=actor)


@joins_transaction
def accept_step(*, exception_id: int, reason: str, actor: Actor) -> None:
    """Accept a finding as a step of a larger use case; see ``accept``."""
    reason = why(reason)
    row = lock_open(exception_id)
    if row.code not in ACCEPTABLE:
        raise NotAcceptable("There is no energy to accept.", advice="Bring what is missing, or correct the read.")
    row.state, row.reason = ExceptionState.ACCEPTED.value, reason
    row.decider_id, row.closed_at = actor.person_id, timezone.now()
    row.save(update_fields=["state", "reason", "decider_id", "closed_at"])
    waiting_changes.drop_step(exception_ids=[row.id], actor=actor)
    audit.record(actor, "accept", SUBJECT, row.id, code=row.code, reason=reason)
    if row.severity == Severity.STOP:
        usage.approve_step(start_date=row.start_date, end_date=row.end_date, service_point_ids=[row.service_point_id])


@opens_transaction
def visit(*, exception_id: int, today: date, actor: Actor) -> int:
    """
    Order that a meter be read again because of an exception; return the id of the work order.

    What the crew reads settles it: see ``re_reads.finish``.

    :raises UnknownException: there is none.
    :raises NotAllowed: the actor may not send crews for it.
    :raises NotOpen: it was decided on before, or its cause is gone.
    :raises WrongAct: it is about interval values, which no crew reads.
    :raises WorkExists: a crew is sent already.
    """
    return visit_step(exception_id=exception_id, today=today, actor=actor)


@joins_transaction
def visit_step(*, exception_id: int, today: date, actor: Actor) -> int:
    """Order a reading as a step of a larger use case; see ``visit``."""
    if not actor.is_one_of(SENDERS):
        raise NotAllowed(f"{actor.name} may not have meters read again.", advice="Ask metering.")
    row = lock_open(exception_id)
    check_act(row, Act.VISIT)
    meter = row.register.meter
    return work_orders.create_step(
        kind=WorkKind.RE_READ, subject=SUBJECT, subject_id=row.id, service_point_id=row.service_point_id,
        facts=visit_facts(serial=meter.serial, register=row.register.code, on=row.fact_date),
        due_date=today + timedelta(days=VISIT_DAYS), actor=actor,
    )  # fmt: skip


def visit_facts(*, serial: str, register: str, on: date) -> dict[str, object]:
    """Return what a crew should know that reads a meter again."""
    return {"meter": serial, "register": register, "doubted_on": on}


def why(reason: str) -> str:
    """
    Return a reason as it is kept.

    :raises ReasonMissing: there is none, or a longer one than 300 characters.
    """
    reason = reason.strip()
    if not reason or len(reason) > REASON_MOST:
        raise ReasonMissing("Say why.", advice=f"At most {REASON_MOST} characters.", field="reason")
    return reason


@joins_transaction
def lock_places(exception_ids: Collection[int], *, with_reads: bool) -> None:
    """
    Lock the places of exceptions as the approval of usage does; two statements, three with their reads.

    :param with_reads: for who sets values: what they are estimated from or compared with stands still as well.
    """
    found = UsageException.objects.filter(id__in=exception_ids)
    about = list(found.values_list("service_point_id", "register__meter__serial"))
    points = sorted({point for point, _serial in about})
    if with_reads:
        resolver.lock_meters({serial for _point, serial in about}, service_point_ids=points)
    else:
        db.fetch("SELECT id FROM metering_servicepoint WHERE id = ANY(%s) ORDER BY id FOR NO KEY UPDATE", [points])


@joins_transaction
def lock(exception_id: int, *, with_reads: bool = False) -> UsageException:
    """
    Return an exception, locked with its place, and with its reads if asked: places, registers, then the exception.

    :raises UnknownException: there is none.
    """
    lock_places([exception_id], with_reads=with_reads)
    locked = UsageException.objects.select_for_update(of=("self",)).select_related("register__meter")
    row = locked.filter(id=exception_id).first()
    if row is None:
        raise UnknownException(f"There is no exception {exception_id}.", exception_id=exception_id)
    return row


@joins_transaction
def lock_open(exception_id: int, *, with_reads: bool = False) -> UsageException:
    """
    Return an exception that is still to be looked at, locked; see ``lock``.

    :raises NotOpen: it was decided on before, or its cause is gone.
    """
    row = lock(exception_id, with_reads=with_reads)
    check_open(row)
    return row


def check_open(row: UsageException) -> None:
    """
    Do nothing where an exception is still to be looked at.

    :raises NotOpen: it was decided on before, or its cause is gone.
    """
    if row.state != ExceptionState.OPEN:
        raise NotOpen(f"Exception {row.id} is {row.state}.", advice="Look at it again.")


def doubted(row: UsageException) -> Doubted:
    """Return what an exception is about, as far as acts depend on it."""
    return Doubted(
        code=row.code, quantity=row.register.quantity, is_interval=row.register.is_interval,
        start_date=row.start_date, end_date=row.end_date, fact_date=row.fact_date,
    )  # fmt: skip


def check_act(row: UsageException, act: Act) -> Doubted:
    """
    Return what an exception is about.

    :raises WrongAct: this cannot be done about it.
    """
    found = doubted(row)
    if act not in found.acts():
        raise WrongAct(f"{act} is no way to settle {row.code}.", advice="Choose what its page offers.")
    return found
