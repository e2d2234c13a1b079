"""Deposits of temporary supplies, as the demo shows them: demanded, held with interest, asked back."""

from datetime import date, timedelta

from accounts.queries import users
from billing.domain.channels import PaymentChannel
from billing.domain.deposit_requests import RequestKind
from billing.operations import deposit_nights, deposit_requests, deposits, payments
from billing.operations.deposit_requests import NewRequest
from billing.operations.deposits import NewDeposit
from billing.queries import bills, deposit_rules
from billing.queries import deposits as queries
from cis.kernel.actors import SYSTEM, Actor, ActorKind
from cis.kernel.enums import Role

SKIPPED = 54
"""Accounts before these are those of other pages of the demo."""
FATES = ("demanded", "partly_held", "held", "asked")
DAYS_AGO = {"demanded": 2, "partly_held": 12, "held": 430, "asked": 200}
CAUSE = "temporary_supply"


def build(*, run_id: int, today: date) -> int:
    """Demand deposits of some accounts of a run, all by the real doors; returns how many, 0 where none are taken."""
    cards = bills.of_run(run_id=run_id, state="issued", offset=SKIPPED, most=len(FATES))
    if len(cards) < len(FATES):
        cards = bills.of_run(run_id=run_id, state="issued", most=len(FATES))
    if not deposit_rules.is_offered(at=today):
        return 0
    card = users.with_role(role=Role.CASHIER)[-1]
    clerk = Actor(ActorKind.STAFF, card.id, card.username, frozenset({Role.CLERK}))
    for fate, one in zip(FATES, cards, strict=False):
        _make(fate, one.account_id, day=today - timedelta(days=DAYS_AGO[fate]), today=today, clerk=clerk)
    return min(len(FATES), len(cards))


def _make(fate: str, account_id: int, *, day: date, today: date, clerk: Actor) -> None:
    new = NewDeposit(account_id=account_id, cause=CAUSE, key=f"demo-deposit-{account_id}")
    deposit_id = deposits.demand(new=new, today=day, actor=clerk)
    if fate == "demanded":
        return
    open_minor = queries.card(deposit_id=deposit_id, today=today).open_minor
    _pay(account_id, open_minor // 2 if fate == "partly_held" else open_minor, day=day + timedelta(days=5))
    deposit_nights.work(deposit_ids=[deposit_id], today=today)
    if fate == "asked":
        request = NewRequest(
            deposit_id=deposit_id, kind=RequestKind.RETURN, reason="The site is finished", key=f"demo-back-{account_id}"
        )
        deposit_requests.propose(new=request, today=today, actor=clerk)


def _pay(account_id: int, amount_minor: int, *, day: date) -> None:
    if amount_minor > 0:
        payments.receive(
            account_id=account_id, amount_minor=amount_minor, channel=PaymentChannel.BANK,
            reference=f"demo-deposit-{account_id}", received_date=day, today=day, actor=SYSTEM,
        )  # fmt: skip
