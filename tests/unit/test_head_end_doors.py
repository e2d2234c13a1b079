"""The doors of the simulator as our adapter finds them, and what it pushes."""

import json
import time
from argparse import ArgumentParser
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Event, Thread

import pytest

from accounts.domain.receipts import Signed, verify
from cis.demo.head_end import process, pushing
from cis.demo.head_end.server import Simulator, bound
from metering.domain.device_commands import AnswerKind, Command, Order
from metering.gateways.head_end import BadAnswer, Declined
from metering.gateways.http_head_end import HttpHeadEnd

NOW = datetime.now(UTC)
START = "2026-11-20T00:00:00+08:00"
KEY = b"secret"


def given(tmp_path, *more):
    parser = ArgumentParser()
    process.add_arguments(parser)
    default = ["--token", "t", "--meters", "10", "--journal", str(tmp_path / "journal"), "--faults", "none"]
    return parser.parse_args([*default, "--start", START, "--until", "2026-11-20T06:00:00+08:00", *more])


@contextmanager
def serving(server):
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield server.server_address[1]
    server.shutdown()
    thread.join()
    server.server_close()


@contextmanager
def simulator(tmp_path, *more, is_pushing=False):
    parts = process.parts_of(given(tmp_path, "--speed", "100000", *more))
    with serving(bound(Simulator(parts, is_pushing=is_pushing), host="127.0.0.1", port=0, token="t")) as port:
        while parts.clock.at() < datetime.fromisoformat("2026-11-20T06:00:00+08:00"):
            time.sleep(0.01)
        yield HttpHeadEnd(f"http://127.0.0.1:{port}", "t")


def order(command, reference="w-1", serial="SIM000004", **more):
    return Order(reference=reference, serial=serial, command=command, until=NOW + timedelta(hours=1), **more)


def test_our_adapter_gets_along_with_it_also_after_it_began_anew(tmp_path):
    with simulator(tmp_path) as head_end:
        head_end.send(order(Command.READ_NOW))
        head_end.send(order(Command.READ_NOW))
        with pytest.raises(Declined, match="no meter M"):
            head_end.send(order(Command.SWITCH_OFF, serial="M"))
        has, did = head_end.answers(most=9)
        assert (has.kind, did.kind) == (AnswerKind.ACKNOWLEDGED, AnswerKind.SUCCEEDED)
        assert [one.register for one in did.readings] == ["total"]
        head_end.confirm([has.answer_id])
        page = head_end.pull(cursor="", most=30)
        assert len(page.messages) == 30
    with simulator(tmp_path) as head_end:
        assert [one.answer_id for one in head_end.answers(most=9)] == [did.answer_id]
        assert head_end.pull(cursor="", most=30) == page
        rest = head_end.pull(cursor=page.cursor, most=1_000)
        assert len(rest.messages) == 6 * 24 + 4 - 30
        assert head_end.pull(cursor=rest.cursor, most=1_000) == type(rest)(messages=(), cursor=rest.cursor)


def test_who_does_not_know_the_token_or_asks_nonsense_is_told_nothing(tmp_path):
    with simulator(tmp_path) as head_end:
        with pytest.raises(BadAnswer, match="401"):
            HttpHeadEnd(head_end.url, "x").pull(cursor="", most=9)
        with pytest.raises(BadAnswer, match="400"):
            head_end.pull(cursor="x", most=9)
        connection = HTTPConnection(head_end.url.removeprefix("http://"))
        bearer = {"Authorization": "Bearer t"}
        for body in ("", "[]", "{", '{"reference": "r", "meter": "SIM000001", "command": "explode"}'):
            connection.request("POST", "/commands", body, bearer)
            response = connection.getresponse()
            assert (response.status, "error" in json.loads(response.read())) == (400, True)
        connection.request("GET", "/clock", headers=bearer)
        assert json.loads(connection.getresponse().read()) == {"at": "2026-11-20T06:00:00+08:00"}
        connection.close()


def test_what_cannot_be_is_refused_at_the_start(tmp_path):
    for wrong in (("--speed", "0"), ("--start", "2026-11-20"), ("--faults", "flood=1")):
        with pytest.raises(ValueError, match=r"speed|offset|flood"):
            process.parts_of(given(tmp_path, *wrong))
    with pytest.raises(process.WrongArgument, match="token"):
        process.run(given(tmp_path, "--token", ""))
    with pytest.raises(process.WrongArgument, match="KEY"):
        process.run(given(tmp_path, "--push-to", "http://127.0.0.1:1/"))


def test_messages_are_pushed_in_order_until_each_is_taken(tmp_path, monkeypatch):
    monkeypatch.setattr(pushing, "PAGE", 30)
    monkeypatch.setattr(pushing, "AGAIN_SECONDS", 0.01)
    taken, tries = [], []

    class Door(BaseHTTPRequestHandler):
        def do_POST(self):
            body = self.rfile.read(int(self.headers["Content-Length"]))
            verify(
                Signed({name.lower(): value for name, value in self.headers.items()}, body),
                key=KEY,
                now_seconds=int(time.time()),
            )
            tries.append(1)
            is_taken = len(tries) % 3 != 1
            taken.extend(json.loads(body)["messages"] if is_taken else [])
            self.send_response(202 if is_taken else 503)
            self.end_headers()

        def log_message(self, *_args):
            pass

    parts = process.parts_of(given(tmp_path, "--speed", "100000"))
    simulated, ended = Simulator(parts, is_pushing=True), Event()
    with serving(ThreadingHTTPServer(("127.0.0.1", 0), Door)) as port:
        how = {"url": f"http://127.0.0.1:{port}/", "key": KEY, "page": simulated.page, "book": parts.book}
        pusher = Thread(target=pushing.push_all, kwargs={**how, "ended": ended})
        pusher.start()
        until = time.monotonic() + 20
        while len(taken) < 6 * 24 + 4 and time.monotonic() < until:
            time.sleep(0.02)
        ended.set()
        pusher.join()
    assert len(taken) == len({one["id"] for one in taken}) == 6 * 24 + 4
    assert len(tries) > 5
    assert simulated.page(parts.book.pushed, 9)[0] == []
    assert simulated.messages({"cursor": "7"})[1] == {"messages": [], "cursor": "7"}
