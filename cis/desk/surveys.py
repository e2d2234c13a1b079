"""The phone page of a site survey: checklist, photos, proposal of the supply point, verdict."""

from uuid import uuid4

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _

from cis.desk import field
from cis.desk.answers import or_404, today
from cis.desk.forms.surveys import SurveyForm
from cis.desk.roles import FIELD_WORKERS
from cis.kernel.errors import Refused
from cis.platform.access import actor_of, allow
from contracts.operations import surveys as operations
from contracts.queries import surveys
from metering.domain.places import Voltage
from metering.queries import checklists


@allow(*FIELD_WORKERS)
def report(request: HttpRequest, work_order_id: int) -> HttpResponse:
    """Fill in a survey and report it; a change of the voltage alone offers other supply points."""
    card = field.mine(request, work_order_id)
    with or_404():
        wish = surveys.wish_of_order(work_order_id=work_order_id)
    if card.state != "started":
        return redirect("desk:field_order", work_order_id)
    given = request.POST if request.method == "POST" else None
    voltage = given.get("voltage", "") if given else ""
    voltage = voltage if voltage in set(Voltage) else ""
    form = SurveyForm(
        given, checklist=checklists.one(code=card.checklist) if card.checklist else None, wish=wish,
        proposal=surveys.proposal(wish=wish, voltage=voltage, at=today()), initial={"request_key": uuid4().hex},
    )  # fmt: skip
    if given and "propose" not in given and form.is_valid():
        try:
            field.keep_photos(request, card)
            operations.report(
                work_order_id=work_order_id, new=form.report(), answers=form.answers(), note=form.cleaned_data["note"],
                request_key=form.cleaned_data["request_key"], at=timezone.now(), today=today(), actor=actor_of(request),
            )  # fmt: skip
        except Refused as refusal:
            form.refuse(refusal)
        else:
            messages.success(request, _("The survey is reported."))
            return redirect("desk:field")
    context = field.order_context(card, form) | {"wish": wish, "proposal": form.proposal, "voltage": voltage}
    return render(request, "field/survey.html", context)
