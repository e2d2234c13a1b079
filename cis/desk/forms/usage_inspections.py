"""Forms on usage inspections."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from cis.desk.usage_inspection_words import SOURCES, STATES
from cis.platform.forms import PageForm
from contracts.domain.usage_inspection import WORDS_MOST
from contracts.queries.usage_inspections import OPEN_FILTER, Wanted

AT_DESK = ("crew", "tip", "audit")
"""Sources that a person writes down; alarms and anomalies come by themselves."""


class UsageInspectionListForm(PageForm):
    """Which usage inspections are listed."""

    state = forms.ChoiceField(
        label=_("State"), required=False,
        choices=lambda: [("", _("All states")), (OPEN_FILTER, _("Not over")), *STATES.items()],
    )  # fmt: skip
    source = forms.ChoiceField(label=_("Why"), required=False, choices=lambda: [("", _("All")), *SOURCES.items()])
    text = forms.CharField(label=_("Account or address"), max_length=60, required=False)

    def wanted(self) -> Wanted:
        """Return what is asked for; a filter that is wrong filters nothing."""
        given = self.cleaned_data if self.is_valid() else {}
        return Wanted(**{name: given.get(name) or "" for name in ("state", "source", "text")})


class SuspicionForm(PageForm):
    """Why usage at a place is doubted."""

    field_of = {"unknown_case": "case_number"}

    source = forms.ChoiceField(label=_("Why"), choices=lambda: [(one, SOURCES[one]) for one in AT_DESK])
    words = forms.CharField(
        label=_("What is suspected"), max_length=WORDS_MOST, required=False,
        widget=forms.Textarea(attrs={"rows": 3}), help_text=_("The crew reads it. Of a tip: nothing, its case has it."),
    )  # fmt: skip
    case_number = forms.CharField(
        label=_("Number of the case"), max_length=20, required=False,
        help_text=_("Of a tip: who told, and what, stays with the case."),
    )  # fmt: skip

    def clean(self) -> dict[str, Any]:
        """Strip the number."""
        given: dict[str, Any] = super().clean() or {}
        given["case_number"] = (given.get("case_number") or "").strip().upper()
        return given
