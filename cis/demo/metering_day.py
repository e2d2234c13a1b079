"""
Two days of the made-up supplier's meters, said by the simulator of a head end over HTTP and taken by the real doors.

Homes with a load profile send it, the others what their counters show at midnight, some of them with faults and alarms.
Some are read at once, set their clocks, and keep to the limit of an event that is on. While the demo is served the
simulator goes on: its clock begins at midnight and runs fast until it shows what ours does, so today's curve grows.
"""

import os
import secrets
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path

from django.utils import timezone

from cis import serving
from cis.demo import readings, saving, world
from cis.demo.head_end import meters
from cis.demo.head_end.meters import Stream
from cis.demo.head_end.orders import Book
from cis.demo.head_end.saying import cursor_at
from cis.demo.shapes import names_of
from cis.demo.world import INTERVAL, PEAK_SLOTS, SPLIT, WORKS, Household, Scale
from cis.embedded import PROJECT, processes
from cis.kernel.actors import Actor, ActorKind
from cis.kernel.enums import Role
from cis.platform import outbox
from metering.domain.device_commands import Command
from metering.domain.live_days import QUIET
from metering.gateways import head_end
from metering.gateways.http_head_end import HttpHeadEnd
from metering.operations import device_commands, head_end_pulls, live_closing
from metering.queries import device_commands as command_queries
from metering.queries import meters as meter_queries

FLEET, JOURNAL, LOG = "fleet.csv", "head-end.journal", "head-end.log"
REPORT_MINUTES, SPEED = 15, 60
TOLD = 3
"""So many meters are told to do each thing."""
DESK = Actor(ActorKind.STAFF, None, "demo", frozenset({Role.METERING}))
_DAY, _SLACK = timedelta(days=1), timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class Said:
    """What meters said: how many of them there are, how many messages came, and whether an event is on."""

    meters: int
    messages: int
    has_event: bool


