"""The contract archive: search, one contract with its text, draft, issue, sign on paper, next version, end."""

from datetime import date, timedelta
from functools import partial
from typing import Any

from django.contrib import messages
from django.http import FileResponse, Http404, HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from accounts.domain.privacy import LookPurpose
from accounts.operations import customers as customer_operations
from accounts.queries import accounts
from cis.desk.answers import FILE_ROWS_MOST, csv_file, or_404, posted, tell_findings, tell_refusal, today
from cis.desk.forms.contracts import ContractEndForm, ContractForm, ContractListForm, PaperForm, initial_of
from cis.desk.roles import CLERKS, READERS
from cis.kernel.errors import Refused
from cis.kernel.periods import add_months
from cis.platform import documents
from cis.platform.access import actor_of, allow
from cis.platform.paging import page_context
from contracts.domain.contract_workflow import WORKFLOW
from contracts.domain.terms import MeteringSide, SupplyMode, UseClass
from contracts.operations import contract_points, contract_signing
from contracts.operations import supply_contracts as operations
from contracts.queries import agreements, charges, supply_contracts
from contracts.queries.supply_contracts import WantedContracts
from metering.queries import places

SOON = timedelta(days=90)
YEARS_MONTHS = 36
SCAN_MOST = contract_signing.SCAN_MOST
BOUNDARY = {
    "boundary_zh": "用电计量装置出线端子",
    "boundary_en": "the outgoing terminals of the meter",
}


@allow(*READERS)
def index(request: HttpRequest) -> HttpResponse:
    """List the contracts, latest first; the search looks through their whole text."""
    form, wanted = _wanted(request)
    page = page_context(request, partial(supply_contracts.listed, wanted=wanted))
    cards = page["rows"]
    context = {
        "form": form,
        "cards": cards,
        "count": supply_contracts.count(wanted=wanted),
        "pager": page["pager"],
        "is_filtered": bool(wanted.text or wanted.state or wanted.use_class),
        "today": today(),
    }
    return render(request, "desk/contracts.html", context)


@allow(*READERS)
def export(request: HttpRequest) -> StreamingHttpResponse:
    """Give the same list as a file."""
    _form, wanted = _wanted(request)
    header = [
        _("Number"), _("Version"), _("State"), _("Customer"), _("Account"), _("Address"), _("Nature of use"),
        _("Voltage"), _("Tariff"), _("Holds from"), _("Ends on, not included"), _("Renewed by (months)"),
    ]  # fmt: skip
    rows = (
        (c.number, c.version, c.state, c.customer_name, c.account_number, c.address, c.use_class, c.voltage,
         c.tariff_code, c.start_date, c.end_date, c.renew_months)
        for c in supply_contracts.listed(wanted=wanted, most=FILE_ROWS_MOST)
    )  # fmt: skip
    return csv_file("contracts.csv", header, rows)


@allow(*READERS)
def show(request: HttpRequest, contract_id: int) -> HttpResponse:
    """Show one contract with its text, its versions and its key dates; looking at the customer is recorded."""
    with or_404():
        detail = supply_contracts.one(contract_id=contract_id)
    return _page(request, detail, PaperForm(), ContractEndForm(initial={"ended_date": today()}))


@allow(*CLERKS)
def new(request: HttpRequest, account_id: int) -> HttpResponse:
    """Draft a contract for who holds an account; it begins with what is known of its supply."""
    with or_404():
        account = accounts.overview(account_id=account_id, at_date=today())
    form = ContractForm(posted(request), initial=beginning(account_id))
    if request.method == "POST" and form.is_valid():
        try:
            made = operations.draft(
                new=form.contract(customer_id=account.holder.id, account_id=account_id),
                today=today(),
                actor=actor_of(request),
            )
        except Refused as refusal:
            form.refuse(refusal)
        else:
            messages.success(request, _("The draft is kept. Read it, then issue it."))
            return redirect("desk:contract", made)
    return render(request, "desk/contract_new.html", {"form": form, "account": account, "detail": None})


@allow(*CLERKS)
def amend(request: HttpRequest, contract_id: int) -> HttpResponse:
    """Draft the next version of a signed contract."""
    with or_404():
        detail = supply_contracts.one(contract_id=contract_id)
    card = detail.card
    form = ContractForm(posted(request), initial=initial_of(detail, today=today()))
    if request.method == "POST" and form.is_valid():
        try:
            made = operations.amend(
                contract_id=contract_id,
                new=form.contract(customer_id=card.customer_id, account_id=card.account_id),
                today=today(),
                actor=actor_of(request),
            )
        except Refused as refusal:
            form.refuse(refusal)
        else:
            messages.success(request, _("The next version is drafted; it holds once it is signed."))
            return redirect("desk:contract", made)
    return render(request, "desk/contract_new.html", {"form": form, "account": None, "detail": detail})


@allow(*CLERKS)
@require_POST
def act(request: HttpRequest, contract_id: int) -> HttpResponse:
    """Issue a draft, withdraw what nobody has signed, or say which supplies a contract is about."""
    with or_404():
        supply_contracts.one(contract_id=contract_id)
    actor = actor_of(request)
    try:
        if request.POST.get("action") == "issue":
            number = operations.issue(contract_id=contract_id, today=today(), actor=actor)
            messages.success(request, _("The contract has the number %(number)s.") % {"number": number})
        elif request.POST.get("action") == "withdraw":
            operations.withdraw(contract_id=contract_id, reason=request.POST.get("reason", ""), actor=actor)
            messages.success(request, _("The contract is withdrawn."))
        elif request.POST.get("action") == "supplies":
            names = request.POST.get("service_points", "").replace(",", " ").replace("，", " ").split()
            contract_points.name_supplies(contract_id=contract_id, service_points=names, actor=actor)
            messages.success(request, _("The contract is linked to its supplies."))
        else:
            raise Http404
    except Refused as refusal:
        tell_findings(request, refusal)
    return redirect("desk:contract", contract_id)


