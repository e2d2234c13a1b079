"""Statements of the bank through the desk: brought, posted, what is nobody's is given to somebody."""

from datetime import UTC, datetime

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from billing.models.payment import Payment
from cashiering.models.bank import StatementLine
from cashiering.operations import posting
from cis.kernel.enums import Role
from tests.doors.desk.conftest import sign_in
from tests.factories import bank_files
from tests.factories.bank_files import Movement

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 3, 10, 2, tzinfo=UTC)


def _bring(desk, *movements, **given):
    content = bank_files.camt(list(movements), **given)
    return desk.post("/desk/bank/upload/", {"file": SimpleUploadedFile("bank.xml", content)})


def test_a_file_is_taken_and_every_page_tells_of_it(desk, billed):
    number = billed.account.number
    answer = _bring(
        desk,
        Movement(amount_minor=100, reference="R1", text=f"户号 {number}", name="张三丰"),
        Movement(amount_minor=2_345, reference="R2", text="谢谢", name="王五"),
    )
    where = answer["Location"]
    assert "2 are being posted" in desk.get("/desk/bank/").content.decode()
    posting.work(NOW)
    page = desk.get(where).content.decode()
    assert number in page
    assert "23.45" in page
    queue = desk.get("/desk/bank/suspense/").content.decode()
    assert "王五" in queue
    text = b"".join(desk.get("/desk/bank/suspense.csv").streaming_content).decode("utf-8-sig")
    assert len(text.splitlines()) == 2
    for address in ("/desk/bank.csv", f"{where}lines.csv"):
        assert len(b"".join(desk.get(address).streaming_content).splitlines()) >= 2
    assert desk.get("/desk/bank/?text=nothing").status_code == 200
    assert desk.get("/desk/bank/9999/").status_code == 404


def test_a_clerk_gives_money_to_an_account(desk, billed):
    _bring(desk, Movement(amount_minor=500, reference="R1", text="?"))
    posting.work(NOW)
    line = StatementLine.objects.get()
    where = f"/desk/bank/lines/{line.id}/"
    wrong = desk.post(f"{where}assign/", {"account_1": "1", "amount_1": "5.00"}).content.decode()
    assert "There is no such account" in wrong
    more = desk.post(f"{where}assign/", {"account_1": billed.account.number, "amount_1": "5.01"})
    assert more.status_code == 200
    assert desk.post(f"{where}assign/", {"account_1": billed.account.number, "amount_1": "5.00"}).status_code == 302
    assert Payment.objects.get().amount_minor == 500
    assert "Posted" in desk.get(where).content.decode()


def test_a_wrong_file_says_what_is_wrong(desk, billed):
    page = _bring(desk, Movement(amount_minor=500), closing=1).content.decode()
    assert "do not make the closing balance" in page
    assert not StatementLine.objects.exists()


def test_who_may_not_take_money_may_not_do_it_here(client, billed):
    metering = sign_in(client, Role.METERING)
    assert metering.get("/desk/bank/").status_code == 200
    assert metering.get("/desk/bank/upload/").status_code in (403, 404)
