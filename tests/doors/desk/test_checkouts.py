"""Online payments and payouts on the desk."""

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from billing.models.payment import Payment
from cashiering.domain.checkouts import Origin
from cashiering.gateways import sandbox
from cashiering.models.checkout import Checkout, Payout, SandboxCheckout
from cashiering.operations import checkout_events, checkouts, sandbox_provider
from cashiering.operations.checkouts import Wish
from cis.kernel.actors import SYSTEM
from cis.kernel.enums import Role
from tests.doors.desk.conftest import TODAY, sign_in

pytestmark = pytest.mark.django_db


def _paid(billed, amount_minor):
    wish = Wish(account_id=billed.account.id, provider="sandbox", origin=Origin.PORTAL, amount_minor=amount_minor)
    reference = checkouts.begin(wish=wish, at=timezone.now(), actor=SYSTEM).reference
    token = SandboxCheckout.objects.get(reference=reference).token
    sandbox_provider.decide(token=token, is_paid=True, now=timezone.now())
    row = Checkout.objects.get(reference=reference)
    checkout_events.ask(checkout_id=row.id, at=timezone.now())
    return row


def test_the_list_the_page_and_the_file_tell_of_a_payment(desk, billed):
    row = _paid(billed, 1_000)
    with CaptureQueriesContext(connection) as asked:
        page = desk.get("/desk/online/").content.decode()
    assert len(asked) <= 12
    assert billed.account.number in page
    assert "Paid" in page
    shown = desk.get(f"/desk/online/{row.id}/").content.decode()
    assert "booked" in shown
    for filters in (
        f"text={billed.account.number}",
        f"text={row.reference}",
        "state=paid",
        "provider=sandbox",
        "since=2026-03-01",
    ):
        assert row.reference in b"".join(desk.get(f"/desk/online.csv?{filters}").streaming_content).decode()
    assert "fits these filters" in desk.get("/desk/online/?state=failed").content.decode()
    assert desk.get("/desk/online/999/").status_code == 404


def test_held_money_is_booked_by_a_cashier(desk, billed):
    row = _paid(billed, 1_009)
    assert "/desk/online/?state=needs" in desk.get("/").content.decode()
    assert "1 needs a person" in desk.get("/desk/online/").content.decode()
    assert row.reference in b"".join(desk.get("/desk/online.csv?state=needs").streaming_content).decode()
    assert "Book ¥9.09 to the account" in desk.get(f"/desk/online/{row.id}/").content.decode()
    assert desk.post(f"/desk/online/{row.id}/book/").status_code == 302
    assert Payment.objects.get().amount_minor == 909
    again = desk.post(f"/desk/online/{row.id}/book/", follow=True).content.decode()
    assert "does not allow" in again
    assert desk.get(f"/desk/online/{row.id}/book/").status_code == 404


def test_a_report_is_taken_told_of_and_refused_with_its_faults(desk, billed):
    _paid(billed, 1_000)
    text = sandbox.report(name="sandbox", reference="P-1", on=TODAY)
    bad = SimpleUploadedFile("p.csv", text.replace("10.00", "10.01").encode())
    page = desk.post("/desk/payouts/upload/", {"provider": "sandbox", "file": bad}).content.decode()
    assert "line 2" in page
    good = SimpleUploadedFile("p.csv", text.encode())
    where = desk.post("/desk/payouts/upload/", {"provider": "sandbox", "file": good})["Location"]
    assert "the bank has not shown it yet" in desk.get(where).content.decode()
    assert "¥9.94" in desk.get("/desk/payouts/").content.decode()
    assert b"P-1" in b"".join(desk.get("/desk/payouts.csv?state=waiting").streaming_content)
    assert len(b"".join(desk.get(f"{where}lines.csv").streaming_content).splitlines()) == 2
    assert Payout.objects.get().state == "waiting"
    refused = desk.post(f"{where}accept/", follow=True).content.decode()
    assert "cannot stand in suspense" in refused


def test_who_takes_no_money_may_look_and_not_act(client, billed):
    row = _paid(billed, 1_009)
    metering = sign_in(client, Role.METERING)
    page = metering.get(f"/desk/online/{row.id}/")
    assert page.status_code == 200
    assert b"/book/" not in page.content
    assert metering.post(f"/desk/online/{row.id}/book/").status_code == 403


def test_a_wallets_bill_is_taken_and_what_differs_is_shown_with_its_next_step(desk, billed, settings):
    settings.PAYMENT_FEES = {"sandbox": "0.38"}
    row = _paid(billed, 1_000)
    bill = (
        f"#结算批次号：[W-1]\n#到账日期：[{TODAY}]\n"
        "交易时间,交易号,商户订单号,交易状态,币种,订单金额,退款金额,手续费\n"
        f"`{TODAY} 10:00:00,`77,`{row.reference},`SUCCESS,`CNY,`10.00,`0.00,`0.06\n"
        f"`{TODAY} 11:00:00,`78,`CNOBODY,`SUCCESS,`CNY,`5.00,`0.00,`0.02\n"
        "总交易单数,订单总金额,退款总金额,手续费总金额,到账金额\n`2,`15.00,`0.00,`0.08,`14.92\n"
    )
    url = "/desk/payouts/upload/"
    bad = SimpleUploadedFile("w.csv", bill.replace("CNOBODY", "=1+1").encode("gb18030"))
    assert "is no formula" in desk.post(url, {"provider": "sandbox", "file": bad}).content.decode()
    other = _paid(billed, 2_000)
    good = SimpleUploadedFile("w.csv", bill.encode("gb18030"))
    where = desk.post(url, {"provider": "sandbox", "file": good})["Location"]
    page = desk.get(where).content.decode()
    assert all(text in page for text in ("Another fee than agreed", "Missing here", "Claim the difference"))
    assert other.reference in page, "paid here, and in no file"
    assert other.reference in b"".join(desk.get("/desk/payouts/missing.csv").streaming_content).decode()
    assert "do not fit our payments" in desk.get("/").content.decode()
