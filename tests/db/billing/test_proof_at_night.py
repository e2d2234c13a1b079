"""The books are proved each night by themselves, and a broken law is seen by whoever comes in."""

from datetime import UTC, datetime, time

import pytest
from structlog.testing import capture_logs

from billing.models.ledger import LedgerAccount
from billing.operations import proof
from cis.platform import jobs, progress
from cis.platform.models import AuditEvent, Job
from tests.factories import billing, contracts

pytestmark = pytest.mark.django_db
AT = datetime(2026, 3, 10, 20, tzinfo=UTC)


@pytest.fixture
def proved():
    """What the night does with the books: makes its job fall due, and works on it."""

    def run():
        jobs.scheduled(proof.WORK, AT)
        jobs.run(proof.WORK)
        return Job.objects.get(name=proof.WORK)

    billing.issued(world=contracts.world())
    return run


def test_the_proof_falls_due_each_night_after_billing():
    schedule = jobs.REGISTRY[proof.WORK].schedule
    assert schedule is not None
    assert schedule.at == time(3, 30)
    assert schedule.at > jobs.REGISTRY["billing_night"].schedule.at > jobs.REGISTRY["usage_arrivals"].schedule.at


def test_books_that_agree_are_proved_quietly(proved):
    job = proved()
    assert (job.state, job.message) == ("done", "")
    assert not AuditEvent.objects.filter(subject="ledger").exists()
    assert progress.latest() == ()


def test_a_broken_law_is_logged_and_kept_and_fails_the_job(proved):
    ledger = LedgerAccount.objects.filter(account__isnull=False).get()
    LedgerAccount.objects.filter(id=ledger.id).update(balance_minor=1)
    with capture_logs() as logs:
        job = proved()
    assert job.state == "failed"
    assert f"2 of {len(proof.LAWS)} laws do not hold: balance_is_sum_of_transfers (1), " in job.message
    logged = [entry for entry in logs if entry["event"] == "law_broken"]
    assert (logged[0]["log_level"], logged[0]["law"]) == ("error", "balance_is_sum_of_transfers")
    event = AuditEvent.objects.filter(subject="ledger").earliest("id")
    assert event.detail == {"law": "balance_is_sum_of_transfers", "rows": 1, "examples": [ledger.id]}
    assert [(card.name, card.state) for card in progress.latest()] == [(proof.WORK, "failed")]
