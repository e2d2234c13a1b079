"""The doors of the simulator, by HTTP: what Wattline asks of a head end (``metering.gateways.http_head_end``)."""

import hmac
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import RLock
from typing import Any, Final
from urllib.parse import parse_qs, urlsplit

from cis.demo.head_end.clock import Clock
from cis.demo.head_end.faults import Rates
from cis.demo.head_end.orders import Book, Told
from cis.demo.head_end.saying import Message, Speaker
from metering.domain.device_commands import Command

MOST: Final = 10_000
BODY_MOST: Final = 1024 * 1024
Answered = tuple[HTTPStatus, Mapping[str, Any]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """What a simulator is made of; ``lock`` keeps what is told and what is said in one order."""

    clock: Clock
    speaker: Speaker
    book: Book
    serials: frozenset[str]
    obeys_all: bool
    seed: int
    rates: Rates
    lock: RLock


class Simulator:
    """Does what it is asked, and answers with a status and an object."""

    def __init__(self, parts: Parts, *, is_pushing: bool = False) -> None:
        self._parts, self._is_pushing = parts, is_pushing

    def messages(self, wanted: Mapping[str, str]) -> Answered:
        """Return what meters said after a cursor; nothing, where it is pushed."""
        if self._is_pushing:
            return HTTPStatus.OK, {"messages": [], "cursor": wanted.get("cursor", "")}
        try:
            found, cursor = self.page(wanted.get("cursor", ""), _most(wanted))
        except ValueError as error:
            return HTTPStatus.BAD_REQUEST, {"error": str(error)}
        return HTTPStatus.OK, {"messages": found, "cursor": cursor}

    def page(self, cursor: str, most: int) -> tuple[list[Message], str]:
        """Return messages after a cursor; see ``Speaker.page``."""
        with self._parts.lock:
            return self._parts.speaker.page(cursor, most=most, until=self._parts.clock.slot())

    def answers(self, wanted: Mapping[str, str]) -> Answered:
        """Return what meters answered, until it is confirmed."""
        parts = self._parts
        with parts.lock:
            found = parts.book.answers(seed=parts.seed, rates=parts.rates, most=_most(wanted))
        return HTTPStatus.OK, {"answers": found}

    def clock(self, _wanted: Mapping[str, str]) -> Answered:
        """Return what the clock of the meters shows."""
        return HTTPStatus.OK, {"at": self._parts.clock.at().isoformat()}

    def confirm(self, given: Mapping[str, Any]) -> Answered:
        """Give answers no more."""
        with self._parts.lock:
            self._parts.book.note({"confirmed": [str(one) for one in given["ids"]]})
        return HTTPStatus.OK, {}

    def obey(self, given: Mapping[str, Any]) -> Answered:
        """Let a meter do what it is told, once; it is obeyed from the next slot on."""
        parts = self._parts
        with parts.lock:
            reference, serial = str(given["reference"]), str(given["meter"])
            if serial not in parts.serials and not parts.obeys_all:
                return HTTPStatus.NOT_FOUND, {"error": f"there is no meter {serial}"}
            if reference in parts.book.told:
                return HTTPStatus.OK, {}
            command, slot = Command(given["command"]), parts.clock.slot()
            shown = parts.speaker.counted(serial, slot=slot) if command is Command.READ_NOW else {}
            limit_until = given.get("value_until")
            parts.book.tell(Told(
                reference=reference, serial=serial, command=command, slot=slot, at=parts.clock.now(),
                limit_w=given.get("value_w"), shown=shown,
                limit_until=datetime.fromisoformat(limit_until) if limit_until else None,
            ))  # fmt: skip
            parts.speaker.forget()
        return HTTPStatus.CREATED, {}


def _most(wanted: Mapping[str, str]) -> int:
    given = wanted.get("most", "")
    return min(max(int(given), 1), MOST) if given.isascii() and given.isdigit() else MOST


def bound(simulator: Simulator, *, host: str, port: int, token: str) -> ThreadingHTTPServer:
    """
    Return a server of a simulator, which listens but does not serve yet.

    :param port: 0: any that is free.
    :param token: that whoever asks must bear.
    :raises OSError: the port is taken.
    """
    asked = {"/messages": simulator.messages, "/answers": simulator.answers, "/clock": simulator.clock}
    told = {"/commands": simulator.obey, "/answers/confirm": simulator.confirm}

    class Door(_Door):
        gets, posts, bearer = asked, told, token

    return ThreadingHTTPServer((host, port), Door)


class _Door(BaseHTTPRequestHandler):
    gets: Mapping[str, Callable[[Mapping[str, str]], Answered]]
    posts: Mapping[str, Callable[[Mapping[str, Any]], Answered]]
    bearer: str
    timeout = 30

    def do_GET(self) -> None:
        parts = urlsplit(self.path)
        door = self.gets.get(parts.path)
        wanted = {name: values[-1] for name, values in parse_qs(parts.query).items()}
        self._answer(None if door is None else partial(door, wanted))

    def do_POST(self) -> None:
        length = self.headers.get("Content-Length", "")
        body = self.rfile.read(int(length)) if length.isdigit() and int(length) <= BODY_MOST else b""
        door = self.posts.get(urlsplit(self.path).path)
        self._answer(None if door is None else lambda: door(json.loads(body)))

    def _answer(self, ask: Callable[[], Answered] | None) -> None:
        if not hmac.compare_digest(self.headers.get("Authorization", "").encode(), f"Bearer {self.bearer}".encode()):
            self._write(HTTPStatus.UNAUTHORIZED, {"error": "who is asking?"})
        elif ask is None:
            self._write(HTTPStatus.NOT_FOUND, {"error": "there is no such door"})
        else:
            try:
                status, told = ask()
            except (ValueError, KeyError, TypeError) as error:
                status, told = HTTPStatus.BAD_REQUEST, {"error": f"{type(error).__name__}: {error}"}
            self._write(status, told)

    def _write(self, status: HTTPStatus, told: Mapping[str, Any]) -> None:
        body = json.dumps(told).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name of the library
        """Say nothing of each request."""
