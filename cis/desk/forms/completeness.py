"""Filters of places whose days are not all billed."""

from datetime import date
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from billing.queries.completeness import Wanted
from cis.desk.completeness_words import HOLES, LISTED
from cis.desk.forms.customers import choices
from cis.platform.forms import PageForm


class CompletenessForm(PageForm):
    """Which places are listed; months are those that the last night looked at."""

    month = forms.ChoiceField(label=_("Month"), required=False)
    state = forms.ChoiceField(label=_("Days"), required=False, choices=choices(LISTED, empty=_("All")))
    hole = forms.ChoiceField(
        label=_("What must not be"), required=False,
        choices=[("", _("With and without")), ("any", _("Only with something")), *HOLES.items()],
    )  # fmt: skip
    text = forms.CharField(label=_("Account number or supply"), required=False, max_length=100)

    def __init__(self, *args: Any, months: list[date], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["month"].choices = [  # type: ignore[attr-defined]
            ("", _("All")), *((f"{month:%Y-%m}", f"{month:%Y-%m}") for month in months)
        ]  # fmt: skip

    def wanted(self) -> Wanted:
        """Return what is asked for; a filter that is wrong filters nothing."""
        given = self.cleaned_data if self.is_valid() else {}
        month = given.get("month")
        texts = {name: given.get(name) or "" for name in ("state", "hole", "text")}
        return Wanted(month=date.fromisoformat(f"{month}-01") if month else None, **texts)
