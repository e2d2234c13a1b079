"""What persons decided about values stands: the same bytes again do not undo it, and an estimate no correction."""

import io
from datetime import date, timedelta

import numpy as np
import pytest

from cis.kernel.actors import SYSTEM, Actor, ActorKind
from cis.kernel.enums import Role
from metering.domain.formats.batches import IntervalDays
from metering.domain.vee import Group
from metering.models.exception import UsageException
from metering.models.read import IntervalDay, RegisterRead
from metering.operations import read_changes, reads, usage
from metering.operations.estimates import DaysCorrected
from metering.operations.interval_days import NEVER, Resolved, Store
from metering.queries import vee_facts
from tests import factories
from tests.factories import corrections

pytestmark = pytest.mark.django_db
MONTHS = [date(2025, month, 1) for month in (9, 10, 11, 12)] + [date(2026, month, 1) for month in (1, 2)]
JAN, FEB = MONTHS[-2:]
TODAY = date(2026, 3, 10)
ACTOR = Actor(ActorKind.STAFF, 1, "Wang", frozenset({Role.METERING}))
SECOND = Actor(ActorKind.STAFF, 2, "Li", frozenset({Role.METERING}))
FRIDAY = date(2026, 1, 9)


@pytest.fixture(autouse=True)
def _supplier(monkeypatch):
    factories.accounts.supplier()
    group = Group(least_days=20, high_percent=300, low_percent=25, spike_percent=300, spike_kwh="0.5")
    monkeypatch.setattr(vee_facts, "groups", lambda **_: (group,))


def brought(register, kwh, name):
    lines = f"meter,register,read_at,reading,kind\n{register.meter.serial},{register.code},{FEB},{kwh},actual\n"
    return reads.import_file(
        source=io.BytesIO(lines.encode()), name=name, actor=SYSTEM, today=TODAY, again=True
    )  # fmt: skip


def held(register):
    row = RegisterRead.objects.filter(register=register, read_date=FEB).latest("version")
    return row.reading_wh // 1_000, row.version


@pytest.mark.parametrize("is_typed_in", [True, False])
def test_a_value_that_two_replaced_is_not_brought_back_by_the_same_file(is_typed_in):
    (register,) = factories.metering.metered()
    for day, kwh in zip(MONTHS[:-1], range(0, 500, 100), strict=True):
        factories.metering.read(of=register, on=day, kwh=kwh)
    assert brought(register, 2_000, "first.csv").reads == 1
    usage.approve(start_date=MONTHS[0], end_date=FEB)
    about = {"exception_id": UsageException.objects.get(code="usage_high").id, "reason": "Card", "today": TODAY}
    if is_typed_in:
        change = read_changes.edit(reading_wh=450_000, actor=ACTOR, **about)
    else:
        change = read_changes.estimate(actor=ACTOR, **about)
    read_changes.decide(change_id=change.change_id, is_agreed=True, today=TODAY, actor=SECOND)
    decided = held(register)
    assert decided[0] < 600
    # A value beside the decided one, which the first value would not even fit.
    reads.enter(serial=register.meter.serial, read_date=TODAY, reading_wh=800_000, actor=ACTOR, today=TODAY)
    decided = held(register)
    again = brought(register, 2_000, "first.csv")
    assert (again.unchanged, again.rejected, held(register)) == (1, 0, decided)
    other = brought(register, 500, "second.csv")
    assert (other.rejected, held(register)) == (0, (500, decided[1] + 1))
    reads.enter(serial=register.meter.serial, read_date=FEB, reading_wh=510_000, actor=ACTOR, today=TODAY)
    assert held(register)[0] == 510, "what a person says is news"


def spiked():
    (register,) = factories.metering.metered(registers=("E1",), is_interval=True)
    days = factories.metering.days(date(2025, 12, 25), FEB + timedelta(days=21))
    values = {day: [100 + day.weekday() * 10] * 48 for day in days}
    values[FRIDAY][20] = 9_000
    factories.metering.interval_days(of=register, values_wh=values)
    usage.approve(start_date=JAN, end_date=FEB)
    return register


def estimate():
    found = UsageException.objects.get(code="interval_spike").id
    return read_changes.estimate(exception_id=found, reason="Lightning", today=TODAY, actor=ACTOR)


def held_day():
    row = IntervalDay.objects.filter(day_date=FRIDAY).latest("version")
    return np.frombuffer(bytes(row.values), dtype="<i4").tolist(), row.method


def test_a_spike_that_was_estimated_does_not_come_back_with_the_same_day():
    register = spiked()
    came = IntervalDay.objects.get(day_date=FRIDAY)
    estimate()
    values = np.frombuffer(bytes(came.values), dtype="<i4").copy()

    def load():
        days = IntervalDays(
            line=np.array([1]), day_date=np.array([FRIDAY], dtype="datetime64[D]"), slots=np.array([48]),
            exponent=np.array([0]), values=values, quality=("A",),
        )  # fmt: skip
        at = np.array([int(came.start_at.timestamp()) * 1_000_000])
        return Store(read_file_id=1).add(
            Resolved(days, np.array([0]), np.array([register.id]), at, np.array([NEVER]), np.array([48]))
        )

    assert (load().unchanged, IntervalDay.objects.filter(day_date=FRIDAY).count()) == (1, 2)
    estimated = held_day()[0][20]
    values[30] = 777
    assert (load().days, load().unchanged) == (1, 1)
    beside, method = held_day()
    assert (beside[20], beside[30], method != "") == (estimated, 777, True), "beside new values neither"
    values[20] = 150
    assert (load().days, IntervalDay.objects.filter(day_date=FRIDAY).latest("version").method) == (1, "")


def test_an_estimate_is_refused_where_a_correction_holds():
    register = spiked()
    place = UsageException.objects.get(code="interval_spike").service_point_id
    made = corrections.correction(
        meter_id=register.meter_id, service_point_id=place, start_date=JAN, end_date=FEB
    )  # fmt: skip
    came = IntervalDay.objects.get(day_date=FRIDAY)
    IntervalDay.objects.create(
        register=register, day_date=FRIDAY, version=2, start_at=came.start_at, interval_minutes=30, values=came.values,
        total_wh=came.total_wh, quality=came.quality, correction=made,
    )  # fmt: skip
    with pytest.raises(DaysCorrected):
        estimate()
    assert IntervalDay.objects.filter(day_date=FRIDAY).count() == 2
