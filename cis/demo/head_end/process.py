"""
The simulator as a process: what it may be told when it is started, and its life until it is asked to end.

    python -m cis.demo.head_end --token t      needs no settings; `manage.py simulate_head_end` is the same
"""

import os
import signal
from argparse import ArgumentParser, Namespace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Event, RLock, Thread
from typing import Final

from cis.demo.head_end import faults, meters
from cis.demo.head_end.clock import Clock
from cis.demo.head_end.meters import MINUTES, ZONE_MINUTES, Stream, day_of, midnight, slot_of, start_of
from cis.demo.head_end.orders import Book
from cis.demo.head_end.pushing import push_all
from cis.demo.head_end.saying import Speaker
from cis.demo.head_end.server import Parts, Simulator, bound
from cis.embedded import var_folder

SPEED_MOST: Final = 100_000
REPORTS: Final = (15, 30, 60, 120, 180, 240, 360, 480, 720, 1440)
JOURNAL: Final = "head-end.journal"


class WrongArgument(Exception):
    """The simulator was told something that makes no sense."""


def add_arguments(parser: ArgumentParser) -> None:
    """Let a parser know what the simulator may be told."""
    add = parser.add_argument
    add("--host", default="127.0.0.1")
    add("--port", type=int, default=8100, help="0: any that is free")
    add("--token", default=os.environ.get("HEAD_END_TOKEN", ""), help="HEAD_END_TOKEN of Wattline")
    add("--fleet", type=Path, help="CSV of registers; without it so many meters are made up")
    add("--meters", type=int, default=2_000)
    add("--seed", type=int, default=1)
    add("--speed", type=int, default=60, help="seconds of theirs in one of ours, until they show what ours do")
    add("--start", default="", help="when their clock begins, with its offset from UTC; else at midnight")
    add("--until", default="", help="when their clock stops; else it does not")
    add("--report", type=int, default=MINUTES, choices=REPORTS, help="minutes from report to report")
    add("--faults", default="usual", help="usual, none, or rates in a thousand as gap=10,late=5")
    add("--obeys-all", action="store_true", help="meters that are not in the fleet obey as well, and count nothing")
    add("--volts", type=int, default=0, help="each so many meters with a load profile say voltages too; 0: none")
    add("--push-to", default="", help="address of Wattline's door for messages; without it they are pulled")
    add("--journal", type=Path, help="what it was told; a journal that is there is gone on with")


def run(given: Namespace) -> None:
    """
    Serve, and push where that is asked for, until SIGTERM or SIGINT.

    :raises WrongArgument: it cannot be started like this.
    """
    key = os.environ.get("HEAD_END_KEY", "")
    if not given.token:
        raise WrongArgument("--token or HEAD_END_TOKEN is missing: it must know who speaks to it.")
    if given.push_to and not key:
        raise WrongArgument("HEAD_END_KEY is missing: what is pushed is signed with it.")
    ended = Event()
    for asked in (signal.SIGTERM, signal.SIGINT):
        signal.signal(asked, lambda *_: ended.set())
    try:
        parts = parts_of(given)
        simulator = Simulator(parts, is_pushing=bool(given.push_to))
        server = bound(simulator, host=given.host, port=given.port, token=given.token)
    except (ValueError, KeyError, OSError) as error:
        raise WrongArgument(f"{type(error).__name__}: {error}") from error
    Thread(target=server.serve_forever, daemon=True).start()
    if given.push_to:
        pushed = {"url": given.push_to, "key": key.encode(), "page": simulator.page, "book": parts.book}
        Thread(target=push_all, kwargs={**pushed, "ended": ended}, daemon=True).start()
    print(f"{len(parts.serials):,} made-up meters on http://{given.host}:{server.server_address[1]}", flush=True)  # noqa: T201
    ended.wait()
    server.shutdown()


def parts_of(given: Namespace) -> Parts:
    """
    Return the parts of a simulator; one that has a journal goes on with it.

    :raises ValueError, KeyError, OSError: something that was given makes no sense, or a file is not there.
    """
    if not 1 <= given.speed <= SPEED_MOST:
        raise ValueError(f"the speed is from 1 to {SPEED_MOST}")
    rates = faults.parsed(given.faults)
    book = Book(given.journal or var_folder() / JOURNAL)
    began = book.began or _now()
    start = book.start or (_instant(given.start) if given.start else start_of(midnight(day_of(slot_of(began)))))
    until = _instant(given.until) if given.until else None
    streams = _streams(given, start)
    if book.began is None:
        book.wind(start=start, began=began)
    speaker = Speaker(
        streams, seed=given.seed, rates=rates, report_slots=given.report // MINUTES, first=slot_of(book.first or start),
        bounds_of=book.bounds, volts_every=max(given.volts, 0),
    )  # fmt: skip
    return Parts(
        clock=Clock(start=start, began=began, speed=given.speed, now=_now, until=until),
        speaker=speaker,
        book=book,
        serials=frozenset(one.serial for one in streams),
        obeys_all=given.obeys_all,
        seed=given.seed,
        rates=rates,
        lock=RLock(),
    )


def _streams(given: Namespace, start: datetime) -> list[Stream]:
    if given.fleet:
        return meters.read(given.fleet)
    day = (start.astimezone(UTC) + timedelta(minutes=ZONE_MINUTES)).date()
    return meters.made_up(given.meters, seed=given.seed, read_date=day)


def _instant(text: str) -> datetime:
    at = datetime.fromisoformat(text)
    if at.tzinfo is None:
        raise ValueError(f"{text}: write it with its offset from UTC")
    return at


def _now() -> datetime:
    return datetime.now(UTC)
