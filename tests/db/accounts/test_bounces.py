"""Mails that come back, over real sockets: sent by SMTP, returned, read by IMAP, settled once."""

from datetime import date, timedelta

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.db import transaction
from django.utils import timezone

from accounts.domain.notice_events import Money
from accounts.domain.receipts import Outcome, Receipt
from accounts.gateways.undeliverable import GatewayDown
from accounts.models.contact import ContactPoint
from accounts.models.customer import Customer
from accounts.models.notice import Consent, Notice
from accounts.operations import bounces, notice_receipts, notice_resending, notice_sending, notices
from accounts.queries import notices as queries
from cis.kernel.actors import SYSTEM, Actor, ActorKind
from cis.kernel.enums import Role
from cis.platform import outbox
from cis.platform.models import AuditEvent, OutboxMessage
from tests import factories, post_office

pytestmark = pytest.mark.django_db(transaction=True)
CLERK = Actor(ActorKind.STAFF, 7, "wang", frozenset({Role.CLERK}))
PAID = {"amount": Money(5_00), "received": date(2026, 11, 28), "reference": "R1"}


@pytest.fixture(autouse=True)
def _here(settings, tmp_path, monkeypatch):
    settings.VAR_DIR = tmp_path
    factories.accounts.supplier()
    monkeypatch.setattr("accounts.operations.notice_drafts.quiet_until", lambda *_, **__: None)


@pytest.fixture
def office(settings):
    with post_office.opened() as office:
        settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
        settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", office.smtp_port
        settings.EMAIL_USE_TLS, settings.EMAIL_TIMEOUT = False, 5
        settings.BOUNCE_ADDRESS = "bounces@power.example"
        settings.BOUNCE_MAILBOX = office.mailbox
        yield office


def tell(mailbox):
    who = factories.accounts.customer(name="Fang", language="en")
    factories.accounts.contact_point(of=who, kind="email", value=mailbox)
    with transaction.atomic():
        notices.queue_step(event="payment_received", facts=PAID, key="k:1", actor=SYSTEM, customer_id=who.id)
    return who


def deliver():
    """Deliver what is due now."""
    return outbox.deliver_due()


def deliver_all():
    OutboxMessage.objects.filter(state="waiting").update(due_at=timezone.now() - timedelta(minutes=1))
    return outbox.deliver_due()


def mail_state():
    return Notice.objects.values_list("state", "reason", "resent").get(channel="email")


def read():
    bounces.work(timezone.now())


def test_a_mail_leaves_with_an_envelope_that_names_its_sending_and_a_sender_that_does_not(office):
    tell("fang@example.com")
    deliver()
    [(sender, address, mail)] = office.taken
    assert sender.startswith("bounces+n")
    assert sender.endswith("@power.example")
    assert address == "fang@example.com"
    assert "bounces" not in mail["From"]
    read()
    assert mail_state() == ("sent", "", 0)


def test_a_mail_that_comes_back_for_good_marks_the_address_and_raises_one_task(office):
    tell("gone@example.com")
    deliver()
    assert mail_state() == ("sent", "", 0)
    read()
    assert mail_state() == ("bounced", "bounced", 0)
    [task] = queries.to_mend()
    assert (task.value, "550 5.1.1" in task.reason) == ("gone@example.com", True)
    marked = ContactPoint.objects.get(kind="email").bounced_at
    office.flags.clear()
    read()
    assert ContactPoint.objects.get(kind="email").bounced_at == marked
    assert AuditEvent.objects.filter(action="bounce_contact").count() == 1
    assert queries.count_to_mend() == 1


def test_a_refusal_at_once_bounces_without_any_mail_coming_back(office):
    tell("unknown@example.com")
    deliver()
    assert mail_state() == ("bounced", "unknown_mailbox", 0)
    assert office.returned == []


def test_a_busy_server_is_tried_again_and_nothing_bounces(office):
    tell("busy@example.com")
    deliver()
    assert mail_state() == ("queued", "", 0)
    assert queries.count_to_mend() == 0


def test_a_full_mailbox_is_tried_three_times_more_and_later_each_time_then_it_has_failed(office):
    tell("full@example.com")
    deliver()
    for again, hours in enumerate((1, 6, 24), start=1):
        read()
        assert mail_state() == ("queued", "returned", again)
        assert deliver() == 0
        wait = OutboxMessage.objects.get(state="waiting").due_at - timezone.now()
        assert timedelta(hours=hours, minutes=-2) < wait <= timedelta(hours=hours)
        deliver_all()
        assert mail_state()[0] == "sent"
    read()
    assert mail_state() == ("failed", "returned", 3)
    assert len(office.taken) == 4
    assert len({sender for sender, _, _ in office.taken}) == 4
    assert ContactPoint.objects.get(value="full@example.com").bounced_at is None


def test_the_same_report_read_twice_does_not_count_twice(office):
    tell("full@example.com")
    deliver()
    read()
    deliver_all()
    office.flags.clear()
    office.returned[1:] = []
    read()
    assert mail_state() == ("sent", "", 1)


