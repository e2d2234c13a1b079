"""Who at my place needs electricity to live: told by the customer, who sees what the register holds of it."""

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.operations import protections as operations
from accounts.operations.protections import NewProtection
from accounts.queries import care_rules, protections, supplier
from accounts.queries.protections import WantedProtections
from arrears.queries import orders
from cis.kernel.errors import Refused
from cis.platform.access import actor_of, allow_portal
from cis.platform.forms import PageForm
from cis.portal import access


class TellForm(PageForm):
    """What the customer tells."""

    person = forms.CharField(label=gettext_lazy("Who it is, and which device"), max_length=120)
    told = forms.CharField(
        label=gettext_lazy("What we should know"), max_length=300, widget=forms.Textarea(attrs={"rows": 3})
    )


@allow_portal
def index(request: HttpRequest) -> HttpResponse:
    """Show what is registered of the chosen account, and register life support."""
    visit, today = access.visit(request), access.today()
    held, actor = visit.chosen, actor_of(request)
    if held is None:
        return render(request, "portal/no_account.html", {"visit": visit})
    offered = [rule for rule in care_rules.protections_or_none(at=today).values() if rule.holds and rule.may_set(actor)]
    may_tell = held.is_current and bool(offered)
    form = TellForm(request.POST if request.method == "POST" and may_tell else None)
    if form.is_bound and form.is_valid():
        places = orders.supplies(account_id=held.account_id, on=today)
        new = NewProtection(
            account_id=held.account_id, kind=offered[0].kind, told=form.cleaned_data["told"],
            person=form.cleaned_data["person"], place_id=places[0][0] if len(places) == 1 else None,
        )  # fmt: skip
        try:
            operations.register(new=new, at=timezone.now(), actor=actor)
        except Refused as refusal:
            form.refuse(refusal)
        else:
            messages.success(request, _("It is registered from now on. Please bring or send us the paper."))
            return redirect("portal:protections")
    wanted = WantedProtections(state="all", customer_id=visit.customer_id, account_id=held.account_id)
    found = protections.listed(wanted=wanted, today=today)
    context = {
        "visit": visit,
        "supplier": supplier.current(),
        "rows": [one for one in found if one.kind != "key_account"],
        "papers": offered[0].evidence if offered else (),
        "form": form,
        "may_tell": may_tell,
    }
    return render(request, "portal/protections.html", context)
