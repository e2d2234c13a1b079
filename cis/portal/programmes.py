"""Programmes in the portal: what I may join, one of them with its terms to sign, mine with schedule, ending early."""

from typing import Any
from uuid import uuid4

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from accounts.queries import customers, supplier
from cis.kernel.errors import Refused
from cis.platform.access import actor_of, allow_portal
from cis.platform.answers import or_404, tell_refusal
from cis.platform.forms import day_of
from cis.portal import access
from cis.portal.access import Held, Visit
from contracts.domain.programs import WORKFLOW, EnrollmentState
from contracts.operations import program_signing
from contracts.operations import programs as operations
from contracts.queries import enrollments, program_papers, programs
from contracts.queries.enrollments import EnrollmentDetail
from contracts.queries.programs import Joinable

REASON = "by the customer, in the portal"
SENT = "signing_programme"
"""Of the session: the enrolment for which a code was sent."""


@allow_portal
@require_safe
def index(request: HttpRequest) -> HttpResponse:
    """Show what the customer has joined, and what they may join."""
    visit = access.visit(request)
    held = visit.chosen
    if held is None:
        return render(request, "portal/no_account.html", {"visit": visit})
    today = access.today()
    context = {
        "visit": visit,
        "mine": enrollments.of_account(account_id=held.account_id, customer_id=visit.customer_id),
        "open": programs.open_to(account_id=held.account_id, day=today) if held.is_current else (),
        "supplier": supplier.current(),
    }
    return render(request, "portal/programmes.html", context)


@allow_portal
@require_safe
def offer(request: HttpRequest, program_id: int) -> HttpResponse:
    """Show a programme that is open to the account: cost, schedule and text, to be accepted."""
    visit, one = _joinable(request, program_id)
    today = access.today()
    context = {
        "visit": visit,
        "one": one,
        "card": one.program,
        "rows": one.program.sample(today),
        "exits": program_papers.exits(one.program.terms, start=today, on=today),
        "supplier": supplier.current(),
        "request_key": uuid4().hex,
        "today": today,
    }
    return render(request, "portal/programme_offer.html", context)


@allow_portal
@require_POST
def ask(request: HttpRequest, program_id: int) -> HttpResponse:
    """Ask for a programme from a day on: what is to be signed is written down, nothing is owed yet."""
    visit = access.visit(request)
    held = _current(visit)
    today = access.today()
    start = day_of(request.POST.get("start_date")) or today
    waiting = enrollments.offered(account_id=held.account_id, program_id=program_id, start_date=start)
    if waiting is not None:
        return redirect("portal:programme", waiting)
    try:
        with or_404():
            made = operations.offer(
                program_id=program_id,
                account_id=held.account_id,
                start_date=start,
                request_key=request.POST.get("request_key", "")[:64] + f":{visit.customer_id}",
                today=today,
                actor=actor_of(request),
            )
    except Refused as refusal:
        tell_refusal(request, refusal)
        return redirect("portal:programmes")
    return redirect("portal:programme", made)


@allow_portal
@require_safe
def show(request: HttpRequest, enrollment_id: int) -> HttpResponse:
    """Show one of the customer's programmes with its schedule, and what ending it on a day costs."""
    visit, detail = _mine(request, enrollment_id)
    today = access.today()
    on = day_of(request.GET.get("on")) or today
    context: dict[str, Any] = {
        "visit": visit,
        "detail": detail,
        "card": detail.card,
        "supplier": supplier.current(),
        "today": today,
        "on": on,
        **_may(request, detail),
        "customer": customers.card(customer_id=visit.customer_id),
    }
    if detail.card.state is EnrollmentState.OFFERED:
        terms, start = detail.card.program.terms, detail.card.start_date
        context |= {
            "planned": terms.rows(start),
            "exits": program_papers.exits(terms, start=start, on=today),
            "is_sent": request.session.get(SENT) == enrollment_id,
        }
    if context["may_end"]:
        context["preview"] = enrollments.preview(detail=detail, on=on)
    return render(request, "portal/programme.html", context)