def test_a_filter_that_refused_it_is_not_the_fault_of_the_address(office):
    tell("spam@example.com")
    deliver()
    read()
    assert mail_state() == ("failed", "failed", 0)
    assert queries.count_to_mend() == 0


def test_what_says_nothing_of_ours_is_flagged_for_a_person_and_a_forged_report_moves_nothing(office):
    tell("fang@example.com")
    deliver()
    sender, address, mail = office.taken[0]
    name, _at, domain = sender.partition("@")
    forged = f"{name[:-1]}{'0' if name[-1] != '0' else '1'}@{domain}"
    del mail["Message-ID"]
    office.returned.append(post_office.report(forged, address, mail, "5.1.1", "550 5.1.1 no"))
    office.returned.append(b"From: somebody@example.com\n\nWhat is this bill?")
    read()
    assert mail_state() == ("sent", "", 0)
    assert office.flags == {1: {"\\Seen", "\\Flagged"}, 2: {"\\Seen", "\\Flagged"}}


def test_a_huge_mail_is_read_by_its_beginning_alone(office):
    tell("gone@example.com")
    deliver()
    office.returned[0] += b"x" * 5_000_000
    read()
    assert mail_state() == ("bounced", "bounced", 0)


def test_a_worker_that_dies_before_it_marks_a_mail_changes_nothing_the_second_time(office, monkeypatch):
    tell("full@example.com")
    deliver()

    class Killed(BaseException):
        pass

    def die(*_, **__):
        raise Killed

    with monkeypatch.context() as broken:
        broken.setattr("accounts.gateways.mailbox.ImapMailbox.mark", die)
        with pytest.raises(Killed):
            read()
    assert office.flags == {}
    deliver_all()
    office.returned[1:] = []
    read()
    assert mail_state() == ("sent", "", 1)
    assert office.flags == {1: {"\\Seen"}}


def test_a_mailbox_that_is_not_there_or_has_another_password_is_told(office, settings):
    settings.BOUNCE_MAILBOX = office.mailbox.replace("s3cret", "wrong")
    with pytest.raises(GatewayDown):
        read()
    settings.BOUNCE_MAILBOX = "imap://u:p@127.0.0.1:1/INBOX"
    with pytest.raises(GatewayDown):
        read()
    settings.BOUNCE_MAILBOX = "imap://u:p@mail.example.com/INBOX"
    with pytest.raises(ImproperlyConfigured):
        read()
    settings.BOUNCE_MAILBOX = ""
    read()


def test_a_code_that_comes_back_is_not_sent_again_later(office):
    who = factories.accounts.customer(name="Fang", language="en")
    factories.accounts.contact_point(of=who, kind="email", value="full@example.com")
    code = {"code": "493817", "purpose": "signing", "minutes": 10}
    with transaction.atomic():
        notices.queue_step(event="one_time_code", facts=code, key="c", actor=SYSTEM, customer_id=who.id)
    deliver()
    read()
    assert mail_state() == ("failed", "returned", 0)


def test_a_complaint_proves_arrival_and_ends_offers_by_mail(office):
    who = tell("fang@example.com")
    Consent.objects.create(customer=who, notice_class="marketing", channel="email", is_given=True)
    deliver()
    notice = Notice.objects.get(channel="email")
    told = Receipt(Outcome.COMPLAINED, notice_id=notice.id, resent=0, reason="abuse")
    assert notice_receipts.take(found=[told]) == 1
    assert notice_receipts.take(found=[told]) == 0
    assert mail_state() == ("delivered", "complained", 0)
    assert Consent.objects.get().is_given is False


def test_a_complaint_of_who_was_erased_holds_up_no_other():
    gone = tell("gone@example.com")
    Customer.objects.filter(id=gone.id).update(erased_at=timezone.now())
    Notice.objects.update(key="k:0")
    who = tell("fang@example.com")
    Consent.objects.create(customer=who, notice_class="marketing", channel="email", is_given=True)
    told = [
        Receipt(Outcome.COMPLAINED, notice_id=one, resent=0, reason="abuse")
        for one in Notice.objects.filter(channel="email").order_by("id").values_list("id", flat=True)
    ]
    assert notice_receipts.take(found=told) == 2
    assert Consent.objects.get().is_given is False
    assert set(Notice.objects.filter(channel="email").values_list("reason", "detail")) == {
        ("complained", ""), ("complained", "abuse"),
    }  # fmt: skip


def test_a_message_that_died_before_the_notice_was_sent_again_does_not_let_it_fail(office):
    tell("fang@example.com")
    OutboxMessage.objects.update(state="dead")
    notice_sending.give_up(timezone.now())
    assert mail_state() == ("failed", "gateway_down", 0)
    notice_resending.resend(notice_id=Notice.objects.get(channel="email").id, actor=CLERK)
    notice_sending.give_up(timezone.now())
    assert mail_state() == ("queued", "", 1)
    deliver_all()
    assert mail_state() == ("sent", "", 1)
