"""Logins of customers for the portal, given and closed on the desk."""

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _

from accounts.operations import users as operations
from accounts.queries import accounts, users
from cis.desk import phone_call
from cis.desk.answers import or_404, posted, tell_refusal, today
from cis.desk.forms.logins import LoginForm
from cis.desk.roles import CLERKS
from cis.kernel.errors import Refused
from cis.platform.access import actor_of, allow


@allow(*CLERKS)
def portal(request: HttpRequest, account_id: int) -> HttpResponse:
    """Show, give and close the logins of the customer who holds an account today."""
    with or_404():
        account = accounts.overview(account_id=account_id, at_date=today())
    if request.POST.get("do") == "close":
        return _close(request, account)
    form = LoginForm(posted(request), initial={"email": account.holder.shown.email})
    if form.is_bound and form.is_valid():
        password = operations.new_password()
        try:
            phone_call.see_known(request, account.holder.id)
            operations.create_portal_user(
                customer_id=account.holder.id, password=password, actor=actor_of(request), **form.cleaned_data
            )
        except Refused as refusal:
            form.refuse(refusal)
        else:
            username, back_url = form.cleaned_data["username"], reverse("desk:account", args=[account_id])
            return show_password(request, username=username, password=password, back_url=back_url)
    cards = users.of_customer(customer_id=account.holder.id)
    return render(request, "desk/portal_login.html", {"form": form, "account": account, "cards": cards})


def show_password(request: HttpRequest, *, username: str, password: str, back_url: str) -> HttpResponse:
    """
    Show a new login with its password: this once, kept nowhere.

    It is the answer to the form itself: sent again, the name is taken, and no second login is made.
    """
    context = {
        "username": username,
        "password": password,
        "sign_in_url": request.build_absolute_uri(reverse("account_login")),
        "back_url": back_url,
    }
    answer = render(request, "desk/login_made.html", context)
    answer["Cache-Control"] = "private, no-store"
    return answer


def _close(request: HttpRequest, account: accounts.AccountOverview) -> HttpResponse:
    """Close a login of this customer; another's is not found."""
    given = request.POST.get("login", "")
    if given not in {str(card.id) for card in users.of_customer(customer_id=account.holder.id)}:
        raise Http404
    try:
        phone_call.see_known(request, account.holder.id)
        operations.deactivate(user_id=int(given), actor=actor_of(request))
    except Refused as refusal:
        tell_refusal(request, refusal)
    else:
        messages.success(request, _("The login is closed."))
    return redirect("desk:portal_login", account.id)
