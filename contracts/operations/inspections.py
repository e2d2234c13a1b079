"""Safety inspections: planned by the night or by hand, ordered from a crew, reported, followed up."""

from collections.abc import Mapping
from datetime import date, datetime

from django.utils import timezone

from cis.kernel.actors import SYSTEM, Actor
from cis.kernel.errors import Refused
from cis.kernel.workflow import NotAllowed
from cis.platform import audit, packs
from cis.platform.db import joins_transaction, opens_transaction
from contracts.domain import inspection as rules
from contracts.domain.inspection import Due, InspectionKind
from contracts.domain.inspection_workflow import (
    INSPECTIONS,
    PLANNERS,
    REASON_MOST,
    UNDER_WAY,
    InspectionAction,
    InspectionState,
)
from contracts.models.application import ServiceApplication
from contracts.models.inspection import SafetyInspection
from contracts.operations import defect_steps as steps
from contracts.operations import inspection_notices
from contracts.queries import inspection_facts, inspection_rules
from metering.domain.announcements import WorkOrderCancelled, WorkOrderDone
from metering.domain.work_orders import Outcome, WorkKind
from metering.operations import work_orders
from metering.queries import work_orders as work_queries

WORK = "safety_inspections"
SUBJECT = "inspection"
CHUNK = 10_000
ORDERS_MOST = 200


class InspectionExists(Refused):
    """Such an inspection is to be made already."""

    code = "inspection_exists"


class NothingToFollow(Refused):
    """The inspection has no defects that could be looked at again."""

    code = "nothing_to_follow"


class ReasonMissing(Refused):
    """Nobody said why."""

    code = "reason_missing"


class TooManyInspections(Refused):
    """More inspections than are ordered at a time."""

    code = "too_many_inspections"


def night(at: datetime) -> None:
    """Make the inspections that are due; a pack that knows none makes none."""
    today = timezone.localdate(at)
    try:
        inspection_rules.plans(at=today)
    except packs.MissingRule:
        return
    plan_due(today=today)


def plan_due(*, today: date) -> int:
    """
    Make all inspections that are due, each once, however often this runs; return how many are new.

    A constant number of statements for each 10,000 supplies.
    """
    plans, coming = inspection_rules.plans(at=today), inspection_rules.coming(today=today)
    checklists = {plan.code: plan.checklist for plan in plans}
    made, after = 0, 0
    while chunk := inspection_facts.supplies(on=today, after_id=after, most=CHUNK):
        after = chunk[-1].agreement_id
        made += _make(rules.due(chunk, plans=plans, coming=coming, today=today), checklists, today)
    return made


@opens_transaction
def _make(found: tuple[Due, ...], checklists: Mapping[str, str], today: date) -> int:
    if not found:
        return 0
    before = SafetyInspection.objects.filter(agreement_id__in={one.agreement_id for one in found}).count()
    places = inspection_facts.places(agreement_ids={one.agreement_id for one in found}, on=today)
    SafetyInspection.objects.bulk_create(
        [
            SafetyInspection(
                agreement_id=one.agreement_id, service_point_id=one.service_point_id, plan=one.plan,
                checklist=checklists[one.plan], kind=one.kind.value, season=one.season, due_date=one.due_date,
                customer_name=places[one.agreement_id].customer_name[:200],
                address=places[one.agreement_id].address, district=places[one.agreement_id].district,
            )
            for one in found
        ],
        ignore_conflicts=True,
    )  # fmt: skip
    made = SafetyInspection.objects.filter(agreement_id__in={one.agreement_id for one in found}).count() - before
    if made:
        audit.record(SYSTEM, "plan", SUBJECT, None, made=made, today=today)
    return made


@opens_transaction
def plan(*, agreement_id: int, due_date: date, reason: str, today: date, actor: Actor) -> int:
    """
    Plan a periodic inspection of a supply out of turn, for a reason; return its id.

    :raises UnknownAgreement: there is none in force.
    :raises NoPlan: no plan of the pack takes the place.
    :raises InspectionExists: one is to be made already.
    :raises ReasonMissing: no reason is given.
    :raises NotAllowed: the actor may not plan.
    """
    _check_planner(actor)
    if not reason.strip():
        raise ReasonMissing("A reason is needed.", advice="Say why it is inspected now.", field="reason")
    supply, place = inspection_facts.of_agreement(agreement_id=agreement_id, on=today)
    found = inspection_rules.plan_of_place(voltage=supply.voltage, use=supply.use, grade=supply.grade, at=today)
    new = SafetyInspection(
        agreement_id=agreement_id, service_point_id=supply.service_point_id, plan=found.code,
        checklist=found.checklist, kind=InspectionKind.PERIODIC.value, due_date=due_date,
        customer_name=place.customer_name[:200], address=place.address, district=place.district,
        reason=reason.strip()[:REASON_MOST],
    )  # fmt: skip
    return _create(new, actor=actor)


