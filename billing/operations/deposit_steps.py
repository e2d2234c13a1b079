"""
Steps of deposits: what is written of them, under the lock of the customer's ledger account.

Each movement is a charge on a note, so what is demanded is due and payable as any debt is, and what goes back pays what
is owed first. What is demanded and held together stands on ``liability.deposit``.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from billing.domain.deposit_requests import person
from billing.domain.deposits import (
    HELD_CODE,
    INTEREST_CODE,
    BadDeposit,
    DepositRule,
    DepositState,
    MoveKind,
    earned_minor,
    stretches,
)
from billing.models.deposit import Deposit, DepositMove
from billing.operations import allocation, deposit_telling, ledger, notes
from billing.queries import balances, deposit_facts, deposit_rules
from billing.queries.deposit_facts import Facts
from billing.queries.deposits import UnknownDeposit
from cis.kernel import fixed
from cis.kernel.actors import SYSTEM, Actor
from cis.platform import audit
from cis.platform.db import joins_transaction, take_ids
from contracts.domain.charge_kinds import ChargeKind
from contracts.operations import signed_charges
from contracts.operations.signed_charges import SignedCharge

SUBJECT = "deposit"
TEXT_MOST = 200
BACK = {MoveKind.REDUCE, MoveKind.RETURN, MoveKind.INTEREST}
"""What a note credits; interest that is taken back is an amount below 0."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Posting:
    """A movement of one deposit that is to be written; see DepositMove. [minor unit]"""

    deposit: Deposit
    kind: MoveKind
    amount_minor: int
    text: str
    due_date: date | None = None
    is_final: bool = False
    reason: str = ""


@joins_transaction
def locked(deposit_id: int) -> Deposit:
    """
    Lock the customer's books, as all that moves them does first, then an open deposit.

    :raises UnknownDeposit: there is none, or it is over.
    """
    account_id = Deposit.objects.filter(id=deposit_id).values_list("account_id", flat=True).first()
    if account_id is not None:
        ledger.lock_customers(account_ids=[account_id])
    row = Deposit.objects.select_for_update().filter(id=deposit_id, state=DepositState.OPEN.value).first()
    if row is None:
        raise UnknownDeposit(f"There is no open deposit {deposit_id}.", deposit_id=deposit_id)
    return row


@joins_transaction
def reduce_step(*, row: Deposit, amount_minor: int, reason: str, today: date, actor: Actor) -> None:
    """
    Demand less of what is not paid: a credit note pays that part of the demand.

    :raises BadDeposit: so much is not open.
    """
    parts, left = {}, amount_minor
    note_ids = row.moves.filter(kind__in=[MoveKind.DEMAND.value, MoveKind.INCREASE.value], note__state="issued")
    owed = dict(note_ids.order_by("-id").values_list("note_id", "note__amount_minor"))
    paid = balances.paid_minor(bill_ids=tuple(owed))
    for note_id, owed_minor in owed.items():
        part = min(left, owed_minor - paid.get(note_id, 0))
        if part > 0:
            parts[note_id], left = part, left - part
    if left or amount_minor <= 0:
        raise BadDeposit("So much is not open of the deposit.", advice="Look at it again.", field="amount")
    made = write_step(
        postings=[
            Posting(
                deposit=row, kind=MoveKind.REDUCE, amount_minor=amount_minor,
                text=f"减少 reduced: {reason}", reason=reason,
            )
        ],
        today=today, actor=actor,
    )  # fmt: skip
    row.amount_minor -= amount_minor
    row.save(update_fields=["amount_minor"])
    allocation.redirect_credit(credit_id=made[row.account_id], account_id=row.account_id, parts=parts, today=today)


@joins_transaction
def return_step(
    *, rows: Sequence[Deposit], state: DepositState, rule: DepositRule, reason: str, today: date, actor: Actor
) -> list[int]:
    """
    Give back all that is held of deposits, with interest up to today; they end. A constant number of statements.

    rows   locked; of each account one, of which nothing is open
    state  RETURNED or USED

    :returns: ids of those of which something was held and went back; the others are left as they are.
    """
    ids = [row.id for row in rows]
    facts, money = deposit_facts.of_deposits(deposit_ids=ids), deposit_facts.money_of(deposit_ids=ids)
    postings, ended = [], []
    for row in rows:
        held_minor = facts[row.id].held_minor
        if held_minor <= 0 or facts[row.id].open_minor > 0:
            continue
        interest = interest_posting(row, facts[row.id], money.get(row.id, ()), rule=rule, until=today)
        if interest.amount_minor:
            postings.append(interest)
        text = "抵扣 used" if state is DepositState.USED else "退还 returned"
        postings.append(
            Posting(
                deposit=row,
                kind=MoveKind.RETURN,
                amount_minor=held_minor,
                text=f"{text}: {reason}",
                is_final=True,
                reason=reason,
            )
        )
        row.returned_minor += held_minor
        row.state, row.ended_date, row.look_date = state.value, today, None
        ended.append(row)
    write_step(postings=postings, today=today, actor=actor)
    Deposit.objects.bulk_update(ended, ["returned_minor", "state", "ended_date", "look_date"])
    audit.record_many(actor, "return_deposit", "account", [row.account_id for row in ended], reason=reason)
    return [row.id for row in ended]


