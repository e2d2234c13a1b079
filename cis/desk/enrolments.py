"""Enrolments in programmes: offered, signed, taken back, settled or ended; with schedule and what ending costs."""

from collections.abc import Mapping
from datetime import date
from functools import partial
from typing import Any
from uuid import uuid4

from django.contrib import messages
from django.http import FileResponse, Http404, HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as _late
from django.views.decorators.http import require_POST

from accounts.domain.privacy import LookPurpose
from accounts.operations import customers as customer_operations
from accounts.queries import accounts, supplier
from cis.desk.answers import FILE_ROWS_MOST, csv_file, or_404, posted, tell_refusal, today
from cis.desk.forms.programmes import EnrolmentListForm, OfferForm
from cis.desk.roles import CLERKS, READERS
from cis.desk.words import word
from cis.kernel.actors import Actor
from cis.kernel.enums import Role
from cis.kernel.errors import Refused
from cis.platform import documents
from cis.platform.access import actor_of, allow
from cis.platform.forms import day_of
from cis.platform.paging import page_context
from cis.platform.templatetags.local import day as day_text
from cis.platform.templatetags.local import in_language, plain_money
from contracts.domain.programs import WORKFLOW
from contracts.operations import equipment, program_signing, programs
from contracts.operations.contract_signing import SCAN_MOST, BadScan
from contracts.operations.equipment import HANDLERS
from contracts.queries import enrollments
from contracts.queries import programs as program_queries
from contracts.queries.enrollments import EnrollmentDetail, Wanted

HANDS = (*CLERKS, Role.FIELD, Role.METERING)
DONE: Mapping[str, Any] = {
    "sign": _late("The programme is signed."),
    "cancel": _late("It is cancelled; what was charged is given back by the next bill."),
    "hand_over": _late("The device is noted."),
    "take_back": _late("The device is back."),
}
"""What is said after each action."""


@allow(*READERS)
def index(request: HttpRequest) -> HttpResponse:
    """List the enrolments, latest first."""
    form, wanted = _wanted(request)
    context = {
        "form": form,
        **page_context(request, partial(enrollments.listed, wanted=wanted)),
        "count": enrollments.count(wanted=wanted),
        "is_filtered": wanted != Wanted(),
    }
    return render(request, "desk/enrolments.html", context)


@allow(*READERS)
def export(request: HttpRequest) -> StreamingHttpResponse:
    """Give the same list as a file."""
    _form, wanted = _wanted(request)
    header = [
        _("Enrolment"), _("Programme"), _("Kind"), _("Account"), _("Customer"), _("Address"), _("State"), _("From"),
        _("Until"), _("Signed on"), _("Signed by"), _("Reason"),
    ]  # fmt: skip
    rows = (
        (c.id, in_language(c.program.names), word("program_kind", c.kind), c.account_number, c.customer_name, c.address,
         word("enrolment_state", c.state), c.start_date, c.end_date,
         timezone.localdate(c.signed_at) if c.signed_at else None, c.signed_name, c.reason)
        for c in enrollments.listed(wanted=wanted, most=FILE_ROWS_MOST)
    )  # fmt: skip
    return csv_file("enrolments.csv", header, rows)


@allow(*READERS)
def show(request: HttpRequest, enrollment_id: int) -> HttpResponse:
    """Show an enrolment: its schedule and chart, what was charged, and what may be done."""
    detail = _detail(enrollment_id)
    account = accounts.overview(account_id=detail.card.account_id, at_date=today())
    customer_operations.record_look(
        customer_id=account.holder.id, actor=actor_of(request), purpose=LookPurpose.CONTRACT
    )
    context = _context(request, detail) | {"account": account, "chart": chart(detail)}
    return render(request, "desk/enrolment.html", context)


@allow(*READERS)
def schedule_file(request: HttpRequest, enrollment_id: int) -> StreamingHttpResponse:  # noqa: ARG001
    """Give the schedule of an enrolment as a file."""
    detail = _detail(enrollment_id)
    header = [_("No."), _("Due"), _("Price or rent"), _("Interest"), _("Amount"), _("Left"), _("Charge"), _("Not owed")]
    rows = (
        (o.row.seq, o.row.due_date, plain_money(o.row.principal_minor), plain_money(o.row.interest_minor),
         plain_money(o.row.amount_minor), plain_money(o.left_minor), o.charge_id, "x" if o.is_waived else "")
        for o in detail.rows
    )  # fmt: skip
    return csv_file(f"schedule-{enrollment_id}.csv", header, rows)


@allow(*CLERKS)
def offer(request: HttpRequest, account_id: int) -> HttpResponse:
    """Offer one of the programmes that are open to an account."""
    with or_404():
        account = accounts.overview(account_id=account_id, at_date=today())
    joinable = program_queries.open_to(account_id=account_id, day=today())
    initial = {"start_date": today(), "request_key": uuid4().hex, "program": request.GET.get("program")}
    form = OfferForm(posted(request), joinable=joinable, initial=initial)
    if request.method == "POST" and form.is_valid():
        try:
            made = programs.offer(account_id=account_id, today=today(), actor=actor_of(request), **form.offer())
        except Refused as refusal:
            form.refuse(refusal)
        else:
            messages.success(request, _("The programme is offered; it holds once the customer signs."))
            return redirect("desk:enrolment", made)
    return render(request, "desk/enrolment_new.html", {"form": form, "account": account, "joinable": joinable})