@joins_transaction
def plan_acceptance_step(
    *, application_id: int, voltage: str, use: str, due_date: date, today: date, actor: Actor,
    service_point_id: int | None = None, customer_name: str = "", address: str = "", district: str = "",
) -> int:  # fmt: skip
    """
    Plan and order the acceptance inspection of a new connection; return its id.

    :param use: class of use, as tariffs name it: residential, commercial ...
    :raises NoPlan: no plan of the pack takes such a place.
    :raises InspectionExists: one is to be made already.
    :raises InvalidWork: neither a service point nor an address is given.
    """
    found = inspection_rules.plan_of_place(voltage=voltage, use=use, grade="", at=today)
    new = SafetyInspection(
        application_id=application_id, service_point_id=service_point_id, plan=found.code, checklist=found.checklist,
        kind=InspectionKind.ACCEPTANCE.value, due_date=due_date, customer_name=customer_name[:200],
        address=address[:300], district=district[:100],
    )  # fmt: skip
    made = _create(new, actor=actor)
    order_step(inspection_id=made, actor=actor)
    return made


@opens_transaction
def order(*, inspection_ids: list[int], actor: Actor) -> int:
    """
    Order work for inspections that are planned; return how many. All or none.

    :raises TooManyInspections: more than 200 at a time.
    :raises UnknownInspection: there is none; IllegalMove: it is not planned; NotAllowed: the actor may not.
    """
    if len(inspection_ids) > ORDERS_MOST:
        raise TooManyInspections(f"These are more than {ORDERS_MOST} inspections.", advice="Filter, then order.")
    for inspection_id in sorted(set(inspection_ids)):
        order_step(inspection_id=inspection_id, actor=actor)
    return len(set(inspection_ids))


@joins_transaction
def order_step(*, inspection_id: int, actor: Actor) -> int:
    """Order the work of one inspection as a step of a larger use case; return the id of the work order."""
    row = steps.lock_inspection(inspection_id)
    row.state = INSPECTIONS.step(InspectionState(row.state), InspectionAction.ORDER, actor).to.value
    facts = {"customer": row.customer_name, "inspection": row.kind, "season": row.season, **_applicant(row)}
    if row.follows_id is not None:
        facts["look_at"] = "; ".join(steps.standing_texts(row.follows_id))[:500]
    row.work_order_id = work_orders.create_step(
        kind=WorkKind.INSPECTION, subject=SUBJECT, subject_id=row.id, service_point_id=row.service_point_id,
        address=row.address, district=row.district, facts=facts, due_date=row.due_date, actor=actor,
        checklist=row.checklist,
    )  # fmt: skip
    row.save(update_fields=["state", "work_order"])
    audit.record(actor, "order", SUBJECT, row.id, work_order=row.work_order_id)
    return row.work_order_id


def _applicant(row: SafetyInspection) -> dict[str, str]:
    """Return what the crew is to know of an application whose installation it accepts: its number, whom to call."""
    found = ServiceApplication.objects.filter(id=row.application_id).first() if row.application_id else None
    return {} if found is None else {"application": found.number, "phone": found.agent_phone or found.phone}


@opens_transaction
def drop(*, inspection_id: int, reason: str, actor: Actor) -> None:
    """
    Do without an inspection; a periodic one comes again after its interval.

    :raises ReasonMissing: no reason is given.
    :raises IllegalMove: it was made already; NotAllowed: the actor may not.
    """
    if not reason.strip():
        raise ReasonMissing("A reason is needed.", advice="Say why it is not made.", field="reason")
    _drop(steps.lock_inspection(inspection_id), reason, actor)


@joins_transaction
def drop_of_application_step(*, application_id: int, reason: str) -> None:
    """Do without the inspections of an application that is over, as far as they are not made."""
    rows = SafetyInspection.objects.filter(application_id=application_id, state__in=UNDER_WAY)
    for inspection_id in rows.order_by("id").values_list("id", flat=True):
        _drop(steps.lock_inspection(inspection_id), reason, SYSTEM)


