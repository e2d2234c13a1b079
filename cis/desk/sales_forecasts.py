"""Sales of the months that come on the desk, class by class."""

from collections.abc import Sequence
from typing import Any

from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from accounts.queries import supplier
from billing.queries import sales
from billing.queries.sales import SalesRow
from cis.desk.answers import FILE_ROWS_MOST, csv_file
from cis.desk.roles import READERS
from cis.desk.words import word
from cis.kernel.currency import SYMBOLS
from cis.kernel.fixed import to_text
from cis.platform.access import allow
from cis.platform.paging import page_context
from cis.platform.templatetags.local import month, plain_money

KWH_PLACES, PERCENT_PLACES = 3, 2


@allow(*READERS)
@require_safe
def index(request: HttpRequest) -> HttpResponse:
    """Show what classes are expected to take and to pay in the months that come."""
    page = page_context(request, sales.foretold)
    context = {**page, "currency": supplier.current().currency, "chart": _chart(page["rows"])}
    return render(request, "desk/forecasts/sales.html", context)


@allow(*READERS)
@require_safe
def export(request: HttpRequest) -> StreamingHttpResponse:  # noqa: ARG001 (the view's form)
    """Give the same as a file."""
    header = [
        _("Month"), _("Class of customers"), _("Energy (kWh)"), _("Amount"), _("Method"), _("Error (%)"),
        _("Error of last year's month (%)"), _("Known until"), _("Made at"),
    ]  # fmt: skip
    rows = (
        (one.month.strftime("%Y-%m"), _class(one), to_text(one.energy_wh, places=KWH_PLACES),
         plain_money(one.amount_minor), word("sales_method", one.method), _percent(one.error_e4),
         _percent(one.naive_error_e4), one.known_until, one.made_at.isoformat())
        for one in sales.foretold(most=FILE_ROWS_MOST)
    )  # fmt: skip
    return csv_file("sales-forecasts.csv", header, rows)


def _chart(rows: Sequence[SalesRow]) -> dict[str, Any]:
    """Return the amounts of each class by month, one upon the other."""
    months = sorted({one.month for one in rows})
    names = sorted({one.customer_class for one in rows})
    amounts = {(one.customer_class, one.month): one.amount_minor for one in rows}
    words = {one.customer_class: _class(one) for one in rows}
    return {
        "labels": [month(one) for one in months], "words": {"symbol": SYMBOLS.get(supplier.current().currency, "")},
        "series": [{"name": words[name], "values": [amounts.get((name, one), 0) for one in months]} for name in names],
    }  # fmt: skip


def _class(one: SalesRow) -> str:
    return word("customer_class", one.customer_class) if one.customer_class else _("No class named")


def _percent(error_e4: int | None) -> str:
    return "" if error_e4 is None else to_text(error_e4, places=PERCENT_PLACES)
