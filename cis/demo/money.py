"""What people decide about money, as the demo shows it: refunds in each state, moved money, adjustments."""

from datetime import date, timedelta

from accounts.queries import accounts, users
from billing.domain.channels import PaymentChannel
from billing.operations import adjustments, money_moves, payments, refunds
from billing.operations.adjustments import NewAdjustment
from billing.operations.money_moves import NewMove
from billing.operations.refunds import NewRefund
from billing.queries import balances, bills
from cashiering.operations import refund_files
from cis.kernel.actors import SYSTEM, Actor, ActorKind
from cis.kernel.enums import Role

SKIPPED = 44
"""Accounts before these are those of other pages of the demo."""
FATES = ("asked", "approved", "sent", "returned", "adjusted", "proposed", "moved", "old")
TOO_MUCH_MINOR = 8_600
OLD_DAYS = 240
IBAN = "DE89370400440532013000"
CARD = "6222021234567890{place:03d}"


def build(*, run_id: int, today: date) -> int:
    """Let people decide about the money of some accounts of a run; returns how many. All by the real doors."""
    cards = bills.of_run(run_id=run_id, state="issued", offset=SKIPPED, most=len(FATES) + 1)
    if len(cards) <= len(FATES):
        cards = bills.of_run(run_id=run_id, state="issued", most=len(FATES) + 1)
    if len(cards) <= len(FATES):
        return 0
    cashier, biller = _staff(Role.CASHIER), _staff(Role.BILLING)
    for place, fate in enumerate(FATES):
        other_id = cards[-1].account_id
        _decide(fate, place, cards[place].account_id, other_id, cashier=cashier, biller=biller, today=today)
    return len(FATES)


def _staff(role: Role) -> Actor:
    """Return who has a role: the one who does it daily, not the administrator, who has all."""
    card = users.with_role(role=role)[-1]
    return Actor(ActorKind.STAFF, card.id, card.username, frozenset({role, Role.CLERK}))


def _decide(
    fate: str, place: int, account_id: int, other_id: int, *, cashier: Actor, biller: Actor, today: date
) -> None:
    if fate == "adjusted":
        _adjust(account_id, -2_000, "goodwill", "Outage of four hours", actor=cashier, today=today)
    elif fate == "proposed":
        _adjust(account_id, -35_000, "settlement", "Complaint about an estimated bill", actor=cashier, today=today)
    elif fate == "moved":
        payment_id = _pay(account_id, 12_000, days_ago=6, today=today)
        new = NewMove(
            payment_id=payment_id, to_account_id=other_id, reason="Number typed wrongly at the till", key="demo-move"
        )
        money_moves.propose(new=new, today=today, actor=cashier)
    else:
        owed = balances.of_account(account_id=account_id, today=today).balance_minor
        days = OLD_DAYS if fate == "old" else 20
        _pay(account_id, max(0, owed) + TOO_MUCH_MINOR + place * 1_700, days_ago=days, today=today)
        if fate != "old":
            _refund(fate, place, account_id, cashier=cashier, biller=biller, today=today)


def _refund(fate: str, place: int, account_id: int, *, cashier: Actor, biller: Actor, today: date) -> None:
    name = accounts.overview(account_id=account_id, at_date=today).holder.name
    new = NewRefund(
        account_id=account_id,
        amount_minor=TOO_MUCH_MINOR,
        payee=name,
        bank_account=IBAN if place == 1 else CARD.format(place=place),
        reason="Paid twice",
        key=f"demo-refund-{place}",
    )
    refund_id = refunds.ask(new=new, today=today, actor=cashier)
    if fate == "asked":
        return
    refunds.approve(refund_id=refund_id, today=today, actor=biller)
    if fate == "approved":
        return
    refund_files.make(refund_ids=[refund_id], today=today, actor=cashier)
    if fate == "returned":
        refunds.take_back(
            refund_id=refund_id, returned_date=today, reason="AC04 closed account", today=today, actor=cashier
        )


def _adjust(account_id: int, amount_minor: int, reason: str, text: str, *, actor: Actor, today: date) -> None:
    new = NewAdjustment(
        account_id=account_id, amount_minor=amount_minor, reason=reason, text=text, key=f"demo-{reason}-{account_id}"
    )
    adjustments.propose(new=new, today=today, actor=actor)


def _pay(account_id: int, amount_minor: int, *, days_ago: int, today: date) -> int:
    return payments.receive(
        account_id=account_id,
        amount_minor=amount_minor,
        channel=PaymentChannel.CASH,
        reference=f"demo-twice-{account_id}",
        received_date=today - timedelta(days=days_ago),
        today=today,
        actor=SYSTEM,
    ).payment_id
