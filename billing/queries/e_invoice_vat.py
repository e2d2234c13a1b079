"""VAT of a month: what invoices say by rate, and what the ledger says, with each difference explained."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from cis.kernel.periods import add_months
from cis.platform.db import fetch


class Cause(StrEnum):
    """
    Why the VAT of the ledger and that of the invoices of a month are not the same.

    UNDER_WAY    invoices of bills posted in the month are due, asked for or failed
    NOT_WANTED   bills posted in the month have no invoice yet: not settled, not asked for, or too old
    LATER        invoices of bills posted in the month were issued in another month
    EARLIER      invoices issued in the month are of bills posted in another month
    BY_HAND      invoices taken back by hand, or issued anew
    OTHER        VAT posted beside bills
    """

    UNDER_WAY = "under_way"
    NOT_WANTED = "not_wanted"
    LATER = "later"
    EARLIER = "earlier"
    BY_HAND = "by_hand"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class RateSum:
    """Invoices of a month at one rate, blue and red apart. [minor unit]"""

    rate_e6: int
    kind: str
    is_red: bool
    invoices: int
    net_minor: int
    tax_minor: int


@dataclass(frozen=True, slots=True)
class Difference:
    """One cause: how many bills, and by how much the ledger says more than the invoices. [minor unit]"""

    cause: Cause
    bills: int
    tax_minor: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Reconciled:
    """
    The VAT of a month. [minor unit]

    unexplained_minor  what no cause explains: 0, or something is wrong
    """

    month: date
    ledger_minor: int
    invoices_minor: int
    differences: tuple[Difference, ...]

    @property
    def difference_minor(self) -> int:
        """Return by how much the ledger says more. [minor unit]"""
        return self.ledger_minor - self.invoices_minor

    @property
    def unexplained_minor(self) -> int:
        """Return what is left of the difference. [minor unit]"""
        return self.difference_minor - sum(one.tax_minor for one in self.differences)


def by_rate(*, month: date) -> tuple[RateSum, ...]:
    """Return what invoices of a month say by rate, kind and colour: the figures of the tax report; one statement."""
    rows = fetch(_BY_RATE, {"from": month, "until": add_months(month, 1)})
    return tuple(RateSum(*row) for row in rows)


def reconcile(*, month: date) -> Reconciled:
    """Compare the VAT of a month in the ledger with that of the invoices issued in it; two statements."""
    given = {"from": month, "until": add_months(month, 1)}
    ((ledger, other),) = fetch(_LEDGER, given)
    rows = fetch(_BILLS, given)
    sums: dict[Cause, list[int]] = {}
    if other:
        sums[Cause.OTHER] = [0, int(other)]
    for _bill_id, posted, issued, by_hand, *others in rows:
        for cause, amount in _causes(posted, issued, by_hand, *others):
            found = sums.setdefault(cause, [0, 0])
            found[0], found[1] = found[0] + 1, found[1] + amount
    invoices = sum(row[2] + row[3] for row in rows)
    return Reconciled(
        month=month,
        ledger_minor=int(ledger),
        invoices_minor=int(invoices),
        differences=tuple(Difference(cause, *sums[cause]) for cause in Cause if cause in sums),
    )


def _causes(
    posted: int, issued: int, by_hand: int, elsewhere: int, under_way: int, standing: int
) -> Sequence[tuple[Cause, int]]:
    """
    Explain the difference of one bill. [minor unit]

    :param posted: its VAT in the ledger of the month; ``issued``: of its invoices of the month, without ``by_hand``.
    :param elsewhere: of its invoices of other months; ``under_way``: of those not issued yet.
    :param standing: how many invoices it has; what is left over then is explained by nothing.
    """
    rest = posted - issued
    found = [(Cause.BY_HAND, -by_hand)] if by_hand else []
    if not rest:
        return found
    if not posted:
        return [*found, (Cause.EARLIER, rest)]
    for cause, amount in ((Cause.LATER, elsewhere), (Cause.UNDER_WAY, under_way)):
        if amount:
            found.append((cause, amount))
            rest -= amount
    return [*found, (Cause.NOT_WANTED, rest)] if rest and not standing else found


_BY_RATE = """
SELECT l.rate_e6, e.kind, e.reverses_id IS NOT NULL, count(DISTINCT e.id), sum(l.net_minor)::bigint,
       sum(l.tax_minor)::bigint
FROM billing_einvoice e JOIN billing_einvoiceline l ON l.invoice_id = e.id
WHERE e.issued_date >= %(from)s AND e.issued_date < %(until)s
GROUP BY 1, 2, 3 ORDER BY 1 DESC, 2, 3
"""
_VAT = """
    SELECT t.kind, t.source_id, CASE WHEN c.code = 'liability.vat' THEN t.amount_minor ELSE -t.amount_minor END AS vat
    FROM billing_transfer t
    JOIN billing_ledgeraccount d ON d.id = t.debit_id JOIN billing_ledgeraccount c ON c.id = t.credit_id
    WHERE t.period = %(from)s AND (c.code = 'liability.vat' OR d.code = 'liability.vat')
"""
_LEDGER = f"""
SELECT coalesce(sum(vat), 0)::bigint, coalesce(sum(vat) FILTER (WHERE kind <> 'bill'), 0)::bigint FROM ({_VAT}) v
"""  # noqa: S608 (the words put in are our own)
_BILLS = f"""
WITH posted AS (SELECT source_id AS bill_id, sum(vat) AS vat FROM ({_VAT}) v WHERE kind = 'bill' GROUP BY 1),
touched AS (
    SELECT bill_id FROM posted
    UNION SELECT bill_id FROM billing_einvoice WHERE issued_date >= %(from)s AND issued_date < %(until)s
), said AS (
    SELECT e.bill_id,
           sum(e.tax_minor) FILTER (WHERE e.issued_date >= %(from)s AND e.issued_date < %(until)s
                                    AND NOT e.is_by_hand) AS issued,
           sum(e.tax_minor) FILTER (WHERE e.issued_date >= %(from)s AND e.issued_date < %(until)s
                                    AND e.is_by_hand) AS by_hand,
           sum(e.tax_minor) FILTER (WHERE (e.issued_date < %(from)s OR e.issued_date >= %(until)s)
                                    AND NOT e.is_by_hand) AS elsewhere,
           sum(e.tax_minor) FILTER (WHERE e.state IN ('due', 'asked', 'failed') AND NOT e.is_by_hand) AS under_way,
           count(*) FILTER (WHERE e.state <> 'dropped' AND NOT e.is_by_hand) AS standing
    FROM billing_einvoice e JOIN touched t ON t.bill_id = e.bill_id GROUP BY 1
)
SELECT t.bill_id, coalesce(p.vat, 0)::bigint, coalesce(s.issued, 0)::bigint, coalesce(s.by_hand, 0)::bigint,
       coalesce(s.elsewhere, 0)::bigint, coalesce(s.under_way, 0)::bigint, coalesce(s.standing, 0)
FROM touched t LEFT JOIN posted p ON p.bill_id = t.bill_id LEFT JOIN said s ON s.bill_id = t.bill_id
ORDER BY t.bill_id
"""  # noqa: S608 (the words put in are our own)
