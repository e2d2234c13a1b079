"""Usage inspections on the desk: listed, suspected, ordered; what a visit found, and what became of it."""

from datetime import timedelta
from functools import partial
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from accounts.domain.privacy import LookPurpose
from accounts.operations import customers as customer_operations
from accounts.queries import accounts
from billing.queries import charges
from cis.desk.answers import FILE_ROWS_MOST, csv_file, or_404, posted, tell_refusal, today
from cis.desk.forms.usage_inspections import SuspicionForm, UsageInspectionListForm
from cis.desk.roles import BILLERS, DISPATCHERS, METERERS, READERS
from cis.desk.words import word
from cis.kernel.errors import Refused
from cis.platform import audit
from cis.platform.access import actor_of, allow
from cis.platform.paging import page_context
from complaints.queries import sight
from contracts.domain.usage_inspection import SUBJECT, WORKFLOW, Source, Suspicion, UsageState
from contracts.operations import usage_inspections
from contracts.queries import usage_inspections as queries
from contracts.queries.usage_inspections import UsageCard, Wanted
from metering.queries import places
from metering.queries import work_orders as work

DUE_DAYS = 3
WAYS = {"tampering": "tampering", "category": "category", "capacity": "capacity", "own_supply": "own-supply"}
"""Which form of a breach fits what the crew says; theft else."""
FINDERS = frozenset((*BILLERS, *METERERS))


@allow(*READERS)
@require_safe
def index(request: HttpRequest) -> HttpResponse:
    """List usage inspections, the latest first."""
    form = _form(request)
    wanted = form.wanted()
    context = {
        "form": form, **page_context(request, partial(queries.listed, wanted=wanted)), "here": "usage",
        "count": queries.count(wanted=wanted), "is_filtered": wanted not in {Wanted(), Wanted(state="open")},
    }  # fmt: skip
    return render(request, "desk/usage_inspections/list.html", context)


@allow(*READERS)
@require_safe
def export(request: HttpRequest) -> StreamingHttpResponse:
    """Give the same list as a file."""
    header = [
        _("Number"), _("State"), _("Why"), _("Account"), _("Address"), _("Suspected since"), _("Visited"), _("Finding"),
        _("Case"), _("Correction"),
    ]  # fmt: skip
    rows = (
        (c.id, word("usage_inspection", c.state), " · ".join(word("usage_source", one) for one in c.sources),
         c.account_number, c.address, timezone.localdate(c.opened_at), c.visited_date or "",
         word("usage_finding", c.finding) if c.finding else "", c.breach_id or "", c.correction_id or "")
        for c in queries.listed(wanted=_form(request).wanted(), most=FILE_ROWS_MOST)
    )  # fmt: skip
    return csv_file("usage-inspections.csv", header, rows)


@allow(*DISPATCHERS)
def new(request: HttpRequest, service_point_id: int) -> HttpResponse:
    """Suspect that usage at a place is not as it should be."""
    found = places.overview(service_point_ids=[service_point_id], at_date=today())
    if not found:
        raise Http404
    form = SuspicionForm(posted(request))
    if form.is_bound and form.is_valid():
        try:
            made = usage_inspections.suspect(new=_suspicion(request, form, service_point_id), actor=actor_of(request))
        except Refused as refusal:
            form.refuse(refusal)
        else:
            return redirect("desk:usage_inspection", made)
    return render(request, "desk/usage_inspections/new.html", {"form": form, "place": found[0]})


@allow(*READERS)
@require_safe
def show(request: HttpRequest, inspection_id: int) -> HttpResponse:
    """Show one usage inspection: why, what the crew saw, what was found, what became of it."""
    card, actor = _card(request, inspection_id), actor_of(request)
    is_done = card.work_order_id is not None and card.visited_date is not None
    answers = work.answers(work_order_id=card.work_order_id) if is_done and card.work_order_id else ()
    found = {one.item: one.value for one in answers}
    actions = {str(action) for action in WORKFLOW.actions(UsageState(card.state), actor)}
    events = audit.of_subjects([(SUBJECT, [card.id])])
    context = {
        "card": card,
        "suspicions": queries.suspicions(inspection_id=inspection_id, actor=actor),
        "answers": answers,
        "photos": work.photos(work_order_id=card.work_order_id) if is_done and card.work_order_id else (),
        "way": WAYS.get(found.get("usage_found", ""), "theft"),
        "actions": actions,
        "may_find": "find" in actions and card.account_id is not None and bool(actor.roles & FINDERS),
        "may_close": _may_close(card, actions),
        "carried": charges.of_case(case_id=card.breach_id) if card.breach_id else (),
        "events": [one for one in events if one.action != "look"],
        "here": "usage",
    }
    return render(request, "desk/usage_inspections/one.html", context)


