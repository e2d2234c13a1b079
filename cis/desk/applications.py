"""Applications for a supply: queues, intake at the counter, one page from paper to current."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any

from django.contrib import messages
from django.http import FileResponse, Http404, HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from accounts.domain.privacy import LookPurpose
from accounts.operations import customers as customer_operations
from billing.queries import supply_deposits
from cis.desk.answers import FILE_ROWS_MOST, csv_file, or_404, posted, tell_refusal, today
from cis.desk.forms.applications import ApplicationForm, ApplicationListForm, PaperForm
from cis.desk.roles import CLERKS, DISPATCHERS, METERERS, READERS
from cis.desk.words import word
from cis.kernel.errors import Refused
from cis.kernel.workflow import IllegalMove
from cis.platform import audit, documents
from cis.platform.access import actor_of, allow
from cis.platform.deadlines import Card
from cis.platform.paging import page_context
from contracts.domain import application_workflow as workflow
from contracts.domain.application_workflow import NEEDS_REASON, STEPS, SUBJECT, ApplicationAction, ApplicationState
from contracts.domain.applications import ApplicationChannel, PaperKind
from contracts.operations import application_cases, application_intake, application_meters
from contracts.operations.application_moves import refusals_noted
from contracts.queries import applicants, application_supplies, applications, inspections, offers, surveys
from contracts.queries.applications import ApplicationDetail, Wanted
from metering.domain.work_orders import WorkKind
from metering.queries import work_orders

ELSEWHERE = frozenset(STEPS)
"""Steps that follow from the survey's report, the offer, the contract, the meter's work order and the switch."""
WAY = (ApplicationState.DOCUMENTED, *STEPS.values())
"""Papers, and the five steps, as the page shows them."""


@dataclass(frozen=True, slots=True)
class Stage:
    """One stage of the way: reached, reached last, or to come; its clock if it runs or ran."""

    state: ApplicationState
    is_done: bool
    is_here: bool


@allow(*READERS)
def index(request: HttpRequest) -> HttpResponse:
    """List the applications, latest first, with how many wait for whom."""
    form, wanted = _wanted(request)
    context = {
        "form": form,
        **page_context(request, partial(applications.listed, wanted=wanted)),
        "count": applications.count(wanted=wanted),
        "queues": applications.queues(at=timezone.now()),
        "is_filtered": wanted != Wanted(),
        "now": timezone.now(),
        "may_file": bool(actor_of(request).roles & set(CLERKS)),
    }
    return render(request, "desk/applications.html", context)


@allow(*READERS)
def export(request: HttpRequest) -> StreamingHttpResponse:
    """Give the same list as a file."""
    _form, wanted = _wanted(request)
    header = [
        _("Application"), _("Kind"), _("Name"), _("Address"), _("Supplies"), _("Capacity (kW)"), _("State"),
        _("Waits for"), _("Applied on"), _("Due"),
    ]  # fmt: skip
    rows = (
        (row.number, word("application_kind", row.kind), row.name, row.address, row.item_count, row.capacity_w / 1000,
         word("application", row.state), word("application_waits", row.waits_for), timezone.localdate(row.applied_at),
         timezone.localtime(row.deadline.due_at).strftime("%Y-%m-%d %H:%M") if row.deadline and row.deadline.due_at
         else "")
        for row in applications.listed(wanted=wanted, most=FILE_ROWS_MOST)
    )  # fmt: skip
    return csv_file("applications.csv", header, rows)


@allow(*CLERKS)
def new(request: HttpRequest) -> HttpResponse:
    """File an application at the counter."""
    form = ApplicationForm(posted(request), request.FILES or None)
    if form.is_bound and form.is_valid():
        try:
            filed = application_intake.file(
                application=form.application(), channel=ApplicationChannel.DESK, actor=actor_of(request),
                at=timezone.now(),
            )  # fmt: skip
        except Refused as refusal:
            form.refuse(refusal)
        else:
            messages.success(request, _("Application %(number)s is filed.") % {"number": filed.number})
            return redirect("desk:application", filed.id)
    return render(request, "desk/application_new.html", {"form": form})


@allow(*READERS)
def show(request: HttpRequest, application_id: int) -> HttpResponse:
    """Show an application: its way, its clocks, who applies for what, papers, history."""
    now = timezone.now()
    with or_404():
        detail = applications.one(application_id=application_id, at=now)
    _looked(request, detail)
    row, actor = detail.row, actor_of(request)
    actions = workflow.actions(row.state, is_suspended=row.is_suspended, actor=actor)
    work = work_orders.of_case(subject=SUBJECT, subject_id=application_id)
    owed_minor, candidates = 0, applicants.of_application(application_id=application_id)
    if row.state is ApplicationState.APPLIED:
        for customer_id in {detail.customer_id, *(one.id for one in candidates)}:
            if customer_id is not None:
                owed_minor += applications.owed_minor(customer_ids=[customer_id], today=today())
    context = {
        "detail": detail,
        "row": row,
        "stages": _stages(row.state),
        "steps": [one.value for one in actions if one not in NEEDS_REASON | ELSEWHERE],
        "others": [one.value for one in actions if one in NEEDS_REASON],
        "clocks": [_clock(card, now) for card in detail.deadlines],
        "owed_minor": owed_minor,
        "candidates": candidates if row.state is ApplicationState.APPLIED else (),
        "work": work,
        "survey_order": next((one for one in work if one.kind == WorkKind.SURVEY and one.is_under_way), None),
        "ready_points": application_supplies.ready_to_energize(application_id=application_id) or frozenset(),
        "inspections": inspections.of_application(application_id=application_id),
        "offers": offers.of_subject(subject=SUBJECT, subject_id=application_id),
        "surveys": surveys.of_application(application_id=application_id),
        "may_dispatch": bool(actor.roles & set(DISPATCHERS)),
        "may_energize": bool(actor.roles & set(METERERS)),
        "paper_form": PaperForm(initial={"kind": detail.missing[0].value if detail.missing else "other"}),
        "may_write": bool(actor.roles & set(CLERKS)),
        "now": now,
        **_deposit(detail),
    }
    return render(request, "desk/application.html", context)


def _deposit(detail: ApplicationDetail) -> dict[str, Any]:
    """Return the deposit that supply of an application waits for, or that is to be demanded first."""
    if detail.account_id is None or detail.row.state not in workflow.WITH_METERS:
        return {}
    is_missing = supply_deposits.is_missing(
        subject=SUBJECT, subject_id=detail.row.id, account_id=detail.account_id, today=today()
    )
    waited = supply_deposits.waited_for(account_ids=[detail.account_id], today=today())
    return {
        "waited_deposit": waited.get(detail.account_id),
        "deposit_missing_of": detail.account_id if is_missing else None,
    }


@allow(*READERS)
def decide(request: HttpRequest, application_id: int) -> HttpResponse:
    """Carry out a move; who may do which stands in the workflow's table."""
    if applications.state_of(application_id) is None:
        raise Http404
    given = request.POST
    try:
        action = ApplicationAction(given.get("action", ""))
        _do(action, application_id, given.get("reason", ""), request, timezone.now())
    except ValueError:
        messages.error(request, _("There is no such action."))
    except Refused as refusal:
        tell_refusal(request, refusal)
    return redirect("desk:application", application_id)


