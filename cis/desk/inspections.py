"""Safety inspections on the desk: list, calendar with the load of crews, one inspection with its defects and notice."""

from datetime import date, timedelta
from functools import partial
from typing import Any

from django.contrib import messages
from django.http import FileResponse, Http404, HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from accounts.domain.privacy import LookPurpose
from accounts.operations import customers as customer_operations
from accounts.queries import accounts
from cis.desk.answers import FILE_ROWS_MOST, csv_file, or_404, posted, tell_refusal, today
from cis.desk.forms.inspections import DefectForm, InspectionListForm, NewInspectionForm
from cis.desk.roles import DISPATCHERS, READERS
from cis.desk.safety_words import INSPECTION_KINDS, INSPECTION_STATES
from cis.desk.supply import supply_of
from cis.kernel.errors import Refused
from cis.kernel.periods import add_months, month_of
from cis.platform import audit, documents
from cis.platform.access import actor_of, allow
from cis.platform.paging import page_context
from contracts.domain.inspection import Severity
from contracts.domain.inspection_workflow import INSPECTIONS, InspectionState
from contracts.operations import defects as defect_operations
from contracts.operations import inspection_notices, inspections
from contracts.queries import defects, inspection_rules
from contracts.queries import inspections as queries
from contracts.queries.inspections import DayLoad, InspectionCard, Wanted

DUE_DAYS = 7
MONTH_TEXT = 7
START = Wanted(state="under_way")


@allow(*READERS)
def index(request: HttpRequest) -> HttpResponse:
    """List inspections, those to be made first; those that are chosen are ordered together."""
    form, wanted = _wanted(request)
    context = {
        "form": form,
        **page_context(request, partial(queries.listed, wanted=wanted, today=today())),
        "count": queries.count(wanted=wanted, today=today()),
        "is_filtered": wanted != START,
        "today": today(),
        "may_order": _may_order(request),
        "here": "list",
    }
    return render(request, "desk/safety/list.html", context)


@allow(*READERS)
def export(request: HttpRequest) -> StreamingHttpResponse:
    """Give the same list as a file."""
    _form, wanted = _wanted(request)
    header = [
        _("Number"), _("Kind"), _("State"), _("Account"), _("Customer"), _("Address"), _("Area"), _("Due"),
        _("Made on"), _("Crew"), _("Defects"), _("Standing"), _("Notice"),
    ]  # fmt: skip
    rows = (
        (c.id, str(INSPECTION_KINDS[c.kind]), str(INSPECTION_STATES[c.state]), c.account_number, c.customer_name,
         c.address, c.district, c.due_date, c.done_date, c.crew, c.defects, c.standing, c.notice_number)
        for c in queries.listed(wanted=wanted, today=today(), most=FILE_ROWS_MOST)
    )  # fmt: skip
    return csv_file("inspections.csv", header, rows)


@allow(*READERS)
def calendar(request: HttpRequest) -> HttpResponse:
    """Show a month: how many inspections fall on each day, and how many each crew has."""
    first = _month(request.GET.get("month", ""))
    after = add_months(first, 1)
    loads = queries.calendar(start_date=first, end_date=after, today=today())
    context = {
        "first": first,
        "before": add_months(first, -1),
        "after": after,
        "weeks": _weeks(first, after, loads),
        "crews": _by_crew(loads),
        "total": sum(one.count for one in loads),
        "today": today(),
        "here": "calendar",
    }
    return render(request, "desk/safety/calendar.html", context)


@allow(*READERS)
def show(request: HttpRequest, inspection_id: int) -> HttpResponse:
    """Show one inspection: what was found, its notice, its follow-ups, what happened."""
    return _shown(request, _card(request, inspection_id), None)


@allow(*DISPATCHERS)
def act(request: HttpRequest, inspection_id: int) -> HttpResponse:
    """Order an inspection, do without it, order a follow-up, or issue its notice."""
    _card(request, inspection_id)
    actor = actor_of(request)
    try:
        match request.POST.get("action", ""):
            case "order":
                inspections.order(inspection_ids=[inspection_id], actor=actor)
                messages.success(request, _("The work is ordered."))
            case "drop":
                inspections.drop(inspection_id=inspection_id, reason=request.POST.get("reason", ""), actor=actor)
            case "re_inspect":
                due = today() + timedelta(days=DUE_DAYS)
                made = inspections.re_inspect(inspection_id=inspection_id, due_date=due, actor=actor)
                messages.success(request, _("The re-inspection is ordered."))
                return redirect("desk:inspection", made)
            case "issue":
                inspection_notices.issue(inspection_id=inspection_id, actor=actor)
                messages.success(request, _("The notice is issued."))
    except Refused as refusal:
        tell_refusal(request, refusal)
    return redirect("desk:inspection", inspection_id)


@allow(*DISPATCHERS)
def order(request: HttpRequest) -> HttpResponse:
    """Order the chosen inspections, all or none."""
    given = request.POST.getlist("inspection")
    ids = [int(text) for text in given if text.isascii() and text.isdigit() and len(text) < 16]  # noqa: PLR2004
    try:
        if ids:
            count = inspections.order(inspection_ids=ids, actor=actor_of(request))
            messages.success(request, _("%(n)s inspections are ordered.") % {"n": count})
        else:
            messages.error(request, _("Choose inspections."))
    except Refused as refusal:
        tell_refusal(request, refusal)
    return redirect("desk:inspections")


