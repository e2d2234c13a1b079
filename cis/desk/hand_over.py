"""The end of an inspection on the phone: photos to defects, further ones, the signature on glass or its refusal."""

import binascii
from base64 import b64decode
from io import BytesIO
from typing import BinaryIO, cast

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _

from cis.desk import field
from cis.desk.answers import asks_for, or_404, tell_refusal, today
from cis.desk.inspections import defect_form
from cis.desk.roles import FIELD_WORKERS
from cis.kernel.errors import Refused
from cis.platform.access import actor_of, allow
from contracts.domain.inspection import Severity
from contracts.operations import defects as defect_operations
from contracts.operations import inspection_notices
from contracts.operations.defect_steps import ReasonMissing
from contracts.queries import defects
from contracts.queries import inspections as queries
from contracts.queries.inspections import InspectionCard
from metering.queries.work_orders import WorkCard

PNG = "data:image/png;base64,"
SIGNATURE_MOST = 2_000_000


@allow(*FIELD_WORKERS)
def show(request: HttpRequest, work_order_id: int) -> HttpResponse:
    """Show what was found, and take the receipt; a form adds a further defect."""
    work, card = _mine(request, work_order_id)
    form = defect_form(request, card)
    if form.is_bound and form.is_valid():
        given = form.cleaned_data
        try:
            defect_operations.add(
                inspection_id=card.id, code=given["code"], severity=Severity(given["severity"] or "general"),
                text=given["text"], note=given["note"], actor=actor_of(request),
            )  # fmt: skip
            return redirect("desk:hand_over", work_order_id)
        except Refused as refusal:
            form.refuse(refusal)
    found = defects.of_inspections(inspection_ids=[card.id]).get(card.id, ())
    context = {"work": work, "card": card, "defects": found, "form": form, "today": today()}
    return render(request, "field/hand_over.html", context)


@allow(*FIELD_WORKERS)
def photo(request: HttpRequest, work_order_id: int, defect_id: int) -> HttpResponse:
    """Keep photos of a defect as soon as they are taken; gives its pictures."""
    _work, card = _mine(request, work_order_id)
    with or_404():
        found = defects.one(defect_id=defect_id)
    if found.inspection_id != card.id:
        raise Http404
    error = ""
    try:
        for file in request.FILES.getlist("photo"):
            defect_operations.add_photo(defect_id=defect_id, source=cast("BinaryIO", file), actor=actor_of(request))
    except Refused as refusal:
        error = refusal.code
        if not asks_for(request, f"defect-{defect_id}"):
            tell_refusal(request, refusal)
    if not asks_for(request, f"defect-{defect_id}"):
        return redirect("desk:hand_over", work_order_id)
    context = {"one": defects.one(defect_id=defect_id), "error": error}
    return render(request, "field/_defect_photos.html", context)


@allow(*FIELD_WORKERS)
def issue(request: HttpRequest, work_order_id: int) -> HttpResponse:
    """Issue the notice with what the customer did: signed, refused, or neither."""
    _work, card = _mine(request, work_order_id)
    try:
        signature = _signature(request.POST.get("signature", ""))
        refusal = request.POST.get("refusal", "") if signature is None else ""
        if request.POST.get("receipt") == "refused" and not refusal.strip():
            raise ReasonMissing("Why was it refused?", advice="Write what the customer said.", field="refusal")
        if request.POST.get("receipt") == "signed" and signature is None:
            raise ReasonMissing(
                "There is no signature.", advice="Let the customer sign in the field.", field="signature"
            )
        inspection_notices.issue(
            inspection_id=card.id, signer_name=request.POST.get("signer_name", ""), signature=signature,
            refusal=refusal, actor=actor_of(request),
        )  # fmt: skip
        messages.success(request, _("The notice is issued."))
    except Refused as refusal_:
        tell_refusal(request, refusal_)
    return redirect("desk:hand_over", work_order_id)


def _mine(request: HttpRequest, work_order_id: int) -> tuple[WorkCard, InspectionCard]:
    """Return an order of the actor's crew with its inspection; not found unless the inspection was made."""
    work = field.mine(request, work_order_id)
    if work.kind != "inspection" or work.subject != "inspection" or work.state != "done":
        raise Http404
    with or_404():
        return work, queries.one(inspection_id=work.subject_id)


def _signature(text: str) -> BytesIO | None:
    """Return the picture that the page drew; None: nothing was drawn."""
    if not text.startswith(PNG) or len(text) > SIGNATURE_MOST:
        return None
    try:
        return BytesIO(b64decode(text.removeprefix(PNG), validate=True))
    except binascii.Error:
        return None
