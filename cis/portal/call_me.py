"""Please call me: a number, a time, and what it is about; one call is owed at a time."""

from datetime import timedelta

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import get_language, gettext_lazy
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from accounts.domain.contact import ContactKind
from accounts.queries import customers
from cis.kernel.errors import Refused
from cis.platform.access import actor_of, allow_portal
from cis.platform.answers import or_404, tell_refusal
from cis.platform.forms import PageForm
from cis.platform.packs import MissingRule
from cis.portal import access
from complaints.domain.calls import ABOUT_MOST, CallSource, Hours
from complaints.operations import call_requests as operations
from complaints.operations.call_requests import NewCall
from complaints.queries import call_rules, calls

DAYS, LONG = 4, timedelta(hours=4)


class CallMeForm(PageForm):
    """When somebody wants to be called, and where."""

    field_of = {"from_at": "when", "until_at": "when"}
    phone = forms.CharField(
        label=gettext_lazy("Your number"), max_length=40,
        widget=forms.TextInput(attrs={"inputmode": "tel", "autocomplete": "tel"}),
    )  # fmt: skip
    when = forms.ChoiceField(label=gettext_lazy("When shall we call?"), required=False)
    about = forms.CharField(
        label=gettext_lazy("What is it about?"), required=False, max_length=ABOUT_MOST,
        widget=forms.Textarea(attrs={"rows": 3}),
    )  # fmt: skip

    def __init__(self, *args: object, hours: Hours, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)
        self.windows = hours.windows(timezone.now(), days=DAYS, long=LONG)
        named = [(str(place), _window(*one)) for place, one in enumerate(self.windows)]
        self.fields["when"].choices = [("", _("As soon as may be")), *named]  # type: ignore[attr-defined]

    def call(self, *, customer_id: int, account_id: int | None, name: str) -> NewCall:
        """Return what was asked for."""
        given = self.cleaned_data
        from_at, until_at = self.windows[int(given["when"])] if given["when"] else (None, None)
        return NewCall(
            phone=given["phone"], source=CallSource.PORTAL, name=name, about=given["about"], from_at=from_at,
            until_at=until_at, language=get_language() or "en", customer_id=customer_id, account_id=account_id,
        )  # fmt: skip


@allow_portal
@require_http_methods(["GET", "HEAD", "POST"])
def call_me(request: HttpRequest) -> HttpResponse:
    """Ask to be called, see when that will be, or take it back."""
    visit, now, actor = access.visit(request), timezone.now(), actor_of(request)
    try:
        hours = call_rules.hours(at=now)
    except MissingRule as refusal:
        tell_refusal(request, refusal)
        return redirect("portal:cases")
    waiting = calls.waiting_of(visit.customer_id)
    if request.POST.get("do") == "withdraw" and waiting is not None:
        try:
            with or_404():
                operations.withdraw(request_id=waiting.id, at=now, actor=actor, customer_id=visit.customer_id)
        except Refused as refusal:
            tell_refusal(request, refusal)
        else:
            messages.success(request, _("We do not call."))
        return redirect("portal:call_me")
    card = customers.card(customer_id=visit.customer_id)
    numbers = [one.value for one in card.contacts if one.kind in {ContactKind.MOBILE, ContactKind.PHONE}]
    form = CallMeForm(
        request.POST if request.method == "POST" else None, hours=hours, initial={"phone": next(iter(numbers), "")}
    )
    if form.is_bound and form.is_valid():
        held = visit.chosen if visit.chosen is not None and visit.chosen.is_current else None
        account_id = None if held is None else held.account_id
        new = form.call(customer_id=visit.customer_id, account_id=account_id, name=card.name)
        try:
            operations.ask(new=new, at=now, actor=actor)
        except Refused as refusal:
            form.refuse(refusal)
        else:
            messages.success(request, _("We call you."))
            return redirect("portal:call_me")
    return render(
        request, "portal/call_me.html", {"visit": visit, "form": form, "waiting": waiting, "hours": hours.rules}
    )


def _window(from_at: object, until_at: object) -> str:
    begin, end = timezone.localtime(from_at), timezone.localtime(until_at)  # type: ignore[arg-type]
    return f"{date_format(begin, 'SHORT_DATE_FORMAT')} {begin:%H:%M}–{end:%H:%M}"
