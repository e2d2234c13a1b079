"""What earns loyalty points of bills: paid on time, and sent without paper. Known on the day on which they are due."""

from collections.abc import Sequence
from datetime import date

from accounts.domain.loyalty import Earned
from cis.platform.db import fetch

# Money counts by the day on which it was received, what another bill credits by the day on which that was issued.
_IN_TIME = """
    b.kind = 'regular' AND b.state = 'issued' AND b.amount_minor > 0 AND b.amount_minor <= (
        SELECT coalesce(sum(x.amount_minor), 0) FROM billing_allocation x
        LEFT JOIN billing_payment p ON p.id = x.payment_id LEFT JOIN billing_bill c ON c.id = x.credit_id
        WHERE x.bill_id = b.id AND coalesce(p.received_date, c.issue_date) <= b.due_date)
"""
_ON_TIME = f"""
    SELECT b.account_id, b.id, b.due_date, b.end_date - 1 FROM billing_bill b
    WHERE b.due_date = %s AND {_IN_TIME} ORDER BY b.id
"""  # noqa: S608 (our own words)
_ON_TIME_YET = f"""
    SELECT b.id FROM billing_bill b WHERE b.account_id = %s AND b.id = ANY(%s) AND {_IN_TIME}
"""  # noqa: S608 (our own words)
_E_BILLS = """
    SELECT b.account_id, b.id, b.due_date, b.end_date - 1 FROM billing_bill b
    JOIN accounts_account a ON a.id = b.account_id
    WHERE b.due_date = %s AND b.kind = 'regular' AND b.state = 'issued' AND NOT a.paper_bill ORDER BY b.id
"""
_ISSUED = """
    SELECT id FROM billing_bill WHERE account_id = %s AND id = ANY(%s) AND kind = 'regular' AND state = 'issued'
"""


def on_time(*, day: date) -> Sequence[Earned]:
    """Return the regular bills that were due on a day and were wholly paid by then; one statement."""
    return [Earned(*row) for row in fetch(_ON_TIME, [day])]


def on_time_yet(*, account_id: int, source_ids: Sequence[int]) -> frozenset[int]:
    """Return which bills of an account are still wholly paid by money that came in time; one statement."""
    return frozenset(row[0] for row in fetch(_ON_TIME_YET, [account_id, list(source_ids)]))


def e_bills(*, day: date) -> Sequence[Earned]:
    """Return the regular bills that are due on a day of accounts that want no paper; one statement."""
    return [Earned(*row) for row in fetch(_E_BILLS, [day])]


def issued_yet(*, account_id: int, source_ids: Sequence[int]) -> frozenset[int]:
    """Return which bills of an account still stand; one statement."""
    return frozenset(row[0] for row in fetch(_ISSUED, [account_id, list(source_ids)]))
