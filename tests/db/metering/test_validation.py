"""What is doubtful about energy: kept once, gone when the cause is gone, and stopped where the pack says so."""

from dataclasses import replace
from datetime import date
from itertools import pairwise

import pytest

from metering.domain.vee import Group
from metering.models.exception import UsageException
from metering.models.usage import Usage
from metering.operations import usage
from metering.queries import vee_facts
from tests import factories

pytestmark = pytest.mark.django_db
MONTHS = [date(2025, month, 1) for month in (9, 10, 11, 12)] + [date(2026, month, 1) for month in (1, 2)]
JAN, FEB = MONTHS[-2:]
GROUP = Group(least_days=20, high_percent=300, low_percent=25, negative=True, zero_cycles=2, rollover=True)


@pytest.fixture(autouse=True)
def _supplier():
    factories.accounts.supplier()


@pytest.fixture
def rules(monkeypatch):
    """Set the groups of the pack; the first that fits is taken."""

    def set_to(*groups):
        monkeypatch.setattr(vee_facts, "groups", lambda **_: groups)

    set_to(GROUP)
    return set_to


def _read(register, *kwh):
    """A read at the start of each month."""
    for day, value in zip(MONTHS, kwh, strict=False):
        factories.metering.read(of=register, on=day, kwh=value)


def _approve(start=MONTHS[0], end=FEB):
    return usage.approve(start_date=start, end_date=end)


def _rows(**wanted):
    fields = ("code", "state", "severity", "start_date", "end_date", "measure", "bound")
    return list(UsageException.objects.filter(**wanted).order_by("id").values_list(*fields))


def test_what_a_rule_finds_is_kept_once_with_its_numbers_and_the_energy_is_approved(rules):
    (register,) = factories.metering.metered()
    _read(register, 0, 100, 200, 300, 400, 1_000)
    for _ in range(2):
        done = _approve()
    assert (done.unchanged, done.findings) == (5, [])
    (row,) = _rows()
    assert row[:5] == ("usage_high", "open", "look", JAN, FEB)
    # 400 kWh in the 122 days of September to December are 101,639 Wh in 31 days, and three times as much is the bound.
    assert row[5:] == (600_000, 304_917)


def test_the_past_is_the_same_whether_months_are_approved_one_by_one_or_together(rules):
    (register,) = factories.metering.metered()
    _read(register, 0, 100, 200, 300, 400, 1_000)
    for start, end in pairwise(MONTHS):
        _approve(start, end)
    assert [row[5:] for row in _rows()] == [(600_000, 304_917)]


def test_a_first_year_is_not_called_high(rules):
    (register,) = factories.metering.metered()
    _read(register, 0, 1, 2, 5_000)
    _approve()
    assert _rows(severity="look") == []


def test_an_exchanged_meter_keeps_its_past(rules):
    (old,) = factories.metering.metered()
    hung = old.meter.installations.get()
    _read(old, 0, 100, 200, 300, 400)
    hung.period = type(hung.period)(hung.period.lower, JAN)
    hung.save()
    new = factories.metering.meter()
    factories.metering.installation(of=new, at=hung.service_point, start_date=JAN)
    factories.metering.read(of=new.registers.get(), on=JAN, kwh=0)
    factories.metering.read(of=new.registers.get(), on=FEB, kwh=600)
    _approve()
    assert [row[0] for row in _rows()] == ["usage_high"]


def test_a_corrected_read_takes_its_exception_away(rules):
    (register,) = factories.metering.metered()
    _read(register, 0, 100, 200, 300, 400, 1_000)
    _approve()
    factories.metering.read(of=register, on=FEB, kwh=500, version=2)
    _approve()
    (row,) = UsageException.objects.all()
    assert (row.state, row.closed_at is not None) == ("gone", True)


def test_other_numbers_bring_an_exception_up_to_date(rules):
    (register,) = factories.metering.metered()
    _read(register, 0, 100, 200, 300, 400, 1_000)
    _approve()
    factories.metering.read(of=register, on=FEB, kwh=900, version=2)
    _approve()
    assert [row[1:2] + row[5:6] for row in _rows()] == [("open", 500_000)]


def test_what_is_missing_is_kept_as_stopping_and_gone_when_it_comes(rules):
    (register,) = factories.metering.metered()
    factories.metering.read(of=register, on=JAN, kwh=0)
    usage.approve(start_date=JAN, end_date=FEB)
    assert _rows() == [("read_missing", "open", "stop", FEB, FEB, None, None)]
    factories.metering.read(of=register, on=FEB, kwh=10)
    usage.approve(start_date=JAN, end_date=FEB)
    assert [row[1] for row in _rows()] == ["gone"]


