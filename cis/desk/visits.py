"""Follow-up visits on the desk: the list, one with its result, and planned by hand."""

from datetime import timedelta
from uuid import uuid4

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from accounts.domain.privacy import LookPurpose
from accounts.domain.surveys import PLAN
from accounts.domain.visits import VisitState
from accounts.operations import customers as customer_operations
from accounts.operations import visits as operations
from accounts.queries import accounts, care_rules, users
from accounts.queries import visits as queries
from accounts.queries.visits import VisitCard, WantedVisits
from arrears.queries import orders
from cis.desk.answers import FILE_ROWS_MOST, csv_file, or_404, posted, tell_refusal, today
from cis.desk.forms.care import ReasonForm
from cis.desk.forms.visits import AssignForm, ResultForm, VisitForm, VisitListForm
from cis.desk.roles import CLERKS, READERS
from cis.desk.timeline import history_of
from cis.desk.words import word
from cis.kernel.errors import Refused
from cis.platform import deadlines
from cis.platform.access import actor_of, allow
from cis.platform.paging import ROWS, Pager, page_number, query_of

VISITORS = tuple(operations.VISITORS)
STAFF_MOST = 500


@allow(*READERS)
def index(request: HttpRequest) -> HttpResponse:
    """List visits, those that are due first on top."""
    plans, number = _plans(), page_number(request)
    form = VisitListForm(request.GET, plans=plans)
    wanted = form.wanted(actor_of(request).id)
    rows = queries.listed(wanted=wanted, today=today(), offset=(number - 1) * ROWS, most=ROWS + 1)
    context = {
        "form": form,
        "rows": [(one, plans.get(one.plan, one.reason)) for one in rows[:ROWS]],
        "pager": Pager(number, len(rows) > ROWS, query_of(request)),
        "is_filtered": wanted != WantedVisits(),
    }
    return render(request, "desk/care/visits.html", context)


@allow(*READERS)
def export(request: HttpRequest) -> StreamingHttpResponse:
    """Give the same list as a file."""
    plans, segments = _plans(), _segments()
    wanted = VisitListForm(request.GET, plans=plans).wanted(actor_of(request).id)
    header = [_("Due"), _("Customer"), _("Account"), _("Occasion"), _("Segment"), _("Way"), _("State"),
              _("Who makes it"), _("Made on"), _("Result"),
              _("What the customer said"), _("Next step"), _("Recommends us")]  # fmt: skip
    rows = (
        (r.due_date, r.name, r.account_number, plans.get(r.plan, r.reason), segments.get(r.segment, r.segment),
         word("visit_way", r.way), word("visit", r.state), r.assignee_name, r.done_date,
         word("visit_outcome", r.outcome) if r.outcome else "", r.note,
         word("visit_next", r.next_step) if r.next_step else "", r.score)
        for r in queries.listed(wanted=wanted, today=today(), most=FILE_ROWS_MOST)
    )  # fmt: skip
    return csv_file("follow-up-visits.csv", header, rows)


@allow(*CLERKS)
def new(request: HttpRequest, account_id: int) -> HttpResponse:
    """Plan a visit by hand."""
    with or_404():
        account = accounts.overview(account_id=account_id, at_date=today())
    actor = actor_of(request)
    customer_operations.record_look(customer_id=account.holder.id, actor=actor, purpose=LookPurpose.CARE)
    first = {"request_key": uuid4().hex, "start_date": today(), "due_date": today() + timedelta(days=7)}
    form = VisitForm(posted(request), initial=first)
    if form.is_bound and form.is_valid():
        places = orders.supplies(account_id=account_id, on=today())
        new_visit = form.visit(account_id=account_id, place_id=places[0][0] if places else None)
        try:
            made = operations.plan(new=new_visit, today=today(), actor=actor)
        except Refused as refusal:
            form.refuse(refusal)
        else:
            messages.success(request, _("The visit is planned."))
            return redirect("desk:visit", made)
    return render(request, "desk/care/visit_new.html", {"form": form, "account": account})


@allow(*READERS)
def show(request: HttpRequest, visit_id: int) -> HttpResponse:
    """Show a visit with its result and history; the look is recorded."""
    card = _card(visit_id)
    customer_operations.record_look(customer_id=card.customer_id, actor=actor_of(request), purpose=LookPurpose.CARE)
    return _page(request, card)


@allow(*VISITORS)
@require_POST
def act(request: HttpRequest, visit_id: int) -> HttpResponse:
    """Keep the result of a visit, give it to somebody, or drop it."""
    card, actor, now = _card(visit_id), actor_of(request), timezone.now()
    action = request.POST.get("action", "")
    try:
        match action:
            case "finish":
                form = ResultForm(request.POST)
                if not form.is_valid():
                    return _page(request, card, form=form)
                try:
                    is_done = operations.finish(visit_id=visit_id, result=form.result(), at=now, actor=actor)
                except Refused as refusal:
                    if refusal.code != operations.BadVisit.code:
                        raise
                    form.refuse(refusal)
                    return _page(request, card, form=form)
                messages.success(request, _("The result is kept.") if is_done else _("Noted: it is tried again."))
            case "assign":
                assign = AssignForm(request.POST, people=_people())
                if assign.is_valid():
                    person = assign.cleaned_data["person"]
                    operations.assign(visit_id=visit_id, user_id=int(person) if person else None, actor=actor)
                    messages.success(request, _("Saved."))
            case "drop":
                operations.drop(visit_id=visit_id, reason=request.POST.get("reason", ""), at=now, actor=actor)
                messages.success(request, _("The visit is dropped."))
            case _:
                raise Http404
    except Refused as refusal:
        tell_refusal(request, refusal)
    return redirect("desk:visit", visit_id)


def _plans() -> dict[str, str]:
    return {
        **care_rules.plan_names(at=today(), language=get_language() or ""),
        operations.BY_HAND: _("Planned by hand"),
        PLAN: _("After an answer of 0 to 6"),
    }


def _segments() -> dict[str, str]:
    return care_rules.segment_names(at=today(), language=get_language() or "")


def _people() -> list[users.LoginCard]:
    found = users.staff(most=STAFF_MOST)
    return [one for one in found if one.is_active and set(one.roles) & {role.value for role in operations.VISITORS}]


def _card(visit_id: int) -> VisitCard:
    with or_404():
        return queries.one(visit_id=visit_id, today=today())


def _page(request: HttpRequest, card: VisitCard, *, form: ResultForm | None = None) -> HttpResponse:
    actor, is_open = actor_of(request), card.state == VisitState.OPEN
    context = {
        "card": card,
        "plan": _plans().get(card.plan, card.plan),
        "clocks": deadlines.of_subject(subject=operations.SUBJECT, subject_ids=[card.id]),
        "events": history_of(operations.SUBJECT, [card.id]),
        "form": form or ResultForm(initial={"outcome": "content", "next_step": "none"}),
        "assign_form": AssignForm(people=_people(), initial={"person": str(card.assignee_id or "")}),
        "reason_form": ReasonForm(),
        "may_finish": is_open and bool(actor.roles & operations.VISITORS),
        "may_plan": is_open and actor.is_one_of(operations.PLANNERS),
    }
    return render(request, "desk/care/visit.html", context)
