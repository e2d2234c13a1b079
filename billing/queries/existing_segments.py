"""What was billed of accounts, as columns."""

from datetime import date, timedelta

import numpy as np

from billing.domain.chained import FAR
from billing.domain.pieces import BilledPeriods
from billing.domain.segments import Existing
from billing.queries.rebills import Window
from cis.kernel.periods import Period
from cis.platform import db

YEAR_DAYS = 366
_FIELDS = (*Existing.__dataclass_fields__, "in_force")
_EXISTING = """
    SELECT s.agreement_id, s.tariff_version_id,
           (s.start_date - DATE '0001-01-01' + 1)::bigint, (s.end_date - DATE '0001-01-01' + 1)::bigint,
           (s.period_start_date - DATE '0001-01-01' + 1)::bigint, (s.period_end_date - DATE '0001-01-01' + 1)::bigint,
           s.used_wh, s.before_wh, s.household::bigint, s.is_estimated::int::bigint, s.amount_minor,
           s.redelivered::bigint, s.id, s.bill_id, b.account_id,
           (b.state = 'issued' AND NOT EXISTS (
               SELECT 1 FROM billing_billsegment c JOIN billing_bill cb ON cb.id = c.bill_id
               WHERE c.cancels_id = s.id AND cb.state = 'issued'))::int::bigint
    FROM billing_bill b JOIN billing_billsegment s ON s.bill_id = b.id
    WHERE b.account_id = ANY(%(accounts)s) AND b.state IN ('issued', 'cancelled')
      AND s.cancels_id IS NULL AND s.period_end_date > %(since)s
"""


def find(*, account_ids: list[int], since: date, period: Period, window: Window) -> tuple[Existing, BilledPeriods]:
    """
    Return the segments in force since a date, or for a year before the period; and the periods that were ever billed.

    One statement.
    """
    asked = min(since, period.start - timedelta(days=YEAR_DAYS))
    columns = db.read_columns(_EXISTING, {"accounts": account_ids, "since": asked}, columns=len(_FIELDS))
    order = np.lexsort((columns[_FIELDS.index("start_day")], columns[_FIELDS.index("agreement_id")]))
    by_name = dict(zip(_FIELDS, columns[:, order], strict=True))
    in_force = by_name.pop("in_force") == 1
    rows = Existing(**by_name)
    seen = rows.take(rows.period_end_day > since.toordinal())
    keys = np.stack((seen.agreement_id, seen.period_start_day, seen.period_end_day, seen.account_id))
    periods, place = np.unique(keys, axis=1, return_inverse=True)
    first = np.full(periods.shape[1], FAR, dtype=np.int64)
    np.minimum.at(first, place, seen.segment_id)
    agreement_id, start_day, end_day, account_id = periods[:, np.argsort(first, kind="stable")]
    return rows.take(in_force), BilledPeriods(
        agreement_id=agreement_id,
        start_day=start_day,
        end_day=end_day,
        frozen=window.freezes(account_id, start_day, end_day),
    )
