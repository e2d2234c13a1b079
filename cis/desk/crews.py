"""Crews and the slots that customers may book with them."""

from datetime import timedelta
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _

from accounts.queries import users
from cis.desk.answers import or_404, posted, today
from cis.desk.forms.work import CrewForm, SlotsForm
from cis.desk.roles import METERERS, READERS
from cis.kernel.enums import Role
from cis.kernel.errors import Refused
from cis.platform import packs
from cis.platform.access import actor_of, allow
from cis.platform.calendars import business_calendar
from metering.domain.appointments import hours_of
from metering.operations import appointments
from metering.operations import crews as operations
from metering.queries import appointments as slots
from metering.queries import crews

SHOWN_DAYS = 14
DAYS_MOST = 92


@allow(*READERS)
def index(request: HttpRequest) -> HttpResponse:
    """List the crews."""
    may_edit = bool(actor_of(request).roles & set(METERERS))
    return render(request, "desk/work/crews.html", {"rows": crews.listed(), "may_edit": may_edit, "view": "crews"})


@allow(*METERERS)
def new(request: HttpRequest) -> HttpResponse:
    """Form a crew."""
    form = CrewForm(posted(request), people=_people(), initial={"is_active": True})
    if form.is_bound and form.is_valid():
        try:
            made = operations.create(**_given(form), actor=actor_of(request))
        except Refused as refusal:
            form.refuse(refusal)
        else:
            return redirect("desk:crew", made)
    return render(request, "desk/work/crew.html", {"form": form, "card": None})


@allow(*METERERS)
def edit(request: HttpRequest, crew_id: int) -> HttpResponse:
    """Change a crew, and open slots of it."""
    with or_404():
        card = crews.one(crew_id=crew_id)
    is_slots = "since" in request.POST
    initial = {
        "name": card.name, "areas": "\n".join(card.areas), "kinds": list(card.kinds), "members": list(card.member_ids),
        "is_active": card.is_active,
    }  # fmt: skip
    form = CrewForm(None if is_slots else posted(request), people=_people(), initial=initial)
    slots_form = SlotsForm(posted(request) if is_slots else None, initial=_slots_offered())
    try:
        if form.is_bound and form.is_valid():
            operations.change(
                crew_id=crew_id, is_active=form.cleaned_data["is_active"], **_given(form), actor=actor_of(request)
            )
            messages.success(request, _("The crew is changed."))
            return redirect("desk:crews")
        if slots_form.is_bound and slots_form.is_valid():
            made = _open(crew_id, slots_form, request)
            messages.success(request, _("%(n)s slots are open.") % {"n": made})
            return redirect("desk:crew", crew_id)
    except Refused as refusal:
        (slots_form if is_slots else form).refuse(refusal)
    context = {
        "form": form, "card": card, "slots_form": slots_form,
        "slots": slots.slots(crew_id=crew_id, start_date=today(), end_date=today() + timedelta(days=SHOWN_DAYS)),
    }  # fmt: skip
    return render(request, "desk/work/crew.html", context)


def _open(crew_id: int, form: SlotsForm, request: HttpRequest) -> int:
    given = form.cleaned_data
    count = min((given["until"] - given["since"]).days + 1, DAYS_MOST + 1)
    days = [given["since"] + timedelta(days=n) for n in range(max(0, count))]
    calendar = business_calendar(packs.rule("holiday_country", at=today()))
    return appointments.open_slots(
        crew_id=crew_id, dates=[day for day in days if given["weekends"] or calendar.is_business_day(day)],
        hours=hours_of(given["hours"].split(",")), capacity=given["capacity"], actor=actor_of(request),
    )  # fmt: skip


def _slots_offered() -> dict[str, Any]:
    rule = packs.rule("appointment_slots", at=today())
    return {
        "since": today() + timedelta(days=1), "until": today() + timedelta(days=SHOWN_DAYS), "hours": rule["hours"],
        "capacity": rule["capacity"],
    }  # fmt: skip


def _given(form: CrewForm) -> dict[str, Any]:
    found = form.cleaned_data
    return {
        "name": found["name"], "areas": found["areas"].splitlines(), "kinds": found["kinds"],
        "member_ids": found["members"],
    }  # fmt: skip


def _people() -> list[tuple[int, str]]:
    return [(card.id, card.name or card.username) for card in users.with_role(role=Role.FIELD)]
