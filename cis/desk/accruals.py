"""Accruals of revenue: the list by month, one with its sums and coverage, its accounts, and files of all three."""

from collections.abc import Sequence
from functools import partial
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST

from accounts.queries import supplier
from billing.domain.accruals import code_of
from billing.operations import accruals as operations
from billing.queries import accruals as queries
from billing.queries import second_person
from billing.queries.accruals import AccountRow, AccrualCard, TotalRow, Wanted
from cis.desk.answers import FILE_ROWS_MOST, asks_for, csv_file, or_404, tell_refusal, today
from cis.desk.forms.accruals import AccrualAccountsForm, AccrualForm
from cis.desk.ledger_names import ledger_name
from cis.desk.roles import BILLERS, READERS
from cis.desk.words import word
from cis.kernel.actors import Actor
from cis.kernel.currency import SYMBOLS
from cis.kernel.errors import Refused
from cis.kernel.fixed import to_text
from cis.platform import progress
from cis.platform.access import actor_of, allow
from cis.platform.paging import page_context
from cis.platform.phrases import SENTENCES, explain
from cis.platform.templatetags.local import in_language, plain_money
from cis.platform.templatetags.local import month as month_name

VERBS = ("post", "agree", "refuse", "drop")
POSTED = gettext_lazy("It is posted on the last day of the month, and taken back on the first day of the next.")
WAITS = gettext_lazy("It is above what you post alone: a second person decides.")
REFUSED = gettext_lazy("It is not posted; the accrual stays as it was rated.")
DROPPED = gettext_lazy("It is dropped; nothing was posted.")
WH_PLACES = 3
PERCENT_PLACES = 2
PROGRESS = "accrual-progress"


@allow(*READERS)
def index(request: HttpRequest) -> HttpResponse:
    """List accruals, the latest month first; billers begin one."""
    context = page_context(request, queries.listed)
    context |= {
        "form": AccrualForm(today=today()),
        "may_make": actor_of(request).is_one_of(operations.MAKERS),
        "chart": _chart(context["rows"]),
        "people": second_person.names({one.poster_id or one.opener_id or 0 for one in context["rows"]} - {0}),
    }
    return render(request, "desk/accruals/list.html", context)


@allow(*READERS)
def export(request: HttpRequest) -> StreamingHttpResponse:  # noqa: ARG001
    """Give the same list as a file."""
    header = [_("Accrual"), _("Month"), _("State"), _("Amount without tax"), _("Posted"), _("Made anew as")]
    rows = (
        (one.id, f"{one.month:%Y-%m}", word("accrual", one.state), plain_money(one.net_minor), one.posted_at,
         one.replaced_by_id)
        for one in queries.listed(most=FILE_ROWS_MOST)
    )  # fmt: skip
    return csv_file("accruals.csv", header, rows)


@allow(*BILLERS)
@require_POST
def new(request: HttpRequest) -> HttpResponse:
    """Let a month be rated; nothing is posted yet."""
    form = AccrualForm(request.POST, today=today())
    if not form.is_valid():
        messages.error(request, _("Choose a month that is over."))
        return redirect("desk:accruals")
    try:
        made = operations.open_new(month=form.chosen(), today=today(), actor=actor_of(request))
    except Refused as refusal:
        tell_refusal(request, refusal)
        return redirect("desk:accruals")
    return redirect("desk:accrual", made)


@allow(*READERS)
def show(request: HttpRequest, accrual_id: int) -> HttpResponse:
    """Show an accrual: how far it is, what it comes to, who is not in it, what was billed later."""
    card = _card(accrual_id)
    context: dict[str, Any] = {"card": card, "job": progress.one(job_id=card.job_id) if card.job_id else None}
    if asks_for(request, PROGRESS):
        answer = render(request, "desk/accruals/_progress.html", context)
        if card.state != "rating":
            answer["HX-Refresh"] = "true"
        return answer
    totals, coverage = queries.totals(accrual_id=accrual_id), queries.coverage(accrual_id=accrual_id)
    told = queries.back_test(accrual_id=accrual_id) if card.state != "rating" else None
    context |= {
        "totals": [(one, _tariff(one), code_of(one.ledger_class)) for one in totals],
        "net_minor": sum(one.net_minor for one in totals),
        "tax_minor": sum(one.tax_minor for one in totals),
        "coverage": [(one, _(SENTENCES.get(one.reason, one.reason)) if one.reason else "") for one in coverage],
        "accounts": sum(one.accounts for one in coverage),
        "left_out": sum(one.accounts for one in coverage if one.outcome == "not_rated"),
        "partly": sum(one.accounts for one in coverage if one.outcome == "partly"),
        "told": told,
        "percent": None if told is None or told.percent_e2 is None else to_text(told.percent_e2, places=PERCENT_PLACES),
        "may_make": actor_of(request).is_one_of(operations.MAKERS),
        "people": second_person.names({one for one in (card.opener_id, card.asker_id, card.poster_id) if one}),
        "is_own": card.asker_id == actor_of(request).id,
    }
    return render(request, "desk/accruals/accrual.html", context)


