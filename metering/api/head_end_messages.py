"""Where head ends push what meters say: signed, no key of the API, safe to repeat."""

import time
from datetime import datetime
from http import HTTPStatus
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse, JsonResponse, UnreadablePostError
from django.utils import timezone
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from accounts.api.receipts import SIGNED_BY, refused_as
from accounts.domain.receipts import BadSignature, Signed, verify
from cis.kernel.actors import SYSTEM
from cis.kernel.errors import Refused
from cis.platform import idempotency, typed
from cis.platform.access import allow_public
from metering.domain.formats.faults import LineFault
from metering.domain.head_end_messages import BYTES_MOST, parsed
from metering.operations import head_end_messages
from metering.operations.head_end_messages import Taken

SENDER = "head_end"
"""By this name what was pushed is remembered."""


class BadMessages(Refused):
    """The body cannot be read."""

    code = "bad_messages"


@allow_public
@csrf_exempt
@require_POST
def take(request: HttpRequest) -> HttpResponse:
    """Take messages of the head end; 202 with what became of each, also for the second time."""
    if not settings.HEAD_END_KEY:
        return refused_as(HTTPStatus.NOT_FOUND, "no_head_end", "This installation takes nothing from a head-end.")
    length = typed.number(request.headers.get("Content-Length", ""))
    if length is None or length > BYTES_MOST:
        return refused_as(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "too_large", f"A body has at most {BYTES_MOST} bytes.")
    try:
        body = _body(request, length)
        messages = _messages(request, body)
        taken = head_end_messages.take(messages=messages, actor=SYSTEM, heard_at=_heard_at(request, body))
    except BadSignature as refused:
        return refused_as(HTTPStatus.UNAUTHORIZED, refused.code, refused.message)
    except Refused as refused:
        return refused_as(HTTPStatus.BAD_REQUEST, refused.code, refused.message)
    return JsonResponse(_told(taken), status=HTTPStatus.ACCEPTED)


def _body(request: HttpRequest, length: int) -> bytes:
    """
    Return a body to our own bound; ``request.body`` has a lower one, that of forms.

    :raises BadMessages: the line broke.
    """
    try:
        return request.read(length)
    except UnreadablePostError as error:
        raise BadMessages("The body broke off.") from error


def _messages(request: HttpRequest, body: bytes) -> list[Any]:
    """
    Return the messages of a signed body.

    :raises BadSignature: it is not signed with the key, or its time is past.
    :raises BadMessages: it cannot be read.
    """
    headers = {name: request.headers.get(name, "") for name in SIGNED_BY}
    verify(Signed(headers, body), key=settings.HEAD_END_KEY.encode(), now_seconds=int(time.time()))
    try:
        messages = parsed(body).get("messages")
    except LineFault as fault:
        raise BadMessages(fault.message) from fault
    if not isinstance(messages, list):
        raise BadMessages("The body is an object with a list of messages.")
    return messages


def _heard_at(request: HttpRequest, body: bytes) -> datetime:
    """Return when the body was heard first under its name: one that is sent again says nothing newer."""
    name = request.headers.get("webhook-id", "")
    return idempotency.first_heard(sender=SENDER, name=name, body=body, at=timezone.now())


def _told(taken: Taken) -> dict[str, object]:
    return {
        "days": taken.days,
        "reads": taken.reads,
        "alarms": taken.alarms,
        "results": [
            {"id": one.message_id, "outcome": one.outcome.value}
            | ({"code": one.code, "message": one.message} if one.code else {})
            for one in taken.results
        ],
    }
