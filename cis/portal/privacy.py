"""My data: who looked at them, all of them as a file, and that they are overwritten."""

from allauth.account.decorators import reauthentication_required
from django.contrib import messages
from django.http import FileResponse, Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from accounts.domain.privacy import ErasureReason
from accounts.operations import data_exports, erasures
from accounts.queries import merges, privacy, supplier
from cis.kernel.errors import Refused
from cis.platform import looks
from cis.platform.access import actor_of, allow_portal
from cis.platform.answers import or_404, tell_refusal
from cis.portal import access


@allow_portal
@require_safe
def mine(request: HttpRequest) -> HttpResponse:
    """Show when and why somebody looked at the customer's data, the exports, and what may be asked for."""
    visit, actor, today = access.visit(request), actor_of(request), access.today()
    kept = privacy.rule_or_none(at=today)
    against = (
        privacy.obstacles(customer_id=visit.customer_id, reason=ErasureReason.REQUEST, today=today) if kept else ()
    )
    context = {
        "visit": visit,
        "looks": looks.of_customer(customer_ids=merges.family(customer_id=visit.customer_id)),
        "exports": privacy.exports(customer_id=visit.customer_id, actor=actor),
        "erasure": privacy.open_of(customer_id=visit.customer_id),
        "obstacles": against,
        "rule": kept,
        "supplier": supplier.current(),
    }
    return render(request, "portal/my_data.html", context)


@allow_portal
@require_POST
@reauthentication_required
def ask(request: HttpRequest) -> HttpResponse:
    """Ask for all of one's data as a file, or that they are overwritten; the password is asked for once more."""
    visit, actor = access.visit(request), actor_of(request)
    try:
        match request.POST.get("action", ""):
            case "export":
                data_exports.ask(customer_id=visit.customer_id, at=timezone.now(), actor=actor)
                messages.success(request, _("The file is being made. It will be here in a moment."))
            case "erase":
                erasures.ask(customer_id=visit.customer_id, today=access.today(), actor=actor)
                messages.success(request, _("We have your request. Somebody looks at it, and then your data go."))
            case _other:
                raise Http404
    except Refused as refusal:
        tell_refusal(request, refusal)
    return redirect("portal:my_data")


@allow_portal
@require_safe
@reauthentication_required
def fetch(request: HttpRequest, export_id: int) -> HttpResponse | FileResponse:
    """Give an export to the customer who asked for it; the password is asked for once more."""
    visit, actor = access.visit(request), actor_of(request)
    with or_404():
        privacy.export(export_id=export_id, customer_id=visit.customer_id, actor=actor)
    try:
        opened = data_exports.fetch(
            export_id=export_id, customer_id=visit.customer_id, today=access.today(), actor=actor
        )
    except Refused as refusal:
        tell_refusal(request, refusal)
        return redirect("portal:my_data")
    name = f"my-data-{export_id}.zip"
    return FileResponse(opened, as_attachment=True, filename=name, content_type=data_exports.MEDIA_TYPE)
