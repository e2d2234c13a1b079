"""Merges of customers, for pages: which wait, which stand, and what each moved."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from accounts.models.customer import Customer
from accounts.models.people import CustomerMerge, MergedRows
from cis.kernel.actors import Actor
from cis.kernel.errors import Refused
from cis.kernel.text import like
from cis.platform import concealed, personal
from cis.platform.db import fetch


class UnknownMerge(Refused):
    """There is no such merge."""

    code = "unknown_merge"


@dataclass(frozen=True, slots=True, kw_only=True)
class MergeCard:
    """A merge; ``account_id``: one account of the survivor, ``pair_id``: the two side by side; None: there is none."""

    id: int
    survivor_id: int
    survivor_name: str
    merged_id: int
    merged_name: str
    merged_external_id: str
    state: str
    reason: str
    asked_at: datetime
    asker_id: int | None
    asker_name: str
    decided_at: datetime | None
    decider_name: str
    undone_at: datetime | None
    undone_by_name: str
    undone_reason: str
    account_id: int | None
    pair_id: int | None


_CARD = """
    SELECT m.id, m.survivor_id, s.name, m.merged_id, o.name, o.external_id, m.state, m.reason, m.asked_at, m.asker_id,
           m.asker_name, m.decided_at, m.decider_name, m.undone_at, m.undone_by_name, m.undone_reason,
           (SELECT h.account_id FROM accounts_accountholder h WHERE h.customer_id = m.survivor_id
            ORDER BY upper_inf(h.period) DESC, h.account_id LIMIT 1),
           (SELECT p.id FROM accounts_duplicatepair p WHERE p.first_id = least(m.survivor_id, m.merged_id)
            AND p.second_id = greatest(m.survivor_id, m.merged_id))
    FROM accounts_customermerge m
    JOIN accounts_customer s ON s.id = m.survivor_id
    JOIN accounts_customer o ON o.id = m.merged_id
    WHERE (%(id)s::bigint IS NULL OR m.id = %(id)s)
      AND (%(text)s = '' OR s.name ILIKE %(like)s OR o.name ILIKE %(like)s OR o.external_id = %(text)s)
      AND CASE %(state)s WHEN '' THEN m.state IN ('asked', 'done') WHEN 'all' THEN true ELSE m.state = %(state)s END
    ORDER BY m.state <> 'asked', m.id DESC LIMIT %(most)s OFFSET %(offset)s
"""


def listed(*, text: str = "", state: str = "", offset: int = 0, most: int = 50) -> tuple[MergeCard, ...]:
    """Return merges, those that wait first, then the latest; one statement."""
    return _cards(text.strip(), state, None, offset, most)


def one(*, merge_id: int) -> MergeCard:
    """
    Return a merge; one statement.

    :raises UnknownMerge: there is none.
    """
    found = _cards("", "all", merge_id, 0, 1)
    if not found:
        raise UnknownMerge(f"There is no merge {merge_id}.", merge_id=merge_id)
    return found[0]


def moved(*, merge_id: int, actor: Actor) -> tuple[tuple[str, int], ...]:
    """
    Return how many rows of each table a merge moved, by table, without what is kept from the actor.

    One statement, and one more for each kind of rows of which some are kept from somebody.
    """
    rows = MergedRows.objects.filter(merge_id=merge_id).values_list("table_name", "row_ids")
    hidden = concealed.hidden_from(actor)
    found = [
        (table, len(ids) - len(personal.kept_back(table=table, row_ids=ids, hidden=hidden))) for table, ids in rows
    ]
    return tuple(sorted((table, count) for table, count in found if count))


def row(*, merge_id: int) -> CustomerMerge:
    """
    Return a merge for those who ask what came since; one statement.

    :raises UnknownMerge: there is none.
    """
    found = CustomerMerge.objects.filter(id=merge_id).first()
    if found is None:
        raise UnknownMerge(f"There is no merge {merge_id}.", merge_id=merge_id)
    return found


def standing_id(*, customer_id: int) -> int:
    """Return the customer who stands in the place of one; the same one if nobody does. One statement."""
    found = Customer.objects.filter(id=customer_id).values_list("merged_into_id", flat=True).first()
    return found or customer_id


def family(*, customer_id: int) -> tuple[int, ...]:
    """Return a customer with all who were merged into them, for histories; one statement."""
    return (
        customer_id,
        *Customer.objects.filter(merged_into_id=customer_id).order_by("id").values_list("id", flat=True),
    )


def _cards(text: str, state: str, merge_id: int | None, offset: int, most: int) -> tuple[MergeCard, ...]:
    params = {"id": merge_id, "text": text, "like": like(text), "state": state, "most": most, "offset": offset}
    return tuple(_card(found) for found in fetch(_CARD, params))


def _card(found: Sequence[object]) -> MergeCard:
    return MergeCard(**dict(zip(MergeCard.__dataclass_fields__, found, strict=True)))  # type: ignore[arg-type]
