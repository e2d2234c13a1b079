"""What is on no bill yet: usage is approved and rated by the code that bills, and all of it is rolled back."""

from collections.abc import Sequence
from datetime import date

from billing.queries import rebill_changes, segments
from billing.queries.segments import Findings
from cis.kernel.periods import Period
from cis.platform import db
from metering.operations import usage

# As if nothing had been issued or taken back since. A draft has no number.
_TURN_BACK = """
    UPDATE billing_bill b
    SET state = CASE WHEN b.issue_date < %(end)s THEN 'issued' ELSE 'draft' END,
        number = CASE WHEN b.issue_date < %(end)s THEN b.number END
    WHERE b.account_id = ANY(%(accounts)s) AND b.state IN ('issued', 'cancelled')
      AND (b.issue_date >= %(end)s OR b.state = 'cancelled' AND EXISTS (
          SELECT 1 FROM billing_bill c WHERE c.cancels_id = b.id AND c.issue_date >= %(end)s))
"""


def find(
    *,
    account_ids: Sequence[int],
    service_point_ids: Sequence[int],
    period: Period,
    before: date | None = None,
) -> Findings:
    """
    Return what accounts would be billed for a period, and who cannot be; a constant number of statements, rolled back.

    :param before: bills as they stood at the end of the day before this one; None: as they stand now.
    :raises Refused: a segment cannot be rated for a reason that lies in itself.
    """
    with db.rolled_back():
        if before is not None:
            db.execute(_TURN_BACK, {"accounts": list(account_ids), "end": before})
        usage.approve_step(start_date=period.start, end_date=period.end, service_point_ids=service_point_ids)
        return segments.find(account_ids=account_ids, scope=rebill_changes.scope_of(period))
