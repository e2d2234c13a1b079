"""Where providers of online payment say what became of one: signed, no key of the API, safe to repeat."""

from http import HTTPStatus

from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from accounts.api.receipts import SIGNED_BY, refused_as
from accounts.domain.receipts import BYTES_MOST, BadReceipt, BadSignature, Signed
from cashiering.gateways.online import BadMessage, NoProvider
from cashiering.operations import checkout_events
from cis.platform import typed
from cis.platform.access import allow_public


@allow_public
@csrf_exempt
@require_POST
def take(request: HttpRequest, provider: str) -> HttpResponse:
    """Take a message and answer as its provider wants it, also for the second time; a worker does what it says."""
    length = typed.number(request.headers.get("Content-Length", ""))
    if length is None or length > BYTES_MOST:
        return refused_as(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "too_large", f"A body has at most {BYTES_MOST} bytes.")
    headers = {name: request.headers.get(name, "") for name in SIGNED_BY}
    try:
        thanks = checkout_events.take(
            provider=provider, message=Signed(headers, request.body), at=timezone.now()
        )  # fmt: skip
    except NoProvider as refused:
        return refused_as(HTTPStatus.NOT_FOUND, refused.code, refused.message)
    except BadSignature as refused:
        return refused_as(HTTPStatus.UNAUTHORIZED, refused.code, refused.message)
    except (BadMessage, BadReceipt) as refused:
        return refused_as(HTTPStatus.BAD_REQUEST, refused.code, refused.message)
    return HttpResponse(thanks.body, status=thanks.status, content_type=thanks.media_type)
