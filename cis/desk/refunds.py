"""Refunds: the list, one with its three hands, a new one; files of transfers for the bank."""

from functools import partial
from typing import Any
from uuid import uuid4

from django.contrib import messages
from django.http import FileResponse, Http404, HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from accounts.domain.privacy import LookPurpose
from accounts.operations import customers as customer_operations
from accounts.queries import accounts, users
from billing.domain.refunds import LIVE, REFUND_WORKFLOW, RefundAction
from billing.operations import refunds as operations
from billing.queries import refunds, second_person
from billing.queries.refunds import RefundDetail, WantedRefunds
from cashiering.operations import refund_files as refund_file_operations
from cashiering.queries import refund_files
from cis.desk import phone_call
from cis.desk.answers import FILE_ROWS_MOST, csv_file, or_404, posted, tell_refusal, today
from cis.desk.forms.refunds import DropForm, NewRefundForm, PayeeForm, RefundListForm, ReturnForm, SendForm
from cis.desk.money_words import REFUND_STATES
from cis.desk.roles import BILLERS, CASHIERS, CLERKS, READERS
from cis.kernel.actors import Actor
from cis.kernel.errors import Refused
from cis.platform import documents
from cis.platform.access import actor_of, allow
from cis.platform.forms import PageForm
from cis.platform.paging import page_context
from cis.platform.templatetags.local import plain_money

FORMS: dict[str, type[PageForm]] = {
    "payee": PayeeForm, "send": SendForm, "return": ReturnForm, "drop": DropForm,
}  # fmt: skip
WITHOUT_FORM = frozenset({"approve", "confirm"})


@allow(*READERS)
def index(request: HttpRequest) -> HttpResponse:
    """List refunds, those to be done first."""
    form = RefundListForm(request.GET)
    wanted = form.wanted()
    page = page_context(request, partial(refunds.listed, wanted=wanted))
    rows = page["rows"]
    context = {
        "form": form,
        **page,
        "is_filtered": wanted != WantedRefunds(),
        "today": today(),
        "may_send": bool(actor_of(request).roles & {*CASHIERS, *BILLERS}) and any(_goes_by_file(r) for r in rows),
    }
    return render(request, "desk/money/refunds.html", context)


@allow(*READERS)
def export(request: HttpRequest) -> StreamingHttpResponse:
    """Give the same list as a file; bank accounts stay masked."""
    found = refunds.listed(wanted=RefundListForm(request.GET).wanted(), most=FILE_ROWS_MOST)
    header = [
        _("Refund"), _("Account"), _("Amount"), _("State"), _("To be paid by"), _("Paid to"), _("Bank account"),
        _("Reference"), _("Paid on"), _("Came back on"), _("Reason"),
    ]  # fmt: skip
    rows = (
        (r.id, r.account_number, plain_money(r.amount_minor), str(REFUND_STATES[r.state]), r.due_by_date, r.payee,
         r.masked_account, r.reference, r.paid_date, r.returned_date, r.return_reason or r.reason)
        for r in found
    )  # fmt: skip
    return csv_file("refunds.csv", header, rows)


@allow(*CLERKS, *CASHIERS, *BILLERS)
def new(request: HttpRequest, account_id: int) -> HttpResponse:
    """Ask for a refund on behalf of the customer; a second person approves it."""
    with or_404():
        account = accounts.overview(account_id=account_id, at_date=today())
    customer_operations.record_look(customer_id=account.holder.id, actor=actor_of(request), purpose=LookPurpose.PAYMENT)
    offer = refunds.offer(account_id=account_id, today=today())
    form = NewRefundForm(
        posted(request),
        initial={"request_key": uuid4().hex, "payee": account.holder.name, "amount": plain_money(offer.free_minor)},
    )
    if form.is_bound and form.is_valid():
        try:
            phone_call.see_known(request, account.holder.id)
            made = operations.ask(new=form.refund(account_id=account_id), today=today(), actor=actor_of(request))
        except Refused as refusal:
            form.refuse(refusal)
        else:
            messages.success(request, _("The refund is asked for; a second person approves it."))
            return redirect("desk:refund", made)
    return render(request, "desk/money/refund_new.html", {"form": form, "account": account, "offer": offer})


@allow(*READERS)
def show(request: HttpRequest, refund_id: int) -> HttpResponse:
    """Show a refund: to whom, who asked, who approved, who sent it; looking at the customer is recorded."""
    with or_404():
        card = refunds.one(refund_id=refund_id)
    return _page(request, card, {})


@allow(*CLERKS, *CASHIERS, *BILLERS)
@require_POST
def act(request: HttpRequest, refund_id: int) -> HttpResponse:
    """Name the payee, approve, drop, send, confirm or take back a refund."""
    with or_404():
        card = refunds.one(refund_id=refund_id)
    action = request.POST.get("action", "")
    if action not in FORMS and action not in WITHOUT_FORM:
        raise Http404
    form = FORMS[action](request.POST) if action in FORMS else None
    if form is not None and not form.is_valid():
        return _page(request, card, {action: form})
    try:
        if action == "payee":
            holder = accounts.overview(account_id=card.account_id, at_date=today()).holder
            phone_call.see_known(request, holder.id)
        _do(card, action, form.cleaned_data if form else {}, actor_of(request))
    except Refused as refusal:
        if form is None:
            tell_refusal(request, refusal)
            return redirect("desk:refund", refund_id)
        form.refuse(refusal)
        return _page(request, card, {action: form})
    return redirect("desk:refund", refund_id)


