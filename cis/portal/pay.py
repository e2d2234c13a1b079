"""
Paying online: choose what, go to the provider, come back to a page that says what is true.

Who is signed in chooses bills or an amount. Who scans the code on a bill pays that bill without a login, and sees its
amount, its due date and a masked name. The page of a payment opens by its name, which cannot be guessed.
"""

from datetime import date, timedelta
from http import HTTPStatus
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_safe

from accounts.queries import supplier
from billing.queries import bills, consolidated, consolidated_payments, pay_links
from billing.queries.bills import BillCard, UnknownBill
from billing.queries.consolidated import ConsolidatedCard
from cashiering.domain.checkouts import CheckoutState, Origin
from cashiering.gateways import online
from cashiering.operations import checkouts, payment_receipts
from cashiering.operations.checkouts import Wish
from cashiering.queries import checkouts as queries
from cis.kernel.actors import Actor, ActorKind
from cis.kernel.errors import Refused
from cis.platform import limits, packs
from cis.platform.access import actor_of, allow_portal, allow_public
from cis.platform.answers import or_404
from cis.platform.limits import TooManyRequests
from cis.platform.phrases import explain
from cis.portal import access
from cis.portal.access import Held
from cis.portal.pay_forms import PayForm

PAYER = Actor(ActorKind.CUSTOMER, None, "payer")
LOOK_MOST, PAY_MOST, HOURS = 200, 30, 1
BILLS_MOST = 2_000
RECENT = timedelta(minutes=15)


@allow_portal
@require_http_methods(["GET", "HEAD", "POST"])
def start(request: HttpRequest) -> HttpResponse:
    """Let the customer choose bills or an amount, and a provider; then lead there."""
    visit = access.visit(request)
    held = visit.chosen
    if held is None:
        return render(request, "portal/no_account.html", {"visit": visit})
    due = _open_bills(held)
    form = PayForm(
        request.POST if request.method == "POST" else None, due=due, providers=online.names(),
        initial={"bills": _chosen(request, due)},
    )  # fmt: skip
    if request.method == "POST" and form.is_valid():
        wish = Wish(
            account_id=held.account_id,
            provider=form.cleaned_data["provider"],
            origin=Origin.PORTAL,
            bill_ids=form.bill_ids(),
            amount_minor=form.cleaned_data["amount"],
        )
        try:
            return _begin(request, wish, actor_of(request))
        except Refused as refusal:
            form.refuse(refusal)
    today = access.today()
    context = {
        "visit": visit, "form": form, "due": due, "supplier": supplier.current(), "providers": online.names(),
        "today": today, "bounds": queries.bounds(today=today), "is_under_way": _is_under_way(held.account_id),
        "chosen": {str(one) for one in form["bills"].value() or ()},
        "provider": form["provider"].value() or next(iter(online.names()), ""),
    }  # fmt: skip
    return render(request, "portal/pay.html", context)


@allow_public
@require_http_methods(["GET", "HEAD", "POST"])
def link(request: HttpRequest, number: str, mark: str) -> HttpResponse:
    """
    Show the bill of a code to whoever scanned it, and let it be paid.

    A wrong mark answers like a bill that does not exist, so nobody finds bills by trying.
    """
    try:
        limits.take(name="pay_link", request=request, most=LOOK_MOST, hours=HOURS, at=timezone.now())
        collective = _collective_of(number, mark)
        if collective is not None:
            return _collective(request, collective)
        card = _of_link(number, mark)
    except TooManyRequests:
        return render(request, "429.html", status=HTTPStatus.TOO_MANY_REQUESTS)
    except UnknownBill:
        return _private(render(request, "portal/pay_unknown.html", status=HTTPStatus.NOT_FOUND))
    today = access.today()
    state = _state_of(card, today)
    refused = None
    if request.method == "POST" and state == "open":
        wish = Wish(
            account_id=card.account_id, provider=request.POST.get("provider", ""), origin=Origin.LINK,
            bill_ids=(card.id,),
        )  # fmt: skip
        try:
            return _begin(request, wish, PAYER)
        except Refused as refusal:
            refused = explain(refusal.code, refusal.message, refusal.advice)
    context = {
        "card": card,
        "state": state,
        "refused": refused,
        "today": today,
        "name": queries.holder(account_id=card.account_id, today=card.end_date - timedelta(days=1), is_masked=True),
        "providers": online.names(),
        "supplier": supplier.current(),
        "is_under_way": _is_under_way(card.account_id),
    }
    return _private(render(request, "portal/pay_link.html", context))


