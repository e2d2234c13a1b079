"""Work orders: ordered by a case, given to crews, worked on with a checklist, finished with an outcome."""

from collections.abc import Mapping, Sequence
from datetime import date

from django.utils import timezone

from cis.kernel.actors import Actor
from cis.kernel.errors import Findings, Refused
from cis.kernel.workflow import NotAllowed
from cis.platform import audit, events
from cis.platform.db import fetch, joins_transaction, opens_transaction
from metering.domain import work_orders as rules
from metering.domain.announcements import WorkOrderCancelled, WorkOrderDone, WorkOrderStarted
from metering.domain.appointments import AppointmentAction
from metering.domain.work_orders import (
    BY_CUSTOMER,
    DISPATCHERS,
    NOTE_MOST,
    OUTCOMES,
    UNDER_WAY,
    Hindrance,
    NewWork,
    Outcome,
    Priority,
    WorkAction,
    WorkKind,
    WorkState,
)
from metering.models.place import Premises, ServicePoint
from metering.models.work import Crew, WorkOrder
from metering.operations import appointments, work_answers, work_moves
from metering.queries import checklists
from metering.queries.crews import UnknownCrew
from metering.queries.places import UnknownServicePoint

BULK_MOST = 200
AT_PLACE = "service_point"
"""The case of work that the desk itself orders: the place."""


class InvalidWork(Refused):
    """The order cannot be made; ``detail["findings"]`` says why."""

    code = "invalid_work"


class WorkExists(Refused):
    """The case has such an order that is still to be done."""

    code = "work_exists"


class WrongOutcome(Refused):
    """This cannot come out of this kind of work."""

    code = "wrong_outcome"


class ReasonMissing(Refused):
    """Nobody said why."""

    code = "reason_missing"


class AppointmentStands(Refused):
    """A customer was promised another crew or day."""

    code = "appointment_stands"


class TooMany(Refused):
    """More orders at a time than are moved at once."""

    code = "too_many_orders"


@joins_transaction
def create_step(
    *,
    kind: WorkKind | str,
    subject: str,
    subject_id: int,
    premises_id: int | None = None,
    service_point_id: int | None = None,
    address: str = "",
    district: str = "",
    facts: Mapping[str, object],
    due_date: date,
    actor: Actor,
    priority: Priority | str = Priority.NORMAL,
    checklist: str = "",
) -> int:
    """
    Order work for a case; ``WorkOrderDone`` or ``WorkOrderCancelled`` tells the case what became of it.

    :param subject: kind of the case, as ``"application"``; with ``subject_id`` its name in the announcement.
    :param facts: what the crew should know, by name, for people to read; never prices.
    :param checklist: code of the list to fill in; empty: the list of the kind, if the pack has one.
    :returns: id of the work order.
    :raises WorkExists: the case has an order of the kind for the same service point under way.
    :raises InvalidWork: it names no place, or too many facts.
    """
    new = NewWork(
        kind=WorkKind(kind), subject=subject, subject_id=subject_id, premises_id=premises_id,
        service_point_id=service_point_id, address=address.strip(), district=district.strip(),
        facts=rules.plain_facts(facts), due_date=due_date, priority=Priority(priority), checklist=checklist,
    )  # fmt: skip
    findings = Findings()
    rules.check_new(new, findings=findings)
    findings.raise_if_any(InvalidWork)
    same = fetch(_SAME, [subject, subject_id, [str(state) for state in UNDER_WAY], str(new.kind), service_point_id])
    if same:
        raise WorkExists(f"Work order {same[0][0]} of this kind is under way.", work_order_id=same[0][0])
    row = WorkOrder(
        kind=new.kind, priority=new.priority, subject=subject, subject_id=subject_id, facts=dict(new.facts),
        checklist=_checklist_code(new), due_date=due_date, service_point_id=service_point_id,
    )  # fmt: skip
    _place(row, new)
    row.save()
    audit.record(actor, "create", work_moves.SUBJECT, row.id, kind=new.kind, case=subject, case_id=subject_id)
    return row.id


