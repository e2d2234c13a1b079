"""
Overpayment to refund, in prose: a customer pays twice, moves a part to a second flat, has the rest paid out, the bank sends
it back, it is asked for anew with the right account, and the statement of the bank confirms it.
"""

from datetime import date
from io import BytesIO

import pytest
import time_machine
from django.test import Client
from django.urls import reverse

from accounts.models.account import AccountHolder
from accounts.models.supplier import Supplier
from accounts.queries import supplier
from billing.models.settlement import Refund
from billing.operations import proof
from billing.queries import balances
from cashiering.domain.refund_files import refund_name
from cashiering.operations import posting, statements
from cis.kernel.enums import Role
from tests.doors.desk.conftest import sign_in
from tests.doors.portal.test_pages import _words
from tests.factories import accounts, bank_files, billing, contracts
from tests.factories.bank_files import Movement
from tests.factories.refunds import ASKER, paid_in

pytestmark = pytest.mark.django_db
TODAY = date(2026, 3, 10)


@pytest.fixture
def flats(settings, tmp_path):
    settings.DOCUMENTS_DIR = tmp_path
    with time_machine.travel("2026-03-10T02:00:00Z", tick=False):
        accounts.supplier()
        Supplier.objects.update(bank_account="1001000000001234567")
        supplier.forget()
        home, second = contracts.world(), contracts.world()
        AccountHolder.objects.filter(account=second.account).update(customer=home.customer)
        billing.issued(world=home)
        billing.issued(world=second)
        yield home, second
    supplier.forget()


def _owed(world):
    return balances.of_account(account_id=world.account.id, today=TODAY).balance_minor


def _statement(*movements, reference):
    content = bank_files.camt(list(movements), reference=reference)
    statements.take(source=BytesIO(content), name=f"{reference}.xml", today=TODAY, actor=ASKER)
    while posting.post_chunk(today=TODAY):
        pass


def test_money_that_was_paid_twice_finds_its_way_back(flats):
    home, second = flats
    clerk, cashier, biller = (sign_in(Client(), role) for role in (Role.CLERK, Role.CASHIER, Role.BILLING))
    customer = Client()
    customer.force_login(accounts.portal_user(of=home.customer))
    customer.cookies["django_language"] = "en"
    page = f"{reverse('portal:refunds')}?account={home.account.number}"
    typed = {"payee": "张三", "bank_code": "", "bank_account": "DE89 3704 0044 0532 0130 00"}

    # The bill of 61.70 is paid at the till, and paid again; the second flat still owes its own.
    paid_in(home.account.id, 2 * 6_170 + 3_000, on=TODAY)
    words = _words(customer.get(page))
    assert f"You owe ¥61.70 on {second.account.number}" in words
    assert customer.post(page, {**typed, "amount": "91.70", "request_key": "k1"}).status_code == 404

    # A clerk finds it in the list of credit that lies, and moves what the second flat owes.
    assert home.account.number in clerk.get("/desk/refunds/credit/").content.decode()
    move = f"/desk/customers/{home.account.id}/move-credit/"
    clerk.post(
        move, {"to_account": second.account.number, "amount": "61.70", "reason": "second flat", "request_key": "m1"}
    )
    assert (_owed(home), _owed(second)) == (-3_000, 0)

    # The customer asks for the rest; billing approves, the cashier makes the file.
    customer.post(page, {**typed, "amount": "30", "request_key": "k2"})
    first = Refund.objects.get()
    biller.post(f"/desk/refunds/{first.id}/act/", {"action": "approve"})
    cashier.post("/desk/refunds/files/make/", {"refund": [str(first.id)]})
    assert "on its way" in _words(customer.get(page))
    assert _owed(home) == 0

    # The bank pays, and some days later sends it back: the account was closed.
    out = Movement(amount_minor=3_000, is_credit=False, end_to_end=refund_name(first.id), on=TODAY)
    back = Movement(amount_minor=3_000, end_to_end=refund_name(first.id), on=TODAY, reason="AC04")
    _statement(out, reference="S1")
    _statement(back, reference="S2")
    assert "came back from the bank" in _words(customer.get(page))
    assert _owed(home) == -3_000

    # Asked for anew, to the right account, it arrives.
    right = {**typed, "bank_account": "GB82 WEST 1234 5698 7654 32"}
    customer.post(page, {**right, "amount": "30", "request_key": "k3"})
    again = Refund.objects.latest("id")
    biller.post(f"/desk/refunds/{again.id}/act/", {"action": "approve"})
    cashier.post("/desk/refunds/files/make/", {"refund": [str(again.id)]})
    _statement(
        Movement(amount_minor=3_000, is_credit=False, end_to_end=refund_name(again.id), on=TODAY), reference="S3"
    )
    again.refresh_from_db()
    assert (again.state, _owed(home), _owed(second)) == ("confirmed", 0, 0)
    assert "You have no credit" in _words(customer.get(page))
    assert proof.verify() == ()
