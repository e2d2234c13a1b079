"""Money that came by the bank or online and on no statement: book it by hand. The counter has its till."""

from secrets import token_hex

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _

from accounts.queries import accounts
from billing.operations import payments
from billing.queries import balances, bills
from cis.desk.answers import or_404, posted, today
from cis.desk.forms.payments import PaymentForm
from cis.desk.roles import CASHIERS
from cis.kernel.errors import Refused
from cis.platform.access import actor_of, allow
from cis.platform.templatetags.local import money, plain_money


@allow(*CASHIERS)
def take(request: HttpRequest, account_id: int) -> HttpResponse:
    """
    Book a payment by hand.

    The form carries its reference from the start, so sending it twice books it once.
    """
    with or_404():
        account = accounts.overview(account_id=account_id, at_date=today())
    balance = balances.of_account(account_id=account_id, today=today())
    owed = max(0, balance.balance_minor)
    initial = {
        "amount": plain_money(owed) if owed else "",
        "received_date": today(),
        "reference": f"D{today():%Y%m%d}-{token_hex(4).upper()}",
    }
    form = PaymentForm(posted(request), initial=initial)
    if request.method == "POST" and form.is_valid():
        try:
            received = payments.receive(account_id=account_id, today=today(), actor=actor_of(request), **form.payment())
        except Refused as refusal:
            form.refuse(refusal)
        else:
            amount = money(form.cleaned_data["amount"])
            text = _("%(amount)s received.") if received.is_new else _("This payment of %(amount)s was booked before.")
            messages.success(request, text % {"amount": amount})
            return redirect("desk:account", account_id)
    unpaid = [card for card in bills.of_account(account_id=account_id) if card.open_minor]
    context = {"form": form, "account": account, "balance": balance, "unpaid": unpaid, "today": today()}
    return render(request, "desk/payment.html", context)
