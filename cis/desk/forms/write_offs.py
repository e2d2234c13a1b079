"""Forms on debts that are given up."""

from datetime import date
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from billing.operations.write_offs import NewWriteOff
from billing.queries.write_offs import OpenDebt, Wanted
from cis.desk.forms.applications import PAPER_TYPES
from cis.desk.forms.customers import choices
from cis.desk.money_words import ADJUSTMENT_STATES
from cis.desk.write_off_words import WRITE_OFF_REASONS
from cis.platform.forms import DayField, PageForm
from cis.platform.templatetags.local import day, money


class WriteOffListForm(PageForm):
    """Filters of the list of write-offs."""

    text = forms.CharField(label=_("Account or text"), required=False, max_length=60)
    reason = forms.ChoiceField(label=_("Reason"), required=False, choices=choices(WRITE_OFF_REASONS, empty=_("All")))
    state = forms.ChoiceField(label=_("State"), required=False, choices=choices(ADJUSTMENT_STATES, empty=_("All")))

    def wanted(self) -> Wanted:
        """Return what is asked for; a filter that is wrong filters nothing."""
        self.is_valid()
        given = self.cleaned_data
        return Wanted(text=given.get("text") or "", state=given.get("state") or "", reason=given.get("reason") or "")


class CandidateForm(PageForm):
    """Filters of what might be written off."""

    text = forms.CharField(label=_("Account"), required=False, max_length=60)
    reason = forms.ChoiceField(label=_("Reason"), required=False, choices=choices(WRITE_OFF_REASONS, empty=_("All")))

    def wanted(self) -> Wanted:
        """Return what is asked for; a filter that is wrong filters nothing."""
        self.is_valid()
        return Wanted(text=self.cleaned_data.get("text") or "", reason=self.cleaned_data.get("reason") or "")


class WriteOffReportForm(PageForm):
    """Which months and which reason of the report."""

    since = DayField(label=_("From"), required=False)
    until = DayField(label=_("Until"), required=False)
    reason = forms.ChoiceField(label=_("Reason"), required=False, choices=choices(WRITE_OFF_REASONS, empty=_("All")))

    def given(self) -> dict[str, Any]:
        """Return what is asked for, as first days of months."""
        self.is_valid()
        values = self.cleaned_data
        return {
            "reason": values.get("reason") or "",
            "since": _first(values.get("since")),
            "until": _first(values.get("until")),
        }


class WriteOffForm(PageForm):
    """A debt to be given up, and what shows that it will not be paid."""

    field_of = {"not_a_paper": "paper"}
    reason = forms.ChoiceField(label=_("Reason"))
    bills = forms.MultipleChoiceField(label=_("Bills"), widget=forms.CheckboxSelectMultiple)
    evidence = forms.CharField(
        label=_("What shows it"), max_length=300, help_text=_("Letters that came back, a visit, a judgment.")
    )
    paper = forms.FileField(
        label=_("File (PDF, JPEG or PNG)"), required=False, widget=forms.FileInput(attrs={"accept": PAPER_TYPES})
    )
    request_key = forms.CharField(widget=forms.HiddenInput, max_length=64)

    def __init__(self, *args: Any, reasons: list[str], debts: list[OpenDebt], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        named = [(code, WRITE_OFF_REASONS.get(code, code)) for code in reasons]
        self.fields["reason"].choices = named  # type: ignore[attr-defined]
        self.fields["bills"].choices = [  # type: ignore[attr-defined]
            (str(one.bill_id), f"{one.number} · {day(one.due_date)} · {money(one.open_minor)}") for one in debts
        ]
        self.fields["bills"].initial = [str(one.bill_id) for one in debts]

    def write_off(self, *, account_id: int, paper_id: int | None) -> NewWriteOff:
        """Return the write-off as typed."""
        given = self.cleaned_data
        return NewWriteOff(
            account_id=account_id,
            reason=given["reason"],
            evidence=given["evidence"],
            key=f"desk:{given['request_key']}",
            paper_id=paper_id,
            bill_ids=[int(one) for one in given["bills"]],
        )


def _first(on: date | None) -> date | None:
    return None if on is None else on.replace(day=1)
