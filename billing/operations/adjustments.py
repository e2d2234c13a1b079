"""
Adjustments: an amount that is owed or credited for a reason of the place, by a note of its own.

Alone up to the limit of a role, at once and in one day; above it a second person decides. Taken back by a credit note.
"""

from dataclasses import dataclass
from datetime import date

from django.db.models import Sum
from django.db.models.functions import Abs

from billing.domain.adjustments import DECIDERS, AdjustmentState
from billing.models.adjustment import Adjustment
from billing.models.bill import BillKind
from billing.operations import ledger, notes
from billing.queries import adjustment_rules
from billing.queries.adjustments import UnknownAdjustment
from cis.kernel.actors import Actor
from cis.kernel.errors import Refused
from cis.kernel.workflow import NotAllowed
from cis.platform import audit, db
from cis.platform.db import joins_transaction, opens_transaction
from contracts.domain.charge_kinds import ChargeKind
from contracts.operations import signed_charges

SUBJECT = "adjustment"
TEXT_MOST = 200
AMOUNT_MOST_MINOR = 10**12


class BadAdjustment(Refused):
    """The adjustment cannot be what is meant: no amount, no text, a reason for the other side."""

    code = "bad_adjustment"


class OwnAdjustment(Refused):
    """Who proposed it does not agree to it."""

    code = "own_adjustment"


@dataclass(frozen=True, slots=True, kw_only=True)
class NewAdjustment:
    """
    An amount to be adjusted. [minor unit]

    amount_minor  above 0: owed, below 0: credited; with its tax
    reason        code of the pack rule ``adjustments``
    text          what it is for, as the note prints it
    key           the same key twice is one adjustment
    """

    account_id: int
    amount_minor: int
    reason: str
    text: str
    key: str


@opens_transaction
def propose(*, new: NewAdjustment, today: date, actor: Actor) -> int:
    """
    Adjust an account; above what the actor's role does alone it is proposed, and a second person decides.

    :returns: id of the adjustment.
    :raises NotAllowed: the actor may not adjust.
    :raises BadAdjustment, MissingRule: as they say.
    """
    rule = adjustment_rules.adjustments(at=today)
    reason = rule.reasons.get(new.reason)
    if reason is None:
        raise BadAdjustment("This is no reason here.", advice=f"Known: {', '.join(rule.reasons)}.", field="reason")
    if not new.text.strip():
        raise BadAdjustment("It is not said what it is for.", advice="The note prints it.", field="text")
    if not 0 < abs(new.amount_minor) <= AMOUNT_MOST_MINOR or not reason.side.covers(new.amount_minor):
        raise BadAdjustment("This reason is not for such an amount.", advice=f"It is for: {reason.side}.", field="side")
    if actor.id is None:
        raise NotAllowed(f"{actor.name} may not adjust.", advice="Ask a clerk.")
    # One after the other for each person, so that no two slip under the sum of a day together.
    db.fetch("SELECT pg_advisory_xact_lock(hashtext(%s))", [f"adjustments by {actor.id}"])
    ledger.lock_customers(account_ids=[new.account_id])
    known = Adjustment.objects.filter(key=new.key).first()
    if known is not None:
        return known.id
    alone_minor = _made_alone(actor.id, today)
    is_for_two = rule.limits.needs_two(roles=actor.roles, amount_minor=new.amount_minor, today_minor=alone_minor)
    if is_for_two is None:
        raise NotAllowed(f"{actor.name} may not adjust.", advice="Ask a clerk or billing.")
    row = Adjustment.objects.create(
        account_id=new.account_id,
        reason=reason.code,
        amount_minor=new.amount_minor,
        tax_minor=reason.tax_minor(new.amount_minor),
        ledger_class=reason.ledger_class,
        text=new.text.strip()[:TEXT_MOST],
        is_for_two=is_for_two,
        key=new.key,
        proposer_id=actor.id,
    )
    audit.record(
        actor, "propose_adjustment", "account", new.account_id, adjustment=row.id, amount_minor=new.amount_minor,
        reason=reason.code, is_for_two=is_for_two,
    )  # fmt: skip
    if not is_for_two:
        _make(row, today=today, actor=actor)
    return row.id


@opens_transaction
def decide(*, adjustment_id: int, is_agreed: bool, today: date, actor: Actor) -> None:
    """
    Agree to an adjustment that was proposed, or drop it.

    :raises UnknownAdjustment: there is none that waits.
    :raises NotAllowed: the actor neither bills nor supervises.
    :raises OwnAdjustment: who proposed it does not agree to it.
    """
    _check_decider(actor)
    row = _locked(adjustment_id, AdjustmentState.PROPOSED)
    if is_agreed and row.proposer_id == actor.id:
        raise OwnAdjustment("Who proposed an adjustment does not agree to it.", advice="Ask somebody else of billing.")
    row.decider_id = actor.id
    if is_agreed:
        _make(row, today=today, actor=actor)
        return
    row.state = AdjustmentState.DROPPED.value
    row.save(update_fields=["state", "decider_id"])
    audit.record(actor, "drop_adjustment", "account", row.account_id, adjustment=row.id)