_OF_CASE = "SELECT id FROM metering_workorder WHERE subject = %s AND subject_id = %s AND state = ANY(%s)"
_SAME = f"{_OF_CASE} AND kind = %s AND service_point_id IS NOT DISTINCT FROM %s ORDER BY id LIMIT 1"
_UNDER_WAY = f"{_OF_CASE} AND (%s = '' OR kind = %s) ORDER BY id"


@opens_transaction
def create(
    *, kind: WorkKind | str, service_point_id: int, facts: Mapping[str, object], due_date: date, actor: Actor,
    priority: Priority | str = Priority.NORMAL,
) -> int:  # fmt: skip
    """
    Order work at a service point that no other case asks for, as somebody at the desk does.

    :raises NotAllowed: the actor may not send crews out.
    :raises WorkExists: the service point has such an order under way.
    """
    if not actor.is_one_of(DISPATCHERS):
        raise NotAllowed(f"{actor.name} may not order work.", advice="Ask the desk.")
    return create_step(
        kind=kind, subject=AT_PLACE, subject_id=service_point_id, service_point_id=service_point_id, facts=facts,
        due_date=due_date, priority=priority, actor=actor,
    )  # fmt: skip


@joins_transaction
def create_at_points_step(
    *,
    kind: WorkKind,
    subject: str,
    subject_id: int,
    service_point_ids: Sequence[int],
    facts: Mapping[str, object],
    due_date: date,
    actor: Actor,
) -> int:
    """
    Order the same work for a case at each of some service points where none of the kind is under way.

    The same few statements for one point or for hundreds; otherwise as ``create_step``.

    :returns: number of orders.
    :raises UnknownServicePoint: a service point does not exist.
    """
    points = ServicePoint.objects.select_related("premises").in_bulk(list(service_point_ids))
    missing = set(service_point_ids) - points.keys()
    if missing:
        raise UnknownServicePoint(f"There is no service point {min(missing)}.")
    under_way = WorkOrder.objects.filter(
        kind=kind, subject=subject, subject_id=subject_id, service_point_id__in=points, state__in=UNDER_WAY
    )
    busy = set(under_way.values_list("service_point_id", flat=True))
    told, checklist = rules.plain_facts(facts), checklists.of_kind(kind=kind)
    rows = [
        WorkOrder(
            kind=kind, subject=subject, subject_id=subject_id, service_point=point, premises=point.premises,
            address=point.premises.address, district=point.premises.district, facts=dict(told),
            checklist=checklist.code if checklist else "", due_date=due_date,
        )
        for point_id, point in sorted(points.items())
        if point_id not in busy
    ]  # fmt: skip
    WorkOrder.objects.bulk_create(rows)
    if rows:
        told_of = {"kind": kind, "case": subject, "case_id": subject_id, "orders": len(rows)}
        audit.record(actor, "create", work_moves.SUBJECT, rows[0].id, **told_of)
    return len(rows)


@opens_transaction
def assign(*, work_order_ids: Sequence[int], crew_id: int, planned_date: date, actor: Actor) -> int:
    """
    Give work orders to a crew for a day; all of them or none.

    :returns: number of orders.
    :raises UnknownCrew: there is no such crew at work.
    :raises AppointmentStands: a customer was promised another crew or day; move the appointment.
    :raises IllegalMove: one of them is done or started.
    """
    if len(work_order_ids) > BULK_MOST:
        raise TooMany(f"Up to {BULK_MOST} orders are given at a time.", advice="Choose fewer.")
    crew = Crew.objects.filter(id=crew_id, is_active=True).first()
    if crew is None:
        raise UnknownCrew(f"There is no crew {crew_id} at work.", crew_id=crew_id)
    for row in work_moves.lock_all(work_order_ids):
        promised = row.appointments.filter(state__in=appointments.STANDING).select_related("slot").first()
        if promised and (promised.slot.crew_id, promised.slot.date) != (crew_id, planned_date):
            raise AppointmentStands(
                f"The customer of work order {row.id} was promised another crew or day.", advice="Move the appointment."
            )
        row.crew_id, row.planned_date, row.route_place = crew_id, planned_date, 0
        work_moves.move(row, WorkAction.ASSIGN, actor=actor, crew_id=crew_id, planned_date=planned_date)
    return len(set(work_order_ids))


