"""A mailing whose workers die between any two commits: everybody is told, once for each reference of the gateway."""

import json
from datetime import timedelta

import pytest
from django.conf import settings
from django.utils import timezone

from accounts.models.contact import ContactPoint
from accounts.models.notice import MailingTarget, Notice
from accounts.operations import mailings
from billing.operations import mailings as proposals
from billing.queries.mailing_targets import Choice
from cis.platform import outbox
from cis.platform.models import OutboxMessage
from tests.db.billing.test_mailings import CLERK, NEW, TODAY
from tests.factories import accounts, contracts
from tests.killed import check_killed

pytestmark = pytest.mark.django_db(transaction=True)
PEOPLE = 4


@pytest.fixture
def mailing(settings, tmp_path, monkeypatch):
    """A mailing to four people that was let go; one has a number that nobody has, one a number that bounces."""
    settings.VAR_DIR, settings.SMS_GATEWAY = tmp_path, "sandbox"
    settings.EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
    monkeypatch.setattr("accounts.operations.notice_drafts.quiet_until", lambda *_, **__: None)
    accounts.supplier()
    for number in ("8002", "8003", "0000", "0001"):
        world = contracts.world()
        accounts.contact_point(of=world.customer, kind="mobile", value=f"+861380013{number}")
    mailing_id = proposals.propose(new=NEW, choice=Choice(), today=TODAY, actor=CLERK)
    mailings.approve(mailing_id=mailing_id, actor=CLERK)
    return mailing_id


def go_on():
    """Do what workers do; what a dead one had taken up falls due, as it does after a minute."""
    OutboxMessage.objects.filter(state="waiting").update(due_at=timezone.now() - timedelta(days=1))
    mailings.work(timezone.now())
    while outbox.deliver_due():
        pass


def test_whenever_workers_die_nobody_is_missing_and_nobody_is_told_twice(mailing):
    assert check_killed(go_on) > PEOPLE
    go_on()
    assert not MailingTarget.objects.filter(is_done=False).exists()
    states = Notice.objects.filter(channel="sms").order_by("id").values_list("state", flat=True)
    assert list(states) == ["delivered", "delivered", "bounced", "bounced"]
    assert ContactPoint.objects.filter(bounced_at__isnull=False).count() == 2
    assert not OutboxMessage.objects.exclude(state="sent").exists()
    with (settings.VAR_DIR / "sms" / "sent.jsonl").open(encoding="utf-8") as file:
        sent = [json.loads(line) for line in file]
    # Each death began anew, with other notices: within one life a reference goes to one number, and a number has one.
    last = {one["to"]: one["reference"] for one in sent}
    assert len(last) == len(set(last.values())) == PEOPLE - 1
