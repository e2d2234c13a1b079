"""An agent's list of a day against ours: what differs is listed, and a person decides what is right."""

import hashlib
from collections.abc import Collection
from dataclasses import dataclass
from datetime import date

from django.utils import timezone

from cashiering.domain import agents as domain
from cashiering.domain.agents import BadAgentList, Difference, DifferenceKind, Listed, Verdict
from cashiering.models.agent import Agent, AgentDay, AgentDifference, AgentLine, AgentPayment
from cashiering.operations import agents
from cashiering.operations.suspense import ReasonMissing
from cashiering.queries import payable, till_rules
from cashiering.queries.agents import NUMBERED, UnknownDifference, number_of
from cis.kernel.actors import Actor
from cis.kernel.errors import Refused
from cis.platform import audit, documents
from cis.platform.db import opens_transaction

BYTES_MOST = 5 * 2**20
MEDIA_TYPE = "text/csv"
CAME_LATER = "on a later list"


class DayDecided(Refused):
    """A person has decided on differences of this day already."""

    code = "agent_day_decided"


@dataclass(frozen=True, slots=True)
class ListTaken:
    """What became of a list; ``is_known``: the same file came before."""

    day_id: int
    differences: int
    is_known: bool


@opens_transaction
def take_list(*, agent_id: int, day: date, content: bytes, today: date, actor: Actor) -> ListTaken:
    """
    Compare an agent's list of a day with ours. A new list takes the place of an earlier one of the day.

    :raises UnknownAgent: there is none.
    :raises BadAgentList: it cannot be read, or its day is still to come.
    :raises DayDecided: a person has decided on a difference of the day already.
    """
    agent = agents.lock_step(agent_id=agent_id)
    if day > today or len(content) > BYTES_MOST:
        raise BadAgentList("The day is still to come, or the file is too large.", advice="Give one day alone.")
    sha256 = hashlib.sha256(content).hexdigest()
    earlier = AgentDay.objects.filter(agent=agent, day=day).first()
    if earlier is not None and earlier.sha256 == sha256:
        return ListTaken(earlier.id, earlier.differences.count(), is_known=True)
    theirs = domain.read_list(content, places=till_rules.decimals(today))
    if earlier is not None:
        _drop(earlier)
    kept = AgentDay.objects.create(
        agent=agent,
        day=day,
        sha256=sha256,
        document_id=documents.keep(content, name=f"{agent.code}-{day}.csv", media_type=MEDIA_TYPE, actor=actor),
        line_count=len(theirs),
        total_minor=sum(one.amount_minor for one in theirs),
        actor_id=actor.id,
    )
    AgentLine.objects.bulk_create(
        AgentLine(day=kept, reference=one.reference, account_number=one.account_number, amount_minor=one.amount_minor)
        for one in theirs
    )
    _settle_earlier(agent, kept, [one.reference for one in theirs])
    found = _compare(agent, kept, theirs)
    AgentDifference.objects.bulk_create(_row(kept, one) for one in found)
    audit.record(actor, "take_list", "agent", agent_id, day=str(day), lines=len(theirs), differences=len(found))
    return ListTaken(kept.id, len(found), is_known=False)