def _do(action: ApplicationAction, application_id: int, reason: str, request: HttpRequest, at: datetime) -> None:
    case: dict[str, Any] = {"application_id": application_id, "actor": actor_of(request), "at": at}
    steps: dict[ApplicationAction, Callable[[], object]] = {
        ApplicationAction.CONFIRM_DOCUMENTS: lambda: application_cases.confirm_documents(
            **case, today=today(), despite_arrears=reason, who=request.POST.get("who", "")
        ),
        ApplicationAction.ASSIGN_SURVEY: lambda: application_cases.assign_survey(**case, today=today()),
    }
    if action not in steps | dict.fromkeys(ELSEWHERE):
        application_cases.move(**case, action=action, reason=reason)
        return
    with refusals_noted(application_id=application_id, action=action.value, actor=case["actor"]):
        if action in ELSEWHERE:
            raise IllegalMove("This step follows from its own page.", advice="Open it from the application.")
        steps[action]()


@allow(*DISPATCHERS)
def order_meters(request: HttpRequest, application_id: int) -> HttpResponse:
    """Order meters for the supplies of a signed application where none is ordered."""
    if request.method == "POST":
        try:
            with or_404():
                count = application_meters.order(application_id=application_id, today=today(), actor=actor_of(request))
        except Refused as refusal:
            tell_refusal(request, refusal)
        else:
            messages.success(
                request, ngettext("%(n)s meter is ordered.", "%(n)s meters are ordered.", count) % {"n": count}
            )
    return redirect("desk:application", application_id)