def build(*, scale: Scale, folder: Path, today: date, at: datetime) -> Said:
    """Let meters say what they counted since the day before yesterday, and tell some of them to do something."""
    streams = list(fleet(scale))
    meters.write(streams, folder / FLEET)
    until = _midnight(today)
    # Meter files of the demo keep their days from 22:00 on; what was billed is not said again.
    since = max(until - 2 * _DAY - timedelta(hours=2), _midnight(scale.end))
    heard_at = max(until, at - QUIET - _SLACK)
    _wind(folder, first=since, start=until)
    with _simulated(folder, until):
        messages = head_end_pulls.pull(at=heard_at)
        live_closing.work(heard_at + QUIET + _SLACK)
        event_id = saving.begin_now(at=at)
        _tell(streams)
    with _journal(folder) as book:
        book.note({"pushed": cursor_at(meters.slot_of(until) + REPORT_MINUTES // meters.MINUTES)})
    return Said(meters=len({one.serial for one in streams}), messages=messages, has_event=event_id is not None)


def beside(folder: Path, *, web_port: int) -> dict[str, list[str]]:
    """
    Return the simulator as a part to be served with the others, which are told by settings how to reach it.

    Its clock begins with today where it is served for the first time, else it goes on. It pushes to the web server:
    the workers print bills for long when a demo is new.
    """
    if not (folder / FLEET).exists():
        return {}
    with _journal(folder) as book:
        if book.start is not None and not book.is_served:
            book.note({"served": True})
            book.wind(start=book.start, began=timezone.now())
    port = serving.free_address("127.0.0.1", web_port + 1).port  # the web server has not bound its own yet
    os.environ |= {
        "HEAD_END_GATEWAY": "http", "HEAD_END_URL": f"http://127.0.0.1:{port}",
        "HEAD_END_TOKEN": secrets.token_urlsafe(), "HEAD_END_KEY": secrets.token_urlsafe(),
    }  # fmt: skip
    door = f"http://127.0.0.1:{web_port}/api/v1/head-end/messages"
    return {"head_end": _command(folder, "--port", str(port), "--speed", str(SPEED), "--push-to", door)}


def fleet(scale: Scale) -> Iterator[Stream]:
    """Yield the registers of the made-up supplier's homes and shops, as they went on after the last meter file."""
    for household in world.households(scale):
        if household.metering != WORKS and not household.skips_last_read:
            yield from _streams(household, scale)


def _streams(household: Household, scale: Scale) -> Iterator[Stream]:
    kind = "shop" if household.is_company else "home"
    profile = names_of(kind)[household.number % len(names_of(kind))]
    serial = household.meter_serials[-1]
    last = {one.register: one for one in readings.counter_values(household, scale=scale) if one.serial == serial}
    for register in readings.registers_of(household):
        is_interval = household.metering == INTERVAL
        read = last.get(register)
        if not is_interval and read is None:
            continue
        yield Stream(
            serial=serial, register=register, is_interval=is_interval, profile=profile,
            year_wh=_year_wh(household, register), multiplier=household.multiplier,
            reading_wh=read.reading_wh if read else 0, read_date=read.read_date if read else scale.end,
        )  # fmt: skip


def _year_wh(household: Household, register: str) -> int:
    """Return what a register counts in a year, as it did in the months of the meter files. [Wh]"""
    used = household.half_hours_wh
    if household.metering == SPLIT:
        peak = int(used[:, PEAK_SLOTS].sum())
        total = peak if register == "peak" else int(used.sum()) - peak
    else:
        total = int(used.sum())
    return total * 365 // len(used)


def _tell(streams: Sequence[Stream]) -> None:
    """Order some commands, and hand over all that wait for the head end."""
    counters = [one.serial for one in streams if not one.is_interval]
    wanted = [(Command.READ_NOW, serial) for serial in counters[-TOLD:]]
    wanted += [(Command.SYNC_TIME, serial) for serial in counters[-2 * TOLD : -TOLD]]
    for command, serial in wanted:
        device_commands.order(meter_id=meter_queries.id_of_serial(serial), command=command, actor=DESK)
    for card in command_queries.listed(state="queued", most=200):
        device_commands.send(outbox.Message(0, device_commands.SEND, str(card.id), {"command_id": card.id}, 1))


@contextmanager
def _simulated(folder: Path, until: datetime) -> Iterator[None]:
    """Let the simulator be the head end, with its clock at an instant."""
    token, before = secrets.token_urlsafe(), head_end.current() if head_end.is_bound() else None
    command = _command(folder, "--port", "0", "--speed", "1", "--until", until.isoformat())
    with (folder / LOG).open("ab") as log:
        process = subprocess.Popen(  # noqa: S603 (our own command)
            command, cwd=PROJECT, env={**os.environ, "HEAD_END_TOKEN": token}, stdout=subprocess.PIPE, stderr=log,
            preexec_fn=processes.tied_to_parent(signal.SIGTERM),  # noqa: PLW1509 (one thread)
        )  # fmt: skip
    try:
        said = process.stdout.readline().decode() if process.stdout else ""
        if ":" not in said:
            raise RuntimeError(f"The simulated head-end did not start: see {folder / LOG}.")
        head_end.use(HttpHeadEnd(f"http://127.0.0.1:{said.rpartition(':')[2].strip()}", token))
        yield
    finally:
        head_end.use(before)
        process.terminate()
        process.wait()
        if process.stdout:
            process.stdout.close()


def _command(folder: Path, *more: str) -> list[str]:
    own = [
        "--fleet", str(folder / FLEET), "--journal", str(folder / JOURNAL), "--report", str(REPORT_MINUTES),
        "--volts", "3",
    ]  # fmt: skip
    return [sys.executable, "-m", "cis.demo.head_end", *own, "--obeys-all", *more]


def _wind(folder: Path, *, first: datetime, start: datetime) -> None:
    """Begin a new journal: meters say things from ``first`` on, and their clock shows ``start``."""
    (folder / JOURNAL).unlink(missing_ok=True)
    with _journal(folder) as book:
        for at in (first, start):
            book.wind(start=at, began=timezone.now())


@contextmanager
def _journal(folder: Path) -> Iterator[Book]:
    book = Book(folder / JOURNAL)
    try:
        yield book
    finally:
        book.close()


def _midnight(day: date) -> datetime:
    return meters.start_of(meters.midnight((day - date(1970, 1, 1)).days))
