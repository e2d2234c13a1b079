"""
A cashier's day with a difference: the float is counted, three customers pay, one receipt was wrong, cash goes to the
bank at noon, at the end a note is missing, a supervisor confirms it, and the bank says what arrived.
"""

from io import BytesIO

import pytest
from django.test import Client
from pypdf import PdfReader

from billing.models.payment import Payment
from billing.operations import proof
from cashiering.models.bank import StatementLine
from cashiering.models.till import BankDeposit, Receipt, TillSession
from cashiering.operations import posting
from cashiering.queries import tills
from cis.kernel.enums import Role
from tests.db.cashiering.test_tills import _ledger
from tests.doors.desk.conftest import TODAY, make_billed, sign_in, supplier  # noqa: F401 (a fixture)
from tests.factories import bank_files
from tests.factories.bank_files import Movement

pytestmark = pytest.mark.django_db


def words(answer):
    return " ".join(answer.content.decode().split())


def printed(answer):
    return " ".join(page.extract_text() for page in PdfReader(BytesIO(answer.content)).pages)


def faces(**pieces):
    return {name.replace("y", "face_"): str(count) for name, count in pieces.items()}


def morning(boss, cashier):
    """A supervisor adds the till; in the morning the cashier counts 2 x ¥100 and 10 x ¥10 into it."""
    boss.post("/desk/till/new/", {"code": "T1", "name": "Hall", "place": "Ground floor"})
    assert "Open a till" in words(cashier.get("/desk/till/", follow=True))
    till_id = tills.all_tills()[0].id
    page = cashier.post("/desk/till/open/", {"till": till_id, **faces(y10000=2, y1000=10)}, follow=True)
    assert "¥300.00" in words(page)


def first_customer(cashier, zhang):
    """
    Zhang says his number: one Enter leads to the amount, which stands there already. He gives ¥200.

    The browser sends it twice: it is the same receipt, and a second print of it says that it is a copy.
    """
    take = cashier.get("/desk/till/", {"q": zhang.account.number})["Location"]
    assert take == f"/desk/till/take/?account={zhang.account.id}"
    assert 'value="123.40"' in cashier.get(take).content.decode()
    form = {f"amount_{zhang.account.id}": "123.40", "means": "cash", "tendered": "200", "form": "f1"}
    page = cashier.post(take, form, follow=True)
    assert "¥76.60" in words(page)
    assert cashier.post(take, form)["Location"] == page.redirect_chain[-1][0]
    receipt = Receipt.objects.get()
    first = printed(cashier.post(f"/desk/till/receipts/{receipt.id}/print/", {"paper": "roll"}))
    again = printed(cashier.post(f"/desk/till/receipts/{receipt.id}/print/", {"paper": "a4"}))
    assert "R0000000001" in first
    assert "COPY" not in first
    assert "COPY 1" in again


def second_and_third_customer(boss, cashier, zhang, li, wang):
    """Li pays by card, for the bill that he names; Wang's ¥50 are typed for Zhang by mistake, which a second mends."""
    named = {f"amount_{li.account.id}": "61.70", f"bill_{li.bills[1].id}": "61.70", "means": "card", "reference": "77"}
    cashier.post(f"/desk/till/take/?account={li.account.id}", {**named, "form": "f2"})
    for_zhang, for_wang = f"amount_{zhang.account.id}", f"amount_{wang.account.id}"
    cashier.post(f"/desk/till/take/?account={zhang.account.id}", {for_zhang: "50", "means": "cash", "form": "f3"})
    wrong = Receipt.objects.latest("id")
    cashier.post(f"/desk/till/receipts/{wrong.id}/ask/", {"reason": "it is Wang's"})
    refused = cashier.post(f"/desk/till/receipts/{wrong.id}/cancel/", follow=True)
    assert "Another person decides" in words(refused)
    assert "R0000000003" in words(boss.get("/desk/till/sessions/"))
    boss.post(f"/desk/till/receipts/{wrong.id}/cancel/")
    cashier.post(f"/desk/till/take/?account={wang.account.id}", {for_wang: "50", "means": "cash", "form": "f4"})


def evening(boss, cashier, zhang):
    """At noon ¥400 go to the bank. At the end ¥73.40 should be left, and only ¥13.40 are: a supervisor confirms it."""
    cashier.post("/desk/till/move/", {"kind": "to_bank", "amount": "400", "reason": "full", "form": "m1"})
    session = TillSession.objects.get()
    assert tills.flow(session_id=session.id).expected_minor == 7_340
    url = f"/desk/till/sessions/{session.id}/"
    for page in (url, f"{url}count/", "/desk/till/"):
        assert "¥73.40" not in words(cashier.get(page))
    assert "¥73.40" in words(boss.get(url))
    counted = {**faces(y1000=1, y100=3, y10=4), "deposit": "0"}
    assert "The difference must be explained" in words(cashier.post(f"{url}count/", counted))
    page = cashier.post(f"{url}count/", {**counted, "reason": "a note of 50 and one of 10 are gone"}, follow=True)
    assert "−¥60.00" in words(page)
    assert "Confirm the difference" not in words(page)
    assert cashier.get("/desk/till/")["Location"] == url
    late = {f"amount_{zhang.account.id}": "1", "means": "cash", "form": "f9"}
    assert cashier.post(f"/desk/till/take/?account={zhang.account.id}", late)["Location"] == "/desk/till/"
    boss.post(f"{url}confirm/")
    session.refresh_from_db()
    assert session.state == "closed"
    report = printed(boss.get(f"{url}report.pdf"))
    for text in ("T1", "73.40", "13.40", "R0000000004", "DEP000000"):
        assert text in report
    codes = ("cash.cash", "cash.card", "cash.transit", "expense.cash_short")
    assert [_ledger(code) for code in codes] == [0, 0, 46_170, 6_000]


def the_bank_speaks(boss):
    """Its statement names the cash by its slip; the card's money comes less a fee, and the supervisor knows it."""
    cash, card = BankDeposit.objects.order_by("id")
    movements = [
        Movement(amount_minor=40_000, reference="A", text=f"DEP{cash.id:010d}", on=TODAY),
        Movement(amount_minor=6_120, reference="B", text="UNIONPAY", on=TODAY),
    ]
    with BytesIO(bank_files.camt(movements)) as file:
        file.name = "bank.xml"
        boss.post("/desk/bank/upload/", {"file": file})
    posting.post_chunk(today=TODAY)
    line = StatementLine.objects.get(state="suspense")
    assert "It is a deposit of a till" in words(boss.get(f"/desk/bank/lines/{line.id}/"))
    boss.post(f"/desk/bank/lines/{line.id}/deposit/", {"deposit": card.id, "deposit_reason": "fee for cards"})
    assert (_ledger("cash.transit"), _ledger("cash.bank"), _ledger("expense.bank_fees")) == (0, 46_120, 50)
    assert "Nothing is on the way" in words(boss.get("/desk/till/deposits/?only=way"))


def test_a_cashiers_day_with_a_difference(supplier):  # noqa: F811
    zhang, li, wang = make_billed(name="张三丰"), make_billed(name="李四光"), make_billed(name="王五")
    boss, cashier = sign_in(Client(), Role.SUPERVISOR), sign_in(Client(), Role.CASHIER)
    morning(boss, cashier)
    first_customer(cashier, zhang)
    second_and_third_customer(boss, cashier, zhang, li, wang)
    evening(boss, cashier, zhang)
    the_bank_speaks(boss)
    assert Payment.objects.filter(returned=None).count() == 3
    assert proof.verify() == ()
