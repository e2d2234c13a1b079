"""Usage from reads and interval days to approved rows."""

from datetime import date, timedelta

import numpy as np
import pytest
from django.db.backends.postgresql.psycopg_any import DateRange

from cis.platform import events
from metering.domain.announcements import UsageCorrected
from metering.domain.places import Direction, Quantity
from metering.models.usage import Usage
from metering.operations import usage
from metering.queries import intervals
from metering.queries import usage as queries
from tests import factories

pytestmark = pytest.mark.django_db
JAN, FEB, MAR = date(2026, 1, 1), date(2026, 2, 1), date(2026, 3, 1)


@pytest.fixture(autouse=True)
def _supplier():
    factories.accounts.supplier()


@pytest.fixture
def announced(monkeypatch):
    heard = []
    monkeypatch.setitem(events.LISTENERS, UsageCorrected, [heard.append])
    return heard


def _reads(register, *days_and_kwh, **values):
    for day, kwh in days_and_kwh:
        factories.metering.read(of=register, on=day, kwh=kwh, **values)


def _current(register):
    rows = Usage.objects.filter(register=register, is_current=True).order_by("start_date")
    return [(row.start_date, row.end_date, row.energy_wh, row.version) for row in rows]


def test_usage_follows_from_reads_with_readings_kept_for_the_bill():
    (register,) = factories.metering.metered(multiplier=20)
    _reads(register, (JAN, 100), (FEB, 110), (MAR, 113))
    done = usage.approve(start_date=JAN, end_date=MAR)
    assert (done.approved, done.findings) == (2, [])
    assert _current(register) == [(JAN, FEB, 200_000, 1), (FEB, MAR, 60_000, 1)]
    row = Usage.objects.get(start_date=JAN)
    assert (row.basis, row.start_reading_wh, row.end_reading_wh, row.multiplier) == ("register", 100_000, 110_000, 20)


def test_approving_again_changes_nothing(announced):
    (register,) = factories.metering.metered()
    _reads(register, (JAN, 100), (FEB, 110))
    usage.approve(start_date=JAN, end_date=FEB)
    again = usage.approve(start_date=JAN, end_date=FEB)
    assert (again.approved, again.unchanged, again.superseded, announced) == (0, 1, 0, [])


def test_a_corrected_read_makes_a_new_version_and_is_announced(announced):
    (register,) = factories.metering.metered()
    (other,) = factories.metering.metered()
    _reads(register, (JAN, 100), (FEB, 110), (MAR, 120))
    _reads(other, (JAN, 0), (FEB, 0), (MAR, 0))
    usage.approve(start_date=JAN, end_date=MAR)
    factories.metering.read(of=register, on=FEB, kwh=115, version=2)
    done = usage.approve(start_date=JAN, end_date=MAR)
    assert (done.approved, done.unchanged, done.superseded) == (2, 2, 2)
    assert _current(register) == [(JAN, FEB, 15_000, 2), (FEB, MAR, 5_000, 2)]
    point = register.meter.installations.get().service_point_id
    assert announced == [UsageCorrected(service_point_ids=(point,), from_date=JAN)]


def test_a_late_read_cuts_a_span_in_two():
    (register,) = factories.metering.metered()
    middle = date(2026, 1, 15)
    _reads(register, (JAN, 100), (FEB, 110))
    usage.approve(start_date=JAN, end_date=FEB)
    factories.metering.read(of=register, on=middle, kwh=104)
    usage.approve(start_date=JAN, end_date=FEB)
    assert _current(register) == [(JAN, middle, 4_000, 2), (middle, FEB, 6_000, 1)]


def test_a_read_that_became_doubtful_takes_its_usage_back():
    (register,) = factories.metering.metered()
    _reads(register, (JAN, 100), (FEB, 110))
    usage.approve(start_date=JAN, end_date=FEB)
    factories.metering.read(of=register, on=FEB, kwh=90, version=2)
    done = usage.approve(start_date=JAN, end_date=FEB)
    assert ([finding.code for finding in done.findings], done.superseded, _current(register)) == (["decreased"], 1, [])


def test_what_is_missing_is_found_with_advice_and_the_others_are_approved():
    (missing,), (good,) = factories.metering.metered(), factories.metering.metered()
    _reads(missing, (JAN, 100))
    _reads(good, (JAN, 100), (FEB, 101))
    done = usage.approve(start_date=JAN, end_date=FEB)
    (finding,) = done.findings
    assert (finding.register_id, finding.day, finding.code) == (missing.id, FEB, "read_missing")
    assert finding.message == "There is no read of 2026-02-01."
    assert finding.advice
    assert done.approved == 1


def test_an_exchanged_meter_gives_two_spans():
    (old,) = factories.metering.metered()
    hung = old.meter.installations.get()
    middle = date(2026, 1, 15)
    hung.period = DateRange(JAN, middle)
    hung.save()
    new = factories.metering.meter()
    factories.metering.installation(of=new, at=hung.service_point, start_date=middle)
    _reads(old, (JAN, 100), (middle, 110))
    _reads(new.registers.get(), (middle, 0), (FEB, 5))
    done = usage.approve(start_date=JAN, end_date=FEB)
    assert (done.approved, done.findings) == (2, [])
    found = queries.approved(service_point_ids=[hung.service_point_id], start_date=JAN, end_date=FEB)
    assert sorted(found.energy_wh.tolist()) == [5_000, 10_000]


