"""Breach of supply terms and theft: worked out on a form, agreed to by a second person, shown with its bills."""

from collections.abc import Mapping
from datetime import date
from functools import partial
from typing import Any
from uuid import uuid4

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.domain.privacy import LookPurpose
from accounts.operations import customers as customer_operations
from accounts.queries import accounts
from billing.operations import breach_cases, breach_notices
from billing.queries import charges, rebills
from cis.desk.answers import FILE_ROWS_MOST, csv_file, or_404, posted, tell_refusal, today
from cis.desk.forms.breaches import FORMS, USES_MOST, CategoryForm
from cis.desk.forms.cases import BreachListForm, CaseForm
from cis.desk.roles import BILLERS, METERERS, READERS
from cis.desk.supply import supply_of
from cis.desk.usage_inspections import found_at
from cis.desk.words import BREACH_KINDS, BREACH_STATES
from cis.kernel.errors import Refused
from cis.kernel.fixed import to_text
from cis.platform import packs
from cis.platform.access import actor_of, allow
from cis.platform.forms import DayField
from cis.platform.paging import page_context
from cis.platform.templatetags.local import plain_money
from contracts.domain.charge_workflow import WORKFLOW
from contracts.queries import breach_dues, breach_facts, breaches
from contracts.queries.breach_facts import Known
from contracts.queries.breaches import Wanted

MONTHS_SHOWN = 6
USES_DIGITS = 4
VA_PLACES = 3


@allow(*READERS)
def index(request: HttpRequest) -> HttpResponse:
    """List the cases, latest first."""
    form, wanted = _wanted(request)
    context = {
        "form": form,
        **page_context(request, partial(breaches.listed, wanted=wanted)),
        "count": breaches.count(wanted=wanted),
        "is_filtered": wanted != Wanted(),
    }
    return render(request, "desk/breaches.html", context)


@allow(*READERS)
def export(request: HttpRequest) -> StreamingHttpResponse:
    """Give the same list as a file."""
    _form, wanted = _wanted(request)
    header = [
        _("Case"), _("Account"), _("Address"), _("Kind"), _("State"), _("Found on"), _("Amount"), _("Entered by"),
        _("Entered on"), _("Decided by"), _("Cancelled by"),
    ]  # fmt: skip
    rows = (
        (c.id, c.account_number, c.address, str(BREACH_KINDS[c.kind]), str(BREACH_STATES[c.state]), c.found_date,
         plain_money(c.amount_minor), c.proposer, timezone.localdate(c.proposed_at), c.decider, c.cancel_decider)
        for c in breaches.listed(wanted=wanted, most=FILE_ROWS_MOST)
    )  # fmt: skip
    return csv_file("breaches.csv", header, rows)


@allow(*BILLERS, *METERERS)
def new(request: HttpRequest, account_id: int, agreement_id: int, way: str) -> HttpResponse:
    """Work out a case at a supply; the first button shows what it costs, the second one enters it."""
    if way not in FORMS:
        raise Http404
    account, agreement = supply_of(account_id, agreement_id)
    customer_operations.record_look(customer_id=account.holder.id, actor=actor_of(request), purpose=LookPurpose.BILLING)
    visit_id, seen = found_at(request, service_point_id=agreement.service_point_id)
    context: dict[str, Any] = {
        "account": account, "agreement": agreement, "way": way, "ways": FORMS, "visit_id": visit_id,
    }  # fmt: skip
    try:
        known = breach_facts.known(agreement_id=agreement_id, at=_found_date(request))
        form = _form(request, way, known, seen)
    except Refused as refusal:
        tell_refusal(request, refusal)
        return redirect("desk:account", account_id)
    context |= {"form": form, "known": known, "months": known.place.months[-MONTHS_SHOWN:]}
    if form.is_bound and form.is_valid():
        try:
            claim, order = form.claim()
            if "propose" in request.POST:
                case_id = breach_cases.propose(
                    claim=claim, order=order, request_key=form.cleaned_data["request_key"], today=today(),
                    actor=actor_of(request), usage_inspection_id=visit_id,
                )  # fmt: skip
                messages.success(request, _("The case is entered; a second person decides on it."))
                return redirect("desk:breach", case_id)
            context |= _shown(breach_cases.work_out(claim=claim, order=order, today=today(), actor=actor_of(request)))
        except Refused as refusal:
            form.refuse(refusal)
    return render(request, "desk/breach_new.html", context)


