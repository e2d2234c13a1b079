"""Is it dark? What is known of my supply, when power is back, what is planned, and reporting a fault."""

from dataclasses import dataclass
from datetime import date, datetime

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods

from accounts.queries import supplier
from arrears.queries import orders
from cis.kernel.errors import Refused
from cis.platform.access import actor_of, allow_portal
from cis.platform.forms import PageForm
from cis.portal import access
from metering.domain.outages import NOTE_MOST, PHONE_MOST, FaultChannel, FaultKind, NewReport
from metering.operations import outages as operations
from metering.queries import outage_places, planned_outages
from metering.queries.outage_places import Known
from metering.queries.planned_outages import PlanCard

KINDS = {
    "no_power": gettext_lazy("No power"),
    "voltage": gettext_lazy("Voltage too low, too high or flickering"),
    "danger": gettext_lazy("Sparks, smell of burning, electric shock"),
    "line_down": gettext_lazy("A wire or a pole is down"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A supply of mine, and what is known of it."""

    service_point_id: int
    address: str
    known: Known


class FaultForm(PageForm):
    """What is wrong, at which of my supplies."""

    field_of = {"outages_not_offered": "kind"}

    place = forms.ChoiceField(label=gettext_lazy("Where"))
    kind = forms.ChoiceField(label=gettext_lazy("What is wrong"), choices=list(KINDS.items()))
    phone = forms.CharField(label=gettext_lazy("Phone for questions"), max_length=PHONE_MOST, required=False)
    note = forms.CharField(label=gettext_lazy("What you see"), max_length=NOTE_MOST, required=False)

    def __init__(self, *args: object, places: tuple[Place, ...], **kwargs: object) -> None:
        super().__init__(*args, **kwargs)
        self.fields["place"].choices = [(str(one.service_point_id), one.address) for one in places]  # type: ignore[attr-defined]


def places_of(*, account_id: int, today: date, at: datetime) -> tuple[Place, ...]:
    """Return the supplies of an account with what is known of them; a constant number of statements."""
    found = orders.supplies(account_id=account_id, on=today)
    known = outage_places.known(service_point_ids=[one for one, _address in found], at=at) if found else {}
    return tuple(Place(service_point_id=one, address=address, known=known[one]) for one, address in found)


def banner(*, account_id: int) -> Place | None:
    """Return a supply of an account where it is dark or will be, for the top of a page; None: none is."""
    found = orders.supplies(account_id=account_id, on=access.today())
    if not found:
        return None
    news = outage_places.news(service_point_ids=[one for one, _address in found], at=timezone.now())
    places = [Place(service_point_id=one, address=address, known=news[one]) for one, address in found]
    dark = [one for one in places if one.known.answer is not None]
    return next(iter([*dark, *(one for one in places if one.known.plan_id is not None)]), None)


@allow_portal
@require_http_methods(["GET", "HEAD", "POST"])
def power(request: HttpRequest) -> HttpResponse:
    """Show how my supply stands and what is planned; take in a report of a fault."""
    visit = access.visit(request)
    held, now = visit.chosen, timezone.now()
    if held is None or not held.is_current:
        return render(request, "portal/no_account.html", {"visit": visit})
    places = places_of(account_id=held.account_id, today=access.today(), at=now)
    form = FaultForm(request.POST if request.method == "POST" else None, places=places)
    if form.is_bound and form.is_valid():
        given = form.cleaned_data
        new = NewReport(
            kind=FaultKind(given["kind"]), channel=FaultChannel.PORTAL, service_point_id=int(given["place"]),
            account_id=held.account_id, name=actor_of(request).name, phone=given["phone"], note=given["note"],
        )  # fmt: skip
        try:
            said = operations.report(new=new, actor=actor_of(request))
        except Refused as refusal:
            form.refuse(refusal)
        else:
            messages.success(request, _sentence(said.answer))
            return redirect("portal:power")
    ids = [one.service_point_id for one in places]
    coming: tuple[PlanCard, ...] = planned_outages.coming_to(service_point_ids=ids, at=now) if ids else ()
    context = {
        "visit": visit, "places": places, "coming": coming, "form": form, "supplier": supplier.current(),
        "is_offered": outage_places.is_offered(at=access.today()),
    }  # fmt: skip
    return render(request, "portal/power.html", context)


def _sentence(answer: str) -> str:
    """Return what is said to a customer who reported."""
    return {
        "new": _("Thank you. A crew is sent; we tell you when power is expected back."),
        "known": _("Thank you. We know of it, and a crew is at work."),
        "planned": _("A planned outage is on at your place. Power is back at the time that was announced."),
        "cut": _("Your supply was interrupted because a bill is open. It comes back once it is paid."),
        "prepaid": _("Your prepaid balance is used up. Power comes back by itself once you have topped it up."),
    }[answer]