@opens_transaction
def decide(*, difference_id: int, verdict: Verdict, reason: str, today: date, actor: Actor) -> None:
    """
    Decide where the lists differ: THEIRS books or takes back, OURS leaves all as it is.

    The agent's limit does not matter here: the money was taken already.

    :raises UnknownDifference: there is none, or it is decided.
    :raises ReasonMissing: it is not said why.
    :raises UnknownAccount: the account on the agent's list does not exist.
    :raises CancelTooLate: what is to be taken back was handed over.
    """
    agent_id = AgentDifference.objects.filter(id=difference_id).values_list("day__agent_id", flat=True).first()
    if agent_id is None:
        raise UnknownDifference(f"There is no difference {difference_id}.")
    agent = agents.lock_step(agent_id=agent_id)
    row = AgentDifference.objects.select_for_update(of=("self",)).select_related("day").get(id=difference_id)
    if row.decided_at is not None or verdict is Verdict.CAME:
        raise UnknownDifference(f"Difference {difference_id} is decided.")
    if not reason.strip():
        raise ReasonMissing("It must be said why.", advice="Write a few words.", field="reason")
    if verdict is Verdict.THEIRS:
        _take_theirs(agent, row, reason, today, actor)
    row.verdict, row.reason = verdict.value, reason.strip()[: agents.REASON_MOST]
    row.decided_at, row.actor_id = timezone.now(), actor.id
    row.save(update_fields=["verdict", "reason", "decided_at", "actor_id"])
    audit.record(actor, "decide", "agent_difference", difference_id, verdict=verdict.value, reason=reason)


def _take_theirs(agent: Agent, row: AgentDifference, reason: str, today: date, actor: Actor) -> None:
    """Let ours be as theirs, by what ours is now: a message of the agent may have come after its list."""
    found = AgentPayment.objects.filter(agent=agent, reference=row.reference, cancelled_at=None)
    ours = found.select_related(*NUMBERED).first()
    is_theirs = row.kind != DifferenceKind.MISSING_THERE
    theirs = Listed(row.reference, row.their_account_number, row.their_minor or 0)
    if ours is not None and is_theirs and _listed(ours) == theirs:
        return
    if ours is not None:
        agents.cancel_step(agent=agent, row=ours, reason=reason, today=today, actor=actor)
    if is_theirs:
        agents.book_step(
            agent=agent,
            payable=payable.of_number(theirs.account_number),
            amount_minor=theirs.amount_minor,
            reference=row.reference,
            taken_date=row.day.day,
            today=today,
            actor=actor,
        )


def _drop(earlier: AgentDay) -> None:
    if earlier.differences.exclude(verdict__in=["", Verdict.CAME.value]).exists():
        raise DayDecided("Somebody has decided on this day already.", advice="Decide on what is left.")
    earlier.differences.all().delete()
    earlier.delete()


def _settle_earlier(agent: Agent, kept: AgentDay, references: Collection[str]) -> None:
    """Close differences of other days that this list explains: their clock was past midnight when ours was not."""
    AgentDifference.objects.filter(
        day__agent=agent, kind=DifferenceKind.MISSING_THERE.value, reference__in=references, decided_at=None
    ).exclude(day=kept).update(verdict=Verdict.CAME.value, reason=CAME_LATER, decided_at=timezone.now())


def _compare(agent: Agent, kept: AgentDay, theirs: Collection[Listed]) -> tuple[Difference, ...]:
    """Compare with ours; three statements."""
    ours = AgentPayment.objects.filter(agent=agent, cancelled_at=None).select_related(*NUMBERED)
    of_day = {one.reference: one for one in map(_listed, ours.filter(taken_date=kept.day))}
    known = {one.reference: one for one in map(_listed, ours.filter(reference__in=[t.reference for t in theirs]))}
    elsewhere = AgentLine.objects.filter(day__agent=agent, reference__in=list(of_day)).exclude(day=kept)
    return domain.compare(
        theirs=list(theirs), ours_of_day=of_day, ours_known=known,
        listed_elsewhere=frozenset(elsewhere.values_list("reference", flat=True)),
    )  # fmt: skip


def _listed(row: AgentPayment) -> Listed:
    return Listed(row.reference, number_of(row), row.amount_minor)


def _row(kept: AgentDay, one: Difference) -> AgentDifference:
    return AgentDifference(
        day=kept,
        kind=one.kind.value,
        reference=one.reference,
        our_account_number=one.ours.account_number if one.ours else "",
        our_minor=one.ours.amount_minor if one.ours else None,
        their_account_number=one.theirs.account_number if one.theirs else "",
        their_minor=one.theirs.amount_minor if one.theirs else None,
    )
