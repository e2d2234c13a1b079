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
    """Make tasks of customers to whom no way leads, each once at a time; return how many are new. One statement."""
    if not customer_ids or all(one.key != STANDARD for one in deadlines.standards(at=at)):
        return 0
    # Two mailings may find the same customer at once: what runs already is left as it is.
    return deadlines.start_missing(subject=SUBJECT, subject_ids=sorted(customer_ids), standard=STANDARD, at=at)


@joins_transaction
def reached_step(*, customer_id: int, at: datetime) -> None:
    """Note that somebody found a way to a customer again."""
    deadlines.meet(subject=SUBJECT, subject_id=customer_id, at=at)
