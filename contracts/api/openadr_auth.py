"""
Who comes in at the doors of OpenADR: a key of ours, or a token that it was changed for.

A client's id is the name of its key, its secret the key. A token says which key it was made of and what it may do, is
signed, and holds for an hour; whether the key holds still is asked each time. [source: RFC 6749, 4.4; OpenADR 3.1.0]
"""

import base64
import binascii
from http import HTTPStatus
from typing import Any
from urllib.parse import unquote_plus

import structlog
from django.core import signing
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.urls import reverse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST, require_safe
from rest_framework import exceptions
from rest_framework.authentication import BaseAuthentication, get_authorization_header
from rest_framework.request import Request

from cis.platform import api, keys
from cis.platform.access import allow_public
from cis.platform.keys import Client
from contracts.domain.openadr import SCOPE_PREFIX, SCOPES, TOKEN_SECONDS
from contracts.domain.openadr_text import is_kept
from contracts.queries import openadr as queries

SALT = "openadr token"
RIGHTS = {name: api.scope(f"{SCOPE_PREFIX}{name}", meaning) for name, meaning in SCOPES.items()}


class TokenAuthentication(BaseAuthentication):
    """``Authorization: Bearer``, with a token of ``auth/token`` or a key itself."""

    def authenticate(self, request: Request) -> tuple[Client, None] | None:
        """Return the client; None where no bearer is given."""
        kind, _, text = get_authorization_header(request).decode("latin-1").partition(" ")
        if kind.lower() != "bearer":
            return None
        given = text.strip()
        find = keys.client_of if given.startswith(f"{keys.MARK}_") else _of_token
        client = find(given) if is_kept(given) else None
        if client is None:
            raise exceptions.AuthenticationFailed("The token is unknown or expired, or its key was revoked.")
        structlog.contextvars.bind_contextvars(client=client.name)
        return client, None

    def authenticate_header(self, request: Request) -> str:  # noqa: ARG002
        """Return what a 401 asks for."""
        return 'Bearer realm="openadr"'


@allow_public
@require_safe
def server(request: HttpRequest) -> HttpResponse:
    """Say where tokens are given."""
    return JsonResponse({"tokenURL": request.build_absolute_uri(reverse("openadr_token"))})


@allow_public
@csrf_exempt
@require_POST
def token(request: HttpRequest) -> HttpResponse:
    """
    Give a token for an hour for a client's id and secret, with those rights of its key that it asks for, or all.

    What was granted is said; rights that the key lacks are left out. [source: RFC 6749, 3.3]
    """
    given = request.POST
    grant = given.get("grant_type", "")
    if grant != "client_credentials":
        return _fault("unsupported_grant_type" if grant else "invalid_request", "The grant is client_credentials.")
    name, secret = _credentials(request)
    if not name or not secret:
        return _fault("invalid_request", "Give client_id and client_secret.")
    client = keys.client_of(secret) if is_kept(secret) else None
    if client is None or client.name not in {name, unquote_plus(name)} or _is_blocked(client):
        return _fault("invalid_client", "The client is unknown, or its secret is wrong.", HTTPStatus.UNAUTHORIZED)
    held = {name for name, right in RIGHTS.items() if right.name in client.scopes}
    granted = held & set(given.get("scope", "").split()) if given.get("scope", "").strip() else held
    if not granted:
        return _fault("invalid_scope", f"The client may {' '.join(sorted(held)) or 'do nothing here'}.")
    scope = " ".join(sorted(granted))
    made = signing.dumps({"key": client.id, "scope": scope}, salt=SALT)
    answer = JsonResponse(
        {"access_token": made, "token_type": "Bearer", "expires_in": TOKEN_SECONDS, "scope": scope}
    )  # fmt: skip
    answer["Cache-Control"] = "no-store"
    return answer


def _credentials(request: HttpRequest) -> tuple[str, str]:
    """
    Return id and secret, of the form or of HTTP Basic, which a server has to take. [source: RFC 6749, 2.3.1]

    An id of HTTP Basic may be encoded as in a form, as that says, or not, as many do.
    """
    kind, _, text = request.headers.get("Authorization", "").partition(" ")
    if kind.lower() != "basic":
        return request.POST.get("client_id", ""), request.POST.get("client_secret", "")
    try:
        name, _, secret = base64.b64decode(text, validate=True).decode().partition(":")
    except (binascii.Error, ValueError):
        return "", ""
    return name, secret


def _of_token(text: str) -> Client | None:
    try:
        said: dict[str, Any] = signing.loads(text, salt=SALT, max_age=TOKEN_SECONDS)
    except signing.BadSignature:
        return None
    client = keys.client_by_id(said["key"])
    if client is None:
        return None
    asked = {f"{SCOPE_PREFIX}{name}" for name in said["scope"].split()}
    return Client(id=client.id, name=client.name, scopes=client.scopes & asked)


def _is_blocked(client: Client) -> bool:
    try:
        queries.reader(client_id=client.name, reads_all=False)
    except queries.Blocked:
        return True
    return False


def _fault(error: str, description: str, status: HTTPStatus = HTTPStatus.BAD_REQUEST) -> HttpResponse:
    answer = JsonResponse({"error": error, "error_description": description}, status=status)
    answer["Cache-Control"] = "no-store"
    if status == HTTPStatus.UNAUTHORIZED:
        answer["WWW-Authenticate"] = 'Basic realm="openadr"'
    return answer
