"""Pages for the machine say what is the matter, and counters are not for everybody."""

import pytest
from django.db import OperationalError
from django.test import Client
from redis import RedisError

from cis import health

pytestmark = pytest.mark.django_db


def test_live_asks_nobody(django_assert_num_queries):
    with django_assert_num_queries(0):
        answer = Client().get("/health/live")
    assert (answer.status_code, answer.json()) == (200, {"status": "ok"})


def test_ready_when_database_and_redis_answer():
    answer = Client().get("/health/ready")
    assert (answer.status_code, answer.json()) == (200, {"status": "ok", "database": "ok", "redis": "ok"})


def test_not_ready_without_redis(monkeypatch):
    def fail(*_, **__):
        raise RedisError("down")

    monkeypatch.setattr(health.Redis, "from_url", fail)
    answer = Client().get("/health/ready")
    assert (answer.status_code, answer.json()["redis"], answer.json()["database"]) == (503, "down", "ok")


def test_not_ready_without_the_database(monkeypatch):
    def fail(*_, **__):
        raise OperationalError("down: password=secret")

    monkeypatch.setattr(health.connection, "cursor", fail)
    answer = Client().get("/health/ready")
    assert (answer.status_code, answer.json()["database"]) == (503, "down")
    assert "secret" not in answer.text


def test_counters_are_for_this_machine_alone():
    answer = Client().get("/metrics")
    assert answer.status_code == 200
    assert b"process_resident_memory_bytes" in answer.content
    assert Client().get("/metrics", REMOTE_ADDR="192.0.2.7").status_code == 403
    assert Client().get("/metrics", headers={"X-Forwarded-For": "192.0.2.7"}).status_code == 403


@pytest.mark.parametrize(
    ("token", "given", "status"),
    [("abc", "Bearer abc", 200), ("abc", "Bearer abd", 403), ("", "Bearer ", 403), ("abc", "abc", 403)],
)
def test_or_for_whoever_has_the_token(settings, token, given, status):
    settings.METRICS_TOKEN = token
    answer = Client().get("/metrics", REMOTE_ADDR="192.0.2.7", headers={"Authorization": given})
    assert answer.status_code == status
