"""Payouts of providers: bring a report, see what of it is known, and what is in transit."""

from functools import partial
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _

from cashiering.gateways import online
from cashiering.operations import payouts as operations
from cashiering.queries import payouts as queries
from cis.desk.answers import FILE_ROWS_MOST, csv_file, or_404, posted, tell_refusal, today
from cis.desk.forms.checkouts import PayoutListForm, PayoutUploadForm
from cis.desk.roles import CASHIERS, READERS
from cis.desk.words import word
from cis.kernel.errors import Refused
from cis.platform.access import actor_of, allow
from cis.platform.paging import page_context
from cis.platform.templatetags.local import plain_money

MISSING_SHOWN = 50


@allow(*READERS)
def index(request: HttpRequest) -> HttpResponse:
    """List payouts, and what each provider has of ours."""
    form, wanted = _asked(request)
    context = {
        "form": form,
        **page_context(request, partial(queries.listed, **wanted)),
        "is_filtered": any(wanted.values()),
        "missing": queries.missing(most=MISSING_SHOWN),
        "transit": [(name, queries.in_transit_minor(provider=name)) for name in online.names()],
        "may_act": _may(request),
    }
    return render(request, "desk/checkouts/payouts.html", context)


@allow(*READERS)
def export(request: HttpRequest) -> StreamingHttpResponse:
    """Give the list as a file."""
    _form, wanted = _asked(request)
    header = [_("Payout"), _("Provider"), _("Day"), _("Paid by customers"), _("Fees"), _("To our bank"), _("State"),
              _("Lines"), _("Lines not known")]  # fmt: skip
    rows = (
        (c.reference, word("provider", c.provider), c.paid_date, plain_money(c.gross_minor), plain_money(c.fee_minor),
         plain_money(c.net_minor), word("payout", c.state), c.line_count, c.unknown)
        for c in queries.listed(**wanted, most=FILE_ROWS_MOST)
    )  # fmt: skip
    return csv_file("payouts.csv", header, rows)


@allow(*CASHIERS)
def upload(request: HttpRequest) -> HttpResponse:
    """Take a report, or say what is wrong in it."""
    form = PayoutUploadForm(posted(request), request.FILES or None)
    findings: list[str] = []
    if request.method == "POST" and form.is_valid():
        given = form.cleaned_data["file"]
        try:
            taken = operations.take(
                content=given.read(operations.BYTES_MOST + 1), name=given.name,
                provider=form.cleaned_data["provider"], today=today(), actor=actor_of(request),
            )  # fmt: skip
        except Refused as refusal:
            findings = [str(fault) for fault in refusal.detail.get("findings", ())]
            form.refuse(refusal)
        else:
            text = _("The report is taken.") if taken.is_new else _("This report was known before; nothing changed.")
            messages.success(request, text)
            return redirect("desk:payout", taken.payout_id)
    return render(request, "desk/checkouts/payout_upload.html", {"form": form, "findings": findings})


@allow(*READERS)
def show(request: HttpRequest, payout_id: int) -> HttpResponse:
    """Show a payout and its lines, those that are not known first."""
    with or_404():
        card = queries.one(payout_id=payout_id)
    context = {
        "card": card,
        **page_context(request, partial(queries.lines, payout_id=payout_id)),
        "missing": queries.missing(payout_id=payout_id, most=MISSING_SHOWN),
        "may_act": _may(request),
    }
    return render(request, "desk/checkouts/payout.html", context)


@allow(*READERS)
def missing_file(request: HttpRequest) -> StreamingHttpResponse:  # noqa: ARG001
    """Give the payments that no settlement file brings as a file."""
    header = [_("Reference"), _("Payment of the provider"), _("Provider"), _("Day"), _("Amount"), _("State")]
    rows = (
        (c.reference, c.payment_reference, word("provider", c.provider), c.paid_date, plain_money(c.amount_minor),
         word("checkout", c.state))
        for c in queries.missing(most=FILE_ROWS_MOST)
    )  # fmt: skip
    return csv_file("payments-missing.csv", header, rows)


@allow(*READERS)
def lines_file(request: HttpRequest, payout_id: int) -> StreamingHttpResponse:  # noqa: ARG001 (a door)
    """Give the lines of a payout as a file."""
    with or_404():
        queries.one(payout_id=payout_id)
    header = [_("Line"), _("Reference"), _("Payment of the provider"), _("Kind"), _("Day"), _("Paid by customers"),
              _("Known here"), _("Fees"), _("State"), _("What to do")]  # fmt: skip
    rows = (
        (c.line_no, c.reference, c.payment_reference, word("payout_kind", c.kind), c.paid_date or "",
         plain_money(c.gross_minor), "" if c.our_minor is None else plain_money(c.our_minor), plain_money(c.fee_minor),
         word("payout_line", c.state), word("payout_step", c.state))
        for c in queries.lines(payout_id=payout_id, most=FILE_ROWS_MOST)
    )  # fmt: skip
    return csv_file(f"payout-{payout_id}.csv", header, rows)


@allow(*CASHIERS)
def act(request: HttpRequest, payout_id: int, verb: str) -> HttpResponse:
    """Look at a held payout again, or let it go on."""
    with or_404():
        queries.one(payout_id=payout_id)
    if request.method != "POST" or verb not in {"look", "accept"}:
        raise Http404
    try:
        if verb == "accept":
            operations.accept(payout_id=payout_id, actor=actor_of(request))
        else:
            operations.look_again(payout_id=payout_id, at=timezone.now(), actor=actor_of(request))
    except Refused as refusal:
        tell_refusal(request, refusal)
    else:
        messages.success(request, _("Saved."))
    return redirect("desk:payout", payout_id)


def _may(request: HttpRequest) -> bool:
    return bool(actor_of(request).roles & set(CASHIERS))


def _asked(request: HttpRequest) -> tuple[PayoutListForm, dict[str, Any]]:
    form = PayoutListForm(request.GET or None)
    given = form.cleaned_data if form.is_valid() else {}
    return form, {"text": (given.get("text") or "").strip(), "state": given.get("state") or ""}
