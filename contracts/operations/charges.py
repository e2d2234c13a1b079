"""One-off charges without a case of breach: agreed once, and undone by reversal."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from accounts.queries import accounts as account_queries
from cis.kernel.actors import Actor
from cis.kernel.enums import Role
from cis.kernel.errors import Refused
from cis.kernel.workflow import NotAllowed
from cis.platform import audit, events
from cis.platform.db import joins_transaction, opens_transaction
from contracts.domain.announcements import ChargeAgreed
from contracts.domain.charge_kinds import BY_NOTE, LEDGER, OF_BREACH, ChargeKind
from contracts.domain.charge_workflow import REVERSERS, ChargeState
from contracts.models.agreement import ServiceAgreement
from contracts.models.charge import OneOffCharge
from contracts.queries import charge_rules
from contracts.queries.agreements import UnknownAgreement
from contracts.queries.charges import UnknownCharge

REASON_MOST = 200
CANCEL_REASON_MOST = 300
KEY_MOST = 100


class BadCharge(Refused):
    """A charge of this kind, amount or origin cannot be."""

    code = "bad_charge"


class ChargeKeyTaken(Refused):
    """The key names another charge."""

    code = "charge_key_taken"


class NotReversible(Refused):
    """The charge is not owed, or only its case can undo it."""

    code = "charge_not_reversible"


@joins_transaction
def agree_step(
    *,
    account_id: int,
    kind: ChargeKind,
    amount_minor: int,
    reason: str,
    subject: str,
    subject_id: int,
    key: str,
    today: date,
    actor: Actor,
    agreement_id: int | None = None,
    legal_source: str = "",
    is_for_two: bool = False,
    proposer_id: int | None = None,
) -> int:
    """
    Agree a one-off charge: the next bill of the account carries it. Announces ChargeAgreed.

    Who may is said by the workflow of what it comes from: the customer has signed it. The tax is that of the pack rule
    ``charge_<kind>``: contained in the amount, or put on top of it. The same key again is the same charge.

    :param amount_minor: as agreed, before a tax that comes on top. [minor unit]
    :param reason: what it is for, as the bill prints it.
    :param subject, subject_id: what it comes from, as ``"offer"``.
    :param legal_source: where it rests on more than the pack rule, as a contract; else that rule's source.
    :param is_for_two: it is proposed only: nothing is owed or announced until a second person agrees.
    :param proposer_id: staff who entered it by hand.
    :returns: id of the charge.
    :raises BadCharge: the amount is not above 0, no reason or origin is given, or the kind comes from cases of breach.
    :raises UnknownAccount, UnknownAgreement: there is none, or the agreement is not the account's.
    :raises MissingRule: the pack of the place has no rule for this kind.
    :raises ChargeKeyTaken: the key names another charge.
    """
    _check(kind, amount_minor, reason, subject, key)
    account_queries.card(account_id=account_id)
    if (
        agreement_id is not None
        and not ServiceAgreement.objects.filter(id=agreement_id, account_id=account_id).exists()
    ):
        raise UnknownAgreement(f"The account has no agreement {agreement_id}.", agreement_id=agreement_id)
    taxed = charge_rules.taxed(kind=kind, amount_minor=amount_minor, at=today)
    wanted = {
        "account_id": account_id,
        "agreement_id": agreement_id,
        "kind": kind.value,
        "amount_minor": taxed.amount_minor,
        "subject": subject,
        "subject_id": subject_id,
    }
    # Of two who agree with one key at once, the second waits here for the first.
    made, is_new = OneOffCharge.objects.get_or_create(
        key=key,
        defaults={
            **wanted,
            "state": (ChargeState.PROPOSED if is_for_two else ChargeState.AGREED).value,
            "tax_minor": taxed.tax_minor,
            "ledger_class": LEDGER[kind],
            "reason": reason.strip()[:REASON_MOST],
            "legal_source": legal_source.strip() or taxed.source,
            "agreed_date": None if is_for_two else today,
            "is_for_two": is_for_two,
            "proposer_id": proposer_id,
        },
    )
    if not is_new:
        if any(getattr(made, name) != value for name, value in wanted.items()):
            raise ChargeKeyTaken(f"Charge {made.id} has this key, and is another one.", charge_id=made.id)
        return made.id
    if not is_for_two:
        events.announce(ChargeAgreed(charge_id=made.id, agreement_id=agreement_id, account_id=account_id))
    audit.record(
        actor, "propose" if is_for_two else "agree", "charge", made.id,
        kind=kind.value, amount_minor=made.amount_minor, account_id=account_id,
    )  # fmt: skip
    return made.id


@dataclass(frozen=True, slots=True, kw_only=True)
class NewCharge:
    """A charge to be, one of many of a kind; see ``agree_step``. [minor unit]"""

    account_id: int
    amount_minor: int
    reason: str
    subject_id: int
    key: str
    agreement_id: int | None = None


@joins_transaction
def agree_many_step(
    *, kind: ChargeKind, subject: str, charges: Sequence[NewCharge], legal_source: str = "", today: date, actor: Actor
) -> dict[str, int]:
    """
    Agree many charges of one kind in a constant number of statements; announces ChargeAgreed for each that is new.

    Accounts and agreements are those of rows that exist: the caller has read them from there.

    :returns: ids of the charges, by key; the same key again is the same charge.
    :raises BadCharge, MissingRule, ChargeKeyTaken: as ``agree_step``; nothing is written.
    """
    rows = []
    for one in charges:
        _check(kind, one.amount_minor, one.reason, subject, one.key)
        taxed = charge_rules.taxed(kind=kind, amount_minor=one.amount_minor, at=today)
        rows.append(
            OneOffCharge(
                account_id=one.account_id,
                agreement_id=one.agreement_id,
                kind=kind.value,
                state=ChargeState.AGREED.value,
                amount_minor=taxed.amount_minor,
                tax_minor=taxed.tax_minor,
                ledger_class=LEDGER[kind],
                reason=one.reason.strip()[:REASON_MOST],
                legal_source=legal_source.strip() or taxed.source,
                agreed_date=today,
                key=one.key,
                subject=subject,
                subject_id=one.subject_id,
            )
        )
    known = {row.key: row for row in OneOffCharge.objects.filter(key__in=[row.key for row in rows])}
    new = [row for row in rows if row.key not in known]
    for row in rows:
        before = known.get(row.key, row)
        if any(getattr(before, name) != getattr(row, name) for name in _SAME):
            raise ChargeKeyTaken(f"Charge {before.id} has this key, and is another one.", charge_id=before.id)
    OneOffCharge.objects.bulk_create(new)
    for row in new:
        events.announce(ChargeAgreed(charge_id=row.id, agreement_id=row.agreement_id, account_id=row.account_id))
    audit.record_many(actor, "agree", "charge", [row.id for row in new], kind=kind.value)
    return {str(row.key): row.id for row in (*known.values(), *new)}


_SAME = ("account_id", "agreement_id", "kind", "amount_minor", "subject", "subject_id")
"""What two charges of one key have in common."""


@joins_transaction
def reverse_step(*, charge_id: int, reason: str, actor: Actor) -> None:
    """
    Undo a charge: it is owed no more, and the next bill takes it back if one has carried it. Undone twice is once.

    :raises UnknownCharge: there is none.
    :raises NotReversible: it comes from a case of breach, which two persons cancel.
    :raises BadCharge: no reason is given.
    """
    charge = OneOffCharge.objects.select_for_update().filter(id=charge_id).first()
    if charge is None:
        raise UnknownCharge(f"There is no charge {charge_id}.")
    if charge.case_id is not None:
        raise NotReversible("The charge comes from a case of breach.", advice="Ask there for the case to be cancelled.")
    if charge.state == ChargeState.CANCELLED.value:
        return
    if charge.state != ChargeState.AGREED.value:
        raise NotReversible("The charge is not owed.", advice="Drop it while it waits for a second person.")
    if not reason.strip():
        raise BadCharge("A reason is needed.", advice="Say in a few words why it is not owed.", field="reason")
    charge.state = ChargeState.CANCELLED.value
    charge.cancel_reason = reason.strip()[:CANCEL_REASON_MOST]
    charge.save(update_fields=["state", "cancel_reason"])
    audit.record(actor, "reverse", "charge", charge.id, reason=charge.cancel_reason)


@opens_transaction
def reverse(*, charge_id: int, reason: str, actor: Actor) -> None:
    """
    Undo a charge at the desk; see ``reverse_step``.

    :raises NotAllowed: the actor neither bills nor supervises.
    :raises NotReversible: it is a late fee, which is waived, or an adjustment, which is taken back there.
    """
    if not actor.is_one_of(REVERSERS):
        raise NotAllowed(f"{actor.name} may not undo charges.", advice=f"Ask {Role.BILLING} or {Role.SUPERVISOR}.")
    if OneOffCharge.objects.filter(id=charge_id, kind=ChargeKind.LATE_FEE.value).exists():
        raise NotReversible("A late fee is waived, by the limits of the place.", advice="Waive it at the account.")
    if OneOffCharge.objects.filter(id=charge_id, kind__in=[kind.value for kind in BY_NOTE]).exists():
        raise NotReversible(
            "It is taken back where it was decided.", advice="Take back the adjustment, the move or the deposit."
        )
    reverse_step(charge_id=charge_id, reason=reason, actor=actor)


def _check(kind: ChargeKind, amount_minor: int, reason: str, subject: str, key: str) -> None:
    if kind in OF_BREACH:
        raise BadCharge(f"A charge of kind {kind} comes from a case of breach.", advice="Propose a case.")
    if kind in BY_NOTE:
        raise BadCharge(f"A charge of kind {kind} is not agreed by itself.", advice="Adjust the account.")
    if amount_minor <= 0:
        raise BadCharge("A charge is an amount above 0.", advice="Leave out what costs nothing.", field="amount")
    if not reason.strip() or not subject.strip():
        raise BadCharge("A charge says what it is for and what it comes from.", field="reason")
    if not key.strip() or len(key) > KEY_MOST:
        raise BadCharge(f"A charge has a key of 1 to {KEY_MOST} characters.", field="key")
