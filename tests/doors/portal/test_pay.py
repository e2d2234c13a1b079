"""Paying online: from the portal and from the code on a bill to a page that says what is true."""

import re
from html import unescape
from io import BytesIO

import pytest
import time_machine
from django.db import connection
from django.test.utils import CaptureQueriesContext
from pypdf import PdfReader

from billing.models.payment import Payment
from billing.operations import bills as bill_operations
from billing.queries import pay_links
from cashiering.gateways import online
from cashiering.models.checkout import Checkout, SandboxCheckout
from cashiering.operations import sandbox_provider
from cis.kernel.actors import SYSTEM
from cis.platform import jobs, outbox
from tests.factories import accounts, billing, contracts

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def day(monkeypatch):
    monkeypatch.setattr(jobs, "send", lambda *_, **__: None)
    with time_machine.travel("2026-03-10T12:00:00+08:00", tick=False):
        yield


@pytest.fixture
def world(settings):
    settings.SITE_URL = "http://testserver"
    accounts.supplier(bank_account="6200 1")
    made = contracts.world()
    made.customer.name = "张三丰"
    made.customer.save()
    return made


@pytest.fixture
def bill(world):
    return billing.issued(world=world)


@pytest.fixture
def visitor(world, client):
    client.force_login(accounts.portal_user(of=world.customer))
    client.cookies["django_language"] = "en"
    return client


@pytest.fixture
def stranger(client):
    client.cookies["django_language"] = "en"
    return client


def _words(reply):
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", reply.content.decode())).split())


def _link(bill):
    return pay_links.address(bill.number).removeprefix("http://testserver")


def _pay_there(client, where):
    page = where.removeprefix("http://testserver")
    assert client.get(page).status_code == 200
    back = client.post(page, {"answer": "pay"})["Location"]
    sandbox_provider.deliver(provider=SandboxCheckout.objects.get().provider, now=Checkout.objects.get().created_at)
    while outbox.deliver_due():
        pass
    return back.removeprefix("http://testserver")


def test_a_customer_chooses_bills_pays_and_comes_back_with_a_receipt(world, bill, visitor):
    assert "Pay now" in _words(visitor.get("/portal/"))
    assert "Pay now" in _words(visitor.get(f"/portal/bills/{bill.number}"))
    with CaptureQueriesContext(connection) as asked:
        assert "¥61.70" in _words(visitor.get(f"/portal/pay?bill={bill.number}"))
    assert len(asked) <= 14
    away = visitor.post("/portal/pay", {"bills": [bill.number], "provider": "sandbox"})["Location"]
    assert away.startswith("http://testserver/sandbox-provider/")
    back = _pay_there(visitor, away)
    page = _words(visitor.get(back))
    assert "Your money has arrived" in page
    assert "张三丰" in page
    paper = visitor.get(f"{back}receipt.pdf")
    text = PdfReader(BytesIO(paper.content)).pages[0].extract_text()
    assert world.account.number in text
    listed = _words(visitor.get("/portal/payments"))
    assert Checkout.objects.get().reference in listed
    own = visitor.get(f"/portal/payments/{Payment.objects.get().id}/receipt.pdf")
    assert own.content[:4] == b"%PDF"
    client_ = type(visitor)()
    client_.force_login(accounts.portal_user())
    assert client_.get(f"/portal/payments/{Payment.objects.get().id}/receipt.pdf").status_code == 404


def test_an_amount_of_ones_own_stands_in_place_of_bills_and_nothing_is_refused(bill, visitor):
    nothing = visitor.post("/portal/pay", {"provider": "sandbox"})
    assert "Choose a bill, or enter an amount" in _words(nothing)
    much = visitor.post("/portal/pay", {"amount": "60000", "provider": "sandbox"})
    assert "cannot be paid online at once" in _words(much)
    assert "Select a valid choice" in _words(visitor.post("/portal/pay", {"amount": "5", "provider": "who"}))
    visitor.post("/portal/pay", {"amount": "5", "bills": [bill.number], "provider": "sandbox"})
    row = Checkout.objects.get()
    assert (row.amount_minor, row.parts.count()) == (500, 0)


