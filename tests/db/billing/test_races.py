"""Two people, or a person and a worker, at the same accounts at the same moment."""

import threading
import time

import pytest
from django.db import connection, transaction

from billing.domain.channels import PaymentChannel
from billing.models.bill import Bill, BillSegment
from billing.models.run import BillRun, HeldBill
from billing.operations import bills, consolidating, held, issuing, payments, runs
from billing.operations.bills import BillNotCancellable
from billing.operations.payments import ReferenceReused
from cis.kernel.actors import SYSTEM
from cis.kernel.errors import Refused
from cis.kernel.periods import Period
from tests.db.billing import test_consolidated as many
from tests.db.billing.night import FEBRUARY, JANUARY, bill, issue, prove, rate, use
from tests.factories import billing, contracts, mass

pytestmark = pytest.mark.django_db(transaction=True)
HUGE_WH = 9_000_000_000
PAUSE_S = 0.4


class Somebody(threading.Thread):
    """Does one thing on a connection of their own; a refusal is kept."""

    def __init__(self, do, **given):
        super().__init__(daemon=True)
        self.do, self.given, self.refusal = do, given, None
        self.start()

    def run(self):
        try:
            self.do(**self.given)
        except Refused as refusal:
            self.refusal = refusal
        finally:
            connection.close()

    def wait(self):
        self.join(timeout=20)
        assert not self.is_alive()
        return self.refusal


@pytest.fixture
def paused(monkeypatch):
    """Make a function wait before it begins, until it is let go; return what tells that it was reached."""

    def pause(module, name):
        real, reached, go = getattr(module, name), threading.Event(), threading.Event()

        def waits(*args, **kwargs):
            reached.set()
            assert go.wait(20)
            return real(*args, **kwargs)

        monkeypatch.setattr(module, name, waits)
        return reached, go

    return pause


def held_account(count=2):
    ids = mass.supply(count=count, months=[JANUARY, FEBRUARY])
    use(ids[0], JANUARY, HUGE_WH)
    return ids


def test_an_account_retried_while_the_run_is_finishing_is_rated(paused):
    held_account()
    run_id = runs.open(period=JANUARY, as_of_date=JANUARY.end, actor=SYSTEM)
    while runs.chunks.rate_chunk(run_id=run_id):
        pass
    reached, go = paused(held, "_resolve")
    clerk = Somebody(held.retry, held_id=HeldBill.objects.get().id, actor=SYSTEM)
    assert reached.wait(20)
    worker = Somebody(runs.finish_rating, run_id=run_id)
    time.sleep(PAUSE_S)
    go.set()
    assert (clerk.wait(), worker.wait()) == (None, None)
    assert BillRun.objects.get(id=run_id).state == "rating"
    assert runs.rate_chunk(run_id=run_id)


def test_an_account_is_not_retried_and_taken_by_a_new_run_at_once(paused):
    held_account()
    first = bill()
    reached, go = paused(held, "_drop_draft")
    clerk = Somebody(held.retry, held_id=HeldBill.objects.get().id, actor=SYSTEM)
    assert reached.wait(20)
    other = Somebody(runs.open, period=JANUARY, as_of_date=JANUARY.end, actor=SYSTEM)
    time.sleep(PAUSE_S)
    go.set()
    assert (clerk.wait(), type(other.wait())) == (None, runs.AccountsTaken)
    assert BillRun.objects.get(id=first).state == "rating"


def test_a_worker_claims_a_chunk_while_an_account_is_retried(paused, monkeypatch):
    monkeypatch.setattr(runs, "AGREEMENTS_IN_CHUNK", 1)
    ids = held_account()
    run_id = runs.open(period=JANUARY, as_of_date=JANUARY.end, actor=SYSTEM)
    assert runs.chunks.rate_chunk(run_id=run_id)
    reached, go = paused(held, "_drop_draft")
    clerk = Somebody(held.retry, held_id=HeldBill.objects.get().id, actor=SYSTEM)
    assert reached.wait(20)
    worker = Somebody(runs.chunks.rate_chunk, run_id=run_id)
    time.sleep(PAUSE_S)
    go.set()
    assert (clerk.wait(), worker.wait()) == (None, None)
    assert Bill.objects.filter(account_id=ids[1], state="draft").exists()


def test_of_two_drafts_of_the_same_days_only_one_is_released(paused):
    held_account()
    bill()
    bill(Period(JANUARY.start, FEBRUARY.end))
    one, other = HeldBill.objects.filter(state="open").order_by("id")
    reached, go = paused(issuing, "_pay_from_credit")
    first = Somebody(held.release, held_id=one.id, today=FEBRUARY.end, actor=SYSTEM)
    assert reached.wait(20)
    second = Somebody(held.release, held_id=other.id, today=FEBRUARY.end, actor=SYSTEM)
    time.sleep(PAUSE_S)
    go.set()
    assert (first.wait(), type(second.wait())) == (None, held.BilledMeanwhile)
    prove()


def test_a_bill_is_not_cancelled_while_a_draft_corrects_it():
    world = contracts.world()
    wrong = billing.issued(world=world)
    segment = BillSegment.objects.get(bill=wrong)
    with transaction.atomic():
        correction = billing.draft(world=world)
        BillSegment.objects.filter(bill=correction).update(cancels=segment)
        clerk = Somebody(bills.cancel, bill_id=wrong.id, reason="wrong", as_of_date=wrong.end_date, actor=SYSTEM)
        time.sleep(PAUSE_S)
    assert type(clerk.wait()) is BillNotCancellable
    assert Bill.objects.get(id=wrong.id).state == "issued"


def test_a_released_bill_is_seen_by_the_run_that_rates_the_month_anew(paused):
    held_account()
    bill()
    one = HeldBill.objects.get()
    reached, go = paused(issuing, "_pay_from_credit")
    clerk = Somebody(held.release, held_id=one.id, today=FEBRUARY.end, actor=SYSTEM)
    assert reached.wait(20)
    other = Somebody(rate)
    time.sleep(PAUSE_S)
    go.set()
    assert (clerk.wait(), other.wait()) == (None, None)
    issue(BillRun.objects.latest("id").id)
    assert Bill.objects.filter(account_id=one.account_id).count() == 1
    prove()


def test_one_reference_at_once_for_an_account_and_for_a_bill_of_others_is_one_payment():
    found = many.worlds(2)
    consolidation_id, world = many.agreed(found), contracts.world()
    many.issue(found)
    bill_id = consolidating.make(consolidation_id=consolidation_id, today=many.NIGHT)
    with transaction.atomic():
        payments.book(
            account_id=world.account.id, amount_minor=100, channel=PaymentChannel.BANK, reference="R1",
            received_date=many.NIGHT, today=many.NIGHT, actor=SYSTEM,
        )  # fmt: skip
        other = Somebody(many.pay, bill_id=bill_id, amount=100, reference="R1")
        time.sleep(PAUSE_S)
    assert type(other.wait()) is ReferenceReused
