"""Consolidated bills as pages, paper and API show them; what of them is open, and what waits for the next."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date

from django.db.models import QuerySet

from billing.domain.consolidated import Open
from billing.models.consolidated import ConsolidatedBill
from cis.kernel.errors import Refused
from cis.kernel.periods import add_months
from cis.platform import packs
from cis.platform.db import fetch


class UnknownConsolidation(Refused):
    """There is no such consolidation."""

    code = "unknown_consolidation"


class UnknownConsolidatedBill(Refused):
    """There is no such consolidated bill, or it is not one that this reader may see."""

    code = "unknown_consolidated_bill"


@dataclass(frozen=True, slots=True, kw_only=True)
class ConsolidatedCard:
    """
    A consolidated bill in a list. [minor unit]

    to_pay_minor  open of its bills when it was made
    open_minor    open of them now
    gaps          accounts whose bill was missing
    """

    id: int
    number: str
    consolidation_id: int
    customer_id: int
    customer: str
    name: str
    address: str
    lead_account_id: int
    lead_account: str
    month: date
    issue_date: date
    due_date: date
    bills: int
    energy_wh: int
    amount_minor: int
    tax_minor: int
    to_pay_minor: int
    open_minor: int
    gaps: int

    @property
    def state(self) -> str:
        """Return whether it is open or paid, or there is nothing to pay of it."""
        paid = "paid" if self.amount_minor > 0 else "nothing"
        return "open" if self.open_minor else paid

    @property
    def end_date(self) -> date:
        """First day after its month."""
        return add_months(self.month, 1)


@dataclass(frozen=True, slots=True, kw_only=True)
class ItemCard:
    """A bill that was collected, as it stands now. [minor unit, Wh]"""

    bill_id: int
    number: str
    kind: str
    state: str
    account_id: int
    account_number: str
    address: str
    start_date: date
    end_date: date
    energy_wh: int
    amount_minor: int
    tax_minor: int
    to_pay_minor: int
    open_minor: int


@dataclass(frozen=True, slots=True)
class TaxSum:
    """What bills come to, tax included, at one rate of tax. [percent, minor unit]"""

    percent: int
    amount_minor: int
    tax_minor: int


@dataclass(frozen=True, slots=True)
class Gap:
    """An account whose bill is missing, and why."""

    account_id: int
    account_number: str
    reason: str


@dataclass(frozen=True, slots=True)
class Correction:
    """A bill of an earlier consolidated bill that was cancelled since, and its credit note. [minor unit]"""

    bill_id: int
    number: str
    account_number: str
    amount_minor: int
    credit_note: str
    earlier: str


@dataclass(frozen=True, slots=True)
class PaidCard:
    """A payment for it; ``returned_date``: it went back. [minor unit]"""

    id: int
    channel: str
    reference: str
    received_date: date
    amount_minor: int
    parts: int
    returned_date: date | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """
    Which consolidated bills are listed.

    text   first digits of a number, or a part of the customer's or the arrangement's name
    state  "open", "overdue", "paid", "nothing" (to pay), or "incomplete"; "" = all
    """

    text: str = ""
    state: str = ""
    month: date | None = None
    customer_id: int | None = None


_OPEN = """(CASE WHEN b.state = 'issued' AND b.amount_minor > 0 THEN b.amount_minor - coalesce(
    (SELECT sum(a.amount_minor) FROM billing_allocation a WHERE a.bill_id = b.id), 0) ELSE 0 END)::bigint"""
_CARDS = f"""
    SELECT k.id, k.number, k.consolidation_id, c.customer_id, p.name, c.name, c.address, c.lead_account_id,
           l.number, k.month, k.issue_date, k.due_date, k.bills, k.energy_wh, k.amount_minor, k.tax_minor,
           k.to_pay_minor, o.open_minor, g.gaps
    FROM billing_consolidatedbill k
    JOIN billing_consolidation c ON c.id = k.consolidation_id
    JOIN accounts_customer p ON p.id = c.customer_id
    JOIN accounts_account l ON l.id = c.lead_account_id
    CROSS JOIN LATERAL (
        SELECT coalesce(sum({_OPEN}), 0)::bigint AS open_minor
        FROM billing_consolidateditem i JOIN billing_bill b ON b.id = i.bill_id WHERE i.consolidated_bill_id = k.id
    ) o
    CROSS JOIN LATERAL (
        SELECT count(*)::int AS gaps FROM billing_consolidatedgap g WHERE g.consolidated_bill_id = k.id
    ) g
    WHERE (%(ids)s::bigint[] IS NULL OR k.id = ANY(%(ids)s))
      AND (%(number)s::text IS NULL OR k.number = %(number)s)
      AND (%(customer)s::bigint IS NULL OR c.customer_id = %(customer)s)
      AND (%(month)s::date IS NULL OR k.month = %(month)s)
      AND (%(text)s = '' OR starts_with(k.number, %(text)s)
           OR strpos(lower(p.name || ' ' || c.name), lower(%(text)s)) > 0)
      AND CASE %(state)s WHEN 'open' THEN o.open_minor > 0 WHEN 'paid' THEN o.open_minor = 0 AND k.amount_minor > 0
                         WHEN 'nothing' THEN o.open_minor = 0 AND k.amount_minor <= 0
                         WHEN 'overdue' THEN o.open_minor > 0 AND k.due_date < %(today)s
                         WHEN 'incomplete' THEN g.gaps > 0 ELSE true END
    ORDER BY k.id DESC OFFSET %(offset)s LIMIT %(most)s
