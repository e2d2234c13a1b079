"""The secret number of a customer for the telephone, set at the desk for who stands there."""

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _

from accounts.domain.privacy import LookPurpose
from accounts.operations import customers as customer_operations
from accounts.operations import telephone_pins as operations
from accounts.queries import accounts, telephone_pins
from cis.desk import phone_call
from cis.desk.answers import or_404, posted, tell_refusal, today
from cis.desk.roles import CLERKS
from cis.kernel.errors import Refused
from cis.platform.access import actor_of, allow
from cis.platform.pin_forms import PinForm


@allow(*CLERKS)
def pin(request: HttpRequest, account_id: int) -> HttpResponse:
    """Set or remove the PIN of who holds an account today; it is typed by the customer."""
    with or_404():
        account = accounts.overview(account_id=account_id, at_date=today())
    digits, actor = telephone_pins.digits(today()), actor_of(request)
    if digits is None:
        messages.info(request, _("Enquiries by telephone are not offered here."))
        return redirect("desk:account", account_id)
    customer_operations.record_look(customer_id=account.holder.id, actor=actor, purpose=LookPurpose.TELEPHONE)
    given: dict[str, Any] = {"account_id": account_id, "customer_id": account.holder.id, "actor": actor}
    if request.method == "POST" and (refused := _refused(request, account.holder.id)):
        tell_refusal(request, refused)
        return redirect("desk:check_caller", account_id)
    if request.POST.get("do") == "remove":
        operations.remove(**given)
        messages.success(request, _("The PIN is removed."))
        return redirect("desk:telephone_pin", account_id)
    form = PinForm(posted(request))
    if form.is_bound and form.is_valid():
        try:
            operations.set_pin(**given, pin=form.cleaned_data["pin"], digits=digits)
        except Refused as refusal:
            form.refuse(refusal)
        else:
            messages.success(request, _("The PIN is set."))
            return redirect("desk:account", account_id)
    set_at = telephone_pins.set_at(account_id=account_id, customer_id=account.holder.id)
    context = {"form": form, "account": account, "set_at": set_at, "digits": digits}
    return render(request, "desk/collective/telephone_pin.html", context)


def _refused(request: HttpRequest, customer_id: int) -> Refused | None:
    """Return why nothing is changed now: somebody is on the telephone, and has not shown who they are."""
    try:
        phone_call.see_known(request, customer_id)
    except Refused as refusal:
        return refusal
    return None