def test_what_is_pending_is_shown_as_pending_and_asked_for_again(world, visitor):
    away = visitor.post("/portal/pay", {"amount": "10.02", "provider": "sandbox"})["Location"]
    back = _pay_there(visitor, away)
    page = visitor.get(back).content.decode()
    assert "Do not pay again" in page
    assert 'hx-trigger="every 2s"' in page
    piece = visitor.get(back, headers={"HX-Request": "true"}).content.decode()
    assert piece.startswith('<div id="pay-state"')
    assert "is being checked" in _words(visitor.get("/portal/pay"))
    assert "Being checked" in _words(visitor.get("/portal/payments"))


def test_a_wallet_shows_its_code_before_its_page(visitor):
    back = visitor.post("/portal/pay", {"amount": "10", "provider": "sandbox_wechat"})["Location"]
    page = visitor.get(back).content.decode()
    assert "<svg" in page
    assert Checkout.objects.get().qr.startswith("weixin://wxpay/bizpayurl?pr=")


def test_the_code_on_a_bill_pays_it_without_a_login_and_tells_no_more_than_it_must(world, bill, stranger):
    words = _words(stranger.get(_link(bill)))
    assert "¥61.70" in words
    assert "21 Feb 2026" in words
    assert "**丰" in words
    assert "张三丰" not in words
    assert world.account.number not in words
    away = stranger.post(_link(bill), {"provider": "sandbox"})["Location"]
    back = _pay_there(stranger, away)
    page = _words(stranger.get(back))
    assert "Your money has arrived" in page
    assert "张三丰" not in page
    text = PdfReader(BytesIO(stranger.get(f"{back}receipt.pdf").content)).pages[0].extract_text()
    assert world.account.number not in text
    assert "This bill is paid" in _words(stranger.get(_link(bill)))
    assert Payment.objects.get().amount_minor == 6_170


def test_a_bill_that_was_cancelled_or_is_too_old_says_so(world, bill, stranger):
    bill_operations.cancel(bill_id=bill.id, reason="wrong", as_of_date=bill.end_date, actor=SYSTEM)
    assert "was cancelled" in _words(stranger.get(_link(bill)))
    assert stranger.post(_link(bill), {"provider": "sandbox"}).status_code == 200
    assert not Checkout.objects.exists()
    other = billing.issued(world=world)
    with time_machine.travel("2027-03-12T12:00:00+08:00"):
        assert "too old" in _words(stranger.get(_link(other)))


def test_codes_cannot_be_made_up_and_a_wrong_one_looks_like_one_of_nobody(bill, stranger):
    right = _link(bill).split("/")[3]
    wrong = stranger.get(f"/pay/{bill.number}/{right[:-1]}{'a' if right[-1] != 'a' else 'b'}/")
    nobody = stranger.get(f"/pay/9999999999/{right}/")
    assert (wrong.status_code, nobody.status_code) == (404, 404)
    assert _words(wrong) == _words(nobody)
    assert stranger.get(f"/pay/{'１' * 10}/{right}/").status_code == 404
    assert stranger.get("/pay/status/CNOTHING/").status_code == 404


def test_who_looks_too_often_waits(bill, stranger, monkeypatch):
    monkeypatch.setattr("cis.portal.pay.LOOK_MOST", 2)
    answers = [stranger.get(_link(bill)).status_code for _ in range(3)]
    assert answers == [200, 200, 429]


def test_without_a_provider_the_pages_say_how_else_to_pay(bill, visitor, monkeypatch):
    monkeypatch.setattr(online, "_bound", {})
    assert "Pay now" not in _words(visitor.get("/portal/"))
    for page in ("/portal/pay", _link(bill)):
        words = _words(visitor.get(page))
        assert "Nothing can be paid online here" in words
        assert "6200 1" in words


def test_the_sandboxs_page_is_not_there_where_no_sandbox_is_used(visitor, monkeypatch):
    away = visitor.post("/portal/pay", {"amount": "10", "provider": "sandbox"})["Location"]
    monkeypatch.setattr(online, "_bound", {})
    assert visitor.get(away.removeprefix("http://testserver")).status_code == 404