"""  # noqa: S608 (no value of anybody's is in it)
_ITEMS = f"""
    SELECT b.id, b.number, b.kind, b.state, b.account_id, t.number, coalesce(s.address, ''), b.start_date, b.end_date,
           b.energy_wh, b.amount_minor, b.tax_minor, i.open_minor, {_OPEN}
    FROM billing_consolidateditem i
    JOIN billing_bill b ON b.id = i.bill_id
    JOIN accounts_account t ON t.id = b.account_id
    LEFT JOIN LATERAL (
        SELECT p.address FROM contracts_serviceagreement g
        JOIN metering_servicepoint q ON q.id = g.service_point_id JOIN metering_premises p ON p.id = q.premises_id
        WHERE g.account_id = b.account_id ORDER BY g.period && daterange(b.start_date, b.end_date) DESC, g.id LIMIT 1
    ) s ON true
    WHERE i.consolidated_bill_id = %s ORDER BY t.number, b.id
"""  # noqa: S608 (no value of anybody's is in it)
# By ledger class, whose sums tell the rate that its lines and charges bear, to a full percent as rates of places are.
_TAX = """
    SELECT x.rate, sum(x.amount)::bigint, sum(x.tax)::bigint FROM (
        SELECT sum(amount_minor) AS amount, sum(tax_minor) AS tax,
               coalesce(round(100 * sum(tax_minor) / nullif(sum(amount_minor) - sum(tax_minor), 0)), 0)::int AS rate
        FROM (SELECT bill_id, ledger_class, amount_minor, tax_minor FROM billing_billline
              UNION ALL SELECT bill_id, ledger_class, amount_minor, tax_minor FROM billing_billcharge) l
        WHERE bill_id IN (SELECT bill_id FROM billing_consolidateditem WHERE consolidated_bill_id = %s)
        GROUP BY ledger_class
    ) x GROUP BY x.rate ORDER BY x.rate DESC
"""
_ORDERED = f"""
    SELECT b.id, b.account_id, {_OPEN} AS open_minor
    FROM billing_consolidateditem i JOIN billing_bill b ON b.id = i.bill_id
    WHERE i.consolidated_bill_id = %(consolidated)s AND {_OPEN} > 0
    ORDER BY CASE WHEN %(oldest_first)s THEN 0 ELSE array_position(%(order)s::text[], b.kind::text) END,
             i.due_before_date, array_position(%(order)s::text[], b.kind::text), b.id
