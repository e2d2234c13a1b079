"""What becomes of a notice outside: sent once, bounced, tried again, by the next way, by receipt, after a crash."""

import json
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, timedelta

import pytest
import time_machine
from django.core import mail as outgoing
from django.db import OperationalError, connection, transaction
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.domain import mail_tokens, receipts
from accounts.domain.notice_events import Money
from accounts.domain.receipts import BadSignature, Outcome, Receipt
from accounts.gateways import mail, sms
from accounts.gateways.undeliverable import GatewayDown
from accounts.models.contact import ContactPoint
from accounts.models.notice import Consent, Notice
from accounts.operations import notice_receipts, notice_sending, notices
from accounts.operations.notices import Recipient
from cis.kernel.actors import SYSTEM
from cis.platform import db, outbox
from cis.platform.models import OutboxMessage
from tests import factories
from tests.killed import lose_session, while_waiting

pytestmark = pytest.mark.django_db(transaction=True)
PAID = {"amount": Money(5_00), "received": date(2026, 11, 28), "reference": "R1"}
CODE = {"code": "493817", "purpose": "signing", "minutes": 10}


@pytest.fixture(autouse=True)
def _here(settings, tmp_path):
    settings.VAR_DIR = tmp_path
    settings.SMS_GATEWAY = "sandbox"
    settings.EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
    factories.accounts.supplier()


@pytest.fixture(autouse=True)
def _by_day(monkeypatch):
    """The rules of quiet hours have their own tests: here it is never quiet."""
    monkeypatch.setattr("accounts.operations.notice_drafts.quiet_until", lambda *_, **__: None)


def customer(*contacts, language="en"):
    made = factories.accounts.customer(name="Fang", language=language)
    for kind, value in contacts:
        factories.accounts.contact_point(of=made, kind=kind, value=value)
    return made


def proven(mobile):
    """A customer who proved that the number is theirs: codes go to no other."""
    made = customer(("mobile", mobile))
    ContactPoint.objects.filter(customer=made).update(verified_at=timezone.now())
    return made


def tell(who=None, *, event="payment_received", facts=PAID, key=1, **values):
    with transaction.atomic():
        notices.queue_step(
            event=event, facts=facts, key=f"k:{key}", actor=SYSTEM, customer_id=who.id if who else None, **values
        )


def deliver():
    """Deliver what waits, whenever it is due."""
    OutboxMessage.objects.filter(state="waiting").update(due_at=timezone.now() - timedelta(minutes=1))
    return outbox.deliver_due()


def state_of(channel):
    return Notice.objects.values_list("state", "reason").get(channel=channel)


def texts(tmp_path):
    return [json.loads(line) for line in (tmp_path / "sms" / "sent.jsonl").read_text().splitlines()]


def test_an_sms_is_sent_once_and_its_receipt_proves_it(tmp_path):
    tell(customer(("mobile", "+8613800138002")))
    deliver()
    deliver()
    notice = Notice.objects.get(channel="sms")
    assert [one["text"] for one in texts(tmp_path)] == [notice.body]
    assert notice.state == "delivered"
    assert notice.proof == f"sandbox-notice:{notice.id}"
    assert notice.sent_at <= notice.settled_at
    assert notice.spares == []


def test_a_mail_has_text_and_html_and_the_signed_name_of_its_sending():
    who = customer(("email", "fang@example.com"))
    who.name = "<b>Fang</b>"
    who.save()
    tell(who)
    deliver()
    [sent] = outgoing.outbox
    html, kind = sent.alternatives[0]
    assert (sent.to, sent.subject, kind) == (["fang@example.com"], "We received ¥5.00", "text/html")
    assert "<b>Fang" not in html
    assert "&lt;b&gt;Fang" in html
    notice = Notice.objects.get(channel="email")
    sending = mail_tokens.found(sent.extra_headers["Message-ID"], key=mail.token_key())
    assert (sending.notice_id, sending.resent) == (notice.id, 0)
    assert notice.proof == sent.extra_headers["Message-ID"]


