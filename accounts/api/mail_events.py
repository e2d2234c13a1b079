"""Where the mail service says what became of mails: proved by its signature or password, safe to repeat."""

from http import HTTPStatus

from django.http import HttpRequest, HttpResponse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

from accounts.api.receipts import refused_as
from accounts.domain.receipts import BadReceipt, BadSignature
from accounts.gateways import mail_service
from accounts.gateways.mail_service import BYTES_MOST, NoMailService
from accounts.operations import notice_receipts
from cis.platform import typed
from cis.platform.access import allow_public


@allow_public
@csrf_exempt
@require_http_methods(["POST", "HEAD"])
def take(request: HttpRequest) -> HttpResponse:
    """Take events; 204 if they were taken, also for the second time. HEAD is how some services look for the place."""
    if request.method == "HEAD":
        return HttpResponse(status=HTTPStatus.NO_CONTENT)
    length = typed.number(request.headers.get("Content-Length", ""))
    if length is None or length > BYTES_MOST:
        return refused_as(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "too_large", f"A body has at most {BYTES_MOST} bytes.")
    try:
        notice_receipts.take(found=mail_service.opened(request))
    except NoMailService as refused:
        return refused_as(HTTPStatus.NOT_FOUND, refused.code, refused.message)
    except BadSignature as refused:
        return refused_as(HTTPStatus.UNAUTHORIZED, refused.code, refused.message)
    except BadReceipt as refused:
        return refused_as(HTTPStatus.BAD_REQUEST, refused.code, refused.message)
    return HttpResponse(status=HTTPStatus.NO_CONTENT)