@opens_transaction
def release(*, work_order_id: int, reason: str, actor: Actor) -> None:
    """Take an order from its crew; a standing appointment is dropped, and the customer needs another one."""
    row = work_moves.lock(work_order_id)
    row.crew_id, row.planned_date, row.route_place = None, None, 0
    work_moves.move(row, WorkAction.RELEASE, actor=actor, note=reason)
    appointments.settle_step(work_order_id=row.id, action=AppointmentAction.DROP, reason=reason, actor=actor)


@opens_transaction
def cancel(*, work_order_id: int, reason: str, actor: Actor) -> None:
    """
    Drop an order; the case that asked for it is told.

    :raises ReasonMissing: nobody said why.
    :raises IllegalMove: it is started or done.
    """
    if not reason.strip():
        raise ReasonMissing("Say why the work order is dropped.", field="reason")
    row = work_moves.lock(work_order_id, with_outage=True)
    work_moves.move(row, WorkAction.CANCEL, actor=actor, note=reason)
    appointments.settle_step(work_order_id=row.id, action=AppointmentAction.DROP, reason=reason, actor=actor)
    events.announce(
        WorkOrderCancelled(
            work_order_id=row.id, kind=WorkKind(row.kind), subject=row.subject, subject_id=row.subject_id,
            reason=reason.strip(), actor=actor,
        )
    )  # fmt: skip


@joins_transaction
def withdraw_step(
    *, subject: str, subject_id: int, reason: str, actor: Actor, kind: WorkKind | None = None,
    spares_started: bool = False,
) -> int:  # fmt: skip
    """
    Drop all orders of a case that are still to be done, as a step of what ends the case.

    :param spares_started: work that a crew has begun stands: only the crew knows how far it came.
    :returns: number of orders dropped.
    """
    only, dropped = str(kind or ""), 0
    found = fetch(_UNDER_WAY, [subject, subject_id, [str(state) for state in UNDER_WAY], only, only])
    for (work_order_id,) in found:
        row = work_moves.lock(work_order_id)
        if spares_started and row.state == WorkState.STARTED:
            continue
        work_moves.move(row, WorkAction.WITHDRAW, actor=actor, note=reason)
        appointments.settle_step(work_order_id=row.id, action=AppointmentAction.DROP, reason=reason, actor=actor)
        dropped += 1
    return dropped


@opens_transaction
def start(*, work_order_id: int, actor: Actor, request_key: str = "") -> None:
    """
    Begin the work; the same request twice is one start.

    :raises NotYourOrder: the order belongs to another crew.
    :raises IllegalMove: it is not assigned.
    """
    row = work_moves.lock(work_order_id, with_outage=True)
    if work_moves.is_repeat(row, request_key):
        return
    work_moves.check_crew(row, actor)
    row.started_at = timezone.now()
    work_moves.move(row, WorkAction.START, actor=actor, request_key=request_key, crew_id=row.crew_id)
    events.announce(
        WorkOrderStarted(
            work_order_id=row.id, kind=WorkKind(row.kind), subject=row.subject, subject_id=row.subject_id,
            at=row.started_at, actor=actor,
        )
    )  # fmt: skip


@opens_transaction
def finish(
    *, work_order_id: int, outcome: Outcome | str, answers: Mapping[str, str], note: str, actor: Actor,
    request_key: str = "",
) -> None:  # fmt: skip
    """
    Finish an order with its outcome and the answers to its checklist; the same request twice is one end.

    :raises BadAnswers: an answer or a photo is missing or wrong.
    :raises WrongOutcome: this cannot come out of this kind of work.
    :raises NotYourOrder: the order belongs to another crew.
    :raises IllegalMove: it is not started.
    """
    finish_step(
        work_order_id=work_order_id, outcome=outcome, answers=answers, note=note, actor=actor, request_key=request_key
    )


