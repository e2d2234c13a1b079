"""
Usage inspections: suspected, ordered from a crew, visited, found or nothing, disputed or settled.

What a breach costs is worked out by ``breach_cases`` of billing, what a wrong connection changes by corrections of
usage; both say here that they come of a visit.
"""

from collections.abc import Sequence
from contextlib import suppress
from datetime import date, datetime

from django.utils import timezone

from accounts.operations import notices
from cis.kernel.actors import SYSTEM, Actor, ActorKind
from cis.kernel.workflow import NotAllowed
from cis.platform import audit, deadlines, events
from cis.platform.db import execute, fetch, joins_transaction, opens_transaction
from cis.platform.deadlines import UnknownStandard
from cis.platform.packs import MissingRule
from contracts.domain import usage_inspection as rules
from contracts.domain.announcements import UsageDisputed
from contracts.domain.charge_workflow import CaseState
from contracts.domain.usage_inspection import (
    CHECKLIST,
    DISPUTE_STANDARD,
    INSPECTORS,
    LOOKING,
    SUBJECT,
    VISIT_STANDARD,
    BadUsageInspection,
    Source,
    Suspicion,
    UsageAction,
    UsageFinding,
    UsageState,
)
from contracts.models.agreement import ServiceAgreement
from contracts.models.usage_inspection import UsageInspection, UsageSuspicion
from contracts.operations import usage_inspection_steps as steps
from metering.domain.announcements import AlarmsDecided, AnomalySuspected, WorkOrderCancelled, WorkOrderDone
from metering.domain.anomalies import SUBJECT as ANOMALY_SUBJECT
from metering.domain.correction_orders import Order
from metering.domain.correction_workflow import IN_FORCE, CorrectionState
from metering.domain.meter_alarms import AlarmAnswer
from metering.domain.work_orders import WorkKind
from metering.operations import corrections, work_orders
from metering.queries import checklists
from metering.queries import corrections as made_corrections
from metering.queries.checklists import UnknownChecklist

REASON_MOST = 300
PORTAL = "/portal/"
_Row = tuple[int, str, int | None, str, str]
"""Place, source, alarm, words, reference."""


@opens_transaction
def suspect(*, new: Suspicion, actor: Actor) -> int:
    """
    Suspect that usage at a place is not as it should be; what is looked into already has a further reason.

    :returns: id of the inspection.
    :raises BadUsageInspection: nothing is said, who told is, or the reference was said of another place.
    :raises NotAllowed: the actor may not.
    """
    return suspect_step(new=new, actor=actor)


@joins_transaction
def suspect_step(*, new: Suspicion, actor: Actor) -> int:
    """Suspect as a step of a larger use case, as of an anomaly that somebody follows; see ``suspect``."""
    if not (actor.is_one_of(INSPECTORS) or actor.kind is ActorKind.SYSTEM):
        raise NotAllowed(f"{actor.name} may not open usage inspections.", advice="Ask metering.")
    kept = rules.checked(new)
    if kept.reference:
        rows = UsageSuspicion.objects.filter(source=kept.source.value, reference=kept.reference)
        known = rows.values_list("inspection_id", "inspection__service_point_id").first()
        if known is not None and known[1] != kept.service_point_id:
            raise BadUsageInspection(
                f"{kept.source.value} {kept.reference} was said of another place.",
                advice="Name what was found at each place by a reference of its own.",
            )
        if known is not None:
            return int(known[0])
    row = (kept.service_point_id, kept.source.value, None, kept.words, kept.reference)
    now = timezone.now()
    return _keep([row], days=[timezone.localdate(now)], at=now, actor=actor)[kept.service_point_id]


@joins_transaction
def note_alarms(decided: AlarmsDecided) -> None:
    """Suspect what meters say that is suspicious by the rules of the place; a constant number of statements."""
    suspicious = [one for one in decided.alarms if one.answer is AlarmAnswer.SUSPICION]
    if suspicious:
        _keep(
            [
                (one.service_point_id, Source.ALARM.value, one.alarm_id, "", f"alarm:{one.alarm_id}")
                for one in suspicious
            ],
            days=[timezone.localdate(one.occurred_at) for one in suspicious],
            at=decided.at,
            actor=SYSTEM,
        )


@joins_transaction
def note_anomaly(told: AnomalySuspected) -> None:
    """Suspect a place whose load is unusual, since somebody wants it inspected."""
    suspect_step(
        new=Suspicion(
            service_point_id=told.service_point_id, source=Source.ANOMALY, words=told.words or told.kind.value,
            reference=f"{ANOMALY_SUBJECT}:{told.anomaly_id}",
        ),
        actor=told.actor,
    )  # fmt: skip


