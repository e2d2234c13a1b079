"""Chunks that fail: one bad account is set apart, an error that hits all of them ends soon and is retried."""

import pytest

from billing.models.bill import Bill
from billing.models.run import BillRun, HeldBill, RunChunk
from billing.operations import chunks, issuing, runs
from billing.queries import runs as found
from billing.queries import segments
from cis.kernel.actors import SYSTEM
from cis.platform.models import Job
from tests.db.billing.night import JANUARY, issue, prove, rate
from tests.factories import mass

pytestmark = pytest.mark.django_db
ERROR = "a rule that is wrong for everybody"


@pytest.fixture
def broken(monkeypatch):
    """Rating fails for the accounts that are put in here; each try is kept."""
    real, bad, tries = segments.find, set(), []

    def find(*, account_ids, scope):
        if bad & set(account_ids):
            tries.append(len(account_ids))
            raise ZeroDivisionError(ERROR)
        return real(account_ids=account_ids, scope=scope)

    monkeypatch.setattr(chunks.segments, "find", find)
    find.bad, find.tries = bad, tries
    return find


def test_an_error_that_hits_everybody_ends_soon_and_is_shown(broken, django_capture_on_commit_callbacks):
    ids = mass.supply(count=200, months=[JANUARY])
    broken.bad.update(ids)
    with django_capture_on_commit_callbacks(execute=True):
        run_id = rate()
    assert len(broken.tries) == chunks.MOST_FAILURES
    assert HeldBill.objects.count() < chunks.MOST_FAILURES
    totals = found.totals(run_id=run_id)
    assert totals.failed + totals.held == totals.accounts == 200
    (failure,) = found.failures(run_id=run_id)
    assert (ERROR in failure.error, failure.accounts) == (True, totals.failed)
    assert ERROR in Job.objects.get(subject=f"bill_run:{run_id}").message
    assert BillRun.objects.get(id=run_id).state == "rated"


def test_failed_chunks_are_retried_once_the_cause_is_mended(broken):
    ids = mass.supply(count=200, months=[JANUARY])
    broken.bad.update(ids)
    run_id = issue(rate())
    assert BillRun.objects.get(id=run_id).state == "issued"
    held = HeldBill.objects.count()
    broken.bad.clear()
    assert runs.retry(run_id=run_id, actor=SYSTEM) > 0
    assert BillRun.objects.get(id=run_id).state == "rating"
    while runs.rate_chunk(run_id=run_id):
        pass
    issue(run_id)
    assert Bill.objects.filter(state="issued").count() == 200 - held
    assert found.failures(run_id=run_id) == ()
    assert runs.retry(run_id=run_id, actor=SYSTEM) == 0
    prove()


def test_a_chunk_fails_at_once_with_the_error_that_failed_another(broken, monkeypatch):
    monkeypatch.setattr(runs, "AGREEMENTS_IN_CHUNK", 100)
    ids = mass.supply(count=300, months=[JANUARY])
    broken.bad.update(ids)
    rate()
    assert len(broken.tries) == chunks.MOST_FAILURES + 2
    broken.bad.clear()


def test_many_bad_accounts_are_set_apart_and_no_chunk_fails(broken):
    ids = mass.supply(count=200, months=[JANUARY])
    broken.bad.update(ids[3::10])
    run_id = issue(rate())
    assert set(HeldBill.objects.values_list("account_id", flat=True)) == broken.bad
    assert Bill.objects.filter(state="issued").count() == 180
    assert found.failures(run_id=run_id) == ()
    prove()


def test_bills_of_which_none_can_be_issued_are_rated_again(monkeypatch):
    mass.supply(count=200, months=[JANUARY])
    run_id = rate()
    real = issuing.ledger.post_bills

    def fails(**_):
        raise ZeroDivisionError(ERROR)

    monkeypatch.setattr(issuing.ledger, "post_bills", fails)
    issue(run_id)
    assert BillRun.objects.get(id=run_id).state == "issued"
    held = Bill.objects.filter(state="held").count()
    assert Bill.objects.count() == held < chunks.MOST_FAILURES
    assert not RunChunk.objects.filter(state="failed", bills__gt=0).exists()
    monkeypatch.setattr(issuing.ledger, "post_bills", real)
    runs.retry(run_id=run_id, actor=SYSTEM)
    while runs.rate_chunk(run_id=run_id):
        pass
    issue(run_id)
    assert Bill.objects.filter(state="issued").count() == 200 - held
    prove()


def test_failed_chunks_are_not_retried_while_another_run_has_their_accounts(broken):
    ids = mass.supply(count=200, months=[JANUARY])
    broken.bad.update(ids)
    run_id = issue(rate())
    broken.bad.clear()
    rate(account_ids=ids[:1])
    with pytest.raises(runs.AccountsTaken):
        runs.retry(run_id=run_id, actor=SYSTEM)
