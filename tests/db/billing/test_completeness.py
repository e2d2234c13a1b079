"""Each night says of every day of the last months where its energy is; a hole of each kind is named."""

from datetime import UTC, date, datetime, time, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from billing.domain.completeness import DayState, Hole
from billing.models.bill import Bill, BillSegment
from billing.models.completeness import CompletenessMonth, CompletenessPlace
from billing.models.rebill import Rebill
from billing.models.run import BillCycle, CycleMember, HeldBill
from billing.operations import completeness, proof
from billing.queries import completeness as queries
from billing.queries import completeness_facts
from billing.queries.completeness import Wanted
from cis.kernel.periods import Period
from cis.platform import jobs, progress
from cis.platform.models import AuditEvent
from contracts.models.agreement import AgreementTerm, ServiceAgreement
from metering.models.device import Installation, Register
from metering.models.exception import UsageException
from metering.models.usage import Usage
from tests.db.billing.night import FEBRUARY, JANUARY, bill, forget, rate, use
from tests.factories import mass

pytestmark = pytest.mark.django_db
TODAY = date(2025, 3, 10)
BETWEEN = Period(date(2025, 3, 1), date(2025, 12, 1))
DECEMBER = Period(date(2025, 12, 1), date(2026, 1, 1))
LATER = Period(date(2026, 1, 1), date(2026, 2, 1))
YEARS_LATER = date(2026, 2, 10)
"""Where all is billed until then, the next run looks back to the first day of 2026: 2025 is out of its reach."""
AT = datetime(2025, 3, 9, 20, tzinfo=UTC)


@pytest.fixture
def supplied():
    """Three places with a meter each and two months of usage that are billed; a year more is not."""
    ids = mass.supply(count=3, months=[JANUARY, FEBRUARY, BETWEEN, DECEMBER, LATER])
    ServiceAgreement.objects.update(period=(JANUARY.start, None))
    AgreementTerm.objects.update(period=(JANUARY.start, None))
    Installation.objects.bulk_create(
        Installation(service_point_id=one, meter_id=one, period=(JANUARY.start, None)) for one in ids
    )
    bill(JANUARY)
    bill(FEBRUARY)
    return ids


def _bill_until(last):
    for period in (BETWEEN, DECEMBER, LATER):
        if period.start <= last.start:
            bill(period)


def _found(today=TODAY):
    return dict(completeness.check(today=today).found)


def _row(place, month=JANUARY):
    return CompletenessPlace.objects.get(service_point_id=place, completeness_id=month.start)


def _month(month=JANUARY):
    return CompletenessMonth.objects.get(month=month.start)


def _segments(place, month=JANUARY):
    return BillSegment.objects.filter(agreement__service_point_id=place, start_date=month.start)


def _cancel(place, month=JANUARY):
    Bill.objects.filter(segments__in=_segments(place, month)).update(state="cancelled")


def test_what_is_billed_is_all_that_was_measured(supplied):
    assert _found() == {}
    january = _month()
    assert (january.places, january.billed_days, january.idle_days) == (3, 3 * 31, 0)
    assert january.measured_wh == january.billed_wh == sum(_used(one) for one in supplied)
    assert not CompletenessPlace.objects.exists()
    assert queries.months()[0].month == FEBRUARY.start


def _used(place, month=JANUARY):
    found = Usage.objects.filter(service_point_id=place, start_date=month.start, is_current=True)
    return sum(found.values_list("energy_wh", flat=True))


def test_what_no_read_tells_is_missing(supplied):
    _cancel(supplied[0])
    forget(supplied[0], JANUARY)
    assert _found() == {}
    assert _row(supplied[0]).missing_days == 31
    assert _month().missing_days == 31


def test_what_a_run_holds_waits_for_a_person_and_what_it_left_is_to_bill(supplied):
    _cancel(supplied[0])
    assert _found() == {}
    assert (_row(supplied[0]).to_bill_days, _row(supplied[0]).to_bill_wh) == (31, _used(supplied[0]))
    run_id = rate(JANUARY)
    HeldBill.objects.create(
        run_id=run_id, account_id=supplied[0], start_date=JANUARY.start, end_date=JANUARY.end, code="x", message="x"
    )
    assert _found() == {}
    assert (_row(supplied[0]).held_days, _row(supplied[0]).held_wh) == (31, _used(supplied[0]))
    assert queries.count(wanted=Wanted(state="held")) == 1
    assert queries.listed(wanted=Wanted(state="to_bill")) == ()


