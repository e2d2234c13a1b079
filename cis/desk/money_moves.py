"""Credit that lies, and money that is moved to another account."""

from functools import partial
from uuid import uuid4

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST

from accounts.domain.privacy import LookPurpose
from accounts.operations import customers as customer_operations
from accounts.queries import accounts
from billing.operations import money_moves as operations
from billing.queries import adjustments, payments, refunds, unclaimed
from billing.queries.adjustments import Wanted
from billing.queries.unclaimed import WantedCredit
from cis.desk import second_person
from cis.desk.answers import FILE_ROWS_MOST, csv_file, or_404, posted, today
from cis.desk.forms.money import MoveForm, MoveListForm, UnclaimedForm
from cis.desk.money_words import ADJUSTMENT_STATES
from cis.desk.roles import BILLERS, CLERKS, READERS
from cis.kernel.errors import Refused
from cis.platform.access import actor_of, allow
from cis.platform.paging import page_context
from cis.platform.templatetags.local import plain_money


@allow(*READERS)
def lying(request: HttpRequest) -> HttpResponse:
    """List credit whose owner owes elsewhere, that lies for long, or on a closed account."""
    form = UnclaimedForm(request.GET)
    wanted = form.wanted()
    context = {
        "form": form,
        **page_context(request, partial(unclaimed.listed, wanted=wanted, today=today())),
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
    return second_person.listed(
        request, "desk/money/moves.html", MoveListForm(request.GET), Wanted(), adjustments.moves
    )


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


KIND = second_person.Kind(
    id_name="move_id",
    url="desk:money_move",
    template="desk/money/move.html",
    one=adjustments.move,
    decide=operations.decide,
    reverse=operations.reverse,
    accounts_of=lambda card: [card.from_id, card.to_id],
    reversed_words=gettext_lazy("The money is moved back."),
)


@allow(*READERS)
def show(request: HttpRequest, move_id: int) -> HttpResponse:
    """Show moved money; looking at both customers is recorded."""
    return second_person.show(request, KIND, move_id)


@allow(*BILLERS)
@require_POST
def act(request: HttpRequest, move_id: int) -> HttpResponse:
    """Agree to a move as the second person, drop it, or move the money back."""
    return second_person.act(request, KIND, move_id)


def _new(request: HttpRequest, account_id: int, payment: payments.PaymentDetail | None) -> HttpResponse:
    with or_404():
        account = accounts.overview(account_id=account_id, at_date=today())
    actor = actor_of(request)
    customer_operations.record_look(customer_id=account.holder.id, actor=actor, purpose=LookPurpose.PAYMENT)
    offer = refunds.offer(account_id=account_id, today=today())
    free = max(0, offer.credit.credit_minor - offer.credit.promised_minor - offer.credit.used_minor)
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
