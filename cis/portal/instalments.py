"""
Paying in parts: see what it would be, ask for it, confirm by a code, follow it, end it.

The card of a part has a code that pays that part without a login, as the code on a bill pays the bill.
"""

from http import HTTPStatus
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.queries import supplier
from arrears.domain.instalments import is_slip_code
from arrears.domain.plan_workflow import PlanWay
from arrears.operations import plan_documents, plan_signing
from arrears.operations import plans as operations
from arrears.operations.plans import NewPlan
from arrears.queries import plan_previews, plan_rules, plans
from arrears.queries.plan_previews import PlanWish
from arrears.queries.plans import PlanCard, WantedPlans
from billing.queries import agreed_parts, pay_links
from billing.queries.agreed_parts import CodedPart, UnknownPartCode
from cashiering.domain.checkouts import Origin
from cashiering.gateways import online
from cashiering.operations import checkouts
from cashiering.operations.checkouts import Wish
from cashiering.queries import checkouts as checkout_queries
from cis.kernel.errors import Refused
from cis.platform import limits
from cis.platform.access import actor_of, allow_portal, allow_public
from cis.platform.answers import or_404, tell_refusal
from cis.platform.instalment_form import WishForm
from cis.platform.limits import TooManyRequests
from cis.platform.phrases import explain
from cis.portal import access
from cis.portal.access import Visit
from cis.portal.pay import HOURS, LOOK_MOST, PAY_MOST, PAYER

SENT = "accepting_plan"
"""Of the session: the plan for which a code was sent."""
SHOWN_MOST = 10
REASON = "by the customer, in the portal"


@allow_portal
@require_safe
def index(request: HttpRequest) -> HttpResponse:
    """Show the customer's plans, and what paying in parts would be."""
    visit = access.visit(request)
    held = visit.chosen
    if held is None:
        return render(request, "portal/no_account.html", {"visit": visit})
    found = plans.listed(wanted=WantedPlans(account_id=held.account_id), today=access.today(), most=SHOWN_MOST)
    own = [one for one in found if one.customer_id == visit.customer_id]
    live = next((one for one in own if one.state in {"kept", "offered", "proposed"}), None)
    context: dict[str, Any] = {
        "visit": visit, "supplier": supplier.current(), "plans": own, "live": live,
        "is_kept": live is not None and live.state == "kept", "today": access.today(),
    }  # fmt: skip
    if held.is_current and not context["is_kept"] and plan_rules.is_offered(at=access.today()):
        context |= _offer(request, visit)
    return render(request, "portal/instalments.html", context)


def _offer(request: HttpRequest, visit: Visit) -> dict[str, Any]:
    """Return what paying in parts would be, by what was chosen; {} with why where it is to be talked about."""
    assert visit.chosen is not None
    account_id, actor, at = visit.chosen.account_id, actor_of(request), timezone.now()
    debts = [one for one in plan_previews.debts(account_id=account_id, today=access.today(), at=at) if one.is_usual]
    if not debts:
        return {"has_debts": False}
    total = sum(one.together_minor for one in debts)
    counts = plan_previews.counts(account_id=account_id, total_minor=total, actor=actor, at=at)
    if not counts:
        return {"has_debts": True, "must_call": True, "total_minor": total}
    shape = plan_rules.rule(at=access.today()).shape
    form = WishForm(
        request.GET if "count" in request.GET else None, counts=counts, days=shape.days, firsts=shape.firsts
    )
    form.is_valid()
    wish = PlanWish(*form.chosen_shape())
    seen = plan_previews.preview(account_id=account_id, wish=wish, actor=actor, at=at)
    return {"has_debts": True, "form": form, "seen": seen, "wish": wish}


@allow_portal
@require_POST
def ask(request: HttpRequest) -> HttpResponse:
    """Ask for a plan as it was shown, and send the code by which it is confirmed."""
    visit = access.visit(request)
    held = visit.chosen
    if held is None or not held.is_current or not plan_rules.is_offered(at=access.today()):
        return redirect("portal:instalments")
    shape = plan_rules.rule(at=access.today()).shape
    form = WishForm(request.POST, counts=range(2, 61), days=shape.days, firsts=shape.firsts)
    total = request.POST.get("total", "")
    if not form.is_valid() or not (total.isascii() and total.isdigit()):
        messages.error(request, _("Please look at the parts again."))
        return redirect("portal:instalments")
    wish = PlanWish(*form.chosen_shape())
    new = NewPlan(account_id=held.account_id, wish=wish, way=PlanWay.PORTAL, total_minor=int(total))
    try:
        plan_id = operations.offer(new=new, at=timezone.now(), actor=actor_of(request), customer_id=visit.customer_id)
    except Refused as refusal:
        tell_refusal(request, refusal)
        return redirect("portal:instalments")
    _send(request, plan_id, visit.customer_id)
    return redirect("portal:plan", plan_id)


@allow_portal
@require_safe
def show(request: HttpRequest, plan_id: int) -> HttpResponse:
    """Show a plan of the customer: to be confirmed, or its parts and how to pay them."""
    visit = access.visit(request)
    card = _own(visit, plan_id)
    context = {
        "visit": visit,
        "supplier": supplier.current(),
        "card": card,
        "parts": [
            (part, code, f"{pay_links.PART_PATH}{code}/{pay_links.mark(code)}/")
            for part, code in ((part, card.codes[part.seq]) for part in card.standing.parts)
        ],
        "debts": plans.debts(plan_id=plan_id),
        "is_sent": request.session.get(SENT) == plan_id,
        "today": access.today(),
    }
    return render(request, "portal/instalment_plan.html", context)


