"""
What made-up meters were told to do, and what they answer: kept in a journal, so who is killed knows it again.

Each line of the journal is one JSON object, written and flushed to the disk before anybody is told that it is known; a
line that was cut off was told to nobody.
"""

import json
import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from cis.demo.head_end.faults import FaultKind, Rates, of_reply
from cis.demo.head_end.meters import Bound, slot_of
from metering.domain.device_commands import AnswerKind, Command

FOREVER = 2**40
"""A slot that never comes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """
    A command that a meter has.

    slot    that was under way on the meters' clock; it is obeyed from the next one on
    at      when it came, by our clock
    shown   counter values by register, of ``Command.READ_NOW``. [Wh, before the multiplier]
    """

    reference: str
    serial: str
    command: Command
    slot: int
    at: datetime
    limit_w: int | None = None
    limit_until: datetime | None = None
    shown: dict[str, int] = field(default_factory=dict)


class Book:
    """
    The journal of a simulator: its commands, what was confirmed, when its clock began, how far it pushed.

    first   from when on meters say anything
    start   what their clock showed at ``began``; it may be set again, as when it is to show a day once more
    is_served  the demo was served with it before
    pushed  cursor after what was pushed and taken
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self.told: dict[str, Told] = {}
        self.confirmed: set[str] = set()
        self.began: datetime | None = None
        self.start: datetime | None = None
        self.first: datetime | None = None
        self.pushed = ""
        self.is_served = False
        self._bounds: dict[str, tuple[Bound, ...]] = {}
        whole = _whole_lines(path)
        for line in whole.splitlines():
            self._learn(json.loads(line))
        self._file = path.open("r+b" if path.exists() else "w+b")
        self._file.truncate(len(whole))
        self._file.seek(len(whole))

    def note(self, line: dict[str, Any]) -> None:
        """Write a line to the journal, and know it."""
        self._file.write(json.dumps(line).encode() + b"\n")
        self._file.flush()
        os.fsync(self._file.fileno())
        self._learn(line)

    def wind(self, *, start: datetime, began: datetime) -> None:
        """Set the clock of the meters: it shows ``start`` at an instant of ours."""
        self.note({"began": began.isoformat(), "start": start.isoformat()})

    def close(self) -> None:
        """Let go of the file."""
        self._file.close()

    def tell(self, told: Told) -> None:
        """Note a command."""
        self.note({
            "reference": told.reference, "meter": told.serial, "command": told.command.value, "slot": told.slot,
            "at": told.at.isoformat(), "limit_w": told.limit_w, "shown": told.shown,
            "limit_until": told.limit_until.isoformat() if told.limit_until else None,
        })  # fmt: skip

    def bounds(self, serial: str) -> tuple[Bound, ...]:
        """Return what a meter is told to let through."""
        return self._bounds.get(serial, ())

    def answers(self, *, seed: int, rates: Rates, most: int) -> list[dict[str, object]]:
        """Return what was not confirmed yet, oldest first, as the head end says it."""
        found: list[dict[str, object]] = []
        for one in self.told.values():
            found += [row for row in _answers(one, of_reply(one.reference, seed=seed, rates=rates))
                      if row["id"] not in self.confirmed]  # fmt: skip
            if len(found) >= most:
                break
        return found[:most]

    def _learn(self, line: dict[str, Any]) -> None:
        self.confirmed.update(line.get("confirmed", ()))
        self.pushed = line.get("pushed", self.pushed)
        self.is_served |= bool(line.get("served"))
        if "began" in line:
            self.began = datetime.fromisoformat(line["began"])
            self.start = datetime.fromisoformat(line["start"])
            self.first = self.first or self.start
        if "reference" in line:
            told = Told(
                reference=line["reference"], serial=line["meter"], command=Command(line["command"]), slot=line["slot"],
                at=datetime.fromisoformat(line["at"]), limit_w=line["limit_w"], shown=line["shown"],
                limit_until=datetime.fromisoformat(line["limit_until"]) if line["limit_until"] else None,
            )  # fmt: skip
            self.told[told.reference] = told
            same = [one for one in self.told.values() if one.serial == told.serial]
            self._bounds[told.serial] = tuple(bounds_of(same))


def _whole_lines(path: Path) -> bytes:
    held = path.read_bytes() if path.exists() else b""
    return held[: held.rfind(b"\n") + 1]


def bounds_of(told: Sequence[Told]) -> Iterable[Bound]:
    """Yield what a meter lets through by its commands, in the order in which they came."""
    switches = [one for one in told if one.command in {Command.SWITCH_OFF, Command.SWITCH_ON}]
    limits = [one for one in told if one.command is Command.DEMAND_LIMIT]
    for place, one in enumerate(switches):
        if one.command is Command.SWITCH_OFF:
            yield Bound(one.slot + 1, _next(switches, place), 0)
    for place, one in enumerate(limits):
        if one.limit_w is not None:
            end = slot_of(one.limit_until) if one.limit_until else FOREVER
            yield Bound(one.slot + 1, min(_next(limits, place), end), one.limit_w)


def _next(told: Sequence[Told], place: int) -> int:
    return told[place + 1].slot + 1 if place + 1 < len(told) else FOREVER


def _answers(told: Told, fault: FaultKind | None) -> list[dict[str, object]]:
    same = {"reference": told.reference, "at": told.at.isoformat(), "reason": ""}
    readings = [{"register": code, "reading_wh": value} for code, value in told.shown.items()]
    found: list[dict[str, object]] = [
        {**same, "id": f"{told.reference}.has", "kind": AnswerKind.ACKNOWLEDGED.value, "readings": []}
    ]
    for _ in range({FaultKind.REPLY_LOST: 0, FaultKind.REPLY_DOUBLED: 2}.get(fault, 1) if fault else 1):
        name = f"{told.reference}.did{len(found)}"
        found.append({**same, "id": name, "kind": AnswerKind.SUCCEEDED.value, "readings": readings})
    return found
