"""Values that nobody measured: estimated by a named method, dealt anew when a measured one comes."""

import io
from datetime import date, timedelta

import numpy as np
import pytest
from django.db import IntegrityError, transaction

from cis.kernel.actors import Actor, ActorKind
from cis.kernel.enums import Role
from cis.kernel.workflow import IllegalMove, NotAllowed
from cis.platform.models import AuditEvent
from metering.domain.vee import Group
from metering.models.exception import UsageException
from metering.models.read import IntervalDay, RegisterRead
from metering.models.read_change import ReadChange
from metering.models.usage import Usage
from metering.operations import exceptions, read_changes, reads, usage
from metering.operations.estimates import NothingToGoBy
from metering.queries import vee_facts
from tests import factories

pytestmark = pytest.mark.django_db
MONTHS = [date(2025, month, 1) for month in (9, 10, 11, 12)] + [date(2026, month, 1) for month in (1, 2, 3)]
JAN, FEB, MAR = MONTHS[-3:]
TODAY = date(2026, 3, 10)
ACTOR = Actor(ActorKind.STAFF, 1, "Wang", frozenset({Role.METERING}))
SECOND = Actor(ActorKind.STAFF, 2, "Li", frozenset({Role.METERING}))
GROUP = Group(least_days=20, high_percent=300, low_percent=25)


@pytest.fixture(autouse=True)
def _supplier(monkeypatch):
    factories.accounts.supplier()
    monkeypatch.setattr(vee_facts, "groups", lambda **_: (GROUP,))


def _counter(*kwh, months=MONTHS, **values):
    (register,) = factories.metering.metered(**values)
    for day, value in zip(months, kwh, strict=False):
        if value is not None:
            factories.metering.read(of=register, on=day, kwh=value)
    usage.approve(start_date=months[0], end_date=months[len(kwh) - 1])
    return register


def _open(register, code):
    return UsageException.objects.get(register=register, code=code, state="open").id


def _estimate(exception_id, **given):
    return read_changes.estimate(
        exception_id=exception_id, reason="Nobody there", today=TODAY, **{"actor": ACTOR, **given}
    )