@allow_portal
@require_POST
def send_code(request: HttpRequest, plan_id: int) -> HttpResponse:
    """Send the customer a new code."""
    visit = access.visit(request)
    _own(visit, plan_id)
    _send(request, plan_id, visit.customer_id)
    return redirect("portal:plan", plan_id)


@allow_portal
@require_POST
def accept(request: HttpRequest, plan_id: int) -> HttpResponse:
    """Confirm a plan by the code."""
    visit = access.visit(request)
    _own(visit, plan_id)
    if request.POST.get("agree") != "on":
        messages.error(request, _("Please confirm that you agree to the plan."))
        return redirect("portal:plan", plan_id)
    try:
        plan_signing.accept_by_code(
            plan_id=plan_id, customer_id=visit.customer_id, code=request.POST.get("code", "")[:20], at=timezone.now(),
            actor=actor_of(request),
        )  # fmt: skip
    except Refused as refusal:
        tell_refusal(request, refusal)
    else:
        request.session.pop(SENT, None)
        messages.success(request, _("Thank you: you pay in parts from now on."))
    return redirect("portal:plan", plan_id)


@allow_portal
@require_POST
def end(request: HttpRequest, plan_id: int) -> HttpResponse:
    """Refuse an offer, or end a plan."""
    visit = access.visit(request)
    card = _own(visit, plan_id)
    given: dict[str, Any] = {
        "plan_id": plan_id, "at": timezone.now(), "actor": actor_of(request), "customer_id": visit.customer_id,
    }  # fmt: skip
    try:
        if card.state == "kept":
            operations.cancel(reason=REASON, **given)
        else:
            operations.drop(reason="withdrawn", **given)
        messages.success(request, _("Done."))
    except Refused as refusal:
        tell_refusal(request, refusal)
    return redirect("portal:instalments")


@allow_portal
@require_safe
def agreement(request: HttpRequest, plan_id: int) -> HttpResponse:
    """Give the agreement of one's own plan as PDF."""
    return _paper(request, plan_id, "agreement")


@allow_portal
@require_safe
def cards(request: HttpRequest, plan_id: int) -> HttpResponse:
    """Give the cards of one's own plan as PDF."""
    return _paper(request, plan_id, "cards")


@allow_public
@require_http_methods(["GET", "HEAD", "POST"])
def part_link(request: HttpRequest, code: str, mark: str) -> HttpResponse:
    """
    Show what the card of a code pays to whoever scanned it: the part whose turn it is; and let it be paid.

    A wrong mark answers like a part that does not exist, so nobody finds parts by trying.
    """
    try:
        limits.take(name="pay_link", request=request, most=LOOK_MOST, hours=HOURS, at=timezone.now())
        own = _of_link(code, mark)
    except TooManyRequests:
        return render(request, "429.html", status=HTTPStatus.TOO_MANY_REQUESTS)
    except UnknownPartCode:
        return _private(render(request, "portal/pay_unknown.html", status=HTTPStatus.NOT_FOUND))
    refused, part = None, agreed_parts.turn_of(own)
    if request.method == "POST" and part.open_minor:
        wish = Wish(
            account_id=part.account_id, provider=request.POST.get("provider", ""), origin=Origin.LINK,
            parts=tuple(part.open_of.items()),
        )  # fmt: skip
        try:
            limits.take(name="pay", request=request, most=PAY_MOST, hours=HOURS, at=timezone.now())
            begun = checkouts.begin(wish=wish, at=timezone.now(), actor=PAYER)
        except Refused as refusal:
            refused = explain(refusal.code, refusal.message, refusal.advice)
        else:
            is_page = begun.page_url and begun.qr in {"", begun.page_url}
            return redirect(begun.page_url) if is_page else redirect("pay_status", begun.reference)
    today = access.today()
    context = {
        "part": part,
        "own": own,
        "refused": refused,
        "today": today,
        "name": checkout_queries.holder(account_id=part.account_id, today=today, is_masked=True),
        "providers": online.names(),
        "supplier": supplier.current(),
        "is_under_way": bool(checkout_queries.under_way([part.account_id], at=timezone.now())),
    }
    return _private(render(request, "portal/pay_part.html", context))


def _of_link(code: str, mark: str) -> CodedPart:
    if not (is_slip_code(number=code) and pay_links.is_right(code, mark)):
        raise UnknownPartCode("There is no such part.")
    return agreed_parts.of_code(code=code)


def _own(visit: Visit, plan_id: int) -> PlanCard:
    with or_404():
        return plans.one(plan_id=plan_id, today=access.today(), customer_id=visit.customer_id)


def _send(request: HttpRequest, plan_id: int, customer_id: int) -> None:
    try:
        plan_signing.send_code(plan_id=plan_id, customer_id=customer_id, actor=actor_of(request))
    except Refused as refusal:
        tell_refusal(request, refusal)
    else:
        request.session[SENT] = plan_id
        messages.success(request, _("The code is on its way; it holds for ten minutes."))


def _paper(request: HttpRequest, plan_id: int, name: str) -> HttpResponse:
    card = _own(access.visit(request), plan_id)
    make = plan_documents.agreement if name == "agreement" else plan_documents.cards
    answer = HttpResponse(make(plan_id=plan_id), content_type="application/pdf")
    answer["Content-Disposition"] = f'inline; filename="{card.number}-{name}.pdf"'
    return _private(answer)


def _private(answer: HttpResponse) -> HttpResponse:
    answer["Cache-Control"] = "private, no-store"
    answer["X-Robots-Tag"] = "noindex"
    return answer