"""  # noqa: S608 (no value of anybody's is in it)
_GAPS = """
    SELECT m.account_id, t.number,
           CASE WHEN EXISTS (SELECT 1 FROM billing_heldbill h WHERE h.account_id = m.account_id AND h.state = 'open'
                             AND h.end_date > %(month)s AND h.end_date <= %(end)s) THEN 'held'
                WHEN EXISTS (SELECT 1 FROM billing_bill d WHERE d.account_id = m.account_id AND d.kind = 'regular'
                             AND d.state = 'draft' AND d.end_date > %(month)s AND d.end_date <= %(end)s)
                THEN 'not_issued' ELSE 'not_rated' END
    FROM billing_consolidationmember m JOIN accounts_account t ON t.id = m.account_id
    WHERE m.consolidation_id = %(consolidation)s AND m.period @> %(end)s::date
      AND EXISTS (SELECT 1 FROM contracts_serviceagreement g WHERE g.account_id = m.account_id
                  AND g.period && daterange(%(month)s, %(end)s))
      AND NOT EXISTS (SELECT 1 FROM billing_bill b WHERE b.account_id = m.account_id AND b.kind = 'regular'
                      AND b.state IN ('issued', 'cancelled') AND b.end_date > %(month)s AND b.end_date <= %(end)s)
    ORDER BY t.number
