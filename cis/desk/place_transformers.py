"""The instrument transformers of a place, and the multiplier that they make."""

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from cis.desk.answers import today
from cis.desk.forms.meter_tests import TransformersForm
from cis.desk.roles import METERERS, READERS
from cis.kernel.errors import Refused
from cis.platform.access import actor_of, allow
from metering.domain.instrument_transformers import multiplier_of
from metering.operations import instrument_transformers as operations
from metering.queries import instrument_transformers as queries
from metering.queries import places


@allow(*READERS)
@require_safe
def show(request: HttpRequest, service_point_id: int) -> HttpResponse:
    """Show the transformers that stand there, and those that stood."""
    return _page(request, service_point_id, None)


@require_POST
@allow(*METERERS)
def put(request: HttpRequest, service_point_id: int) -> HttpResponse:
    """Let transformers stand there from a day on, in the place of those before."""
    form = TransformersForm(request.POST)
    if form.is_valid():
        try:
            made = operations.put(
                service_point_id=service_point_id, transformers=form.parsed(),
                from_date=form.cleaned_data["from_date"], today=today(), actor=actor_of(request),
            )  # fmt: skip
        except Refused as refusal:
            form.refuse(refusal)
        else:
            messages.success(request, _("The transformers are kept; they make the multiplier %(n)s.") % {"n": made})
            return redirect("desk:place_transformers", service_point_id)
    return _page(request, service_point_id, form)


def _page(request: HttpRequest, service_point_id: int, form: TransformersForm | None) -> HttpResponse:
    place = places.cards(service_point_ids=[service_point_id], at_date=today()).get(service_point_id)
    if place is None:
        raise Http404
    history = queries.history(service_point_id=service_point_id)
    now = queries.at_place(service_point_id=service_point_id, on=today())
    lines = "\n".join(
        f"{one.kind.upper()} {one.serial} {one.primary}/{one.secondary} {one.accuracy}".strip() for one in now
    )
    multipliers = queries.multipliers_at(service_point_id=service_point_id, on=today())
    product = multiplier_of([one.as_new() for one in now]) if now else None
    context = {
        "place": place, "rows": history, "today": today(), "product": product, "multipliers": sorted(multipliers),
        "is_other": product is not None and bool(multipliers - {product}),
        "may_put": bool(actor_of(request).roles & set(METERERS)),
        "form": form or TransformersForm(initial={"from_date": today(), "transformers": lines}),
    }  # fmt: skip
    return render(request, "desk/meters/transformers.html", context)
