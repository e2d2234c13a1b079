"""
What one person does alone up to a limit, and a second one decides above it: the same for every kind of it.

A kind brings its table, its refusals, and its own steps. A program that acts by its key is a person here, who does
nothing alone: what it proposes waits for somebody else, a person or another program.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, Generic, TypeVar

from django.db.models import Sum
from django.db.models.functions import Abs

from billing.domain.adjustments import DECIDERS, AdjustmentState, Limits
from billing.models.second_person import Decision
from billing.operations import ledger
from cis.kernel.actors import Actor, ActorKind
from cis.kernel.errors import Refused
from cis.kernel.workflow import NotAllowed
from cis.platform import audit, db
from cis.platform.db import joins_transaction

Row = TypeVar("Row", bound=Decision)
REASON_MOST = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind(Generic[Row]):
    """
    One kind of what two persons decide.

    name      of it, as audit and sentences have it; ``verb``: how the audit names that it was made
    accounts  columns of the accounts whose books it moves
    subject   what the audit keeps it under, and the column of its id; None: the first of the accounts
    check     refuses what cannot be made (any more), under the lock of the accounts
    make      posts it and fills in what came of it; ``undo`` posts the other way round, where somebody can say so
    """

    model: type[Row]
    name: str
    verb: str
    accounts: tuple[str, ...]
    unknown: type[Refused]
    own: type[Refused]
    bad: type[Refused]
    check: Callable[[Row, date], None]
    make: Callable[[Row, date, Actor], None]
    undo: Callable[[Row, str, date, Actor], None] | None = None
    subject: tuple[str, str] | None = None

    @property
    def about(self) -> tuple[str, str]:
        """Return what the audit keeps it under, and the column of its id."""
        return self.subject or ("account", self.accounts[0])

    @property
    def words(self) -> str:
        """Return the name as a sentence has it."""
        return self.name.replace("_", " ")

    @property
    def any_one(self) -> str:
        """Return the name with its article."""
        return f"{'an' if self.name[0] in 'aeiou' else 'a'} {self.words}"


def person_of(actor: Actor) -> int:
    """
    Return who an actor is among those of whom two decide: a user's id, below 0 that of a program.

    :raises NotAllowed: it is nobody: the system does not decide.
    """
    if actor.person_id is None:
        raise NotAllowed(f"{actor.name} decides nothing.", advice="Ask a person.")
    return actor.person_id


def check_decider(actor: Actor, what: str) -> None:
    """
    Refuse who may not decide as the second person; a program may where its key says so.

    :raises NotAllowed: the actor neither bills nor supervises.
    """
    if actor.id is None or not (actor.is_one_of(DECIDERS) or actor.kind is ActorKind.CLIENT):
        raise NotAllowed(f"{actor.name} may not decide on {what}.", advice="Ask billing or a supervisor.")


@joins_transaction
def propose_step(kind: Kind[Row], row: Row, *, limits: Limits, today: date, actor: Actor) -> int:
    """
    Make a row that is not saved yet; above what the actor's roles do alone it waits for a second person.

    :returns: id of the row, or of the one that has its key.
    :raises NotAllowed: nobody of these roles may do it.
    :raises Refused: ``check`` says why.
    """
    row.proposer_id = person_of(actor)
    # One after the other for each person, so that no two slip under the sum of a day together.
    db.fetch("SELECT pg_advisory_xact_lock(hashtext(%s))", [f"{kind.name} by {row.proposer_id}"])
    ledger.lock_customers(account_ids=_accounts(kind, row))
    known = kind.model.objects.filter(key=row.key).first()
    if known is not None:
        return int(known.id)
    kind.check(row, today)
    amount_minor: int = _of(row, "amount_minor")
    is_for_two = _needs_two(kind, row, limits, amount_minor, today, actor)
    if is_for_two is None:
        raise NotAllowed(f"{actor.name} may not propose {kind.any_one}.", advice="Ask a clerk or billing.")
    row.is_for_two = is_for_two
    row.save()
    told = {"amount_minor": amount_minor, "is_for_two": is_for_two}
    _record(kind, row, f"propose_{kind.name}", actor, told)
    if not is_for_two:
        _make(kind, row, today, actor)
    return int(row.pk)


@joins_transaction
def decide_step(kind: Kind[Row], row_id: int, *, is_agreed: bool, today: date, actor: Actor) -> Row:
    """
    Agree to what was proposed, or drop it; return the row.

    :raises Refused: there is none that waits (``unknown``), it is the actor's own (``own``), or ``check`` says why.
    :raises NotAllowed: the actor may not decide.
    """
    check_decider(actor, kind.any_one)
    return decided_step(kind, row_id, is_agreed=is_agreed, today=today, actor=actor)


@joins_transaction
def decided_step(kind: Kind[Row], row_id: int, *, is_agreed: bool, today: date, actor: Actor) -> Row:
    """Do what somebody decided who was asked before whether he may, as of a whole batch; see ``decide_step``."""
    row = _locked(kind, row_id, AdjustmentState.PROPOSED)
    if is_agreed and row.proposer_id == person_of(actor):
        raise kind.own(f"Who proposed {kind.any_one} does not agree to it.", advice="Ask somebody else of billing.")
    row.decider_id = person_of(actor)
    if is_agreed:
        kind.check(row, today)
        _make(kind, row, today, actor)
        return row
    row.state = AdjustmentState.DROPPED.value
    row.save(update_fields=["state", "decider_id"])
    _record(kind, row, f"drop_{kind.name}", actor, {})
    return row


@joins_transaction
def reverse_step(kind: Kind[Row], row_id: int, *, reason: str, today: date, actor: Actor) -> Row:
    """
    Take back what was made; what two persons made is not taken back by the one alone who proposed it.

    :raises Refused: there is none that was made (``unknown``), it is the actor's own (``own``), no reason (``bad``).
    :raises NotAllowed: the actor may not decide.
    """
    check_decider(actor, kind.any_one)
    row = _locked(kind, row_id, AdjustmentState.MADE)
    if row.is_for_two and row.proposer_id == person_of(actor):
        raise kind.own("Who proposed it does not take it back alone.", advice="Ask somebody else of billing.")
    if not reason.strip():
        raise kind.bad("A reason is needed.", advice="Say why it is taken back.", field="reason")
    assert kind.undo is not None, f"nobody takes {kind.any_one} back"
    kind.undo(row, reason, today, actor)
    row.state, row.reverser_id = AdjustmentState.REVERSED.value, person_of(actor)
    row.reverse_reason = reason.strip()[:REASON_MOST]
    row.save()
    _record(kind, row, f"reverse_{kind.name}", actor, {"reason": reason})
    return row


@joins_transaction
def _make(kind: Kind[Row], row: Row, today: date, actor: Actor) -> None:
    kind.make(row, today, actor)
    row.state, row.made_date = AdjustmentState.MADE.value, today
    row.save()
    _record(kind, row, kind.verb, actor, {"amount_minor": _of(row, "amount_minor")})


def _needs_two(kind: Kind[Row], row: Row, limits: Limits, amount_minor: int, today: date, actor: Actor) -> bool | None:
    if actor.kind is ActorKind.CLIENT:
        return True
    alone = kind.model.objects.filter(proposer_id=row.proposer_id, is_for_two=False, made_date=today)
    # What was taken back counts too.
    alone_minor = alone.aggregate(sum=Sum(Abs("amount_minor")))["sum"] or 0
    return limits.needs_two(roles=actor.roles, amount_minor=amount_minor, today_minor=alone_minor)


@joins_transaction
def _locked(kind: Kind[Row], row_id: int, state: AdjustmentState) -> Row:
    """Lock the books of the customers, as all that moves them does first, then the row."""
    found = kind.model.objects.filter(id=row_id).values_list("id", *kind.accounts).first()
    if found is not None:
        ledger.lock_customers(account_ids=list(found[1:]))
    row: Row | None = kind.model.objects.select_for_update(of=("self",)).filter(id=row_id, state=state.value).first()
    if row is None:
        raise kind.unknown(f"There is no {kind.words} {row_id} that is {state}.")
    return row


def _accounts(kind: Kind[Row], row: Row) -> list[int]:
    return [_of(row, column) for column in kind.accounts]


def _record(kind: Kind[Row], row: Row, action: str, actor: Actor, told: Mapping[str, Any]) -> None:
    subject, column = kind.about
    audit.record(actor, action, subject, _of(row, column), **{kind.name: row.pk}, **told)


def _of(row: Row, column: str) -> int:
    return int(getattr(row, column))
