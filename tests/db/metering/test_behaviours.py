"""How places use electricity is told once a month, named, and compared only where nobody can be guessed."""

from datetime import UTC, date, datetime, timedelta

import numpy as np
import pytest
import time_machine
from django.db.backends.postgresql.psycopg_any import DateRange

from cis.kernel.periods import Period
from cis.platform import personal
from contracts.queries.personal import BEHAVIOUR
from metering.models.behaviour import BehaviourMonth, BehaviourPeers
from metering.operations import behaviours
from metering.queries import behaviour
from tests.factories import accounts as people
from tests.factories import contracts as agreements
from tests.factories import metering, tariffs

pytestmark = pytest.mark.django_db
MONTH = Period(date(2026, 3, 1), date(2026, 4, 1))
ZONE = "Asia/Shanghai"
EVENING = np.array([2, 1, 1, 1, 1, 2, 2, 4, 4, 3, 3, 3, 3, 3, 3, 3, 3, 3, 6, 8, 8, 7, 4, 2]) * 100
OFFICE = np.array([1] * 8 + [9] * 10 + [1] * 6) * 100


@pytest.fixture(autouse=True)
def _supplier():
    people.supplier()


@pytest.fixture
def tariff():
    return tariffs.version(customer_class="residential").tariff


def _supplied(tariff, *, household=3):
    point = metering.service_point()
    account = people.account(opened_date=date(2025, 1, 1))
    agreements.agreement(
        account=account, service_point=point, tariff=tariff, household=household, start_date=date(2025, 1, 1)
    )
    return point


def _hours(point, working, *, off=None, days=31):
    """A month read by the hour on the supplier's own clock (UTC+8)."""
    (register,) = metering.metered(at=point, registers=("E1",), is_interval=True, start_date=date(2026, 1, 1))
    for n in range(days):
        day = MONTH.start + timedelta(days=n)
        start = datetime(day.year, day.month, day.day, tzinfo=UTC) - timedelta(hours=8)
        hours = off if off is not None and day.weekday() >= 5 else working
        metering.interval_day(of=register, on=day, values_wh=np.asarray(hours), start_at=start)


def _counted(tariff, *, kwh, household=3):
    point = _supplied(tariff, household=household)
    (register,) = metering.metered(at=point, start_date=date(2026, 1, 1))
    metering.usage(of=register, start_date=MONTH.start, end_date=MONTH.end, kwh=kwh, at=point)
    return point


def _look(**values):
    return behaviours.look(month=MONTH, zone_name=ZONE, **values)


