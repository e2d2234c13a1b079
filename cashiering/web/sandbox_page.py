"""The sandbox provider's hosted page: where a payer pays, turns away, or sees what became of it."""

from urllib.parse import urlsplit

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from cashiering.gateways import sandbox
from cashiering.operations import sandbox_provider
from cis.platform.access import allow_public


@allow_public
@require_http_methods(["GET", "HEAD", "POST"])
def show(request: HttpRequest, token: str) -> HttpResponse:
    """
    Show what is to be paid, and take the payer's answer; then lead back to the shop, which is us.

    :raises Http404: no sandbox is used here, or it has no such order.
    """
    row = sandbox_provider.page_of(token)
    if row is None:
        raise Http404
    now = timezone.now()
    if request.method == "POST" and request.POST.get("answer") in {"pay", "leave"}:
        sandbox_provider.decide(token=token, is_paid=request.POST["answer"] == "pay", now=now)
        return redirect(row.return_url)
    context = {
        "row": row,
        "way": sandbox.WAYS.get(sandbox.way_of(row), ""),
        "is_open": row.state == "open" and now <= row.expires_at,
        "is_over": row.state == "open" and now > row.expires_at,
        "shop": urlsplit(settings.SITE_URL).netloc,
    }
    answer = render(request, "sandbox/pay.html", context)
    answer["Cache-Control"] = "no-store"
    return answer
