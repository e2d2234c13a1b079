"""
A night nobody watches: the beat bills four customers, tells them, takes the money of one and reminds the others.

The beat is doubled, workers die between sending and writing it down, and all of it comes again: each customer is told
of each thing once, by the way they allow, outside quiet hours, in their language.
"""

import json
from datetime import UTC, date, datetime, timedelta

import pytest
import time_machine
from django.core import mail as outgoing
from django.db.models import F
from django.utils import timezone

from accounts.models.account import AccountHolder
from accounts.models.notice import Consent, Notice
from accounts.operations import notice_sending
from billing import tasks
from billing.domain.channels import PaymentChannel
from billing.models.bill import Bill
from billing.models.run import BillCycle, CycleMember
from billing.operations import payments, telling
from cis.kernel.actors import SYSTEM
from cis.kernel.periods import month_of
from cis.platform import jobs, outbox
from cis.platform.models import OutboxMessage
from tests.factories import accounts, mass

pytestmark = pytest.mark.django_db(transaction=True)
CENTURY = timedelta(days=36_525)
NEXT_YEAR = datetime(2026, 1, 1, tzinfo=UTC)
FAR = datetime(2090, 1, 1, tzinfo=UTC)
WORKS = (tasks.NIGHT, telling.REMIND)


@pytest.fixture(autouse=True)
def _here(settings, tmp_path, monkeypatch):
    settings.VAR_DIR = tmp_path
    settings.SMS_GATEWAY = "sandbox"
    settings.EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
    claim = outbox._claim

    def by_our_clock(most):
        """Claim by the clock of the test: that of the database cannot be set, and is past all of this."""
        waiting = OutboxMessage.objects.filter(state="waiting")
        # What is due at once is due by the clock of the database: after our year.
        waiting.filter(due_at__gt=timezone.now(), due_at__lt=NEXT_YEAR).update(due_at=F("due_at") + CENTURY)
        try:
            return claim(most)
        finally:
            waiting.filter(due_at__gt=FAR).update(due_at=F("due_at") - CENTURY)

    monkeypatch.setattr(outbox, "_claim", by_our_clock)


def at(day, hour, minute=0):
    """Return an instant of February 2025 by the clocks of Shanghai."""
    return datetime(2025, 2, day, hour, minute, tzinfo=UTC) - timedelta(hours=8)


def beat(instant, *, times=2):
    """Let the beat tick, twice at the same time, and workers do what fell due, twice too."""
    with time_machine.travel(instant, tick=False):
        for _ in range(times):
            jobs.open_due(instant)
        for _ in range(times):
            for name in WORKS:
                jobs.run(name)
            outbox.deliver_due()


@pytest.fixture
def people():
    """Four holders: English by mail, Chinese by SMS, one who wants neither about money, one who is paid up soon."""
    ids = list(mass.supply(count=4, months=[month_of(date(2025, 1, 1))]))
    cycle = BillCycle.objects.create(code="c1", name_zh="一", name_en="One", run_day=3, is_unattended=True)
    CycleMember.objects.bulk_create(CycleMember(account_id=one, cycle=cycle) for one in ids)
    english = accounts.customer(name="Ann Smith", language="en")
    chinese = accounts.customer(name="王芳", language="zh-hans")
    silent = accounts.customer(name="李静", language="zh-hans")
    payer = accounts.customer(name="Bob", language="en")
    accounts.contact_point(of=english, kind="email", value="ann@example.com")
    accounts.contact_point(of=chinese, kind="mobile", value="+8613800138002")
    accounts.contact_point(of=silent, kind="mobile", value="+8613800138003")
    accounts.contact_point(of=payer, kind="email", value="bob@example.com")
    for channel in ("sms", "email"):
        Consent.objects.create(customer=silent, notice_class="money", channel=channel, is_given=False)
    holders = [english, chinese, silent, payer]
    for account_id, customer in zip(ids, holders, strict=True):
        AccountHolder.objects.filter(account_id=account_id).delete()
        AccountHolder.objects.create(account_id=account_id, customer=customer, period=(date(2025, 1, 1), None))
    beat(at(2, 12), times=1)  # the installation gets to know its schedules
    return dict(zip(("english", "chinese", "silent", "payer"), ids, strict=True))


