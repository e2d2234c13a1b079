"""Refunds at the desk: asked for, approved by somebody else, sent by hand or by a file; masked everywhere."""

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from accounts.models.supplier import Supplier
from accounts.queries import supplier
from billing.models.settlement import Refund
from cis.kernel.enums import Role
from tests.doors.desk.conftest import TODAY, sign_in
from tests.factories.refunds import paid_in

pytestmark = pytest.mark.django_db
TYPED = {
    "amount": "50.00", "way": "bank", "payee": "张三丰", "bank_account": "6222 0212 3456 7890 123", "bank_code": "",
    "reason": "paid twice", "request_key": "k1",
}  # fmt: skip


def text(answer):
    return answer.content.decode()


@pytest.fixture
def second(supplier):
    return sign_in(Client(), Role.BILLING)


@pytest.fixture
def credit(billed):
    """The account paid 100.00 more than its two bills."""
    paid_in(billed.account.id, 2 * 6_170 + 10_000, on=TODAY)
    return billed


def _ask(desk, credit, **changes):
    desk.post(f"/desk/customers/{credit.account.id}/refund/", {**TYPED, **changes})
    return Refund.objects.latest("id")


def test_three_hands_pay_credit_out_by_a_file(desk, second, credit):
    Supplier.objects.update(bank_account="1001000000001234567")
    supplier.forget()
    form = text(desk.get(f"/desk/customers/{credit.account.id}/refund/"))
    assert "¥100.00" in form
    refund = _ask(desk, credit)
    page = text(desk.get(f"/desk/refunds/{refund.id}/"))
    assert 'value="approve"' not in page
    assert "6222021234567890123" not in page
    assert "0123" in page
    desk.post(f"/desk/refunds/{refund.id}/act/", {"action": "approve"})
    refund.refresh_from_db()
    assert refund.state == "asked"
    second.post(f"/desk/refunds/{refund.id}/act/", {"action": "approve"})
    assert "Make the file for the bank" in text(desk.get("/desk/refunds/"))
    second.post("/desk/refunds/files/make/", {"refund": [str(refund.id)]})
    refund.refresh_from_db()
    assert refund.state == "approved"
    desk.post("/desk/refunds/files/make/", {"refund": [str(refund.id), "x"]})
    refund.refresh_from_db()
    assert refund.state == "sent"
    files = text(desk.get("/desk/refunds/files/"))
    assert "1 not known yet" in files
    xml = b"".join(desk.get("/desk/refunds/files/1/file.xml").streaming_content) if "files/1/" in files else b""
    assert not xml or b"6222021234567890123" in xml
    assert "¥50.00" in text(desk.get(f"/desk/customers/{credit.account.id}/"))
    csv = b"".join(desk.get("/desk/refunds.csv?state=sent").streaming_content).decode()
    assert "6222021234567890123" not in csv
    assert csv.count("\n") == 2


def test_one_by_hand_is_confirmed_and_comes_back(desk, second, credit):
    refund = _ask(desk, credit)
    act = f"/desk/refunds/{refund.id}/act/"
    second.post(act, {"action": "approve"})
    assert "number" in text(desk.post(act, {"action": "send", "reference": "", "paid_date": "2026-03-10"})).lower()
    desk.post(act, {"action": "send", "reference": "B-1", "paid_date": "2026-03-10"})
    desk.post(act, {"action": "confirm"})
    assert "Paid by the bank" in text(desk.get(f"/desk/refunds/{refund.id}/"))
    desk.post(act, {"action": "return", "returned_date": "2026-03-10", "reason": "account closed"})
    assert "account closed" in text(desk.get(f"/desk/refunds/{refund.id}/"))
    assert "Came back" in text(desk.get("/desk/refunds/?state=returned"))
    assert desk.post(act, {"action": "nonsense"}).status_code == 404


def test_a_form_says_what_is_wrong_beside_its_field(desk, credit):
    address = f"/desk/customers/{credit.account.id}/refund/"
    assert "may not be paid out" in text(desk.post(address, {**TYPED, "amount": "100.01"}))
    assert "bank card" in text(desk.post(address, {**TYPED, "bank_account": "GB82WEST12345698765433"}))
    assert desk.post(address, {**TYPED, "bank_account": ""}).status_code == 200
    assert not Refund.objects.exists()
    refund = _ask(desk, credit)
    assert "reason" in text(desk.post(f"/desk/refunds/{refund.id}/act/", {"action": "drop", "reason": " "})).lower()
    desk.post(f"/desk/refunds/{refund.id}/act/", {"action": "drop", "reason": "wants it to stay"})
    assert "Not paid out" in text(desk.get(f"/desk/refunds/{refund.id}/"))


def test_the_list_takes_as_many_statements_for_many_as_for_one(desk, credit):
    counts = []
    for number in range(3):
        _ask(desk, credit, amount="10.00", request_key=f"k{number}")
        with CaptureQueriesContext(connection) as asked:
            desk.get("/desk/refunds/")
        counts.append(len(asked))
    assert counts[0] == counts[2] <= 8