@allow_public
@require_safe
def status(request: HttpRequest, reference: str) -> HttpResponse:
    """Say truly what became of an online payment; the page asks again while it is under way."""
    with or_404():
        card = queries.of_reference(reference)
    context: dict[str, Any] = {
        "card": card,
        "is_own": _is_own(request, card),
        "again": _again(request, card),
    }
    if request.headers.get("HX-Request") == "true":
        return _private(render(request, "portal/_pay_state.html", context))
    name = queries.holder(account_id=card.account_id, today=access.today(), is_masked=not context["is_own"])
    return _private(
        render(request, "portal/pay_status.html", {**context, "name": name, "supplier": supplier.current()})
    )


@allow_public
@require_safe
def receipt(request: HttpRequest, reference: str) -> HttpResponse:
    """Give the receipt of an online payment; masked for whoever is not signed in as its holder."""
    with or_404():
        card = queries.of_reference(reference)
    if card.payment_id is None:
        raise Http404
    is_masked = not _is_own(request, card)
    whole = consolidated_payments.whole_of(payment_id=card.payment_id) if card.consolidated_number else None
    if whole is not None:
        return _paper(
            payment_receipts.pdf_of_whole(consolidated_payment_id=whole, is_masked=is_masked), f"receipt-{whole}-whole"
        )
    return _pdf(card.payment_id, is_masked=is_masked)


@allow_portal
@require_safe
def payment_receipt(request: HttpRequest, payment_id: int) -> HttpResponse:
    """Give the receipt of a payment of the customer, whichever way it came."""
    held = access.visit(request).chosen
    paid = bills.payments_of(account_id=held.account_id, most=10_000) if held else ()
    if held is None or not any(one.id == payment_id and held.covers(one.received_date) for one in paid):
        raise Http404
    return _pdf(payment_id, is_masked=False)


def _collective(request: HttpRequest, card: ConsolidatedCard) -> HttpResponse:
    """Show the consolidated bill of a code to whoever scanned it, and let it be paid as a whole."""
    today, refused = access.today(), None
    days = int(packs.rule("online_payment", at=today)["link_days"])
    until = card.issue_date + timedelta(days=days)
    state = card.state if not card.open_minor else "open" if today <= until else "old"
    if request.method == "POST" and state == "open":
        wish = Wish(
            account_id=card.lead_account_id, provider=request.POST.get("provider", ""), origin=Origin.LINK,
            consolidated_bill_id=card.id,
        )  # fmt: skip
        try:
            return _begin(request, wish, PAYER)
        except Refused as refusal:
            refused = explain(refusal.code, refusal.message, refusal.advice)
    context = {
        "card": card,
        "state": state,
        "refused": refused,
        "today": today,
        "name": queries.holder(account_id=card.lead_account_id, today=card.issue_date, is_masked=True),
        "providers": online.names(),
        "supplier": supplier.current(),
        "is_under_way": _is_under_way(card.lead_account_id),
        "is_consolidated": True,
    }
    return _private(render(request, "portal/pay_link.html", context))


def _collective_of(number: str, mark: str) -> ConsolidatedCard | None:
    """Return the consolidated bill of a code; None: it is of another kind, or the mark is wrong."""
    if not (number.isascii() and pay_links.is_right(number, mark)):
        return None
    known = consolidated.by_numbers([number])
    return consolidated.one(consolidated_bill_id=known[number]) if known else None


