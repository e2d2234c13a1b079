"""Deposits for tests: demanded, paid, asked about."""

from datetime import UTC, date, datetime

from billing.domain.deposit_requests import RequestKind
from billing.operations import deposit_nights, deposit_requests, deposits
from billing.operations.deposit_requests import NewRequest
from billing.operations.deposits import NewDeposit
from billing.queries import deposits as queries
from billing.queries.deposits import DepositDetail
from cis.kernel.actors import Actor, ActorKind
from cis.kernel.enums import Role

CLERK = Actor(ActorKind.STAFF, 811, "clerk", frozenset({Role.CLERK}))
BILLER = Actor(ActorKind.STAFF, 812, "biller", frozenset({Role.BILLING}))


def demanded(account_id: int, *, on: date, actor: Actor = CLERK, **values) -> int:
    """A deposit of 150.00, the fixed amount of a home without history in us-example."""
    new = NewDeposit(**{"account_id": account_id, "cause": "new_customer", "key": f"d-{account_id}-{on}", **values})
    return deposits.demand(new=new, today=on, actor=actor)


def asked(deposit_id: int, kind: str, *, on: date, amount_minor: int | None = None, actor: Actor = CLERK) -> int:
    """A request that something is done with a deposit."""
    new = NewRequest(
        deposit_id=deposit_id, kind=RequestKind(kind), reason="for a test", key=f"r-{deposit_id}-{kind}-{on}",
        amount_minor=amount_minor,
    )  # fmt: skip
    return deposit_requests.propose(new=new, today=on, actor=actor)


def agreed(deposit_id: int, kind: str, *, on: date, amount_minor: int | None = None) -> None:
    """A request that a second person has agreed to."""
    request_id = asked(deposit_id, kind, on=on, amount_minor=amount_minor)
    deposit_requests.decide(request_id=request_id, is_agreed=True, today=on, actor=BILLER)


def night(on: date) -> None:
    """The night before a day's work."""
    deposit_nights.night(datetime(on.year, on.month, on.day, 10, 0, tzinfo=UTC))


def shown(deposit_id: int, *, on: date) -> DepositDetail:
    """The deposit as its page shows it."""
    return queries.one(deposit_id=deposit_id, today=on)