@joins_transaction
def finish_step(
    *, work_order_id: int, outcome: Outcome | str, answers: Mapping[str, str], note: str, actor: Actor,
    request_key: str = "",
) -> bool:  # fmt: skip
    """
    Finish an order as a step of a larger use case; see ``finish``.

    :returns: whether it was finished now; False: this request finished it before.
    """
    row = work_moves.lock(work_order_id, with_outage=True)
    if work_moves.is_repeat(row, request_key):
        return False
    work_moves.check_crew(row, actor)
    kind = WorkKind(row.kind)
    if outcome not in OUTCOMES[kind]:
        possible = ", ".join(OUTCOMES[kind])
        raise WrongOutcome(f"{outcome} cannot come out of {kind}.", advice=f"Possible: {possible}.", field="outcome")
    work_answers.keep_step(row, answers=answers)
    row.outcome, row.note, row.done_at = Outcome(outcome).value, note.strip()[:NOTE_MOST], timezone.now()
    work_moves.move(row, WorkAction.FINISH, actor=actor, note=note, request_key=request_key, crew_id=row.crew_id)
    appointments.settle_step(work_order_id=row.id, action=AppointmentAction.KEEP, reason="", actor=actor)
    events.announce(
        WorkOrderDone(
            work_order_id=row.id, kind=kind, subject=row.subject, subject_id=row.subject_id, outcome=Outcome(outcome),
            premises_id=row.premises_id, service_point_id=row.service_point_id,
            done_date=timezone.localdate(row.done_at), actor=actor,
        )
    )  # fmt: skip
    return True


@opens_transaction
def fail(
    *, work_order_id: int, hindrance: Hindrance | str, note: str, actor: Actor, next_date: date | None = None,
    request_key: str = "",
) -> None:  # fmt: skip
    """
    Note that the work was not possible, and why; it is planned anew: by the same crew on ``next_date``, or by the desk.

    A standing appointment counts as missed, by the customer or by us as the reason says.

    :raises NotYourOrder: the order belongs to another crew.
    :raises IllegalMove: it is not with a crew.
    """
    row = work_moves.lock(work_order_id)
    if work_moves.is_repeat(row, request_key):
        return
    work_moves.check_crew(row, actor)
    why = Hindrance(hindrance)
    crew_id = row.crew_id
    row.crew_id, row.planned_date, row.route_place, row.started_at = None, None, 0, None
    row.attempts += 1
    work_moves.move(
        row, WorkAction.FAIL, actor=actor, note=note, hindrance=why, request_key=request_key, crew_id=crew_id
    )
    missed = AppointmentAction.MISS_BY_CUSTOMER if why in BY_CUSTOMER else AppointmentAction.MISS_BY_US
    appointments.settle_step(work_order_id=row.id, action=missed, reason=note or why, actor=actor)
    if next_date is not None:
        row.crew_id, row.planned_date = crew_id, next_date
        work_moves.move(row, WorkAction.PLAN_AGAIN, actor=actor, crew_id=crew_id, planned_date=next_date)


def _checklist_code(new: NewWork) -> str:
    if new.checklist:
        return checklists.one(code=new.checklist).code
    found = checklists.of_kind(kind=new.kind)
    return found.code if found is not None else ""


def _place(row: WorkOrder, new: NewWork) -> None:
    """Set premises, address and district: those given, else those of the premises or the service point."""
    premises: Premises | None = None
    if new.service_point_id is not None:
        point = ServicePoint.objects.select_related("premises").filter(id=new.service_point_id).first()
        if point is None:
            raise UnknownServicePoint(f"There is no service point {new.service_point_id}.")
        premises = point.premises
    elif new.premises_id is not None:
        premises = Premises.objects.filter(id=new.premises_id).first()
        if premises is None:
            raise UnknownServicePoint(f"There are no premises {new.premises_id}.")
    row.premises = premises
    row.address = new.address or (premises.address if premises else "")
    row.district = new.district or (premises.district if premises else "")
