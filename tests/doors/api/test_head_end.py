"""Where head ends push: signed, each message answered by itself, safe to repeat."""

import json
import time
from datetime import date, timedelta

import pytest
from django.utils import timezone

from accounts.domain.receipts import sign
from metering.models.live import LiveDay
from tests.factories import accounts, metering

pytestmark = pytest.mark.django_db
PATH = "/api/v1/head-end/messages"
KEY = b"head-end key"


@pytest.fixture(autouse=True)
def register(settings):
    settings.HEAD_END_KEY = KEY.decode()
    accounts.supplier()
    meter = metering.meter(registers=("E1",), is_interval=True, serial="M1")
    metering.installation(of=meter, at=metering.service_point(), start_date=date(2020, 1, 1))
    return meter.registers.get()


def push(client, body, *, key=KEY, at=None, name="batch-1"):
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    signed = sign(body=raw, message_id=name, at_seconds=int(time.time()) if at is None else at, key=key)
    headers = {f"HTTP_{name.upper().replace('-', '_')}": value for name, value in signed.headers.items()}
    return client.post(PATH, raw, content_type="application/json", **headers)


def value(**more):
    start = (timezone.now() - timedelta(hours=3)).replace(minute=0, second=0, microsecond=0)
    return {"id": "a", "meter": "M1", "start_at": start.isoformat(), "minutes": 60, "values": ["0.5"], **more}


def test_what_is_pushed_is_kept_and_each_message_is_answered(client):
    body = {"messages": [value(), value(id="b", meter="NONE"), 7]}
    told = push(client, body)
    assert told.status_code == 202
    assert [(one["id"], one["outcome"], one.get("code")) for one in told.json()["results"]] == [
        ("a", "taken", None), ("b", "refused", "unknown_meter"), ("", "refused", "not_json"),
    ]  # fmt: skip
    assert (told.json()["days"], push(client, body).json()["days"]) == (1, 0)
    assert LiveDay.objects.get().filled == 1


def test_a_push_that_is_sent_again_does_not_undo_its_correction(client):
    first, correction = {"messages": [value(values=["0.5"])]}, {"messages": [value(values=["0.7"])]}
    assert push(client, first).json()["days"] == 1
    assert push(client, correction, name="batch-2").json()["days"] == 1
    again = push(client, first)
    assert (again.status_code, again.json()["days"], again.json()["results"][0]["outcome"]) == (202, 0, "taken")
    assert push(client, first, name="batch-3").json()["days"] == 1


def test_what_is_not_signed_with_the_key_of_now_is_not_heard(client, settings):
    body = {"messages": [value()]}
    assert push(client, body, key=b"other").json()["code"] == "bad_signature"
    assert push(client, body, at=int(time.time()) - 3_600).status_code == 401
    assert client.post(PATH, json.dumps(body), content_type="application/json").status_code == 401
    assert client.get(PATH).status_code == 405
    settings.HEAD_END_KEY = ""
    assert push(client, body, key=b"").status_code == 404
    assert not LiveDay.objects.exists()


@pytest.mark.parametrize("body", [b"[]", b"{}", b'{"messages": 5}', b'{"messages": [NaN]}', b"\xff", b"[" * 5000])
def test_a_body_that_cannot_be_read_is_refused(client, body):
    told = push(client, body)
    assert (told.status_code, told.json()["code"]) == (400, "bad_messages")


def test_a_large_body_is_taken_to_its_own_bound(client, settings):
    body = json.dumps({"messages": [value()]}).encode() + b" " * settings.DATA_UPLOAD_MAX_MEMORY_SIZE
    told = push(client, body)
    assert (told.status_code, told.json()["days"]) == (202, 1)
    signed = sign(body=body, message_id="b", at_seconds=int(time.time()), key=b"other").headers["webhook-signature"]
    told = client.post(PATH, body, content_type="application/json", HTTP_WEBHOOK_SIGNATURE=signed)
    assert (told.status_code, told.json()["code"]) == (401, "bad_signature")


def test_too_much_at_once_is_refused(client, monkeypatch):
    assert push(client, {"messages": [1] * 10_001}).json()["code"] == "too_many_messages"
    monkeypatch.setattr("metering.api.head_end_messages.BYTES_MOST", 10)
    assert push(client, {"messages": []}).status_code == 413
