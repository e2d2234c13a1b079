"""My applications for a supply: the list with what each waits for, and the way to the page of one."""

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_safe

from cis.platform.access import allow_portal
from cis.portal import access, apply
from contracts.queries import applications


@allow_portal
@require_safe
def index(request: HttpRequest) -> HttpResponse:
    """Show the applications of the customer, latest first."""
    visit = access.visit(request)
    rows = applications.of_customers([visit.customer_id])
    return render(request, "portal/applications.html", {"visit": visit, "applications": rows})


@allow_portal
@require_safe
def show(request: HttpRequest, application_id: int) -> HttpResponse:
    """Open the page of one of the customer's applications, as its link would."""
    visit = access.visit(request)
    if not applications.is_of_customer(application_id=application_id, customer_id=visit.customer_id):
        raise Http404
    apply.remember(request, application_id, timezone.now())
    return redirect("my_application", application_id)
