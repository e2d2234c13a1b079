"""The form by which somebody takes measured values of some days as a file."""

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from cis.platform.forms import DayField, PageForm

FORMS = {
    "green_button": _("Green Button (XML)"), "csv": _("CSV of intervals"), "xlsx": _("Workbook (XLSX)"),
    "nem12": "NEM12",
}  # fmt: skip
SHOWN_DAYS = 31
_DAY = timedelta(days=1)


class SpanForm(PageForm):
    """The first and the last day, and the form."""

    since = DayField(label=_("From"))
    until = DayField(label=_("Last day"))
    form = forms.ChoiceField(label=_("Form"))

    def __init__(self, *args: Any, names: Sequence[str] = tuple(FORMS), today: date, **kwargs: Any) -> None:
        initial = {"since": today - SHOWN_DAYS * _DAY, "until": today - _DAY, "form": names[0]}
        super().__init__(*args, initial=initial, **kwargs)
        self.fields["form"].choices = [(name, FORMS[name]) for name in names]  # type: ignore[attr-defined]

    @property
    def end_date(self) -> date:
        """The first day that is not in it."""
        until: date = self.cleaned_data["until"]
        return until + _DAY
