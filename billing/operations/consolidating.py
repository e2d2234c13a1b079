"""
Consolidated bills are made: bills are collected when they are issued, and asked for together once their month is there.

A bill that is collected stays what it is, but for its due date, which is that of the consolidated bill and never before
its own: so late fees and demands follow by themselves. Until the consolidated bill is made, the latest day on which it
can be due holds. Whatever waits is found in the database, so a night may be done again at any time: a month is made
once.
"""

from dataclasses import dataclass
from datetime import date, datetime, timedelta

import structlog

from accounts.queries import supplier
from billing.domain import consolidated as domain
from billing.models.consolidated import ConsolidatedBill, ConsolidatedGap, ConsolidatedItem, Consolidation
from billing.operations import consolidated_telling, ledger
from billing.queries import consolidated as queries
from billing.queries import consolidated_rules
from cis.kernel.actors import SYSTEM
from cis.kernel.calendar import local_clock
from cis.kernel.errors import Refused
from cis.kernel.periods import add_months
from cis.platform import audit, sequences
from cis.platform.db import execute, fetch, joins_transaction, opens_transaction

WORK = "consolidated_bills"
"""Each night, after bills were issued."""
log = structlog.get_logger(__name__)

# What has a due date of its own by agreement keeps it. Two candidates: of this month's consolidated bill, if it is not
# made yet, else of the next.
_COLLECT = """
    WITH collected AS (
        INSERT INTO billing_consolidateditem
            (bill_id, consolidation_id, due_before_date, open_minor)
        SELECT b.id, m.consolidation_id, b.due_date, 0
        FROM billing_bill b
        JOIN billing_consolidationmember m ON m.account_id = b.account_id AND m.period @> b.issue_date
        WHERE b.id = ANY(%(bills)s)
        RETURNING bill_id, consolidation_id
    )
    UPDATE billing_bill b
    SET due_date = greatest(b.due_date, CASE WHEN %(is_open)s AND NOT EXISTS (
            SELECT 1 FROM billing_consolidatedbill k
            WHERE k.consolidation_id = collected.consolidation_id AND k.month = %(month)s
        ) THEN %(now)s::date ELSE %(later)s::date END)
    FROM collected WHERE b.id = collected.bill_id
"""
_WAITING = """
    SELECT b.id, b.account_id, b.energy_wh, b.amount_minor, b.tax_minor, i.due_before_date,
           CASE WHEN b.amount_minor > 0 THEN b.amount_minor - coalesce(
               (SELECT sum(a.amount_minor) FROM billing_allocation a WHERE a.bill_id = b.id), 0)::bigint ELSE 0 END
    FROM billing_consolidateditem i JOIN billing_bill b ON b.id = i.bill_id
    WHERE i.consolidation_id = %(consolidation)s AND i.consolidated_bill_id IS NULL AND b.state = 'issued'
    ORDER BY b.id
"""
_TAKE = """
    WITH one AS (
        SELECT * FROM unnest(%(bills)s::bigint[], %(open)s::bigint[]) AS o (bill_id, open_minor)
    ), taken AS (
        UPDATE billing_consolidateditem i
        SET consolidated_bill_id = %(consolidated)s, open_minor = one.open_minor
        FROM one WHERE i.bill_id = one.bill_id
    )
    UPDATE billing_bill b SET due_date = %(due)s FROM one WHERE b.id = one.bill_id AND b.amount_minor > 0
"""
# Bills of earlier consolidated bills that were cancelled since, each told once.
_CORRECT = """
    UPDATE billing_consolidateditem i SET told_on_id = %(consolidated)s
    FROM billing_bill b
    WHERE b.id = i.bill_id AND i.consolidation_id = %(consolidation)s AND i.told_on_id IS NULL
      AND i.consolidated_bill_id < %(consolidated)s AND b.state = 'cancelled'
"""


@dataclass(frozen=True, slots=True)
class _Item:
    bill_id: int
    account_id: int
    energy_wh: int
    amount_minor: int
    tax_minor: int
    due_before_date: date
    open_minor: int