@joins_transaction
def use_step(*, account_id: int, today: date) -> bool:
    """
    Use the deposit of an account at its end: it pays what is owed, with its interest; what is not paid of it is
    demanded no more. Return whether there was one.

    :raises MissingRule: the place has no rule on deposits any more, so nobody knows the interest.
    """
    row = Deposit.objects.select_for_update().filter(account_id=account_id, state=DepositState.OPEN.value).first()
    if row is None:
        return False
    reason = "用电终止 end of supply"
    release_step(row=row, state=DepositState.USED, reason=reason, today=today, actor=SYSTEM)
    return True


@joins_transaction
def release_step(*, row: Deposit, state: DepositState, reason: str, today: date, actor: Actor) -> None:
    """End a locked deposit: what is not paid is demanded no more, what is held goes back."""
    facts = deposit_facts.of_deposits(deposit_ids=[row.id])[row.id]
    if facts.open_minor > 0:
        reduce_step(row=row, amount_minor=facts.open_minor, reason=reason, today=today, actor=actor)
    rule = deposit_rules.rule(at=today)
    if not return_step(rows=[row], state=state, rule=rule, reason=reason, today=today, actor=actor):
        end_step(row=row, state=DepositState.WAIVED, today=today)


@joins_transaction
def end_step(*, row: Deposit, state: DepositState, today: date) -> None:
    """End a locked deposit of which nothing is held."""
    row.state, row.ended_date, row.look_date = state.value, today, None
    row.save(update_fields=["state", "ended_date", "look_date"])


def interest_posting(
    row: Deposit, facts: Facts, money: Sequence[tuple[date, int]], *, rule: DepositRule, until: date,
    due_date: date | None = None,
) -> Posting:  # fmt: skip
    """
    Return the interest of a deposit up to, and without, a day, less what was credited; its amount may be 0.

    It is below 0 where interest was credited on money that went back since.
    """
    found = stretches(moves=money, terms=rule.interest, until=until)
    amount_minor = earned_minor(found) - facts.interest_minor
    text = f"至 up to {until - timedelta(days=1)}"
    if amount_minor > 0 and found:
        rates = sorted({fixed.to_text(one.rate_e6, places=4).rstrip("0").rstrip(".") for one in found})
        text += f", {' / '.join(rates)} %"
    return Posting(deposit=row, kind=MoveKind.INTEREST, amount_minor=amount_minor, text=text, due_date=due_date)


@joins_transaction
def write_step(
    *, postings: Sequence[Posting], today: date, actor: Actor, due_date: date | None = None
) -> Mapping[int, int]:
    """
    Write movements of deposits, of each account by one note; a constant number of statements.

    :returns: ids of the notes, by id of the account.
    """
    move_ids = take_ids("billing_depositmove", len(postings)) if postings else []
    charged = [(move_id, one) for move_id, one in zip(move_ids, postings, strict=True) if one.amount_minor]
    source = deposit_rules.rule(at=today).source if charged else ""
    charge_ids = signed_charges.agree_many_step(
        subject=SUBJECT,
        charges=[
            SignedCharge(
                account_id=one.deposit.account_id,
                kind=ChargeKind.DEPOSIT_INTEREST if one.kind is MoveKind.INTEREST else ChargeKind.DEPOSIT,
                amount_minor=-one.amount_minor if one.kind in BACK else one.amount_minor,
                ledger_class=INTEREST_CODE if one.kind is MoveKind.INTEREST else HELD_CODE,
                reason=one.text,
                source=source,
                subject_id=one.deposit.id,
                key=f"deposit_move:{move_id}",
            )
            for move_id, one in charged
        ],
        today=today,
        actor=actor,
    ) if charged else []  # fmt: skip
    of_account: dict[int, list[int]] = {}
    for charge_id, (_move_id, one) in zip(charge_ids, charged, strict=True):
        of_account.setdefault(one.deposit.account_id, []).append(charge_id)
    made: Mapping[int, int] = {}
    if of_account:
        made = notes.bill_many_step(
            charge_ids=of_account, kind=notes.NOTE, issue_date=today, due_date=due_date, actor=actor
        )
    DepositMove.objects.bulk_create(
        DepositMove(
            id=move_id,
            deposit=one.deposit,
            kind=one.kind.value,
            amount_minor=one.amount_minor,
            note_id=made[one.deposit.account_id] if one.amount_minor else None,
            day=today,
            due_date=one.due_date,
            is_final=one.is_final,
            reason=one.reason[:TEXT_MOST],
            actor_id=person(actor),
        )
        for move_id, one in zip(move_ids, postings, strict=True)
    )
    deposit_telling.queue_moves_step(move_ids=[move_id for move_id, one in charged if one.kind is not MoveKind.REDUCE])
    return made
