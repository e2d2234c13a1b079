"""The demo's meters say what they counted over HTTP, with faults and alarms, and obey; the simulator is gone afterwards."""

import os
import subprocess
from datetime import date, datetime

import pytest

from cis.demo import metering_day, saving
from cis.demo.head_end import meters as simulated
from cis.demo.head_end.orders import Book
from cis.demo.world import Scale
from cis.kernel.periods import Period
from cis.platform import jobs
from metering.domain.device_commands import Command, CommandState
from metering.gateways import head_end
from metering.models.alarm import MeterAlarm
from metering.models.command import DeviceCommand
from metering.models.live import HeadEndCursor, LiveDay
from metering.models.read import IntervalDay, RegisterRead
from tests.factories import accounts, metering

pytestmark = pytest.mark.django_db(transaction=True)
TODAY = date(2026, 11, 20)
AT = datetime.fromisoformat("2026-11-20T14:00:00+08:00")
SCALE = Scale(accounts=40, months=(Period(date(2026, 10, 1), date(2026, 11, 1)),), seed=2)


def children():
    done = subprocess.run(
        ["pgrep", "-P", str(os.getpid()), "-f", "cis.demo.head_end"], capture_output=True, text=True, check=False
    )
    return done.stdout.split()


@pytest.fixture
def streams(monkeypatch):
    monkeypatch.setattr(jobs, "send", lambda *_, **__: None)
    monkeypatch.setattr(saving, "begin_now", lambda *, at: None)
    accounts.supplier()
    found = list(metering_day.fleet(SCALE))
    for serial in {one.serial: None for one in found}:
        own = [one for one in found if one.serial == serial]
        meter = metering.meter(
            registers=tuple(one.register for one in own), is_interval=own[0].is_interval, serial=serial
        )
        metering.installation(of=meter, start_date=date(2026, 1, 1), multiplier=own[0].multiplier)
    return found


def test_two_days_are_said_and_taken_and_commands_are_obeyed(streams, tmp_path):
    before = head_end.current()
    said = metering_day.build(scale=SCALE, folder=tmp_path, today=TODAY, at=AT)
    assert head_end.current() is before
    assert children() == []
    assert Book(tmp_path / metering_day.JOURNAL).pushed == HeadEndCursor.objects.get().cursor
    assert (said.meters, said.has_event) == (len({one.serial for one in streams}), False)
    intervals = [one for one in streams if one.is_interval]
    assert said.messages > 190 * len(intervals)
    assert IntervalDay.objects.count() >= 2 * len(intervals)
    assert not LiveDay.objects.filter(is_waiting=True, day_date__lt=date(2026, 11, 18)).exists()
    counters = [one for one in streams if not one.is_interval]
    reads = RegisterRead.objects.filter(read_date=date(2026, 11, 19)).count()
    assert len(counters) * 0.9 < reads <= len(counters)
    assert MeterAlarm.objects.exists()
    told = DeviceCommand.objects.all()
    assert {row.command for row in told} == {Command.READ_NOW, Command.SYNC_TIME}
    assert {row.state for row in told} <= {CommandState.SUCCEEDED, CommandState.ACKNOWLEDGED}
    assert CommandState.SUCCEEDED in {row.state for row in told}


def test_the_simulator_is_served_beside_and_its_clock_begins_with_today_once(tmp_path, monkeypatch):
    monkeypatch.setattr(os, "environ", dict(os.environ))
    assert metering_day.beside(tmp_path, web_port=8000) == {}
    simulated.write(metering_day.fleet(SCALE), tmp_path / metering_day.FLEET)
    midnight = simulated.start_of(simulated.midnight(20_000))
    book = Book(tmp_path / metering_day.JOURNAL)
    book.wind(start=midnight, began=midnight)
    book.close()
    command = metering_day.beside(tmp_path, web_port=8000)["head_end"]
    assert command[1:3] == ["-m", "cis.demo.head_end"]
    assert os.environ["HEAD_END_GATEWAY"] == "http"
    assert os.environ["HEAD_END_URL"].endswith(command[command.index("--port") + 1])
    assert command[-1] == "http://127.0.0.1:8000/api/v1/head-end/messages"
    began = Book(tmp_path / metering_day.JOURNAL).began
    assert began > midnight
    metering_day.beside(tmp_path, web_port=8000)
    again = Book(tmp_path / metering_day.JOURNAL)
    assert (again.began, again.start, again.first) == (began, midnight, midnight)
