"""
Adjustments: an amount that is owed or credited for a reason of the place, by a note of its own.

Alone up to the limit of a role, at once and in one day; above it a second person decides. Taken back by a credit note.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from billing.models.adjustment import Adjustment
from billing.models.bill import BillKind
from billing.operations import notes, second_person
from billing.operations.second_person import Kind
from billing.queries import adjustment_rules
from billing.queries.adjustments import UnknownAdjustment
from cis.kernel.actors import Actor
from cis.kernel.errors import Refused
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
    return propose_step(new=new, today=today, actor=actor)


@joins_transaction
def propose_step(*, new: NewAdjustment, today: date, actor: Actor) -> int:
    """Adjust an account as a step of a larger use case; see ``propose``."""
    rule = adjustment_rules.adjustments(at=today)
    reason = rule.reasons.get(new.reason)
    if reason is None:
        raise BadAdjustment("This is no reason here.", advice=f"Known: {', '.join(rule.reasons)}.", field="reason")
    if not new.text.strip():
        raise BadAdjustment("It is not said what it is for.", advice="The note prints it.", field="text")
    if not 0 < abs(new.amount_minor) <= AMOUNT_MOST_MINOR or not reason.side.covers(new.amount_minor):
        raise BadAdjustment("This reason is not for such an amount.", advice=f"It is for: {reason.side}.", field="side")
    row = Adjustment(
        account_id=new.account_id,
        reason=reason.code,
        amount_minor=new.amount_minor,
        tax_minor=reason.tax_minor(new.amount_minor),
        ledger_class=reason.ledger_class,
        text=new.text.strip()[:TEXT_MOST],
        key=new.key,
    )
    return second_person.propose_step(KIND, row, limits=rule.limits, today=today, actor=actor)


@opens_transaction
def decide(*, adjustment_id: int, is_agreed: bool, today: date, actor: Actor) -> None:
    """
    Agree to an adjustment that was proposed, or drop it.

    :raises UnknownAdjustment: there is none that waits.
    :raises NotAllowed: the actor neither bills nor supervises.
    :raises OwnAdjustment: who proposed it does not agree to it.
    """
    second_person.decide_step(KIND, adjustment_id, is_agreed=is_agreed, today=today, actor=actor)


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
    second_person.reverse_step(KIND, adjustment_id, reason=reason, today=today, actor=actor)


@joins_transaction
def _make(row: Adjustment, today: date, actor: Actor) -> None:
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


@joins_transaction
def _undo(row: Adjustment, reason: str, today: date, actor: Actor) -> None:
    assert row.note_id is not None
    row.credit_note_id = notes.take_back_step(note_id=row.note_id, reason=reason, as_of_date=today, actor=actor)


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
    pays: Mapping[int, int] | None = None,
    paid_from: int | None = None,
    is_told: bool = True,
) -> int:
    """
    Write a note of one amount, owed (above 0) or credited (below 0), as a step of what decided it; return its id.

    :param part: with the subject it names the note: written once.
    :param pays: see ``notes.bill_now_step``, as for ``paid_from`` and ``is_told``.
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
        actor=actor, pays=pays, paid_from=paid_from, is_told=is_told,
    )  # fmt: skip


KIND = Kind(
    model=Adjustment,
    name="adjustment",
    verb="adjust",
    accounts=("account_id",),
    unknown=UnknownAdjustment,
    own=OwnAdjustment,
    bad=BadAdjustment,
    check=lambda _row, _today: None,
    make=_make,
    undo=_undo,
)
