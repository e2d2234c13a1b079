"""Bill cycles: when they are billed, and whether the night does it alone."""

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _

from billing.operations import cycles as operations
from billing.queries import cycles
from cis.desk.answers import posted
from cis.desk.forms.meters import CycleRuleForm
from cis.desk.forms.runs import CycleForm
from cis.desk.roles import BILLERS, READERS
from cis.kernel.errors import Refused
from cis.platform.access import actor_of, allow


@allow(*READERS)
def index(request: HttpRequest) -> HttpResponse:
    """List the cycles."""
    return render(request, "desk/cycles.html", _context(request, CycleRuleForm()))


@allow(*BILLERS)
def rules(request: HttpRequest) -> HttpResponse:
    """Say which cycle bills new supplies of a district and class, or take such a rule away."""
    if request.method != "POST":
        return redirect("desk:cycles")
    dropped = request.POST.get("drop", "")
    if dropped.isascii() and dropped.isdigit() and len(dropped) < 16:  # noqa: PLR2004
        operations.drop_rule(rule_id=int(dropped), actor=actor_of(request))
        return redirect("desk:cycles")
    form = CycleRuleForm(request.POST)
    if form.is_valid():
        operations.set_rule(**form.cleaned_data, actor=actor_of(request))
        messages.success(request, _("Saved."))
        return redirect("desk:cycles")
    return render(request, "desk/cycles.html", _context(request, form))


def _context(request: HttpRequest, form: CycleRuleForm) -> dict[str, Any]:
    return {
        "cards": cycles.listed(), "may_bill": bool(actor_of(request).roles & set(BILLERS)), "rules": cycles.rules(),
        "rule_form": form, "form": form,
    }  # fmt: skip


@allow(*BILLERS)
def edit(request: HttpRequest, cycle_id: int) -> HttpResponse:
    """Change run day and attendance of a cycle."""
    card = next((one for one in cycles.listed() if one.id == cycle_id), None)
    if card is None:
        raise Http404
    form = CycleForm(posted(request), initial={"run_day": card.run_day, "is_unattended": card.is_unattended})
    if request.method == "POST" and form.is_valid():
        try:
            operations.change(cycle_id=cycle_id, actor=actor_of(request), **form.cleaned_data)
        except Refused as refusal:
            form.refuse(refusal)
        else:
            messages.success(request, _("Saved."))
            return redirect("desk:cycles")
    return render(request, "desk/cycle.html", {"form": form, "card": card})