def _keep(rows: Sequence[_Row], *, days: Sequence[date], at: datetime, actor: Actor) -> dict[int, int]:
    """
    Open an inspection at each place where nobody looks yet, and write down why; six statements, of a race some more.

    days  local date of what each row is about: the inspection is of who was supplied then

    :returns: the inspections by place.
    """
    points, sources, alarms, words, references = (list(column) for column in zip(*rows, strict=True))
    opened, found = _opened(points, days, at)
    homes = [found[point] for point in points]
    execute(_SUSPECT, [at, actor.id, actor.name[:150], homes, sources, alarms, words, references])
    if opened:
        audit.record_many(actor, "suspect", SUBJECT, opened)
        with suppress(MissingRule, UnknownStandard):  # the place measures no such time
            deadlines.start_many(subject=SUBJECT, subject_ids=opened, standard=VISIT_STANDARD, at=at)
    return found


def _opened(points: Sequence[int], days: Sequence[date], at: datetime) -> tuple[list[int], dict[int, int]]:
    """
    Return the inspections that were opened, and those that look now by place, locked.

    One that somebody else ends while it is asked for takes no further reason: its place gets another one.
    """
    looking = [state.value for state in LOOKING]
    opened: list[int] = []
    while True:
        opened += [one for (one,) in fetch(_OPEN, [at, list(points), list(days)])]
        found = dict(fetch(_LOCK, [list(points), looking]))
        if found.keys() >= set(points):
            return opened, found


@opens_transaction
def order(*, inspection_id: int, due_date: date, actor: Actor) -> int:
    """
    Send a crew to look, or to look once more; return the work order.

    The crew reads what meters and staff say, never what somebody told of it.

    :raises UnknownUsageInspection: there is none.
    :raises IllegalMove: a crew has it, or it is known what is wrong. :raises NotAllowed: the actor may not.
    """
    row = steps.lock(inspection_id)
    said = list(UsageSuspicion.objects.filter(inspection=row).select_related("alarm").order_by("-id"))
    told = [one.words for one in said if one.words]
    facts = {
        "alarm": next((one.alarm.kind for one in said if one.alarm is not None), None),
        "look_at": "; ".join(reversed(told))[:500],
    }
    row.work_order_id = work_orders.create_step(
        kind=WorkKind.INSPECTION, subject=SUBJECT, subject_id=row.id, service_point_id=row.service_point_id,
        facts=facts, due_date=due_date, actor=actor, checklist=_checklist(),
    )  # fmt: skip
    steps.move(row, UsageAction.ORDER, at=timezone.now(), actor=actor, work_order=row.work_order_id)
    return row.work_order_id


def _checklist() -> str:
    with suppress(UnknownChecklist):
        return checklists.one(code=CHECKLIST).code
    return ""


@joins_transaction
def report_step(done: WorkOrderDone) -> None:
    """Note that a crew was there; what it saw stands with its order, what it comes to a person says."""
    if done.subject != SUBJECT:
        return
    row = steps.lock(done.subject_id)
    if row.state == UsageState.ORDERED:
        row.visited_date = done.done_date
        steps.move(row, UsageAction.REPORT, at=timezone.now(), actor=done.actor, work_order=done.work_order_id)


@joins_transaction
def release_step(dropped: WorkOrderCancelled) -> None:
    """Let an inspection be ordered anew whose work order the desk dropped."""
    if dropped.subject != SUBJECT:
        return
    row = steps.lock(dropped.subject_id)
    if row.state == UsageState.ORDERED:
        row.work_order_id = None
        steps.move(row, UsageAction.RELEASE, at=timezone.now(), actor=dropped.actor, reason=dropped.reason)


@opens_transaction
def correct(*, order: Order, request_key: str, today: date, actor: Actor, inspection_id: int | None) -> int:
    """
    Propose a correction of usage, because of a visit that found a wrong connection (None: of no visit); return its id.

    :raises BadUsageInspection, IllegalMove: the visit was elsewhere, or came to something else.
    :raises Refused: see ``metering.operations.corrections.propose``.
    """
    made = corrections.enter_step(order=order, request_key=request_key, today=today, actor=actor)
    if inspection_id is not None:
        steps.find_wiring_step(
            inspection_id=inspection_id, correction_id=made, service_point_id=order.service_point_id,
            at=timezone.now(), actor=actor,
        )  # fmt: skip
    return made


@opens_transaction
def clear(*, inspection_id: int, actor: Actor) -> None:
    """
    Say that a visit found nothing wrong, and tell the customer.

    :raises UnknownUsageInspection: there is none.
    :raises IllegalMove: nobody was there yet, or something was found. :raises NotAllowed: the actor may not.
    """
    row, at = steps.lock(inspection_id), timezone.now()
    row.finding = UsageFinding.NOTHING.value
    steps.move(row, UsageAction.CLEAR, at=at, actor=actor)
    deadlines.meet(subject=SUBJECT, subject_id=row.id, at=at)
    _tell_clear(row, actor)


def _tell_clear(row: UsageInspection, actor: Actor) -> None:
    """Tell who is supplied there that all is well; nobody where nobody is."""
    if row.agreement_id is None or row.visited_date is None:
        return
    found = (
        ServiceAgreement.objects.filter(id=row.agreement_id, account__holders__period__contains=timezone.localdate())
        .values_list("account__holders__customer_id", "account_id", "service_point__premises__address")
        .first()
    )
    if found is not None:
        notices.queue_step(
            event="usage_inspected", customer_id=found[0], account_id=found[1],
            facts={"address": found[2], "visited": row.visited_date, "link": PORTAL}, key=f"{SUBJECT}:{row.id}",
            actor=actor,
        )  # fmt: skip