def test_a_number_that_nobody_has_bounces_marks_the_contact_and_the_next_way_is_taken():
    tell(customer(("mobile", "+8613800130000"), ("email", "fang@example.com")))
    deliver()
    assert state_of("sms") == ("bounced", "unknown_number")
    deliver()
    assert state_of("email") == ("sent", "")
    assert Notice.objects.get(channel="email").instead_of_id == Notice.objects.get(channel="sms").id
    point = ContactPoint.objects.get(kind="mobile")
    assert point.bounced_at is not None
    assert point.bounce_reason == "the sandbox knows no such number"


def test_a_bounce_that_comes_later_does_the_same():
    tell(customer(("mobile", "+8613800130001"), ("email", "fang@example.com")))
    deliver()
    assert state_of("sms") == ("bounced", "bounced")
    assert state_of("email") == ("sent", "")


def test_without_another_way_a_bounce_leaves_no_second_notice():
    tell(customer(("mobile", "+8613800130000")))
    deliver()
    assert Notice.objects.exclude(channel="inbox").values_list("channel", "state").order_by("id")[0] == (
        "sms",
        "bounced",
    )
    assert state_of("email") == ("suppressed", "no_contact")


def test_a_person_who_is_no_customer_falls_back_to_the_other_way_they_gave():
    tell(recipient=Recipient(name="Li", language="en", mobile="+8613800130000", email="li@example.com"))
    deliver()
    deliver()
    assert outgoing.outbox[0].to == ["li@example.com"]
    assert state_of("email") == ("sent", "")


def test_a_gateway_that_is_down_is_tried_again_and_the_notice_fails_in_the_end(monkeypatch):
    class Down:
        def send(self, **_):
            raise GatewayDown("no answer")

    monkeypatch.setattr(sms, "gateway", Down)
    tell(customer(("mobile", "+8613800138002"), ("email", "fang@example.com")))
    deliver()
    assert state_of("sms") == ("queued", "")
    for _ in range(outbox.ATTEMPTS_MOST - 1):
        deliver()
    assert state_of("sms") == ("failed", "gateway_down")
    assert ContactPoint.objects.get(kind="mobile").bounced_at is None
    deliver()
    assert state_of("email") == ("sent", "")


class Killed(BaseException):
    """The worker is killed."""


def test_a_worker_that_dies_between_sending_and_writing_it_down_repeats_the_notice_once(tmp_path, monkeypatch):
    tell(customer(("mobile", "+8613800138002")))
    settle = notice_sending._settle_sent

    def die(*_):
        raise Killed

    monkeypatch.setattr(notice_sending, "_settle_sent", die)
    with pytest.raises(Killed):
        deliver()
    monkeypatch.setattr(notice_sending, "_settle_sent", settle)
    for _ in range(3):
        deliver()
    sent = texts(tmp_path)
    assert len(sent) == 2
    assert sent[0]["reference"] == sent[1]["reference"]
    assert state_of("sms") == ("delivered", "")


def test_a_notice_that_kills_each_worker_fails_in_the_end_and_goes_by_the_next_way():
    tell(customer(("mobile", "+8613800138002"), ("email", "fang@example.com")))
    OutboxMessage.objects.update(attempts=outbox.ATTEMPTS_MOST)
    deliver()
    assert state_of("sms") == ("queued", "")
    notice_sending.give_up(timezone.now())
    assert state_of("sms") == ("failed", "gateway_down")
    notice_sending.give_up(timezone.now())
    deliver()
    assert state_of("email") == ("sent", "")


def test_a_receipt_that_comes_before_the_sending_was_written_down_prevents_even_that(tmp_path):
    tell(customer(("mobile", "+8613800138002")))
    notice = Notice.objects.get(channel="sms")
    told = Receipt(Outcome.DELIVERED, notice_id=notice.id, proof="g-1")
    assert notice_receipts.take(found=[told]) == 1
    deliver()
    assert not (tmp_path / "sms").exists()
    assert state_of("sms") == ("delivered", "")


