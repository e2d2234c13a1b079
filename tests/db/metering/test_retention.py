"""Versions of interval days that hold no more go after the months of the pack, but never one that a bill names."""

from datetime import UTC, date, datetime, timedelta

import pytest
from django.core.management import call_command
from django.db import connection
from django.test.utils import CaptureQueriesContext

from billing.models.bill import BillState
from billing.queries import rated_days
from cis.kernel.actors import SYSTEM
from cis.kernel.periods import Period
from cis.platform import packs
from cis.platform.models import AuditEvent
from metering.models.device import Installation, Register
from metering.models.read import IntervalDay, ReadFile
from metering.operations import partitions, retention
from metering.queries import evidence, intervals
from tests import factories
from tests.factories import billing as bills

pytestmark = pytest.mark.django_db
TODAY = date(2026, 11, 29)
OLD, YOUNG = date(2024, 3, 5), date(2025, 3, 5)
NOON = datetime(2024, 3, 6, 4, tzinfo=UTC)
DAY = timedelta(days=1)


@pytest.fixture(autouse=True)
def rule(monkeypatch):
    """The rule of the pack, as a test wants it."""
    value, own = {"superseded_months": 24, "whole_years": 0}, packs.rule
    monkeypatch.setattr(packs, "rule", lambda key, *, at: value if key == retention.RULE else own(key, at=at))
    return value


@pytest.fixture
def world():
    made = factories.contracts.world()
    meter = factories.metering.meter(registers=("E1",), is_interval=True)
    factories.metering.installation(of=meter, at=made.agreement.service_point, start_date=date(2020, 1, 1))
    return made


@pytest.fixture
def register(world):
    return Register.objects.get(code="E1")


def file(at):
    return ReadFile.objects.create(
        sha256=f"{at:%Y%m%d%H%M%S}{ReadFile.objects.count()}", name="f", format="nem12", imported_at=at
    )


def versions(register, day=OLD, count=3, came=NOON):
    """Versions of a day, one a day of coming."""
    for number in range(1, count + 1):
        factories.metering.interval_day(
            of=register, on=day, version=number, values_wh=[number] * 48, read_file=file(came + (number - 1) * DAY)
        )


def held(register, day=OLD):
    rows = IntervalDay.objects.filter(register=register, day_date=day)
    return sorted(rows.values_list("version", flat=True))


def run(**how):
    return retention.run(today=TODAY, actor=SYSTEM, **how)


def bill(world, *, at, state=BillState.ISSUED, start=date(2024, 3, 1), end=date(2024, 4, 1)):
    made = bills.draft(world=world, start_date=start, end_date=end)
    made.created_at = at
    if state is not BillState.DRAFT:
        made.state, made.number, made.issue_date = state.value, f"B{made.id}", end
    made.save()
    return made


def test_old_versions_go_and_the_one_that_holds_stays(world, register):
    versions(register)
    versions(register, day=YOUNG, came=NOON + 365 * DAY)
    assert run(is_dry=True).versions == 2
    assert held(register) == [1, 2, 3]
    assert run().versions == 2
    assert (held(register), held(register, YOUNG)) == ([3], [1, 2, 3])
    assert run().versions == 0
    event = AuditEvent.objects.get(action="thin")
    assert event.detail["versions"] == 2


def test_a_version_that_came_lately_is_not_old_and_what_it_took_the_place_of_stays(world, register):
    versions(register, count=1)
    factories.metering.interval_day(of=register, on=OLD, version=2, read_file=file(NOON + 900 * DAY))
    assert run().versions == 0


@pytest.mark.parametrize(("days", "stays"), [(0.5, 1), (1.5, 2), (2.5, 3)])
def test_what_a_bill_was_rated_by_stays_and_its_proof_is_the_same(world, days, stays, register):
    versions(register)
    made = bill(world, at=NOON + days * DAY)
    where = {"register_ids": [register.id], "start_date": OLD, "end_date": OLD + DAY, "known_at": made.created_at}
    before = evidence.interval_days(**where)
    assert before[0].version == stays
    found = run()
    assert held(register) == sorted({stays, 3})
    assert (found.versions, found.named) == (2 - (stays < 3), int(stays < 3))
    assert evidence.interval_days(**where) == before


def test_a_bill_that_was_cancelled_names_nothing(world, register):
    versions(register)
    bill(world, at=NOON + 1.5 * DAY, state=BillState.CANCELLED)
    assert run().named == 0
    assert held(register) == [3]


