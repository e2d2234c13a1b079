"""What forms on breach and theft share: the list, and what every case has."""

from dataclasses import dataclass
from typing import Any, ClassVar

from django import forms
from django.utils.translation import gettext_lazy as _

from cis.desk.words import BREACH_KINDS, BREACH_STATES
from cis.platform.forms import DayField, PageForm
from contracts.domain.breach_claims import Claim, Fact
from contracts.domain.breach_steps import Step
from contracts.domain.breaches import BreachKind, Equipment
from contracts.queries.breach_facts import Known
from contracts.queries.breaches import WAITING
from metering.domain.correction_orders import Order

EQUIPMENT = {
    Equipment.POWER.value: _("Power: motors, machines"),
    Equipment.LIGHT.value: _("Light and home appliances"),
}


def hours_field() -> forms.IntegerField:
    """Return the field of the hours a day that equipment ran."""
    words = _("Not known: as the rule says.")
    return forms.IntegerField(label=_("Hours a day"), min_value=1, max_value=24, required=False, help_text=words)


class BreachListForm(PageForm):
    """Which cases are listed."""

    state = forms.ChoiceField(
        label=_("State"),
        required=False,
        choices=lambda: [
            ("", _("All states")),
            (WAITING, _("All that wait for a second person")),
            *BREACH_STATES.items(),
        ],
    )
    kind = forms.ChoiceField(
        label=_("Kind"), required=False, choices=lambda: [("", _("All kinds")), *BREACH_KINDS.items()]
    )
    text = forms.CharField(label=_("Account"), max_length=20, required=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What a form says: the facts, how they came about, and the correction of stolen energy."""

    fact: Fact
    steps: tuple[Step, ...] = ()
    order: Order | None = None


class CaseForm(PageForm):
    """What every case has: when it was found, and what shows it."""

    kind: ClassVar[BreachKind]
    own: ClassVar[tuple[str, ...]] = ()

    found_date = DayField(label=_("Found on"))
    evidence = forms.CharField(
        label=_("What shows it"), max_length=4_000, widget=forms.Textarea(attrs={"rows": 3}),
        help_text=_("Report, photo, order."),
    )  # fmt: skip
    request_key = forms.CharField(widget=forms.HiddenInput, max_length=56)

    def __init__(self, *args: Any, known: Known, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.known = known

    def rows(self) -> list[forms.BoundField]:
        """Return the fields of the kind, for the page."""
        return [self[name] for name in self.own]

    def given(self) -> dict[str, str]:
        """Return what was typed, as text."""
        return {name: str(self.data.get(name, "")) for name in self.fields if name not in {"request_key", "evidence"}}

    def told(self) -> Told:
        """
        Return the facts of a valid form.

        :raises BadBreach: they cannot be right.
        """
        raise NotImplementedError

    def claim(self) -> tuple[Claim, Order | None]:
        """Return the case that a valid form asks for; see ``told``."""
        told = self.told()
        claim = Claim(
            agreement_id=self.known.agreement.id,
            kind=self.kind,
            found_date=self.cleaned_data["found_date"],
            fact=told.fact,
            evidence=self.cleaned_data["evidence"],
            given=self.given(),
            steps=told.steps,
        )
        return claim, told.order
