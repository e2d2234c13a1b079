"""Direct debits on the desk: what is under way, what waits for two persons, batches and what the bank says of them."""

from functools import partial
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from cashiering.domain.formats.pain002 import BYTES_MOST
from cashiering.operations import debit_batches, debit_reports
from cashiering.operations import debits as operations
from cashiering.queries import debits
from cashiering.queries.debits import DebitsWanted
from cis.desk.answers import FILE_ROWS_MOST, csv_file, or_404, posted, tell_refusal
from cis.desk.forms.debits import BatchListForm, DebitListForm, ReportForm
from cis.desk.roles import READERS
from cis.desk.words import word
from cis.kernel.enums import Role
from cis.kernel.errors import Refused
from cis.platform.access import actor_of, allow
from cis.platform.paging import page_context
from cis.platform.templatetags.local import plain_money

DECIDERS = (Role.CASHIER, Role.BILLING, Role.SUPERVISOR)


@allow(*READERS)
def index(request: HttpRequest) -> HttpResponse:
    """List debits; those that wait for a person say why."""
    form, wanted = _asked(request)
    count, sum_minor = debits.sums(wanted=wanted)
    context = {
        "form": form,
        **page_context(request, partial(debits.listed, wanted=wanted)),
        "count": count,
        "sum_minor": sum_minor,
        "waiting": debits.sums(wanted=DebitsWanted(only="waiting"))[0],
        "problems": debits.sums(wanted=DebitsWanted(only="problem"))[0],
        "is_filtered": wanted != DebitsWanted(),
        "may_act": _may(request),
        "me": actor_of(request).id,
    }
    return render(request, "desk/debits/debits.html", context)


@allow(*READERS)
def export(request: HttpRequest) -> StreamingHttpResponse:
    """Give the list as a file."""
    _form, wanted = _asked(request)
    return _csv("debits.csv", wanted)


@allow(*DECIDERS)
@require_POST
def decide(request: HttpRequest, debit_id: int, verb: str) -> HttpResponse:
    """Do with a held debit what was chosen."""
    actor = actor_of(request)
    deeds: dict[str, Any] = {
        "propose": (lambda: operations.propose(debit_id=debit_id, actor=actor), _("A second person decides.")),
        "release": (
            lambda: operations.release(debit_id=debit_id, at=timezone.now(), actor=actor),
            _("The debit goes; the customer is told."),
        ),
        "keep": (lambda: operations.keep_held(debit_id=debit_id, actor=actor), _("The debit stays held.")),
        "drop": (lambda: operations.drop(debit_id=debit_id, actor=actor), _("The debit is dropped.")),
    }
    _do(request, deeds, verb)
    return redirect(f"{reverse('desk:debits')}?only=waiting")


@allow(*READERS)
def batches(request: HttpRequest) -> HttpResponse:
    """List batches with what became of them."""
    form, state = _asked_state(request)
    context = {
        "form": form,
        **page_context(request, partial(debits.batches, state=state)),
        "is_filtered": bool(state),
        "may_act": _may(request),
    }
    return render(request, "desk/debits/batches.html", context)


@allow(*READERS)
def batches_file(request: HttpRequest) -> StreamingHttpResponse:
    """Give the list of batches as a file."""
    _form, state = _asked_state(request)
    header = [_("Batch"), _("Day"), _("State"), _("Debits"), _("Amount"), _("Collected"), _("Came back"),
              _("Under way"), "SHA-256"]  # fmt: skip
    rows = (
        (c.reference, c.made_date, word("debit_batch", c.state), c.debit_count, plain_money(c.amount_minor),
         plain_money(c.collected_minor), plain_money(c.back_minor), plain_money(c.waiting_minor), c.sha256)
        for c in debits.batches(state=state, most=FILE_ROWS_MOST)
    )  # fmt: skip
    return csv_file("debit-batches.csv", header, rows)


@allow(*READERS)
def batch(request: HttpRequest, batch_id: int) -> HttpResponse:
    """Show a batch with its debits."""
    with or_404():
        card = debits.batch(batch_id=batch_id)
    context = {
        "card": card,
        "are_carried": debit_batches.are_carried(),
        **page_context(request, partial(debits.listed, wanted=DebitsWanted(batch_id=batch_id))),
        "may_act": _may(request),
        "me": actor_of(request).id,
    }
    return render(request, "desk/debits/batch.html", context)