def test_the_same_receipt_again_and_one_of_nothing_change_nothing():
    tell(customer(("mobile", "+8613800138002")))
    deliver()
    notice = Notice.objects.get(channel="sms")
    again = Receipt(Outcome.DELIVERED, notice_id=notice.id, proof=notice.proof)
    late_failure = Receipt(Outcome.FAILED, proof=notice.proof)
    nobody = Receipt(Outcome.BOUNCED, notice_id=notice.id + 999)
    assert notice_receipts.take(found=[again, late_failure, nobody]) == 0
    assert state_of("sms") == ("delivered", "")


def test_a_receipt_that_somebody_else_signed_is_refused():
    body = json.dumps({"receipts": [{"reference": "notice:1", "outcome": "delivered"}]}).encode()
    for forged in (
        receipts.sign(body=body, message_id="m", at_seconds=int(time.time()), key=b"another key"),
        receipts.sign(body=body, message_id="m", at_seconds=int(time.time()) - 301, key=sms.receipt_key()),
    ):
        with pytest.raises(BadSignature):
            notice_receipts.take_signed(signed=forged)


def test_consent_that_is_withdrawn_before_an_offer_is_sent_holds_it_back(tmp_path):
    who = customer(("mobile", "+8613800138002"))
    Consent.objects.create(customer=who, notice_class="marketing", channel="sms", is_given=True)
    tell(who, event="offer", facts={})
    Consent.objects.update(is_given=False)
    deliver()
    assert state_of("sms") == ("suppressed", "no_consent")
    assert not (tmp_path / "sms").exists()


def test_an_attempt_that_falls_due_at_night_waits_for_the_morning(monkeypatch):
    tell(customer(("mobile", "+8613800138002")))
    morning = datetime(2099, 1, 1, tzinfo=UTC)
    monkeypatch.setattr("accounts.operations.notice_drafts.quiet_until", lambda *_, **__: morning)
    deliver()
    assert state_of("sms") == ("queued", "")
    assert OutboxMessage.objects.get(state="waiting").due_at == morning
    monkeypatch.setattr("accounts.operations.notice_drafts.quiet_until", lambda *_, **__: None)
    deliver()
    assert state_of("sms") == ("delivered", "")


def test_what_is_urgent_goes_before_what_was_queued_earlier(tmp_path):
    tell(customer(("mobile", "+8613800138002")))
    tell(proven("+8613800138003"), event="one_time_code", facts=CODE)
    outbox.deliver_due(most=1)
    assert [one["to"] for one in texts(tmp_path)] == ["+8613800138003"]


def test_a_code_is_sent_and_then_no_more_to_be_read(tmp_path):
    tell(proven("+8613800138002"), event="one_time_code", facts=CODE)
    with time_machine.travel(timezone.now()):
        deliver()
    assert "493817" in texts(tmp_path)[0]["text"]
    notice = Notice.objects.get()
    assert "493817" not in notice.body
    assert notice.secret == ""
    assert notice.spares == []


def test_a_code_that_bounced_goes_by_mail_and_is_hidden_there_too():
    who = customer(("mobile", "+8613800130001"), ("email", "fang@example.com"))
    tell(who, event="one_time_code", facts=CODE)
    deliver()
    deliver()
    assert "493817" in outgoing.outbox[0].body
    assert not Notice.objects.filter(body__contains="493817").exists()
    assert not [one for one in Notice.objects.all() if any("493817" in part for part in one.spares) or one.secret]


def many(count, *, ending="2", start=8002):
    """Queue notices to as many customers, by SMS; return their ids in the order in which they go."""
    for number in range(start, start + count):
        who = customer(("mobile", f"+86138001{number}{ending}"))
        with transaction.atomic():
            notices.queue_step(
                event="payment_received", facts=PAID, key=f"k:{number}", actor=SYSTEM, customer_id=who.id
            )
    return list(Notice.objects.filter(channel="sms").order_by("id").values_list("id", flat=True))


