"""Forms on late fees."""

from collections.abc import Sequence
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from arrears.queries.late_fees import WantedFees
from cis.desk.forms.customers import choices
from cis.desk.late_fee_words import LATE_FEE_STATES, WAIVER_REASONS
from cis.platform.forms import PageForm


class LateFeeListForm(PageForm):
    """Filters of the list of late fees."""

    text = forms.CharField(label=_("Bill or account number"), required=False, max_length=20)
    state = forms.ChoiceField(label=_("State"), required=False, choices=choices(LATE_FEE_STATES, empty=_("All")))

    def wanted(self) -> WantedFees:
        """Return what is asked for; a filter that is wrong filters nothing."""
        self.is_valid()
        given = self.cleaned_data
        return WantedFees(given.get("text") or "", given.get("state") or "")


class WaiveForm(PageForm):
    """Why a late fee is waived."""

    field_of = {"bad_waiver": "reason"}
    reason = forms.ChoiceField(label=_("Reason"))
    remark = forms.CharField(label=_("Remark"), required=False, max_length=200)

    def __init__(self, *args: Any, reasons: Sequence[str], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["reason"].choices = [(code, WAIVER_REASONS.get(code, code)) for code in reasons]  # type: ignore[attr-defined]
