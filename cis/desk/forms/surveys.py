"""The form of a site survey: the checklist, where the supply could hang, and the verdict."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from cis.desk.field_words import OUTCOMES, SUPPLY_MODES, SURVEY_REASONS
from cis.desk.forms.checklists import ChecklistForm
from contracts.domain.survey import SURVEY_OUTCOMES, NewReport, SurveyReason
from contracts.queries.surveys import Proposal, Wish
from metering.domain.network import MODES, Asset
from metering.domain.places import Voltage
from metering.domain.work_orders import Outcome


class SurveyForm(ChecklistForm):
    """The items of the checklist, then proposal and verdict."""

    field_of = {"room_missing": "assets", "capacity_taken": "assets", "asset_unfit": "assets"}

    voltage = forms.ChoiceField(label=_("Voltage"), required=False)
    mode = forms.ChoiceField(label=_("Supply mode"), required=False)
    assets = forms.MultipleChoiceField(label=_("Supply point"), required=False, widget=forms.CheckboxSelectMultiple)
    verdict = forms.ChoiceField(
        label=_("Can it be supplied?"), required=False, widget=forms.RadioSelect,
        choices=lambda: [(str(one), OUTCOMES[one]) for one in SURVEY_OUTCOMES],
    )  # fmt: skip
    reasons = forms.MultipleChoiceField(
        label=_("Why not, or not without works"), required=False, widget=forms.CheckboxSelectMultiple,
        choices=lambda: list(SURVEY_REASONS.items()),
    )  # fmt: skip
    works = forms.CharField(
        label=_("What must be built, and by whom"), required=False, max_length=1_000,
        widget=forms.Textarea(attrs={"rows": 2}),
    )  # fmt: skip

    def __init__(self, *args: Any, wish: Wish, proposal: Proposal, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.proposal = proposal
        asked = " / ".join(wish.voltages)
        levels = [(str(one), str(one)) for one in Voltage if str(one) not in wish.voltages or len(wish.voltages) > 1]
        self.fields["voltage"].choices = [("", asked), *levels]  # type: ignore[attr-defined]
        modes = dict.fromkeys(mode for one in Voltage for mode in MODES[one])
        self.fields["mode"].choices = [("", _("the usual one")), *((str(m), SUPPLY_MODES[m]) for m in modes)]  # type: ignore[attr-defined]
        self.fields["assets"].choices = [(f"{c.asset}-{c.id}", c.name) for c in proposal.assets]  # type: ignore[attr-defined]
        self.fields["assets"].initial = [f"{c.asset}-{c.id}" for c in proposal.assets[: proposal.chosen]]

    def asset_rows(self) -> list[tuple[Any, Any]]:
        """Return each supply point that is offered, with its box."""
        return list(zip(self.proposal.assets, self["assets"], strict=True))

    def report(self) -> NewReport:
        """Return the report that was filled in; an empty verdict is refused by the rules."""
        given = self.cleaned_data
        chosen = (text.rpartition("-") for text in given["assets"])
        return NewReport(
            verdict=Outcome(given["verdict"]) if given["verdict"] else Outcome.DONE,
            reasons=tuple(SurveyReason(one) for one in given["reasons"]), works=given["works"],
            voltage=given["voltage"], mode=given["mode"],
            assets=tuple((Asset(asset), int(asset_id)) for asset, _dash, asset_id in chosen),
        )  # fmt: skip
