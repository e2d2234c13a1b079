"""Which accounts of a customer are asked for by one bill."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date

from billing.queries.consolidated import UnknownConsolidation
from cis.platform.db import fetch


@dataclass(frozen=True, slots=True, kw_only=True)
class ConsolidationCard:
    """
    An arrangement; ``accounts``: those that are on it now or later, ``waiting``: bills that wait for the next.

    ended_date  None: it runs
    """

    id: int
    customer_id: int
    customer: str
    name: str
    address: str
    lead_account_id: int
    lead_account: str
    ended_date: date | None
    accounts: int
    waiting: int


@dataclass(frozen=True, slots=True)
class MemberCard:
    """An account, over [start_date, end_date); None: until further notice."""

    account_id: int
    account_number: str
    start_date: date
    end_date: date | None


_CARDS = """
    SELECT c.id, c.customer_id, p.name, c.name, c.address, c.lead_account_id, l.number, c.ended_date,
           (SELECT count(*)::int FROM billing_consolidationmember m
            WHERE m.consolidation_id = c.id AND upper_inf(m.period)),
           (SELECT count(*)::int FROM billing_consolidateditem i JOIN billing_bill b ON b.id = i.bill_id
            WHERE i.consolidation_id = c.id AND i.consolidated_bill_id IS NULL AND b.state = 'issued')
    FROM billing_consolidation c
    JOIN accounts_customer p ON p.id = c.customer_id
    JOIN accounts_account l ON l.id = c.lead_account_id
    WHERE (%(id)s::bigint IS NULL OR c.id = %(id)s) AND (%(customer)s::bigint IS NULL OR c.customer_id = %(customer)s)
    ORDER BY c.ended_date IS NOT NULL, c.id DESC
    OFFSET %(offset)s LIMIT %(most)s
"""


def one(*, consolidation_id: int) -> ConsolidationCard:
    """
    Return an arrangement; one statement.

    :raises UnknownConsolidation: there is none.
    """
    found = listed(consolidation_id=consolidation_id, most=1)
    if not found:
        raise UnknownConsolidation(f"There is no consolidation {consolidation_id}.")
    return found[0]


def listed(
    *, consolidation_id: int | None = None, customer_id: int | None = None, offset: int = 0, most: int = 50
) -> tuple[ConsolidationCard, ...]:
    """Return arrangements, those that run first; one statement."""
    names = list(ConsolidationCard.__dataclass_fields__)
    values = {"id": consolidation_id, "customer": customer_id, "offset": offset, "most": most}
    return tuple(ConsolidationCard(**dict(zip(names, row, strict=True))) for row in fetch(_CARDS, values))


def members(*, consolidation_id: int) -> tuple[MemberCard, ...]:
    """Return its accounts, also those that have left, by number; one statement."""
    sql = """SELECT m.account_id, t.number, lower(m.period), upper(m.period) FROM billing_consolidationmember m
             JOIN accounts_account t ON t.id = m.account_id WHERE m.consolidation_id = %s
             ORDER BY t.number, lower(m.period)"""
    return tuple(MemberCard(*row) for row in fetch(sql, [consolidation_id]))


def taken(*, account_ids: Collection[int]) -> dict[int, int]:
    """Return those of some accounts that are, or will be, on a consolidated bill, and on which; one statement."""
    sql = """SELECT account_id, consolidation_id FROM billing_consolidationmember
             WHERE account_id = ANY(%s) AND upper_inf(period)"""
    return dict(fetch(sql, [list(account_ids)]))