def test_a_bill_of_other_days_or_of_another_place_names_nothing(world, register):
    versions(register)
    bill(world, at=NOON + 1.5 * DAY, start=date(2024, 1, 1), end=date(2024, 2, 1))
    bill(factories.contracts.world(), at=NOON + 1.5 * DAY)
    assert run().named == 0


def test_a_place_that_is_billed_on_the_meters_of_another_one_names_their_days(world, register):
    versions(register)
    other = factories.contracts.world()
    other.agreement.service_point.usage_rules.create(
        kind="share", source=world.agreement.service_point, share_e6=300_000, period=Installation.objects.first().period
    )
    bill(other, at=NOON + 1.5 * DAY)
    assert run().named == 1
    assert held(register) == [2, 3]


def test_days_that_were_corrected_keep_all_their_versions(world, register):
    versions(register)
    with connection.cursor() as cursor:
        cursor.execute("UPDATE metering_intervalday SET correction_id = 7 WHERE version = 2")
    assert run().versions == 0


def test_a_day_that_was_redelivered_still_counts_all_its_versions(world, register):
    versions(register)
    where = {"register_ids": [register.id], "start_date": OLD, "end_date": OLD + DAY}
    before = [found.tolist() for found in intervals.redelivered(**where)]
    run()
    assert (
        [found.tolist() for found in intervals.redelivered(**where)]
        == before
        == [[register.id] * 2, [OLD.toordinal()] * 2]
    )


def test_nothing_goes_where_nobody_is_asked_or_the_rule_keeps_all(world, rule, monkeypatch, register):
    versions(register)
    monkeypatch.setattr(retention, "_bills", [])
    assert run().versions == 0
    monkeypatch.setattr(retention, "_bills", [rated_days])
    rule["superseded_months"] = 0
    assert run().versions == 0


def test_many_versions_go_in_chunks_of_a_constant_number_of_statements(world, monkeypatch, register):
    monkeypatch.setattr(retention, "CHUNK", 5)
    for number in range(6):
        versions(register, day=OLD + number * DAY)
    with CaptureQueriesContext(connection) as caught:
        assert run().versions == 12
    asked = [one["sql"] for one in caught.captured_queries if "SAVEPOINT" not in one["sql"]]
    assert len(asked) <= 2 + 4 * 3 + 1


def test_the_night_looks_at_the_months_that_grew_old_last(world, register):
    for month in (1, 3, 9, 10):
        versions(register, day=date(2024, month, 5), came=datetime(2024, 10, 20, tzinfo=UTC))
    retention.night(datetime(2026, 11, 29, tzinfo=UTC))
    assert [held(register, date(2024, month, 5)) for month in (1, 3, 9, 10)] == [[1, 2, 3], [1, 2, 3], [3], [3]]


def test_whole_months_leave_the_table_but_are_not_deleted(world, rule, register):
    rule["whole_years"] = 2
    versions(register)
    versions(register, day=YOUNG)
    before = len(partitions.months())
    assert date(2024, 3, 1) in run(is_dry=True).months
    assert len(partitions.months()) == before
    found = run()
    assert date(2024, 3, 1) in found.months
    assert (held(register), held(register, YOUNG)) == ([], [1, 2, 3])
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT relname FROM pg_class WHERE relname LIKE 'metering_intervalday_archived_202403_%' AND relkind = 'r'"
        )
        ((name,),) = cursor.fetchall()
        cursor.execute(f"SELECT count(*) FROM {name}")
        assert cursor.fetchone() == (1,)
    versions(register, count=1)
    assert held(register) == [1]


def test_a_month_on_which_a_bill_of_late_rests_stays(world, rule, register):
    rule["whole_years"] = 2
    versions(register)
    bill(world, at=datetime(2026, 1, 1, tzinfo=UTC))
    found = run()
    assert date(2024, 3, 1) in found.resting
    assert (
        rated_days.rests_on(Period(date(2024, 3, 1), date(2024, 4, 1)), since=datetime(2026, 2, 1, tzinfo=UTC)) is False
    )


def test_the_command_says_what_would_go_and_what_went(world, capsys, register):
    versions(register)
    call_command("thin_interval_days", "--dry-run")
    assert "2 superseded versions would go, 0 stay" in capsys.readouterr().out
    assert held(register) == [1, 2, 3]
    call_command("thin_interval_days")
    assert "2 superseded versions went, 0 stay" in capsys.readouterr().out
    assert held(register) == [3]
