"""Forms on safety inspections, defects and important customers."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from cis.desk.safety_words import (
    BACKUPS,
    DEFECT_STATES,
    GRADES,
    INSPECTION_DUE,
    INSPECTION_KINDS,
    INSPECTION_STATES,
    SEVERITIES,
)
from cis.kernel import fixed
from cis.platform.forms import DayField, PageForm
from cis.platform.phrases import explain
from contracts.domain.important import Backup, Entry
from contracts.domain.inspection import Grade
from contracts.domain.inspection_workflow import NOTE_MOST, REASON_MOST
from contracts.queries.inspection_rules import OTHER, Kind

KVA_PLACES = 3


class InspectionListForm(PageForm):
    """Which inspections are listed."""

    state = forms.ChoiceField(
        label=_("State"),
        required=False,
        choices=lambda: [("", _("All states")), ("under_way", _("Still to be done")), *INSPECTION_STATES.items()],
    )
    kind = forms.ChoiceField(
        label=_("Kind"), required=False, choices=lambda: [("", _("All kinds")), *INSPECTION_KINDS.items()]
    )
    area = forms.ChoiceField(label=_("Area"), required=False)
    due = forms.ChoiceField(
        label=_("Due"), required=False, choices=lambda: [("", _("Any day")), *INSPECTION_DUE.items()]
    )
    text = forms.CharField(label=_("Account, name or address"), max_length=60, required=False)

    def __init__(self, *args: Any, areas: Sequence[str], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["area"].choices = [("", _("All areas")), *((area, area) for area in areas)]  # type: ignore[attr-defined]


class DefectListForm(PageForm):
    """Which defects are listed."""

    state = forms.ChoiceField(
        label=_("State"),
        required=False,
        choices=lambda: [("", _("All states")), ("standing", _("All that stand")), *DEFECT_STATES.items()],
    )
    severity = forms.ChoiceField(
        label=_("Severity"), required=False, choices=lambda: [("", _("All severities")), *SEVERITIES.items()]
    )
    area = forms.ChoiceField(label=_("Area"), required=False)
    text = forms.CharField(label=_("Account, name or address"), max_length=60, required=False)

    def __init__(self, *args: Any, areas: Sequence[str], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["area"].choices = [("", _("All areas")), *((area, area) for area in areas)]  # type: ignore[attr-defined]


class EntryListForm(PageForm):
    """Which entries of the register are listed."""

    grade = forms.ChoiceField(
        label=_("Grade"), required=False, choices=lambda: [("", _("All grades")), *GRADES.items()]
    )
    state = forms.ChoiceField(
        label=_("State"),
        required=False,
        choices=lambda: [
            ("in_force", _("In force")),
            ("late", _("To be looked at again")),
            ("ended", _("Ended")),
            ("", _("All states")),
        ],
    )
    text = forms.CharField(label=_("Address or service point"), max_length=60, required=False)


class NewInspectionForm(PageForm):
    """An inspection out of turn."""

    due_date = DayField(label=_("To be done by"))
    reason = forms.CharField(label=_("Why now"), max_length=REASON_MOST)


class DefectForm(PageForm):
    """A defect that is added by hand: of the catalogue, or in own words."""

    field_of: Mapping[str, str] = {"unknown_defect_code": "code", "defect_exists": "code"}

    code = forms.ChoiceField(label=_("Defect"))
    text = forms.CharField(label=_("In your own words"), max_length=300, required=False)
    severity = forms.ChoiceField(
        label=_("Severity"), required=False, initial="general", choices=lambda: list(SEVERITIES.items()),
        help_text=_("Of a defect in your own words; one of the list has its own."),
    )  # fmt: skip
    note = forms.CharField(label=_("Where exactly, what was measured"), max_length=NOTE_MOST, required=False)

    def __init__(self, *args: Any, catalogue: Mapping[str, Kind], language: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        names = [(one.code, one.text_en if language == "en" else one.text_zh) for one in catalogue.values()]
        self.fields["code"].choices = [("", "—"), *names, (OTHER, _("Something else, in own words"))]  # type: ignore[attr-defined]


class KvaField(forms.CharField):
    """A power in kVA as typed, kept in VA."""

    def __init__(self, **kwargs: object) -> None:
        attrs = {"inputmode": "decimal", "class": "num", "autocomplete": "off"}
        super().__init__(max_length=16, widget=forms.TextInput(attrs=attrs), **kwargs)  # type: ignore[arg-type]

    def clean(self, value: object) -> int:
        """Return VA; empty is none."""
        text = str(super().clean(value)).replace(",", "").strip()
        try:
            return fixed.parse(text, places=KVA_PLACES) if text else 0
        except fixed.NotANumber as refusal:
            words = explain(refusal.code, refusal.message, refusal.advice)
            raise forms.ValidationError(words.message) from refusal


class EntryForm(PageForm):
    """An entry of the register of important customers."""

    field_of: Mapping[str, str] = {
        "unknown_service_point": "service_point",
        "important_customer_exists": "service_point",
        "empty_period": "end_date",
    }

    service_point = forms.CharField(
        label=_("Service point"), max_length=64, help_text=_("Its number, as on the customer's page and on the bill.")
    )
    grade = forms.ChoiceField(label=_("Grade"), choices=lambda: [("", "—"), *GRADES.items()])
    reason = forms.CharField(
        label=_("Why it is important, by whose decision"),
        max_length=REASON_MOST,
        widget=forms.Textarea(attrs={"rows": 3}),
    )
    backup = forms.ChoiceField(label=_("Own backup supply"), choices=lambda: list(BACKUPS.items()))
    backup_va = KvaField(label=_("Its power [kVA]"), required=False)
    security_va = KvaField(label=_("Load that must not fail [kVA]"), required=False)
    start_date = DayField(label=_("From"))
    end_date = DayField(label=_("Until, not included"), required=False)

    def entry(self, *, service_point_id: int) -> Entry:
        """Return the entry that a valid form asks for."""
        given = self.cleaned_data
        start: date = given["start_date"]
        return Entry(
            service_point_id=service_point_id, grade=Grade(given["grade"]), reason=given["reason"],
            backup=Backup(given["backup"]), backup_va=given["backup_va"], security_va=given["security_va"],
            start_date=start, end_date=given["end_date"],
        )  # fmt: skip
