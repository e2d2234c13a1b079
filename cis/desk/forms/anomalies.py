"""Forms on anomalies and on losses: filters, a visit, a reason, a master meter."""

from datetime import date, timedelta
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from cis.desk.forms.customers import choices
from cis.desk.watch_words import KINDS, STATES
from cis.platform.forms import DayField, PageForm
from metering.domain.anomalies import REASON_MOST
from metering.queries.anomalies import Wanted
from metering.queries.network import AssetCard

VISIT_DAYS = 7
SCORES = ("60", "70", "80", "90", "95")


class AnomalyListForm(PageForm):
    """Which anomalies are listed."""

    state = forms.ChoiceField(label=_("State"), required=False, choices=choices(STATES, empty=_("All")))
    kind = forms.ChoiceField(label=_("What is unusual"), required=False, choices=choices(KINDS, empty=_("All")))
    score = forms.ChoiceField(
        label=_("Score, at least"),
        required=False,
        choices=lambda: [("", _("Any")), *((one, f"{one} %") for one in SCORES)],
    )
    since = DayField(label=_("Since"), required=False)
    until = DayField(label=_("Until"), required=False)
    text = forms.CharField(label=_("Meter number, supply, address or transformer"), required=False, max_length=100)

    def wanted(self) -> Wanted:
        """Return what is asked for; a filter that is wrong filters nothing."""
        given = self.cleaned_data if self.is_valid() else {}
        texts = {name: given.get(name) or "" for name in ("state", "kind", "text")}
        least = int(given.get("score") or 0) * 100
        return Wanted(least_score_e4=least, since=given.get("since"), until=given.get("until"), **texts)


class FollowForm(PageForm):
    """By when somebody looks at it on the spot, and what at."""

    due_date = DayField(label=_("Visit by"))
    note = forms.CharField(
        label=_("What to look at"),
        max_length=REASON_MOST,
        required=False,
        help_text=_("Seals, wiring, phases, the load."),
    )

    def __init__(self, *args: Any, today: date, **kwargs: Any) -> None:
        super().__init__(*args, initial={"due_date": today + timedelta(days=VISIT_DAYS)}, **kwargs)
        self.today = today

    def clean_due_date(self) -> date:
        """Refuse days that are over."""
        given: date = self.cleaned_data["due_date"]
        if given < self.today:
            raise forms.ValidationError(_("The day is over."))
        return given


class InspectForm(PageForm):
    """What an inspection of its usage looks at."""

    note = forms.CharField(
        label=_("What to look at"),
        max_length=REASON_MOST,
        required=False,
        help_text=_("Seals, wiring, phases, the load."),
    )


class DismissForm(PageForm):
    """Why a load is right as it is."""

    reason = forms.CharField(
        label=_("Why it is right"), max_length=REASON_MOST, help_text=_("A holiday, a generator, another tenant.")
    )


class LossListForm(PageForm):
    """Of which month, and of which feeder, losses are listed."""

    month = forms.CharField(
        label=_("Month"), required=False, widget=forms.DateInput(attrs={"type": "month"}, format="%Y-%m"), max_length=7
    )
    feeder = forms.ChoiceField(label=_("Feeder"), required=False)

    def __init__(self, *args: Any, feeders: tuple[AssetCard, ...], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["feeder"].choices = [("", _("All feeders")), *((str(f.id), f.name) for f in feeders)]  # type: ignore[attr-defined]


class MasterForm(PageForm):
    """Which meter counts what a transformer gives, and from when on."""

    field_of = {"no_master_meter": "serial", "master_meter_stands": "serial"}

    serial = forms.CharField(label=_("Meter number"), max_length=40)
    start_date = DayField(label=_("From"))
    is_high_side = forms.BooleanField(
        label=_("It counts before the transformer"),
        required=False,
        help_text=_("Then what the transformer itself loses is among its losses."),
    )


class FeederMasterForm(PageForm):
    """Which meter counts what a feeder gives, and from when on."""

    field_of = {"no_master_meter": "serial", "master_meter_stands": "serial"}

    serial = forms.CharField(label=_("Meter number"), max_length=40)
    start_date = DayField(label=_("From"))


class EndMasterForm(PageForm):
    """From which day on the meter counts it no more."""

    field_of = {"no_master_meter": "end_date"}

    end_date = DayField(label=_("Until, not included"))
