"""The customer's inbox and the ways they choose."""

from datetime import date

import pytest
from django.db import transaction

from accounts.domain.notice_events import Money
from accounts.models.notice import Consent, Notice
from accounts.operations import notices
from cis.kernel.actors import SYSTEM
from tests.factories import accounts

pytestmark = pytest.mark.django_db(transaction=True)
PAID = {"amount": Money(5_00), "received": date(2026, 3, 9), "reference": "<b>R1</b>"}


@pytest.fixture
def me(settings, client):
    settings.LANGUAGE_CODE = "en"
    settings.SITE_URL = "https://power.example"
    accounts.supplier()
    mine = accounts.customer(language="en")
    accounts.account(holder=mine)
    client.force_login(accounts.portal_user(of=mine, language="en"))
    return mine


def tell(who, key="k:1", event="payment_received", facts=PAID):
    with transaction.atomic():
        notices.queue_step(event=event, facts=facts, key=key, actor=SYSTEM, customer_id=who.id)
    return Notice.objects.filter(customer=who, channel="inbox").latest("id")


def text_of(answer):
    return answer.content.decode()


def test_an_empty_inbox_says_what_will_be_there(client, me):
    assert "No messages yet" in text_of(client.get("/portal/notices"))


def test_a_message_is_new_until_it_is_opened_which_proves_that_it_arrived(client, me):
    notice = tell(me)
    page = text_of(client.get("/portal/notices"))
    assert "We received ¥5.00" in page
    assert "one is new" in page
    assert "&lt;b&gt;R1" in text_of(client.get(f"/portal/notices/{notice.id}"))
    notice.refresh_from_db()
    first = notice.read_at
    assert (notice.state, first is not None) == ("delivered", True)
    client.get(f"/portal/notices/{notice.id}")
    notice.refresh_from_db()
    assert notice.read_at == first
    assert "one is new" not in text_of(client.get("/portal/notices"))


def test_all_are_marked_as_read_at_once(client, me):
    tell(me)
    tell(me, key="k:2")
    client.post("/portal/notices/read")
    assert not Notice.objects.filter(channel="inbox", read_at=None).exists()
    assert client.get("/portal/notices/read").status_code == 405


def test_messages_of_others_and_of_other_ways_are_not_there(client, me):
    theirs = tell(accounts.customer())
    mine = tell(me, key="k:2")
    sms = Notice.objects.get(customer=me, channel="sms")
    assert client.get(f"/portal/notices/{theirs.id}").status_code == 404
    assert client.get(f"/portal/notices/{sms.id}").status_code == 404
    assert client.get(f"/portal/notices/{mine.id}").status_code == 200
    client.post("/portal/notices/read")
    theirs.refresh_from_db()
    assert theirs.read_at is None


def test_links_lead_into_the_portal_and_nowhere_else(client, me):
    facts = {
        "bill": "https://evil.example/portal/", "open": Money(1), "due": date(2026, 4, 1), "link": "/portal/bills/0000000001",
    }  # fmt: skip
    page = text_of(client.get(f"/portal/notices/{tell(me, event='payment_due_soon', facts=facts).id}"))
    assert 'href="/portal/bills/0000000001"' in page
    assert 'href="https://evil' not in page


def test_ways_are_chosen_in_plain_words(client, me):
    page = text_of(client.get("/portal/notices/settings"))
    assert "Between 21:00 and 08:00 we send no SMS" in page
    ticks = {"money_email": "on", "service_sms": "on", "service_email": "on", "service_post": "on", "money_post": "on"}
    assert client.post("/portal/notices/settings", ticks).status_code == 302
    said = {(one.notice_class, one.channel): one.is_given for one in Consent.objects.all()}
    assert said == {("money", "sms"): False}
    client.post("/portal/notices/settings", {**ticks, "marketing_email": "on"})
    assert Consent.objects.get(notice_class="marketing").is_given


def test_staff_and_strangers_see_no_inbox(client, db):
    assert client.get("/portal/notices").status_code == 302
    client.force_login(accounts.staff())
    assert client.get("/portal/notices").status_code == 403