def _held(register):
    rows = RegisterRead.objects.filter(register=register).order_by("read_date", "version")
    return {row.read_date: (row.reading_wh // 1_000, row.method) for row in rows}


def _months(register):
    rows = Usage.objects.filter(register=register, is_current=True).order_by("start_date")
    return [(row.start_date.month, row.energy_wh // 1_000, row.method) for row in rows]


def _enter(register, on, kwh):
    return reads.enter(serial=register.meter.serial, read_date=on, reading_wh=kwh * 1_000, actor=ACTOR, today=TODAY)


def test_a_missing_value_between_two_is_dealt_evenly_and_says_so():
    register = _counter(0, 100, 200, 300, 400, None, 695)
    done = _estimate(_open(register, "read_missing"))
    # 295 kWh in 31 and 28 days: 155 and 140.
    assert _held(register)[FEB] == (555, "proration")
    assert _months(register)[-2:] == [(1, 155, "proration"), (2, 140, "proration")]
    row = ReadChange.objects.get(id=done.change_id)
    assert (row.state, row.needs_two, row.moved_wh, row.method, done.is_waiting) == (
        "applied", False, 0, "proration", False,
    )  # fmt: skip
    assert UsageException.objects.get(code="read_missing").state == "gone"


def test_without_a_value_after_it_what_is_usual_is_taken():
    register = _counter(0, 100, 200, 300, 400, None)
    _estimate(_open(register, "read_missing"))
    assert _held(register)[FEB] == (501, "average")
    assert _months(register)[-1] == (1, 101, "average")


def test_a_method_may_be_chosen_and_one_without_anything_to_go_by_is_refused():
    register = _counter(0, 100, 200, 300, 400, None)
    found = _open(register, "read_missing")
    with pytest.raises(NothingToGoBy):
        _estimate(found, method="proration")
    with pytest.raises(read_changes.UnknownMethod):
        _estimate(found, method="proxy_day")
    _estimate(found, method="straight_line")
    assert _held(register)[FEB] == (500, "straight_line")


def test_a_true_reading_deals_the_estimated_months_anew():
    register = _counter(0, 100, 200, 300, 400, None)
    _estimate(_open(register, "read_missing"))
    _enter(register, MAR, 800)
    # 400 kWh were counted in both months, and the first was guessed with 101 in 31 days: 3.27 a day in the second too.
    assert [row[:2] for row in _months(register)[-2:]] == [(1, 210), (2, 189)]
    assert _held(register)[FEB] == (610, "average")
    held = RegisterRead.objects.filter(register=register, read_date=FEB).order_by("version")
    assert [row.version for row in held] == [1, 2]
    assert sum(Usage.objects.filter(register=register, is_current=True).values_list("energy_wh", flat=True)) == 800_000


def test_a_true_reading_below_an_estimate_is_taken():
    register = _counter(0, 100, 200, 300, 400, None)
    _estimate(_open(register, "read_missing"))
    _enter(register, MAR, 460)
    months = _months(register)[-2:]
    assert sum(month[1] for month in months) in (59, 60)
    assert _enter(register, FEB, 430).is_new
    assert _held(register)[FEB] == (430, "")
    assert _months(register)[-2:] == [(1, 30, ""), (2, 30, "")]


def test_what_others_estimated_stays_as_they_sent_it():
    register = _counter(0, 100, 200, 300, 400)
    factories.metering.read(of=register, on=FEB, kwh=450, kind="estimated")
    _enter(register, MAR, 800)
    assert _held(register)[FEB] == (450, "given")
    assert _months(register)[-1][2] == "given"


def test_a_file_with_an_estimate_of_others_and_a_measured_value_is_taken_whole():
    register = _counter(0, 100, 200, 300, 400, None)
    _estimate(_open(register, "read_missing"))
    lines = [f"{register.meter.serial},total,{FEB},480,kWh,estimated", f"{register.meter.serial},total,{MAR},800,kWh,"]
    text = "meter,register,read_at,reading,unit,kind\n" + "\n".join(lines) + "\n"
    done = reads.import_file(source=io.BytesIO(text.encode()), name="reads.csv", actor=ACTOR, today=TODAY)
    assert (done.reads, done.rejected) == (2, 0)
    assert (_held(register)[FEB], _held(register)[MAR]) == ((480, "given"), (800, ""))
    held = RegisterRead.objects.filter(register=register, read_date=FEB).order_by("version")
    assert [row.version for row in held] == [1, 2]


def test_the_database_knows_that_estimates_say_how():
    register = _counter(0, 100)
    for kind, method in (("estimated", ""), ("actual", "average"), ("estimated", "dice")):
        with pytest.raises(IntegrityError), transaction.atomic():
            factories.metering.read(of=register, on=MAR, kwh=1, kind=kind, method=method)


def test_a_doubtful_value_is_replaced_by_one_person_below_the_limit():
    register = _counter(0, 100, 200, 300, 400, 1_000)
    done = read_changes.edit(
        exception_id=_open(register, "usage_high"), reading_wh=500_000, reason="Photo says 500", today=TODAY,
        actor=ACTOR,
    )  # fmt: skip
    assert not done.is_waiting
    assert _months(register)[-1] == (1, 100, "")
    assert UsageException.objects.get(code="usage_high").state == "gone"
    assert AuditEvent.objects.filter(action="apply", subject="read_change").count() == 1


def test_above_the_limit_a_second_person_decides_and_slices_add_up():
    register = _counter(0, 100, 200, 300, 400, 2_000)
    found = _open(register, "usage_high")
    waits = _estimate(found)
    assert waits.is_waiting
    assert _held(register)[FEB] == (2_000, "")
    with pytest.raises(read_changes.ChangeWaits):
        _estimate(found)
    with pytest.raises(read_changes.OwnProposal):
        read_changes.decide(change_id=waits.change_id, is_agreed=True, today=TODAY, actor=ACTOR)
    read_changes.decide(change_id=waits.change_id, is_agreed=True, today=TODAY, actor=SECOND)
    assert _held(register)[FEB] == (501, "average")
    row = ReadChange.objects.get()
    assert (row.state, row.proposer_id, row.decider_id) == ("applied", 1, 2)
    with pytest.raises(IntegrityError), transaction.atomic():
        ReadChange.objects.update(decider_id=1)
    _enter(register, FEB, 1_900)
    usage.approve(start_date=MONTHS[0], end_date=FEB)
    small = read_changes.edit(
        exception_id=_open(register, "usage_high"), reading_wh=1_899_000, reason="One less", today=TODAY, actor=ACTOR
    )
    assert small.is_waiting


def test_a_proposal_is_dropped_and_refused_when_the_value_moved():
    register = _counter(0, 100, 200, 300, 400, 2_000)
    found = _open(register, "usage_high")
    first = read_changes.edit(exception_id=found, reading_wh=450_000, reason="Card", today=TODAY, actor=ACTOR)
    read_changes.decide(change_id=first.change_id, is_agreed=False, today=TODAY, actor=ACTOR)
    waits = read_changes.edit(exception_id=found, reading_wh=450_000, reason="Card", today=TODAY, actor=ACTOR)
    _enter(register, FEB, 1_950)
    with pytest.raises(read_changes.ValueMoved):
        read_changes.decide(change_id=waits.change_id, is_agreed=True, today=TODAY, actor=SECOND)
    _enter(register, FEB, 500)
    for is_agreed in (True, False):
        with pytest.raises(IllegalMove):
            read_changes.decide(change_id=waits.change_id, is_agreed=is_agreed, today=TODAY, actor=SECOND)
    assert [row.state for row in ReadChange.objects.all()] == ["dropped", "dropped"]


def test_who_does_not_meter_changes_nothing():
    register = _counter(0, 100, 200, 300, 400, None)
    clerk = Actor(ActorKind.STAFF, 3, "Zhao", frozenset({Role.CLERK}))
    with pytest.raises(NotAllowed):
        _estimate(_open(register, "read_missing"), actor=clerk)
    with pytest.raises(exceptions.ReasonMissing):
        read_changes.estimate(exception_id=_open(register, "read_missing"), reason=" ", today=TODAY, actor=ACTOR)
    assert not ReadChange.objects.exists()


def _curve(register, *, without=(), spike=None, slot=20, base=100):
    days = factories.metering.days(date(2025, 12, 25), FEB + timedelta(days=21))
    values = {day: [base + day.weekday() * 10] * 48 for day in days if day not in without}
    if spike in values:
        values[spike][slot] = 9_000
    factories.metering.interval_days(of=register, values_wh=values)


def test_missing_interval_days_are_those_of_the_same_weekday_and_measured_ones_win():
    (register,) = factories.metering.metered(registers=("E1",), is_interval=True)
    lost = {date(2026, 1, 9), date(2026, 1, 10)}
    _curve(register, without=lost)
    usage.approve(start_date=JAN, end_date=FEB)
    assert _months(register) == []
    _estimate(_open(register, "days_missing"))
    assert [row.method for row in IntervalDay.objects.filter(day_date__in=lost)] == ["average"] * 2
    assert {row[2] for row in _months(register)} == {"average"}
    (row,) = Usage.objects.filter(register=register, is_current=True)
    assert row.is_estimated
    assert UsageException.objects.get(code="days_missing").state == "gone"
    friday = IntervalDay.objects.get(day_date=date(2026, 1, 9))
    # Local days begin two hours after those of the clock of its files, so the first hours are of the day before.
    assert friday.quality == "N" * 4 + "E" * 44 or set(friday.quality) == {"E"}


def test_a_spike_is_estimated_and_the_rest_of_its_day_stays_measured(monkeypatch):
    monkeypatch.setattr(vee_facts, "groups", lambda **_: (Group(spike_percent=300, spike_kwh="0.5"),))
    (register,) = factories.metering.metered(registers=("E1",), is_interval=True)
    _curve(register, spike=date(2026, 1, 9))
    usage.approve(start_date=JAN, end_date=FEB)
    before = Usage.objects.get(is_current=True).energy_wh
    _estimate(_open(register, "interval_spike"))
    day = IntervalDay.objects.filter(day_date=date(2026, 1, 9)).latest("version")
    assert (day.quality.count("E"), day.quality.count("A"), day.method) == (1, 47, "interpolation")
    (row,) = Usage.objects.filter(is_current=True)
    assert (before - row.energy_wh, row.method) == (9_000 - 140, "interpolation")
    assert UsageException.objects.get().state == "gone"
    assert ReadChange.objects.get().moved_wh == 9_000 - 140


def test_a_spike_on_a_day_of_the_metering_clock_is_gone_from_the_local_month_that_has_it(monkeypatch):
    monkeypatch.setattr(vee_facts, "groups", lambda **_: (Group(spike_percent=300, spike_kwh="0.5"),))
    (register,) = factories.metering.metered(registers=("E1",), is_interval=True)
    # 01:00 on 1 February by the clock of its files, 23:00 on 31 January here.
    _curve(register, spike=FEB, slot=2)
    usage.approve(start_date=JAN, end_date=FEB)
    before = Usage.objects.get(is_current=True).energy_wh
    found = _open(register, "interval_spike")
    assert UsageException.objects.get(id=found).fact_date == FEB
    _estimate(found)
    after = Usage.objects.get(is_current=True, start_date=JAN)
    assert (before - after.energy_wh, after.is_estimated) == (9_000 - 160, True)
    assert UsageException.objects.get(id=found).state == "gone"


def test_large_days_beside_a_very_fine_one_are_estimated_whole():
    (register,) = factories.metering.metered(registers=("E1",), is_interval=True)
    fridays = [date(2026, 1, day) for day in (2, 9)]
    _curve(register, without=fridays, base=2_500)
    factories.metering.interval_day(of=register, on=fridays[0], values_wh=[2_147_483_647] * 48, exponent=-6)
    usage.approve(start_date=JAN, end_date=FEB)
    _estimate(_open(register, "days_missing"), method="average")
    day = IntervalDay.objects.get(day_date=fridays[1])
    values = np.frombuffer(day.values, dtype="<i4")
    # The mean of a Friday of 2,540 Wh and that of 2,147.483647, in whole Wh.
    assert (set(values[4:].tolist()), day.exponent) == ({2_344}, 0)
