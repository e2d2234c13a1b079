"""Customers are told of their deposits: demanded, received, interest, given back. See ``telling``."""

from collections.abc import Sequence
from datetime import date

from accounts.domain.notice_events import Fact
from accounts.operations.notices import NewNotice
from billing.operations import telling
from billing.queries import deposits
from billing.queries.deposits import DepositToTell
from cis.platform import outbox
from cis.platform.db import joins_transaction, opens_transaction

TELL = "billing.tell_deposits"
LINK = "/portal/deposit"
EVENTS = {
    "demand": "deposit_demanded",
    "increase": "deposit_demanded",
    "interest": "deposit_interest",
    "return": "deposit_returned",
}


@joins_transaction
def queue_moves_step(*, move_ids: Sequence[int]) -> None:
    """Leave a message that the customers of movements that were just written are to be told; one statement."""
    pieces = [list(move_ids[place : place + telling.CHUNK]) for place in range(0, len(move_ids), telling.CHUNK)]
    # What is written once is in one message, so its first id names the message.
    outbox.queue_many(kind=TELL, payloads={f"move:{piece[0]}": {"move": piece} for piece in pieces})


@joins_transaction
def queue_held_step(*, deposit_ids: Sequence[int]) -> None:
    """Leave a message for each deposit that is held in full now: whoever finds it again, it is told once."""
    outbox.queue_many(kind=TELL, payloads={f"held:{one}": {"held": [one]} for one in deposit_ids})


@opens_transaction
def tell(message: outbox.Message) -> None:
    """Make the notices of a message: the outbox calls this. Done again, it makes none twice."""
    moves = deposits.moves_to_tell(move_ids=message.payload.get("move", []))
    news = [
        (EVENTS[one.kind], one.day, _notice(f"deposit_move:{one.id}", one, facts_of_move(one)))
        for one in moves
        if one.amount_minor > 0
    ]
    held = deposits.held_to_tell(deposit_ids=message.payload.get("held", []))
    news += [("deposit_received", one.day, _notice(f"deposit:{one.id}", one, facts_of_held(one))) for one in held]
    telling.tell_news_step(news)


def facts_of_move(move: DepositToTell) -> dict[str, Fact]:
    """Return the facts of the event that tells of a movement."""
    facts: dict[str, Fact] = {"amount": telling.money(move.amount_minor), "link": LINK}
    if EVENTS[move.kind] == "deposit_demanded":
        assert move.due_date is not None
        return facts | {"due": move.due_date, "bill": move.number}
    return facts | {"bill": move.number}


def facts_of_held(held: DepositToTell) -> dict[str, Fact]:
    """Return the facts of the event that tells that a deposit is held in full."""
    return {"amount": telling.money(held.amount_minor), "link": LINK}


def _notice(key: str, one: DepositToTell, facts: dict[str, Fact]) -> NewNotice:
    day: date = one.day
    return NewNotice(key=key, facts=facts, customer_id=one.customer_id, account_id=one.account_id, occurred_date=day)
