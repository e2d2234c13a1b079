"""Service plans for one customer: goals, measures, reviews, and one person who is responsible."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final

from django.utils import timezone

from accounts.domain.care_plans import STANDARD, PlanState
from accounts.models.care import CareMeasure, CarePlan
from accounts.queries import users
from accounts.queries.care_plans import UnknownCarePlan
from cis.kernel.actors import Actor, ActorKind
from cis.kernel.enums import Role
from cis.kernel.errors import Refused
from cis.kernel.workflow import NotAllowed
from cis.platform import audit, deadlines
from cis.platform.db import fetch, joins_transaction, opens_transaction

SUBJECT, WORK = "care_plan", "care_plan_reviews"
PLANNERS: Final[frozenset[Role]] = frozenset((Role.CLERK, Role.SUPERVISOR))
"""Who makes service plans and keeps them."""
TEXT_MOST, GOAL_MOST, MEASURES_MOST = 300, 2_000, 50


class BadCarePlan(Refused):
    """The plan cannot be as it is said: no goal, no measure, a review that is over."""

    code = "bad_care_plan"


class CarePlanOver(Refused):
    """The plan has ended."""

    code = "care_plan_over"


@dataclass(frozen=True, slots=True)
class NewMeasure:
    """One thing to be done; ``due_date`` None: until the plan ends."""

    text: str
    due_date: date | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class NewCarePlan:
    """A plan for one customer."""

    customer_id: int
    title: str
    goal: str
    responsible_id: int
    review_date: date
    measures: Sequence[NewMeasure]


@opens_transaction
def make(*, new: NewCarePlan, today: date, actor: Actor) -> int:
    """
    Make a plan; return its id.

    :raises NotAllowed: the actor makes none. :raises UnknownUser: the responsible person is no staff.
    :raises BadCarePlan: title, goal or measures are missing, or the review is not to come.
    """
    _check_actor(actor)
    if not new.title.strip() or not new.goal.strip():
        raise BadCarePlan("Title or goal is missing.", advice="Say what is to be better.", field="goal")
    if not new.measures or len(new.measures) > MEASURES_MOST:
        raise BadCarePlan("A plan has 1 to 50 measures.", advice="Say what is done for it.", field="measures")
    _check_review(new.review_date, today)
    person = users.one_of_staff(user_id=new.responsible_id)
    row = CarePlan.objects.create(
        customer_id=new.customer_id, title=new.title.strip()[:120], goal=new.goal.strip()[:GOAL_MOST],
        responsible_id=person.id, responsible_name=(person.name or person.username)[:150], start_date=today,
        review_date=new.review_date, actor_id=actor.id, actor_name=actor.name[:150],
    )  # fmt: skip
    CareMeasure.objects.bulk_create(
        CareMeasure(plan=row, text=one.text.strip()[:TEXT_MOST], due_date=one.due_date) for one in new.measures
    )
    audit.record(actor, "make", SUBJECT, row.id, review_date=new.review_date)
    audit.record(actor, "plan_care", "customer", new.customer_id)
    return row.id


@opens_transaction
def add_measure(*, plan_id: int, new: NewMeasure, actor: Actor) -> None:
    """
    Add one thing that is done for the goal.

    :raises UnknownCarePlan, CarePlanOver, NotAllowed: as they say. :raises BadCarePlan: it says nothing.
    """
    row = _lock(plan_id, actor)
    if not new.text.strip():
        raise BadCarePlan("The measure says nothing.", field="text")
    CareMeasure.objects.create(plan=row, text=new.text.strip()[:TEXT_MOST], due_date=new.due_date)
    audit.record(actor, "add_measure", SUBJECT, row.id)


@opens_transaction
def finish_measure(*, plan_id: int, measure_id: int, result: str, today: date, actor: Actor) -> None:
    """
    Note that a measure was done, and what came of it. One that is done stays as it is.

    :raises UnknownCarePlan, CarePlanOver, NotAllowed: as they say.
    """
    row = _lock(plan_id, actor)
    found = CareMeasure.objects.filter(plan=row, id=measure_id, done_date=None)
    if found.update(done_date=today, result=result.strip()[:TEXT_MOST], actor_name=actor.name[:150]):
        audit.record(actor, "finish_measure", SUBJECT, row.id)


@opens_transaction
def review(*, plan_id: int, note: str, next_date: date, at: datetime, actor: Actor) -> None:
    """
    Note that a plan was looked at, and when it is looked at again.

    :raises UnknownCarePlan, CarePlanOver, NotAllowed: as they say. :raises BadCarePlan: nothing is noted, or the day
        is not to come.
    """
    row = _lock(plan_id, actor, also=ActorKind.CLIENT)
    if not note.strip():
        raise BadCarePlan("Nothing is noted.", advice="Say how it stands.", field="note")
    _check_review(next_date, timezone.localdate(at))
    row.review_date, row.is_asked = next_date, False
    row.save(update_fields=["review_date", "is_asked"])
    deadlines.meet(subject=SUBJECT, subject_id=row.id, at=at)
    audit.record(actor, "review", SUBJECT, row.id, reason=note.strip()[:TEXT_MOST], review_date=next_date)


@opens_transaction
def end(*, plan_id: int, state: PlanState, note: str, at: datetime, actor: Actor) -> None:
    """
    End a plan: its goal is reached, or given up.

    :raises UnknownCarePlan, CarePlanOver, NotAllowed: as they say. :raises BadCarePlan: nobody says why.
    """
    row = _lock(plan_id, actor)
    if state is PlanState.RUNNING or not note.strip():
        raise BadCarePlan("Say how it ended.", field="note")
    row.state, row.ended_date, row.end_note = state.value, timezone.localdate(at), note.strip()[:TEXT_MOST]
    row.save(update_fields=["state", "ended_date", "end_note"])
    deadlines.drop(subject=SUBJECT, subject_id=row.id, at=at)
    audit.record(actor, "end", SUBJECT, row.id, reason=row.end_note)


_DUE = """
    UPDATE accounts_careplan SET is_asked = true
    WHERE state = 'running' AND NOT is_asked AND review_date <= %s RETURNING id
"""


def night(at: datetime) -> None:
    """Ask for reviews; each night."""
    ask(at=at)


@opens_transaction
def ask(*, at: datetime) -> int:
    """Make tasks of plans whose review is due, each once; return how many. Two statements."""
    found = fetch(_DUE, [timezone.localdate(at)])
    if found:
        deadlines.start_many(subject=SUBJECT, subject_ids=[row[0] for row in found], standard=STANDARD, at=at)
    return len(found)


def _check_review(day: date, today: date) -> None:
    if day <= today:
        raise BadCarePlan("The review is not to come.", advice="Choose a later day.", field="review_date")


def _check_actor(actor: Actor, also: ActorKind | None = None) -> None:
    if not actor.roles & PLANNERS and actor.kind is not also:
        raise NotAllowed(f"{actor.name} keeps no service plans.", advice="Ask a clerk.")


@joins_transaction
def _lock(plan_id: int, actor: Actor, also: ActorKind | None = None) -> CarePlan:
    _check_actor(actor, also)
    row = CarePlan.objects.select_for_update().filter(id=plan_id).first()
    if row is None:
        raise UnknownCarePlan(f"There is no service plan {plan_id}.", plan_id=plan_id)
    if row.state != PlanState.RUNNING:
        raise CarePlanOver("The plan has ended.", advice="Make another one.")
    return row