@allow(*CLERKS)
def add_paper(request: HttpRequest, application_id: int) -> HttpResponse:
    """Keep a paper that came with an application."""
    form = PaperForm(posted(request), request.FILES or None)
    if form.is_bound and form.is_valid():
        given = form.cleaned_data["file"]
        try:
            with or_404():
                application_cases.add_paper(
                    application_id=application_id, kind=PaperKind(form.cleaned_data["kind"]), source=given.file,
                    name=given.name, actor=actor_of(request), at=timezone.now(),
                )  # fmt: skip
        except Refused as refusal:
            tell_refusal(request, refusal)
    else:
        messages.error(request, _("Choose a file first."))
    return redirect("desk:application", application_id)


@allow(*READERS)
def paper(request: HttpRequest, application_id: int, paper_id: int) -> FileResponse:
    """Give a paper; looking at it is recorded."""
    with or_404():
        found = applications.paper(application_id=application_id, paper_id=paper_id)
        opened = documents.open(found.document_id)
    audit.record(actor_of(request), "look", SUBJECT, application_id, paper=paper_id)
    return FileResponse(opened, as_attachment=True, filename=found.name, content_type=found.media_type)


@allow(*CLERKS)
def write(request: HttpRequest, application_id: int) -> HttpResponse:
    """Write to the applicant."""
    try:
        with or_404():
            application_cases.write(
                application_id=application_id, text=request.POST.get("text", ""), is_from_applicant=False,
                actor=actor_of(request), at=timezone.now(),
            )  # fmt: skip
    except Refused as refusal:
        tell_refusal(request, refusal)
    return redirect("desk:application", application_id)


def _looked(request: HttpRequest, detail: ApplicationDetail) -> None:
    """Record that somebody looked at a customer; an applicant who is none yet is recorded by the application."""
    if detail.customer_id is not None:
        customer_operations.record_look(
            customer_id=detail.customer_id, actor=actor_of(request), purpose=LookPurpose.CONTRACT
        )
    else:
        audit.record(actor_of(request), "look", SUBJECT, detail.row.id)


def _wanted(request: HttpRequest) -> tuple[ApplicationListForm, Wanted]:
    form = ApplicationListForm(request.GET or None)
    given = form.cleaned_data if form.is_valid() else {}
    texts: dict[str, Any] = {name: given.get(name) or "" for name in ("state", "queue", "standard_class", "text")}
    return form, Wanted(**texts, late=bool(given.get("late")))


def _stages(state: ApplicationState) -> list[Stage]:
    order = (ApplicationState.APPLIED, *WAY)
    reached = order.index(ApplicationState.DOCUMENTED) if state is ApplicationState.SURVEYING else -1
    if state in order:
        reached = order.index(state)
    return [Stage(one, order.index(one) <= reached, order.index(one) == reached + 1) for one in WAY]


def _clock(card: Card, now: datetime) -> tuple[str, Card, bool]:
    """Return the name of a clock without its class, the clock, and whether it is late."""
    name = next(
        (key for key in sorted(_STANDARDS, key=len, reverse=True) if card.standard.startswith(key)), card.standard
    )
    return name, card, card.is_late(now)


_STANDARDS = ("connection", *(f"connection_{one}" for one in ("documents", "survey", "offer", "meter", "energize")))