@allow(*BILLERS)
@require_POST
def act(request: HttpRequest, accrual_id: int) -> HttpResponse:
    """Post an accrual, decide on its posting as the second person, or drop it."""
    verb = request.POST.get("action", "")
    if verb not in VERBS:
        raise Http404
    _card(accrual_id)
    try:
        messages.success(request, _act(verb, accrual_id, actor_of(request)))
    except Refused as refusal:
        tell_refusal(request, refusal)
    return redirect("desk:accrual", accrual_id)


def _act(verb: str, accrual_id: int, actor: Actor) -> Any:
    """Do it, and return what the page says of it."""
    if verb == "drop":
        operations.drop(accrual_id=accrual_id, actor=actor)
        return DROPPED
    if verb == "post":
        return POSTED if operations.post(accrual_id=accrual_id, today=today(), actor=actor) else WAITS
    is_agreed = verb == "agree"
    operations.decide(accrual_id=accrual_id, is_agreed=is_agreed, today=today(), actor=actor)
    return POSTED if is_agreed else REFUSED


@allow(*READERS)
def totals_file(request: HttpRequest, accrual_id: int) -> StreamingHttpResponse:  # noqa: ARG001
    """Give the sums by tariff and ledger class as a file."""
    card = _card(accrual_id)
    header = [_("Tariff"), _("Name"), _("Ledger account"), _("Accounts"), _("Amount without tax"), _("Tax in it")]
    rows = (
        (one.tariff_code, _tariff(one), ledger_name(code_of(one.ledger_class)), one.accounts,
         plain_money(one.net_minor), plain_money(one.tax_minor))
        for one in queries.totals(accrual_id=accrual_id)
    )  # fmt: skip
    return csv_file(f"accrual-{card.month:%Y-%m}.csv", header, rows)


@allow(*READERS)
def accounts(request: HttpRequest, accrual_id: int) -> HttpResponse:
    """List the accounts of an accrual, with the reason of those that are not in it."""
    card, form = _card(accrual_id), AccrualAccountsForm(request.GET)
    wanted = form.wanted()
    context = page_context(request, partial(queries.accounts, accrual_id=accrual_id, wanted=wanted))
    context["rows"] = [(one, _reason(one)) for one in context["rows"]]
    context |= {"card": card, "form": form, "is_filtered": wanted != Wanted()}
    return render(request, "desk/accruals/accounts.html", context)


@allow(*READERS)
def accounts_file(request: HttpRequest, accrual_id: int) -> StreamingHttpResponse:
    """Give the same list as a file."""
    card = _card(accrual_id)
    header = [
        _("Account"), _("Outcome"), _("Reason"), _("Billed until"), _("Accrued until"), _("kWh"),
        _("Accrued without tax"), _("Billed later without tax"),
    ]  # fmt: skip
    found = queries.accounts(
        accrual_id=accrual_id, wanted=AccrualAccountsForm(request.GET).wanted(), most=FILE_ROWS_MOST
    )  # fmt: skip
    rows = (
        (one.number, word("accrual_outcome", one.outcome), _reason(one), one.billed_until, one.told_until,
         to_text(one.used_wh, places=WH_PLACES), _money(one.accrued_minor), _money(one.billed_minor))
        for one in found
    )  # fmt: skip
    return csv_file(f"accrual-accounts-{card.month:%Y-%m}.csv", header, rows)


def _card(accrual_id: int) -> AccrualCard:
    with or_404():
        return queries.one(accrual_id=accrual_id)


def _tariff(row: TotalRow) -> str:
    return in_language({"zh": row.name_zh, "en": row.name_en})


def _reason(row: AccountRow) -> str:
    """Return why an account is not in the accrual, in the language of the page, with the facts of the case."""
    if not row.reason:
        return ""
    words = explain(row.reason, row.text)
    return f"{words.message} {words.detail}".strip()


def _money(amount_minor: int | None) -> str:
    return "" if amount_minor is None else plain_money(amount_minor)


def _chart(rows: Sequence[AccrualCard]) -> dict[str, Any] | None:
    """Return the amounts that stand by month, oldest first; None: fewer than two months have one."""
    posted = [one for one in reversed(rows) if one.state == "posted"]
    if len(posted) < 2:  # noqa: PLR2004 (one bar says nothing)
        return None
    return {
        "labels": [month_name(one.month) for one in posted],
        "series": [{"name": ledger_name("asset.unbilled"), "values": [one.net_minor for one in posted]}],
        "words": {"symbol": SYMBOLS.get(supplier.current().currency, "")},
    }
