"""
Debts that are given up, always by two persons, and what comes in for them later.

A write-off is a note below 0 on ``expense.bad_debt`` that pays the bills it is of, and no others. The claim stands all
the same: money that is free later takes back as much of the write-off as it is, oldest first. What was written off of a
bill that is cancelled was never owed, so it is no credit of the customer: the write-off shrinks by it.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date

from django.db.models import F
from django.utils import timezone

from billing.domain.adjustments import AdjustmentState, Limits
from billing.domain.announcements import BillReleased, PaymentsBooked
from billing.domain.write_offs import BAD_DEBT, Back, Evidence, WriteOffRule
from billing.models.payment import Allocation
from billing.models.write_off import WriteOff, WriteOffPart, WriteOffReturn
from billing.operations import adjustments, ledger, notes, second_person
from billing.operations.second_person import Kind
from billing.queries import balances, refunds, write_off_rules, write_offs
from billing.queries.write_offs import OpenDebt, UnknownWriteOff
from cis.kernel.actors import SYSTEM, Actor
from cis.kernel.enums import Role
from cis.kernel.errors import Refused
from cis.kernel.workflow import NotAllowed
from cis.platform import audit, events
from cis.platform.db import joins_transaction, opens_transaction
from contracts.domain.charge_kinds import ChargeKind

SUBJECT = "write_off"
LOOKED_AT = events.Accounts("billing_writeoff", "t.state = 'made' AND t.back_minor < t.amount_minor")
"""Accounts of which payments are heard here."""
EVIDENCE_MOST = 300
PROPOSERS = frozenset((Role.CLERK, Role.BILLING, Role.SUPERVISOR))
NOBODY_ALONE = Limits(alone_minor=dict.fromkeys(PROPOSERS, 0), day_minor=dict.fromkeys(PROPOSERS, 0))
TEXTS = {
    "note": "坏账核销 Debt written off",
    Back.RECOVERED: "已核销欠款收回 Paid after it was written off",
    Back.CANCELLED: "账单作废, 核销冲回 Write-off of a cancelled bill",
}
"""What the notes print, in the two languages that a note has."""


class BadWriteOff(Refused):
    """A debt cannot be written off like that: nothing is open, the reason does not fit, nothing shows it."""

    code = "bad_write_off"


class OwnWriteOff(Refused):
    """Who proposed it does not agree to it."""

    code = "own_write_off"


@dataclass(frozen=True, slots=True, kw_only=True)
class NewWriteOff:
    """
    A debt to be given up.

    reason    code of the pack rule ``write_offs``
    evidence  what shows that it will not be paid; ``paper_id``: a document beside it
    bill_ids  of which bills; None: all of the account that is past its due date, with its late fees
    key       the same key twice is one write-off
    """

    account_id: int
    reason: str
    evidence: str
    key: str
    paper_id: int | None = None
    bill_ids: Collection[int] | None = None


@opens_transaction
def propose(*, new: NewWriteOff, today: date, actor: Actor) -> int:
    """
    Propose to give a debt up; a second person decides.

    :returns: id of the write-off.
    :raises NotAllowed: the actor may not propose it.
    :raises BadWriteOff: nothing is open, another one waits, the reason does not fit, or nothing shows it.
    :raises MissingRule: no debt is given up here.
    """
    rule = write_off_rules.of_day(at=today)
    ledger.lock_customers(account_ids=[new.account_id])
    known = WriteOff.objects.filter(key=new.key).values_list("id", flat=True).first()
    if known is not None:
        return int(known)
    debts = _debts(new, today)
    amount_minor = sum(one.open_minor for one in debts)
    _check_reason(rule, new, debts, amount_minor, today)
    row = WriteOff(
        account_id=new.account_id,
        reason=new.reason,
        amount_minor=amount_minor,
        evidence=new.evidence.strip()[:EVIDENCE_MOST],
        paper_id=new.paper_id,
        key=new.key,
    )
    made = second_person.propose_step(KIND, row, limits=NOBODY_ALONE, today=today, actor=actor)
    WriteOffPart.objects.bulk_create(
        WriteOffPart(write_off_id=made, bill_id=one.bill_id, amount_minor=one.open_minor) for one in debts
    )
    return made


@opens_transaction
def decide(*, write_off_id: int, is_agreed: bool, today: date, actor: Actor) -> None:
    """
    Write off what was proposed, as far as it is still open, or drop it.

    :raises UnknownWriteOff: there is none that waits.
    :raises NotAllowed: the actor neither bills nor supervises, or not over so much.
    :raises OwnWriteOff: who proposed it does not agree to it.
    :raises BadWriteOff: nothing of it is open any more.
    """
    if is_agreed:
        check_limit(write_offs.one(write_off_id=write_off_id).amount_minor, today=today, actor=actor)
    second_person.decide_step(KIND, write_off_id, is_agreed=is_agreed, today=today, actor=actor)


def check_limit(amount_minor: int, *, today: date, actor: Actor) -> None:
    """
    Refuse who may not decide on so much.

    :raises NotAllowed: it is above the limit of the actor's roles.
    """
    second_person.check_decider(actor, KIND.any_one)
    if not write_off_rules.of_day(at=today).may_decide(actor=actor, amount_minor=amount_minor):
        raise NotAllowed(
            f"{actor.name} may not decide on so much.",
            advice="Ask a supervisor, or write off fewer bills.",
        )


@opens_transaction
def reverse(*, write_off_id: int, reason: str, today: date, actor: Actor) -> None:
    """
    Take a mistaken write-off back: its bills are owed again, and what had come in for it pays them.

    :raises UnknownWriteOff: there is none that was made.
    :raises NotAllowed: the actor neither bills nor supervises.
    :raises OwnWriteOff: the actor proposed it.
    :raises BadWriteOff: no reason is given.
    """
    second_person.reverse_step(KIND, write_off_id, reason=reason, today=today, actor=actor)


@joins_transaction
def note_payments(booked: PaymentsBooked) -> None:
    """Take back what was written off of accounts that pay; listens to ``PaymentsBooked``, and runs under its locks."""
    rows = WriteOff.objects.filter(account_id__in=booked.account_ids, state=AdjustmentState.MADE.value)
    left = rows.filter(back_minor__lt=F("amount_minor")).values_list("account_id", flat=True)
    recover_step(account_ids=sorted(set(left)), today=timezone.localdate(), actor=SYSTEM)


@joins_transaction
def recover_step(*, account_ids: Collection[int], today: date, actor: Actor) -> int:
    """
    Let free money of accounts take back what was written off of them, the oldest first; return how much. [minor unit]

    The caller holds the locks of their ledgers. What a refund was promised of is not free.
    """
    recovered = 0
    owed = balances.owed_minor(account_ids=account_ids)
    for account_id in account_ids:
        free_minor = -owed.get(account_id, 0) - refunds.promised_minor(account_id=account_id)
        if free_minor <= 0:
            continue
        for row in _made_of(account_id):
            part = min(free_minor, row.amount_minor - row.back_minor)
            if part > 0:
                _return(row, Back.RECOVERED, part, today=today, actor=actor)
                free_minor, recovered = free_minor - part, recovered + part
    return recovered


@joins_transaction
def note_cancelled(cancelled: BillReleased) -> None:
    """
    Shrink write-offs by what they paid of a bill that is cancelled; listens to ``BillReleased``, under its lock.

    What had come in for it is the customer's again, and takes back what is left of his other debts.
    """
    for row in _made_of(cancelled.account_id):
        paid = sum(Allocation.objects.filter(credit_id=row.note_id).values_list("amount_minor", flat=True))
        free_minor, left_minor = row.amount_minor - paid, row.amount_minor - row.back_minor
        if free_minor > left_minor:
            _unrecover(row, cancelled)
            recover_step(account_ids=[row.account_id], today=cancelled.day, actor=cancelled.actor)
        elif free_minor:
            _return(row, Back.CANCELLED, free_minor, today=cancelled.day, actor=cancelled.actor)


@joins_transaction
def _made_of(account_id: int) -> list[WriteOff]:
    """Return the write-offs of an account that stand, the oldest first, locked."""
    rows = WriteOff.objects.filter(account_id=account_id, state=AdjustmentState.MADE.value, note__state="issued")
    return list(rows.select_for_update(of=("self",)).order_by("id"))


@joins_transaction
def _return(row: WriteOff, why: Back, amount_minor: int, *, today: date, actor: Actor) -> None:
    place = row.returns.count()
    rule = write_off_rules.of_day(at=today)
    note_id = _note(
        row,
        amount_minor,
        ledger_class=rule.recovered_to if why is Back.RECOVERED else BAD_DEBT,
        text=TEXTS[why],
        part=f"back{place}",
        paid_from=row.note_id if why is Back.CANCELLED else None,
        today=today,
        actor=actor,
    )
    WriteOffReturn.objects.create(
        write_off=row, why=why.value, amount_minor=amount_minor, note_id=note_id, made_date=today
    )
    row.back_minor += amount_minor
    row.save(update_fields=["back_minor"])
    audit.record(
        actor, "recover_debt" if why is Back.RECOVERED else "shrink_write_off", "account", row.account_id,
        write_off=row.id, amount_minor=amount_minor,
    )  # fmt: skip


@joins_transaction
def _unrecover(row: WriteOff, cancelled: BillReleased) -> None:
    """Take the last money that came in back out of a write-off; its note is cancelled, so the rest is done by that."""
    last = row.returns.filter(why=Back.RECOVERED.value, undone_date=None).order_by("-id").first()
    assert last is not None, "no more is free of a write-off than it has left and has got back"
    last.undone_date = cancelled.day
    last.save(update_fields=["undone_date"])
    row.back_minor -= last.amount_minor
    row.save(update_fields=["back_minor"])
    reason = "what it came in for was cancelled"
    notes.take_back_step(note_id=last.note_id, reason=reason, as_of_date=cancelled.day, actor=cancelled.actor)


@joins_transaction
def _check(row: WriteOff, today: date) -> None:  # noqa: ARG001 (one signature)
    """Refuse what cannot be written off now; what was paid meanwhile is left out of it."""
    if row.pk is None:
        waits = WriteOff.objects.filter(account_id=row.account_id, state=AdjustmentState.PROPOSED.value)
        if waits.exists():
            raise BadWriteOff("A write-off of this account waits for a second person.", advice="Decide on that first.")
        return
    open_of = {one.bill_id: one.open_minor for one in write_offs.open_debts(account_ids=[row.account_id])}
    left = 0
    for part in row.parts.all():
        still = min(part.amount_minor, open_of.get(part.bill_id, 0))
        left += still
        if still == 0:
            part.delete()
        elif still < part.amount_minor:
            part.amount_minor = still
            part.save(update_fields=["amount_minor"])
    if left == 0:
        raise BadWriteOff("Nothing of it is open any more.", advice="Drop it.")
    row.amount_minor = left


@joins_transaction
def _make(row: WriteOff, today: date, actor: Actor) -> None:
    row.note_id = _note(
        row,
        -row.amount_minor,
        ledger_class=BAD_DEBT,
        text=TEXTS["note"],
        part="note",
        pays=dict(row.parts.values_list("bill_id", "amount_minor")),
        today=today,
        actor=actor,
    )
    events.announce(PaymentsBooked(account_ids=(row.account_id,)))


@joins_transaction
def _undo(row: WriteOff, reason: str, today: date, actor: Actor) -> None:
    assert row.note_id is not None
    row.credit_note_id = notes.take_back_step(note_id=row.note_id, reason=reason, as_of_date=today, actor=actor)
    for one in row.returns.filter(undone_date=None).order_by("-id"):
        notes.take_back_step(note_id=one.note_id, reason=reason, as_of_date=today, actor=actor)


@joins_transaction
def _note(
    row: WriteOff, amount_minor: int, *, ledger_class: str, text: str, part: str, today: date, actor: Actor,
    pays: dict[int, int] | None = None, paid_from: int | None = None,
) -> int:  # fmt: skip
    return adjustments.note_step(
        account_id=row.account_id,
        kind=ChargeKind.ADJUSTMENT,
        amount_minor=amount_minor,
        tax_minor=0,
        ledger_class=ledger_class,
        text=text,
        source=write_off_rules.of_day(at=today).source,
        subject=SUBJECT,
        subject_id=row.id,
        part=part,
        due_date=today,
        today=today,
        actor=actor,
        pays=pays,
        paid_from=paid_from,
        is_told=False,
    )


def _debts(new: NewWriteOff, today: date) -> list[OpenDebt]:
    debts = write_offs.open_debts(account_ids=[new.account_id])
    if new.bill_ids is None:
        return [one for one in debts if one.is_late(today)]
    found = [one for one in debts if one.bill_id in new.bill_ids]
    if len(found) != len(set(new.bill_ids)):
        raise BadWriteOff("One of these bills is not open.", advice="Look at what is open.", field="bills")
    return found


def _check_reason(rule: WriteOffRule, new: NewWriteOff, debts: list[OpenDebt], amount_minor: int, today: date) -> None:
    reason = rule.reasons.get(new.reason)
    if reason is None:
        raise BadWriteOff("This is no reason here.", advice=f"Known: {', '.join(rule.reasons)}.", field="reason")
    if not debts:
        raise BadWriteOff("Nothing of the account is open and past its due date.", advice="Look at its bills.")
    if not reason.fits(oldest_due=min(one.due_date for one in debts), amount_minor=amount_minor, today=today):
        raise BadWriteOff(
            "The debt is too young or too large for this reason.",
            advice=f"The oldest bill is due since {reason.due_by(today)} or longer for it.", field="reason",
        )  # fmt: skip
    if not new.evidence.strip():
        raise BadWriteOff("It is not said what shows it.", advice="Name the paper, call or file.", field="evidence")
    if reason.evidence is Evidence.PAPER and new.paper_id is None:
        raise BadWriteOff("This reason is shown by a paper.", advice="Add the file.", field="paper")


KIND = Kind(
    model=WriteOff,
    name="write_off",
    verb="write_off",
    accounts=("account_id",),
    unknown=UnknownWriteOff,
    own=OwnWriteOff,
    bad=BadWriteOff,
    check=_check,
    make=_make,
    undo=_undo,
)
