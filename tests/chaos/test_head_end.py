"""
The simulator and who pulls from it are processes of their own, and both are killed: nothing is missing, nothing twice.

Every value of a day is what the pure function says, but where a fault was planted; and each of those is found again.
"""

import os
import signal
import socket
import subprocess
import sys
import time
from collections import Counter
from datetime import date, timedelta

import numpy as np
import pytest
from django.db import connection
from django.utils import timezone

from cis.demo.head_end import faults, meters
from cis.demo.head_end.faults import FaultKind, parsed, planted
from cis.demo.head_end.meters import MINUTES, bounded_wh, energies_wh, midnight, start_of
from cis.demo.head_end.orders import Book
from cis.embedded import PROJECT
from cis.kernel.actors import Actor, ActorKind
from cis.kernel.enums import Role
from cis.platform import jobs, outbox
from metering.domain.device_commands import Command, CommandState
from metering.domain.meter_alarms import AlarmKind
from metering.gateways import head_end
from metering.gateways.http_head_end import HttpHeadEnd
from metering.models.alarm import MeterAlarm
from metering.models.command import CommandReading, DeviceCommand
from metering.models.device import Meter
from metering.models.exception import UsageException
from metering.models.live import HeadEndCursor, LiveDay
from metering.models.read import IntervalDay, ReadRejection, RegisterRead
from metering.models.usage import Usage
from metering.operations import device_commands, live_closing
from tests import factories

pytestmark = [pytest.mark.chaos, pytest.mark.django_db(transaction=True)]
IS_PROOF = bool(os.environ.get("WATTLINE_PROOF"))
METERS = 200 if IS_PROOF else 50
SPEED = 6_000 if IS_PROOF else 16_000
SEED = 11
DATE = date(2026, 10, 20)
DAY = (DATE - date(1970, 1, 1)).days
BEGIN, END = midnight(DAY), midnight(DAY + 1)
UNTIL = END + 7 * 60 // MINUTES
OF_VALUES = "gap=90,duplicate=90,late=90,corrected=90,garbled=90,clock_drift=150"
RATES = f"{OF_VALUES},alarm=700,stranger=2,reply_lost=250,reply_doubled=250"
TOKEN, PATIENCE_S = "t", 90
METERER = Actor(ActorKind.STAFF, 7, "Wu", frozenset({Role.METERING}))
FLEET = meters.made_up(METERS, seed=SEED, read_date=DATE)
INTERVALS = [one for one in FLEET if one.is_interval]
COUNTERS = [one for one in FLEET if not one.is_interval]
PLANTED = {one.serial: planted(one, seed=SEED, day=DAY, rates=parsed(RATES)) for one in FLEET}


class Scene:
    """A simulator and a puller, which are started again after they are killed."""

    def __init__(self, folder):
        self.journal, self.log = folder / "journal", (folder / "log").open("ab")
        with socket.create_server(("127.0.0.1", 0)) as free:
            self.port = free.getsockname()[1]
        self.running = {}

    def start_simulator(self):
        command = ["cis.demo.head_end", "--token", TOKEN, "--port", str(self.port), "--meters", str(METERS)]
        command += ["--seed", str(SEED), "--speed", str(SPEED), "--faults", RATES, "--report", "60"]
        command += ["--start", start_of(BEGIN).isoformat(), "--until", start_of(UNTIL).isoformat()]
        self._start("simulator", [*command, "--journal", str(self.journal)], stdout=subprocess.PIPE)
        assert self.running["simulator"].stdout.readline().startswith(f"{METERS} made-up".encode())

    def start_puller(self):
        settings = {
            "HEAD_END_GATEWAY": "http",
            "HEAD_END_URL": f"http://127.0.0.1:{self.port}",
            "HEAD_END_TOKEN": TOKEN,
        }
        name = connection.settings_dict["NAME"]
        self._start(
            "puller", ["tests.chaos.head_end_puller", name], env={**os.environ, **settings}, stdout=subprocess.PIPE
        )
        assert self.running["puller"].stdout.readline() == b"pulling\n"

    def _start(self, name, command, **how):
        self.running[name] = subprocess.Popen([sys.executable, "-m", *command], cwd=PROJECT, stderr=self.log, **how)

    def kill(self, name, by=signal.SIGKILL):
        self.running[name].send_signal(by)
        self.running[name].wait(20)

    def close(self):
        for name, process in self.running.items():
            if process.poll() is None:
                self.kill(name)
        self.log.close()