def test_a_meter_that_moved_without_a_read_is_missed_at_both_places(rules):
    (register,) = factories.metering.metered()
    hung = register.meter.installations.get()
    middle = date(2026, 1, 15)
    hung.period = type(hung.period)(hung.period.lower, middle)
    hung.save()
    factories.metering.installation(of=register.meter, start_date=middle)
    for day, kwh in ((JAN, 0), (FEB, 10)):
        factories.metering.read(of=register, on=day, kwh=kwh)
    for _ in range(2):
        for point in register.meter.installations.values_list("service_point_id", flat=True):
            usage.approve(start_date=JAN, end_date=FEB, service_point_ids=[point])
    assert [row[:2] + row[3:4] for row in _rows()] == [("read_missing", "open", middle)] * 2


def test_what_is_not_due_yet_is_not_missed(rules):
    (register,) = factories.metering.metered()
    start, end = date(2999, 1, 1), date(2999, 2, 1)
    factories.metering.read(of=register, on=start, kwh=0)
    assert [one.code for one in usage.approve(start_date=start, end_date=end).findings] == ["read_missing"]
    assert _rows() == []


def test_a_rule_that_stops_keeps_its_energy_back_and_nothing_else(rules):
    rules(replace(GROUP, stops=("usage_high",)))
    (register,) = factories.metering.metered()
    _read(register, 0, 100, 200, 300, 400, 1_000)
    done = _approve()
    assert done.approved == 4
    assert [row[:3] for row in _rows()] == [("usage_high", "open", "stop")]
    assert not Usage.objects.filter(register=register, start_date=JAN).exists()
    UsageException.objects.update(state="accepted", reason="New heating", decider_id=1, closed_at="2026-02-02T00:00Z")
    assert _approve().approved == 1
    factories.metering.read(of=register, on=FEB, kwh=1_100, version=2)
    assert _approve().superseded == 1
    assert [row[1] for row in _rows()] == ["gone", "open"]


def test_what_was_accepted_is_not_opened_again(rules):
    (register,) = factories.metering.metered()
    _read(register, 0, 100, 200, 300, 400, 1_000)
    _approve()
    UsageException.objects.update(state="accepted", reason="New heating", decider_id=1, closed_at="2026-02-02T00:00Z")
    _approve()
    assert [row[1] for row in _rows()] == ["accepted"]


def test_a_group_is_chosen_by_what_the_place_and_its_register_are(rules):
    homes = Group(classes=("residential",), least_days=20, high_percent=300)
    large = Group(from_kva="100", least_days=20)
    rules(large, homes)
    (home,) = factories.metering.metered()
    tariff = factories.tariffs.tariff()
    factories.tariffs.version(of=tariff, start_date=MONTHS[0], customer_class="residential")
    factories.contracts.agreement(service_point=home.meter.installations.get().service_point, tariff=tariff,
                                  start_date=MONTHS[0])  # fmt: skip
    (other,) = factories.metering.metered()
    for register in (home, other):
        _read(register, 0, 100, 200, 300, 400, 1_000)
    _approve()
    assert set(UsageException.objects.values_list("register_id", flat=True)) == {home.id}


def test_spikes_are_found_in_interval_days(rules):
    rules(Group(spike_percent=300, spike_kwh="0.5"))
    (register,) = factories.metering.metered(registers=("E1",), is_interval=True)
    days = factories.metering.days(date(2025, 12, 31), date(2026, 2, 2))
    spiked = [100] * 20 + [5_000] + [100] * 27
    values = {day: spiked if day == date(2026, 1, 9) else None for day in days}
    factories.metering.interval_days(of=register, values_wh=values)
    usage.approve(start_date=JAN, end_date=FEB)
    (row,) = UsageException.objects.all()
    assert (row.code, row.fact_date, row.measure, row.bound) == ("interval_spike", date(2026, 1, 9), 5_000, 500)


def test_the_rules_of_the_shipped_pack_find_a_tripled_month_and_stop_nothing():
    (register,) = factories.metering.metered()
    _read(register, 0, 100, 210, 300, 400, 1_000)
    assert _approve().approved == 5
    assert {row[2] for row in _rows()} == {"look"}
    assert "usage_high" in {row[0] for row in _rows()}
