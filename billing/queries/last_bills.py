"""The latest bill of an account."""

from dataclasses import dataclass

from cis.platform.db import fetch


@dataclass(frozen=True, slots=True)
class LastBill:
    """The number of a bill, and whether it stands on an estimate that was not corrected."""

    number: str
    is_estimated: bool


def of_account(*, account_id: int) -> LastBill | None:
    """Return the latest issued bill of usage of an account; None: there is none. One statement."""
    rows = fetch(_LAST, [account_id])
    return LastBill(*rows[0]) if rows else None


_LAST = """
    SELECT b.number, EXISTS (
        SELECT 1 FROM billing_billsegment s
        WHERE s.bill_id = b.id AND s.is_estimated AND s.cancels_id IS NULL
          AND NOT EXISTS (SELECT 1 FROM billing_billsegment c JOIN billing_bill o ON o.id = c.bill_id
                          WHERE c.cancels_id = s.id AND o.state IN ('issued', 'cancelled')))
    FROM billing_bill b
    WHERE b.account_id = %s AND b.kind = 'regular' AND b.state = 'issued'
    ORDER BY b.end_date DESC, b.id DESC LIMIT 1
"""
