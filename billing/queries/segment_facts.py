"""What customers buy and how they pay, for their segments."""

from collections.abc import Sequence
from datetime import date

from accounts.domain.segments import Bought
from cis.kernel.periods import add_months
from cis.platform.db import fetch

_CLASSES = """
    SELECT h.customer_id, array_agg(DISTINCT f.customer_class)
    FROM accounts_accountholder h
    JOIN contracts_serviceagreement g ON g.account_id = h.account_id AND g.period @> %(today)s::date
    JOIN contracts_agreementterm t ON t.agreement_id = g.id AND t.period @> %(today)s::date
    JOIN LATERAL (
        SELECT v.customer_class FROM tariffs_tariffversion v
        WHERE v.tariff_id = t.tariff_id AND v.state = 'published' AND v.customer_class <> ''
        ORDER BY v.period DESC LIMIT 1) f ON true
    WHERE h.customer_id = ANY(%(customers)s) AND h.period @> %(today)s::date
    GROUP BY h.customer_id
"""
# A bill belongs to who held the account on its last day.
_BILLS = """
    SELECT h.customer_id, sum(b.energy_wh), count(*) FILTER (WHERE b.due_date < %(today)s AND b.amount_minor > (
        SELECT coalesce(sum(x.amount_minor), 0) FROM billing_allocation x
        LEFT JOIN billing_payment p ON p.id = x.payment_id LEFT JOIN billing_bill c ON c.id = x.credit_id
        WHERE x.bill_id = b.id AND coalesce(p.received_date, c.issue_date) <= b.due_date))
    FROM accounts_accountholder h
    JOIN billing_bill b ON b.account_id = h.account_id AND h.period @> (b.end_date - 1)
    WHERE h.customer_id = ANY(%(customers)s) AND b.kind = 'regular' AND b.state = 'issued' AND b.end_date > %(since)s
    GROUP BY h.customer_id
"""


def buying(*, customer_ids: Sequence[int], today: date) -> dict[int, Bought]:
    """Return classes, energy and late bills of the last twelve months by customer; two statements. [Wh]"""
    given = {"customers": list(customer_ids), "today": today, "since": add_months(today, -12)}
    classes = {customer_id: frozenset(found) for customer_id, found in fetch(_CLASSES, given)}
    billed = {customer_id: (int(energy), int(late)) for customer_id, energy, late in fetch(_BILLS, given)}
    return {
        customer_id: Bought(classes.get(customer_id, frozenset()), *billed.get(customer_id, (0, 0)))
        for customer_id in classes.keys() | billed.keys()
    }