def test_what_is_measured_and_not_approved_is_held(supplied):
    place = supplied[0]
    _cancel(place)
    forget(place, JANUARY)
    register = Register.objects.filter(meter_id=place).first()
    UsageException.objects.create(
        service_point_id=place, register=register, code="decreased", severity="stop", start_date=JANUARY.end,
        end_date=JANUARY.end, fact_date=JANUARY.end,
    )  # fmt: skip
    assert _found() == {}
    assert (_row(place).held_days, _row(place).missing_days) == (31, 0)


def test_days_without_agreement_are_idle_and_told_if_something_is_used(supplied):
    place = supplied[0]
    _cancel(place, FEBRUARY)
    ServiceAgreement.objects.filter(id=place).update(period=(JANUARY.start, FEBRUARY.start))
    assert _found() == {}
    row = _row(place, FEBRUARY)
    assert (row.idle_used_days, row.idle_wh, row.account_id) == (28, _used(place, FEBRUARY), None)
    forget(place, FEBRUARY)
    assert _found() == {}
    assert not CompletenessPlace.objects.exists()
    assert _month(FEBRUARY).idle_days == 28


def _billed_twice(place):
    made = _segments(place).first()
    BillSegment.objects.filter(id=_segments(place, FEBRUARY).first().id).update(
        start_date=made.start_date, end_date=made.end_date, period_start_date=made.start_date,
        period_end_date=made.end_date, used_wh=0,
    )  # fmt: skip


def _measured_twice(place):
    span = Usage.objects.filter(service_point_id=place, start_date=JANUARY.start).first()
    span.pk, span.start_date = None, JANUARY.start + timedelta(days=9)
    span.save()


def _billed_idle(place):
    ServiceAgreement.objects.filter(id=place).update(period=(FEBRUARY.start, None))


def _no_cycle(place):
    _cancel(place)
    cycle = BillCycle.objects.create(code="a", name_zh="甲", name_en="A")
    others = ServiceAgreement.objects.exclude(account_id=place).values_list("account_id", flat=True)
    CycleMember.objects.bulk_create(CycleMember(account_id=one, cycle=cycle) for one in others)


def _forgotten(place):
    _cancel(place)


def _differs(place):
    use(place, JANUARY, 700_000)


def _take_back(place):
    billed = _segments(place).first().used_wh
    rest = Usage.objects.filter(service_point_id=place, start_date=JANUARY.start).exclude(period_of_use="peak")
    use(place, JANUARY, billed - sum(rest.values_list("energy_wh", flat=True)))


@pytest.mark.parametrize(
    ("hole", "plant", "today"),
    [
        (Hole.BILLED_TWICE, _billed_twice, TODAY),
        (Hole.MEASURED_TWICE, _measured_twice, TODAY),
        (Hole.BILLED_IDLE, _billed_idle, YEARS_LATER),
        (Hole.NO_CYCLE, _no_cycle, TODAY),
        (Hole.FORGOTTEN, _forgotten, YEARS_LATER),
        (Hole.DIFFERS, _differs, YEARS_LATER),
    ],
)
def test_one_planted_hole_of_each_kind_is_named(supplied, hole, plant, today):
    if today == YEARS_LATER:
        _bill_until(LATER)
    plant(supplied[1])
    assert hole.value in _found(today)
    assert _row(supplied[1]).holes == [hole.value]
    first = queries.listed(wanted=Wanted(hole="any"))[0]
    assert (first.service_point_id, first.month, first.holes) == (supplied[1], JANUARY.start, [hole.value])
    assert {one.service_point_id for one in queries.listed(wanted=Wanted(hole=hole.value))} == {supplied[1]}


