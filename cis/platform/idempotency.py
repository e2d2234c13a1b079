"""
``Idempotency-Key``: a POST that is sent twice has its effect once, and its caller gets the same reply.

The key is written in the transaction of the effect, so there is never one without the other. A request without effect
(refused, invalid, failed) keeps no key: it may be repeated with the same one.
[source: IETF draft-ietf-httpapi-idempotency-key-header]
"""

import hashlib
import json
import re
from collections.abc import Callable
from datetime import datetime, timedelta
from functools import wraps
from http import HTTPStatus
from typing import Any, TypeVar

from django.db import OperationalError, connection, transaction
from django.http import HttpResponse, RawPostDataException
from rest_framework.exceptions import UnsupportedMediaType
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response

from cis.kernel.errors import Refused
from cis.platform import access, db
from cis.platform.models import IdempotencyKey

Method = TypeVar("Method", bound=Callable[..., Any])
FORM = re.compile(r"[\x21-\x7e]{1,255}")
WAIT = "5s"
KEPT = timedelta(days=30)
LOCK_NOT_AVAILABLE = "55P03"
UNFINISHED = 102
"""Status of a key whose effect is there, and whose reply is not: somebody outside was not heard yet."""
HEADER = "Idempotency-Key"
REPLAYED = "Idempotency-Replayed"


class KeyMissing(Refused):
    """The request needs the header."""

    code = "idempotency_key_missing"


class KeyReused(Refused):
    """The key belongs to another request."""

    code = "idempotency_key_reused"


class RequestInProgress(Refused):
    """The first request with this key is not answered yet."""

    code = "request_in_progress"


def idempotent(post: Method) -> Method:
    """
    Let a view's method run once for each caller and key.

    The method calls one use case. What is not answered with 2xx is undone, and is not kept.

    :raises KeyMissing: the header is missing, or is not 1 to 255 visible ASCII characters.
    :raises KeyReused: the key came before with another method, path or body.
    :raises RequestInProgress: the first request with this key still runs after five seconds.
    """

    @wraps(post)
    def once(self: Any, request: Request, *args: Any, **kwargs: Any) -> HttpResponse:
        client, key = _names(request)
        sha256 = _hash(request)
        with db.door_transaction():
            if not _claim(client, key, sha256):
                return _replay(_known(client, key, sha256))
            response: Response = post(self, request, *args, **kwargs)
            if HTTPStatus.OK <= response.status_code < HTTPStatus.MULTIPLE_CHOICES:
                _keep(client, key, response)
            else:
                transaction.set_rollback(True)
            return response

    once.is_idempotent = True  # type: ignore[attr-defined]
    return once  # type: ignore[return-value]


def idempotent_then(finish: Callable[[dict[str, Any]], Response]) -> Callable[[Method], Method]:
    """
    Do the same for a method whose effect goes on with somebody outside who may be slow: no transaction waits for him.

    The method has its effect in one transaction and returns what ``finish`` needs to go on; ``finish`` runs after the
    commit, and its reply is kept in another one. What fails in between is gone on with when the request is repeated.

    :param finish: may be called more than once with the same values; 2xx alone.
    """

    def decorate(post: Method) -> Method:
        @wraps(post)
        def once(self: Any, request: Request, *args: Any, **kwargs: Any) -> HttpResponse:
            client, key = _names(request)
            sha256 = _hash(request)
            with db.door_transaction():
                if _claim(client, key, sha256):
                    begun: dict[str, Any] = post(self, request, *args, **kwargs)
                    _keep(client, key, Response(begun, status=UNFINISHED))
                elif (row := _known(client, key, sha256)).status != UNFINISHED:
                    return _replay(row)
                else:
                    begun = json.loads(row.response["body"])
            response = finish(begun)
            _keep(client, key, response)
            return response

        once.is_idempotent = True  # type: ignore[attr-defined]
        return once  # type: ignore[return-value]

    return decorate


def first_heard(*, sender: str, name: str, body: bytes, at: datetime) -> datetime:
    """
    Return when a message was heard first: ``at``, unless the same body came under the same name in the last 30 days.

    For senders that repeat what must be taken each time, but not as something newer.
    """
    key = hashlib.sha256(name.encode() + b"\n" + body).hexdigest()
    given = {"client": sender, "key": key, "at": at}
    db.execute(_HEARD, given)
    first: datetime = db.fetch(_FIRST, given)[0][0]
    return first


