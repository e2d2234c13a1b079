"""Work falls due once a slot, also on days whose clocks change."""

from datetime import UTC, datetime, time, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cis.platform.schedules import Daily, Every

INSTANTS = st.timedeltas(timedelta(days=1), timedelta(days=30_000)).map(lambda t: datetime(1970, 1, 1, tzinfo=UTC) + t)


def at(text):
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def test_every_counts_from_1970():
    every = Every(timedelta(minutes=5))
    assert every.last_due(at("2026-03-01T10:04:59")) == at("2026-03-01T10:00:00")
    assert every.last_due(at("2026-03-01T10:05:00")) == at("2026-03-01T10:05:00")


def test_every_takes_no_time_that_stands_still():
    with pytest.raises(ValueError, match="due every"):
        Every(timedelta(0))


def test_daily_is_due_at_local_time():
    daily = Daily(time(2, 30), "Asia/Shanghai")
    assert daily.last_due(at("2026-03-01T18:29:59")) == at("2026-02-28T18:30:00")
    assert daily.last_due(at("2026-03-01T18:30:00")) == at("2026-03-01T18:30:00")


@pytest.mark.parametrize(
    ("asked", "due"),
    [
        ("2026-10-03T15:59:00", "2026-10-02T16:30:00"),  # the last before clocks jump over 02:30
        ("2026-10-04T00:00:00", "2026-10-03T16:30:00"),
        ("2026-04-04T15:45:00", "2026-04-04T15:30:00"),  # 02:30 comes twice: the first
        ("2026-04-04T16:45:00", "2026-04-04T15:30:00"),
    ],
)
def test_daily_on_days_whose_clocks_change(asked, due):
    assert Daily(time(2, 30), "Australia/Sydney").last_due(at(asked)) == at(due)


@given(asked=INSTANTS, minute=st.integers(0, 1439), zone=st.sampled_from(["Asia/Shanghai", "Europe/Berlin"]))
def test_each_day_has_one_due_time_and_it_is_at_most_25_hours_ago(asked, minute, zone):
    daily = Daily(time(*divmod(minute, 60)), zone)
    due = daily.last_due(asked)
    assert timedelta(0) <= asked - due <= timedelta(hours=25)
    assert daily.last_due(due) == due
    assert daily.last_due(due - timedelta(microseconds=1)) < due