@allow(*CLERKS)
@require_POST
def sign(request: HttpRequest, contract_id: int) -> HttpResponse:
    """Enter a signature on paper with its scan."""
    with or_404():
        detail = supply_contracts.one(contract_id=contract_id)
    form = PaperForm(request.POST, request.FILES)
    if form.is_valid():
        scan = form.cleaned_data["scan"]
        try:
            operations.paper(contract_id=contract_id, actor=actor_of(request))
            contract_signing.sign_on_paper(
                contract_id=contract_id,
                scan=scan.read(SCAN_MOST + 1),
                name=scan.name,
                signed_by=form.cleaned_data["signed_by"],
                today=today(),
                actor=actor_of(request),
            )
        except Refused as refusal:
            form.refuse(refusal)
        else:
            messages.success(request, _("The contract is signed."))
            return redirect("desk:contract", contract_id)
    return _page(request, detail, form, ContractEndForm(initial={"ended_date": today()}))


@allow(*CLERKS)
@require_POST
def end(request: HttpRequest, contract_id: int) -> HttpResponse:
    """End a signed contract before its time."""
    with or_404():
        detail = supply_contracts.one(contract_id=contract_id)
    form = ContractEndForm(request.POST)
    if form.is_valid():
        try:
            operations.terminate(contract_id=contract_id, actor=actor_of(request), **form.cleaned_data)
        except Refused as refusal:
            form.refuse(refusal)
        else:
            messages.success(request, _("The end of the contract is entered."))
            return redirect("desk:contract", contract_id)
    return _page(request, detail, PaperForm(), form)


@allow(*READERS)
def pdf(request: HttpRequest, contract_id: int) -> HttpResponse:
    """Give the paper of a contract."""
    with or_404():
        detail = supply_contracts.one(contract_id=contract_id)
    actor = actor_of(request)
    customer_operations.record_look(customer_id=detail.card.customer_id, actor=actor, purpose=LookPurpose.CONTRACT)
    try:
        answer = HttpResponse(operations.paper(contract_id=contract_id, actor=actor), content_type="application/pdf")
    except Refused as refusal:
        tell_refusal(request, refusal)
        return redirect("desk:contract", contract_id)
    name = detail.card.number or f"draft-{contract_id}"
    answer["Content-Disposition"] = f'inline; filename="contract-{name}-{detail.card.version}.pdf"'
    return answer


@allow(*READERS)
def scan(request: HttpRequest, contract_id: int) -> FileResponse:
    """Give the scan of what was signed on paper."""
    with or_404():
        detail = supply_contracts.one(contract_id=contract_id)
    if detail.scan_id is None:
        raise Http404
    customer_operations.record_look(
        customer_id=detail.card.customer_id, actor=actor_of(request), purpose=LookPurpose.CONTRACT
    )
    kept = documents.about(detail.scan_id)
    return FileResponse(
        documents.open(detail.scan_id), content_type=kept.media_type, as_attachment=True,
        filename=f"contract-{detail.card.number}-{detail.card.version}-scan",
    )  # fmt: skip


def _page(request: HttpRequest, detail: Any, paper_form: PaperForm, end_form: ContractEndForm) -> HttpResponse:
    actor = actor_of(request)
    customer_operations.record_look(customer_id=detail.card.customer_id, actor=actor, purpose=LookPurpose.CONTRACT)
    context = {
        "detail": detail,
        "card": detail.card,
        "actions": WORKFLOW.actions(detail.card.state, actor),
        "may_write": bool(actor.roles & set(CLERKS)),
        "paper_form": paper_form,
        "end_form": end_form,
        "fees": charges.of_subject(subject="offer", subject_id=detail.card.offer_id) if detail.card.offer_id else (),
        "today": today(),
    }
    return render(request, "desk/contract.html", context)


def _wanted(request: HttpRequest) -> tuple[ContractListForm, WantedContracts]:
    form = ContractListForm(request.GET)
    given = form.cleaned_data if form.is_valid() else {}
    return form, WantedContracts(
        text=given.get("text", ""),
        state=given.get("state", ""),
        use_class=given.get("use_class", ""),
        until=today() + SOON,
    )


def beginning(account_id: int) -> dict[str, Any]:
    """Return what is known of the supply of an account, as the form of a contract begins with it."""
    start: date = today()
    known: dict[str, Any] = {
        "start_date": start,
        "end_date": add_months(start, YEARS_MONTHS),
        "renew_months": 12,
        "use_class": UseClass.RESIDENTIAL.value,
        **BOUNDARY,
    }
    cards = agreements.of_account(account_id=account_id)
    if not cards:
        return known
    (place,) = places.overview(service_point_ids=[cards[0].service_point_id], at_date=start)
    term = cards[0].term_on(start) or cards[0].terms[-1]
    is_high = place.voltage in {"10kV", "35kV"}
    low = SupplyMode.LOW_SINGLE_PHASE if place.voltage == "220V" else SupplyMode.LOW_THREE_PHASE
    return {
        **known,
        "address": place.address,
        "voltage": place.voltage,
        "supply_mode": (SupplyMode.HIGH_SINGLE_SOURCE if is_high else low).value,
        "metering_side": (MeteringSide.HIGH_HIGH if is_high else MeteringSide.LOW_LOW).value,
        "tariff": term.tariff_id,
    }