def test_hours_of_a_month_become_what_is_told(tariff):
    home, office, short = (_supplied(tariff) for _ in range(3))
    _hours(home, EVENING)
    _hours(office, OFFICE, off=np.full(24, 100))
    _hours(short, EVENING, days=13)
    assert _look() == 2
    one, two = (BehaviourMonth.objects.get(service_point=point) for point in (home, office))
    assert (one.known_days, one.working_wh, one.off_wh) == (31, EVENING.tolist(), EVENING.tolist())
    assert (one.day_wh, one.base_w, one.shape, one.peers) == (EVENING.sum(), 100, "evening", "residential/p3-4")
    assert (two.off_e4, two.shape, two.peers) == (2400 * 10_000 // OFFICE.sum(), "office", "residential/p3-4")
    assert not BehaviourPeers.objects.exists()


def test_counters_tell_the_mean_day_alone(tariff):
    """A span over two months counts by its days; a register of all hours has those of its periods too."""
    point = _counted(tariff, kwh=310)
    other = _supplied(tariff)
    (register,) = metering.metered(at=other, start_date=date(2026, 1, 1))
    metering.usage(of=register, start_date=date(2026, 2, 20), end_date=date(2026, 3, 20), kwh=280, at=other)
    late = _supplied(tariff)
    (register,) = metering.metered(at=late, start_date=date(2026, 1, 1))
    metering.usage(of=register, start_date=date(2026, 3, 25), end_date=date(2026, 4, 1), kwh=70, at=late)
    assert _look() == 2
    rows = {row.service_point_id: row for row in BehaviourMonth.objects.all()}
    assert set(rows) == {point.id, other.id}
    assert (rows[point.id].day_wh, rows[other.id].day_wh) == (10_000, 10_000)
    assert (rows[point.id].known_days, rows[point.id].working_wh, rows[point.id].base_w) == (0, None, None)
    assert rows[point.id].shape == ""


def test_a_meter_exchanged_for_one_by_periods_of_use_counts_all_days_once(tariff):
    """Ten days of 10 kWh by a register of all hours, 21 of 6 + 4 kWh by periods; for one place both at once."""
    point, both = _supplied(tariff), _supplied(tariff)
    change = date(2026, 3, 11)
    for place, until in ((point, change), (both, MONTH.end)):
        (old,) = metering.metered(at=place, start_date=date(2026, 1, 1), end_date=until)
        days = (until - MONTH.start).days
        metering.usage(of=old, start_date=MONTH.start, end_date=until, kwh=10 * days, at=place)
        for code, kwh in (("peak", 6), ("valley", 4)):
            (new,) = metering.metered(at=place, start_date=change)
            metering.usage(
                of=new, start_date=change, end_date=MONTH.end, kwh=kwh * 21, at=place, period_of_use=code
            )  # fmt: skip
    assert _look() == 2
    assert {row.day_wh for row in BehaviourMonth.objects.all()} == {10_000}


def test_a_part_is_five_statements_however_many_places(tariff, django_assert_num_queries):
    points = [_supplied(tariff) for _ in range(3)]
    for point in points:
        _hours(point, EVENING, days=14)
    with django_assert_num_queries(5 + 2):  # its transaction is a savepoint here
        behaviours.tell(service_point_ids=[point.id for point in points], month=MONTH, zone_name=ZONE)


@pytest.mark.parametrize(("homes", "others"), [(20, None), (21, 20)])
def test_fewer_than_twenty_others_are_told_of_nobody(tariff, homes, others):
    points = [_counted(tariff, kwh=100 + 10 * n) for n in range(homes)]
    _counted(tariff, kwh=5_000, household=2)
    _look(chunk=8)
    (month,) = behaviour.months(service_point_ids=[points[0].id])[points[0].id]
    if others is None:
        assert month.similar is None
        return
    assert (month.similar.others, month.similar.peers) == (20, "residential/p3-4")
    assert (month.similar.day_wh, month.similar.quiet_wh) == (200_000 // 31, 140_000 // 31)
    assert month.similar.base_w is None
    assert month.similar.percent_of(month.day_wh) == 50
    _look()
    assert BehaviourPeers.objects.count() == 1


def test_the_night_tells_once_and_once_more_for_late_values(tariff):
    point = _counted(tariff, kwh=310)

    def night(day):
        with time_machine.travel(datetime(2026, 4, day, 5, 15, tzinfo=UTC), tick=False):
            behaviours.night(datetime(2026, 4, day, 5, 15, tzinfo=UTC))
        return BehaviourMonth.objects.get(service_point=point).computed_at.day

    assert [night(day) for day in (1, 2, 9, 10, 11)] == [1, 1, 1, 10, 10]


def test_what_a_part_stopped_is_told_the_next_night(tariff, monkeypatch):
    points = [_counted(tariff, kwh=310) for _ in range(2)]
    told = behaviours.tell

    def tell(*, service_point_ids, **values):
        if points[1].id in service_point_ids:
            raise ZeroDivisionError
        return told(service_point_ids=service_point_ids, **values)

    monkeypatch.setattr(behaviours.look, "__kwdefaults__", {"chunk": 1})
    for day, way in ((1, tell), (2, told)):
        monkeypatch.setattr(behaviours, "tell", way)
        at = datetime(2026, 4, day, 5, 15, tzinfo=UTC)
        with time_machine.travel(at, tick=False):
            if way is tell:
                with pytest.raises(ZeroDivisionError):
                    behaviours.night(at)
            else:
                behaviours.night(at)
        assert BehaviourMonth.objects.count() == day
    assert {row.computed_at.day for row in BehaviourMonth.objects.all()} == {2}


def test_what_was_told_of_two_lives_goes_when_it_is_said_late_that_there_were_two(tariff):
    point, other = _counted(tariff, kwh=310), _counted(tariff, kwh=310)
    assert _look() == 2
    point.agreements.get().account.holders.update(period=DateRange(date(2025, 1, 1), date(2026, 3, 20)))
    assert _look() == 1
    assert BehaviourMonth.objects.get().service_point_id == other.id


def test_old_months_go(tariff):
    _counted(tariff, kwh=310)
    _look()
    behaviours.forget(today=date(2028, 4, 30))
    assert BehaviourMonth.objects.exists()
    behaviours.forget(today=date(2028, 5, 1))
    assert not BehaviourMonth.objects.exists()


def test_nothing_is_told_of_a_month_in_which_a_home_had_two_holders_or_none(tariff):
    point, empty = _counted(tariff, kwh=310), _counted(tariff, kwh=310)
    empty.agreements.update(period=DateRange(date(2025, 1, 1), date(2026, 3, 31)))
    account = point.agreements.get().account
    account.holders.update(period=DateRange(date(2025, 1, 1), date(2026, 3, 2)))
    account.holders.create(customer=people.customer(), period=DateRange(date(2026, 3, 2), None))
    assert _look() == 0


def test_who_is_erased_takes_their_hours_along(tariff):
    """And nobody else's: what was told of a home before somebody held its account is not theirs."""
    point = _counted(tariff, kwh=310)
    _look()
    account = point.agreements.get().account
    first, other = account.holders.get().customer_id, people.customer()
    account.holders.update(period=DateRange(date(2025, 1, 1), date(2026, 4, 1)))
    account.holders.create(customer=other, period=DateRange(date(2026, 4, 1), None))
    (row,) = personal.rows_of(BEHAVIOUR, customer_id=first, hidden={})
    assert row["day_wh"] == 10_000
    assert personal.rows_of(BEHAVIOUR, customer_id=other.id, hidden={}) == []