@allow_portal
@require_safe
def pdf(request: HttpRequest, enrollment_id: int) -> HttpResponse:
    """Give the paper of a programme: what is kept is what is signed."""
    _mine(request, enrollment_id)
    answer = HttpResponse(program_signing.paper(enrollment_id=enrollment_id), content_type="application/pdf")
    answer["Content-Disposition"] = f'inline; filename="programme-{enrollment_id}.pdf"'
    return answer


@allow_portal
@require_POST
def send_code(request: HttpRequest, enrollment_id: int) -> HttpResponse:
    """Send the customer a code, once the paper that it signs is kept."""
    visit, _detail = _mine(request, enrollment_id)
    try:
        program_signing.paper(enrollment_id=enrollment_id)
        program_signing.send_code(
            enrollment_id=enrollment_id, customer_id=visit.customer_id, actor=actor_of(request)
        )  # fmt: skip
    except Refused as refusal:
        tell_refusal(request, refusal)
    else:
        request.session[SENT] = enrollment_id
        messages.success(request, _("The code is on its way; it holds for ten minutes."))
    return redirect("portal:programme", enrollment_id)


@allow_portal
@require_POST
def accept(request: HttpRequest, enrollment_id: int) -> HttpResponse:
    """Sign a programme by the code; the text that was shown is the one that is accepted, by its hash."""
    visit, _detail = _mine(request, enrollment_id)
    try:
        program_signing.sign_by_code(
            enrollment_id=enrollment_id,
            customer_id=visit.customer_id,
            code=request.POST.get("code", "")[:20],
            accepted_sha256=request.POST.get("sha256", "") if request.POST.get("accepted") else "",
            signed_name=request.POST.get("signed_name", ""),
            today=access.today(),
            actor=actor_of(request),
        )
    except Refused as refusal:
        tell_refusal(request, refusal)
    else:
        request.session.pop(SENT, None)
        messages.success(request, _("Thank you: you have joined."))
    return redirect("portal:programme", enrollment_id)


@allow_portal
@require_POST
def leave(request: HttpRequest, enrollment_id: int) -> HttpResponse:
    """Take back what was signed, settle equipment early, or end a package."""
    _visit, detail = _mine(request, enrollment_id)
    given: dict[str, Any] = {
        "enrollment_id": enrollment_id, "today": access.today(), "actor": actor_of(request),
    }  # fmt: skip
    on = day_of(request.POST.get("on")) or access.today()
    try:
        if request.POST.get("action") == "cancel":
            operations.cancel(reason=REASON, **given)
        elif not detail.card.kind.has_equipment:
            operations.end(on_date=on, reason=REASON, **given)
        else:
            operations.settle_early(on_date=access.today(), **given)
    except Refused as refusal:
        tell_refusal(request, refusal)
    else:
        messages.success(request, _("Done. Your next bill shows what it comes to."))
    return redirect("portal:programme", enrollment_id)


def _may(request: HttpRequest, detail: EnrollmentDetail) -> dict[str, bool]:
    actions = {str(one) for one in WORKFLOW.actions(detail.card.state, actor_of(request))}
    is_in_time = detail.last_cancel_day is not None and access.today() <= detail.last_cancel_day
    ending = "settle" if detail.card.kind.has_equipment else "end"
    return {
        "may_cancel": "decline" in actions or ("cancel" in actions and is_in_time),
        "may_end": ending in actions and not detail.card.program.terms.is_financed,
    }


def _current(visit: Visit) -> Held:
    if visit.chosen is None or not visit.chosen.is_current:
        raise Http404
    return visit.chosen


def _joinable(request: HttpRequest, program_id: int) -> tuple[Visit, Joinable]:
    visit = access.visit(request)
    held = _current(visit)
    for one in programs.open_to(account_id=held.account_id, day=access.today()):
        if one.program.id == program_id:
            return visit, one
    raise Http404


def _mine(request: HttpRequest, enrollment_id: int) -> tuple[Visit, EnrollmentDetail]:
    """Return an enrolment that the customer signed or was offered; a foreign one is not found."""
    visit = access.visit(request)
    with or_404():
        detail = enrollments.one(enrollment_id=enrollment_id)
    accounts = {one.account_id for one in visit.held}
    if detail.card.customer_id != visit.customer_id or detail.card.account_id not in accounts:
        raise Http404
    return visit, detail