_HEARD = """
    INSERT INTO platform_idempotencykey (client, key, request_sha256, status, response, created_at)
    VALUES (%(client)s, %(key)s, %(key)s, 202, '{"body": "", "headers": {}}', %(at)s)
    ON CONFLICT (client, key) DO NOTHING
"""
_FIRST = "SELECT created_at FROM platform_idempotencykey WHERE client = %(client)s AND key = %(key)s"


def _names(request: Request) -> tuple[str, str]:
    """
    Return the caller and the key of a request.

    :raises KeyMissing: it has none.
    """
    key = request.headers.get(HEADER, "")
    if not FORM.fullmatch(key):
        raise KeyMissing(
            f"The header {HEADER} is missing or malformed.",
            advice="Send 1 to 255 visible ASCII characters, new for each request and the same for its repetition.",
        )
    actor = access.actor_of(request)
    return f"{actor.kind}:{actor.id}", key


def forget(at: datetime) -> None:
    """Delete keys that are older than 30 days."""
    IdempotencyKey.objects.filter(created_at__lt=at - KEPT).delete()


def _hash(request: Request) -> str:
    """Return the hash of what was asked; the body is taken as it came, before anything reads it."""
    try:
        body: bytes = request._request.body  # noqa: SLF001 (DRF offers no other way to the raw body)
    except RawPostDataException as error:  # a form with files, which the check of its CSRF token has read
        raise UnsupportedMediaType(request.content_type) from error
    return hashlib.sha256(f"{request.method} {request.get_full_path()}\n".encode() + body).hexdigest()


def _claim(client: str, key: str, sha256: str) -> bool:
    """
    Write the key, waiting while another request with it is under way; return False if that one has had its effect.

    :raises RequestInProgress: it waited too long.
    """
    try:
        with connection.cursor() as cursor:
            cursor.execute(_CLAIM, {"wait": WAIT, "client": client, "key": key, "sha256": sha256})
            is_ours: bool = cursor.rowcount == 1
    except OperationalError as error:
        if getattr(error.__cause__, "sqlstate", "") != LOCK_NOT_AVAILABLE:
            raise
        raise RequestInProgress("The first request with this key still runs.", advice="Ask again later.") from error
    return is_ours


# The short patience holds for the key alone: the row, once written, puts back what the transaction had. A key that is
# there already leaves it; nothing waits for a lock after that, since the kept reply is all that is read.
_CLAIM = """
    WITH before AS MATERIALIZED (SELECT current_setting('lock_timeout') AS patience),
    patient AS MATERIALIZED (SELECT patience, set_config('lock_timeout', %(wait)s, true) FROM before)
    INSERT INTO platform_idempotencykey (client, key, request_sha256, status, response, created_at)
    SELECT %(client)s, %(key)s, %(sha256)s, 0, '{}', now() FROM patient
    ON CONFLICT (client, key) DO NOTHING RETURNING set_config('lock_timeout', (SELECT patience FROM before), true)
"""


def _known(client: str, key: str, sha256: str) -> IdempotencyKey:
    row = IdempotencyKey.objects.get(client=client, key=key)
    if row.request_sha256 != sha256:
        raise KeyReused("This key came before with another request.", advice="Use a new key for each request.")
    return row


def _replay(row: IdempotencyKey) -> HttpResponse:
    reply = HttpResponse(row.response["body"], status=row.status, content_type="application/json")
    for name, value in {**row.response["headers"], REPLAYED: "true"}.items():
        reply[name] = value
    return reply


def _keep(client: str, key: str, response: Response) -> None:
    body = "" if response.data is None else JSONRenderer().render(response.data).decode()
    headers = {"Location": response["Location"]} if response.has_header("Location") else {}
    reply = json.dumps({"body": body, "headers": headers}, ensure_ascii=False)
    db.execute(
        "UPDATE platform_idempotencykey SET status = %s, response = %s::jsonb WHERE client = %s AND key = %s",
        [response.status_code, reply, client, key],
    )
