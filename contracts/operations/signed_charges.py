"""Charges that may be credits, agreed by the step that bills them at once by a note."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from cis.kernel.actors import Actor
from cis.platform import audit
from cis.platform.db import joins_transaction
from contracts.domain.charge_kinds import BY_NOTE, ChargeKind
from contracts.domain.charge_workflow import ChargeState
from contracts.models.charge import OneOffCharge
from contracts.operations.charges import REASON_MOST, BadCharge


@joins_transaction
def agree_step(
    *,
    account_id: int,
    kind: ChargeKind,
    amount_minor: int,
    tax_minor: int,
    ledger_class: str,
    reason: str,
    legal_source: str,
    subject: str,
    subject_id: int,
    key: str,
    today: date,
    actor: Actor,
) -> int:
    """
    Agree an amount that is owed (above 0) or credited (below 0); the caller bills it at once, and has looked who may.

    :param amount_minor: with its tax; ``tax_minor`` has the same sign. [minor unit]
    :param ledger_class: under which it is posted; one with a dot is a ledger account itself.
    :param key: of a new charge: the caller has one charge for each of its own rows.
    :returns: id of the charge.
    :raises BadCharge: it is no amount, or of a kind that is not billed so.
    """
    if kind not in BY_NOTE or not amount_minor or not reason.strip():
        raise BadCharge("This is no charge of a note.", advice="Enter an amount and what it is for.", field="amount")
    made = OneOffCharge.objects.create(
        account_id=account_id,
        kind=kind.value,
        state=ChargeState.AGREED.value,
        amount_minor=amount_minor,
        tax_minor=tax_minor,
        ledger_class=ledger_class,
        reason=reason.strip()[:REASON_MOST],
        legal_source=legal_source,
        agreed_date=today,
        key=key,
        subject=subject,
        subject_id=subject_id,
    )
    audit.record(actor, "agree", "charge", made.id, kind=kind.value, amount_minor=amount_minor, account_id=account_id)
    return made.id


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedCharge:
    """
    One of many; see ``agree_step``. [minor unit]

    source     text that it rests on
    tax_minor  contained in the amount, of its sign
    """

    account_id: int
    kind: ChargeKind
    amount_minor: int
    ledger_class: str
    reason: str
    source: str
    subject_id: int
    key: str
    tax_minor: int = 0


@joins_transaction
def agree_many_step(*, subject: str, charges: Sequence[SignedCharge], today: date, actor: Actor) -> list[int]:
    """
    Agree many amounts of new keys, as ``agree_step`` does one; a constant number of statements.

    :returns: ids of the charges, in the order given.
    :raises BadCharge: one is no amount, or of a kind that is not billed so; nothing is written.
    """
    if any(one.kind not in BY_NOTE or not one.amount_minor or not one.reason.strip() for one in charges):
        raise BadCharge("This is no charge of a note.", advice="Enter an amount and what it is for.", field="amount")
    made = OneOffCharge.objects.bulk_create(
        OneOffCharge(
            account_id=one.account_id,
            kind=one.kind.value,
            state=ChargeState.AGREED.value,
            amount_minor=one.amount_minor,
            tax_minor=one.tax_minor,
            ledger_class=one.ledger_class,
            reason=one.reason.strip()[:REASON_MOST],
            legal_source=one.source,
            agreed_date=today,
            key=one.key,
            subject=subject,
            subject_id=one.subject_id,
        )
        for one in charges
    )
    audit.record_many(actor, "agree", "charge", [row.id for row in made], comes_from=subject)
    return [row.id for row in made]
