"""What was earned in a month by component and class of use, and what came in by channel over twelve months."""

from collections.abc import Mapping
from datetime import date
from typing import Any

from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _

from accounts.queries import supplier
from billing.queries import income
from billing.queries.income import REVENUE, Moved
from cis.desk.answers import csv_file, today
from cis.desk.forms.reports import NOT_KNOWN
from cis.desk.ledger_names import ledger_name
from cis.desk.roles import READERS
from cis.desk.words import word
from cis.kernel.currency import SYMBOLS
from cis.kernel.periods import add_months
from cis.platform.access import allow
from cis.platform.forms import day_of
from cis.platform.templatetags.local import month as month_name
from cis.platform.templatetags.local import plain_money

MONTHS = 12
Series = Mapping[str, Mapping[date, Moved]]


@allow(*READERS)
def show(request: HttpRequest) -> HttpResponse:
    """Show revenue of a month by component and class, and receipts of the twelve months up to it by channel."""
    month = _month(request)
    since = add_months(month, 1 - MONTHS)
    months = [add_months(since, n) for n in range(MONTHS)]
    by_class = income.by_class(month=month)
    classes = sorted({name for row in by_class.values() for name in row})
    cash = income.received(since=since, until=month)
    earned = income.by_month(codes=REVENUE, since=since, until=month)
    next_month = add_months(month, 1)
    context: dict[str, Any] = {
        "month": month,
        "before": add_months(month, -1),
        "after": next_month if next_month <= today() else None,
        "months": months,
        "classes": [(name, name or NOT_KNOWN) for name in classes],
        "lines": [
            (code, [(name or NOT_KNOWN, row.get(name, 0)) for name in classes], sum(row.values()))
            for code, row in by_class.items()
        ],
        "sums": [sum(row.get(name, 0) for row in by_class.values()) for name in classes],
        "sum_minor": sum(sum(row.values()) for row in by_class.values()),
        "receipts": [(code, [(one, _net(row, one)) for one in months]) for code, row in cash.items()],
        "receipt_sums": [sum(_net(row, one) for row in cash.values()) for one in months],
        "cash_chart": _chart(cash, months, sign=1),
        "revenue_chart": _chart(earned, months, sign=-1),
    }
    return render(request, "desk/income.html", context)


@allow(*READERS)
def export(request: HttpRequest) -> StreamingHttpResponse:
    """Give revenue of a month by component and class as a file."""
    month = _month(request)
    header = [_("Ledger account"), _("Name"), _("Class"), _("Amount")]
    rows = (
        (code, ledger_name(code), word("customer_class", name) if name else _("not known"), plain_money(amount))
        for code, row in income.by_class(month=month).items()
        for name, amount in row.items()
    )
    return csv_file(f"revenue-{month:%Y-%m}.csv", header, rows)


@allow(*READERS)
def months_file(request: HttpRequest) -> StreamingHttpResponse:
    """Give revenue and receipts of twelve months as a file."""
    month = _month(request)
    since = add_months(month, 1 - MONTHS)
    header = [_("Ledger account"), _("Name"), _("Month"), _("Debit side"), _("Credit side")]
    rows = (
        (code, ledger_name(code), f"{one:%Y-%m}", plain_money(moved.debit_minor), plain_money(moved.credit_minor))
        for found in (
            income.by_month(codes=REVENUE, since=since, until=month),
            income.received(since=since, until=month),
        )
        for code, row in found.items()
        for one, moved in row.items()
    )
    return csv_file(f"revenue-and-receipts-{month:%Y-%m}.csv", header, rows)


def _month(request: HttpRequest) -> date:
    """Return the month asked for; this one where none is, or one to come."""
    asked = day_of(f"{request.GET.get('month', '')[:7]}-01")
    this = today().replace(day=1)
    return this if asked is None else min(asked, this)


def _net(row: Mapping[date, Moved], month: date) -> int:
    moved = row.get(month, Moved())
    return moved.debit_minor - moved.credit_minor


def _chart(found: Series, months: list[date], *, sign: int) -> dict[str, Any]:
    return {
        "labels": [month_name(one) for one in months],
        "series": [
            {"name": ledger_name(code), "values": [sign * _net(row, one) for one in months]}
            for code, row in found.items()
        ],
        "words": {"symbol": SYMBOLS.get(supplier.current().currency, "")},
    }