@allow(*CLERKS)
def settle(request: HttpRequest, enrollment_id: int) -> HttpResponse:
    """Show what ending early on a day costs; the second button does it."""
    detail = _detail(enrollment_id)
    on = day_of(request.GET.get("on") or request.POST.get("on")) or today()
    if request.method == "POST":
        try:
            end_early(detail, on=on, reason=request.POST.get("reason", ""), actor=actor_of(request))
        except Refused as refusal:
            tell_refusal(request, refusal)
        else:
            messages.success(request, _("It is ended; the next bill has what is left, less what is not owed."))
            return redirect("desk:enrolment", enrollment_id)
    context = _context(request, detail)
    if not context["may_end"]:
        raise Http404
    context |= {"on": on, "preview": enrollments.preview(detail=detail, on=on)}
    return render(request, "desk/enrolment_settle.html", context)


@allow(*HANDS)
@require_POST
def act(request: HttpRequest, enrollment_id: int) -> HttpResponse:
    """Sign for a customer who stands here, take back, hand over equipment or take it in."""
    detail = _detail(enrollment_id)
    action = request.POST.get("action", "")
    if action not in DONE:
        raise Http404
    try:
        _do(request, detail, action)
    except Refused as refusal:
        tell_refusal(request, refusal)
    else:
        messages.success(request, DONE[action])
    return redirect("desk:enrolment", enrollment_id)


def end_early(detail: EnrollmentDetail, *, on: date, reason: str, actor: Actor) -> None:
    """Settle equipment early, or end a package."""
    if not detail.card.kind.has_equipment:
        programs.end(enrollment_id=detail.card.id, on_date=on, reason=reason, today=today(), actor=actor)
    else:
        programs.settle_early(enrollment_id=detail.card.id, on_date=on, today=today(), actor=actor)


def chart(detail: EnrollmentDetail) -> dict[str, Any]:
    """Return what is drawn of a schedule: price or rent and interest of each row, in minor units."""
    rows = [one.row for one in detail.due]
    return {
        "labels": [day_text(row.due_date) for row in rows],
        "principal": [row.principal_minor for row in rows],
        "interest": [row.interest_minor for row in rows],
        "words": {
            "principal": _("Price or rent"),
            "interest": _("Interest"),
            "symbol": "¥" if supplier.current().currency == "CNY" else "",
        },
    }


def _do(request: HttpRequest, detail: EnrollmentDetail, action: str) -> None:
    given: dict[str, Any] = {"enrollment_id": detail.card.id, "today": today(), "actor": actor_of(request)}
    on = day_of(request.POST.get("on")) or today()
    if action == "sign":
        accepted = detail.card.program.sha256 if request.POST.get("accepted") else ""
        file = request.FILES.get("scan")
        if file is None:
            raise BadScan("The scan of what was signed is missing.", advice="Scan the signed paper first.")
        program_signing.sign_on_paper(
            scan=file.read(SCAN_MOST + 1), name=file.name or "scan", accepted_sha256=accepted,
            signed_name=request.POST.get("signed_name", ""), **given,
        )  # fmt: skip
    elif action == "cancel":
        programs.cancel(reason=request.POST.get("reason", ""), **given)
    elif action == "hand_over":
        equipment.hand_over(serial=request.POST.get("serial", ""), on_date=on, **given)
    else:
        equipment.take_back(on_date=on, **given)


def _detail(enrollment_id: int) -> EnrollmentDetail:
    with or_404():
        return enrollments.one(enrollment_id=enrollment_id)


def _context(request: HttpRequest, detail: EnrollmentDetail) -> dict[str, Any]:
    actor, device = actor_of(request), detail.equipment
    actions = {str(one) for one in WORKFLOW.actions(detail.card.state, actor)}
    is_in_time = detail.last_cancel_day is not None and today() <= detail.last_cancel_day
    has_equipment = detail.card.kind.has_equipment
    may_handle = actor.is_one_of(HANDLERS)
    is_there = device is not None and device.handed_over_date is not None
    return {
        "detail": detail,
        "card": detail.card,
        "today": today(),
        "may_sign": "sign" in actions,
        "may_cancel": "decline" in actions or ("cancel" in actions and is_in_time),
        "may_end": ("settle" if has_equipment else "end") in actions and not detail.card.program.terms.is_financed,
        "may_hand_over": may_handle
        and device is not None
        and not is_there
        and detail.card.state in {"signed", "running"},
        "may_take_back": may_handle and device is not None and is_there and device.returned_date is None,
    }


@allow(*READERS)
def pdf(request: HttpRequest, enrollment_id: int) -> HttpResponse:  # noqa: ARG001 (the view's form)
    """Give the paper of a programme: what is signed, with its schedule and what ending it early costs."""
    with or_404():
        paper = program_signing.paper(enrollment_id=enrollment_id)
    answer = HttpResponse(paper, content_type="application/pdf")
    answer["Content-Disposition"] = f'inline; filename="programme-{enrollment_id}.pdf"'
    return answer


@allow(*READERS)
def scan(request: HttpRequest, enrollment_id: int) -> FileResponse:
    """Give the scan of what was signed on paper."""
    detail = _detail(enrollment_id)
    if detail.scan_id is None:
        raise Http404
    customer_operations.record_look(
        customer_id=detail.card.customer_id, actor=actor_of(request), purpose=LookPurpose.CONTRACT
    )
    kept = documents.about(detail.scan_id)
    return FileResponse(
        documents.open(detail.scan_id), content_type=kept.media_type, as_attachment=True,
        filename=f"programme-{enrollment_id}-scan",
    )  # fmt: skip


def _wanted(request: HttpRequest) -> tuple[EnrolmentListForm, Wanted]:
    form = EnrolmentListForm(request.GET)
    given = form.cleaned_data if form.is_valid() else {}
    return form, Wanted(
        state=given.get("state", ""),
        kind=given.get("kind", ""),
        program_id=int(given["program"]) if given.get("program") else None,
        text=given.get("text", ""),
    )
