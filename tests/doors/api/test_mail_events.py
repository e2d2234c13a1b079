"""What mail services post: proved or refused, in one form whichever service it is, safe to repeat."""

import base64
import hashlib
import hmac
import json
from datetime import date

import pytest
from django.db import transaction
from django.utils import timezone

from accounts.domain import mail_tokens
from accounts.domain.mail_tokens import Sending
from accounts.domain.notice_events import Money
from accounts.gateways import mail
from accounts.models.contact import ContactPoint
from accounts.models.notice import Consent, Notice
from accounts.operations import notices
from cis.kernel.actors import SYSTEM
from tests import factories

pytestmark = pytest.mark.django_db
PAID = {"amount": Money(5_00), "received": date(2026, 11, 28), "reference": "R1"}
SECRET = "wattline:very secret"
BASIC = {"Authorization": f"Basic {base64.b64encode(SECRET.encode()).decode()}"}


@pytest.fixture
def notice():
    factories.accounts.supplier()
    who = factories.accounts.customer(name="Fang", language="en")
    factories.accounts.contact_point(of=who, kind="email", value="fang@example.com")
    with transaction.atomic():
        notices.queue_step(event="payment_received", facts=PAID, key="k", actor=SYSTEM, customer_id=who.id)
    Notice.objects.filter(channel="email").update(state="sent", sent_at=timezone.now(), proof="service-1")
    return Notice.objects.get(channel="email")


@pytest.fixture
def postmark(settings):
    settings.MAIL_SERVICE = "postmark"
    settings.ANYMAIL = {"WEBHOOK_SECRET": SECRET}


def name_of(notice):
    return mail_tokens.token(Sending(notice.id, notice.resent), key=mail.token_key())


def post(client, told, headers=BASIC):
    return client.post(
        "/api/v1/mail-events", data=json.dumps(told), content_type="application/json", headers=headers
    ).status_code


def of_postmark(notice, kind, **values):
    return {
        "RecordType": kind, "MessageID": "service-1", "Recipient": "fang@example.com", "Email": "fang@example.com",
        "DeliveredAt": "2026-11-28T09:00:00Z", "BouncedAt": "2026-11-28T09:00:00Z", "ChangedAt": "2026-11-28T09:00:00Z",
        "Metadata": {"wattline_notice": name_of(notice)}, **values,
    }  # fmt: skip


@pytest.mark.usefixtures("postmark")
@pytest.mark.parametrize("is_named", [True, False])
def test_a_delivery_proves_the_notice_by_its_name_or_the_services_own_and_counts_once(client, notice, is_named):
    told = of_postmark(notice, "Delivery")
    if not is_named:
        del told["Metadata"]
    for _ in range(2):
        assert post(client, told) == 204
    notice.refresh_from_db()
    assert (notice.state, notice.settled_at is not None) == ("delivered", True)


@pytest.mark.usefixtures("postmark")
def test_a_hard_bounce_marks_the_address(client, notice):
    told = of_postmark(
        notice,
        "Bounce",
        Type="HardBounce",
        TypeCode=1,
        Description="550 5.1.1 unknown user",
        Details="550 5.1.1 unknown user",
    )
    assert post(client, told) == 204
    notice.refresh_from_db()
    assert notice.state == "bounced"
    assert ContactPoint.objects.get(kind="email").bounced_at is not None


@pytest.mark.usefixtures("postmark")
def test_a_complaint_ends_offers(client, notice):
    Consent.objects.create(customer=notice.customer, notice_class="marketing", channel="email", is_given=True)
    told = of_postmark(notice, "SpamComplaint", Type="SpamComplaint", TypeCode=512, Description="", Details="")
    assert post(client, told) == 204
    notice.refresh_from_db()
    assert (notice.state, notice.reason) == ("delivered", "complained")
    assert Consent.objects.get().is_given is False


@pytest.mark.usefixtures("postmark")
def test_what_is_no_news_or_of_another_mail_changes_nothing(client, notice):
    assert post(client, of_postmark(notice, "Open", ReceivedAt="2026-11-28T09:00:00Z")) == 204
    other = of_postmark(notice, "Delivery", MessageID="service-2")
    del other["Metadata"]
    assert post(client, other) == 204
    stale = of_postmark(notice, "Bounce", Type="HardBounce", TypeCode=1, Description="x", Details="x")
    Notice.objects.filter(id=notice.id).update(resent=1)
    assert post(client, stale) == 204
    notice.refresh_from_db()
    assert notice.state == "sent"


@pytest.mark.usefixtures("postmark")
def test_a_post_that_is_not_proved_or_cannot_be_read_is_refused(client, notice, settings):
    told = of_postmark(notice, "Delivery")
    assert post(client, told, {}) == 401
    wrong = {"Authorization": f"Basic {base64.b64encode(b'wattline:guess').decode()}"}
    assert post(client, told, wrong) == 401
    assert post(client, [1, 2]) == 400
    assert post(client, {"x": "y" * 1_100_000}) == 413
    assert (
        client.post("/api/v1/mail-events", b"\xff{", content_type="application/json", headers=BASIC).status_code == 400
    )
    settings.ANYMAIL = {}
    assert post(client, told) == 401
    assert post(client, told, {}) == 401
    notice.refresh_from_db()
    assert notice.state == "sent"


def test_without_a_mail_service_there_is_nothing_to_tell(client, notice, settings):
    settings.MAIL_SERVICE = "smtp"
    settings.ANYMAIL = {"WEBHOOK_SECRET": SECRET}
    assert post(client, of_postmark(notice, "Delivery")) == 404
    assert client.get("/api/v1/mail-events").status_code == 405
    assert client.head("/api/v1/mail-events").status_code == 204


def of_mailgun(notice, *, key, event="failed", severity="permanent", **status):
    at, token = "1795829400", "t" * 50
    signature = hmac.new(key.encode(), f"{at}{token}".encode(), hashlib.sha256).hexdigest()
    return {
        "signature": {"timestamp": at, "token": token, "signature": signature},
        "event-data": {
            "event": event, "severity": severity, "timestamp": 1795829400.1, "id": "e1", "recipient": "fang@example.com",
            "reason": "bounce", "message": {"headers": {"message-id": "m1@power.example"}},
            "delivery-status": {"code": 550, "message": "550 5.1.1 no such user", **status},
            "user-variables": {"wattline_notice": name_of(notice)},
        },
    }  # fmt: skip


def test_another_service_signs_and_its_words_mean_the_same(client, notice, settings):
    settings.MAIL_SERVICE = "mailgun"
    settings.ANYMAIL = {"MAILGUN_WEBHOOK_SIGNING_KEY": "mg-key", "MAILGUN_API_KEY": "x"}
    assert post(client, of_mailgun(notice, key="another"), {}) == 401
    full = of_mailgun(notice, key="mg-key", code=552, message="552 5.2.2 mailbox full")
    assert post(client, full, {}) == 204
    notice.refresh_from_db()
    assert (notice.state, notice.reason, notice.resent) == ("queued", "returned", 1)
    notice.state = "sent"
    notice.save()
    assert post(client, full, {}) == 204
    notice.refresh_from_db()
    assert (notice.state, notice.resent) == ("sent", 1)
    assert post(client, of_mailgun(notice, key="mg-key"), {}) == 204
    notice.refresh_from_db()
    assert notice.state == "bounced"
