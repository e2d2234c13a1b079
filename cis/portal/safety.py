"""Safety inspections of my supply: what was found, until when it is to be rectified, and showing that it is."""

from typing import BinaryIO, cast

from django.contrib import messages
from django.http import FileResponse, Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from cis.kernel.errors import Refused
from cis.platform import documents
from cis.platform.access import actor_of, allow_portal
from cis.platform.phrases import explain
from cis.portal import access
from contracts.operations import defects, inspection_notices
from contracts.queries import defects as defect_queries
from contracts.queries import inspections
from contracts.queries.defects import DefectCard
from contracts.queries.inspections import InspectionCard, UnknownDefect

SHOWN = 12


@allow_portal
@require_safe
def safety(request: HttpRequest) -> HttpResponse:
    """Show the defects that stand in plain words, and the inspections made while the customer held the account."""
    visit = access.visit(request)
    held = visit.chosen
    if held is None:
        return render(request, "portal/no_account.html", {"visit": visit})
    mine = [one for one in inspections.of_account(account_id=held.account_id, most=50) if _is_mine(held, one)]
    standing = defect_queries.standing_of_account(account_id=held.account_id) if held.is_current else ()
    today = access.today()
    context = {
        "visit": visit,
        "inspections": mine[:SHOWN],
        "defects": [(one, one.days_left(today)) for one in standing],
        "today": today,
    }
    return render(request, "portal/safety.html", context)


@allow_portal
@require_POST
def claim(request: HttpRequest, defect_id: int) -> HttpResponse:
    """Say that a defect is rectified, with photos."""
    card = _defect(request, defect_id)
    files = [cast("BinaryIO", one) for one in request.FILES.getlist("photos")]
    try:
        note = request.POST.get("note", "")
        defects.claim(defect_id=card.id, note=note, evidence=files, actor=actor_of(request))
        messages.success(request, _("Thank you. We look at it; until then the time does not run."))
    except Refused as refusal:
        words = explain(refusal.code, refusal.message, refusal.advice)
        messages.error(request, f"{words.message} {words.advice}".strip())
    return redirect("portal:safety")


@allow_portal
@require_safe
def notice(request: HttpRequest, inspection_id: int) -> HttpResponse:
    """Give the notice of rectification as it was delivered."""
    visit = access.visit(request)
    held = visit.chosen
    cards = inspections.of_account(account_id=held.account_id, most=50) if held else ()
    card = next((one for one in cards if held and one.id == inspection_id and _is_mine(held, one)), None)
    if card is None or card.notice_id is None:
        raise Http404
    answer = HttpResponse(inspection_notices.paper(notice_id=card.notice_id), content_type="application/pdf")
    answer["Content-Disposition"] = f'inline; filename="notice-{card.notice_number}.pdf"'
    return answer


@allow_portal
@require_safe
def photo(request: HttpRequest, defect_id: int, photo_id: int) -> FileResponse:
    """Give a photo of a defect of mine."""
    card = _defect(request, defect_id)
    found = next((one for one in card.photos if one.id == photo_id), None)
    if found is None:
        raise Http404
    answer = FileResponse(documents.open(found.document_id), content_type="image/jpeg")
    answer["Cache-Control"] = "private, max-age=3600"
    return answer


def _is_mine(held: access.Held, card: InspectionCard) -> bool:
    return held.covers(card.done_date or card.due_date) and card.state != "dropped"


def _defect(request: HttpRequest, defect_id: int) -> DefectCard:
    """Return a defect of an account that the customer holds; what is foreign is not there."""
    visit = access.visit(request)
    try:
        card = defect_queries.one(defect_id=defect_id)
    except UnknownDefect:
        raise Http404 from None
    if not any(one.account_id == card.account_id and one.is_current for one in visit.held):
        raise Http404
    return card