@pytest.fixture
def scene(tmp_path, monkeypatch):
    monkeypatch.setattr(jobs, "send", lambda *_, **__: None)
    before = list(head_end._bound)
    made = Scene(tmp_path)
    yield made
    made.close()
    head_end._bound[:] = before
    with connection.cursor() as cursor:
        cursor.execute("TRUNCATE metering_intervalday")


def wait_until(condition, what):
    ends = time.monotonic() + PATIENCE_S
    while not condition():
        assert time.monotonic() < ends, f"it never came: {what}"
        time.sleep(0.05)


def reached():
    cursor = HeadEndCursor.objects.values_list("cursor", flat=True).first() or "0:0"
    return int(cursor.split(":")[0])


def hang():
    """Hang the fleet up, as our books have it."""
    factories.accounts.supplier()
    for one in FLEET:
        meter = factories.metering.meter(registers=(one.register,), is_interval=one.is_interval, serial=one.serial)
        factories.metering.installation(of=meter, start_date=date(2020, 1, 1))


def test_a_day_of_simulated_meters_with_kills(scene):
    hang()
    scene.start_puller()
    scene.start_simulator()
    ordered = tell_meters(scene)
    wait_until(lambda: reached() > BEGIN + 20, "the first hours")
    scene.kill("simulator")
    scene.start_simulator()
    at = min(reached(), UNTIL)
    wait_until(lambda: reached() > at, "more, after the simulator was killed")
    scene.kill("puller")
    scene.start_puller()
    wait_until(lambda: reached() > UNTIL, "the whole day")
    check_commands(ordered)
    scene.kill("simulator", by=signal.SIGTERM)
    assert scene.running["simulator"].returncode == 0
    scene.kill("puller")
    live_closing.work(timezone.now() + timedelta(hours=2))
    check_values(scene)
    check_counters()
    check_faults()


def tell_meters(scene):
    """Order commands of each kind over HTTP, and take what is answered."""
    head_end.use(HttpHeadEnd(f"http://127.0.0.1:{scene.port}", TOKEN))
    wanted = [
        (INTERVALS[0].serial, Command.SWITCH_OFF, {}),
        (INTERVALS[1].serial, Command.DEMAND_LIMIT, {"value_w": 60}),
        (INTERVALS[2].serial, Command.SYNC_TIME, {}),
    ]
    wanted += [(one.serial, Command.READ_NOW, {}) for one in (*COUNTERS, *INTERVALS[3:])]
    found, seen = {}, set()
    for serial, command, value in wanted:
        if len(found) > 8 and len(seen) == 3:
            break
        meter_id = Meter.objects.get(serial=serial).id
        command_id = device_commands.order(meter_id=meter_id, command=command, actor=METERER, **value)
        found[command_id] = (serial, command)
        seen.add(of_reply(command_id))
    assert seen == {None, FaultKind.REPLY_LOST, FaultKind.REPLY_DOUBLED}
    outbox.deliver_due()
    device_commands.take_answers()
    return found


def of_reply(command_id):
    return faults.of_reply(f"wattline-{command_id}", seed=SEED, rates=parsed(RATES))


def held(day=DATE):
    """Return what our books hold of each interval register of a day: {serial: {slot: Wh}}, and the versions."""
    found, versions = {}, Counter()
    rows = IntervalDay.objects.filter(day_date=day).select_related("register__meter").order_by("version")
    for row in rows:
        serial = row.register.meter.serial
        values = np.frombuffer(row.values, "<i4").astype(np.int64) * 10**row.exponent
        assert row.start_at == start_of(midnight((day - date(1970, 1, 1)).days))
        letters = row.quality * (96 if len(row.quality) == 1 else 1)
        found[serial] = {slot: int(value) for slot, value in enumerate(values) if letters[slot] != "N"}
        versions[serial] += 1
    return found, versions


