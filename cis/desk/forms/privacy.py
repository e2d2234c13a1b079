"""Forms on personal data: the log of looks, the list of erasures."""

from collections.abc import Sequence
from datetime import date
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from cis.desk.forms.customers import choices
from cis.desk.privacy_words import ERASURE_STATES
from cis.platform.forms import DayField, PageForm
from cis.platform.looks import Wanted
from cis.platform.privacy_phrases import PURPOSES


class AccessLogForm(PageForm):
    """Filters of the log of looks."""

    account = forms.CharField(label=_("Account number"), required=False, max_length=20)
    staff = forms.CharField(label=_("Who looked"), required=False, max_length=60)
    purpose = forms.ChoiceField(label=_("Why"), required=False, choices=choices(PURPOSES, empty=_("All")))
    from_date = DayField(label=_("From"), required=False)
    to_date = DayField(label=_("Until"), required=False)

    def given(self) -> dict[str, Any]:
        """Return what was asked for; a filter that is wrong filters nothing."""
        self.is_valid()
        return {name: self.cleaned_data.get(name) or "" for name in self.fields}

    def wanted(self, customer_ids: Sequence[int] | None) -> Wanted:
        """Return which looks; ``customer_ids``: the customer of the account that was typed, with who is one."""
        given = self.given()
        return Wanted(
            customer_ids=customer_ids, staff=given["staff"], purpose=given["purpose"],
            from_date=_day(given["from_date"]), to_date=_day(given["to_date"]),
        )  # fmt: skip


class ErasureListForm(PageForm):
    """Filter of the list of erasures."""

    state = forms.ChoiceField(label=_("State"), required=False, choices=choices(ERASURE_STATES, empty=_("All")))

    def state_of(self) -> str:
        """Return the state that was asked for; "" = all."""
        return str(self.cleaned_data.get("state") or "") if self.is_valid() else ""


def _day(value: object) -> date | None:
    return value if isinstance(value, date) else None
