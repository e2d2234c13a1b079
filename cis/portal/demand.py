"""My events of demand response: what comes, leaving one in time, and what was saved with its arithmetic."""

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from accounts.queries import supplier
from cis.kernel.errors import Refused
from cis.platform.access import actor_of, allow_portal
from cis.platform.answers import or_404, tell_refusal
from cis.portal import access
from cis.portal.access import Visit
from contracts.domain.demand_response import PartState
from contracts.operations import demand_events as operations
from contracts.queries import demand_charts
from contracts.queries import demand_events as queries
from contracts.queries.demand_events import PartDetail


@allow_portal
@require_safe
def index(request: HttpRequest) -> HttpResponse:
    """List the events for which the customer was called by the chosen account, the latest first."""
    visit = access.visit(request)
    if visit.chosen is None:
        return render(request, "portal/no_account.html", {"visit": visit})
    rows = queries.of_customer(account_id=visit.chosen.account_id, customer_id=visit.customer_id)
    context = {"visit": visit, "rows": rows, "supplier": supplier.current()}
    return render(request, "portal/demand.html", context)


@allow_portal
@require_safe
def show(request: HttpRequest, part_id: int) -> HttpResponse:
    """Show an event: when it is, until when one may leave, and what came of it."""
    visit, detail = _mine(request, part_id)
    now = timezone.now()
    context: dict[str, Any] = {
        "visit": visit, "detail": detail, "card": detail.card, "event": detail.event,
        "may_leave": detail.card.state is PartState.CALLED and now < detail.event.opt_out_until,
        "chart": demand_charts.hours(detail, expected=_("Expected use"), used=_("Used")),
        "currency": supplier.current().currency,
    }  # fmt: skip
    return render(request, "portal/demand_event.html", context)


@allow_portal
@require_POST
def opt_out(request: HttpRequest, part_id: int) -> HttpResponse:
    """Leave an event."""
    visit, _detail = _mine(request, part_id)
    try:
        operations.opt_out(
            part_id=part_id, customer_id=visit.customer_id, at=timezone.now(), actor=actor_of(request)
        )  # fmt: skip
    except Refused as refusal:
        tell_refusal(request, refusal)
    else:
        messages.success(request, _("You do not take part: nothing is limited, and nothing is credited."))
    return redirect("portal:demand_event", part_id)


def _mine(request: HttpRequest, part_id: int) -> tuple[Visit, PartDetail]:
    """Return a part of the customer; a foreign one is not found."""
    visit = access.visit(request)
    with or_404():
        detail = queries.part(part_id=part_id)
    if detail.card.customer_id != visit.customer_id:
        raise Http404
    return visit, detail
