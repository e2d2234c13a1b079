"""Mail and SMS over real sockets: a small SMTP server and a small HTTP service answer as real ones do."""

import json
import socket
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest
from django.core.exceptions import ImproperlyConfigured

from accounts.domain import mail_tokens
from accounts.domain.mail_tokens import Sending
from accounts.gateways import mail, sms
from accounts.gateways.mail import Mail
from accounts.gateways.undeliverable import GatewayDown, Undeliverable


@contextmanager
def smtp(*, answer_to_recipient="250 ok", answer_to_data="250 taken"):
    """A server that takes one mail, or says no; yields its port and what it heard."""
    heard = []
    server = socket.create_server(("127.0.0.1", 0))

    def serve():
        connection, _ = server.accept()
        with connection, connection.makefile("rwb") as line:

            def say(text):
                line.write(f"{text}\r\n".encode())
                line.flush()

            say("220 here")
            while command := line.readline().decode().strip():
                verb = command.split()[0].upper()
                heard.append(command)
                if verb == "DATA":
                    say("354 go on")
                    while (row := line.readline().decode().rstrip("\r\n")) != ".":
                        heard.append(row)
                    say(answer_to_data)
                elif verb == "QUIT":
                    say("221 bye")
                    return
                else:
                    say(answer_to_recipient if verb == "RCPT" else "250 ok")

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    try:
        yield server.getsockname()[1], heard
    finally:
        thread.join(5)
        server.close()


@pytest.fixture
def letter(settings):
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST = "127.0.0.1"
    settings.EMAIL_USE_TLS = False
    settings.EMAIL_TIMEOUT = 5
    settings.DEFAULT_FROM_EMAIL = "noreply@power.example"
    settings.SITE_URL = "https://power.example"
    return Mail(
        to="fang@example.com", subject="账单 1\r\nBcc: everybody@example.com", body="Dear <b>Fang</b>\n\nhttps://power.example/portal/x",
        language="en", sender="示范\r\nX-Evil: 1", sending=Sending(7, 0), refuse_url="https://power.example/off",
    )  # fmt: skip


def test_a_mail_arrives_with_its_message_id_and_no_header_that_a_text_smuggled_in(letter, settings):
    with smtp() as (port, heard):
        settings.EMAIL_PORT = port
        named = f"<{mail_tokens.token(Sending(7, 0), key=mail.token_key())}@power.example>"
        assert mail.send(letter) == named
    headers = heard[: heard.index("")]
    assert f"Message-ID: {named}" in headers
    assert "List-Unsubscribe: <https://power.example/off>" in headers
    assert "Auto-Submitted: auto-generated" in headers
    assert [one.lower() for one in heard if one.lower().startswith("rcpt")] == ["rcpt to:<fang@example.com>"]
    assert not [one for one in headers if one.lower().startswith(("bcc", "x-evil"))]


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        ("550 no such user", Undeliverable), ("553 not allowed", Undeliverable),
        ("550 5.7.1 looks like spam", GatewayDown),
        ("450 try later", GatewayDown), ("552 mailbox is full", GatewayDown),
    ],
)  # fmt: skip
def test_a_mailbox_that_the_server_does_not_know_bounces_and_a_busy_one_is_tried_again(letter, settings, answer, error):
    with smtp(answer_to_recipient=answer) as (port, _heard):
        settings.EMAIL_PORT = port
        with pytest.raises(error) as refused:
            mail.send(letter)
    assert answer.split()[0] in str(refused.value)


def test_a_mail_that_is_refused_after_its_text_is_judged_by_the_code(letter, settings):
    with smtp(answer_to_data="554 looks like spam") as (port, _heard):
        settings.EMAIL_PORT = port
        with pytest.raises(GatewayDown):
            mail.send(letter)


def test_a_server_that_is_not_there_is_tried_again(letter, settings):
    with socket.create_server(("127.0.0.1", 0)) as free:
        settings.EMAIL_PORT = free.getsockname()[1]
    with pytest.raises(OSError, match="refused"):
        mail.send(letter)


@contextmanager
def service(status, answer=b"{}", headers=()):
    """A service that answers every message alike; yields its address and what it was sent."""
    seen = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self):
            body = self.rfile.read(int(self.headers["Content-Length"]))
            seen.append((dict(self.headers), json.loads(body)))
            self.send_response(status)
            for name, value in headers:
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(answer)

        def log_message(self, *_):
            pass

    server = HTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/messages", seen
    finally:
        server.shutdown()
        server.server_close()


def send(settings, url):
    settings.SMS_GATEWAY, settings.SMS_GATEWAY_URL, settings.SMS_GATEWAY_TOKEN = "http", url, "t0ken"
    settings.SITE_URL = "https://power.example"
    return sms.gateway().send(to="+8613800138002", text='您好 {}"', reference="notice:17")


def test_a_service_gets_the_message_with_its_reference_and_where_receipts_go(settings):
    with service(202, b'{"id": "m-9"}') as (url, seen):
        assert send(settings, url).proof == "m-9"
    headers, body = seen[0]
    assert headers["Authorization"] == "Bearer t0ken"
    assert headers["Idempotency-Key"] == "notice:17"
    assert body == {
        "to": "+8613800138002", "text": '您好 {}"', "reference": "notice:17",
        "receipt_url": "https://power.example/api/v1/receipts",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("status", "answer", "reason"),
    [
        (404, b'{"error": "unknown_number"}', "unknown_number"),
        (422, b'{"error": "<script>"}', "refused"),
        (400, b"not json", "refused"),
        (410, b"[1]", "refused"),
    ],
)
def test_a_number_that_the_service_refuses_bounces(settings, status, answer, reason):
    with service(status, answer) as (url, _seen), pytest.raises(Undeliverable) as refused:
        send(settings, url)
    assert refused.value.reason == reason


@pytest.mark.parametrize("status", [401, 403, 429, 500, 503])
def test_other_answers_are_tried_again(settings, status):
    with service(status) as (url, _seen), pytest.raises(GatewayDown):
        send(settings, url)


def test_the_service_cannot_send_us_elsewhere(settings):
    with (
        service(200, b'{"id": "x"}') as (other, seen),
        service(302, headers=[("Location", other)]) as (url, _),
        pytest.raises(GatewayDown),
    ):
        send(settings, url)
    assert seen == []


def test_a_service_that_is_not_there_is_tried_again(settings):
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    with pytest.raises(GatewayDown):
        send(settings, f"http://127.0.0.1:{port}/")


@pytest.mark.parametrize("url", ["", "http://gateway.example/", "ftp://gateway.example/", "file:///etc/passwd"])
def test_an_address_that_is_not_safe_is_refused(settings, url):
    with pytest.raises(ImproperlyConfigured):
        send(settings, url)


def test_an_unknown_gateway_is_refused(settings):
    settings.SMS_GATEWAY = "pigeon"
    with pytest.raises(ImproperlyConfigured):
        sms.gateway()
