"""
Follow-up visits: planned after an event by the rules of the place or by hand, assigned and made; then the customer is
asked once how likely it is that they would recommend us (``surveys``).
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final, Protocol

import structlog
from django.utils import timezone

from accounts.domain.surveys import SurveyEvent
from accounts.domain.visits import STANDARD, NextStep, Outcome, VisitPlan, VisitState, Way, plan_for
from accounts.models.account import AccountHolder
from accounts.models.care import CustomerSegment, FollowUpVisit
from accounts.operations import surveys
from accounts.operations.surveys import Source
from accounts.queries import care_rules, users
from accounts.queries.accounts import UnknownAccount
from accounts.queries.visits import UnknownVisit
from cis.kernel.actors import SYSTEM, Actor, ActorKind
from cis.kernel.enums import Role
from cis.kernel.errors import Refused
from cis.kernel.workflow import NotAllowed
from cis.platform import audit, deadlines
from cis.platform.db import fetch, joins_transaction, opens_transaction

SUBJECT, WORK = "visit", "follow_up_visits"
BY_HAND: Final = "by_hand"
NOTE_MOST = 2_000
TRIES_BY_HAND: Final = 3
VISITORS: Final[frozenset[Role]] = frozenset((Role.CLERK, Role.FIELD, Role.METERING, Role.SUPERVISOR))
"""Who makes visits."""
PLANNERS: Final[frozenset[Role | ActorKind]] = frozenset((Role.CLERK, Role.SUPERVISOR, ActorKind.SYSTEM))
log = structlog.get_logger(__name__)


class BadVisit(Refused):
    """The visit cannot be as it is said: no reason, no result, a day that is over."""

    code = "bad_visit"


class VisitOver(Refused):
    """The visit was made, or is not wanted any more."""

    code = "visit_over"


@dataclass(frozen=True, slots=True, kw_only=True)
class NewVisit:
    """A visit that somebody plans by hand."""

    account_id: int
    reason: str
    way: Way
    start_date: date
    due_date: date
    place_id: int | None = None
    key: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """What came of a visit; ``next_date``: when it is made again, where it is."""

    outcome: Outcome
    note: str
    next_step: NextStep = NextStep.NONE
    next_date: date | None = None


class Order(Protocol):
    """Orders a crew to the place of a visit."""

    def __call__(self, *, visit_id: int, place_id: int, reason: str, due_date: date) -> int:
        """Return the id of the work order."""
        ...


@dataclass(slots=True)
class _Bound:
    order: Order | None = None
    withdraw: Callable[[int], None] | None = None


_bound = _Bound()


def order_by(*, order: Order, withdraw: Callable[[int], None]) -> None:
    """Bind who sends crews to places, and calls them back; for ``cis.wiring`` only."""
    _bound.order, _bound.withdraw = order, withdraw


@joins_transaction
def plan_step(*, event: str, source_id: int, account_id: int, day: date, place_id: int | None = None) -> int | None:
    """
    Plan the visit that the rules want after an event; the same event again plans nothing new.

    :param source_id: the case that it comes of.
    :returns: id of the visit; None: none is wanted, or it is planned already.
    """
    plans = care_rules.visit_plans(at=day)
    if not any(plan.event == event for plan in plans.values()):
        return None
    holder = AccountHolder.objects.filter(account_id=account_id, period__contains=day).first()
    if holder is None:
        return None
    segment = _segment(holder.customer_id)
    plan = plan_for(event=event, segment=segment, plans=plans.values())
    if plan is None:
        return None
    start_date, due_date = plan.days(day)
    row, is_new = FollowUpVisit.objects.get_or_create(
        key=f"{event}:{source_id}",
        defaults={
            "customer_id": holder.customer_id, "account_id": account_id, "plan": plan.code, "way": plan.way.value,
            "segment": segment, "start_date": start_date, "due_date": due_date, "place_id": place_id,
            "actor_name": SYSTEM.name,
        },
    )  # fmt: skip
    if is_new:
        audit.record(SYSTEM, "plan", SUBJECT, row.id, due_date=due_date)
    return row.id if is_new else None


@opens_transaction
def plan(*, new: NewVisit, today: date, actor: Actor) -> int:
    """
    Plan a visit by hand; the same key twice is one.

    :raises NotAllowed: the actor plans none. :raises UnknownAccount: nobody holds the account.
    :raises BadVisit: no reason, a day that is over, or no place to go to.
    """
    if not actor.is_one_of(PLANNERS):
        raise NotAllowed(f"{actor.name} may not plan visits.", advice="Ask a clerk.")
    if not new.reason.strip():
        raise BadVisit("No reason is given.", advice="Say what it is about.", field="reason")
    if new.start_date < today or new.due_date < new.start_date:
        raise BadVisit("The days are over, or in the wrong order.", field="due_date")
    if new.way is Way.SITE and new.place_id is None:
        raise BadVisit("There is no place to go to.", advice="Call instead.", field="way")
    holder = AccountHolder.objects.filter(account_id=new.account_id, period__contains=today).first()
    if holder is None:
        raise UnknownAccount(f"Nobody holds account {new.account_id}.", account_id=new.account_id)
    row, is_new = FollowUpVisit.objects.get_or_create(
        key=new.key,
        defaults={
            "customer_id": holder.customer_id, "account_id": new.account_id, "plan": BY_HAND,
            "reason": new.reason.strip()[:200], "way": new.way.value, "segment": _segment(holder.customer_id),
            "start_date": new.start_date, "due_date": new.due_date, "place_id": new.place_id, "actor_id": actor.id,
            "actor_name": actor.name[:150],
        },
    )  # fmt: skip
    if is_new:
        _send_crew(row)
        audit.record(actor, "plan", SUBJECT, row.id, due_date=new.due_date)
    return row.id


@opens_transaction
def assign(*, visit_id: int, user_id: int | None, actor: Actor) -> None:
    """
    Give a visit to a member of staff; None: to nobody.

    :raises UnknownVisit, VisitOver: as they say. :raises NotAllowed: the actor plans none.
    :raises UnknownUser: it is nobody of the staff.
    """
    row = _lock(visit_id)
    if not actor.is_one_of(PLANNERS) and user_id != actor.id:
        raise NotAllowed(f"{actor.name} may not assign visits.", advice="Ask a clerk.")
    name = ""
    if user_id is not None:
        found = users.one_of_staff(user_id=user_id)
        name = found.name or found.username
    row.assignee_id, row.assignee_name = user_id, name[:150]
    row.save(update_fields=["assignee_id", "assignee_name"])
    audit.record(actor, "assign", SUBJECT, row.id, name=name)


@opens_transaction
def finish(*, visit_id: int, result: Result, at: datetime, actor: Actor) -> bool:
    """
    Keep what came of a visit. Whom nobody reached is called again, as often as the plan says.

    The customer is asked how it was by a link that needs no login; a visit again is planned.

    :returns: False: nobody was reached, and it is tried again.
    :raises UnknownVisit, VisitOver: as they say. :raises NotAllowed: the actor makes none.
    :raises BadVisit: a note or the day of the next one is missing.
    """
    row, today = _lock(visit_id), timezone.localdate(at)
    if not actor.roles & VISITORS and actor.kind is not ActorKind.CLIENT:
        raise NotAllowed(f"{actor.name} makes no visits.", advice="Ask a clerk.")
    if result.outcome in {Outcome.WISH, Outcome.PROBLEM} and not result.note.strip():
        raise BadVisit("Nobody says what the customer wants.", advice="Write it down.", field="note")
    if result.next_step is NextStep.AGAIN and (result.next_date is None or result.next_date < today):
        raise BadVisit("When is it made again?", advice="Choose a day to come.", field="next_date")
    if result.outcome is Outcome.NOT_REACHED:
        row.tries += 1
        if row.tries < _tries(row, today):
            row.save(update_fields=["tries"])
            audit.record(actor, "not_reached", SUBJECT, row.id)
            return False
    row.state, row.outcome, row.note = VisitState.DONE.value, result.outcome.value, result.note.strip()[:NOTE_MOST]
    row.next_step, row.done_date = result.next_step.value, today
    if row.assignee_id is None:
        row.assignee_id = actor.id if actor.kind is ActorKind.STAFF else None
        row.assignee_name = actor.name[:150]
    if result.outcome is not Outcome.NOT_REACHED:
        source = Source(
            source_id=row.id, account_id=row.account_id, customer_id=row.customer_id, visit_id=row.id
        )  # fmt: skip
        surveys.plan_step(event=SurveyEvent.VISIT_DONE, sources=[source], at=at)
    row.save()
    _call_back(row)
    deadlines.meet(subject=SUBJECT, subject_id=row.id, at=at)
    if result.next_step is NextStep.AGAIN:
        assert result.next_date is not None
        _again(row, result.next_date, actor)
    audit.record(actor, "finish", SUBJECT, row.id, outcome=result.outcome)
    return True


@opens_transaction
def drop(*, visit_id: int, reason: str, at: datetime, actor: Actor) -> None:
    """
    Let go of a visit that is not wanted any more; a crew that has not begun is called back.

    :raises UnknownVisit, VisitOver: as they say. :raises NotAllowed: the actor plans none.
    :raises BadVisit: nobody says why.
    """
    row = _lock(visit_id)
    if not actor.is_one_of(PLANNERS):
        raise NotAllowed(f"{actor.name} may not drop visits.", advice="Ask a clerk.")
    if not reason.strip():
        raise BadVisit("A reason is needed.", field="reason")
    row.state, row.note = VisitState.DROPPED.value, reason.strip()[:NOTE_MOST]
    row.save(update_fields=["state", "note"])
    _call_back(row)
    deadlines.drop(subject=SUBJECT, subject_id=row.id, at=at)
    audit.record(actor, "drop", SUBJECT, row.id, reason=reason)


@joins_transaction
def crew_done_step(*, visit_id: int) -> None:
    """Note that the crew was there: whoever asked for it enters what the customer said."""
    audit.record(SYSTEM, "crew_done", SUBJECT, visit_id)


@joins_transaction
def crew_cancelled_step(*, visit_id: int) -> None:
    """Note that no crew goes; the visit stays open, to be made by telephone or dropped."""
    FollowUpVisit.objects.filter(id=visit_id).update(work_order_id=None, way=Way.PHONE.value)
    audit.record(SYSTEM, "crew_cancelled", SUBJECT, visit_id)


_LATE = """
    UPDATE accounts_followupvisit SET is_asked = true
    WHERE state = 'open' AND due_date < %s AND NOT is_asked RETURNING id
