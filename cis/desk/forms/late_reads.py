"""Forms on reads that came after their days were billed."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from cis.desk.forms.customers import choices
from cis.desk.late_read_words import LATE_READ_STATES
from cis.platform.forms import PageForm


class LateReadListForm(PageForm):
    """Filters of the list of late reads."""

    text = forms.CharField(label=_("Account number"), required=False, max_length=20)
    state = forms.ChoiceField(label=_("State"), required=False, choices=choices(LATE_READ_STATES, empty=_("All")))

    def wanted(self) -> dict[str, Any]:
        """Return what is asked for; a filter that is wrong filters nothing."""
        self.is_valid()
        return {name: self.cleaned_data.get(name) or "" for name in ("text", "state")}


class LateReadForm(PageForm):
    """Why late reads are billed, or not."""

    reason = forms.CharField(label=_("Reason"), max_length=300)
    is_customer_fault = forms.BooleanField(
        label=_("The customer is to blame"), required=False,
        help_text=_("Then days further back may be billed too, where the rules of the place say so."),
    )  # fmt: skip
