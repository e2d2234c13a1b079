"""Forms of accruals of revenue: which month, and the filters of the accounts."""

from datetime import date
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from billing.queries.accruals import Wanted
from cis.desk.accrual_words import OUTCOMES
from cis.desk.forms.customers import choices
from cis.kernel.periods import add_months
from cis.platform.forms import PageForm
from cis.platform.templatetags.local import month as month_name

MONTHS = 12


class AccrualForm(PageForm):
    """A month that is over."""

    month = forms.ChoiceField(label=_("Month"))

    def __init__(self, *args: Any, today: date, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        this = today.replace(day=1)
        months = [add_months(this, -back) for back in range(1, MONTHS + 1)]
        self.fields["month"].choices = [(f"{one:%Y-%m-%d}", month_name(one)) for one in months]  # type: ignore[attr-defined]

    def chosen(self) -> date:
        """Return the first day of the month."""
        return date.fromisoformat(self.cleaned_data["month"])


class AccrualAccountsForm(PageForm):
    """Filters of the accounts of an accrual."""

    outcome = forms.ChoiceField(label=_("Outcome"), required=False, choices=choices(OUTCOMES, empty=_("All")))
    reason = forms.CharField(required=False, widget=forms.HiddenInput, max_length=40)

    def wanted(self) -> Wanted:
        """Return what is asked for; a filter that is wrong filters nothing."""
        self.full_clean()
        given = self.cleaned_data if self.is_bound else {}
        return Wanted(outcome=given.get("outcome") or "", reason=given.get("reason") or "")
