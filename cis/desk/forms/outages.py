"""Forms on outages: reports of faults, decisions, planned outages, and the filters of their lists."""

from datetime import datetime
from typing import Any

from django import forms
from django.http import QueryDict
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from cis.desk.forms.customers import choices
from cis.desk.forms.dunning import TimeField, at
from cis.desk.outage_words import ALARM_ANSWERS, ALARM_KINDS, CAUSES, CHANNELS, KINDS, NOTICES, PLAN_STATES, STATES
from cis.platform.forms import DayField, PageForm
from metering.domain.outages import (
    ADDRESS_MOST,
    NAME_MOST,
    NOTE_MOST,
    PHONE_MOST,
    Cause,
    FaultChannel,
    FaultKind,
    NewReport,
)
from metering.domain.planned_outages import REASON_MOST, WORK_MOST, NewPlan, Notice
from metering.queries import outages, planned_outages
from metering.queries.meter_alarms import WantedAlarms
from metering.queries.network import AssetCard

AT_DESK = ("phone", "desk")


def asked(given: QueryDict, *, state: str) -> dict[str, Any]:
    """Return what a list is asked for; who chose no state sees what goes on."""
    return {"state": state, **given.dict()}


class OutageListForm(PageForm):
    """Which outages are listed."""

    state = forms.ChoiceField(
        label=_("State"), required=False, choices=[("open", _("Going on")), ("", _("All")), *STATES.items()]
    )
    kind = forms.ChoiceField(
        label=_("Kind"), required=False,
        choices=[("", _("All")), ("fault", _("Faults")), ("planned", _("Planned"))],
    )  # fmt: skip
    district = forms.ChoiceField(label=_("District"), required=False)
    cause = forms.ChoiceField(label=_("Cause"), required=False, choices=choices(CAUSES, empty=_("All")))
    since = DayField(label=_("Since"), required=False)
    until = DayField(label=_("Until"), required=False)
    text = forms.CharField(label=_("Number, feeder, transformer or address"), max_length=60, required=False)

    def __init__(self, *args: Any, districts: tuple[str, ...], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["district"].choices = [("", _("All districts")), *((one, one) for one in districts)]  # type: ignore[attr-defined]

    def wanted(self) -> outages.Wanted:
        """Return what is asked for; a filter that is wrong filters nothing."""
        given = self.cleaned_data if self.is_valid() else {}
        texts = {name: given.get(name) or "" for name in ("kind", "district", "cause", "text")}
        return outages.Wanted(
            state=given.get("state", "open"), since=given.get("since"), until=given.get("until"), **texts
        )


class AlarmListForm(PageForm):
    """Which alarms of meters are listed."""

    kind = forms.ChoiceField(label=_("What it says"), required=False, choices=choices(ALARM_KINDS, empty=_("All")))
    answer = forms.ChoiceField(
        label=_("What came of it"), required=False, choices=choices(ALARM_ANSWERS, empty=_("All"))
    )
    outage = forms.IntegerField(label=_("Outage"), required=False, min_value=1, max_value=2**62)
    since = DayField(label=_("Since"), required=False)
    until = DayField(label=_("Until"), required=False)
    text = forms.CharField(label=_("Meter, transformer or address"), max_length=60, required=False)

    def wanted(self) -> WantedAlarms:
        """Return what is asked for; a filter that is wrong filters nothing."""
        given = self.cleaned_data if self.is_valid() else {}
        texts = {name: given.get(name) or "" for name in ("kind", "answer", "text")}
        return WantedAlarms(outage_id=given.get("outage"), since=given.get("since"), until=given.get("until"), **texts)


class ReportForm(PageForm):
    """A report of a fault; ``point`` is the supply that was chosen."""

    field_of = {"no_fault_place": "address", "outages_not_offered": "kind"}

    kind = forms.ChoiceField(label=_("What is wrong"), choices=list(KINDS.items()))
    channel = forms.ChoiceField(label=_("By which way"), choices=[(one, CHANNELS[one]) for one in AT_DESK])
    address = forms.CharField(label=_("Where, if it is no supply"), max_length=ADDRESS_MOST, required=False)
    district = forms.ChoiceField(label=_("District"), required=False)
    name = forms.CharField(label=_("Who reports"), max_length=NAME_MOST, required=False)
    phone = forms.CharField(label=_("Phone"), max_length=PHONE_MOST, required=False)
    note = forms.CharField(
        label=_("Note"), max_length=NOTE_MOST, required=False, widget=forms.Textarea(attrs={"rows": 2})
    )
    request_key = forms.CharField(max_length=64, required=False, widget=forms.HiddenInput)

    def __init__(self, *args: Any, districts: tuple[str, ...], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["district"].choices = [("", "–"), *((one, one) for one in districts)]  # type: ignore[attr-defined]

    def report(self, *, service_point_id: int | None, account_id: int | None) -> NewReport:
        """Return the report as typed."""
        given = self.cleaned_data
        return NewReport(
            kind=FaultKind(given["kind"]), channel=FaultChannel(given["channel"]), service_point_id=service_point_id,
            account_id=account_id, address=given["address"], district=given["district"], name=given["name"],
            phone=given["phone"], note=given["note"], request_key=given["request_key"],
        )  # fmt: skip


class DecisionForm(PageForm):
    """What is decided of an outage; each button needs some of it."""

    field_of = {"bad_expectation": "day", "reason_missing": "note", "different_feeders": "other"}

    cause = forms.ChoiceField(label=_("Cause"), choices=list(CAUSES.items()), required=False)
    day = DayField(label=_("Back, or expected, on"), required=False)
    time = TimeField(label=_("At"), required=False)
    note = forms.CharField(label=_("Note"), max_length=NOTE_MOST, required=False)
    part = forms.ChoiceField(label=_("Part of it"), required=False)
    other = forms.ChoiceField(label=_("Another outage of the feeder"), required=False)

    def __init__(self, *args: Any, parts: list[tuple[str, str]], others: list[tuple[str, str]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["part"].choices = [("", "–"), *parts]  # type: ignore[attr-defined]
        self.fields["other"].choices = [("", "–"), *others]  # type: ignore[attr-defined]

    @property
    def instant(self) -> datetime | None:
        """Return the time that was typed; None: none was."""
        day, time = self.cleaned_data.get("day"), self.cleaned_data.get("time")
        if day is None and time is None:
            return None
        return at(day or timezone.localdate(), time)

    @property
    def why(self) -> Cause:
        """Return the cause."""
        return Cause(self.cleaned_data.get("cause") or Cause.UNKNOWN)


class PlanListForm(PageForm):
    """Which planned outages are listed."""

    state = forms.ChoiceField(
        label=_("State"), required=False, choices=[("coming", _("Not over")), ("", _("All")), *PLAN_STATES.items()]
    )
    district = forms.ChoiceField(label=_("District"), required=False)
    since = DayField(label=_("Since"), required=False)
    until = DayField(label=_("Until"), required=False)
    text = forms.CharField(label=_("Feeder, transformer or work"), max_length=60, required=False)

    def __init__(self, *args: Any, districts: tuple[str, ...], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["district"].choices = [("", _("All districts")), *((one, one) for one in districts)]  # type: ignore[attr-defined]

    def wanted(self) -> planned_outages.Wanted:
        """Return what is asked for; a filter that is wrong filters nothing."""
        given = self.cleaned_data if self.is_valid() else {}
        return planned_outages.Wanted(
            state=given.get("state", "coming"), district=given.get("district") or "", text=given.get("text") or "",
            since=given.get("since"), until=given.get("until"),
        )  # fmt: skip


class TimesForm(PageForm):
    """From when to when it is dark, and why."""

    field_of = {
        "start": "start_day", "end": "end_day", "short_notice": "start_day", "bad_work": "work",
        "reason_missing": "reason", "nothing_hangs_there": "asset",
    }  # fmt: skip

    start_day = DayField(label=_("From"))
    start_time = TimeField(label=_("At"))
    end_day = DayField(label=_("Until"))
    end_time = TimeField(label=_("At"))
    reason = forms.CharField(label=_("Reason"), max_length=REASON_MOST, required=False)

    @property
    def start_at(self) -> datetime:
        """Return when it begins."""
        return at(self.cleaned_data["start_day"], self.cleaned_data["start_time"])

    @property
    def end_at(self) -> datetime:
        """Return when it ends."""
        return at(self.cleaned_data["end_day"], self.cleaned_data["end_time"])


class MoveForm(TimesForm):
    """To which other time a planned outage is moved."""

    is_emergency = forms.BooleanField(label=_("Emergency: cannot wait"), required=False)


class PlanForm(TimesForm):
    """A planned outage."""

    asset = forms.ChoiceField(label=_("What is switched off"))
    notice = forms.ChoiceField(label=_("Notice period"), choices=list(NOTICES.items()))
    work = forms.CharField(label=_("What is done there, for customers to read"), max_length=WORK_MOST)

    def __init__(
        self, *args: Any, feeders: tuple[AssetCard, ...], transformers: tuple[AssetCard, ...], **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        self.fields["asset"].choices = [  # type: ignore[attr-defined]
            ("", "–"),
            (_("Feeders"), [(f"feeder:{one.id}", one.name) for one in feeders]),
            (_("Transformers"), [(f"transformer:{one.id}", f"{one.name} · {one.feeder}") for one in transformers]),
        ]

    def chosen(self) -> tuple[str, int]:
        """Return what is switched off."""
        asset, _colon, asset_id = self.cleaned_data["asset"].partition(":")
        return asset, int(asset_id)

    def plan(self) -> NewPlan:
        """Return the planned outage as typed."""
        asset, asset_id = self.chosen()
        given = self.cleaned_data
        return NewPlan(
            asset=asset, asset_id=asset_id, start_at=self.start_at, end_at=self.end_at,
            notice=Notice(given["notice"]), work=given["work"], reason=given["reason"],
        )  # fmt: skip