@allow(*READERS)
def show(request: HttpRequest, case_id: int) -> HttpResponse:
    """Show a case: what, why, how it was worked out, who decided, and the bills that carry it."""
    with or_404():
        card = breaches.one(case_id=case_id)
    account = accounts.overview(account_id=card.account_id, at_date=card.found_date)
    customer_operations.record_look(customer_id=account.holder.id, actor=actor_of(request), purpose=LookPurpose.BILLING)
    actor = actor_of(request)
    actions = {str(action) for action in WORKFLOW.actions(card.state, actor)}
    if actor.id == card.proposer_id:
        actions.discard("agree")
    if actor.id == card.canceller_id:
        actions.discard("cancel")
    carried = charges.of_case(case_id=case_id)
    context = {
        "card": card,
        "account": account,
        "actions": actions,
        "waits_for_other": card.state in {"proposed", "cancelling"} and not actions & {"agree", "cancel"},
        "carried": carried,
        "may_bill": card.state in {"agreed", "cancelling"} and not carried and bool(actor.roles & set(BILLERS)),
        "rebills": rebills.of_correction(correction_id=card.correction_id) if card.correction_id else (),
    }
    return render(request, "desk/breach.html", context)


@allow(*BILLERS, *METERERS)
def decide(request: HttpRequest, case_id: int) -> HttpResponse:
    """Agree to a case, drop it, ask that it be cancelled, cancel or keep it."""
    with or_404():
        breaches.one(case_id=case_id)
    action, actor = request.POST.get("action", ""), actor_of(request)
    try:
        match action:
            case "agree":
                breach_cases.agree(case_id=case_id, today=today(), actor=actor)
            case "drop":
                breach_cases.drop(case_id=case_id, actor=actor)
            case "ask_cancel":
                breach_cases.ask_cancel(case_id=case_id, reason=request.POST.get("reason", ""), actor=actor)
            case "cancel":
                breach_cases.cancel(case_id=case_id, actor=actor)
            case "keep":
                breach_cases.keep(case_id=case_id, actor=actor)
    except Refused as refusal:
        tell_refusal(request, refusal)
    return redirect("desk:breach", case_id)


@allow(*READERS)
def notice(request: HttpRequest, case_id: int) -> HttpResponse:
    """Give the notice to the customer as PDF."""
    with or_404():
        card = breaches.one(case_id=case_id)
    account = accounts.overview(account_id=card.account_id, at_date=card.found_date)
    customer_operations.record_look(customer_id=account.holder.id, actor=actor_of(request), purpose=LookPurpose.BILLING)
    answer = HttpResponse(breach_notices.pdf(case_id=case_id), content_type="application/pdf")
    answer["Content-Disposition"] = f'inline; filename="notice-{case_id}.pdf"'
    return answer


def _wanted(request: HttpRequest) -> tuple[BreachListForm, Wanted]:
    form = BreachListForm(request.GET or None)
    given = form.cleaned_data if form.is_valid() else {}
    return form, Wanted(**{name: given.get(name) or "" for name in ("state", "kind", "text")})


def _found_date(request: HttpRequest) -> date:
    """Return the day whose agreement, tariff and prices count: the one that was typed, if it can be."""
    try:
        given = DayField(required=False).clean(request.POST.get("found_date", ""))
    except ValidationError:
        given = None
    return min(given or today(), today())


def _form(request: HttpRequest, way: str, known: Known, seen: Mapping[str, Any]) -> CaseForm:
    made = FORMS[way].form
    initial: dict[str, Any] = {
        "found_date": today(),
        "until_date": today(),
        "is_home": known.is_home,
        "request_key": uuid4().hex,
        "uses": 1,
        **seen,
    }
    if way == "suspended" and known.term.agreed.suspended_va:
        initial["found_kva"] = to_text(known.term.agreed.suspended_va, places=VA_PLACES).rstrip("0").rstrip(".")
    is_again = "more" in request.POST or "again" in request.POST
    if is_again:  # the form as it is, with other fields: nothing is checked yet
        initial |= request.POST.dict()
        initial["uses"] = min(USES_MOST, _uses(request) + ("more" in request.POST))
    for place in range(USES_MOST):
        initial.setdefault(f"until_{place}", today())
    more: dict[str, Any] = {}
    if issubclass(made, CategoryForm):
        more["prices"] = breach_facts.prices(at=known.at)
    return made(None if is_again else posted(request), known=known, initial=initial, **more)


def _uses(request: HttpRequest) -> int:
    text = request.POST.get("uses", "")
    return int(text) if text.isascii() and text.isdigit() and len(text) < USES_DIGITS else 1


def _shown(found: breach_cases.WorkedOut) -> dict[str, Any]:
    """Return what was worked out with its steps as text."""
    decimals = breach_dues.decimals(found.claim.found_date)
    return {
        "found": found,
        "facts": [(step.code, step.text(decimals)) for step in found.claim.steps],
        "charges": [(one, [(step.code, step.text(decimals)) for step in one.steps]) for one in found.charges],
        "theft_source": packs.text_of(f"breach_{found.claim.kind}", at=found.claim.found_date).source,
    }
