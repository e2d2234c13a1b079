"""
Work queues: deadlines that run or have passed, the one that ends first on top, and who has taken which.

Nothing is kept twice: a queue shows the deadlines themselves, so what is met or dropped is gone by itself, and what
waits for the customer's side is not there, unless it has passed. Which standards make a queue, and for whom, says
whoever shows it; this module knows no room.
"""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

from cis.kernel.actors import SYSTEM, Actor
from cis.kernel.deadlines import DeadlineNear, DeadlinePassed, Passing, Unit
from cis.kernel.errors import Refused
from cis.kernel.workflow import NotAllowed
from cis.platform import audit, concealed, db


class Urgency(StrEnum):
    """How much time is left: none, little by the warning of the standard, or enough."""

    LATE = "late"
    NEAR = "near"
    IN_TIME = "in_time"


class UnknownTask(Refused):
    """Nothing of this id waits in a queue: it was done meanwhile, or was never there."""

    code = "unknown_task"


class TaskTaken(Refused):
    """Somebody else has taken it."""

    code = "task_taken"


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """
    Which deadlines a queue shows.

    standards  keys of service standards, as the pack names them
    escalated  those that are late whatever their standard, too
    urgencies  these alone; empty: all
    takers     taken by one of these, 0 = by nobody; None: whoever has taken it
    hidden     what is kept from whoever looks (``concealed.hidden_from``)
    """

    standards: Sequence[str]
    escalated: bool = False
    urgencies: Sequence[Urgency] = ()
    takers: Sequence[int] | None = None
    hidden: Mapping[str, Collection[int]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """One deadline in a queue; ``taken_by_id`` None: nobody has taken it."""

    id: int
    subject: str
    subject_id: int
    standard: str
    urgency: Urgency
    started_at: datetime
    due_at: datetime
    taken_by_id: int | None
    taken_by: str


def listed(*, wanted: Wanted, at: datetime, offset: int = 0, most: int = 50) -> tuple[Task, ...]:
    """Return what is in a queue, what ends first on top; one statement."""
    rows = db.fetch(_LISTED, {**_params(wanted, at), "most": most, "offset": offset})
    return tuple(
        Task(
            id=row_id, subject=subject, subject_id=subject_id, standard=standard, urgency=Urgency(urgency),
            started_at=started_at, due_at=due_at, taken_by_id=taker_id, taken_by=taker,
        )
        for row_id, subject, subject_id, standard, urgency, started_at, due_at, taker_id, taker in rows
    )  # fmt: skip


def counts(*, wanted: Wanted, at: datetime) -> dict[Urgency, int]:
    """Return how many are late, near and in time; one statement."""
    rows = db.fetch(_COUNTED, _params(wanted, at))
    found = dict(rows)
    return {urgency: found.get(urgency.value, 0) for urgency in Urgency}


@dataclass(frozen=True, slots=True, kw_only=True)
class Urgent:
    """
    How many open deadlines of one standard are late or end soon, of those that one person has taken.

    taken_by_id  None: nobody has taken them
    first_due_at  the end that comes, or came, first
    """

    standard: str
    unit: Unit
    taken_by_id: int | None
    urgency: Urgency
    count: int
    first_due_at: datetime


def urgent(*, at: datetime, until_at: datetime) -> tuple[Urgent, ...]:
    """
    Return what is late, and what comes near or ends before an instant, counted by standard and taker.

    One statement beside those that say what is kept from anybody.

    What is counted in hours may end before anybody looks again, though its warning is still to come: so ``until_at``.
    What is kept from anybody at all is not counted: it has no place in a mail.
    """
    kinds, ids = concealed.columns(concealed.hidden_from(None))
    rows = db.fetch(_URGENT, {"at": at, "until": until_at, "kinds": kinds, "ids": ids})
    return tuple(
        Urgent(
            standard=standard, unit=Unit(unit), taken_by_id=taker_id, urgency=Urgency(urgency), count=count,
            first_due_at=first_due_at,
        )
        for standard, unit, taker_id, urgency, count, first_due_at in rows
    )  # fmt: skip


@db.opens_transaction
def take(
    *, deadline_id: int, standards: Collection[str], actor: Actor, at: datetime, from_others: bool = False
) -> None:
    """
    Say that somebody looks after a deadline; taken by the same person before: nothing changes.

    :param standards: on which the actor acts at all.
    :param from_others: take it over from whoever has it, as a supervisor may.
    :raises UnknownTask: it is not open.
    :raises NotAllowed: others act on this standard.
    :raises TaskTaken: somebody else has it.
    """
    subject, subject_id, standard, taker_id, taker = _lock(deadline_id, actor)
    if standard not in standards:
        raise NotAllowed(f"{actor.name} does not act on {standard}.", advice="Leave it to those whose queue it is.")
    if taker_id == actor.id:
        return
    if taker_id is not None and not from_others:
        raise TaskTaken(f"{taker} has taken it.", advice="Ask who has it, or let a supervisor take it over.")
    _set(deadline_id, actor.id, actor.name[:150], at)
    audit.record(actor, "take", subject, subject_id, standard=standard, **({"from": taker} if taker else {}))


@db.opens_transaction
def give_back(*, deadline_id: int, actor: Actor) -> None:
    """
    Let others take a deadline again.

    :raises UnknownTask: it is not open.
    :raises TaskTaken: the actor has not got it.
    """
    subject, subject_id, standard, taker_id, _taker = _lock(deadline_id, actor)
    if taker_id != actor.id:
        raise TaskTaken("You have not taken it.", advice="Look at the queue again.")
    _set(deadline_id, None, "", None)
    audit.record(actor, "give_back", subject, subject_id, standard=standard)


def note_near(near: DeadlineNear) -> None:
    """Note in the history of each case that a deadline comes near; the sweep tells of each once."""
    _note("warn", near.deadlines)


def note_passed(passed: DeadlinePassed) -> None:
    """Note in the history of each case that a deadline has passed and went to the supervisors; each once."""
    _note("escalate", passed.deadlines)


def _note(action: str, deadlines: Sequence[Passing]) -> None:
    found: dict[tuple[str, str], list[int]] = defaultdict(list)
    for one in deadlines:
        found[one.subject, one.standard].append(one.subject_id)
    for (subject, standard), ids in found.items():
        audit.record_many(SYSTEM, action, subject, ids, standard=standard)


def _lock(deadline_id: int, actor: Actor) -> tuple[str, int, str, int | None, str]:
    found = db.fetch(
        """
        SELECT subject, subject_id, standard, taken_by_id, taken_by FROM platform_deadline
        WHERE id = %s AND state IN ('running', 'stopped') FOR UPDATE
        """,
        [deadline_id],
    )
    if not found or found[0][1] in concealed.hidden_from(actor).get(found[0][0], ()):
        raise UnknownTask("It is done meanwhile.", advice="Look at the queue again.")
    subject, subject_id, standard, taker_id, taker = found[0]
    return subject, subject_id, standard, taker_id, taker


def _set(deadline_id: int, taker_id: int | None, taker: str, at: datetime | None) -> None:
    db.execute(
        "UPDATE platform_deadline SET taken_by_id = %s, taken_by = %s, taken_at = %s WHERE id = %s",
        [taker_id, taker, at, deadline_id],
    )


def _params(wanted: Wanted, at: datetime) -> dict[str, Any]:
    kinds, ids = concealed.columns(wanted.hidden)
    return {
        "kinds": kinds,
        "ids": ids,
        "at": at,
        "standards": list(wanted.standards),
        "escalated": wanted.escalated,
        "urgencies": [one.value for one in wanted.urgencies or Urgency],
        "takers": None if wanted.takers is None else list(wanted.takers),
    }


_TASKS = """
    SELECT *, CASE WHEN due_at <= %(at)s THEN 'late' WHEN warn_at <= %(at)s THEN 'near' ELSE 'in_time' END AS urgency
    FROM platform_deadline AS d WHERE state IN ('running', 'stopped') AND due_at IS NOT NULL AND NOT EXISTS (
        SELECT FROM unnest(%(kinds)s::text[], %(ids)s::bigint[]) AS h (kind, id)
        WHERE h.kind = d.subject AND h.id = d.subject_id)
"""
_URGENT = f"""
    SELECT standard, unit, taken_by_id, CASE urgency WHEN 'late' THEN 'late' ELSE 'near' END AS how, count(*),
        min(due_at)
    FROM ({_TASKS}) AS t WHERE urgency <> 'in_time' OR due_at <= %(until)s
    GROUP BY standard, unit, taken_by_id, how ORDER BY how, min(due_at), standard, taken_by_id
"""  # noqa: S608 (made of constants)
_WANTED = """
    (standard = ANY(%(standards)s) OR %(escalated)s AND urgency = 'late') AND urgency = ANY(%(urgencies)s)
    AND (%(takers)s::bigint[] IS NULL OR coalesce(taken_by_id, 0) = ANY(%(takers)s::bigint[]))
"""
_LISTED = f"""
    SELECT id, subject, subject_id, standard, urgency, started_at, due_at, taken_by_id, taken_by
    FROM ({_TASKS}) AS t WHERE {_WANTED} ORDER BY due_at, id LIMIT %(most)s OFFSET %(offset)s
"""  # noqa: S608 (made of constants)
_COUNTED = f"""
    SELECT urgency, count(*) FROM ({_TASKS}) AS t WHERE {_WANTED} GROUP BY urgency
"""  # noqa: S608 (made of constants)
