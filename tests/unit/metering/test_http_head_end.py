"""The head end over a real socket: a small HTTP service answers as real ones do, and as broken ones do."""

import json
import socket
import threading
from contextlib import contextmanager
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from django.core.exceptions import ImproperlyConfigured

from metering.domain.device_commands import AnswerKind, Command, Order
from metering.gateways import http_head_end, registry
from metering.gateways.head_end import BadAnswer, Declined, Unreachable
from metering.gateways.sandbox import Sandbox

AT = datetime(2026, 11, 28, 4, 0, tzinfo=UTC)
ORDER = Order(reference="wattline-17", serial="SN1", command=Command.DEMAND_LIMIT, until=AT, value_w=3_000)


@contextmanager
def service(status=200, answer=b"{}", headers=(), *, closes=False):
    """A head end that answers all alike; yields itself as it is spoken to, and what it was told."""
    seen = []

    class Handler(BaseHTTPRequestHandler):
        def answer(self):
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            seen.append((self.command, self.path, dict(self.headers), json.loads(body) if body else None))
            if closes:
                self.connection.shutdown(socket.SHUT_RDWR)
                return
            self.send_response(status)
            for name, value in headers:
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(answer)

        do_GET = do_POST = answer  # noqa: N815

        def log_message(self, *_):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    try:
        yield http_head_end.HttpHeadEnd(f"http://127.0.0.1:{server.server_port}/base", "t0ken"), seen
    finally:
        server.shutdown()
        server.server_close()


def test_a_command_goes_out_with_its_name_value_and_deadline():
    with service(202) as (head_end, seen):
        head_end.send(ORDER)
    ((method, path, headers, body),) = seen
    assert (method, path) == ("POST", "/base/commands")
    assert (headers["Authorization"], headers["Idempotency-Key"]) == ("Bearer t0ken", "wattline-17")
    assert body == {
        "reference": "wattline-17", "meter": "SN1", "command": "demand_limit", "until": "2026-11-28T04:00:00+00:00",
        "value_w": 3_000, "value_until": None,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("status", "answer", "error", "says"),
    [
        (404, b'{"error": "no such meter"}', Declined, "no such meter"),
        (422, b"not json", Declined, "422"),
        (429, b"", Unreachable, "429"),
        (503, b"", Unreachable, "503"),
        (500, b"", BadAnswer, "500"),
        (401, b"", BadAnswer, "401"),
    ],
)
def test_what_the_service_says_decides_whether_it_is_sent_again(status, answer, error, says):
    with service(status, answer) as (head_end, _seen), pytest.raises(error, match=says):
        head_end.send(ORDER)


def test_an_answer_that_points_elsewhere_is_none():
    with service() as (_other, elsewhere):
        place = f"http://127.0.0.1:{_other.url.rpartition(':')[2]}"
        with service(307, headers=[("Location", f"{place}/commands")]) as (head_end, _seen):
            with pytest.raises(BadAnswer, match="307"):
                head_end.send(ORDER)
            with pytest.raises(BadAnswer):
                head_end.pull(cursor="", most=5)
        assert elsewhere == []


def test_nobody_there_is_for_sure_and_a_line_that_breaks_leaves_it_open(monkeypatch):
    with socket.create_server(("127.0.0.1", 0)) as free:
        gone = http_head_end.HttpHeadEnd(f"http://127.0.0.1:{free.getsockname()[1]}", "t")
    with pytest.raises(Unreachable):
        gone.send(ORDER)
    with service(closes=True) as (head_end, _seen), pytest.raises(BadAnswer, match="broke"):
        head_end.send(ORDER)
    monkeypatch.setattr(http_head_end, "TIMEOUT_SECONDS", 0.2)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        slow = http_head_end.HttpHeadEnd(f"http://127.0.0.1:{silent.getsockname()[1]}", "t")
        with pytest.raises(BadAnswer, match="broke"):
            slow.send(ORDER)