@allow(*DISPATCHERS, *BILLERS)
@require_POST
def act(request: HttpRequest, inspection_id: int) -> HttpResponse:
    """Order a visit, say that nothing was wrong, write down a dispute, answer it, or close."""
    card, actor = _card(request, inspection_id), actor_of(request)
    reason = request.POST.get("reason", "")
    try:
        match request.POST.get("action", ""):
            case "order":
                due = today() + timedelta(days=DUE_DAYS)
                usage_inspections.order(inspection_id=card.id, due_date=due, actor=actor)
                messages.success(request, _("The work is ordered."))
            case "clear":
                usage_inspections.clear(inspection_id=card.id, actor=actor)
            case "dispute":
                usage_inspections.dispute(inspection_id=card.id, words=reason, actor=actor)
            case "uphold":
                usage_inspections.uphold(inspection_id=card.id, reason=reason, actor=actor)
            case "close":
                usage_inspections.close(inspection_id=card.id, reason=reason, actor=actor)
    except Refused as refusal:
        tell_refusal(request, refusal)
    return redirect("desk:usage_inspection", card.id)


def found_at(request: HttpRequest, *, service_point_id: int) -> tuple[int | None, dict[str, Any]]:
    """
    Return the visit from whose page a form was opened, and what the form begins with; None and nothing: from no visit.

    A number of another place, or of nothing, is none.
    """
    text = request.GET.get("usage_inspection", "")
    if not text.isascii() or not text.isdigit() or len(text) > 15:  # noqa: PLR2004
        return None, {}
    try:
        card = queries.one(inspection_id=int(text))
    except Refused:
        return None, {}
    if card.service_point_id != service_point_id or card.work_order_id is None:
        return None, {}
    answers = {one.item: one for one in work.answers(work_order_id=card.work_order_id)}
    lines = [f"{_('Work order')} {card.work_order_id}"]
    lines += [
        f"{one.label_zh}: {one.value_zh}"
        for one in answers.values()
        if one.item in {"usage_seals", "usage_since", "usage_present"} and one.value
    ]
    photos = len(work.photos(work_order_id=card.work_order_id))
    initial: dict[str, Any] = {"evidence": "\n".join([*lines, f"{_('Photos')}: {photos}"])}
    if card.visited_date is not None:
        initial["found_date"] = card.visited_date
    if "usage_power_kw" in answers:
        initial["power_kw"] = answers["usage_power_kw"].value
    if "usage_seals_whole" in answers and answers["usage_seals_whole"].value == "no":
        initial["is_tampered"] = True
    return card.id, initial


def _suspicion(request: HttpRequest, form: SuspicionForm, service_point_id: int) -> Suspicion:
    given = form.cleaned_data
    reference = ""
    if given["source"] == Source.TIP and given["case_number"]:
        reference = f"case:{sight.id_of_number(given['case_number'], actor_of(request))}"
    return Suspicion(
        service_point_id=service_point_id, source=Source(given["source"]), words=given["words"], reference=reference
    )


def _may_close(card: UsageCard, actions: set[str]) -> bool:
    """Return whether a reason closes it: a disputed breach closes with its case, a visit where nobody is supplied."""
    if card.state is UsageState.VISITED:
        return "close" in actions and card.agreement_id is None
    return "close" in actions and not (card.state is UsageState.DISPUTED and card.breach_id is not None)


def _card(request: HttpRequest, inspection_id: int) -> UsageCard:
    """Return a usage inspection; that somebody looked at its customer is recorded."""
    with or_404():
        card = queries.one(inspection_id=inspection_id)
    if card.account_id is not None:
        holder = accounts.overview(account_id=card.account_id, at_date=today()).holder
        customer_operations.record_look(customer_id=holder.id, actor=actor_of(request), purpose=LookPurpose.FIELD)
    return card


def _form(request: HttpRequest) -> UsageInspectionListForm:
    return UsageInspectionListForm(request.GET or {"state": "open"})
