"""Forms on corrections of usage: one for each way to say by how much, and the filters of their list."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from cis.desk.forms.correction_methods import METHODS
from cis.desk.forms.customers import choices
from cis.desk.words import CORRECTION_CAUSES, CORRECTION_STATES
from cis.kernel.errors import Refused
from cis.platform.forms import DayField, PageForm
from cis.platform.phrases import explain
from metering.domain import wiring
from metering.queries import corrections


class CorrectionListForm(PageForm):
    """Filters of the list of corrections."""

    state = forms.ChoiceField(
        label=_("State"),
        required=False,
        choices=choices({corrections.WAITING: _("To be decided"), **CORRECTION_STATES}, empty=_("All")),
    )
    cause = forms.ChoiceField(label=_("Cause"), required=False, choices=choices(CORRECTION_CAUSES, empty=_("All")))
    text = forms.CharField(label=_("Meter number or address"), required=False, max_length=100)


class CorrectionForm(PageForm):
    """A correction by one method."""

    meter = forms.ChoiceField(label=_("Meter"))
    since_date = DayField(label=_("Wrong from"), help_text=_("The last test, or the first day with this meter."))
    until_date = DayField(label=_("Mended on"))
    evidence = forms.CharField(
        label=_("What shows it"), max_length=4_000, widget=forms.Textarea(attrs={"rows": 3}),
        help_text=_("Report, photo, order."),
    )  # fmt: skip
    is_customer_fault = forms.BooleanField(label=_("The customer is to blame"), required=False)
    request_key = forms.CharField(widget=forms.HiddenInput, max_length=64)

    def __init__(self, *args: Any, way: str, meters: list[tuple[str, str]], **kwargs: Any) -> None:
        self.way, self.method = way, METHODS[way]
        self.base_fields = self.base_fields | {name: made() for name, made in self.method.fields.items()}  # type: ignore[misc]
        super().__init__(*args, **kwargs)
        self.fields["meter"].choices = meters  # type: ignore[attr-defined]

    def clean(self) -> dict[str, Any]:
        """Ask for the power factor where the factor of the chosen fault depends on it."""
        given: dict[str, Any] = super().clean() or {}
        fault = given.get("fault")
        if fault and wiring.needs_power_factor(fault) and given.get("power_factor", "") is None:
            self.add_error("power_factor", self.fields["power_factor"].error_messages["required"])
        return given

    def refuse(self, refusal: Refused) -> None:
        """Show a refusal; in other languages with its English text, since one sentence stands for many facts there."""
        words = explain(refusal.code, refusal.message, refusal.advice)
        if words.detail:
            self.add_error(None, f"{words.message} ({refusal.message} {refusal.advice})")
        else:
            super().refuse(refusal)

    def given(self) -> dict[str, str]:
        """Return the way and what was typed, as text."""
        return {"way": self.way, **{name: str(self.data.get(name, "")) for name in self.method.fields}}

    def rows(self) -> list[Any]:
        """Return the fields of the method, for the page."""
        return [self[name] for name in self.method.fields]