def test_answers_are_read_and_confirmed():
    row = {
        "id": 7, "reference": "wattline-17", "kind": "succeeded", "at": "2026-11-28T12:00:00+08:00",
        "readings": [{"register": "total", "reading_wh": 1500}],
    }  # fmt: skip
    with service(200, json.dumps({"answers": [row, row]}).encode()) as (head_end, seen):
        (found,) = head_end.answers(most=1)
        head_end.confirm(["7"])
    assert (found.answer_id, found.kind, found.at) == ("7", AnswerKind.SUCCEEDED, AT)
    assert found.readings[0].reading_wh == 1_500
    assert seen[0][1] == "/base/answers?most=1"
    assert (seen[1][1], seen[1][3]) == ("/base/answers/confirm", {"ids": ["7"]})


@pytest.mark.parametrize(
    "change",
    [{"kind": "done"}, {"at": "2026-11-28T12:00:00"}, {"at": 5}, {"readings": [{"register": "t", "reading_wh": "1e5"}]},
     {"readings": [{"reading_wh": -1}]}, {"readings": 7}, {"reference": None, "kind": None}],
    ids=str,
)  # fmt: skip
def test_an_answer_that_cannot_be_read_is_put_away_and_the_others_are_taken(change):
    row = {"id": "7", "reference": "wattline-17", "kind": "succeeded", "at": "2026-11-28T12:00:00+08:00"}
    with service(200, json.dumps({"answers": [{**row, **change}, {**row, "id": "8"}]}).encode()) as (head_end, seen):
        assert [one.answer_id for one in head_end.answers(most=5)] == ["8"]
    assert [(path, body) for _method, path, _headers, body in seen[1:]] == [("/base/answers/confirm", {"ids": ["7"]})]


@pytest.mark.parametrize("bad", [5, None, {}, {"id": None}, {"id": {}, "kind": "succeeded"}, {"id": True}], ids=str)
def test_an_answer_without_a_name_is_gone_past(bad):
    row = {"id": "8", "reference": "wattline-17", "kind": "succeeded", "at": "2026-11-28T12:00:00+08:00"}
    with service(200, json.dumps({"answers": [bad, row]}).encode()) as (head_end, seen):
        assert [one.answer_id for one in head_end.answers(most=5)] == ["8"]
    assert len(seen) == 1


def test_messages_are_pulled_with_their_numbers_as_they_are_written():
    with service(200, b'{"messages": [{"values": [0.1250]}], "cursor": "17/a"}') as (head_end, seen):
        found = head_end.pull(cursor="16/b", most=5)
    assert (found.messages, found.cursor) == (({"values": ["0.1250"]},), "17/a")
    assert seen[0][1] == "/base/messages?cursor=16%2Fb&most=5"


@pytest.mark.parametrize(
    "answer",
    [b"", b"[]", b"{", b'{"messages": []}', b'{"messages": 5, "cursor": ""}', b'{"messages": [], "cursor": null}'],
)
def test_messages_that_cannot_be_read_are_told(answer):
    with service(200, answer) as (head_end, _seen), pytest.raises(BadAnswer):
        head_end.pull(cursor="", most=5)


def test_an_answer_without_end_is_not_read_to_its_end(monkeypatch):
    monkeypatch.setattr(http_head_end, "BYTES_MOST", 100)
    with service(200, b"x" * 500) as (head_end, _seen), pytest.raises(BadAnswer, match="too large"):
        head_end.pull(cursor="", most=5)


def test_the_settings_name_the_head_end(settings):
    settings.HEAD_END_URL, settings.HEAD_END_TOKEN = "https://mdm.example/v1/", "t"
    for name, kind in (("", type(None)), ("sandbox", Sandbox), ("http", http_head_end.HttpHeadEnd)):
        settings.HEAD_END_GATEWAY = name
        assert isinstance(registry.named(), kind)
    assert registry.named().url == "https://mdm.example/v1"
    for url, token in (("http://mdm.example", "t"), ("", "t"), ("file:///etc", "t"), ("https://mdm.example", "")):
        settings.HEAD_END_URL, settings.HEAD_END_TOKEN = url, token
        with pytest.raises(ImproperlyConfigured, match="HEAD_END"):
            registry.named()
