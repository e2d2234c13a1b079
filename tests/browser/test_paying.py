"""A customer scans the code on the bill with a phone, pays at the provider's page, and comes back to "paid"."""

import pytest
from django.conf import settings as django_settings

from billing.queries import documents
from cashiering.models.checkout import Checkout
from cashiering.operations import sandbox_provider
from cis.platform import outbox
from tests.factories import billing, contracts

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
PHONE = {"width": 390, "height": 844}


def test_from_the_code_on_the_bill_to_paid(supplier, open_page, live_server, settings):
    settings.SITE_URL = live_server.url
    bill = billing.issued(world=contracts.world())
    code = documents.of_bill(bill_id=bill.id).qr_payload
    assert code.startswith(f"{django_settings.SITE_URL}/pay/{bill.number}/")
    page = open_page(None, **PHONE)
    page.goto(code)
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    page.click("text=Go on to pay")
    page.wait_for_url("**/sandbox-provider/**")
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    page.click("button[value=pay]")
    page.wait_for_url("**/pay/status/**")
    page.wait_for_selector("text=Not paid yet")  # what is not known yet is not said
    row = Checkout.objects.get()
    sandbox_provider.deliver(provider=row.provider, now=row.expires_at)
    while outbox.deliver_due():
        pass
    page.wait_for_selector("text=Your money has arrived")  # the page asks again by itself
    page.goto(code)
    page.wait_for_selector("text=This bill is paid")
