"""
From the dial to the bill, with nobody approving usage by hand: a meter is exchanged in the middle of a month; a counter
goes over its last digit; a value that was read wrongly is put right after who moved out was billed to the end.
"""

from datetime import date

import pytest
from django.utils import timezone

from accounts.models.notice import Notice
from billing.models.bill import Bill
from billing.models.rebill import Rebill
from billing.operations import late_reads, proof, telling
from billing.queries import late_reads as waiting
from cis.kernel.actors import SYSTEM, Actor, ActorKind
from cis.kernel.enums import Role
from contracts.models.agreement import ServiceAgreement
from metering.operations import meters, reads
from tests.db.billing import proven
from tests.db.billing.night import FEBRUARY, JANUARY, bill
from tests.factories import metering

pytestmark = pytest.mark.django_db
TODAY = date(2025, 3, 5)
BILLER = Actor(ActorKind.STAFF, 7, "biller", frozenset({Role.BILLING}))


@pytest.fixture(autouse=True)
def _documents(settings, tmp_path):
    settings.DOCUMENTS_DIR = tmp_path / "documents"


def _enter(serial, on, kwh):
    return reads.enter(serial=serial, read_date=on, reading_wh=kwh * 1_000, actor=SYSTEM, today=TODAY)


def _billed(period):
    """The energy of the bills of a period, [kWh]."""
    return sum(one.energy_wh for one in Bill.objects.filter(start_date=period.start, state="issued")) / 1_000


def test_a_meter_is_exchanged_in_the_middle_of_a_month_and_both_are_on_one_bill():
    (old,) = proven.supply().values()
    new = metering.meter()
    exchanged = date(2025, 1, 16)
    _enter(old.meter.serial, JANUARY.start, 99_000)
    _enter(old.meter.serial, exchanged, 99_120)  # what the old one showed when it came down
    meters.exchange(old_meter_id=old.meter_id, new_meter_id=new.id, on_date=exchanged, actor=SYSTEM)
    _enter(new.serial, exchanged, 3)  # what the new one showed when it was hung up
    _enter(new.serial, JANUARY.end, 83)
    bill(JANUARY)
    assert _billed(JANUARY) == 120 + 80
    (segment,) = Bill.objects.get().segments.all()
    assert (segment.start_date, segment.end_date) == (JANUARY.start, JANUARY.end)  # the price does not see the exchange
    assert proof.verify() == ()


def test_a_counter_that_goes_over_its_last_digit_goes_on_counting():
    (register,) = proven.supply().values()
    register.digits = 5
    register.save(update_fields=["digits"])
    _enter(register.meter.serial, JANUARY.start, 99_950)
    found = _enter(register.meter.serial, JANUARY.end, 30)
    assert found.findings == ()
    _enter(register.meter.serial, FEBRUARY.end, 130)
    bill(JANUARY)
    bill(FEBRUARY)
    assert (_billed(JANUARY), _billed(FEBRUARY)) == (80, 100)
    assert proof.verify() == ()


def test_a_value_put_right_after_the_last_bill_waits_for_a_person_and_is_then_billed():
    (register,) = proven.supply().values()
    ServiceAgreement.objects.update(period=(JANUARY.start, JANUARY.end))
    serial = register.meter.serial
    _enter(serial, JANUARY.start, 100)
    _enter(serial, JANUARY.end, 300)
    bill(JANUARY)
    before = Bill.objects.get()
    assert before.energy_wh == 200_000
    _enter(serial, JANUARY.end, 250)  # the crew's photo shows 250
    (card,) = waiting.listed(state=waiting.WAITING)
    assert (card.account_number, card.from_date) == (before.account.number, JANUARY.start)
    seen = late_reads.preview(rebill_id=card.id, today=TODAY)
    assert seen.change.change_minor < 0
    late_reads.bill(rebill_id=card.id, reason="The photo shows 250.", today=TODAY, actor=BILLER)
    bill(JANUARY)
    assert _billed(JANUARY) == 150
    after = Bill.objects.exclude(id=before.id).get()
    assert after.amount_minor == seen.change.change_minor
    assert Rebill.objects.get().billed_at <= timezone.now()
    telling.tell_rebilled(bill_ids=[after.id])
    told = Notice.objects.get(event="rebilled_less", channel="inbox")
    for word in (
        "由 200 千瓦时改为 150 千瓦时",
        "抄表数据后来才到",
        after.number,
    ):  # which days, why, and on which bill
        assert word in told.body
    assert not waiting.listed(state=waiting.WAITING)
    assert proof.verify() == ()
