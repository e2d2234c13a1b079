"""A POST that is sent twice has its effect once."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Event

import pytest
from django.db import connection
from django.test import Client
from django.utils import timezone

from cis.kernel.actors import SYSTEM
from cis.platform import idempotency, keys
from cis.platform.models import AuditEvent, IdempotencyKey
from tests.doors.platform import small_api

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.urls("tests.doors.platform.small_api")]
EFFECTS = AuditEvent.objects.filter(action="put_down")


def client(name):
    key = keys.create(name=name, scopes=["test:write"], known_scopes=["test:write"], actor=SYSTEM)
    return Client(headers={"Authorization": f"Bearer {key}"}, raise_request_exception=False)


@pytest.fixture
def kiosk():
    return client("kiosk")


@pytest.fixture(autouse=True)
def _nothing_before_the_effect(monkeypatch):
    monkeypatch.setattr(small_api, "BEFORE_EFFECT", [])


def post(client, key="k1", **body):
    headers = {} if key is None else {"Idempotency-Key": key}
    return client.post("/things", body or {"name": "a"}, content_type="application/json", headers=headers)


def test_the_second_request_gets_the_reply_of_the_first(kiosk):
    first, second = post(kiosk), post(kiosk)
    assert (first.status_code, first["Location"], first.content) == (201, second["Location"], second.content)
    assert second.status_code == 201
    assert second["Idempotency-Replayed"] == "true"
    assert "Idempotency-Replayed" not in first
    assert EFFECTS.count() == 1


def test_another_key_is_another_request(kiosk):
    assert post(kiosk, "k1").json() != post(kiosk, "k2").json()
    assert EFFECTS.count() == 2


def test_clients_do_not_share_keys(kiosk):
    post(kiosk)
    assert post(client("other")).status_code == 201
    assert EFFECTS.count() == 2


def test_a_key_with_another_body_is_refused(kiosk):
    post(kiosk, name="a")
    answer = post(kiosk, name="b")
    assert (answer.status_code, answer.json()["code"]) == (422, "idempotency_key_reused")
    assert EFFECTS.count() == 1


@pytest.mark.parametrize("key", [None, "", "a b", "é", "x" * 256])
def test_a_key_is_required(kiosk, key):
    answer = post(kiosk, key)
    assert (answer.status_code, answer.json()["code"]) == (422, "idempotency_key_missing")
    assert EFFECTS.count() == 0


@pytest.mark.parametrize(("name", "status"), [("full", 422), ("taken", 409), ("half", 503), ("wrong", 422)])
def test_what_had_no_effect_keeps_no_key_and_can_be_repeated(kiosk, monkeypatch, name, status):
    assert post(kiosk, name=name).status_code == status
    assert not EFFECTS.exists()
    assert not IdempotencyKey.objects.exists()
    monkeypatch.setattr(small_api, "REFUSALS", {})
    assert post(kiosk, name="now it works").status_code == 201


def test_a_crash_keeps_neither_effect_nor_key(kiosk):
    def crash():
        raise ZeroDivisionError

    small_api.BEFORE_EFFECT.append(crash)
    assert post(kiosk).status_code == 500
    assert not EFFECTS.exists()
    small_api.BEFORE_EFFECT.clear()
    assert post(kiosk).status_code == 201
    assert EFFECTS.count() == 1


def test_of_many_at_once_one_has_the_effect_and_all_get_its_reply(kiosk):
    def send(_):
        answer = post(kiosk)
        connection.close()
        return answer.status_code, answer.content

    with ThreadPoolExecutor(6) as pool:
        answers = set(pool.map(send, range(12)))
    assert len(answers) == 1
    assert EFFECTS.count() == 1


def test_whoever_waits_too_long_is_told_to_ask_again(kiosk, monkeypatch):
    monkeypatch.setattr(idempotency, "WAIT", "100ms")
    started, go_on = Event(), Event()
    small_api.BEFORE_EFFECT.append(lambda: (started.set(), go_on.wait(20)))

    def send():
        answer = post(kiosk)
        connection.close()
        return answer

    with ThreadPoolExecutor(1) as pool:
        first = pool.submit(send)
        assert started.wait(20)
        answer = post(kiosk)
        assert (answer.status_code, answer.json()["code"]) == (409, "request_in_progress")
        go_on.set()
        assert first.result().status_code == 201
    assert post(kiosk).content == first.result().content
    assert EFFECTS.count() == 1


def test_old_keys_are_forgotten(kiosk):
    post(kiosk)
    idempotency.forget(timezone.now() + timedelta(days=29))
    assert IdempotencyKey.objects.count() == 1
    idempotency.forget(timezone.now() + timedelta(days=31))
    assert IdempotencyKey.objects.count() == 0