"""


def night(at: datetime) -> None:
    """Make tasks of visits that are late, and send crews where they are to go."""
    late(at=at)
    send_crews(today=timezone.localdate(at))


@opens_transaction
def late(*, at: datetime) -> int:
    """Make tasks of visits whose last day is over, each once; return how many. Three statements."""
    found = fetch(_LATE, [timezone.localdate(at)])
    if found:
        deadlines.start_many(subject=SUBJECT, subject_ids=[row[0] for row in found], standard=STANDARD, at=at)
    return len(found)


def send_crews(*, today: date) -> int:
    """Order crews for visits at the place that may be made now; one that is refused is tried again. Return how many."""
    rows = FollowUpVisit.objects.filter(
        state=VisitState.OPEN.value, way=Way.SITE.value, work_order_id=None, start_date__lte=today
    ).exclude(place_id=None)
    sent = 0
    for visit_id in rows.order_by("id").values_list("id", flat=True):
        try:
            sent += _send(visit_id)
        except Refused as refusal:  # it was made meanwhile, or a crew works there already
            log.warning("no_crew_for_visit", visit=visit_id, code=refusal.code)
    return sent


@opens_transaction
def _send(visit_id: int) -> int:
    return int(_send_crew(_lock(visit_id)))


@joins_transaction
def _send_crew(row: FollowUpVisit) -> bool:
    is_now = row.start_date <= timezone.localdate()
    if row.way != Way.SITE or row.place_id is None or row.work_order_id or _bound.order is None or not is_now:
        return False
    row.work_order_id = _bound.order(
        visit_id=row.id, place_id=row.place_id, reason=row.reason, due_date=max(row.due_date, timezone.localdate())
    )
    row.save(update_fields=["work_order_id"])
    return True


@joins_transaction
def _call_back(row: FollowUpVisit) -> None:
    if row.work_order_id is not None and _bound.withdraw is not None:
        _bound.withdraw(row.id)


@joins_transaction
def _again(row: FollowUpVisit, day: date, actor: Actor) -> None:
    made = FollowUpVisit.objects.create(
        customer_id=row.customer_id, account_id=row.account_id, plan=row.plan, reason=row.reason, way=row.way,
        segment=row.segment, start_date=day, due_date=day, place_id=row.place_id, assignee_id=row.assignee_id,
        assignee_name=row.assignee_name, key=f"again:{row.id}", follows=row, actor_id=actor.id,
        actor_name=actor.name[:150],
    )  # fmt: skip
    audit.record(actor, "plan", SUBJECT, made.id, due_date=day)


def _tries(row: FollowUpVisit, today: date) -> int:
    found: VisitPlan | None = care_rules.visit_plans(at=today).get(row.plan)
    return found.tries if found else TRIES_BY_HAND


def _segment(customer_id: int) -> str:
    return CustomerSegment.objects.filter(customer_id=customer_id).values_list("segment", flat=True).first() or ""


def _lock(visit_id: int) -> FollowUpVisit:
    row = FollowUpVisit.objects.select_for_update().filter(id=visit_id).first()
    if row is None:
        raise UnknownVisit(f"There is no visit {visit_id}.", visit_id=visit_id)
    if row.state != VisitState.OPEN:
        raise VisitOver("It was made, or is not wanted any more.", advice="Plan another one.")
    return row
