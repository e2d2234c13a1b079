"""Money that is under way and not certain yet, as what hinders the pursuit of accounts."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime

from arrears.domain.cut_facts import Hold, HoldKind
from cashiering.domain.debits import name_of
from cashiering.queries import checkouts, debit_rules, debits


def by_checkout(*, account_ids: Sequence[int], at: datetime) -> dict[int, tuple[Hold, ...]]:
    """Return the holds of online payments that payers have made, by account; one statement."""
    found = checkouts.under_way(account_ids, at=at)
    return {
        account_id: (Hold(0, HoldKind.PENDING_PAYMENT, at, until_at, None, ""),)
        for account_id, until_at in found.items()
    }


def by_debit(*, account_ids: Sequence[int], at: datetime) -> dict[int, tuple[Hold, ...]]:
    """
    Return the holds of bills that are debited, by account, until the bank says what became of it; one statement.

    One that nobody has looked at for too long keeps from the cut, and not from demands.
    """
    before = debit_rules.overlooked_before(at)
    found: defaultdict[int, tuple[Hold, ...]] = defaultdict(tuple)
    for one in debits.under_way(account_ids=account_ids).values():
        evidence = f"{name_of(one.debit_id)} {one.collection_date}"
        stops = not one.is_overlooked(before=before)
        hold = Hold(one.debit_id, HoldKind.PENDING_PAYMENT, at, None, one.bill_id, evidence, stops_demands=stops)
        found[one.account_id] = (*found[one.account_id], hold)
    return dict(found)
