"""The journal of a month for other bookkeeping, and the company's chart of accounts that it is written with."""

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _

from accounts.queries import supplier
from billing.domain import journals as domain
from billing.operations import charts
from billing.queries import journals
from cis.desk.answers import csv_file, or_404, posted, tell_refusal, today
from cis.desk.books import card_of
from cis.desk.forms.reports import ChartForm
from cis.desk.ledger_names import ledger_name
from cis.desk.roles import BILLERS, READERS
from cis.kernel.errors import Refused
from cis.platform.access import actor_of, allow


@allow(*READERS)
def journal(request: HttpRequest, year: int, month: int, form: str) -> HttpResponse:
    """Give the journal of a month as a file: plain text or CSV; what is missing for it leads to the chart."""
    card = card_of(year, month)
    try:
        with or_404():
            found = journals.of_month(month=card.month, today=today())
    except Refused as refusal:
        tell_refusal(request, refusal)
        for one in refusal.detail.get("findings", ()):
            messages.warning(request, f"{ledger_name(one.where)} ({one.where})")
        return redirect("desk:chart")
    is_table = form == "csv"
    answer = HttpResponse(
        domain.table(found) if is_table else domain.plain_text(found),
        content_type=f"text/{'csv' if is_table else 'plain'}; charset=utf-8",
    )
    answer["Content-Disposition"] = f'attachment; filename="journal-{card.month:%Y-%m}.{form}"'
    return answer


@allow(*READERS)
def chart(request: HttpRequest) -> HttpResponse:
    """Show under which number of the company's chart each ledger account is kept."""
    return _chart(request, ChartForm(initial=_given(request), codes=_codes()))


@allow(*BILLERS)
def enter(request: HttpRequest) -> HttpResponse:
    """Give a ledger account its number from a month on."""
    form = ChartForm(posted(request), initial=_given(request), codes=_codes())
    if request.method == "POST" and form.is_valid():
        try:
            charts.enter(actor=actor_of(request), **form.cleaned_data)
        except Refused as refusal:
            form.refuse(refusal)
        else:
            messages.success(request, _("The number is kept."))
            return redirect("desk:chart")
    return _chart(request, form)


@allow(*READERS)
def chart_file(request: HttpRequest) -> StreamingHttpResponse:  # noqa: ARG001
    """Give the chart as a file."""
    header = [_("Ledger account"), _("Name"), _("Number"), _("Name in the chart"), _("From month")]
    rows = (
        (one.code, ledger_name(one.code), one.number, one.name, one.since_month and f"{one.since_month:%Y-%m}")
        for one in journals.chart_lines()
    )
    return csv_file("chart-of-accounts.csv", header, rows)


@allow(*READERS)
def opening(request: HttpRequest) -> HttpResponse:  # noqa: ARG001
    """Give what opens the accounts of the chart in the journal's format."""
    text = domain.opening_text(journals.chart(), currency=supplier.current().currency)
    answer = HttpResponse(text, content_type="text/plain; charset=utf-8")
    answer["Content-Disposition"] = 'attachment; filename="accounts.beancount"'
    return answer


def _chart(request: HttpRequest, form: ChartForm) -> HttpResponse:
    lines = journals.chart_lines()
    context: dict[str, Any] = {
        "form": form,
        "lines": lines,
        "missing": sum(not one.number for one in lines),
        "may_enter": bool(actor_of(request).roles & {*BILLERS}),
    }
    return render(request, "desk/chart.html", context)


def _codes() -> dict[str, str]:
    return {one.code: f"{ledger_name(one.code)} ({one.code})" for one in journals.chart_lines()}


def _given(request: HttpRequest) -> dict[str, object]:
    return {"since_month": today().replace(day=1), "code": request.GET.get("code", "")}