def _drop(row: SafetyInspection, reason: str, actor: Actor) -> None:
    row.state = INSPECTIONS.step(InspectionState(row.state), InspectionAction.DROP, actor).to.value
    row.reason = reason.strip()[:REASON_MOST]
    row.save(update_fields=["state", "reason"])
    work_orders.withdraw_step(subject=SUBJECT, subject_id=row.id, reason=row.reason, actor=actor)
    audit.record(actor, "drop", SUBJECT, row.id, reason=row.reason)


@opens_transaction
def re_inspect(*, inspection_id: int, due_date: date, actor: Actor) -> int:
    """
    Order a follow-up that looks whether defects are rectified; return its id.

    :raises NothingToFollow: the inspection has no defects that stand.
    :raises InspectionExists: a follow-up is under way.
    :raises NotAllowed: the actor may not.
    """
    _check_planner(actor)
    row = steps.lock_inspection(inspection_id)
    if not steps.standing_texts(row.id):
        raise NothingToFollow("This inspection has no defects that stand.", advice="Plan a new inspection.")
    new = SafetyInspection(
        agreement_id=row.agreement_id, application_id=row.application_id, service_point_id=row.service_point_id,
        plan=row.plan, checklist=row.checklist, kind=InspectionKind.FOLLOW_UP.value, follows=row, due_date=due_date,
        customer_name=row.customer_name, address=row.address, district=row.district,
    )  # fmt: skip
    made = _create(new, actor=actor)
    order_step(inspection_id=made, actor=actor)
    return made


@joins_transaction
def report_step(done: WorkOrderDone) -> None:
    """
    Take a crew's report: answers that are defects become defects, and they decide what the inspection comes to.

    What the crew calls defects without an answer that is one becomes a general defect in the crew's own words.
    """
    if done.subject != SUBJECT or done.kind is not WorkKind.INSPECTION:
        return
    row = steps.lock_inspection(done.subject_id)
    if row.state != InspectionState.ORDERED:
        return  # dropped meanwhile, or told twice
    given = {one.item: one.value for one in work_queries.answers(work_order_id=done.work_order_id)}
    found = steps.kinds_found(checklist=row.checklist, answers=given)
    if not found and done.outcome is Outcome.DEFECTS:
        note = work_queries.one(work_order_id=done.work_order_id).note
        found = (steps.own_words(text=note or "Defect found by the crew; see its report"),)
    plan_code = row.plan
    fails_on = inspection_rules.plan(plan_code, at=done.done_date).fails_on
    verdict = rules.verdict([one.severity for one in found], fails_on=fails_on)
    action = {"passed": InspectionAction.PASS, "with_defects": InspectionAction.FIND, "failed": InspectionAction.FAIL}
    row.state = INSPECTIONS.step(InspectionState(row.state), action[verdict], done.actor).to.value
    row.done_date = done.done_date
    row.save(update_fields=["state", "done_date"])
    audit.record(done.actor, "report", SUBJECT, row.id, verdict=verdict, defects=[one.code for one in found])
    fresh = steps.settle_followed_step(row, found=found, actor=done.actor) if row.follows_id else found
    steps.add_step(row, found=fresh, actor=done.actor)
    steps.clear_step(row, actor=done.actor)
    inspection_notices.tell_failed_step(row, actor=done.actor)


@joins_transaction
def release_step(dropped: WorkOrderCancelled) -> None:
    """Plan an inspection anew whose work order the desk dropped."""
    if dropped.subject != SUBJECT or dropped.kind is not WorkKind.INSPECTION:
        return
    row = steps.lock_inspection(dropped.subject_id)
    if row.state == InspectionState.ORDERED:
        row.state = INSPECTIONS.step(InspectionState(row.state), InspectionAction.RELEASE, dropped.actor).to.value
        row.work_order = None
        row.save(update_fields=["state", "work_order"])
        audit.record(dropped.actor, "release", SUBJECT, row.id, reason=dropped.reason)


def _create(new: SafetyInspection, *, actor: Actor) -> int:
    same = SafetyInspection.objects.filter(
        kind=new.kind, agreement_id=new.agreement_id, application_id=new.application_id, follows_id=new.follows_id,
        state__in=UNDER_WAY,
    )  # fmt: skip
    if (found := same.first()) is not None:
        raise InspectionExists(f"Inspection {found.id} is to be made already.", inspection_id=found.id)
    new.save()
    audit.record(actor, "plan", SUBJECT, new.id, kind=new.kind, plan=new.plan, due_date=new.due_date)
    return new.id


def _check_planner(actor: Actor) -> None:
    if not actor.is_one_of(PLANNERS):
        raise NotAllowed(f"{actor.name} may not plan inspections.", advice="Ask the desk or metering.")