"""


def ids_to_make(*, today: date) -> list[int]:
    """Return the consolidations with bills that wait and no consolidated bill of last month; one statement."""
    sql = """
        SELECT c.id FROM billing_consolidation c
        WHERE EXISTS (SELECT 1 FROM billing_consolidateditem i JOIN billing_bill b ON b.id = i.bill_id
                      WHERE i.consolidation_id = c.id AND i.consolidated_bill_id IS NULL AND b.state = 'issued')
          AND NOT EXISTS (SELECT 1 FROM billing_consolidatedbill k WHERE k.consolidation_id = c.id AND k.month = %s)
        ORDER BY c.id
    """
    return [found for (found,) in fetch(sql, [add_months(today.replace(day=1), -1)])]


def gaps(*, consolidation_id: int, month: date) -> tuple[Gap, ...]:
    """Return the accounts that are supplied in a month and have no issued bill of it; one statement."""
    values = {"consolidation": consolidation_id, "month": month, "end": add_months(month, 1)}
    return tuple(Gap(*row) for row in fetch(_GAPS, values))


def listed(*, wanted: Wanted, today: date, offset: int = 0, most: int = 50) -> tuple[ConsolidatedCard, ...]:
    """Return consolidated bills, the latest first; one statement."""
    return _cards(wanted, today=today, offset=offset, most=most)


def one(*, consolidated_bill_id: int) -> ConsolidatedCard:
    """
    Return a consolidated bill; one statement.

    :raises UnknownConsolidatedBill: there is none.
    """
    return _one(_cards(Wanted(), today=date.min, ids=[consolidated_bill_id]), str(consolidated_bill_id))


def of_number(number: str, *, customer_id: int | None = None) -> ConsolidatedCard:
    """
    Return a consolidated bill by its number; one statement.

    :param customer_id: one of this customer only.
    :raises UnknownConsolidatedBill: there is none.
    """
    return _one(_cards(Wanted(customer_id=customer_id), today=date.min, number=number), number)


def selected(*, customer_id: int | None = None, month: date | None = None) -> QuerySet[ConsolidatedBill]:
    """Return the rows of consolidated bills, for pages by id."""
    rows = ConsolidatedBill.objects.all()
    if customer_id is not None:
        rows = rows.filter(consolidation__customer_id=customer_id)
    return rows if month is None else rows.filter(month=month)


def by_ids(*, consolidated_bill_ids: list[int]) -> dict[int, ConsolidatedCard]:
    """Return some consolidated bills by their ids; one statement."""
    found = _cards(Wanted(), today=date.min, ids=consolidated_bill_ids, most=len(consolidated_bill_ids))
    return {card.id: card for card in found}


def by_numbers(numbers: Collection[str]) -> dict[str, int]:
    """Return the ids of consolidated bills that have these numbers; one statement."""
    if not numbers:
        return {}
    return dict(ConsolidatedBill.objects.filter(number__in=list(numbers)).values_list("number", "id"))


def items(*, consolidated_bill_id: int) -> tuple[ItemCard, ...]:
    """Return its bills as they stand now, by account; one statement."""
    names = list(ItemCard.__dataclass_fields__)
    return tuple(ItemCard(**dict(zip(names, row, strict=True))) for row in fetch(_ITEMS, [consolidated_bill_id]))


def taxes(*, consolidated_bill_id: int) -> tuple[TaxSum, ...]:
    """Return what its bills contain by rate of tax in full percents, the highest first; one statement."""
    rows = fetch(_TAX, [consolidated_bill_id])
    return tuple(TaxSum(rate, amount, tax) for rate, amount, tax in rows)


def gaps_of(*, consolidated_bill_id: int) -> tuple[Gap, ...]:
    """Return the accounts whose bills were missing when it was made; one statement."""
    sql = """SELECT g.account_id, t.number, g.reason FROM billing_consolidatedgap g
             JOIN accounts_account t ON t.id = g.account_id WHERE g.consolidated_bill_id = %s ORDER BY t.number"""
    return tuple(Gap(*row) for row in fetch(sql, [consolidated_bill_id]))


def corrections_of(*, consolidated_bill_id: int) -> tuple[Correction, ...]:
    """Return the bills of earlier ones that it tells were cancelled; one statement."""
    sql = """
        SELECT b.id, b.number, t.number, b.amount_minor, coalesce(n.number, ''), k.number
        FROM billing_consolidateditem i JOIN billing_bill b ON b.id = i.bill_id
        JOIN accounts_account t ON t.id = b.account_id
        JOIN billing_consolidatedbill k ON k.id = i.consolidated_bill_id
        LEFT JOIN billing_bill n ON n.cancels_id = b.id
        WHERE i.told_on_id = %s ORDER BY t.number, b.id
    """
    return tuple(Correction(*row) for row in fetch(sql, [consolidated_bill_id]))


def payments_of(*, consolidated_bill_id: int) -> tuple[PaidCard, ...]:
    """Return the payments for it, the latest first; one statement."""
    sql = """
        SELECT x.id, x.channel, x.reference, x.received_date, x.amount_minor, count(*)::int, max(r.returned_date)
        FROM billing_consolidatedpayment x
        JOIN billing_consolidatedpart p ON p.consolidated_payment_id = x.id
        LEFT JOIN billing_paymentreturn r ON r.payment_id = p.payment_id
        WHERE x.consolidated_bill_id = %s GROUP BY x.id ORDER BY x.id DESC
    """
    return tuple(PaidCard(*row) for row in fetch(sql, [consolidated_bill_id]))


def accounts_of(*, consolidated_bill_id: int) -> list[int]:
    """Return the accounts of its bills; one statement."""
    sql = """SELECT DISTINCT b.account_id FROM billing_consolidateditem i JOIN billing_bill b ON b.id = i.bill_id
             WHERE i.consolidated_bill_id = %s"""
    return [account for (account,) in fetch(sql, [consolidated_bill_id])]


def open_bills(*, consolidated_bill_id: int, today: date) -> tuple[Open, ...]:
    """
    Return what is open of its bills, in the order in which the place pays; one statement.

    :raises MissingRule: the pack of the place has no rule ``payment_order``.
    """
    rule = packs.rule("payment_order", at=today)
    values = {
        "consolidated": consolidated_bill_id,
        "order": list(rule["kinds"]),
        "oldest_first": rule["first"] == "oldest",
    }
    return tuple(Open(*row) for row in fetch(_ORDERED, values))


def of_bills(*, bill_ids: Collection[int]) -> dict[int, tuple[int | None, str]]:
    """
    Return which of some bills are collected, with id and number of the consolidated bill; one statement.

    None and "": it waits for the next one.
    """
    sql = """SELECT i.bill_id, k.id, coalesce(k.number, '') FROM billing_consolidateditem i
             LEFT JOIN billing_consolidatedbill k ON k.id = i.consolidated_bill_id WHERE i.bill_id = ANY(%s)"""
    return {bill_id: (found, number) for bill_id, found, number in fetch(sql, [list(bill_ids)])}


def _cards(
    wanted: Wanted,
    *,
    today: date,
    ids: list[int] | None = None,
    number: str | None = None,
    offset: int = 0,
    most: int = 1,
) -> tuple[ConsolidatedCard, ...]:
    names = list(ConsolidatedCard.__dataclass_fields__)
    values = {
        "ids": ids, "number": number, "customer": wanted.customer_id, "month": wanted.month,
        "text": wanted.text.strip(), "state": wanted.state, "today": today, "offset": offset, "most": most,
    }  # fmt: skip
    return tuple(ConsolidatedCard(**dict(zip(names, row, strict=True))) for row in fetch(_CARDS, values))


def _one(found: tuple[ConsolidatedCard, ...], name: str) -> ConsolidatedCard:
    if not found:
        raise UnknownConsolidatedBill(f"There is no consolidated bill {name}.")
    return found[0]
