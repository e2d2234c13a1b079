"""Reads that came after their days were billed: the list, what one would cost, and the decision on it."""

from functools import partial

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from accounts.domain.privacy import LookPurpose
from accounts.operations import customers as customer_operations
from accounts.queries import accounts
from billing.operations import late_reads as operations
from billing.queries import late_reads
from cis.desk.answers import FILE_ROWS_MOST, csv_file, or_404, tell_refusal, today
from cis.desk.forms.late_reads import LateReadForm, LateReadListForm
from cis.desk.late_read_words import BY_RULE, LATE_READ_STATES, SMALL
from cis.desk.roles import BILLERS, READERS
from cis.kernel.errors import Refused
from cis.kernel.workflow import IllegalMove
from cis.platform.access import actor_of, allow
from cis.platform.paging import page_context


@allow(*READERS)
def index(request: HttpRequest) -> HttpResponse:
    """List late reads, the latest first."""
    form = LateReadListForm(request.GET)
    wanted = form.wanted()
    context = {
        "form": form,
        **page_context(request, partial(late_reads.listed, **wanted)),
        "count": late_reads.count(**wanted),
        "is_filtered": any(wanted.values()),
    }
    return render(request, "desk/late_reads.html", context)


@allow(*READERS)
def export(request: HttpRequest) -> StreamingHttpResponse:
    """Give the same list as a file."""
    found = late_reads.listed(**LateReadListForm(request.GET).wanted(), most=FILE_ROWS_MOST)
    header = [_("Number"), _("Account"), _("From"), _("State"), _("Came"), _("Decided by"), _("Reason"), _("Bill")]
    rows = (
        (r.id, r.account_number, r.from_date, str(LATE_READ_STATES[r.state]), r.opened_at,
         BY_RULE if r.is_by_rule else r.decider, SMALL if r.is_by_rule else r.reason,
         r.bill_number)
        for r in found
    )  # fmt: skip
    return csv_file("late-reads.csv", header, rows)


@allow(*READERS)
def show(request: HttpRequest, rebill_id: int) -> HttpResponse:
    """Show late reads of an account with what they would cost; looking at the customer is recorded."""
    return _page(request, rebill_id, LateReadForm())


@require_POST
@allow(*BILLERS)
def decide(request: HttpRequest, rebill_id: int) -> HttpResponse:
    """Bill them anew, or leave the bills as they are."""
    with or_404():
        late_reads.one(rebill_id=rebill_id)
    action, actor, form = request.POST.get("action", ""), actor_of(request), LateReadForm(request.POST)
    if action not in {"bill", "leave"}:
        raise Http404
    if not form.is_valid():
        return _page(request, rebill_id, form)
    given = form.cleaned_data
    try:
        if action == "bill":
            operations.bill(rebill_id=rebill_id, **given, today=today(), actor=actor)
            messages.success(request, _("The next run bills it anew."))
        else:
            operations.leave(rebill_id=rebill_id, reason=given["reason"], actor=actor)
            messages.success(request, _("The bills stay as they are."))
    except IllegalMove as refusal:  # somebody was quicker
        tell_refusal(request, refusal)
    except Refused as refusal:
        form.refuse(refusal)
        return _page(request, rebill_id, form)
    return redirect("desk:late_read", rebill_id)


def _page(request: HttpRequest, rebill_id: int, form: LateReadForm) -> HttpResponse:
    with or_404():
        card = late_reads.one(rebill_id=rebill_id)
    actor = actor_of(request)
    account = accounts.overview(account_id=card.account_id, at_date=today())
    customer_operations.record_look(customer_id=account.holder.id, actor=actor, purpose=LookPurpose.BILLING)
    is_waiting = card.state == late_reads.WAITING
    blamed = bool(form.is_bound and form.cleaned_data.get("is_customer_fault"))
    context = {
        "card": card,
        "account": account,
        "form": form,
        "preview": operations.preview(rebill_id=rebill_id, is_customer_fault=blamed, today=today())
        if is_waiting
        else None,
        "may_decide": is_waiting and bool(actor.roles & set(BILLERS)),
        "may_bill_now": card.state == "open" and bool(actor.roles & set(BILLERS)),
    }
    return render(request, "desk/late_read.html", context)
