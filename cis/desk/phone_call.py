"""
Somebody is on the telephone: kept in the session of the clerk from the number that calls until they hang up.

While a call is open, pages that change a customer's data ask first whether the caller has shown who they are.
"""

from datetime import datetime, timedelta

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.views.decorators.http import require_POST

from accounts.domain import contact
from accounts.queries import supplier
from cis.desk.roles import CLERKS
from cis.platform.access import actor_of, allow
from complaints.operations import caller_checks

KEY = "phone_call"
OPEN_MOST = timedelta(minutes=60)
"""A call that nobody hung up is over after an hour."""


def begin(request: HttpRequest, typed: str) -> str:
    """Note who calls, and return the number in international form, or as it was typed."""
    phone = contact.dialled(typed, country=supplier.country()) or typed
    if current(request) != phone:
        request.session[KEY] = {"phone": phone, "at": timezone.now().isoformat(), "known": ""}
    return phone


def current(request: HttpRequest) -> str:
    """Return the number that is on the telephone; "": nobody calls."""
    call = request.session.get(KEY) or {}
    if not call:
        return ""
    if datetime.fromisoformat(call["at"]) + OPEN_MOST < timezone.now():
        del request.session[KEY]
        return ""
    return str(call["phone"])


def note_known(request: HttpRequest, name: str) -> None:
    """Show on all pages as whom the caller is known."""
    if current(request):
        request.session[KEY] = {**request.session[KEY], "known": name}


def see_known(request: HttpRequest, customer_id: int) -> None:
    """
    See that nothing is changed for a caller who has not shown who they are; where nobody calls, nothing is asked.

    :raises CallerNotKnown: somebody is on the telephone and has not.
    """
    if current(request):
        caller_checks.see_known(customer_id=customer_id, at=timezone.now(), actor=actor_of(request))


def masked(name: str) -> str:
    """Return a name of which only the first letter is read."""
    return f"{name[:1]}＊＊" if name else "–"


@allow(*CLERKS)
@require_POST
def hang_up(request: HttpRequest) -> HttpResponse:
    """End the call."""
    request.session.pop(KEY, None)
    return redirect("desk:call_requests")
