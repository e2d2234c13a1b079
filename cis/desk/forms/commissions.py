"""Forms on what agents get for what they take."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from cashiering.domain.agents import PER_MILLE_PLACES, Terms
from cis.kernel import fixed
from cis.kernel.fixed import NotANumber
from cis.platform.forms import DayField, MoneyField, PageForm


class TermsForm(PageForm):
    """What an agent gets from a day on."""

    field_of = {"bad_agent": "per_mille"}
    per_mille = forms.CharField(label=_("Of the money of a day, per mille"), max_length=10)
    per_receipt = MoneyField(label=_("For each receipt"))
    from_date = DayField(label=_("From"))

    def clean_per_mille(self) -> int:
        """Return the share. [1/1000 per mille]"""
        try:
            return fixed.parse(self.cleaned_data["per_mille"].strip(), places=PER_MILLE_PLACES)
        except NotANumber as error:
            raise forms.ValidationError(_("Enter a number as 2.5.")) from error

    def terms(self) -> Terms:
        """Return what was entered."""
        given: dict[str, Any] = self.cleaned_data
        return Terms(given["per_mille"], given["per_receipt"])
