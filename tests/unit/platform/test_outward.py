"""Calls to addresses of others: never to what only this machine reaches."""

import socket
import threading
import time
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from cis.platform import outward
from cis.platform.outward import BadAddress, NotTaken


@pytest.fixture
def receiver(settings):
    heard = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self):
            heard.append(
                (self.path, self.headers["Authorization"], self.rfile.read(int(self.headers["Content-Length"])))
            )
            self.send_response(302 if self.path == "/elsewhere" else 200)
            self.send_header("Location", "http://127.0.0.1/")
            self.end_headers()

        def log_message(self, *_):
            pass

    server = HTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
    server.heard = heard
    yield server
    server.shutdown()
    server.server_close()


@pytest.mark.parametrize(
    "url",
    [
        "http://example.com/", "https://127.0.0.1/", "https://10.0.0.1/x", "https://[::1]/", "https://169.254.169.254/",
        "https://[::ffff:127.0.0.1]/", "https://user@example.com/", "ftp://example.com/", "https:///x", "https://",
        "https://exa mple.com/", "https://example.com/\r\nX: y", "https://example.com:0/", "https://example.com:99999/",
        "nonsense", "", "https://[", "https://0.0.0.0/", "https://224.0.0.1/",
        "https://[64:ff9b::7f00:1]/", "https://[64:ff9b::a9fe:a9fe]/", "https://[64:ff9b:1::a00:1]/",
        "https://[::127.0.0.1]/", "https://[fec0::1]/", "https://[2002:a00:1::]/",
    ],
)  # fmt: skip
def test_what_is_never_called(url, settings):
    settings.CALLBACK_HOSTS = []
    with pytest.raises(BadAddress):
        outward.checked(url)


def test_a_public_name_may_be_called(settings):
    settings.CALLBACK_HOSTS = []
    assert outward.checked("https://example.com/callbacks?x=1").hostname == "example.com"
    for literal in ("93.184.215.14", "[2606:4700::1111]", "[64:ff9b::5db8:d70e]"):
        assert outward.checked(f"https://{literal}/")


@pytest.mark.parametrize("place", ["127.0.0.1", "10.1.2.3", "::1", "fe80::1%eth0", "::ffff:192.168.0.1"])
def test_a_name_that_leads_home_is_not_followed(monkeypatch, settings, place):
    settings.CALLBACK_HOSTS = []
    found = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (place, 443))]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: found)
    monkeypatch.setattr(socket, "create_connection", lambda *_, **__: pytest.fail("it was called"))
    with pytest.raises(NotTaken, match="no public address"):
        outward.post("https://example.com/", body=b"{}", headers={})


def test_a_host_of_the_setting_is_called_and_no_redirect_followed(settings, receiver):
    host = f"127.0.0.1:{receiver.server_port}"
    settings.CALLBACK_HOSTS = [host]
    outward.post(f"http://{host}/a?b=1", body=b"hello", headers={"Authorization": "Bearer x"})
    assert receiver.heard == [("/a?b=1", "Bearer x", b"hello")]
    with pytest.raises(NotTaken, match="302"):
        outward.post(f"http://{host}/elsewhere", body=b"", headers={})
    settings.CALLBACK_HOSTS = ["127.0.0.1:1"]
    with pytest.raises(NotTaken, match="not reached"):
        outward.post("http://127.0.0.1:1/", body=b"", headers={})


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_who_answers_for_ever_is_not_listened_to(monkeypatch, settings, scheme):
    """Each byte comes in time, but never the last; so does the handshake of TLS."""
    monkeypatch.setattr(outward, "TIMEOUT_SECONDS", 0.2)
    over = threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as server:

        def drip():
            caller, _place = server.accept()
            with caller, suppress(OSError):
                while not over.wait(0.05):
                    caller.sendall(b"HTTP/1.1 100 Continue\r\n\r\n" if scheme == "http" else b"\x16")

        thread = threading.Thread(target=drip, daemon=True)
        thread.start()
        host = f"127.0.0.1:{server.getsockname()[1]}"
        settings.CALLBACK_HOSTS = [host]
        began = time.monotonic()
        with pytest.raises(NotTaken, match="not reached"):
            outward.post(f"{scheme}://{host}/", body=b"", headers={})
        over.set()
        thread.join(2)
    assert time.monotonic() - began < 2
