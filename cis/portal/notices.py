"""My inbox, and by which ways I am told."""

from django.conf import settings
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.domain import notice_texts
from accounts.operations import consents, inboxes
from accounts.queries import consents as consent_queries
from accounts.queries import customers, notices, supplier
from accounts.queries.notices import UnknownNotice
from accounts.web.ways import WaysForm
from cis.platform import packs
from cis.platform.access import actor_of, allow_portal
from cis.platform.paging import Pager, page_number, query_of
from cis.portal import access

ROWS = 24


@allow_portal
@require_safe
def inbox(request: HttpRequest) -> HttpResponse:
    """
    Show what lies in the inbox, the latest first.

    :raises Http404: there is not so much.
    """
    visit = access.visit(request)
    number = page_number(request)
    found = notices.inbox(customer_id=visit.customer_id, offset=(number - 1) * ROWS, most=ROWS + 1)
    if number > 1 and not found:
        raise Http404
    context = {
        "visit": visit,
        "rows": found[:ROWS],
        "unread": notices.unread(customer_id=visit.customer_id),
        "pager": Pager(number, len(found) > ROWS, query_of(request), ROWS),
    }
    return render(request, "portal/notices.html", context)


@allow_portal
@require_safe
def one(request: HttpRequest, notice_id: int) -> HttpResponse:
    """
    Show one message; that it was opened proves that it arrived.

    :raises Http404: it is not in this customer's inbox.
    """
    visit = access.visit(request)
    try:
        found = notices.in_inbox(customer_id=visit.customer_id, notice_id=notice_id)
    except UnknownNotice:
        raise Http404 from None
    inboxes.open_notice(customer_id=visit.customer_id, notice_id=notice_id, actor=actor_of(request))
    paragraphs = notice_texts.paragraphs(found.body, site=settings.SITE_URL)
    return render(request, "portal/notice.html", {"visit": visit, "notice": found, "paragraphs": paragraphs})


@allow_portal
@require_POST
def mark_read(request: HttpRequest) -> HttpResponse:
    """Mark all as read."""
    visit = access.visit(request)
    inboxes.mark_all_read(customer_id=visit.customer_id, actor=actor_of(request))
    return redirect("portal:notices")


@allow_portal
@require_http_methods(["GET", "HEAD", "POST"])
def ways(request: HttpRequest) -> HttpResponse:
    """Show by which ways the customer is told, with quiet hours in plain words; write down what they choose."""
    visit = access.visit(request)
    choices = consent_queries.of_customer(customer_id=visit.customer_id)
    form = WaysForm(request.POST if request.method == "POST" else None, choices=choices)
    if form.is_bound and form.is_valid():
        consents.change(customer_id=visit.customer_id, choices=form.said(), actor=actor_of(request))
        messages.success(request, _("Saved. It holds from the next message on."))
        return redirect("portal:notice_ways")
    quiet = packs.rule("quiet_hours", at=access.today())
    context = {
        "visit": visit,
        "groups": form.groups(),
        "customer": customers.card(customer_id=visit.customer_id),
        "supplier": supplier.current(),
        "quiet": quiet if quiet.get("sms", True) or quiet.get("email", False) else None,
    }
    return render(request, "portal/notice_ways.html", context)
