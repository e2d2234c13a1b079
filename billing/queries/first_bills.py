"""The first bill of an account: after it customers are asked whether it was clear."""

from datetime import date

from cis.platform.db import fetch

_FIRST = """
    SELECT b.id, b.account_id FROM billing_bill b
    WHERE b.issue_date = %s AND b.kind = 'regular' AND b.state = 'issued' AND NOT EXISTS (
        SELECT FROM billing_bill e
        WHERE e.account_id = b.account_id AND e.kind = 'regular' AND e.number IS NOT NULL AND e.id <> b.id
          AND (e.issue_date, e.id) < (b.issue_date, b.id))
    ORDER BY b.id
"""


def issued_on(*, day: date) -> tuple[tuple[int, int], ...]:
    """Return id and account of the regular bills of a day before which their accounts had none; one statement."""
    return tuple((bill_id, account_id) for bill_id, account_id in fetch(_FIRST, [day]))
