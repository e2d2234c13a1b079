"""How service standards were kept, for everybody: made when somebody asks, without names and without lists."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import get_language
from django.views.decorators.http import require_safe

from accounts.queries import supplier
from cis.desk.answers import tell_refusal
from cis.desk.application_figures import SpanForm, asked, panels, span_query, spans
from cis.platform import limits, rendering
from cis.platform.access import allow_public
from contracts.queries.application_figures import Report

PAPERS_MOST = 20
"""From one place within an hour."""


@allow_public
@require_safe
def show(request: HttpRequest) -> HttpResponse:
    """Show the figures of a span to anybody."""
    form, report = asked(request, SpanForm)
    return render(request, "portal/service_standards.html", {"form": form, **_context(report)})


@allow_public
@require_safe
def paper(request: HttpRequest) -> HttpResponse:
    """Give them as a paper."""
    try:
        limits.take(name="service_standards_paper", request=request, most=PAPERS_MOST, hours=1, at=timezone.now())
    except limits.TooManyRequests as refusal:
        tell_refusal(request, refusal)
        return redirect("service_standards")
    _form, report = asked(request, SpanForm)
    context = {
        **_context(report),
        "rows": _rows(report),
        "supplier": supplier.current().name(language=get_language() or "en"),
    }
    written = rendering.pdf(template="documents/service_standards.html", css="documents/contract.css", context=context)
    answer = HttpResponse(written, content_type="application/pdf")
    answer["Content-Disposition"] = f'inline; filename="service-standards-{report.since}-{report.until}.pdf"'
    return answer


def _context(report: Report) -> dict[str, Any]:
    return {"report": report, "panels": panels(report), "spans": spans(report), "query": span_query(report)}


def _rows(report: Report) -> list[dict[str, Any]]:
    """Return the months with the figure of each step."""
    months = zip(*(step.months for step in report.steps), strict=True)
    return [{"since": of_month[0].since, "figures": [one.figure for one in of_month]} for of_month in months]
