"""Forms on budget plans."""

from django import forms
from django.utils.translation import gettext_lazy as _

from billing.operations.budgets import Acceptance
from billing.queries.budget_plans import Wanted
from cis.desk.budget_words import PLAN_STATES, SIDES
from cis.desk.forms.customers import choices
from cis.platform.forms import PageForm


class PlanListForm(PageForm):
    """Filters of the list of plans."""

    text = forms.CharField(label=_("Account or name"), required=False, max_length=60)
    state = forms.ChoiceField(label=_("State"), required=False, choices=choices(PLAN_STATES, empty=_("All")))
    side = forms.ChoiceField(label=_("Budget balance"), required=False, choices=choices(SIDES, empty=_("All")))

    def wanted(self) -> Wanted:
        """Return what is asked for; a filter that is wrong filters nothing."""
        self.is_valid()
        given = self.cleaned_data
        return Wanted(text=given.get("text") or "", state=given.get("state") or "", side=given.get("side") or "")


class AcceptForm(PageForm):
    """A customer accepts the amount that is shown."""

    request_key = forms.CharField(widget=forms.HiddenInput, max_length=64)
    level_minor = forms.IntegerField(widget=forms.HiddenInput, min_value=1, max_value=10**13)
    is_agreed = forms.BooleanField(label=_("The customer has heard the terms and accepts them"))

    def acceptance(self, *, account_id: int, door: str = "desk") -> Acceptance:
        """Return what is accepted."""
        given = self.cleaned_data
        return Acceptance(
            account_id=account_id,
            level_minor=given["level_minor"],
            door=door,
            key=f"{door}:{account_id}:{given['request_key']}",
        )