@allow(*DISPATCHERS)
def new(request: HttpRequest, account_id: int, agreement_id: int) -> HttpResponse:
    """Plan an inspection of a supply out of turn."""
    account, agreement = supply_of(account_id, agreement_id)
    form = NewInspectionForm(posted(request), initial={"due_date": today() + timedelta(days=DUE_DAYS)})
    if form.is_bound and form.is_valid():
        try:
            made = inspections.plan(
                agreement_id=agreement_id, today=today(), actor=actor_of(request), **form.cleaned_data
            )
        except Refused as refusal:
            form.refuse(refusal)
        else:
            return redirect("desk:inspection", made)
    return render(request, "desk/safety/new.html", {"form": form, "account": account, "agreement": agreement})


@allow(*DISPATCHERS)
def add_defect(request: HttpRequest, inspection_id: int) -> HttpResponse:
    """Add a defect by hand."""
    card = _card(request, inspection_id)
    form = defect_form(request, card)
    if form.is_valid():
        given = form.cleaned_data
        try:
            defect_operations.add(
                inspection_id=inspection_id, code=given["code"], severity=Severity(given["severity"] or "general"),
                text=given["text"], note=given["note"], actor=actor_of(request),
            )  # fmt: skip
            return redirect("desk:inspection", inspection_id)
        except Refused as refusal:
            form.refuse(refusal)
    return _shown(request, card, form)


@allow(*READERS)
def notice(request: HttpRequest, inspection_id: int) -> HttpResponse:
    """Give the notice of rectification as it was delivered."""
    card = _card(request, inspection_id)
    if card.notice_id is None:
        raise Http404
    answer = HttpResponse(inspection_notices.paper(notice_id=card.notice_id), content_type="application/pdf")
    answer["Content-Disposition"] = f'inline; filename="notice-{card.notice_number}.pdf"'
    return answer


@allow(*READERS)
def photo(request: HttpRequest, photo_id: int) -> FileResponse:
    """Give a photo of a defect to staff, and note who looked."""
    with or_404():
        found = defects.photo(photo_id=photo_id)
        stream = documents.open(found.document_id)
    audit.record(actor_of(request), "look", "defect_photo", photo_id)
    answer = FileResponse(stream, content_type="image/jpeg")
    answer["Cache-Control"] = "private, max-age=3600"
    return answer


def defect_form(request: HttpRequest, card: InspectionCard) -> DefectForm:
    """Return the form for a further defect of an inspection, with the catalogue of its checklist."""
    catalogue = inspection_rules.catalogue(checklist=card.checklist)
    return DefectForm(posted(request), catalogue=catalogue, language=get_language() or "en")


def _shown(request: HttpRequest, card: InspectionCard, form: DefectForm | None) -> HttpResponse:
    actor = actor_of(request)
    mine = defects.of_inspections(inspection_ids=[card.id]).get(card.id, ())
    events = audit.of_subjects([("inspection", [card.id]), ("defect", [one.id for one in mine])])
    may_add = card.state in {"passed", "with_defects", "failed"} and card.notice_id is None
    context = {
        "card": card,
        "defects": mine,
        "follow_ups": queries.follow_ups(inspection_id=card.id),
        "actions": {str(action) for action in INSPECTIONS.actions(InspectionState(card.state), actor)},
        "may_order": _may_order(request),
        "form": (form or defect_form(request, card)) if may_add and _may_order(request) else None,
        "events": [one for one in events if one.action != "look"],
        "season": _season(card),
        "today": today(),
    }
    return render(request, "desk/safety/one.html", context)


def _card(request: HttpRequest, inspection_id: int) -> InspectionCard:
    """Return an inspection; that somebody looked at its customer is recorded."""
    with or_404():
        card = queries.one(inspection_id=inspection_id)
    if card.account_id is not None:
        holder = accounts.overview(account_id=card.account_id, at_date=today()).holder
        customer_operations.record_look(customer_id=holder.id, actor=actor_of(request), purpose=LookPurpose.FIELD)
    return card


def _season(card: InspectionCard) -> str:
    code, _mark, year = card.season.rpartition("_")
    names = inspection_rules.season_names(at=card.due_date).get(code) if code else None
    return "" if names is None else f"{names[0] if get_language() == 'en' else names[1]} {year}"


def _may_order(request: HttpRequest) -> bool:
    return bool(actor_of(request).roles & set(DISPATCHERS))


def _wanted(request: HttpRequest) -> tuple[InspectionListForm, Wanted]:
    areas = queries.areas()
    given: Any = request.GET or {"state": "under_way"}
    form = InspectionListForm(given, areas=areas)
    if not form.is_valid():
        return InspectionListForm({"state": "under_way"}, areas=areas), START
    found = form.cleaned_data
    return form, Wanted(**{name: found[name].strip() for name in ("state", "kind", "area", "due", "text")})


def _month(text: str) -> date:
    try:
        found = date.fromisoformat(f"{text}-01") if len(text) == MONTH_TEXT else today()
    except ValueError:
        found = today()
    return month_of(found).start if 2000 <= found.year <= 2900 else month_of(today()).start  # noqa: PLR2004


def _weeks(first: date, after: date, loads: tuple[DayLoad, ...]) -> list[list[dict[str, Any] | None]]:
    """Return the weeks of a month, Monday first, each day with what falls on it; None outside the month."""
    days: list[dict[str, Any] | None] = [None] * first.weekday()
    for place in range((after - first).days):
        day = first + timedelta(days=place)
        days.append({"day": day, "loads": [one for one in loads if one.day == day]})
    days += [None] * (-len(days) % 7)
    return [days[place : place + 7] for place in range(0, len(days), 7)]


def _by_crew(loads: tuple[DayLoad, ...]) -> list[tuple[str, int, int]]:
    """Return of each crew how many it has in the month, and on its fullest day; those without a crew last."""
    found: dict[str, list[int]] = {}
    for one in loads:
        found.setdefault(one.crew, []).append(one.count)
    rows = [(crew, sum(counts), max(counts)) for crew, counts in found.items()]
    return sorted(rows, key=lambda row: (row[0] == "", row[0]))
