"""Pages for the machine: is the process alive, can it serve, what does it count."""

import hmac

from django.conf import settings
from django.core.exceptions import PermissionDenied
from django.db import DatabaseError, connection
from django.http import HttpRequest, HttpResponse, JsonResponse
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from redis import Redis, RedisError

from cis.platform.access import allow_public

LOOPBACK = frozenset({"127.0.0.1", "::1"})
SECONDS = 2


@allow_public
def live(_request: HttpRequest) -> HttpResponse:
    """Answer 200 while the process runs."""
    return JsonResponse({"status": "ok"})


@allow_public
def ready(_request: HttpRequest) -> HttpResponse:
    """Answer 200 when database and Redis answer, else 503 with the name of what does not."""
    states = {"database": _database_answers(), "redis": _redis_answers()}
    is_ready = all(states.values())
    shown = {name: "ok" if answers else "down" for name, answers in states.items()}
    return JsonResponse({"status": "ok" if is_ready else "down", **shown}, status=200 if is_ready else 503)


@allow_public
def metrics(request: HttpRequest) -> HttpResponse:
    """Give the counters to a scraper on this machine, or to one that knows METRICS_TOKEN."""
    token, given = settings.METRICS_TOKEN, request.headers.get("Authorization", "")
    is_known = bool(token) and hmac.compare_digest(given.encode(), f"Bearer {token}".encode())
    # A proxy on this machine speaks for somebody else, so its requests are not local.
    is_local = request.META.get("REMOTE_ADDR") in LOOPBACK and "X-Forwarded-For" not in request.headers
    if not is_local and not is_known:
        raise PermissionDenied
    return HttpResponse(generate_latest(), content_type=CONTENT_TYPE_LATEST)


def _database_answers() -> bool:
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except DatabaseError:
        return False
    return True


def _redis_answers() -> bool:
    try:
        with Redis.from_url(settings.REDIS_URL, socket_timeout=SECONDS, socket_connect_timeout=SECONDS) as client:
            return bool(client.ping())
    except RedisError:
        return False