def test_what_the_next_run_or_a_person_looks_at_is_no_hole(supplied):
    _differs(supplied[0])
    assert _found() == {}  # the next run finds it
    assert _month().changed_wh == _used(supplied[0]) - _segments(supplied[0]).first().used_wh != 0
    _take_back(supplied[0])
    _bill_until(LATER)
    _differs(supplied[0])
    assert "differs" in _found(YEARS_LATER)
    Rebill.objects.create(account_id=supplied[0], from_date=JANUARY.start, state="proposed")
    assert _found(YEARS_LATER) == {}


def test_what_the_run_of_a_late_day_still_reaches_is_no_hole(supplied):
    _bill_until(DECEMBER)
    _differs(supplied[0])
    _cancel(supplied[1])
    assert _found(YEARS_LATER) == {}  # the run of January begins on the twentieth, and looks back to all of 2025


def test_a_cycle_goes_on_though_an_account_has_no_reads(supplied):
    cycle = BillCycle.objects.create(code="a", name_zh="甲", name_en="A")
    CycleMember.objects.bulk_create(CycleMember(account_id=one, cycle=cycle) for one in supplied)
    _bill_until(DECEMBER)
    forget(supplied[0], LATER)
    bill(LATER, cycle_id=cycle.id)
    _cancel(supplied[0])
    assert _found(YEARS_LATER) == {"forgotten": 1}


def test_what_somebody_left_explains_no_day_after_that(supplied):
    _bill_until(LATER)
    _differs(supplied[0])
    left = Rebill.objects.create(
        account_id=supplied[0], from_date=JANUARY.start, state="left", reason="small", decider_id=1,
        decided_at=datetime.combine(FEBRUARY.end, time(), tzinfo=UTC),
    )  # fmt: skip
    assert _found(YEARS_LATER) == {}
    Rebill.objects.filter(id=left.id).update(
        from_date=JANUARY.start - timedelta(days=60),
        decided_at=datetime.combine(JANUARY.start - timedelta(days=30), time(), tzinfo=UTC),
    )
    assert "differs" in _found(YEARS_LATER)


def test_a_hole_fails_the_job_of_the_night_and_is_kept_in_the_audit_trail(supplied):
    _no_cycle(supplied[1])
    jobs.scheduled(completeness.WORK, AT)
    jobs.run(completeness.WORK)
    assert (completeness.WORK, "failed") in [(card.name, card.state) for card in progress.latest()]
    assert AuditEvent.objects.get(subject="completeness").detail == {"holes": {"no_cycle": 1}}
    CycleMember.objects.create(account_id=supplied[1], cycle=BillCycle.objects.get())
    jobs.scheduled(completeness.WORK, AT + timedelta(days=1))
    jobs.run(completeness.WORK)
    assert AuditEvent.objects.filter(subject="completeness").count() == 1


def test_the_night_looks_whether_the_rule_itself_holds(supplied, monkeypatch):
    monkeypatch.setattr("billing.domain.completeness.law", lambda claims: claims.billed)
    assert _found() == {completeness.LAWLESS: 3}


def test_the_days_of_an_account_are_told_month_by_month(supplied):
    _cancel(supplied[0], FEBRUARY)
    (place,) = queries.of_account(account_id=supplied[0], today=TODAY)
    told = dict(place.months)
    assert len(told) == queries.MONTHS_SHOWN
    assert {day.state for day in told[JANUARY.start]} == {DayState.BILLED}
    assert sum(day.billed_wh for day in told[JANUARY.start]) == _used(supplied[0])
    assert {day.state for day in told[FEBRUARY.start]} == {DayState.TO_BILL}
    assert queries.of_account(account_id=max(supplied) + 1_000, today=TODAY) == ()


def test_a_chunk_needs_a_constant_number_of_statements(supplied):
    period = Period(JANUARY.start, FEBRUARY.end)
    counted = []
    for ids in (supplied[:1], supplied):
        with CaptureQueriesContext(connection) as asked:
            completeness_facts.find(service_point_ids=sorted(ids), period=period, runs=queries.next_runs(today=TODAY))
        counted.append(len(asked))
    assert counted[0] == counted[1]


def test_the_night_comes_after_the_bills_and_before_the_proof():
    at = jobs.REGISTRY[completeness.WORK].schedule.at
    assert jobs.REGISTRY["billing_night"].schedule.at < at < jobs.REGISTRY[proof.WORK].schedule.at