def check_values(scene):
    """Each value is what the pure function says, also where it came late or was corrected; gaps are gaps."""
    book = Book(scene.journal)
    flowed = energies_wh(INTERVALS, seed=SEED, since=BEGIN, until=END)
    found, versions = held()
    missing = 0
    for stream, row in zip(INTERVALS, flowed, strict=True):
        bounded = bounded_wh(row, book.bounds(stream.serial), since=BEGIN)
        expected = dict(enumerate(bounded.tolist()))
        for fault in PLANTED[stream.serial]:
            lost = range(fault.since - BEGIN, fault.until - BEGIN)
            if fault.kind in {FaultKind.GAP, FaultKind.GARBLED}:
                hours = {slot // 4 for slot in lost} if fault.kind is FaultKind.GARBLED else ()
                gone = [slot for hour in hours for slot in range(4 * hour, 4 * hour + 4)] or lost
                for slot in gone:
                    expected.pop(slot, None)
                    missing += 1
        assert found[stream.serial] == expected, stream.serial
    assert missing
    assert max(versions.values()) <= 3
    off, limited = (book.bounds(one.serial) for one in INTERVALS[:2])
    assert [one.limit_w for one in (*off, *limited)] == [0, 60]
    assert off[0].since < END
    assert not LiveDay.objects.filter(is_waiting=True, day_date=DATE).exists()


def check_counters():
    """Each counter is read once, but where its clock was wrong, and its usage is what flowed."""
    drifting = {serial for serial, found in PLANTED.items() if any(one.kind is FaultKind.CLOCK_DRIFT for one in found)}
    reads = RegisterRead.objects.filter(read_date=DATE, register__meter__serial__startswith="SIM")
    found = dict(reads.values_list("register__meter__serial", "reading_wh"))
    assert found == {one.serial: one.reading_wh for one in COUNTERS if one.serial not in drifting}
    assert set(reads.values_list("version", flat=True)) == {1}
    sums = energies_wh(COUNTERS, seed=SEED, since=BEGIN, until=END).sum(axis=1).tolist()
    flowed = dict(zip([one.serial for one in COUNTERS], sums, strict=True))
    usages = Usage.objects.filter(start_date=DATE, register__is_interval=False)
    assert usages.exists()
    for usage in usages.select_related("register__meter"):
        assert usage.energy_wh == flowed[usage.register.meter.serial]


def check_faults():
    by_kind = {}
    for serial, found in PLANTED.items():
        for fault in found:
            by_kind.setdefault(fault.kind, []).append((serial, fault))
    assert set(by_kind) == set(faults.OF_VALUES) | {FaultKind.ALARM}
    refused = list(ReadRejection.objects.values_list("code", "text"))
    for serial, _fault in by_kind[FaultKind.GARBLED]:
        assert any(code == "not_a_number" and serial in text for code, text in refused), (serial, refused)
    for serial, _fault in by_kind[FaultKind.CLOCK_DRIFT]:
        assert Meter.objects.get(serial=serial).clock_drift_s is not None
        if serial in {one.serial for one in COUNTERS}:
            assert ("not_frozen", f"{serial},total") in refused
    for serial in faults.strangers(day=DAY, rates=parsed(RATES)):
        assert any(serial in text for _code, text in refused)
    alarms = set(MeterAlarm.objects.values_list("meter__serial", "kind"))
    assert {kind for _serial, kind in alarms} == {kind.value for kind in AlarmKind}
    for serial, fault in by_kind[FaultKind.ALARM]:
        assert (serial, fault.alarm.value) in alarms
    assert MeterAlarm.objects.count() == len(set(MeterAlarm.objects.values_list("meter_id", "kind", "occurred_at")))
    open_now = set(UsageException.objects.filter(state="open").values_list("register__meter__serial", flat=True))
    assert {serial for serial, _fault in by_kind[FaultKind.GAP]} <= open_now


def check_commands(ordered):
    """Each command was obeyed once; whose result was lost is still awaited, whose came twice counts once."""
    outbox.deliver_due()
    device_commands.take_answers()
    for command_id, (serial, command) in ordered.items():
        row = DeviceCommand.objects.get(id=command_id)
        fault = of_reply(command_id)
        if fault is FaultKind.REPLY_LOST:
            assert row.state == CommandState.ACKNOWLEDGED
            continue
        assert row.state == CommandState.SUCCEEDED, serial
        assert (row.repeats > 0) == (fault is FaultKind.REPLY_DOUBLED)
        if command is Command.READ_NOW:
            is_counter = serial in {one.serial for one in COUNTERS}
            assert CommandReading.objects.filter(command_id=command_id).count() == is_counter
