"""Meters that are read again: what the crew reads comes back with its order, and settles the exception."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest

from cis.kernel.actors import Actor, ActorKind
from cis.kernel.enums import Role
from cis.kernel.workflow import IllegalMove, NotAllowed
from metering.domain.exception_acts import Act
from metering.domain.vee import Group
from metering.models.exception import UsageException
from metering.models.read import RegisterRead
from metering.models.read_change import ReadChange
from metering.models.usage import Usage
from metering.models.work import WorkOrder
from metering.operations import (
    exception_bulk,
    exceptions,
    re_read_orders,
    re_reads,
    read_changes,
    reads,
    usage,
    work_orders,
)
from metering.operations.work_orders import WorkExists
from metering.queries import vee_facts
from tests import factories
from tests.factories import work

pytestmark = pytest.mark.django_db
MONTHS = [date(2025, month, 1) for month in (9, 10, 11, 12)] + [date(2026, month, 1) for month in (1, 2, 3)]
JAN, FEB, MAR = MONTHS[-3:]
TODAY, LATE = date(2026, 2, 10), date(2026, 3, 10)
CHIEF = Actor(ActorKind.STAFF, 1, "Wang", frozenset({Role.METERING}))
GROUP = Group(least_days=20, high_percent=300, low_percent=25)


@pytest.fixture(autouse=True)
def _supplier(monkeypatch):
    factories.accounts.supplier()
    monkeypatch.setattr(vee_facts, "groups", lambda **_: (GROUP,))


def _counter(*kwh):
    (register,) = factories.metering.metered()
    for day, value in zip(MONTHS, kwh, strict=False):
        if value is not None:
            factories.metering.read(of=register, on=day, kwh=value)
    usage.approve(start_date=MONTHS[0], end_date=MONTHS[len(kwh) - 1])
    return register


def _sent(register, code):
    """The order of an exception, begun by its crew."""
    exception = UsageException.objects.get(register=register, code=code)
    order = exceptions.visit(exception_id=exception.id, today=TODAY, actor=CHIEF)
    crew = work.crew()
    work_orders.assign(work_order_ids=[order], crew_id=crew.id, planned_date=TODAY, actor=CHIEF)
    work_orders.start(work_order_id=order, actor=work.actor_of(crew))
    return exception, order, work.actor_of(crew)


def _high(register):
    """A finding about December of a register that need not have any energy."""
    UsageException.objects.create(
        register=register, service_point_id=register.meter.installations.get().service_point_id, code="usage_high",
        severity="look", start_date=MONTHS[3], end_date=JAN, fact_date=MONTHS[3],
    )  # fmt: skip


def _read_in_march(register, exception):
    """Send a crew because of an exception that reads 480 kWh on 10 March; return what the counter showed then."""
    order = exceptions.visit(exception_id=exception.id, today=LATE, actor=CHIEF)
    crew = work.crew()
    work_orders.assign(work_order_ids=[order], crew_id=crew.id, planned_date=LATE, actor=CHIEF)
    work_orders.start(work_order_id=order, actor=work.actor_of(crew))
    re_reads.finish(
        work_order_id=order, readings={register.id: 480_000}, answers={}, note="", request_key="k", today=LATE,
        actor=work.actor_of(crew),
    )  # fmt: skip
    return dict(
        RegisterRead.objects.filter(register=register).order_by("version").values_list("read_date", "reading_wh")
    )


def _finish(order, actor, readings, key="k"):
    return re_reads.finish(
        work_order_id=order, readings=readings, answers={}, note="", request_key=key, today=TODAY, actor=actor
    )


def _months(register):
    rows = Usage.objects.filter(register=register, is_current=True, start_date__gte=JAN).order_by("start_date")
    return [(row.start_date, row.energy_wh // 1_000, row.method) for row in rows]


def test_a_reading_that_contradicts_the_doubted_one_deals_it_evenly():
    register = _counter(0, 100, 200, 300, 400, 1_000)
    exception, order, actor = _sent(register, "usage_high")
    assert WorkOrder.objects.get(id=order).facts == {
        "meter": register.meter.serial, "register": "total", "doubted_on": "2026-01-01",
    }  # fmt: skip
    assert _finish(order, actor, {register.id: 523_000})
    # 123 kWh from 1 January to 10 February, 40 days: 95 in the 31 of January.
    assert _months(register)[0] == (JAN, 95, "proration")
    assert _months(register)[1] == (FEB, 27, "proration")
    exception.refresh_from_db()
    change = ReadChange.objects.get()
    assert (exception.state, change.state, change.reason) == ("gone", "applied", "2026-02-10: 523.000")
    assert WorkOrder.objects.get(id=order).state == "done"
    assert not _finish(order, actor, {register.id: 523_000}), "the same request again is done already"


def test_a_reading_that_bears_the_doubted_one_out_accepts_it():
    register = _counter(0, 100, 200, 300, 400, 1_000)
    exception, order, actor = _sent(register, "usage_high")
    _finish(order, actor, {register.id: 1_180_000})
    exception.refresh_from_db()
    assert (exception.state, exception.reason, exception.decider_id) == ("accepted", "2026-02-10: 1180.000", actor.id)
    assert _months(register)[0] == (JAN, 600, "")
    assert not ReadChange.objects.exists()


def test_a_missing_value_is_dealt_out_of_the_reading():
    register = _counter(0, 100, 200, 300, 400, None)
    exception, order, actor = _sent(register, "read_missing")
    _finish(order, actor, {register.id: 480_000})
    exception.refresh_from_db()
    assert exception.state == "gone"
    assert RegisterRead.objects.get(register=register, read_date=FEB).method == "proration"
    assert [row[1] for row in _months(register)] == [62, 18]


@pytest.mark.parametrize("is_in_crew", [False, True])
def test_who_ordered_a_visit_does_not_settle_much_by_a_reading_of_its_own(is_in_crew):
    register = _counter(0, 100, 200, 300, 400, 2_000)
    exception = UsageException.objects.get(register=register, code="usage_high")
    crew = work.crew()
    of_crew = work.actor_of(crew)
    chief = replace(CHIEF, id=of_crew.id, roles=CHIEF.roles | of_crew.roles) if is_in_crew else CHIEF
    order = exceptions.visit(exception_id=exception.id, today=TODAY, actor=chief)
    work_orders.assign(work_order_ids=[order], crew_id=crew.id, planned_date=TODAY, actor=chief)
    work_orders.start(work_order_id=order, actor=chief)
    with pytest.raises(read_changes.TooMuchAlone):
        _finish(order, chief, {register.id: 523_000})
    assert not ReadChange.objects.exists()
    assert WorkOrder.objects.get(id=order).state == "started"
    if not is_in_crew:
        _finish(order, of_crew, {register.id: 523_000})
        assert ReadChange.objects.get().state == "applied"


def test_an_estimate_above_the_reading_gives_way_before_what_is_missing_is_dealt():
    register = _counter(0, 100, 200, 300, 400, None)
    found = UsageException.objects.get(register=register, code="read_missing")
    read_changes.estimate(exception_id=found.id, reason="Nobody there", today=TODAY, actor=CHIEF)
    usage.approve(start_date=JAN, end_date=MAR)
    (missing,) = UsageException.objects.filter(register=register, code="read_missing", state="open")
    held = _read_in_march(register, missing)
    # Evenly, as what is usual was guessed: 36 in January, and 33 of the other 44 in February.
    assert [held[day] // 1_000 for day in (FEB, MAR, LATE)] == [436, 469, 480]
    missing.refresh_from_db()
    assert missing.state == "gone"


def test_estimates_before_a_measured_value_that_the_reading_contradicts_give_way_with_it():
    register = _counter(0, 100, 200, 300, 400, None)
    found = UsageException.objects.get(register=register, code="read_missing")
    read_changes.estimate(exception_id=found.id, reason="Nobody there", today=TODAY, actor=CHIEF)
    reads.enter(serial=register.meter.serial, read_date=MAR, reading_wh=2_000_000, actor=CHIEF, today=MAR)
    assert RegisterRead.objects.filter(register=register, read_date=FEB).latest("version").reading_wh > 480_000
    held = _read_in_march(register, UsageException.objects.get(code="usage_high", state="open", end_date=MAR))
    # 80 kWh in 68 days: 36 in the 31 of January, 69 in the 59 until March.
    assert [held[day] // 1_000 for day in (FEB, MAR, LATE)] == [436, 469, 480]


def test_a_reading_over_the_end_of_the_dial_bears_out_what_was_measured():
    register = _counter(998_950, 999_050, 999_150, 999_250, 999_350, 999_950)
    exception, order, actor = _sent(register, "usage_high")
    _finish(order, actor, {register.id: 120_000})
    exception.refresh_from_db()
    assert exception.state == "accepted"
    assert RegisterRead.objects.get(register=register, read_date=FEB).reading_wh == 999_950_000
    assert not ReadChange.objects.exists()


def test_a_reading_settles_nothing_about_the_largest_demand():
    register = _counter(0, 100, 200, 300, 400)
    demand = factories.metering.register(of=register.meter, code="demand", quantity="demand", resets="month")
    _high(demand)
    exception, order, actor = _sent(demand, "usage_high")
    _finish(order, actor, {register.id: 480_000, demand.id: 7_000})
    exception.refresh_from_db()
    assert exception.state == "open"


def test_every_counter_of_the_place_is_read_and_no_other():
    register = _counter(0, 100, 200, 300, 400, 1_000)
    _exception, order, actor = _sent(register, "usage_high")
    with pytest.raises(re_reads.InvalidReRead):
        _finish(order, actor, {})
    with pytest.raises(re_reads.InvalidReRead):
        _finish(order, actor, {register.id: 1_000_000, register.id + 1: 1})
    assert WorkOrder.objects.get(id=order).state == "started"


def test_nobody_is_sent_twice_nor_for_what_is_settled():
    register = _counter(0, 100, 200, 300, 400, 1_000)
    exception, order, actor = _sent(register, "usage_high")
    with pytest.raises(WorkExists):
        exceptions.visit(exception_id=exception.id, today=TODAY, actor=CHIEF)
    with pytest.raises(NotAllowed):
        exceptions.visit(exception_id=exception.id, today=TODAY, actor=actor)
    _finish(order, actor, {register.id: 1_180_000})
    with pytest.raises(exceptions.NotOpen):
        exceptions.visit(exception_id=exception.id, today=TODAY, actor=CHIEF)
    with pytest.raises(IllegalMove):
        _finish(order, actor, {register.id: 1_180_000}, key="other")


def test_what_was_estimated_for_too_long_is_ordered_once_by_night(monkeypatch):
    monkeypatch.setattr(vee_facts, "groups", lambda **_: (Group(least_days=20, most_estimated=2),))
    (register,) = factories.metering.metered()
    for day, kwh, kind in zip(MONTHS, range(0, 700, 100), ["actual", *["estimated"] * 6], strict=True):
        factories.metering.read(of=register, on=day, kwh=kwh, kind=kind)
    usage.approve(start_date=MONTHS[0], end_date=MAR)
    assert UsageException.objects.filter(code="long_estimated", state="open").count() > 1
    for _ in range(2):
        re_read_orders.night(datetime(2026, 2, 10, 2, tzinfo=UTC))
    (order,) = WorkOrder.objects.all()
    assert (order.kind, order.subject, order.due_date) == ("re_read", "usage_exception", TODAY + timedelta(days=7))


def test_many_are_looked_at_before_they_are_settled():
    missing = [_counter(0, 100, 200, 300, 400, None) for _ in range(2)]
    high = _counter(0, 100, 200, 300, 400, 2_000)
    ids = list(UsageException.objects.order_by("id").values_list("id", flat=True))
    given = {"exception_ids": ids, "act": Act.ESTIMATE, "reason": "File lost", "today": TODAY, "actor": CHIEF}
    lines = {one.exception_id: one for one in exception_bulk.preview(**given)}
    assert not ReadChange.objects.exists()
    of = dict(UsageException.objects.values_list("register_id", "id"))
    first = lines[of[missing[0].id]]
    # November to January: the two months before the exception, and the one that is estimated.
    assert (first.after_wh - first.before_wh, first.state) == (101_639, "gone")
    assert lines[of[high.id]].is_waiting
    assert lines[of[high.id]].after_wh == lines[of[high.id]].before_wh
    done = exception_bulk.act(**given)
    assert sorted(one.is_waiting for one in done) == [False, False, True]
    assert sorted(UsageException.objects.values_list("state", flat=True)) == ["gone", "gone", "open"]
    again = exception_bulk.act(**given)
    assert sorted(one.code for one in again) == ["exception_not_open", "exception_not_open", "read_change_waits"]


def test_what_cannot_be_accepted_is_told_and_the_others_are():
    _counter(0, 100, 200, 300, 400, None)
    _counter(0, 100, 200, 300, 400, 2_000)
    ids = list(UsageException.objects.values_list("id", flat=True))
    given = {"exception_ids": ids, "act": Act.ACCEPT, "reason": "Heating", "today": TODAY, "actor": CHIEF}
    assert sorted(one.code for one in exception_bulk.preview(**given)) == ["", "exception_not_acceptable"]
    exception_bulk.act(**given)
    assert sorted(UsageException.objects.values_list("state", flat=True)) == ["accepted", "open"]
    with pytest.raises(exception_bulk.NotInBulk):
        exception_bulk.act(**{**given, "act": Act.EDIT})
    with pytest.raises(exception_bulk.TooMany):
        exception_bulk.act(**{**given, "exception_ids": range(51)})
