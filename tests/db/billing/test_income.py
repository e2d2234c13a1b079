"""Revenue of a month by component and class of use, added up by hand."""

from datetime import date

import pytest
from django.db import transaction

from billing.models.bill import Bill, BillLine
from billing.operations import ledger
from billing.queries import income
from cis.kernel.actors import SYSTEM
from tests.factories import accounts, billing, contracts

pytestmark = pytest.mark.django_db
JANUARY, FEBRUARY, MARCH = date(2026, 1, 1), date(2026, 2, 1), date(2026, 3, 1)


def posted(world, *, kwh, funds, on=FEBRUARY, start=JANUARY):
    """A bill of energy at 0.617 a kWh and a fund, both with 13 % VAT inside, posted on a day."""
    bill = billing.draft(world=world, kwh=kwh, start_date=start, end_date=on)
    fund, tax = funds
    line = bill.lines.get()
    BillLine.objects.create(
        bill=bill, seq=2, segment=line.segment, code="fund", unit="kWh", quantity=kwh * 1_000, price_e6=5_000_000,
        amount_minor=fund, tax_minor=tax, ledger_class="funds",
    )  # fmt: skip
    Bill.objects.filter(id=bill.id).update(amount_minor=bill.amount_minor + fund, tax_minor=bill.tax_minor + tax)
    with transaction.atomic():
        ledger.post_bills(bill_ids=[bill.id], account_ids=[world.account.id], occurred_date=on, actor=SYSTEM)
    return bill


def test_each_component_is_the_sum_of_the_bills_of_its_class():
    accounts.supplier()
    home, other, company = (contracts.world() for _ in range(3))
    type(company.customer).objects.filter(id=company.customer.id).update(kind="company")
    # energy 61.70 with VAT 7.10 and 30.85 with 3.55; funds 5.00 with 0.58 and 2.50 with 0.29
    posted(home, kwh=100, funds=(500, 58))
    posted(other, kwh=50, funds=(250, 29))
    # energy 1234.00 with VAT 141.96; funds 100.00 with 11.50
    back = posted(company, kwh=2_000, funds=(10_000, 1_150))
    posted(home, kwh=300, funds=(1_500, 173), on=MARCH, start=FEBRUARY)  # of another month
    assert income.by_class(month=FEBRUARY) == {
        "revenue.energy": {"residential": 5_460 + 2_730, "commercial": 109_204},
        "revenue.funds": {"residential": 442 + 221, "commercial": 8_850},
        "liability.vat": {"residential": 710 + 355 + 58 + 29, "commercial": 14_196 + 1_150},
    }
    with transaction.atomic():
        ledger.reverse_bill(
            bill_id=back.id, credit_note_id=back.id + 1_000, account_id=company.account.id, occurred_date=MARCH, actor=SYSTEM,
            reason="wrong meter",
        )  # fmt: skip
    found = income.by_class(month=MARCH)
    # energy 185.10 with VAT 21.29
    assert found["revenue.energy"] == {"residential": 18_510 - 2_129, "commercial": -109_204}
    assert found["revenue.funds"] == {"residential": 1_327, "commercial": -8_850}
    by_month = income.by_month(codes=income.REVENUE, since=FEBRUARY, until=MARCH)
    sums = {
        (code, month): one.credit_minor - one.debit_minor
        for code, row in by_month.items()
        for month, one in row.items()
    }
    assert sums == {
        ("revenue.energy", FEBRUARY): 117_394, ("revenue.funds", FEBRUARY): 9_513,
        ("revenue.energy", MARCH): -92_823, ("revenue.funds", MARCH): -7_523,
    }  # fmt: skip
