"""Debts that are given up: proposed, written off, come in later in part or as a whole, and some on the night's list."""

from datetime import date, timedelta
from itertools import islice

from django.db import transaction

from accounts.queries import users
from billing.domain.channels import PaymentChannel, ReturnKind
from billing.operations import payments, write_off_batches, write_offs
from billing.operations.write_offs import NewWriteOff
from billing.queries import balances, bills, write_off_rules
from billing.queries import runs as run_queries
from billing.queries import write_offs as queries
from billing.queries.bills import BillCard, PaymentCard
from cis.demo import consolidating
from cis.kernel.actors import SYSTEM, Actor, ActorKind
from cis.kernel.enums import Role

SKIPPED = 62
"""Accounts before these are those of other pages of the demo."""
FATES = ("proposed", "made", "part_back", "back", "listed", "listed")
REASON = "holder_gone"
SMALL_MINOR = 640
"""What is left of a bill that is listed as too small to be pursued."""
EVIDENCE = "信件退回, 查无此人, 居委会证明"
RUNS_MOST, MOST = 100, 60


def build(*, today: date) -> int:
    """Give up old debts of some accounts by the real doors; returns how many, 0 where none is old enough."""
    if not write_off_rules.is_offered(at=today):
        return 0
    rule = write_off_rules.of_day(at=today)
    by = min(rule.reasons[code].due_by(today) for code in (REASON, "too_small"))
    chosen = _old(by, today)
    clerk, decider = _staff("clerk", Role.CLERK), _staff("admin", Role.SUPERVISOR)
    for fate, card in zip(FATES, chosen, strict=False):
        _give_up(fate, card, by=by, today=today, clerk=clerk, decider=decider)
    write_off_batches.find(today=today)
    return len(chosen)


def _old(by: date, today: date) -> list[BillCard]:
    """Return settled bills of the first run."""
    run = run_queries.latest(most=RUNS_MOST)[-1]
    cards = bills.of_run(run_id=run.id, state="issued", offset=SKIPPED, most=MOST)
    if len(cards) < MOST:
        cards = bills.of_run(run_id=run.id, state="issued", most=SKIPPED)[::-1]
    found = (card for card in consolidating.alone(cards) if _is_settled(card, by, today))
    return list(islice(found, len(FATES)))


def _is_settled(card: BillCard, by: date, today: date) -> bool:
    """Return whether a bill is old enough, was paid by bank, and nothing else of its account is open or free."""
    is_paid = card.paid_minor == card.amount_minor > SMALL_MINOR and _payment(card) is not None
    is_old = card.due_date is not None and card.due_date <= by
    return is_old and is_paid and balances.of_account(account_id=card.account_id, today=today).balance_minor == 0


def _payment(card: BillCard) -> PaymentCard | None:
    """Return the payment of a bill, if it stands."""
    stand = [one for one in bills.payments_of(account_id=card.account_id) if not one.return_kind]
    return next((one for one in stand if one.reference == f"BANK-{card.number}"), None)


def _staff(username: str, role: Role) -> Actor:
    person = next(one for one in users.staff() if one.username == username)
    return Actor(ActorKind.STAFF, person.id, person.username, frozenset({role}))


def _give_up(fate: str, card: BillCard, *, by: date, today: date, clerk: Actor, decider: Actor) -> None:
    first = _payment(card)
    assert first is not None
    with transaction.atomic():
        payments.take_back_step(
            payment_id=first.id, kind=ReturnKind.BOUNCED, returned_date=first.received_date,
            reason="AC04 account closed", actor=SYSTEM,
        )  # fmt: skip
    if fate == "listed":
        _pay(card, first.amount_minor - SMALL_MINOR, on=today - timedelta(days=90), today=today)
        return
    old = [one.bill_id for one in queries.open_debts(account_ids=[card.account_id]) if one.due_date <= by]
    if not old:
        return  # the payment had paid something younger
    new = NewWriteOff(
        account_id=card.account_id, reason=REASON, evidence=EVIDENCE, key=f"demo-{card.number}", bill_ids=old
    )
    made = write_offs.propose(new=new, today=today, actor=clerk)
    if fate == "proposed":
        return
    write_offs.decide(write_off_id=made, is_agreed=True, today=today, actor=decider)
    if fate != "made":
        _pay(card, first.amount_minor // (3 if fate == "part_back" else 1), on=today, today=today)


def _pay(card: BillCard, amount_minor: int, *, on: date, today: date) -> None:
    payments.receive(
        account_id=card.account_id, amount_minor=amount_minor, channel=PaymentChannel.BANK,
        reference=f"demo-late-{card.number}", received_date=on, today=today, actor=SYSTEM,
    )  # fmt: skip
