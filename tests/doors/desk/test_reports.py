"""The accountant's reports on the desk: ages of debts, revenue and receipts, transfers; numbers lead to their lists."""

import re
from datetime import date
from html import unescape

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from billing.domain.channels import PaymentChannel
from billing.domain.entries import Entry, TransferKind
from billing.models.ledger import Transfer
from billing.operations import ledger, payments
from billing.queries import ageing, income, reports
from cis.kernel.actors import SYSTEM
from tests.doors.desk.conftest import TODAY

pytestmark = pytest.mark.django_db
BOOKS = "/desk/books/"


@pytest.fixture
def books(billed):
    payments.receive(
        account_id=billed.account.id, amount_minor=500, channel=PaymentChannel.BANK, reference="r1",
        received_date=date(2026, 3, 2), today=TODAY, actor=SYSTEM,
    )  # fmt: skip
    return billed


def text(answer):
    return answer.getvalue().decode()


def test_each_number_of_the_ages_leads_to_its_accounts(desk, books):
    page = text(desk.get(BOOKS + "ageing/"))
    total = ageing.of_day(day=TODAY).total.balance_minor
    assert f"{total / 100:,.2f}" in page
    links = {unescape(one) for one in re.findall(r'href="(/desk/books/ageing/accounts/\?[^"]+band=[^"]+)"', page)}
    assert links
    for link in links:
        assert books.account.number in text(desk.get(link)), link
    assert books.account.number in text(desk.get(BOOKS + "ageing/accounts.csv"))
    assert books.account.number not in text(desk.get(BOOKS + "ageing/accounts/?band=over"))
    assert "Nobody owed anything" in text(desk.get(BOOKS + "ageing/?day=2020-01-01"))
    assert f"{total / 100:.2f}" in text(desk.get(BOOKS + "ageing.csv"))


def test_what_is_wrong_in_an_address_filters_nothing(desk, books):
    for rest in (
        "ageing/?day=x",
        "ageing/accounts/?band=x&after=%00",
        "transfers/?before=x&code=y&since=0",
        "income/?month=x",
    ):
        assert desk.get(BOOKS + rest).status_code == 200, rest


def test_each_number_of_the_books_leads_to_transfers_that_come_to_it(desk, books):
    month = date(2026, 3, 1)
    pages = [text(desk.get(f"{BOOKS}2026-03/")), text(desk.get(BOOKS + "income/?month=2026-03"))]
    shown = {
        (unescape(link), amount)
        for page in pages
        for link, amount in re.findall(r'<a href="(/desk/books/transfers/\?[^"]+)">¥([\d,.]+)</a>', page)
    }
    lines = reports.trial_balance(month=month)
    assert len(shown) >= len(lines)
    for link, amount in shown:
        assert f"¥{amount}" in text(desk.get(link)).split("</h1>")[1].split("</div>")[0], link


def test_a_transfer_leads_to_its_bill_or_payment(desk, books):
    of_bill = Transfer.objects.filter(kind="bill").first()
    assert f"/desk/bills/{of_bill.source_id}/" in text(desk.get(f"{BOOKS}transfers/{of_bill.id}/"))
    paid = Transfer.objects.get(kind="payment")
    assert ">r1<" in text(desk.get(f"{BOOKS}transfers/{paid.id}/"))
    assert "r1" not in text(desk.get(f"{BOOKS}transfers.csv?kind=bill"))
    assert "cash.bank" in text(desk.get(f"{BOOKS}transfers.csv?code=cash.bank"))
    assert desk.get(f"{BOOKS}transfers/999999/").status_code == 404


def test_revenue_and_receipts_are_files_too(desk, books):
    assert "revenue.energy" in text(desk.get(BOOKS + "income.csv?month=2026-03"))
    assert "cash.bank" in text(desk.get(BOOKS + "income/months.csv?month=2026-03"))


def test_moves_between_our_own_cash_accounts_are_no_receipts(desk, books):
    month = date(2026, 3, 1)
    before = income.received(since=month, until=month)
    entry = Entry(
        source_id=1, part="deposit", debit="cash.safe", credit="cash.bank", account_id=None, amount_minor=77,
        occurred_date=month, reason="",
    )  # fmt: skip
    with transaction.atomic():
        ledger.post(kind=TransferKind.ONLINE, entries=[entry], actor=SYSTEM)
    assert income.by_month(codes=income.CASH, since=month, until=month)["cash.safe"][month].debit_minor == 77
    assert income.received(since=month, until=month) == before
    page = text(desk.get(BOOKS + "income/?month=2026-03"))
    assert "cash.safe" not in page
    link = re.search(r'href="(/desk/books/transfers/[^"]*code=cash.bank[^"]*)"', page).group(1)
    assert "77" not in text(desk.get(unescape(link))).split("<tbody>")[1]


@pytest.mark.parametrize(
    ("address", "most"),
    [("ageing/", 8), ("ageing/accounts/", 8), ("income/", 10), ("transfers/", 10)],
)
def test_pages_cost_a_fixed_number_of_statements(desk, books, address, most):
    with CaptureQueriesContext(connection) as asked:
        desk.get(BOOKS + address)
    assert len(asked) <= most


def test_a_journal_asks_for_numbers_first_and_is_a_file_then(desk, books):
    for form in ("csv", "beancount"):
        page = text(desk.get(f"{BOOKS}2026-03/journal.{form}", follow=True))
        assert "cash.bank" in page
        assert "Chart of accounts" in page
    bad = {"code": "customer", "number": "1 2", "name": "x", "since_month": "2026-01-01"}
    assert "is-invalid" in text(desk.post(BOOKS + "chart/enter/", bad))
    for number, code in enumerate(("customer", "cash.bank", "revenue.energy", "liability.vat"), start=1001):
        given = {"code": code, "number": str(number), "name": code, "since_month": "2026-01-01"}
        assert desk.post(BOOKS + "chart/enter/", given).status_code == 302
    assert "Assets:1002  5.00 CNY" in text(desk.get(f"{BOOKS}2026-03/journal.beancount"))
    assert text(desk.get(f"{BOOKS}2026-03/journal.csv")).startswith("entry,date,number")
    assert "open Income:1003" in text(desk.get(BOOKS + "chart.beancount"))
    assert "1004" in text(desk.get(BOOKS + "chart.csv"))
    assert desk.get(f"{BOOKS}1999-01/journal.csv").status_code == 404