@allow(*READERS)
def batch_lines(_request: HttpRequest, batch_id: int) -> StreamingHttpResponse:
    """Give the debits of a batch as a file."""
    with or_404():
        card = debits.batch(batch_id=batch_id)
    return _csv(f"{card.reference}.csv", DebitsWanted(batch_id=batch_id))


@allow(*DECIDERS)
def batch_file(request: HttpRequest, batch_id: int) -> HttpResponse:
    """Give the file for the bank; that somebody took it is recorded."""
    with or_404():
        name, content = debit_batches.file_of(batch_id=batch_id, actor=actor_of(request))
    answer = HttpResponse(content, content_type="application/xml")
    answer["Content-Disposition"] = f'attachment; filename="{name}"'
    answer["Cache-Control"] = "no-store"
    return answer


@allow(*DECIDERS)
@require_POST
def act(request: HttpRequest, batch_id: int, verb: str) -> HttpResponse:
    """Do with a batch what was chosen."""
    actor = actor_of(request)
    deeds: dict[str, Any] = {
        "propose": (lambda: debit_batches.propose(batch_id=batch_id, actor=actor), _("A second person decides.")),
        "release": (
            lambda: debit_batches.release(batch_id=batch_id, at=timezone.now(), actor=actor),
            _("The batch goes to the bank."),
        ),
        "keep": (lambda: debit_batches.keep_back(batch_id=batch_id, actor=actor), _("The batch waits as before.")),
        "sent": (lambda: debit_batches.mark_sent(batch_id=batch_id, actor=actor), _("The bank has it.")),
    }
    _do(request, deeds, verb)
    return redirect("desk:debit_batch", batch_id)


@allow(*DECIDERS)
def report(request: HttpRequest) -> HttpResponse:
    """Take what the bank says of a batch (pain.002)."""
    form = ReportForm(posted(request), request.FILES or None)
    if request.method == "POST" and form.is_valid():
        given = form.cleaned_data["file"]
        try:
            count = debit_reports.take(content=given.read(BYTES_MOST + 1), name=given.name, actor=actor_of(request))
        except Refused as refusal:
            form.refuse(refusal)
        else:
            messages.success(request, _("The report is taken; debits rejected by it: %(n)s.") % {"n": count})
            return redirect("desk:debit_batches")
    return render(request, "desk/debits/report.html", {"form": form})


def _do(request: HttpRequest, deeds: dict[str, Any], verb: str) -> None:
    if verb not in deeds:
        raise Http404
    deed, words = deeds[verb]
    with or_404():
        try:
            deed()
        except Refused as refusal:
            if refusal.code.startswith("unknown_"):
                raise
            tell_refusal(request, refusal)
        else:
            messages.success(request, words)


def _csv(name: str, wanted: DebitsWanted) -> StreamingHttpResponse:
    header = [_("Debit"), _("State"), _("Account"), _("Bill"), _("Mandate"), _("Holder of the bank account"),
              _("Bank account"), _("Amount"), _("Day of the debit"), _("Batch"), _("Try"), _("Reason")]  # fmt: skip
    rows = (
        (c.name, word("debit", c.state), c.account_number, c.bill_number, c.mandate_reference, c.holder_name,
         c.bank_account, plain_money(c.amount_minor), c.collection_date, c.batch_reference, c.attempt,
         c.return_reason or " ".join(word("debit_held", one) for one in c.held_reasons))
        for c in debits.listed(wanted=wanted, most=FILE_ROWS_MOST)
    )  # fmt: skip
    return csv_file(name, header, rows)


def _asked(request: HttpRequest) -> tuple[DebitListForm, DebitsWanted]:
    form = DebitListForm(request.GET or None)
    given = form.cleaned_data if form.is_valid() else {}
    return form, DebitsWanted(
        text=(given.get("text") or "").strip(), state=given.get("state") or "", only=given.get("only") or ""
    )


def _asked_state(request: HttpRequest) -> tuple[BatchListForm, str]:
    form = BatchListForm(request.GET or None)
    return form, (form.cleaned_data.get("state") or "") if form.is_valid() else ""


def _may(request: HttpRequest) -> bool:
    return bool(actor_of(request).roles & set(DECIDERS))
