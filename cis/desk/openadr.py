"""VENs of OpenADR on the desk: who is there, for whom their resources answer, whether callbacks arrive; blocked."""

from functools import partial
from typing import Any

from django import forms
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST, require_safe

from cis.desk.answers import or_404, tell_refusal
from cis.desk.roles import ADMINS, READERS
from cis.kernel.errors import Refused
from cis.platform.access import ID_MOST, actor_of, allow
from cis.platform.forms import PageForm
from cis.platform.paging import page_context
from contracts.operations import openadr_vens as operations
from contracts.operations.openadr_vens import LINKERS
from contracts.queries import openadr_vens as queries


class LinkForm(PageForm):
    """For which enrolment a resource answers."""

    enrolment = forms.IntegerField(label=gettext_lazy("Number of the enrolment"), min_value=1, max_value=ID_MOST)


@allow(*READERS)
@require_safe
def index(request: HttpRequest) -> HttpResponse:
    """List VENs, the oldest first."""
    context = {**page_context(request, partial(queries.listed)), "count": queries.count()}
    return render(request, "desk/openadr/vens.html", context)


@allow(*READERS)
@require_safe
def show(request: HttpRequest, ven_id: int) -> HttpResponse:
    """Show a VEN with its resources and subscriptions."""
    with or_404():
        detail = queries.one(ven_id=ven_id)
    may_act = actor_of(request).is_one_of(LINKERS)
    return render(request, "desk/openadr/ven.html", {"detail": detail, "card": detail.card, "may_act": may_act})


@allow(*ADMINS)
@require_POST
def act(request: HttpRequest, ven_id: int) -> HttpResponse:
    """Block a VEN, or let it in again."""
    with or_404():
        queries.one(ven_id=ven_id)
    action = request.POST.get("action", "")
    if action not in {"block", "unblock"}:
        raise Http404
    try:
        operations.block(
            ven_id=ven_id, is_blocked=action == "block", at=timezone.now(), actor=actor_of(request)
        )  # fmt: skip
    except Refused as refusal:
        tell_refusal(request, refusal)
    else:
        messages.success(request, _("Blocked: it is refused.") if action == "block" else _("It is let in again."))
    return redirect("desk:ven", ven_id)


@allow(*ADMINS)
@require_POST
def act_on_resource(request: HttpRequest, resource_id: int) -> HttpResponse:
    """Let a resource answer for an enrolment, or for nobody."""
    with or_404():
        ven_id = queries.ven_of(resource_id=resource_id)
    action, form = request.POST.get("action", ""), LinkForm(request.POST)
    given: dict[str, Any] = {"resource_id": resource_id, "at": timezone.now(), "actor": actor_of(request)}
    try:
        if action == "unlink":
            operations.unlink(**given)
            messages.success(request, _("It answers for nobody any more."))
        elif action != "link":
            raise Http404
        elif not form.is_valid():
            messages.error(request, _("Give the number of an enrolment."))
        else:
            operations.link(enrollment_id=form.cleaned_data["enrolment"], **given)
            messages.success(request, _("Linked: its VEN sees the events of this enrolment from now on."))
    except Refused as refusal:
        tell_refusal(request, refusal)
    return redirect("desk:ven", ven_id)