@opens_transaction
def reverse(*, adjustment_id: int, reason: str, today: date, actor: Actor) -> None:
    """
    Take an adjustment back by a credit note; what two persons made is taken back by neither of them alone who made it.

    :raises UnknownAdjustment: there is none that was made.
    :raises NotAllowed: the actor neither bills nor supervises.
    :raises OwnAdjustment: it was made by two, and the actor proposed it.
    :raises BadAdjustment: no reason is given.
    :raises BillNotCancellable: a later bill corrects it.
    """
    _check_decider(actor)
    row = _locked(adjustment_id, AdjustmentState.MADE)
    if row.is_for_two and row.proposer_id == actor.id:
        raise OwnAdjustment("Who proposed it does not take it back alone.", advice="Ask somebody else of billing.")
    if not reason.strip() or row.note_id is None:
        raise BadAdjustment("A reason is needed.", advice="Say why it is not owed.", field="reason")
    row.credit_note_id = notes.take_back_step(note_id=row.note_id, reason=reason, as_of_date=today, actor=actor)
    row.state, row.reverser_id = AdjustmentState.REVERSED.value, actor.id
    row.reverse_reason = reason.strip()[:TEXT_MOST]
    row.save(update_fields=["state", "credit_note_id", "reverser_id", "reverse_reason"])
    audit.record(actor, "reverse_adjustment", "account", row.account_id, adjustment=row.id, reason=reason)


@joins_transaction
def _make(row: Adjustment, *, today: date, actor: Actor) -> None:
    row.note_id = note_step(
        account_id=row.account_id,
        kind=ChargeKind.ADJUSTMENT,
        amount_minor=row.amount_minor,
        tax_minor=row.tax_minor,
        ledger_class=row.ledger_class,
        text=row.text,
        source=adjustment_rules.adjustments(at=today).source,
        subject=SUBJECT,
        subject_id=row.id,
        part="note",
        due_date=None,
        today=today,
        actor=actor,
    )
    row.state, row.made_date = AdjustmentState.MADE.value, today
    row.save(update_fields=["state", "note_id", "made_date", "decider_id"])
    audit.record(actor, "adjust", "account", row.account_id, adjustment=row.id, amount_minor=row.amount_minor)


@joins_transaction
def note_step(
    *,
    account_id: int,
    kind: ChargeKind,
    amount_minor: int,
    tax_minor: int,
    ledger_class: str,
    text: str,
    source: str,
    subject: str,
    subject_id: int,
    part: str,
    due_date: date | None,
    today: date,
    actor: Actor,
) -> int:
    """
    Write a note of one amount, owed (above 0) or credited (below 0), as a step of what decided it; return its id.

    :param part: with the subject it names the note: written once.
    """
    charge_id = signed_charges.agree_step(
        account_id=account_id,
        kind=kind,
        amount_minor=amount_minor,
        tax_minor=tax_minor,
        ledger_class=ledger_class,
        reason=text,
        legal_source=source,
        subject=subject,
        subject_id=subject_id,
        key=f"{subject}:{subject_id}:{part}",
        today=today,
        actor=actor,
    )
    return notes.bill_now_step(
        account_id=account_id, charge_ids=[charge_id], kind=BillKind.NOTE, issue_date=today, due_date=due_date,
        actor=actor,
    )  # fmt: skip


def _made_alone(proposer_id: int, today: date) -> int:
    """Return what one person adjusted alone on a day, sizes added up; what was taken back counts too. [minor unit]"""
    rows = Adjustment.objects.filter(proposer_id=proposer_id, is_for_two=False, made_date=today)
    return rows.aggregate(sum=Sum(Abs("amount_minor")))["sum"] or 0


def _check_decider(actor: Actor) -> None:
    if not actor.is_one_of(DECIDERS) or actor.id is None:
        raise NotAllowed(f"{actor.name} may not decide on adjustments.", advice="Ask billing or a supervisor.")


@joins_transaction
def _locked(adjustment_id: int, state: AdjustmentState) -> Adjustment:
    """Lock the customer's books, as all that moves them does first, then the adjustment."""
    account_id = Adjustment.objects.filter(id=adjustment_id).values_list("account_id", flat=True).first()
    if account_id is not None:
        ledger.lock_customers(account_ids=[account_id])
    row = Adjustment.objects.select_for_update().filter(id=adjustment_id, state=state.value).first()
    if row is None:
        raise UnknownAdjustment(f"There is no adjustment {adjustment_id} that is {state}.")
    return row