def texts(tmp_path):
    file = tmp_path / "sms" / "sent.jsonl"
    return [json.loads(line) for line in file.read_text().splitlines()] if file.exists() else []


def written(amount_minor):
    return f"¥{amount_minor // 100:,}.{amount_minor % 100:02d}"


class Killed(BaseException):
    """The worker is killed."""


def test_each_is_told_once_of_bill_payment_and_due_day_whatever_comes_twice(people, tmp_path, monkeypatch):
    beat(at(3, 1, 30))
    bills = {one.account_id: one for one in Bill.objects.all()}
    assert len(bills) == 4
    # At half past one at night mails leave, and nothing rings.
    assert sorted(one.to[0] for one in outgoing.outbox) == ["ann@example.com", "bob@example.com"]
    assert texts(tmp_path) == []
    beat(at(3, 7, 59))
    assert texts(tmp_path) == []

    # In the morning a worker dies between sending and writing it down: that one text may come twice, by one name.
    settle = notice_sending._settle_sent

    def die(*_):
        raise Killed

    monkeypatch.setattr(notice_sending, "_settle_sent", die)
    with pytest.raises(Killed):
        beat(at(3, 8, 1))
    monkeypatch.setattr(notice_sending, "_settle_sent", settle)
    beat(at(3, 8, 30))
    beat(at(3, 9, 30))
    sent = texts(tmp_path)
    assert {one["to"] for one in sent} == {"+8613800138002"}
    assert len({one["reference"] for one in sent}) == 1
    assert len(sent) == 2

    english, chinese = bills[people["english"]], bills[people["chinese"]]
    mail = next(one for one in outgoing.outbox if one.to == ["ann@example.com"])
    assert written(english.amount_minor) in mail.subject
    assert "Dear Ann Smith" in mail.body
    assert "Period: January 2025" in mail.body
    assert written(chinese.amount_minor) in sent[0]["text"]
    assert "2025年1月电费" in sent[0]["text"]
    assert "请于2月18日前缴纳" in sent[0]["text"]

    # Money comes in; the notice of it goes out once, though its message comes again.
    with time_machine.travel(at(5, 10), tick=False):
        payer = bills[people["payer"]]
        payments.receive(
            account_id=people["payer"], amount_minor=payer.amount_minor, channel=PaymentChannel.BANK, reference="r1",
            received_date=date(2025, 2, 5), today=date(2025, 2, 5), actor=SYSTEM,
        )  # fmt: skip
    beat(at(5, 10, 1))
    OutboxMessage.objects.filter(kind=telling.TELL).update(state="waiting", due_at=at(5, 10))
    beat(at(5, 10, 2))

    # Before the due day who owes is reminded, once, on whatever days the beat runs.
    due = chinese.due_date
    for days in (3, 2, 1, 0):
        beat(at(due.day - days, 9))
    for days in (3, 2, 1):
        beat(at(due.day - days, 9))

    told = Notice.objects.exclude(channel="inbox").filter(state__in=("sent", "delivered"))
    counted = sorted(told.values_list("account_id", "event", "channel"))
    assert counted == sorted(
        [
            (people["english"], "bill_issued", "email"), (people["english"], "payment_due_soon", "email"),
            (people["chinese"], "bill_issued", "sms"), (people["chinese"], "payment_due_soon", "sms"),
            (people["payer"], "bill_issued", "email"), (people["payer"], "payment_received", "email"),
        ]
    )  # fmt: skip
    assert len(outgoing.outbox) == 4
    assert len({one.extra_headers["Message-ID"] for one in outgoing.outbox}) == 4
    # Who wants neither way finds all of it in the inbox of the portal.
    inbox = Notice.objects.filter(channel="inbox", account_id=people["silent"])
    assert sorted(inbox.values_list("event", flat=True)) == ["bill_issued", "payment_due_soon"]
    refused = Notice.objects.exclude(channel="inbox").filter(account_id=people["silent"])
    assert set(refused.values_list("state", "reason")) == {("suppressed", "no_consent")}
