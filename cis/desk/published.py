"""Figures of a month for everybody: looked at before, published, corrected by a new version."""

from datetime import date
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from cis.desk.answers import tell_refusal, today
from cis.desk.cases import rules_or_none
from cis.desk.forms.case_figures import class_names
from cis.desk.forms.complaints import language
from cis.desk.roles import READERS, SUPERVISORS
from cis.kernel.enums import Role
from cis.kernel.errors import Refused
from cis.platform.access import actor_of, allow
from complaints.domain.publishing import class_rows
from complaints.operations import publishing as operations
from complaints.queries import publishing as queries


@allow(*READERS)
@require_safe
def index(request: HttpRequest) -> HttpResponse:
    """Show what was published, and what a month would show if it were published now."""
    months, rules = queries.open_months(today=today()), rules_or_none()
    month = month_of_address(request.GET.get("month", ""), months[0])
    versions = queries.versions()
    last = next((one for one in versions if one.month == month), None)
    figures: dict[str, Any] | None = queries.draft(month=month) if rules is not None else None
    context = {
        "months": months, "month": month, "figures": figures, "versions": versions, "last": last,
        "is_same": last is not None and last.figures == figures, "tab": "published",
        "class_rows": class_rows(figures=figures, names=class_names(rules, language())) if figures else (),
        "may_publish": Role.SUPERVISOR in actor_of(request).roles,
    }  # fmt: skip
    return render(request, "desk/cases/published.html", context)


@allow(*SUPERVISORS)
@require_POST
def publish(request: HttpRequest) -> HttpResponse:
    """Publish a month, or correct it."""
    month = month_of_address(request.POST.get("month", ""), today())
    reason = request.POST.get("reason", "")
    try:
        version = operations.publish(month=month, reason=reason, at=timezone.now(), actor=actor_of(request))
    except Refused as refusal:
        tell_refusal(request, refusal)
    else:
        messages.success(request, _("Published, version %(version)d.") % {"version": version})
    return redirect(reverse("desk:published", query={"month": f"{month:%Y-%m}"}))


def month_of_address(text: str, other: date) -> date:
    """Return the first day of a month as 2026-03; another one where it is none that is over."""
    try:
        month = date.fromisoformat(f"{text}-01")
    except ValueError:
        return other
    return month if queries.can_be_published(month=month, today=today()) else other
