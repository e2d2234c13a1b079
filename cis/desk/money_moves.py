"""Credit that lies, and money that is moved to another account."""

from uuid import uuid4

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from accounts.operations import customers as customer_operations
from accounts.queries import accounts
from billing.domain.adjustments import DECIDERS
from billing.operations import money_moves as operations
from billing.queries import adjustments, payments, refunds, unclaimed
from billing.queries.adjustments import MoveCard, Wanted
from billing.queries.unclaimed import WantedCredit
from cis.desk.answers import FILE_ROWS_MOST, csv_file, or_404, posted, tell_refusal, today
from cis.desk.forms.money import MoveForm, MoveListForm, ReverseForm, UnclaimedForm
from cis.desk.money_words import ADJUSTMENT_STATES
from cis.desk.roles import BILLERS, CLERKS, READERS
from cis.kernel.errors import Refused
from cis.platform.access import actor_of, allow
from cis.platform.paging import ROWS, Pager, page_number, query_of
from cis.platform.templatetags.local import plain_money


@allow(*READERS)
def lying(request: HttpRequest) -> HttpResponse:
    """List credit whose owner owes elsewhere, that lies for long, or on a closed account."""
    form, number = UnclaimedForm(request.GET), page_number(request)
    wanted = form.wanted()
    rows = unclaimed.listed(wanted=wanted, today=today(), offset=(number - 1) * ROWS, most=ROWS + 1)
    context = {
        "form": form,
        "rows": rows[:ROWS],
        "pager": Pager(number, len(rows) > ROWS, query_of(request)),
        "is_filtered": wanted != WantedCredit(),
        "may_move": bool(actor_of(request).roles & {*CLERKS, *BILLERS}),
    }
    return render(request, "desk/money/unclaimed.html", context)


@allow(*READERS)
def lying_file(request: HttpRequest) -> StreamingHttpResponse:
    """Give the same list as a file."""
    found = unclaimed.listed(wanted=UnclaimedForm(request.GET).wanted(), today=today(), most=FILE_ROWS_MOST)
    header = [_("Account"), _("Holder"), _("Credit"), _("Lies since"), _("Owed elsewhere"), _("Accounts that owe"),
              _("Asked to be paid out")]  # fmt: skip
    rows = (
        (r.number, r.holder, plain_money(r.credit_minor), r.since, plain_money(r.owed_minor), " ".join(r.owing),
         plain_money(r.promised_minor))
        for r in found
    )  # fmt: skip
    return csv_file("credit.csv", header, rows)


@allow(*READERS)
def index(request: HttpRequest) -> HttpResponse:
    """List moved money, the latest first."""
    form, number = MoveListForm(request.GET), page_number(request)
    wanted = form.wanted()
    rows = adjustments.moves(wanted=wanted, offset=(number - 1) * ROWS, most=ROWS + 1)
    context = {
        "form": form,
        "rows": rows[:ROWS],
        "pager": Pager(number, len(rows) > ROWS, query_of(request)),
        "is_filtered": wanted != Wanted(),
    }
    return render(request, "desk/money/moves.html", context)


@allow(*READERS)
def export(request: HttpRequest) -> StreamingHttpResponse:
    """Give the same list as a file."""
    found = adjustments.moves(wanted=MoveListForm(request.GET).wanted(), most=FILE_ROWS_MOST)
    header = [
        _("From account"), _("To account"), _("Amount"), _("Payment"), _("Reason"), _("State"), _("Moved on"),
        _("Entered by"), _("Agreed by"),
    ]  # fmt: skip
    rows = (
        (r.from_number, r.to_number, plain_money(r.amount_minor), r.reference, r.reason,
         str(ADJUSTMENT_STATES[r.state]), r.made_date, r.proposer, r.decider)
        for r in found
    )  # fmt: skip
    return csv_file("moved-money.csv", header, rows)


@allow(*CLERKS, *BILLERS)
def move_credit(request: HttpRequest, account_id: int) -> HttpResponse:
    """Move credit of an account to another one."""
    return _new(request, account_id, None)


@allow(*CLERKS, *BILLERS)
def move_payment(request: HttpRequest, payment_id: int) -> HttpResponse:
    """Move a payment that was booked on the wrong account."""
    with or_404():
        payment = payments.one(payment_id=payment_id)
    return _new(request, payment.account_id, payment)


@allow(*READERS)
def show(request: HttpRequest, move_id: int) -> HttpResponse:
    """Show moved money; looking at both customers is recorded."""
    with or_404():
        card = adjustments.move(move_id=move_id)
    return _page(request, card, ReverseForm())


@allow(*BILLERS)
@require_POST
def act(request: HttpRequest, move_id: int) -> HttpResponse:
    """Agree to a move as the second person, drop it, or move the money back."""
    with or_404():
        card = adjustments.move(move_id=move_id)
    action, actor, given = request.POST.get("action", ""), actor_of(request), {"move_id": move_id}
    form = ReverseForm(request.POST if action == "reverse" else None)
    try:
        if action in {"agree", "drop"}:
            operations.decide(**given, is_agreed=action == "agree", today=today(), actor=actor)
        elif action == "reverse":
            if not form.is_valid():
                return _page(request, card, form)
            operations.reverse(**given, reason=form.cleaned_data["reason"], today=today(), actor=actor)
            messages.success(request, _("The money is moved back."))
        else:
            raise Http404
    except Refused as refusal:
        tell_refusal(request, refusal)
    return redirect("desk:money_move", move_id)


def _new(request: HttpRequest, account_id: int, payment: payments.PaymentDetail | None) -> HttpResponse:
    with or_404():
        account = accounts.overview(account_id=account_id, at_date=today())
    actor = actor_of(request)
    customer_operations.record_look(customer_id=account.holder.id, actor=actor)
    offer = refunds.offer(account_id=account_id, today=today())
    free = max(0, offer.credit.credit_minor - offer.credit.promised_minor)
    first = {
        "request_key": uuid4().hex,
        "amount": plain_money(min(free, offer.owed_elsewhere_minor or free)),
        "to_account": request.GET.get("to", offer.owing[0] if offer.owing else ""),
    }
    form = MoveForm(posted(request), is_payment=payment is not None, initial=first)
    if form.is_bound and form.is_valid():
        try:
            wanted = form.move(account_id=account_id, payment_id=payment.id if payment else None)
            made = operations.propose(new=wanted, today=today(), actor=actor)
        except Refused as refusal:
            form.refuse(refusal)
        else:
            if adjustments.move(move_id=made).state == "proposed":
                messages.success(request, _("It is entered; a second person decides on it."))
            else:
                messages.success(request, _("The money is moved."))
            return redirect("desk:money_move", made)
    context = {"form": form, "account": account, "payment": payment, "offer": offer, "free_minor": free}
    return render(request, "desk/money/move_new.html", context)


def _page(request: HttpRequest, card: MoveCard, form: ReverseForm) -> HttpResponse:
    actor = actor_of(request)
    sides = [accounts.overview(account_id=one, at_date=today()) for one in (card.from_id, card.to_id)]
    for side in sides:
        customer_operations.record_look(customer_id=side.holder.id, actor=actor)
    decides, is_own = actor.is_one_of(DECIDERS), card.proposer_id == actor.id
    context = {
        "card": card,
        "sides": sides,
        "form": form,
        "may_drop": decides and card.state == "proposed",
        "may_agree": decides and card.state == "proposed" and not is_own,
        "may_reverse": decides and card.state == "made" and not (card.is_for_two and is_own),
    }
    return render(request, "desk/money/move.html", context)
