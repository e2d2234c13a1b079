"""How old debts are: from the ledger, for any day, the same for good once its month is closed."""

from datetime import date, timedelta

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from billing.domain.ageing import DEBTS, Band
from billing.domain.channels import PaymentChannel, ReturnKind
from billing.domain.entries import CUSTOMER, Entry, TransferKind
from billing.models.bill import Bill
from billing.operations import bills, ledger, payments, periods
from billing.queries import ageing, reports
from billing.queries.ageing import WantedAccounts
from cis.kernel.actors import SYSTEM, Actor, ActorKind
from cis.kernel.enums import Role
from tests.factories import billing, contracts

pytestmark = pytest.mark.django_db(transaction=True)
ANNA = Actor(ActorKind.STAFF, 1, "Anna", frozenset({Role.BILLING}))
BERT = Actor(ActorKind.STAFF, 2, "Bert", frozenset({Role.SUPERVISOR}))
TODAY = date(2026, 9, 20)
DUE = date(2026, 2, 21)
"""Of the first bill, 61.70; the second has 123.40, due on the 21st of March."""


@pytest.fixture
def world():
    made = contracts.world()
    billing.issued(world=made)
    billing.issued(world=made, kwh=200, start_date=date(2026, 2, 1), end_date=date(2026, 3, 1))
    return made


def pay(world, amount, on, reference="r1"):
    return payments.receive(
        account_id=world.account.id, amount_minor=amount, channel=PaymentChannel.BANK, reference=reference,
        received_date=on, today=TODAY, actor=SYSTEM,
    ).payment_id  # fmt: skip


def bands(day):
    found = ageing.of_day(day=day)
    return {band: amount for band, amount in found.total.amount_minor.items() if amount}


@pytest.mark.parametrize(
    ("days", "band"),
    [
        (-20, Band.NOT_DUE), (0, Band.NOT_DUE), (1, Band.TO_30), (30, Band.TO_30), (31, Band.TO_60), (60, Band.TO_60),
        (61, Band.TO_90), (90, Band.TO_90), (91, Band.TO_180), (180, Band.TO_180), (181, Band.OVER),
    ],
)  # fmt: skip
def test_each_band_begins_and_ends_on_its_day(days, band):
    billing.issued(world=contracts.world())
    assert bands(DUE + timedelta(days=days)) == {band: 6170}


def test_money_pays_the_oldest_debt_whatever_day_is_asked(world):
    pay(world, 10_000, date(2026, 3, 25))
    assert bands(date(2026, 1, 31)) == {}
    assert bands(date(2026, 2, 28)) == {Band.TO_30: 6170}
    assert bands(date(2026, 3, 24)) == {Band.TO_30: 12_340, Band.TO_60: 6170}
    assert bands(date(2026, 3, 25)) == {Band.TO_30: 12_340 + 6170 - 10_000}
    assert bands(date(2026, 9, 20)) == {Band.OVER: 8510}


def test_credit_is_no_debt_and_both_come_to_the_ledger(world):
    other = contracts.world()
    pay(other, 500, date(2026, 3, 2), "r3")
    found = ageing.of_day(day=date(2026, 3, 31))
    assert (found.total.owed_minor, found.total.amount_minor[Band.CREDIT]) == (18_510, 500)
    (customers,) = (one for one in reports.trial_balance(month=date(2026, 3, 1)) if one.code == CUSTOMER)
    assert found.total.balance_minor == customers.closing_minor == 18_010


def test_a_cancelled_bill_and_money_that_went_back_count_from_their_days(world):
    paid = pay(world, 6170, date(2026, 2, 20))
    with transaction.atomic():
        payments.take_back_step(
            payment_id=paid, kind=ReturnKind.BOUNCED, returned_date=date(2026, 3, 10), reason="no funds", actor=SYSTEM
        )
    second = Bill.objects.order_by("-id").first()
    bills.cancel(bill_id=second.id, reason="wrong", as_of_date=date(2026, 4, 2), actor=ANNA)
    assert bands(date(2026, 3, 9)) == {Band.NOT_DUE: 12_340}
    assert bands(date(2026, 4, 1)) == {Band.TO_30: 12_340, Band.TO_60: 6170}
    assert bands(date(2026, 4, 2)) == {Band.TO_60: 6170}


def test_what_is_owed_beside_bills_is_as_old_as_it_is(world):
    pay(world, 18_510, date(2026, 3, 2))
    with transaction.atomic():
        entry = Entry(
            source_id=1, part="x", debit=CUSTOMER, credit="cash.bank", account_id=world.account.id, amount_minor=70,
            occurred_date=date(2026, 4, 1),
        )  # fmt: skip
        ledger.post(kind=TransferKind.REFUND, entries=[entry], actor=SYSTEM)
    assert bands(date(2026, 4, 11)) == {Band.TO_30: 70}


def test_a_day_of_a_closed_month_keeps_its_figures(world):
    day = date(2026, 2, 25)
    before = ageing.of_day(day=day)
    periods.propose(month=date(2026, 2, 1), today=TODAY, actor=ANNA)
    periods.close(month=date(2026, 2, 1), today=TODAY, actor=BERT)
    pay(world, 6170, date(2026, 2, 22), "late")
    assert ageing.of_day(day=day) == before
    assert bands(date(2026, 3, 1)) == {Band.NOT_DUE: 12_340}


def test_the_list_is_that_of_each_number_in_pages(world):
    for _ in range(3):
        billing.issued(world=contracts.world())
    day = date(2026, 3, 5)
    found = ageing.of_day(day=day)
    for name, amounts in found.classes.items():
        for band in Band:
            wanted = WantedAccounts(customer_class=name, band=band)
            rows = ageing.listed(day=day, wanted=wanted)
            assert len(rows) == amounts.accounts[band]
            assert sum(row.amount_minor[band] for row in rows) == amounts.amount_minor[band]
    whole = ageing.listed(day=day, wanted=WantedAccounts())
    first = ageing.listed(day=day, wanted=WantedAccounts(), most=3)
    rest = ageing.listed(day=day, wanted=WantedAccounts(), after=first[-1].number, most=3)
    assert (len(whole), first + rest) == (4, whole)
    assert whole[0].due_date == DUE
    assert all(sum(row.amount_minor[band] for band in DEBTS) == row.balance_minor for row in whole)


def test_it_costs_one_statement(world):
    with CaptureQueriesContext(connection) as asked:
        ageing.of_day(day=TODAY)
        ageing.listed(day=TODAY, wanted=WantedAccounts())
    assert len(asked) == 2
