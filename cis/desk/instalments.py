"""Plans of instalments: the list, a new one with its preview, one with its parts and timeline, its papers."""

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
from accounts.queries import accounts, supplier, users
from arrears.domain import instalments
from arrears.domain.instalments import Part, PartNow
from arrears.domain.plan_workflow import WORKFLOW, PlanAction, PlanState, PlanWay
from arrears.operations import plan_documents
from arrears.operations import plans as operations
from arrears.operations.plans import NewPlan
from arrears.queries import plan_previews, plan_rules, plans
from arrears.queries.plan_previews import OpenDebt
from arrears.queries.plan_rules import PlanRule
from arrears.queries.plans import PlanCard, WantedPlans
from cis.desk.answers import FILE_ROWS_MOST, csv_file, or_404, posted, tell_refusal, today
from cis.desk.forms.instalments import EndForm, NewPlanForm, PlanListForm
from cis.desk.roles import BILLERS, CLERKS, READERS
from cis.desk.words import word
from cis.kernel.actors import Actor
from cis.kernel.errors import Refused
from cis.platform.access import actor_of, allow
from cis.platform.paging import page_context
from cis.platform.templatetags.local import day as day_text
from cis.platform.templatetags.local import plain_money


@allow(*READERS)
def index(request: HttpRequest) -> HttpResponse:
    """List plans, the latest first."""
    form = PlanListForm(request.GET)
    wanted = form.wanted()
    context = {
        "form": form,
        **page_context(request, partial(plans.listed, wanted=wanted, today=today())),
        "is_filtered": wanted != WantedPlans(),
        "is_offered": plan_rules.is_offered(at=today()),
        "today": today(),
    }
    return render(request, "desk/plans/plans.html", context)


@allow(*READERS)
def export(request: HttpRequest) -> StreamingHttpResponse:
    """Give the same list as a file."""
    found = plans.listed(wanted=PlanListForm(request.GET).wanted(), today=today(), most=FILE_ROWS_MOST)
    header = [
        _("Instalment plan"), _("Account"), _("Holder"), _("State"), _("By which way"), _("Total"), _("Paid"),
        _("Still open"), _("Parts"), _("Next part"), _("Due"), _("Accepted on"), _("Ended on"), _("Reason"),
    ]  # fmt: skip
    rows = (
        (r.number, r.account_number, r.name, word("plan", r.state), word("plan_way", r.way), plain_money(r.total_minor),
         plain_money(r.standing.paid_minor), plain_money(r.standing.open_minor), len(r.standing.parts),
         plain_money(r.next.open_minor) if r.next else "", r.next.due_date if r.next else "", r.accepted_date,
         r.ended_date, word("plan_note", r.end_reason) if r.end_reason else "")
        for r in found
    )  # fmt: skip
    return csv_file("instalment-plans.csv", header, rows)


@allow(*CLERKS, *BILLERS)
def new(request: HttpRequest, account_id: int) -> HttpResponse:
    """Show what a plan would be, and make it: it holds, is offered, or waits for a second person."""
    with or_404():
        account = accounts.overview(account_id=account_id, at_date=today())
    actor = actor_of(request)
    customer_operations.record_look(customer_id=account.holder.id, actor=actor, purpose=LookPurpose.ARREARS)
    context: dict[str, Any] = {"account": account, "live": plans.live_of_account(account_id=account_id, today=today())}
    if not plan_rules.is_offered(at=today()):
        return render(request, "desk/plans/plan_new.html", context)
    rule, at = plan_rules.rule(at=today()), timezone.now()
    debts = plan_previews.debts(account_id=account_id, today=today(), at=at)
    counts = _counts(rule, debts)
    context |= {"is_offered": True, "rule": rule, "limit": rule.limit_of(actor), "debts": debts}
    if not counts:
        return render(request, "desk/plans/plan_new.html", context)
    form = NewPlanForm(posted(request), counts=counts, days=rule.shape.days, firsts=rule.shape.firsts, debts=debts)
    form.is_valid()
    try:
        seen = plan_previews.preview(account_id=account_id, wish=form.wish(), actor=actor, at=at)
        context |= {"seen": seen, "chart": chart(seen.parts)}
        if form.is_bound and form.is_valid() and request.POST.get("action") == "make":
            return redirect("desk:plan", _make(request, account_id, form, actor))
    except Refused as refusal:
        form.refuse(refusal)
    return render(request, "desk/plans/plan_new.html", {**context, "form": form})


def _make(request: HttpRequest, account_id: int, form: NewPlanForm, actor: Actor) -> int:
    seen_minor = request.POST.get("total", "")
    made = operations.offer(
        new=NewPlan(
            account_id=account_id, wish=form.wish(), way=PlanWay.DESK,
            total_minor=int(seen_minor) if seen_minor.isascii() and seen_minor.isdigit() else None,
            is_agreed=form.cleaned_data["how"] == "agreed",
        ),
        at=timezone.now(), actor=actor,
    )  # fmt: skip
    said = {
        "kept": _("The plan holds. The customer is told."),
        "offered": _("The plan is offered. The customer is told."),
        "proposed": _("The plan is proposed; a second person decides on it."),
    }
    messages.success(request, said[plans.one(plan_id=made, today=today()).state])
    return made