def test_export_and_reactive_energy_is_approved_where_there_is_some_and_not_missed_elsewhere():
    (register,) = factories.metering.metered()
    export = factories.metering.register(of=register.meter, code="B1", direction="export")
    factories.metering.register(of=register.meter, code="Q1", quantity="reactive")
    _reads(register, (JAN, 100), (FEB, 101))
    _reads(export, (JAN, 7), (FEB, 9))
    done = usage.approve(start_date=JAN, end_date=FEB)
    assert (done.approved, done.findings) == (2, [])
    point = register.meter.installations.get().service_point_id
    window = {"service_point_ids": [point], "start_date": JAN, "end_date": FEB}
    assert queries.approved(**window).energy_wh.tolist() == [1_000]
    assert queries.approved(**window, directions=[Direction.EXPORT]).energy_wh.tolist() == [2_000]
    assert queries.approved(**window, quantity=Quantity.REACTIVE).energy_wh.tolist() == []


def test_a_span_that_reaches_out_of_the_window_is_kept_and_named():
    (register,) = factories.metering.metered()
    _reads(register, (JAN, 100), (FEB, 110), (MAR, 120))
    usage.approve(start_date=JAN, end_date=MAR, boundaries=(), every_read=False)
    done = usage.approve(start_date=JAN, end_date=FEB)
    assert ([finding.code for finding in done.findings], done.approved) == (["span_overlaps"], 0)
    assert _current(register) == [(JAN, MAR, 20_000, 1)]


def _fill(register, *, start, end, values_wh=None, **values):
    factories.metering.interval_days(
        of=register, values_wh=dict.fromkeys(factories.metering.days(start, end), values_wh), **values
    )


def test_interval_usage_is_that_of_whole_local_months():
    (register,) = factories.metering.metered(registers=("E1",), is_interval=True)
    _fill(register, start=date(2025, 12, 31), end=date(2026, 3, 2))
    done = usage.approve(start_date=JAN, end_date=MAR)
    assert (done.approved, done.findings) == (2, [])
    assert _current(register) == [(JAN, FEB, 31 * 4_800, 1), (FEB, MAR, 28 * 4_800, 1)]
    row = Usage.objects.get(start_date=JAN)
    assert (row.basis, row.start_reading_wh, row.multiplier) == ("interval", None, 1)


def test_a_month_with_a_missing_interval_day_is_not_approved():
    (register,) = factories.metering.metered(registers=("E1",), is_interval=True)
    _fill(register, start=JAN, end=date(2026, 2, 10))
    done = usage.approve(start_date=JAN, end_date=MAR)
    (finding,) = done.findings
    # The metering day of 10 February holds the last two hours of the 9th in Shanghai.
    assert (finding.code, finding.day) == ("days_missing", date(2026, 2, 9))
    assert "20 local days" in finding.message
    assert _current(register) == [(JAN, FEB, 31 * 4_800, 1)]


def test_a_newer_version_of_a_day_corrects_usage(announced):
    (register,) = factories.metering.metered(registers=("E1",), is_interval=True)
    _fill(register, start=JAN, end=date(2026, 2, 2), quality="E")
    usage.approve(start_date=JAN, end_date=FEB)
    assert Usage.objects.get().is_estimated
    factories.metering.interval_day(of=register, on=date(2026, 1, 9), values_wh=[200] * 48, version=2)
    usage.approve(start_date=JAN, end_date=FEB)
    assert _current(register) == [(JAN, FEB, 32 * 4_800, 2)]
    assert len(announced) == 1


@pytest.mark.parametrize(("month", "hours"), [(date(2026, 4, 1), 721), (date(2026, 10, 1), 743)])
def test_months_in_which_clocks_change_have_the_energy_of_their_hours_and_time_of_use_adds_up(month, hours):
    """Sydney: the split by local time of day, as billing makes it, gives exactly what was approved."""
    factories.accounts.supplier(time_zone="Australia/Sydney")
    (register,) = factories.metering.metered(registers=("E1",), is_interval=True)
    end = date(month.year, month.month + 1, 1)
    _fill(register, start=month - timedelta(days=1), end=end + timedelta(days=1), values_wh=range(1, 49))
    usage.approve(start_date=month, end_date=end)
    ((_, _, energy, _),) = _current(register)
    assert abs(energy - hours * 49) < 100
    clock = usage.local_clock("Australia/Sydney")
    (block,) = intervals.days(
        register_ids=[register.id], start_date=month - timedelta(days=1), end_date=end + timedelta(days=1)
    )
    starts = block.start_us[:, None] + 30 * 60_000_000 * np.arange(block.slots)
    inside = (starts >= clock.day_start_us(month)) & (starts < clock.day_start_us(end))
    assert int(inside.sum()) == 2 * hours
    assert int(block.values[inside].sum()) == energy


def test_a_chunk_needs_a_constant_number_of_statements(django_assert_num_queries):
    def places(count):
        for _ in range(count):
            (register,) = factories.metering.metered()
            _reads(register, (JAN, 100), (FEB, 110))
            (interval,) = factories.metering.metered(registers=("E1",), is_interval=True)
            factories.metering.interval_day(of=interval, on=JAN)

    usage.approve(start_date=JAN, end_date=FEB)
    places(1)
    # Savepoint and its release, places, lock, hangings, reads, days, kept rows, standing exceptions, classes, past, new ones.
    with django_assert_num_queries(13):
        usage.approve(start_date=JAN, end_date=FEB)
    places(5)
    with django_assert_num_queries(13):
        assert usage.approve(start_date=JAN, end_date=FEB).approved == 5
