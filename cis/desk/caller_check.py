"""A caller shows who they are: the PIN, or answers from the file, typed by the clerk and compared here."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.http import urlencode
from django.utils.translation import gettext as _

from accounts.operations import customers as customer_operations
from accounts.queries import accounts
from billing.queries import balances
from cis.desk import phone_call
from cis.desk.answers import or_404, posted, tell_refusal, today
from cis.desk.forms.calls import CheckForm
from cis.desk.roles import CLERKS
from cis.kernel.errors import Refused
from cis.platform.access import actor_of, allow
from complaints.operations import caller_checks
from complaints.queries import calls

SHOWN = 5


@allow(*CLERKS)
def check(request: HttpRequest, account_id: int) -> HttpResponse:
    """Ask a caller, and show what may be told once they are known."""
    with or_404():
        account = accounts.overview(account_id=account_id, at_date=today())
    actor, now, holder = actor_of(request), timezone.now(), account.holder
    try:
        sheet = caller_checks.sheet(account_id=account_id, at=now)
    except Refused as refusal:
        tell_refusal(request, refusal)
        return redirect("desk:account", account_id)
    form = CheckForm(posted(request), sheet=sheet)
    if form.is_bound and form.is_valid() and _checked(request, form, account_id):
        phone_call.note_known(request, holder.name)
        messages.success(request, _("The caller is known. Their data may be told now."))
        return redirect("desk:check_caller", account_id)
    known = calls.standing_check(customer_id=holder.id, actor=actor, at=now)
    if known is not None:
        customer_operations.record_look(customer_id=holder.id, actor=actor)
    phone = phone_call.current(request)
    context = {
        "account": account,
        "known": known,
        "form": form if known is None else None,
        "sheet": sheet,
        "masked": phone_call.masked(holder.name),
        "tail": account.number[-4:],
        "phone": phone,
        "balance": balances.of_account(account_id=account_id, today=today()) if known is not None else None,
        "checks": calls.checks_of(customer_id=holder.id, most=SHOWN),
        "case_url": f"{reverse('desk:new_case')}?{urlencode({'caller': phone, 'account': str(account_id)})}",
    }
    return render(request, "desk/cases/check.html", context)


def _checked(request: HttpRequest, form: CheckForm, account_id: int) -> bool:
    """Compare what was said; False: it is wrong, or asked too often, and the form says so."""
    pin, phone, at, actor = form.cleaned_data.get("pin"), phone_call.current(request), timezone.now(), actor_of(request)
    try:
        if pin:
            is_right = caller_checks.check_pin(account_id=account_id, pin=pin, phone=phone, at=at, actor=actor)
        else:
            is_right = caller_checks.check_answers(
                account_id=account_id, answers=form.answers(), phone=phone, at=at, actor=actor
            )
    except Refused as refusal:
        form.refuse(refusal)
        return False
    if not is_right:
        form.add_error(
            None, _("That is not what the file says. Tell the caller nothing; which answer was wrong neither.")
        )
    return is_right
