"""
From the dial to the bill, with nobody approving usage by hand: a crew exchanges a meter in the middle of a month; a
counter goes over its last digit; a value that was read wrongly is put right after who moved out was billed to the end.
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
from metering.domain.meter_work import MeterReport, ReportedMeter
from metering.domain.work_orders import WorkKind
from metering.models.read import RegisterRead
from metering.models.store import Seal
from metering.operations import meter_work, reads, work_answers, work_orders
from tests.db.billing import proven
from tests.db.billing.night import FEBRUARY, JANUARY, bill
from tests.factories import metering, work

pytestmark = pytest.mark.django_db
TODAY = date(2025, 3, 5)
KEEPER = Actor(ActorKind.STAFF, 6, "keeper", frozenset({Role.METERING}))
BILLER = Actor(ActorKind.STAFF, 7, "biller", frozenset({Role.BILLING}))


@pytest.fixture(autouse=True)
def _documents(settings, tmp_path):
    settings.DOCUMENTS_DIR = tmp_path / "documents"


def _enter(serial, on, kwh):
    return reads.enter(serial=serial, read_date=on, reading_wh=kwh * 1_000, actor=SYSTEM, today=TODAY)


def _billed(period):
    """The energy of the bills of a period, [kWh]."""
    return sum(one.energy_wh for one in Bill.objects.filter(start_date=period.start, state="issued")) / 1_000


def test_a_crew_exchanges_a_meter_in_the_middle_of_a_month_and_both_are_on_one_bill(time_machine):
    time_machine.move_to("2025-01-16T02:00:00Z", tick=False)
    (old,) = proven.supply(start_date=date(2024, 6, 1)).values()
    place, exchanged = old.meter.installations.get().service_point, date(2025, 1, 16)
    _enter(old.meter.serial, JANUARY.start, 99_000)

    # The desk orders the exchange; a crew has a tested meter and two seals on its van, and goes there.
    crew = work.crew()
    new = metering.meter(serial="N1", state="on_van", crew=crew, certified_until=date(2033, 1, 1))
    Seal.objects.bulk_create([Seal(number=number, state="given_out", crew=crew) for number in ("S1", "S2")])
    order = work_orders.create(
        kind=WorkKind.METER_EXCHANGE, service_point_id=place.id, facts={"reason": "Its test certificate ends."},
        due_date=exchanged, actor=KEEPER,
    )  # fmt: skip
    work_orders.assign(work_order_ids=[order], crew_id=crew.id, planned_date=exchanged, actor=KEEPER)
    worker = work.actor_of(crew)
    work_orders.start(work_order_id=order, actor=worker)

    # It takes a picture of what each of them shows, takes the old one down at 99,120 and hangs the new one up at 3.
    for counter in ("old_total", "new_total"):
        work_answers.add_photo(work_order_id=order, item=counter, source=work.photo(), actor=worker)
    report = MeterReport(
        taken_down=ReportedMeter(serial=old.meter.serial, readings={"total": 99_120_000}),
        hung=ReportedMeter(serial="N1", multiplier=1, seals=("S1", "S2"), readings={"total": 3_000}),
    )
    meter_work.finish(
        work_order_id=order, report=report, answers={}, note="", request_key="phone", today=exchanged, actor=worker
    )
    kinds = RegisterRead.objects.filter(read_date=exchanged).order_by("register_id").values_list("kind", "reading_wh")
    assert list(kinds) == [("final", 99_120_000), ("initial", 3_000)]

    # At the end of the month the new one shows 83: one bill has what both of them counted, and its price sees no seam.
    _enter(new.serial, JANUARY.end, 83)
    bill(JANUARY)
    assert _billed(JANUARY) == 120 + 80
    (segment,) = Bill.objects.get().segments.all()
    assert (segment.start_date, segment.end_date, segment.is_estimated) == (JANUARY.start, JANUARY.end, False)
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
