"""Calling the API as a program would."""

import json
from itertools import count

from django.test import Client

from cis.api import router  # noqa: F401 (names the scopes)
from cis.kernel.actors import SYSTEM
from cis.platform import api, keys

_serial = count(1)


def key(*scopes: str) -> str:
    """A key with these scopes."""
    return keys.create(name=f"client {next(_serial)}", scopes=scopes, known_scopes=api.known_scopes(), actor=SYSTEM)


class Caller:
    """A program with a key of its own."""

    def __init__(self, *scopes: str, bearer: str = "") -> None:
        self.headers = {"Authorization": f"Bearer {bearer or key(*scopes)}"} if scopes or bearer else {}
        self._client = Client(raise_request_exception=False)

    def get(self, path: str, **headers: str):
        return self._client.get(f"/api/v1/{path}", headers={**self.headers, **headers})

    def post(self, path: str, body: object, *, idempotency_key: str = "", raw: bytes | None = None):
        headers = {**self.headers, **({"Idempotency-Key": idempotency_key} if idempotency_key else {})}
        data = json.dumps(body).encode() if raw is None else raw
        return self._client.post(f"/api/v1/{path}", data, content_type="application/json", headers=headers)


def assert_problem(reply, status: int, code: str) -> dict:
    """The reply is a problem of that kind; return it."""
    body = reply.json()
    assert (reply.status_code, body["code"]) == (status, code), body
    assert reply["Content-Type"] == "application/problem+json"
    assert {"type", "title", "status", "detail", "instance", "request_id"} <= body.keys()
    return body
