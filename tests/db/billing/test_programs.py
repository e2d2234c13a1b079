"""Programmes on bills: green energy by days, instalments once, money of a bank on our books and not the customer's."""

from datetime import date

import pytest
from django.utils import timezone

from billing.models.bill import Bill, BillLine
from billing.models.charge import BillCharge
from billing.models.ledger import LedgerAccount, Transfer
from billing.queries import balances
from cis.kernel.actors import SYSTEM
from cis.platform import jobs, outbox
from contracts.domain.financing import BankAnswer, FinancingAction
from contracts.models.lease import Financing
from contracts.operations import financing, program_nights, programs
from tests.db.billing.night import FEBRUARY, JANUARY, MARCH, bill, prove
from tests.factories import accounts, contracts, metering
from tests.factories.programs import CLERK, GREEN, GREEN_TARIFF, LEASE, SALE, joined, published

pytestmark = pytest.mark.django_db


@pytest.fixture
def world():
    accounts.supplier()
    made = contracts.world(source=GREEN_TARIFF, start_date=JANUARY.start)
    (register,) = metering.metered(at=made.service_point)
    for month in (JANUARY, FEBRUARY, MARCH):
        metering.usage(of=register, at=made.service_point, start_date=month.start, end_date=month.end, kwh=310)
    return made


def green():
    rows = BillLine.objects.filter(code="green", segment__cancels=None, segment__cancelled_by=None, quantity__gt=0)
    return [
        (start.day, end, quantity, amount)
        for start, end, quantity, amount in rows.order_by("segment__start_date").values_list(
            "segment__start_date", "segment__end_date", "quantity", "amount_minor"
        )
    ]


def on_bills(account):
    rows = BillCharge.objects.filter(bill__account=account, bill__state="issued").order_by("id")
    return list(rows.values_list("charge__kind", "amount_minor"))


def test_a_package_is_paid_by_its_days_and_what_was_before_holds_again(world):
    made = joined(published(GREEN), account_id=world.account.id, start=date(2025, 1, 17))
    program_nights.day(today=date(2025, 1, 20))
    bill()
    # 15 of 31 days of two blocks of 50 kWh, at 0.03: 48.387 kWh, 1.45 yuan.
    assert green() == [(17, date(2025, 2, 1), 48_387, 145)]
    assert on_bills(world.account) == [("green_package", 500)]
    programs.end(enrollment_id=made, on_date=date(2025, 2, 15), today=date(2025, 3, 1), actor=CLERK)
    program_nights.day(today=date(2025, 3, 1))
    bill(FEBRUARY)
    assert green()[1:] == [(1, date(2025, 2, 15), 50_000, 150)]
    prove()


def test_what_is_cancelled_after_its_bill_is_given_back_by_the_next(world):
    made = joined(published(GREEN), account_id=world.account.id, start=date(2025, 1, 28))
    program_nights.day(today=date(2025, 1, 28))
    bill()
    assert len(green()) == 1
    programs.cancel(enrollment_id=made, reason="no more", today=date(2025, 2, 2), actor=CLERK)
    bill(FEBRUARY)
    assert green() == []
    assert on_bills(world.account) == [("green_package", 500), ("green_package", -500)]
    prove()


def test_rents_and_instalments_are_on_one_bill_each(world):
    joined(published(LEASE), account_id=world.account.id, start=date(2025, 1, 10))
    joined(published(SALE), account_id=world.account.id, start=date(2025, 1, 10))
    for month in (JANUARY, FEBRUARY, MARCH):
        program_nights.day(today=month.end)
        bill(month)
        program_nights.day(today=month.end)
    found = on_bills(world.account)
    rows = SALE.rows(date(2025, 1, 10))
    assert [amount for kind, amount in found if kind == "lease_rent"] == [19_900] * 3
    assert [amount for kind, amount in found if kind == "instalment"] == [row.amount_minor for row in rows[:3]]
    assert Bill.objects.filter(account=world.account).count() == 3
    prove()


def test_the_money_of_a_bank_is_ours_and_its_instalments_are_not(world, monkeypatch):
    monkeypatch.setattr(jobs, "send", lambda *_, **__: None)
    today = timezone.localdate()
    made = joined(published(SALE, changed={"is_financed": True}), account_id=world.account.id, start=today)
    outbox.deliver_due()
    posted = {(row.debit.code, row.credit.code): row.amount_minor for row in Transfer.objects.filter(kind="financing")}
    # 2,000.00 with 13 % VAT in it.
    assert posted == {
        ("cash.partner_bank", "revenue.equipment"): 176_991,
        ("cash.partner_bank", "liability.vat"): 23_009,
    }
    assert balances.movements(account_id=world.account.id) == ()
    assert not LedgerAccount.objects.filter(account=world.account, balance_minor__gt=0).exists()
    prove()
    programs.cancel(enrollment_id=made, reason="no more", today=today, actor=CLERK)
    assert Transfer.objects.filter(kind="financing", reverses__isnull=False).count() == 2
    prove()


def test_the_money_of_a_bank_for_a_sale_that_is_off_is_owed_to_the_bank(world, monkeypatch):
    monkeypatch.setattr(jobs, "send", lambda *_, **__: None)
    today = timezone.localdate()
    made = joined(published(SALE, changed={"is_financed": True}), account_id=world.account.id, start=today)
    programs.cancel(enrollment_id=made, reason="no more", today=today, actor=CLERK)
    row = Financing.objects.get()
    paid = BankAnswer(answer_id="1", reference=f"WL-{row.id}", action=FinancingAction.PAY, on=today)
    for _ in range(2):
        financing.record_answer(answer=paid, today=today, actor=SYSTEM)
    (posted,) = Transfer.objects.all()
    assert (posted.debit.code, posted.credit.code) == ("cash.partner_bank", "liability.suspense")
    assert (posted.kind, posted.amount_minor, posted.account_id) == ("suspense", 200_000, None)
    assert balances.movements(account_id=world.account.id) == ()
    prove()