def test_when_the_database_goes_away_nothing_more_is_handed_over(monkeypatch):
    """Whoever takes the others up would send them a second time, and a mailbox shows each."""
    for number in range(3):
        tell(customer(("email", f"fang{number}@example.com")), key=number)
    handed, send = [], mail.send

    def broken(letter):
        handed.append(letter.to)
        if len(handed) == 1:
            lose_session()
        return send(letter)

    monkeypatch.setattr(mail, "send", broken)
    with pytest.raises(OperationalError):
        deliver()
    assert len(handed) == 1
    for _ in range(2):
        deliver()
    assert sorted(Counter(handed).values()) == [1, 1, 2]
    assert set(Notice.objects.filter(channel="email").values_list("state", flat=True)) == {"sent"}


def test_a_gateway_that_takes_nothing_is_not_asked_for_each(monkeypatch):
    asked = []

    class Down:
        def send(self, **told):
            asked.append(told)
            raise GatewayDown("no answer")

    many(6)
    with monkeypatch.context() as patch:
        patch.setattr(sms, "gateway", Down)
        deliver()
    assert len(asked) == notice_sending.SILENT_MOST
    assert set(OutboxMessage.objects.values_list("state", "attempts")) == {("waiting", 1)}
    monkeypatch.setattr(outbox, "SENDERS", {})  # nobody sends them one by one
    deliver()
    assert set(Notice.objects.filter(channel="sms").values_list("state", flat=True)) == {"delivered"}


def test_what_a_slow_gateway_took_is_written_down_meanwhile(monkeypatch):
    """Its receipt may name nothing but what the gateway called the message, and come before the others are taken."""
    first, second = many(2)
    told = []

    class Slow:
        def send(self, *, to, text, reference):
            if told:
                with ThreadPoolExecutor(1) as pool:
                    assert pool.submit(heard).result() == 1
            told.append(reference)
            return sms.Taken(f"g-{len(told)}")

    def heard():
        try:
            return notice_receipts.take(found=[Receipt(Outcome.DELIVERED, proof="g-1")])
        finally:
            connection.close()

    monkeypatch.setattr(sms, "gateway", Slow)
    monkeypatch.setattr(notice_sending, "TOGETHER_SECONDS", 0.0)
    deliver()
    assert [Notice.objects.get(id=one).state for one in (first, second)] == ["delivered", "sent"]


def test_who_hears_receipts_locks_notices_in_one_order():
    """One door hears that the later one arrived and the earlier bounced, another one the opposite: none waits crosswise."""
    first, second = many(2)
    deliver()
    Notice.objects.filter(channel="sms").update(state="sent")
    late = [Receipt(Outcome.DELIVERED, notice_id=second), Receipt(Outcome.BOUNCED, notice_id=first)]
    with transaction.atomic():
        db.fetch("SELECT id FROM accounts_notice WHERE id = %s FOR UPDATE", [first])
        worker = while_waiting(
            lambda: notice_receipts.take(found=late),
            lambda: db.fetch("SELECT id FROM accounts_notice WHERE id = %s FOR UPDATE NOWAIT", [second]),
        )
    worker.end()
    assert [Notice.objects.get(id=one).state for one in (first, second)] == ["bounced", "delivered"]


def test_receipts_by_the_gateways_names_take_as_many_statements_for_many_as_for_few():
    many(8)
    deliver()
    Notice.objects.filter(channel="sms").update(state="sent")
    proofs = list(Notice.objects.filter(channel="sms").values_list("proof", flat=True))
    counts = []
    for some in (proofs[:2], proofs[2:]):
        with CaptureQueriesContext(connection) as asked:
            assert notice_receipts.take(found=[Receipt(Outcome.DELIVERED, proof=one) for one in some]) == len(some)
        counts.append(len(asked))
    assert counts[0] == counts[1]
