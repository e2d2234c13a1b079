"""Mandates on the desk: the list, one with its debits, entering one from paper, taking one back."""

from functools import partial

from django.contrib import messages
from django.http import FileResponse, Http404, HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from accounts.domain.privacy import LookPurpose
from accounts.operations import customers as customer_operations
from accounts.queries import accounts
from accounts.queries.accounts import UnknownAccount
from cashiering.operations import mandates as operations
from cashiering.queries import debit_rules, debits, mandates
from cashiering.queries.debits import DebitsWanted
from cashiering.queries.mandates import MandateCard, MandatesWanted
from cis.desk.answers import FILE_ROWS_MOST, csv_file, or_404, posted, tell_refusal, today
from cis.desk.forms.debits import MandateForm, MandateListForm
from cis.desk.roles import READERS
from cis.desk.words import word
from cis.kernel.enums import Role
from cis.kernel.errors import Refused
from cis.platform import documents, papers
from cis.platform.access import actor_of, allow
from cis.platform.paging import ROWS, page_context
from cis.platform.templatetags.local import plain_money

ENTERERS = (Role.CLERK, Role.CASHIER, Role.SUPERVISOR)


@allow(*READERS)
def index(request: HttpRequest) -> HttpResponse:
    """List mandates."""
    form, wanted = _asked(request)
    context = {
        "form": form,
        **page_context(request, partial(mandates.listed, wanted=wanted)),
        "is_filtered": wanted != MandatesWanted(),
        "may_enter": _may(request),
    }
    return render(request, "desk/debits/mandates.html", context)


@allow(*READERS)
def export(request: HttpRequest) -> StreamingHttpResponse:
    """Give the list as a file; numbers of bank accounts by their end alone."""
    _form, wanted = _asked(request)
    header = [_("Mandate"), _("State"), _("Account"), _("Customer"), _("Holder of the bank account"),
              _("Bank account"), _("Limit"), _("Signed on"), _("Last used"), _("Way")]  # fmt: skip
    rows = (
        (c.reference, word("mandate", c.state), c.account_number, c.customer_name, c.holder_name, c.bank_account,
         plain_money(c.limit_minor), c.signed_date, c.last_used_date, word("mandate_way", c.way))
        for c in mandates.listed(wanted=wanted, most=FILE_ROWS_MOST)
    )  # fmt: skip
    return csv_file("mandates.csv", header, rows)


@allow(*ENTERERS)
def new(request: HttpRequest) -> HttpResponse:
    """Enter a mandate that was signed on paper; ``?account=`` fills the form."""
    form = MandateForm(posted(request), request.FILES or None, initial=_initial(request.GET.get("account", "")))
    form.fields["bank_code"].required = debit_rules.needs_bank_code(at=today())
    if request.method == "POST" and form.is_valid():
        given = form.cleaned_data
        try:
            mandate_id = operations.enter_paper(
                new=form.new(),
                signed_date=given["signed_date"],
                signed_by=given["signed_by"],
                scan=given["scan"].read(papers.BYTES_MOST + 1),
                name=given["scan"].name,
                today=today(),
                actor=actor_of(request),
            )
        except Refused as refusal:
            form.refuse(refusal)
        else:
            messages.success(request, _("The mandate holds from now on; the customer is told."))
            return redirect("desk:mandate", mandate_id)
    return render(request, "desk/debits/mandate_new.html", {"form": form})


@allow(*READERS)
def show(request: HttpRequest, mandate_id: int) -> HttpResponse:
    """Show a mandate with its debits."""
    with or_404():
        card = mandates.one(mandate_id=mandate_id)
    return _page(request, card)


@allow(*ENTERERS)
@require_POST
def reveal(request: HttpRequest, mandate_id: int) -> HttpResponse:
    """Show the whole number of the account at the bank; the look is recorded."""
    with or_404():
        card = mandates.one(mandate_id=mandate_id)
        number = operations.reveal(mandate_id=mandate_id, actor=actor_of(request))
    answer = _page(request, card, number=number)
    answer["Cache-Control"] = "no-store"
    return answer


@allow(*ENTERERS)
@require_POST
def act(request: HttpRequest, mandate_id: int, verb: str) -> HttpResponse:
    """Take a mandate back, or let a suspended one hold again."""
    deeds = {"revoke": operations.revoke, "resume": operations.resume}
    if verb not in deeds:
        raise Http404
    with or_404():
        try:
            deeds[verb](mandate_id=mandate_id, today=today(), actor=actor_of(request))
        except Refused as refusal:
            if refusal.code == mandates.UnknownMandate.code:
                raise
            tell_refusal(request, refusal)
        else:
            done = _("The mandate is taken back.") if verb == "revoke" else _("The mandate holds again.")
            messages.success(request, done)
    return redirect("desk:mandate", mandate_id)


@allow(*ENTERERS)
def scan(request: HttpRequest, mandate_id: int) -> FileResponse:
    """Give the scan of what was signed on paper; it shows the whole number, so the look is recorded."""
    with or_404():
        card = mandates.one(mandate_id=mandate_id)
        if card.scan_id is None:
            raise Http404
        operations.reveal(mandate_id=mandate_id, actor=actor_of(request))
    kept = documents.about(card.scan_id)
    return FileResponse(
        documents.open(card.scan_id), content_type=kept.media_type, as_attachment=True,
        filename=f"mandate-{card.reference}-scan",
    )  # fmt: skip


def _page(request: HttpRequest, card: MandateCard, *, number: str = "") -> HttpResponse:
    customer_operations.record_look(customer_id=card.customer_id, actor=actor_of(request), purpose=LookPurpose.PAYMENT)
    context = {
        "card": card,
        "number": number,
        "debits": debits.listed(wanted=DebitsWanted(mandate_id=card.id), most=ROWS),
        "may_act": _may(request),
    }
    return render(request, "desk/debits/mandate.html", context)


def _initial(number: str) -> dict[str, object]:
    try:
        overview = accounts.overview(account_id=accounts.id_of_number(number), at_date=today())
    except UnknownAccount:
        return {"signed_date": today()}
    return {"account": number, "holder_name": overview.holder.name, "signed_date": today()}


def _asked(request: HttpRequest) -> tuple[MandateListForm, MandatesWanted]:
    form = MandateListForm(request.GET or None)
    given = form.cleaned_data if form.is_valid() else {}
    return form, MandatesWanted(text=(given.get("text") or "").strip(), state=given.get("state") or "")


def _may(request: HttpRequest) -> bool:
    return bool(actor_of(request).roles & set(ENTERERS))
