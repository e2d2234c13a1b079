"""E-invoices at the desk: the queue of failures, tax data, taking back by two, files, the VAT of a month."""

import json
from io import BytesIO

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from lxml import etree
from pypdf import PdfReader
from stdnum.cn import uscc

from billing.models.e_invoice import EInvoice
from billing.operations import e_invoice_sending, e_invoices
from cis.kernel.actors import SYSTEM
from cis.kernel.enums import Role
from tests.doors.desk.conftest import TODAY, sign_in
from tests.factories import billing, contracts, tariffs

pytestmark = pytest.mark.django_db
HOSTILE = "王<b>&小明"


@pytest.fixture
def sold(supplier):
    """An account with a bill over 15,425 yuan, whose VAT its tariff says."""
    world = contracts.world(source=tariffs.TAXED)
    return world, billing.issued(world=world, kwh=25_000)


def text(answer):
    return answer.content.decode()


def _night():
    e_invoice_sending.work(timezone.now())


def test_what_failed_says_what_to_mend_and_is_sent_again(desk, sold):
    world, bill = sold
    world.customer.kind = "company"
    world.customer.save()
    page = f"/desk/customers/{world.account.id}/tax/"
    assert "Issue now" in text(desk.get(page))
    desk.post(f"/desk/bills/{bill.id}/e-invoice/")
    _night()
    row = EInvoice.objects.get()
    queue = text(desk.get("/desk/e-invoices/?state=failed"))
    assert "taxpayer number is missing" in queue
    assert "Enter the tax data of the account" in queue
    typed = {"name": "上海示范机械有限公司", "tax_number": "91310000MA1K35XM28", "from_date": TODAY.isoformat()}
    assert "does not fit" in text(desk.post(page, typed))
    number = "91310000MA1K35XM2" + uscc.calc_check_digit("91310000MA1K35XM2")
    desk.post(page, {**typed, "tax_number": number, "wants_special": "on", "consent_by": "李梅"})
    assert "李梅" in text(desk.get(page))
    desk.post(f"/desk/e-invoices/{row.id}/again/")
    _night()
    row.refresh_from_db()
    assert (row.state, row.kind, row.buyer_tax_number) == ("issued", "special", number)
    assert row.number in text(desk.get(f"/desk/e-invoices/?text={row.number[:6]}"))
    assert f"/desk/e-invoices/{row.id}/file/pdf/" in text(desk.get(f"/desk/e-invoices/{row.id}/"))


def test_a_large_one_is_taken_back_by_two(desk, sold):
    _world, bill = sold
    e_invoices.request(bill_id=bill.id, today=TODAY, actor=SYSTEM)
    _night()
    blue = EInvoice.objects.get()
    act = f"/desk/e-invoices/{blue.id}/take-back/"
    assert "taken back whole" in text(desk.post(act, {"reason": "error", "amount": "5", "text": "x"}))
    assert "is-invalid" in text(desk.post(act, {"reason": "error", "text": ""}))
    desk.post(act, {"reason": "error", "text": "wrong buyer", "anew": "on"})
    red = EInvoice.objects.get(reverses=blue)
    assert red.state == "proposed"
    assert "Agree" not in text(desk.get(f"/desk/e-invoices/{red.id}/")).split('id="decide"')[1]
    desk.post(f"/desk/e-invoices/{red.id}/agree/")
    red.refresh_from_db()
    assert red.state == "proposed"
    other = sign_in(Client(), Role.BILLING)
    other.post(f"/desk/e-invoices/{red.id}/agree/")
    _night()
    assert list(EInvoice.objects.order_by("id").values_list("state", "net_minor")) == [
        ("issued", 1_365_044), ("issued", -1_365_044), ("issued", 1_365_044),
    ]  # fmt: skip
    page = text(other.get(f"/desk/e-invoices/{blue.id}/"))
    assert red.number is None or red.number in page
    assert "Left of it" in page


def test_files_say_the_same_and_bear_hostile_names(desk, sold, monkeypatch):
    _world, bill = sold
    e_invoices.request(bill_id=bill.id, today=TODAY, actor=SYSTEM)
    EInvoice.objects.update(buyer_name=HOSTILE)
    monkeypatch.setattr("billing.gateways.sandbox_invoices._bad_buyer", lambda _order: "")
    _night()
    row = EInvoice.objects.get()
    files = {form: desk.get(f"/desk/e-invoices/{row.id}/file/{form}/") for form in ("pdf", "xml", "json")}
    told = json.loads(files["json"].content)
    root = etree.fromstring(files["xml"].content)
    assert (told["buyer"]["name"], root.findtext("buyer/name")) == (HOSTILE, HOSTILE)
    assert told["total"] == root.findtext("total") == "15425.00"
    assert told["total_in_capitals"] == "壹万伍仟肆佰贰拾伍元整"
    assert [line["net"] for line in told["lines"]] == [line.findtext("net") for line in root.find("lines")]
    paper = PdfReader(BytesIO(files["pdf"].content)).pages[0].extract_text()
    for words in (row.number, "SPECIMEN", "壹万伍仟肆佰贰拾伍元整", "王<b>&小明", "13%"):
        assert words in paper.replace("\n", ""), words
    csv = b"".join(desk.get("/desk/e-invoices.csv").streaming_content).decode()
    assert row.number in csv


def test_the_vat_of_a_month_stands_beside_the_books(desk, sold):
    _world, bill = sold
    page = text(desk.get("/desk/e-invoices/month/?month=2026-02"))
    assert "have no invoice yet" in page
    assert "¥1,774.56" in page
    e_invoices.request(bill_id=bill.id, today=TODAY, actor=SYSTEM)
    _night()
    page = text(desk.get("/desk/e-invoices/month/?month=2026-02"))
    assert "issued in another month" in page
    assert "bad" not in page.split("Not explained")[1].split("</tr>")[0]
    assert "13 %" in text(desk.get("/desk/e-invoices/month/"))
    assert b"0.13" not in b"".join(desk.get("/desk/e-invoices/month.csv?month=2026-03").streaming_content)


def test_the_list_takes_a_constant_number_of_statements(desk, supplier):
    counts = []
    desk.get("/desk/e-invoices/")
    for _ in range(2):
        for _more in range(3):
            world = contracts.world(source=tariffs.TAXED)
            e_invoices.request(bill_id=billing.issued(world=world).id, today=TODAY, actor=SYSTEM)
        with CaptureQueriesContext(connection) as found:
            assert desk.get("/desk/e-invoices/").status_code == 200
        counts.append(len(found))
    assert counts[0] == counts[1]
