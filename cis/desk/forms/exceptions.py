"""Forms on exceptions of usage: the filters of their list, and why one is accepted."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from cis.desk.forms.customers import choices
from cis.desk.vee_words import CODES, LISTED, METHODS, SEVERITIES
from cis.platform.forms import DayField, EnergyField, PageForm
from metering.domain.exceptions import REASON_MOST
from metering.queries.exceptions import Wanted


class ExceptionListForm(PageForm):
    """Which exceptions are listed."""

    state = forms.ChoiceField(label=_("State"), required=False, choices=choices(LISTED, empty=_("All")))
    severity = forms.ChoiceField(label=_("Severity"), required=False, choices=choices(SEVERITIES, empty=_("All")))
    code = forms.ChoiceField(label=_("What is doubtful"), required=False, choices=choices(CODES, empty=_("All")))
    since = DayField(label=_("Since"), required=False)
    until = DayField(label=_("Until"), required=False)
    text = forms.CharField(label=_("Meter number, supply or address"), required=False, max_length=100)

    def wanted(self) -> Wanted:
        """Return what is asked for; a filter that is wrong filters nothing."""
        given = self.cleaned_data if self.is_valid() else {}
        texts = {name: given.get(name) or "" for name in ("state", "severity", "code", "text")}
        return Wanted(since=given.get("since"), until=given.get("until"), **texts)


class AcceptForm(PageForm):
    """Why a finding is right as it is."""

    reason = forms.CharField(
        label=_("Why it is right"), max_length=REASON_MOST, help_text=_("New heating, a holiday, a test of the meter.")
    )


class EditForm(PageForm):
    """Another value in the place of the one that is doubted or missing."""

    field_of = {
        "exception_reason_missing": "edit_reason", "out_of_order": "reading", "off_dial": "reading",
        "not_a_number": "reading",
    }  # fmt: skip
    reading = EnergyField(label=_("What the counter showed"))
    edit_reason = forms.CharField(
        label=_("Why"), max_length=REASON_MOST, help_text=_("Photo, reading card, a call of the customer.")
    )


class EstimateForm(PageForm):
    """By which method, and why nobody knows better."""

    field_of = {"exception_reason_missing": "estimate_reason", "unknown_estimation_method": "method"}
    method = forms.ChoiceField(label=_("Method"), required=False)
    estimate_reason = forms.CharField(
        label=_("Why"), max_length=REASON_MOST, help_text=_("No access, meter broken, file lost.")
    )

    def __init__(self, *args: Any, methods: tuple[str, ...], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["method"].choices = [  # type: ignore[attr-defined]
            ("", _("The first that has enough to go by")), *((one, METHODS[one]) for one in methods),
        ]  # fmt: skip


class BulkForm(PageForm):
    """Why many are settled in one way."""

    field_of = {"exception_reason_missing": "reason"}
    reason = forms.CharField(label=_("Why"), max_length=REASON_MOST)