def _begin(request: HttpRequest, wish: Wish, actor: Actor) -> HttpResponse:
    """Begin a payment and lead to the provider; a wallet is scanned, so its code is shown first."""
    limits.take(name="pay", request=request, most=PAY_MOST, hours=HOURS, at=timezone.now())
    begun = checkouts.begin(wish=wish, at=timezone.now(), actor=actor)
    if begun.page_url and begun.qr in {"", begun.page_url}:
        return redirect(begun.page_url)
    return redirect("pay_status", begun.reference)


def _open_bills(held: Held) -> tuple[BillCard, ...]:
    """Return what is open of the customer, oldest due date first."""
    own = bills.of_account(account_id=held.account_id, most=BILLS_MOST)
    found = [card for card in own if card.open_minor and card.due_date and held.shows(card)]
    return tuple(sorted(found, key=lambda card: (card.due_date or date.max, card.id)))


def _chosen(request: HttpRequest, due: tuple[BillCard, ...]) -> list[str]:
    """Return the bills that are ticked at first: the one asked for, else all."""
    wanted = request.GET.get("bill")
    numbers = [card.number for card in due]
    return [wanted] if wanted in numbers else numbers


def _of_link(number: str, mark: str) -> BillCard:
    """
    Return the bill of a code.

    :raises UnknownBill: the mark is not that of the number, or the bill is gone.
    """
    if not (number.isascii() and pay_links.is_right(number, mark)):
        raise UnknownBill("There is no such bill.")
    (card,) = bills.listed(bill_ids=[bills.id_of_number(number)])
    return card


def _state_of(card: BillCard, today: date) -> str:
    """Return what a code says of its bill: open, paid, cancelled, nothing to pay, or too old."""
    if card.state == "cancelled":
        return "cancelled"
    if card.amount_minor <= 0 or card.issue_date is None:
        return "nothing"
    if not card.open_minor:
        return "paid"
    days = int(packs.rule("online_payment", at=today)["link_days"])
    return "open" if today <= card.issue_date + timedelta(days=days) else "old"


def _is_under_way(account_id: int) -> bool:
    return bool(queries.under_way([account_id], at=timezone.now()))


def _is_own(request: HttpRequest, card: queries.CheckoutCard) -> bool:
    """Return whether a signed-in customer looks at a payment of an account that is theirs now, or of their bill."""
    customer_id = getattr(request.user, "customer_id", None)
    if customer_id is None:
        return False
    if card.consolidated_number:
        return bool(consolidated.of_number(card.consolidated_number).customer_id == customer_id)
    return any(one.account_id == card.account_id and one.is_current for one in access.visit(request).held)


def _again(request: HttpRequest, card: queries.CheckoutCard) -> str:
    """Return where the same can be paid anew, or ""."""
    if card.state not in {CheckoutState.FAILED, CheckoutState.EXPIRED, CheckoutState.REVERSED}:
        return ""
    if card.consolidated_number:
        return pay_links.address(card.consolidated_number)
    parts = queries.bills_of(checkout_id=card.id)
    if card.origin == Origin.LINK and len(parts) == 1:
        return pay_links.address(parts[0][0].number)
    return "/portal/pay" if _is_own(request, card) else ""


def _pdf(payment_id: int, *, is_masked: bool) -> HttpResponse:
    return _paper(payment_receipts.pdf(payment_id=payment_id, is_masked=is_masked), f"receipt-{payment_id}")


def _paper(content: bytes, name: str) -> HttpResponse:
    answer = HttpResponse(content, content_type=payment_receipts.MEDIA_TYPE)
    answer["Content-Disposition"] = f'inline; filename="{name}.pdf"'
    return _private(answer)


def _private(answer: HttpResponse) -> HttpResponse:
    answer["Cache-Control"] = "private, no-store"
    answer["X-Robots-Tag"] = "noindex"
    return answer