@opens_transaction
def dispute(*, inspection_id: int, words: str, actor: Actor) -> None:
    """
    Write down that the customer says it is not so: the clock stands still, and nothing of it is pursued.

    :raises BadUsageInspection: nothing is said.
    :raises UnknownUsageInspection: there is none.
    :raises IllegalMove: nothing was found, or it is disputed already. :raises NotAllowed: the actor may not.
    """
    row, at = steps.lock(inspection_id), timezone.now()
    row.dispute = rules.reason_of(words, most=rules.WORDS_MOST)
    steps.move(row, UsageAction.DISPUTE, at=at, actor=actor)
    deadlines.stop(subject=SUBJECT, subject_id=row.id, at=at, reason="disputed")
    steps.start(row, DISPUTE_STANDARD, at=at)
    account_id = steps.account_of(row)
    if account_id is not None:
        events.announce(
            UsageDisputed(inspection_id=row.id, account_id=account_id, breach_id=row.breach_id, at=at, actor=actor)
        )


@opens_transaction
def uphold(*, inspection_id: int, reason: str, actor: Actor) -> None:
    """
    Answer a dispute: it is so. The clock goes on, and what is owed is pursued again.

    :raises BadUsageInspection: nobody says why.
    :raises UnknownUsageInspection: there is none.
    :raises IllegalMove: it is not disputed. :raises NotAllowed: the actor may not.
    """
    row, at = steps.lock(inspection_id), timezone.now()
    row.reason = rules.reason_of(reason, most=REASON_MOST)
    steps.move(row, UsageAction.UPHOLD, at=at, actor=actor, reason=row.reason)
    deadlines.meet(subject=SUBJECT, subject_id=row.id, at=at, standard=DISPUTE_STANDARD)
    deadlines.go_on(subject=SUBJECT, subject_id=row.id, at=at)
    steps.tell_ended(row, at=at, actor=actor)


@opens_transaction
def close(*, inspection_id: int, reason: str, actor: Actor) -> None:
    """
    Close an inspection: a suspicion that is not followed, what was found and is settled, or a visit to a place where
    nobody is supplied, so that nobody owes anything, whatever was found.

    A dispute that is given in to ends with its case: two persons cancel that, or the correction is undone before.

    :raises BadUsageInspection: nobody says why, its case or correction is not decided, or it is not said yet what a
        visit to a customer found.
    :raises UnknownUsageInspection: there is none.
    :raises IllegalMove: a crew has it, or it is closed. :raises NotAllowed: the actor may not.
    """
    row = steps.lock(inspection_id)
    row.reason = rules.reason_of(reason, most=REASON_MOST)
    _check_settled(row)
    steps.close(row, at=timezone.now(), actor=actor)


def _check_settled(row: UsageInspection) -> None:
    is_disputed = row.state == UsageState.DISPUTED
    if row.state == UsageState.VISITED and row.agreement_id is not None:
        raise BadUsageInspection(
            "It is not said yet what the visit found.", advice="Say what it found, or that all is well."
        )
    if row.breach is not None and (is_disputed or row.breach.state not in {CaseState.AGREED, CaseState.CANCELLED}):
        raise BadUsageInspection(
            "Its case of breach is not decided.", advice="Agree to it, drop it, or cancel it with a second person."
        )
    if row.correction_id is not None and row.state in {UsageState.FOUND, UsageState.DISPUTED}:
        state = made_corrections.one(correction_id=row.correction_id).card.state
        if state in IN_FORCE and (is_disputed or state is not CorrectionState.APPLIED):
            raise BadUsageInspection(
                "Its correction is not decided.", advice="Apply it, or undo it where the customer is right."
            )


_OPEN = """
    INSERT INTO contracts_usageinspection (service_point_id, agreement_id, state, finding, dispute, reason, opened_at)
    SELECT one.point, g.id, 'suspected', '', '', '', %s
    FROM (SELECT DISTINCT ON (point) point, day FROM unnest(%s::bigint[], %s::date[]) AS x (point, day)
          ORDER BY point, day DESC) AS one
    LEFT JOIN contracts_serviceagreement g ON g.service_point_id = one.point AND g.period @> one.day
    ORDER BY one.point ON CONFLICT DO NOTHING RETURNING id
"""
_LOCK = """
    SELECT service_point_id, id FROM contracts_usageinspection
    WHERE service_point_id = ANY(%s::bigint[]) AND state = ANY(%s) ORDER BY id FOR UPDATE
"""
_SUSPECT = """
    INSERT INTO contracts_usagesuspicion (inspection_id, source, alarm_id, words, reference, at, actor_id, actor_name)
    SELECT one.home, one.source, one.alarm, one.words, one.reference, %s, %s::bigint, %s
    FROM unnest(%s::bigint[], %s::text[], %s::bigint[], %s::text[], %s::text[])
         AS one (home, source, alarm, words, reference)
    ON CONFLICT DO NOTHING
"""
