"""Billing rows for tests: bills that were issued, as the run would have left them, without a run."""

from datetime import date, timedelta

from django.db import transaction

from billing.domain import numbers
from billing.models.bill import Bill, BillLine, BillSegment
from billing.operations import allocation, ledger
from cis.kernel.actors import SYSTEM
from cis.platform import sequences
from tests.factories.contracts import World

START = date(2026, 1, 1)
END = date(2026, 2, 1)
PRICE_E6 = 61_700_000
VAT_SHARE = (13, 113)


def draft(
    *, world: World, kwh: int = 100, start_date: date = START, end_date: date = END, state: str = "draft"
) -> Bill:
    """A bill of one line at 0.617 yuan/kWh with 13 % VAT inside, rated by its energy; it owes nothing yet."""
    amount = (kwh * PRICE_E6 + 500_000) // 1_000_000
    tax = round(amount * VAT_SHARE[0] / VAT_SHARE[1])
    bill = Bill.objects.create(
        account=world.account,
        start_date=start_date,
        end_date=end_date,
        energy_wh=kwh * 1_000,
        amount_minor=amount,
        tax_minor=tax,
        state=state,
    )
    segment = BillSegment.objects.create(
        bill=bill,
        agreement=world.agreement,
        tariff_version=world.version,
        period_start_date=start_date,
        period_end_date=end_date,
        start_date=start_date,
        end_date=end_date,
        used_wh=kwh * 1_000,
        before_wh=0,
        household=1,
        amount_minor=amount,
        inputs=[kwh * 1_000],
    )
    BillLine.objects.create(
        bill=bill,
        seq=1,
        segment=segment,
        code="energy",
        unit="kWh",
        quantity=kwh * 1_000,
        price_e6=PRICE_E6,
        amount_minor=amount,
        tax_minor=tax,
        ledger_class="energy",
    )
    return bill


def issued(*, world: World, kwh: int = 100, start_date: date = START, end_date: date = END) -> Bill:
    """The same, issued on its end date, due 20 days later, and posted."""
    bill = draft(world=world, kwh=kwh, start_date=start_date, end_date=end_date)
    with transaction.atomic():
        ledger.post_bills(bill_ids=[bill.id], account_ids=[bill.account_id], occurred_date=end_date, actor=SYSTEM)
        bill.state = "issued"
        bill.issue_date = end_date
        bill.due_date = end_date + timedelta(days=20)
        bill.number = numbers.bill_number(sequences.take(numbers.SEQUENCE, 1))
        bill.save()
        allocation.allocate(account_ids=[bill.account_id], today=end_date)
    return bill
