"""
Each night: interest of deposits that is due, and deposits that go back for good payment.

Whoever works here looks for himself in the database: days that are due and not done. So nights that were lost are
caught up, work done again does nothing, and a clock that is set back makes nothing due.
"""

from collections.abc import Sequence
from datetime import date, datetime, timedelta

import structlog

from accounts.queries import supplier
from billing.domain.deposits import DepositRule, DepositState
from billing.models.deposit import Deposit
from billing.operations import deposit_payouts, deposit_steps, ledger
from billing.operations.deposit_steps import Posting
from billing.queries import deposit_facts, deposit_rules
from cis.kernel.actors import SYSTEM
from cis.kernel.calendar import local_clock
from cis.kernel.errors import Refused
from cis.kernel.periods import add_months
from cis.platform import audit
from cis.platform.db import fetch, joins_transaction, opens_transaction

WORK = "deposits"
CHUNK = 500
"""Deposits of one transaction: so long may a payment of one of their accounts have to wait."""
YEAR = 12
GOOD = "按期缴费 good payment"
log = structlog.get_logger(__name__)
_DUE = """
    SELECT id FROM billing_deposit WHERE state = 'open' AND interest_date <= %(today)s
    UNION SELECT id FROM billing_deposit WHERE state = 'open' AND look_date <= %(today)s ORDER BY 1
"""


def night(at: datetime) -> None:
    """Do what is due of all deposits, chunk by chunk; one that cannot be done is named, and keeps no other waiting."""
    today = local_clock(supplier.current().time_zone).local_date(at)
    due = [deposit_id for (deposit_id,) in fetch(_DUE, {"today": today})]
    for start in range(0, len(due), CHUNK):
        part = due[start : start + CHUNK]
        try:
            work(deposit_ids=part, today=today)
        except Refused:
            for deposit_id in part:
                _work_alone(deposit_id, today)
    deposit_payouts.work(today=today)


def _work_alone(deposit_id: int, today: date) -> None:
    try:
        work(deposit_ids=[deposit_id], today=today)
    except Refused as refusal:
        log.warning("deposit_waits", deposit=deposit_id, code=refusal.code, message=refusal.message)
        audit.record(SYSTEM, "refuse_deposit", "deposit", deposit_id, code=refusal.code, message=refusal.message)


@opens_transaction
def work(*, deposit_ids: Sequence[int], today: date) -> None:
    """
    Credit the interest of some deposits that is due, and give back those of good payment; a constant number of
    statements.

    :raises MissingRule: the place has no rule on deposits any more.
    """
    ids = list(deposit_ids)
    account_ids = Deposit.objects.filter(id__in=ids).values_list("account_id", flat=True)
    ledger.lock_customers(account_ids=list(account_ids))
    rows = list(Deposit.objects.select_for_update().filter(id__in=ids, state=DepositState.OPEN.value).order_by("id"))
    rule = deposit_rules.rule(at=today)
    _credit_interest(rows, rule, today)
    _give_back([row for row in rows if row.look_date is not None and row.look_date <= today], rule, today)


@joins_transaction
def _credit_interest(rows: Sequence[Deposit], rule: DepositRule, today: date) -> None:
    """Credit what each due date has brought, the earliest first; a due date with nothing is noted too."""
    due = [row for row in rows if row.interest_date <= today]
    ids = [row.id for row in due]
    facts, money = deposit_facts.of_deposits(deposit_ids=ids), deposit_facts.money_of(deposit_ids=ids)
    postings: list[Posting] = []
    for row in due:
        credited = facts[row.id]
        while row.interest_date <= today:
            one = deposit_steps.interest_posting(
                row, credited, money.get(row.id, ()), rule=rule, until=row.interest_date, due_date=row.interest_date
            )
            postings.append(one)
            credited = deposit_facts.with_interest(credited, one.amount_minor)
            row.interest_date = _next_year(row)
    deposit_steps.write_step(postings=postings, today=today, actor=SYSTEM)
    Deposit.objects.bulk_update(due, ["interest_date"])


def _next_year(row: Deposit) -> date:
    """Return the anniversary after the next due date, counted from the demand: 29 February comes back in its years."""
    years = row.interest_date.year - row.demanded_date.year + 1
    return add_months(row.demanded_date, years * YEAR)


@joins_transaction
def _give_back(rows: Sequence[Deposit], rule: DepositRule, today: date) -> None:
    ids = [row.id for row in rows]
    facts, money = deposit_facts.of_deposits(deposit_ids=ids), deposit_facts.money_of(deposit_ids=ids)
    found = {row.id: deposit_facts.since_of(row, facts[row.id], money.get(row.id, ())) for row in rows}
    since = {one: day for one, day in found.items() if day is not None}
    account_of = {row.id: row.account_id for row in rows}
    verdicts = deposit_facts.verdicts(since=since, account_of=account_of, terms=rule.good, today=today)
    good = [row for row in rows if row.id in verdicts and verdicts[row.id].is_good]
    gone = set(
        deposit_steps.return_step(
            rows=good, state=DepositState.RETURNED, rule=rule, reason=GOOD, today=today, actor=SYSTEM
        )
    )
    later = [row for row in rows if row.id not in gone]
    for row in later:
        # Not paid yet, or not good: it is looked at again when another month is over.
        row.look_date = verdicts[row.id].look_date if row.id in verdicts else add_months(today, 1)
        row.look_date = max(row.look_date, today + timedelta(days=1))
    Deposit.objects.bulk_update(later, ["look_date"])
