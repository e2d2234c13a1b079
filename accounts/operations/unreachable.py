"""
Customers whom no message reaches: each is a task of the desk until a way to them works.

A place whose service standards have none for it makes no tasks; the list of contacts that came back is there anyway.
"""

from collections.abc import Collection
from datetime import datetime
from typing import Final

from cis.platform import deadlines
from cis.platform.db import joins_transaction

SUBJECT: Final = "unreachable"
"""The case of its task, by the id of the customer."""
STANDARD: Final = "customer_unreachable"


@joins_transaction
def note_step(*, customer_ids: Collection[int], at: datetime) -> int:
    """Make tasks of customers to whom no way leads, each once at a time; return how many are new. Two statements."""
    if not customer_ids or all(one.key != STANDARD for one in deadlines.standards(at=at)):
        return 0
    open_ids = {
        card.subject_id
        for card in deadlines.of_subject(subject=SUBJECT, subject_ids=sorted(customer_ids))
        if card.ended_at is None
    }
    fresh = sorted(set(customer_ids) - open_ids)
    if fresh:
        deadlines.start_many(subject=SUBJECT, subject_ids=fresh, standard=STANDARD, at=at)
    return len(fresh)


@joins_transaction
def reached_step(*, customer_id: int, at: datetime) -> None:
    """Note that somebody found a way to a customer again."""
    deadlines.meet(subject=SUBJECT, subject_id=customer_id, at=at)
