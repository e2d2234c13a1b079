"""Service plans on the desk: the list, a new one, one with its measures and reviews."""

from datetime import timedelta

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from accounts.domain.care_plans import PlanState
from accounts.domain.privacy import LookPurpose
from accounts.operations import care_plans as operations
from accounts.operations import customers as customer_operations
from accounts.queries import accounts, users
from accounts.queries import care_plans as queries
from accounts.queries.care_plans import CarePlanCard, WantedPlans
from cis.desk.answers import FILE_ROWS_MOST, csv_file, or_404, posted, tell_refusal, today
from cis.desk.forms.care import ReasonForm
from cis.desk.forms.visits import MeasureForm, PlanForm, PlanListForm, ReviewForm
from cis.desk.roles import CLERKS, READERS
from cis.desk.timeline import history_of
from cis.desk.words import word
from cis.kernel.errors import Refused
from cis.platform import deadlines, typed
from cis.platform.access import actor_of, allow
from cis.platform.paging import ROWS, Pager, page_number, query_of

STAFF_MOST, REVIEW_AFTER = 500, timedelta(days=90)


@allow(*READERS)
def index(request: HttpRequest) -> HttpResponse:
    """List plans, what is reviewed first on top."""
    form, number = PlanListForm(request.GET), page_number(request)
    wanted = form.wanted(actor_of(request).id)
    rows = queries.listed(wanted=wanted, today=today(), offset=(number - 1) * ROWS, most=ROWS + 1)
    context = {
        "form": form,
        "rows": rows[:ROWS],
        "pager": Pager(number, len(rows) > ROWS, query_of(request)),
        "is_filtered": wanted != WantedPlans(),
    }
    return render(request, "desk/care/plans.html", context)


@allow(*READERS)
def export(request: HttpRequest) -> StreamingHttpResponse:
    """Give the same list as a file."""
    wanted = PlanListForm(request.GET).wanted(actor_of(request).id)
    header = [_("Customer"), _("Account"), _("Title"), _("Goal"), _("State"), _("Responsible person"), _("From"),
              _("Looked at again on"), _("Measures"), _("Done"), _("How it ended")]  # fmt: skip
    rows = (
        (r.name, r.account_number, r.title, r.goal, word("care_plan", r.state), r.responsible_name, r.start_date,
         r.review_date, r.measures, r.done, r.end_note)
        for r in queries.listed(wanted=wanted, today=today(), most=FILE_ROWS_MOST)
    )  # fmt: skip
    return csv_file("service-plans.csv", header, rows)


@allow(*CLERKS)
def new(request: HttpRequest, account_id: int) -> HttpResponse:
    """Make a plan for the customer who holds an account."""
    with or_404():
        account = accounts.overview(account_id=account_id, at_date=today())
    actor = actor_of(request)
    customer_operations.record_look(customer_id=account.holder.id, actor=actor, purpose=LookPurpose.CARE)
    people = [one for one in users.staff(most=STAFF_MOST) if one.is_active]
    form = PlanForm(
        posted(request), people=people,
        initial={"responsible": str(actor.id or ""), "review_date": today() + REVIEW_AFTER},
    )  # fmt: skip
    if form.is_bound and form.is_valid():
        try:
            made = operations.make(new=form.plan(customer_id=account.holder.id), today=today(), actor=actor)
        except Refused as refusal:
            form.refuse(refusal)
        else:
            messages.success(request, _("The service plan is made."))
            return redirect("desk:care_plan", made)
    return render(request, "desk/care/plan_new.html", {"form": form, "account": account})


@allow(*READERS)
def show(request: HttpRequest, plan_id: int) -> HttpResponse:
    """Show a plan with its measures and history; the look is recorded."""
    card = _card(plan_id)
    customer_operations.record_look(customer_id=card.customer_id, actor=actor_of(request), purpose=LookPurpose.CARE)
    return _page(request, card)


@allow(*CLERKS)
@require_POST
def act(request: HttpRequest, plan_id: int) -> HttpResponse:
    """Add a measure or finish one, keep a review, or end the plan."""
    card, actor, now = _card(plan_id), actor_of(request), timezone.now()
    try:
        match request.POST.get("action", ""):
            case "add":
                form = MeasureForm(request.POST)
                if not form.is_valid():
                    return _page(request, card, measure_form=form)
                operations.add_measure(plan_id=plan_id, new=form.measure(), actor=actor)
            case "finish":
                operations.finish_measure(
                    plan_id=plan_id, measure_id=typed.number(request.POST.get("measure", "")) or 0,
                    result=request.POST.get("result", ""), today=today(), actor=actor,
                )  # fmt: skip
            case "review":
                review = ReviewForm(request.POST)
                if not review.is_valid():
                    return _page(request, card, review_form=review)
                operations.review(plan_id=plan_id, **review.cleaned_data, at=now, actor=actor)
            case "reached" | "given_up" as state:
                note = request.POST.get("reason", "")
                operations.end(plan_id=plan_id, state=PlanState(state), note=note, at=now, actor=actor)
            case _:
                raise Http404
    except Refused as refusal:
        tell_refusal(request, refusal)
    else:
        messages.success(request, _("Saved."))
    return redirect("desk:care_plan", plan_id)


def _card(plan_id: int) -> CarePlanCard:
    with or_404():
        return queries.one(plan_id=plan_id, today=today())


def _page(
    request: HttpRequest, card: CarePlanCard, *, measure_form: MeasureForm | None = None,
    review_form: ReviewForm | None = None,
) -> HttpResponse:  # fmt: skip
    context = {
        "card": card,
        "measures": queries.measures(plan_id=card.id, today=today()),
        "clocks": deadlines.of_subject(subject=operations.SUBJECT, subject_ids=[card.id]),
        "events": history_of(operations.SUBJECT, [card.id]),
        "measure_form": measure_form or MeasureForm(),
        "review_form": review_form or ReviewForm(initial={"next_date": today() + REVIEW_AFTER}),
        "reason_form": ReasonForm(),
        "may_keep": card.state == PlanState.RUNNING and bool(actor_of(request).roles & operations.PLANNERS),
    }
    return render(request, "desk/care/plan.html", context)