def _do(card: RefundDetail, action: str, given: dict[str, Any], actor: Actor) -> None:
    if action == "payee":
        operations.name_payee(refund_id=card.id, today=today(), actor=actor, **given)
    elif action == "approve":
        operations.approve(refund_id=card.id, today=today(), actor=actor)
    elif action == "drop":
        operations.drop(refund_id=card.id, actor=actor, **given)
    elif action == "send":
        operations.pay_back(refund_id=card.id, today=today(), actor=actor, **given)
    elif action == "confirm":
        operations.confirm(refund_id=card.id, confirmed_date=today(), actor=actor)
    else:
        operations.take_back(refund_id=card.id, today=today(), actor=actor, **given)


def _page(request: HttpRequest, card: RefundDetail, bound: dict[str, PageForm]) -> HttpResponse:
    actor = actor_of(request)
    account = accounts.overview(account_id=card.account_id, at_date=today())
    customer_operations.record_look(customer_id=account.holder.id, actor=actor, purpose=LookPurpose.PAYMENT)
    may = {str(action) for action in REFUND_WORKFLOW.actions(card.state, actor)}
    if actor.id == card.asker_id or not (card.has_account or card.channel != "bank"):
        may.discard(RefundAction.APPROVE)
    if actor.id == card.approver_id:
        may.discard(RefundAction.SEND)
    if card.final_account_id:
        may.discard(RefundAction.DROP)
    fresh = {
        "payee": PayeeForm(initial={"payee": card.payee or account.holder.name, "bank_code": card.bank_code}),
        "send": SendForm(initial={"paid_date": today()}),
        "return": ReturnForm(initial={"returned_date": today()}),
        "drop": DropForm(),
    }
    ids = [one for one in (card.asker_id, card.approver_id, card.actor_id) if one]
    context: dict[str, Any] = {
        "card": card,
        "account": account,
        "offer": refunds.offer(account_id=card.account_id, today=today(), but_refund_id=card.id),
        "may": may,
        "may_name": card.state in LIVE and bool(actor.roles & {*CLERKS, *CASHIERS, *BILLERS}),
        "forms": {**fresh, **bound},
        "names": second_person.names(set(ids)),
        "file": refund_files.file_of(refund_id=card.id),
    }
    return render(request, "desk/money/refund.html", context)


@allow(*CASHIERS, *BILLERS)
@require_POST
def make_refund_file(request: HttpRequest) -> HttpResponse:
    """Put the approved refunds that were ticked into a file for the bank."""
    ids = [int(text) for text in request.POST.getlist("refund") if text.isascii() and text.isdigit()]
    try:
        refund_file_operations.make(refund_ids=ids, today=today(), actor=actor_of(request))
    except Refused as refusal:
        tell_refusal(request, refusal)
        return redirect("desk:refunds")
    messages.success(request, _("The file is made; its refunds are posted. Give it to the bank now."))
    return redirect("desk:refund_files")


@allow(*READERS)
def refund_file_list(request: HttpRequest) -> HttpResponse:
    """List the files of transfers, the latest first."""
    page = page_context(request, refund_files.listed)
    rows = page["rows"]
    context = {
        **page,
        "names": users.names(user_ids=[row.actor_id for row in rows if row.actor_id]),
        "may_act": bool(actor_of(request).roles & {*CASHIERS, *BILLERS}),
    }
    return render(request, "desk/money/refund_files.html", context)


@allow(*READERS)
def refund_files_file(request: HttpRequest) -> StreamingHttpResponse:  # noqa: ARG001
    """Give the list of files as a file."""
    header = [_("File"), _("Day"), _("Refunds"), _("Sum"), _("Not known yet"), _("Came back")]
    rows = (
        (r.message_id, r.execution_date, r.count, plain_money(r.amount_minor), r.waiting, r.returned)
        for r in refund_files.listed(most=FILE_ROWS_MOST)
    )
    return csv_file("refund_files.csv", header, rows)


@allow(*CASHIERS, *BILLERS)
@require_safe
def refund_file_xml(request: HttpRequest, refund_file_id: int) -> FileResponse:
    """Give a file for the bank, with bank accounts in full; who took it is recorded."""
    with or_404():
        name, document_id = refund_files.document(refund_file_id=refund_file_id)
    refund_file_operations.note_taken(refund_file_id=refund_file_id, actor=actor_of(request))
    return FileResponse(
        documents.open(document_id), as_attachment=True, filename=f"{name}.xml", content_type="application/xml"
    )


@allow(*CASHIERS, *BILLERS)
@require_POST
def confirm_refund_file(request: HttpRequest, refund_file_id: int) -> HttpResponse:
    """Note that the bank has paid a whole file."""
    with or_404():
        refund_files.document(refund_file_id=refund_file_id)
        try:
            done = refund_file_operations.confirm(
                refund_file_id=refund_file_id, confirmed_date=today(), actor=actor_of(request)
            )
        except Refused as refusal:
            tell_refusal(request, refusal)
        else:
            messages.success(request, _("%(count)s refunds are confirmed.") % {"count": done})
    return redirect("desk:refund_files")


def _goes_by_file(row: RefundDetail) -> bool:
    return row.state == "approved" and row.channel == "bank"
