"""How old debts are: sums by age and class of use as of a day, and the accounts behind each number."""

from typing import Any

from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _

from accounts.queries import supplier
from billing.domain.ageing import DEBTS, Band
from billing.queries import ageing
from billing.queries.ageing import Ageing, Amounts
from cis.desk.answers import FILE_ROWS_MOST, csv_file, today
from cis.desk.forms.reports import NOT_KNOWN, AgedForm, AgeingForm
from cis.desk.report_words import BANDS
from cis.desk.roles import READERS
from cis.desk.words import word
from cis.kernel.currency import SYMBOLS
from cis.platform.access import allow
from cis.platform.paging import ROWS
from cis.platform.templatetags.local import plain_money


@allow(*READERS)
def show(request: HttpRequest) -> HttpResponse:
    """Show what customers owe as of a day, by age and class of use."""
    form = AgeingForm(request.GET or None, today=today())
    found = ageing.of_day(day=form.asked_day())
    context: dict[str, Any] = {
        "form": form,
        "found": found,
        "is_filtered": bool(request.GET),
        "bands": list(Band),
        "lines": [(name, name or NOT_KNOWN, _cells(row), row) for name, row in found.classes.items()],
        "total": _cells(found.total),
        "chart": _chart(found),
        "overdue_minor": found.total.owed_minor - found.total.amount_minor[Band.NOT_DUE],
    }
    return render(request, "desk/ageing.html", context)


@allow(*READERS)
def export(request: HttpRequest) -> StreamingHttpResponse:
    """Give the same sums as a file."""
    found = ageing.of_day(day=AgeingForm(request.GET or None, today=today()).asked_day())
    header = [_("Class"), *(str(BANDS[band]) for band in DEBTS), _("Owed"), _("Credit"), _("Balance")]
    rows = [(_class_name(name), *_amounts(row)) for name, row in found.classes.items()]
    return csv_file(f"ageing-{found.day}.csv", header, [*rows, (_("Sum"), *_amounts(found.total))])


@allow(*READERS)
def accounts(request: HttpRequest) -> HttpResponse:
    """List the accounts behind a number, in the order of their numbers."""
    form, after = AgedForm(request.GET or None, today=today()), request.GET.get("after", "")
    after = after if after.isascii() and after.isalnum() else ""
    day, wanted = form.asked_day(), form.wanted()
    rows = ageing.listed(day=day, wanted=wanted, after=after, most=ROWS + 1)
    kept = request.GET.copy()
    kept.pop("after", None)
    context = {
        "form": form,
        "day": day,
        "rows": rows[:ROWS],
        "wanted": wanted,
        "bands": [wanted.band] if wanted.band else list(Band),
        "is_filtered": bool(kept),
        "query": kept.urlencode(),
        "is_first": not after,
        "next": f"after={rows[ROWS - 1].number}" if len(rows) > ROWS else "",
    }
    return render(request, "desk/aged_accounts.html", context)


@allow(*READERS)
def accounts_file(request: HttpRequest) -> StreamingHttpResponse:
    """Give the same list as a file."""
    form = AgedForm(request.GET or None, today=today())
    day = form.asked_day()
    found = ageing.listed(day=day, wanted=form.wanted(), most=FILE_ROWS_MOST)
    header = [_("Account"), _("Customer"), _("Class"), _("Oldest due date"), *(str(BANDS[band]) for band in Band),
              _("Balance")]  # fmt: skip
    rows = (
        (row.number, row.holder, _class_name(row.customer_class), row.due_date,
         *(plain_money(row.amount_minor[band]) for band in Band), plain_money(row.balance_minor))
        for row in found
    )  # fmt: skip
    return csv_file(f"ageing-accounts-{day}.csv", header, rows)


def _cells(row: Amounts) -> list[tuple[Band, int, int]]:
    return [(band, row.amount_minor[band], row.accounts[band]) for band in Band]


def _amounts(row: Amounts) -> tuple[str, ...]:
    debts = [row.amount_minor[band] for band in DEBTS]
    return tuple(plain_money(one) for one in (*debts, row.owed_minor, row.amount_minor[Band.CREDIT], row.balance_minor))


def _class_name(name: str) -> str:
    return word("customer_class", name) if name else _("not known")


def _chart(found: Ageing) -> dict[str, Any]:
    return {
        "labels": [str(BANDS[band]) for band in DEBTS],
        "series": [
            {"name": _class_name(name), "values": [row.amount_minor[band] for band in DEBTS]}
            for name, row in found.classes.items()
            if row.owed_minor
        ],
        "words": {"symbol": SYMBOLS.get(supplier.current().currency, "")},
    }
