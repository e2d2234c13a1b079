"""
Twenty threads at the same accounts: payments told up to three times, returns, notes, cancelled bills, runs, and usage
that is corrected and billed anew.
"""

import random
import threading
from collections import Counter
from dataclasses import dataclass, field
from datetime import date

import pytest
from django.db import connection, transaction
from django.db.models import Sum

from billing.domain.channels import PaymentChannel, ReturnKind
from billing.models.bill import Bill, BillKind, BillSegment
from billing.models.payment import Payment, PaymentReturn
from billing.models.rebill import Rebill
from billing.operations import bills, notes, payments, rebills, runs
from cis.kernel.actors import SYSTEM
from cis.kernel.errors import Refused
from cis.platform import events
from contracts.domain.charge_kinds import ChargeKind
from contracts.operations import charges
from metering.domain.announcements import CorrectionMade
from metering.models.usage import Usage
from tests.db.billing.night import FEBRUARY, JANUARY, bill, issue, prove, use
from tests.factories import corrections, mass

pytestmark = pytest.mark.django_db(transaction=True)
THREADS, TURNS, ACCOUNTS = 20, 12, 4
TODAY = date(2025, 3, 5)
TOLD = 3
WAIT_S = 120


@dataclass
class Crowd:
    """What the threads share: messages that each come three times in any order, and what went wrong."""

    account_ids: list[int]
    messages: list[tuple[int, str, int]]
    faults: list[BaseException] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def next_message(self):
        with self.lock:
            return self.messages.pop() if self.messages else None


def pay(crowd, _rng):
    message = crowd.next_message()
    if message:
        account_id, reference, amount = message
        payments.receive(
            account_id=account_id, amount_minor=amount, channel=PaymentChannel.BANK, reference=reference,
            received_date=TODAY, today=TODAY, actor=SYSTEM,
        )  # fmt: skip


def take_back(_crowd, rng):
    ids = list(Payment.objects.values_list("id", flat=True))
    if ids:
        with transaction.atomic():
            payments.take_back_step(
                payment_id=rng.choice(ids), kind=ReturnKind.BOUNCED, returned_date=TODAY, reason="no money",
                actor=SYSTEM,
            )  # fmt: skip


def note(crowd, rng):
    account_id = rng.choice(crowd.account_ids)
    with transaction.atomic():
        # A key that several threads use: one charge, one note.
        charge_id = charges.agree_step(
            account_id=account_id, kind=ChargeKind.SERVICE, amount_minor=500, reason="visit", subject="visit",
            subject_id=1, key=f"{account_id}-{rng.randrange(6)}", today=TODAY, actor=SYSTEM,
        )  # fmt: skip
        notes.bill_now_step(
            account_id=account_id, charge_ids=[charge_id], kind=BillKind.NOTE, issue_date=TODAY, due_date=None,
            actor=SYSTEM,
        )  # fmt: skip


def take_note_back(_crowd, rng):
    ids = list(Bill.objects.filter(kind="note", state="issued").values_list("id", flat=True))
    if ids:
        with transaction.atomic():
            notes.take_back_step(note_id=rng.choice(ids), reason="not done", as_of_date=TODAY, actor=SYSTEM)


def cancel(_crowd, rng):
    ids = list(Bill.objects.filter(kind="regular", state="issued").values_list("id", flat=True))
    if ids:
        bills.cancel(bill_id=rng.choice(ids), reason="wrong", as_of_date=TODAY, actor=SYSTEM)


def run(_crowd, rng):
    bill(rng.choice([JANUARY, FEBRUARY]))


def rebill(crowd, rng):
    """Correct what was used in a month, and bill the account anew at once; another run may be faster, or in the way."""
    account_id, month = rng.choice(crowd.account_ids), rng.choice([JANUARY, FEBRUARY])
    with transaction.atomic():
        use(account_id, month, rng.randrange(160_000, 250_000))
        made = corrections.correction(
            meter_id=account_id, service_point_id=account_id, start_date=month.start, end_date=month.end
        )
        events.announce(
            CorrectionMade(
                correction_id=made.id, service_point_id=account_id, start_date=month.start, end_date=month.end
            )
        )
    run_id = rebills.rebill(account_id=account_id, today=TODAY, actor=SYSTEM)
    while runs.rate_chunk(run_id=run_id):
        pass
    issue(run_id)


DEEDS = (pay, pay, pay, pay, take_back, note, take_note_back, cancel, cancel, run, rebill, rebill)


def work(crowd, seed):
    rng = random.Random(seed)
    try:
        for _ in range(TURNS):
            try:
                rng.choice(DEEDS)(crowd, rng)
            except Refused:
                continue  # an answer that a person or a worker understands, and nothing is written
        while crowd.messages:
            pay(crowd, rng)
    except BaseException as fault:  # noqa: BLE001 (a deadlock above all: it must not surface)
        crowd.faults.append(fault)
    finally:
        connection.close()


def test_nothing_is_lost_and_nothing_counts_twice_whoever_comes_first():
    account_ids = mass.supply(count=ACCOUNTS, months=[JANUARY, FEBRUARY])
    bill(JANUARY)
    rng = random.Random(5)
    told = [(rng.choice(account_ids), f"T{number}", rng.randint(1, 9_000)) for number in range(40)]
    messages = told * TOLD
    rng.shuffle(messages)
    crowd = Crowd(account_ids=account_ids, messages=messages)
    threads = [threading.Thread(target=work, args=(crowd, seed), daemon=True) for seed in range(THREADS)]
    for one in threads:
        one.start()
    for one in threads:
        one.join(WAIT_S)
        assert not one.is_alive()
    assert crowd.faults == []
    booked = set(Payment.objects.values_list("account_id", "reference", "amount_minor"))
    assert booked == set(told)
    assert Payment.objects.count() == len(told)
    assert PaymentReturn.objects.exists()
    while (left := _unfinished()) is not None:
        _finish(left)
    for month in (JANUARY, FEBRUARY):
        bill(month)
    assert _billed_days() == dict.fromkeys(account_ids, (FEBRUARY.end - JANUARY.start).days)
    assert set(Rebill.objects.values_list("state", flat=True)) == {"billed"}
    assert _billed_wh() == _used_wh()
    prove()


def _billed_wh():
    """What each account is billed for by now, which is what its usage was corrected to. [Wh]"""
    rows = BillSegment.objects.exclude(bill__state="draft").filter(cancels=None, cancelled_by=None)
    return dict(rows.values_list("bill__account_id").annotate(Sum("used_wh")).order_by())


def _used_wh():
    """Of ``mass.supply`` the place has the number of its account. [Wh]"""
    return dict(
        Usage.objects.filter(is_current=True).values_list("service_point_id").annotate(Sum("energy_wh")).order_by()
    )


def _billed_days():
    """How many days each account was billed for, less those that were taken back."""
    days = Counter()
    rows = BillSegment.objects.exclude(bill__state="draft")
    for account_id, start, end, cancels in rows.values_list("bill__account_id", "start_date", "end_date", "cancels_id"):
        days[account_id] += (end - start).days * (-1 if cancels else 1)
    return dict(days)


def _unfinished():
    return runs.BillRun.objects.filter(state__in=["rating", "rated", "issuing"]).values_list("id", flat=True).first()


def _finish(run_id):
    while runs.rate_chunk(run_id=run_id):
        pass
    if runs.BillRun.objects.get(id=run_id).state == "rated":
        runs.approve(run_id=run_id, actor=SYSTEM)
    while runs.issue_chunk(run_id=run_id):
        pass
