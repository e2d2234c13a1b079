"""My invoices: asked for by the customer, named for his company, downloaded; never those of another account."""

import pytest
import time_machine
from django.urls import reverse
from django.utils import timezone
from stdnum.cn import uscc

from billing.models.e_invoice import EInvoice
from billing.operations import e_invoice_sending
from tests.doors.portal.test_pages import _words
from tests.factories import accounts, billing, contracts, tariffs

pytestmark = pytest.mark.django_db
PAGE = "portal:e_invoices"


@pytest.fixture
def world():
    with time_machine.travel("2026-03-10T12:00:00+08:00", tick=False):
        accounts.supplier()
        yield contracts.world(source=tariffs.TAXED)


@pytest.fixture
def visitor(world, client):
    client.force_login(accounts.portal_user(of=world.customer))
    client.cookies["django_language"] = "en"
    return client


def test_a_customer_asks_for_an_invoice_and_downloads_it(visitor, world):
    bill = billing.issued(world=world)
    assert "Ask for the invoice" in _words(visitor.get(reverse(PAGE)))
    for _ in range(2):
        visitor.post(reverse("portal:ask_e_invoice", args=[bill.number]))
    assert "on its way" in _words(visitor.get(reverse(PAGE)))
    e_invoice_sending.work(timezone.now())
    row = EInvoice.objects.get()
    assert row.number in _words(visitor.get(reverse(PAGE)))
    paper = visitor.get(reverse("portal:e_invoice", args=[row.id, "pdf"]))
    assert paper.content.startswith(b"%PDF")
    assert row.number.encode() in visitor.get(reverse("portal:e_invoice", args=[row.id, "xml"])).content
    assert visitor.get(reverse("portal:e_invoice", args=[row.id, "json"])).status_code == 404


def test_a_company_names_itself_and_gets_a_special_invoice(visitor, world):
    world.customer.kind = "company"
    world.customer.save()
    bill = billing.issued(world=world)
    typed = {"name": "上海示范机械有限公司", "tax_number": "", "wants_special": "on"}
    assert "number of the buyer is missing" in _words(visitor.post(reverse(PAGE), typed))
    number = "91310000MA1K35XM2" + uscc.calc_check_digit("91310000MA1K35XM2")
    visitor.post(reverse(PAGE), {**typed, "tax_number": number})
    visitor.post(reverse("portal:ask_e_invoice", args=[bill.number]))
    e_invoice_sending.work(timezone.now())
    assert list(EInvoice.objects.values_list("state", "kind", "buyer_tax_number")) == [("issued", "special", number)]


def test_invoices_of_others_are_not_found(visitor, world):
    other = contracts.world(source=tariffs.TAXED)
    bill = billing.issued(world=other)
    assert visitor.post(reverse("portal:ask_e_invoice", args=[bill.number])).status_code == 404
    EInvoice.objects.create(account=other.account, bill=bill, kind="ordinary", request_id="x", buyer_name="x",
                            net_minor=1, tax_minor=0)  # fmt: skip
    assert visitor.get(reverse("portal:e_invoice", args=[EInvoice.objects.get().id, "pdf"])).status_code == 404