def _counts(rule: PlanRule, debts: tuple[OpenDebt, ...]) -> tuple[int, ...]:
    """Return the numbers of parts that anybody could agree on for all that is open."""
    most = max([rule.protected_parts, *(limit.parts for limit in rule.limits.values())])
    total = sum(one.together_minor for one in debts)
    return tuple(
        range(instalments.PARTS_LEAST, instalments.most_parts(total_minor=total, shape=rule.shape, most=most) + 1)
    )


@allow(*READERS)
def show(request: HttpRequest, plan_id: int) -> HttpResponse:
    """Show a plan: its parts and how they stand, its debts, what was done; looking at the customer is recorded."""
    return _page(request, plan_id, EndForm())


@allow(*CLERKS, *BILLERS)
@require_POST
def act(request: HttpRequest, plan_id: int) -> HttpResponse:
    """Agree to a plan, accept it for the customer, drop it, or end it with a reason."""
    with or_404():
        plans.one(plan_id=plan_id, today=today())
    action = request.POST.get("action", "")
    given: dict[str, Any] = {"plan_id": plan_id, "at": timezone.now(), "actor": actor_of(request)}
    form = EndForm(request.POST)
    try:
        if action == "agree":
            operations.agree(**given)
        elif action == "accept":
            operations.accept(**given)
        elif action == "drop":
            operations.drop(reason="withdrawn", **given)
        elif action == "cancel":
            if not form.is_valid():
                return _page(request, plan_id, form)
            operations.cancel(reason=form.cleaned_data["reason"], **given)
        else:
            raise Http404
        messages.success(request, _("Saved."))
    except Refused as refusal:
        tell_refusal(request, refusal)
    return redirect("desk:plan", plan_id)


@allow(*READERS)
@require_safe
def agreement(request: HttpRequest, plan_id: int) -> HttpResponse:
    """Give the agreement as PDF; looking at the customer is recorded."""
    return _paper(request, plan_id, plan_documents.agreement, "agreement")


@allow(*READERS)
@require_safe
def cards(request: HttpRequest, plan_id: int) -> HttpResponse:
    """Give the cards that the parts are paid with as PDF; looking at the customer is recorded."""
    return _paper(request, plan_id, plan_documents.cards, "cards")


def chart(parts: tuple[Part, ...] | tuple[PartNow, ...]) -> dict[str, Any]:
    """Return what is drawn of parts: what is paid and what is open of each, in minor units."""
    now = [one if isinstance(one, PartNow) else None for one in parts]
    paid = [one.paid_minor if one else 0 for one in now]
    opens = [one.open_minor if isinstance(one, PartNow) else one.amount_minor for one in parts]
    return {
        "labels": [day_text(one.due_date) for one in parts],
        "principal": opens,
        "interest": paid,
        "words": {
            "principal": _("Still open"),
            "interest": _("Paid"),
            "symbol": "¥" if supplier.current().currency == "CNY" else "",
        },
    }


def _page(request: HttpRequest, plan_id: int, form: EndForm) -> HttpResponse:
    with or_404():
        card = plans.one(plan_id=plan_id, today=today())
    actor = actor_of(request)
    account = accounts.overview(account_id=card.account_id, at_date=today())
    customer_operations.record_look(customer_id=card.customer_id, actor=actor, purpose=LookPurpose.ARREARS)
    context = {
        "card": card,
        "account": account,
        "debts": plans.debts(plan_id=plan_id),
        "moves": plans.moves(plan_id=plan_id),
        "names": users.names([one for one in (card.proposer_id, card.decider_id) if one]),
        "chart": chart(card.standing.parts),
        "form": form,
        "today": today(),
        **{f"may_{action}": action in _may(card, actor) for action in ("agree", "accept", "drop", "cancel")},
    }
    return render(request, "desk/plans/plan.html", context)


def _may(card: PlanCard, actor: Actor) -> set[str]:
    found = {str(action) for action in WORKFLOW.actions(PlanState(card.state), actor)}
    if card.proposer_id == actor.id:
        found.discard(PlanAction.AGREE.value)
    return found


def _paper(request: HttpRequest, plan_id: int, make: Any, name: str) -> HttpResponse:
    with or_404():
        card = plans.one(plan_id=plan_id, today=today())
        customer_operations.record_look(
            customer_id=card.customer_id, actor=actor_of(request), purpose=LookPurpose.ARREARS
        )
        answer = HttpResponse(make(plan_id=plan_id), content_type="application/pdf")
    answer["Content-Disposition"] = f'inline; filename="{card.number}-{name}.pdf"'
    return answer
