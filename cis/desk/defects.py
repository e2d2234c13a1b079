"""The queue of defects on the desk: by deadline, with what is to be decided."""

from functools import partial
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from accounts.domain.privacy import LookPurpose
from accounts.operations import customers as customer_operations
from accounts.queries import accounts
from cis.desk.answers import FILE_ROWS_MOST, csv_file, or_404, tell_refusal, today
from cis.desk.forms.inspections import DefectListForm
from cis.desk.roles import READERS
from cis.desk.safety_words import DEFECT_STATES, SEVERITIES
from cis.kernel.enums import Role
from cis.kernel.errors import Refused
from cis.platform.access import actor_of, allow
from cis.platform.paging import page_context
from contracts.domain.inspection_workflow import DEFECTS, DefectState
from contracts.operations import defects
from contracts.queries import defects as queries
from contracts.queries import inspections
from contracts.queries.defects import DefectCard, Wanted

SOON_DAYS = 3
START = Wanted(state="standing")


@allow(*READERS)
def index(request: HttpRequest) -> HttpResponse:
    """List defects by their deadline, soonest first."""
    form, wanted = _wanted(request)
    page = page_context(request, partial(queries.listed, wanted=wanted))
    cards = page["rows"]
    context = {
        "form": form,
        "rows": [(card, tone(card), card.days_left(today())) for card in cards],
        "count": queries.count(wanted=wanted),
        "pager": page["pager"],
        "is_filtered": wanted != START,
        "here": "defects",
    }
    return render(request, "desk/safety/defects.html", context)


@allow(*READERS)
def export(request: HttpRequest) -> StreamingHttpResponse:
    """Give the same list as a file."""
    _form, wanted = _wanted(request)
    header = [
        _("Inspection"), _("Account"), _("Customer"), _("Address"), _("Severity"), _("Defect"), _("Where exactly"),
        _("State"), _("Found on"), _("Rectify by"), _("Closed on"), _("Reason"),
    ]  # fmt: skip
    rows = (
        (c.inspection_id, c.account_number, c.customer_name, c.address, str(SEVERITIES[c.severity]),
         c.text_en if get_language() == "en" else c.text_zh, c.note, str(DEFECT_STATES[c.state]),
         timezone.localdate(c.found_at), c.due_date, c.closed_date, c.reason)
        for c in queries.listed(wanted=wanted, most=FILE_ROWS_MOST)
    )  # fmt: skip
    return csv_file("defects.csv", header, rows)


@allow(*READERS)
def show(request: HttpRequest, defect_id: int) -> HttpResponse:
    """Show one defect: what, photos, evidence, what may be decided."""
    with or_404():
        card = queries.one(defect_id=defect_id)
    if card.account_id is not None:
        holder = accounts.overview(account_id=card.account_id, at_date=today()).holder
        customer_operations.record_look(customer_id=holder.id, actor=actor_of(request), purpose=LookPurpose.FIELD)
    actor = actor_of(request)
    actions = {str(action) for action in DEFECTS.actions(DefectState(card.state), actor)}
    if card.asker_id == actor.id:
        actions.discard("agree")
    context = {"card": card, "actions": actions, "tone": tone(card), "left": card.days_left(today())}
    return render(request, "desk/safety/defect.html", context)


@allow(Role.CLERK, Role.FIELD, Role.METERING, Role.SUPERVISOR)
def decide(request: HttpRequest, defect_id: int) -> HttpResponse:
    """Close a defect, reject what the customer says, waive it, or decide on a waiver."""
    with or_404():
        queries.one(defect_id=defect_id)
    given: dict[str, Any] = {"defect_id": defect_id, "actor": actor_of(request)}
    reason = request.POST.get("reason", "")
    try:
        match request.POST.get("action", ""):
            case "claim":
                files = request.FILES.getlist("photos")
                defects.claim(**given, note=reason, evidence=files)  # type: ignore[arg-type]
            case "rectify":
                defects.rectify(**given, reason=reason)
            case "reject":
                defects.reject(**given, reason=reason)
            case "waive":
                defects.waive(**given, reason=reason)
            case "agree" | "keep" as answer:
                defects.decide_waiver(**given, is_agreed=answer == "agree")
            case _:
                return redirect("desk:defect", defect_id)
        messages.success(request, _("Noted."))
    except Refused as refusal:
        tell_refusal(request, refusal)
    return redirect("desk:defect", defect_id)


def tone(card: DefectCard) -> str:
    """Return the colour of a defect's deadline: late, soon, in time; "" = closed."""
    if not card.stands:
        return ""
    left = card.days_left(today())
    return "bad" if left < 0 or card.state == "overdue" else "warn" if left <= SOON_DAYS else "ok"


def _wanted(request: HttpRequest) -> tuple[DefectListForm, Wanted]:
    areas = inspections.areas()
    given: Any = request.GET or {"state": "standing"}
    form = DefectListForm(given, areas=areas)
    if not form.is_valid():
        return DefectListForm({"state": "standing"}, areas=areas), START
    found = form.cleaned_data
    return form, Wanted(**{name: found[name].strip() for name in ("state", "severity", "area", "text")})