@joins_transaction
def collect_step(*, bill_ids: list[int], issue_date: date) -> None:
    """
    Collect those bills, just issued, whose accounts are billed together; one statement, two where the place offers it.

    The bills are posted and have numbers; their customers are told of the consolidated bill alone.
    """
    if not consolidated_rules.is_offered(issue_date):
        return
    rule = consolidated_rules.of(issue_date)
    month = domain.month_of(issue_date)
    latest = domain.deadline(month, wait_days=rule.wait_days)
    later = domain.deadline(add_months(month, 1), wait_days=rule.wait_days)
    execute(
        _COLLECT,
        {
            "bills": bill_ids,
            "month": month,
            "is_open": issue_date <= latest,
            "now": latest + timedelta(days=rule.due_days),
            "later": later + timedelta(days=rule.due_days),
        },
    )


def work(at: datetime) -> None:
    """Make the consolidated bills that are due; one that cannot be made does not stop the others."""
    today = local_clock(supplier.current().time_zone).local_date(at)
    for consolidation_id in queries.ids_to_make(today=today):
        try:
            make(consolidation_id=consolidation_id, today=today)
        except Refused as refusal:
            log.warning("consolidated_bill_waits", consolidation=consolidation_id, code=refusal.code)


@opens_transaction
def make(*, consolidation_id: int, today: date) -> int | None:
    """
    Make the consolidated bill of last month if its bills are there, or if it has waited long enough.

    A constant number of statements, however many accounts.

    :returns: its id; None: it waits, nothing is to be asked for, or it is made already.
    :raises MissingRule: the place does not offer it any more.
    """
    rule, month = consolidated_rules.of(today), domain.month_of(today)
    row = Consolidation.objects.select_for_update(no_key=True).get(id=consolidation_id)
    if ConsolidatedBill.objects.filter(consolidation_id=row.id, month=month).exists():
        return None
    gaps = queries.gaps(consolidation_id=row.id, month=month)
    if gaps and today < domain.deadline(month, wait_days=rule.wait_days):
        return None
    accounts = [account for (account,) in fetch(_ACCOUNTS, [row.id])]
    ledger.lock_customers(account_ids=accounts)
    items = [_Item(*found) for found in fetch(_WAITING, {"consolidation": row.id})]
    if not items:
        return None
    due = domain.due_date(
        issue_date=today, due_days=rule.due_days, own=[one.due_before_date for one in items if one.amount_minor > 0]
    )
    made = ConsolidatedBill.objects.create(
        consolidation_id=row.id,
        number=domain.number_of(sequences.take(domain.SEQUENCE)),
        month=month,
        issue_date=today,
        due_date=due,
        bills=len(items),
        energy_wh=sum(one.energy_wh for one in items),
        amount_minor=sum(one.amount_minor for one in items),
        tax_minor=sum(one.tax_minor for one in items),
        to_pay_minor=sum(one.open_minor for one in items),
    )
    execute(
        _TAKE,
        {
            "bills": [one.bill_id for one in items],
            "open": [one.open_minor for one in items],
            "consolidated": made.id,
            "due": due,
        },
    )
    execute(_CORRECT, {"consolidated": made.id, "consolidation": row.id})
    ConsolidatedGap.objects.bulk_create(
        ConsolidatedGap(consolidated_bill_id=made.id, account_id=gap.account_id, reason=gap.reason) for gap in gaps
    )
    consolidated_telling.queue_bill_step(consolidated_bill_id=made.id)
    audit.record(
        SYSTEM, "consolidate", "customer", row.customer_id, consolidated_bill=made.id, number=made.number,
        bills=len(items), missing=len(gaps),
    )  # fmt: skip
    return made.id


_ACCOUNTS = """
    SELECT DISTINCT b.account_id FROM billing_consolidateditem i JOIN billing_bill b ON b.id = i.bill_id
    WHERE i.consolidation_id = %s AND i.consolidated_bill_id IS NULL
"""


def waiting_of(*, consolidation_id: int) -> int:
    """Return how many bills wait for the next consolidated bill; one statement."""
    rows = ConsolidatedItem.objects.filter(consolidation_id=consolidation_id, consolidated_bill=None)
    return rows.filter(bill__state="issued").count()
