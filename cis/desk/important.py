"""The register of important customers on the desk; every look is recorded."""

from functools import partial
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _

from cis.desk.answers import FILE_ROWS_MOST, csv_file, or_404, posted, tell_refusal, today
from cis.desk.forms.inspections import EntryForm, EntryListForm
from cis.desk.roles import METERERS
from cis.desk.safety_words import BACKUPS, GRADES
from cis.kernel.enums import Role
from cis.kernel.errors import Refused
from cis.kernel.fixed import to_text
from cis.platform import audit
from cis.platform.access import actor_of, allow
from cis.platform.forms import DayField
from cis.platform.paging import page_context
from contracts.operations import important
from contracts.queries import important as queries
from contracts.queries import inspection_rules
from contracts.queries.important import EntryCard, Wanted
from metering.queries import places

VIEWERS = (Role.CLERK, Role.METERING, Role.FIELD, Role.SUPERVISOR, Role.AUDITOR)
"""Who may look at the register: where a supply matters most is not for everybody."""


@allow(*VIEWERS)
def index(request: HttpRequest) -> HttpResponse:
    """List the entries, those to be looked at again first."""
    form, wanted = _wanted(request)
    page = page_context(request, partial(queries.listed, wanted=wanted, on=today(), percent=_percent()))
    cards = page["rows"]
    important.record_look_at_list(actor=actor_of(request), entries=len(cards))
    context = {
        "form": form,
        "rows": [(card, card.is_review_late(today())) for card in cards],
        "count": queries.count(wanted=wanted, on=today()),
        "pager": page["pager"],
        "is_filtered": wanted != Wanted(),
        "may_enter": bool(actor_of(request).roles & set(METERERS)),
        "here": "important",
    }
    return render(request, "desk/safety/important.html", context)


@allow(*VIEWERS)
def export(request: HttpRequest) -> StreamingHttpResponse:
    """Give the same list as a file."""
    _form, wanted = _wanted(request)
    cards = queries.listed(wanted=wanted, on=today(), percent=_percent(), most=FILE_ROWS_MOST)
    important.record_look_at_list(actor=actor_of(request), entries=len(cards))
    header = [
        _("Service point"), _("Address"), _("Account"), _("Customer"), _("Grade"), _("Reason"), _("Own backup supply"),
        "kVA", _("Load that must not fail [kVA]"), _("From"), _("Until"), _("Looked at"), _("To be looked at again"),
    ]  # fmt: skip
    rows = (
        (c.place, c.address, c.account_number, c.customer_name, str(GRADES[c.grade]), c.reason, str(BACKUPS[c.backup]),
         _kva(c.backup_va), _kva(c.security_va), c.start_date, c.end_date, c.reviewed_date, c.review_due_date)
        for c in cards
    )  # fmt: skip
    return csv_file("important-customers.csv", header, rows)


@allow(*METERERS)
def new(request: HttpRequest) -> HttpResponse:
    """Enter a place."""
    initial = {"service_point": request.GET.get("point", "")[:64], "start_date": today(), "backup": "none"}
    form = EntryForm(posted(request), initial=initial)
    if form.is_bound and form.is_valid():
        try:
            place = places.id_of_external_id(form.cleaned_data["service_point"].strip())
            made = important.enter(entry=form.entry(service_point_id=place), today=today(), actor=actor_of(request))
        except Refused as refusal:
            form.refuse(refusal)
        else:
            messages.success(request, _("The place is in the register."))
            return redirect("desk:important_customer", made)
    return render(request, "desk/safety/entry_new.html", {"form": form})


@allow(*VIEWERS)
def show(request: HttpRequest, entry_id: int) -> HttpResponse:
    """Show an entry with those before it."""
    card = _card(entry_id)
    important.record_look(entry_id=entry_id, actor=actor_of(request))
    held = queries.of_place(service_point_id=card.service_point_id, on=today(), percent=_percent())
    context = {
        "card": card,
        "others": [one for one in held if one.id != card.id],
        "events": audit.of_subjects([(important.SUBJECT, [one.id for one in held])]),
        "is_late": card.is_review_late(today()),
        "percent": _percent(),
        "holds": card.end_date is None or card.end_date > today(),
        "may_enter": bool(actor_of(request).roles & set(METERERS)),
    }
    return render(request, "desk/safety/entry.html", context)


@allow(*METERERS)
def change(request: HttpRequest, entry_id: int) -> HttpResponse:
    """Let an entry hold as changed from today on."""
    card = _card(entry_id)
    initial = {
        "service_point": card.place, "grade": str(card.grade), "reason": card.reason, "backup": str(card.backup),
        "backup_va": _kva(card.backup_va), "security_va": _kva(card.security_va),
        "start_date": max(card.start_date, today()), "end_date": card.end_date,
    }  # fmt: skip
    form = EntryForm(posted(request), initial=initial)
    if form.is_bound and form.is_valid():
        try:
            entry = form.entry(service_point_id=card.service_point_id)
            made = important.change(entry_id=entry_id, entry=entry, today=today(), actor=actor_of(request))
        except Refused as refusal:
            form.refuse(refusal)
        else:
            messages.success(request, _("The entry is changed."))
            return redirect("desk:important_customer", made)
    return render(request, "desk/safety/entry_new.html", {"form": form, "card": card})


@allow(*METERERS)
def act(request: HttpRequest, entry_id: int) -> HttpResponse:
    """Note that an entry was looked at, or end it."""
    _card(entry_id)
    given: dict[str, Any] = {"entry_id": entry_id, "today": today(), "actor": actor_of(request)}
    try:
        match request.POST.get("action", ""):
            case "review":
                important.review(**given)
                messages.success(request, _("Noted."))
            case "end":
                day = DayField(required=False).clean(request.POST.get("end_date", "")) or today()
                important.end(**given, end_date=day)
                messages.success(request, _("The entry ends."))
    except Refused as refusal:
        tell_refusal(request, refusal)
    return redirect("desk:important_customer", entry_id)


def _card(entry_id: int) -> EntryCard:
    with or_404():
        return queries.one(entry_id=entry_id, on=today(), percent=_percent())


def _percent() -> int:
    return inspection_rules.backup_percent(at=today())


def _kva(value: int) -> str:
    return to_text(value, places=3).rstrip("0").rstrip(".")


def _wanted(request: HttpRequest) -> tuple[EntryListForm, Wanted]:
    given: Any = request.GET or {"state": "in_force"}
    form = EntryListForm(given)
    if not form.is_valid():
        return EntryListForm({"state": "in_force"}), Wanted()
    found = form.cleaned_data
    return form, Wanted(**{name: found[name].strip() for name in ("grade", "state", "text")})
