"""Where gateways say what became of messages: signed, no key of the API, safe to repeat."""

from http import HTTPStatus

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from accounts.domain.receipts import BYTES_MOST, BadReceipt, BadSignature, Signed
from accounts.operations import notice_receipts
from cis.platform import typed
from cis.platform.access import allow_public

SIGNED_BY = ("webhook-id", "webhook-timestamp", "webhook-signature")


@allow_public
@csrf_exempt
@require_POST
def take(request: HttpRequest) -> HttpResponse:
    """Take receipts; 204 if they were taken, also for the second time."""
    length = typed.number(request.headers.get("Content-Length", ""))
    if length is None or length > BYTES_MOST:
        return refused_as(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "too_large", f"A body has at most {BYTES_MOST} bytes.")
    headers = {name: request.headers.get(name, "") for name in SIGNED_BY}
    try:
        notice_receipts.take_signed(signed=Signed(headers, request.body))
    except BadSignature as refused:
        return refused_as(HTTPStatus.UNAUTHORIZED, refused.code, refused.message)
    except BadReceipt as refused:
        return refused_as(HTTPStatus.BAD_REQUEST, refused.code, refused.message)
    return HttpResponse(status=HTTPStatus.NO_CONTENT)


def refused_as(status: HTTPStatus, code: str, detail: str) -> HttpResponse:
    """Return a refusal in the form of the API."""
    body = {"type": "about:blank", "title": status.phrase, "status": status.value, "code": code, "detail": detail}
    return JsonResponse(body, status=status, content_type="application/problem+json")
