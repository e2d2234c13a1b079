"""Forms on meters: filters of the store, seals, commands and energizings, and what is done with them."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from billing.queries import energizing
from cis.desk.forms.customers import choices
from cis.desk.forms.supply import FactsForm, cycle_choices, tariff_choices
from cis.desk.meter_words import COMMAND_STATES, COMMANDS, ENERGIZING_STATES, METER_STATES, SEAL_STATES, USE_CLASSES
from cis.platform.forms import DayField, EnergyField, PageForm
from metering.domain.device_commands import LIMIT_W_MOST
from metering.queries import device_commands
from metering.queries.crews import CrewCard
from metering.queries.re_reads import CounterHere


class MeterListForm(PageForm):
    """Which meters are listed."""

    state = forms.ChoiceField(label=_("State"), required=False, choices=choices(METER_STATES, empty=_("All")))
    crew = forms.ChoiceField(label=_("Crew"), required=False)
    ends_by = DayField(label=_("Certificate ends by"), required=False)
    text = forms.CharField(label=_("Meter number or model"), required=False, max_length=40)

    def __init__(self, *args: Any, crews: tuple[CrewCard, ...], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["crew"].choices = [("", _("All crews")), *((str(crew.id), crew.name) for crew in crews)]  # type: ignore[attr-defined]


class SealListForm(PageForm):
    """Which seals are listed."""

    state = forms.ChoiceField(label=_("State"), required=False, choices=choices(SEAL_STATES, empty=_("All")))
    crew = forms.ChoiceField(label=_("Crew"), required=False)
    text = forms.CharField(label=_("Number of the seal or the meter"), required=False, max_length=40)

    def __init__(self, *args: Any, crews: tuple[CrewCard, ...], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["crew"].choices = [("", _("All crews")), *((str(crew.id), crew.name) for crew in crews)]  # type: ignore[attr-defined]


class CommandListForm(PageForm):
    """Which commands are listed."""

    state = forms.ChoiceField(
        label=_("State"), required=False,
        choices=choices({device_commands.WAITING: _("Under way"), **COMMAND_STATES}, empty=_("All")),
    )  # fmt: skip
    command = forms.ChoiceField(label=_("Command"), required=False, choices=choices(COMMANDS, empty=_("All")))
    text = forms.CharField(label=_("Meter number"), required=False, max_length=40)


class EnergizingListForm(PageForm):
    """Which energizings are listed."""

    state = forms.ChoiceField(
        label=_("State"), required=False,
        choices=choices({energizing.WAITING: _("Still to be done"), **ENERGIZING_STATES}, empty=_("All")),
    )  # fmt: skip
    text = forms.CharField(label=_("Account or meter number"), required=False, max_length=40)


class DeliveryForm(PageForm):
    """A delivery of meters."""

    file = forms.FileField(
        label=_("Delivery (CSV)"),
        help_text=_("Columns: serial, model, kind, certificate, certified_date, certified_until."),
    )


class IssueForm(PageForm):
    """Meters for a crew, or back."""

    field_of = {"unknown_meter": "serials", "unknown_crew": "crew", "illegal_move": "serials"}
    serials = forms.CharField(
        label=_("Meter numbers"), max_length=20_000, widget=forms.Textarea(attrs={"rows": 4}),
        help_text=_("One a line, or with blanks between them."),
    )  # fmt: skip
    crew = forms.ChoiceField(label=_("Crew"))

    def __init__(self, *args: Any, crews: tuple[CrewCard, ...], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        back = ("0", _("Back into the store"))
        self.fields["crew"].choices = [*((str(crew.id), crew.name) for crew in crews), back]  # type: ignore[attr-defined]


class SealsForm(PageForm):
    """A range of seals: new ones, or for a crew, or back."""

    field_of = {"seals_taken": "first_number", "unknown_seal": "first_number", "illegal_move": "first_number"}
    first_number = forms.CharField(label=_("First number"), max_length=30)
    last_number = forms.CharField(label=_("Last number"), max_length=30, required=False)
    goes = forms.ChoiceField(label=_("What is done"))

    def __init__(self, *args: Any, crews: tuple[CrewCard, ...], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["goes"].choices = [  # type: ignore[attr-defined]
            ("new", _("New seals for the store")),
            *((str(crew.id), _("Given to %(crew)s") % {"crew": crew.name}) for crew in crews),
            ("0", _("Back into the store")),
        ]


class SealEndForm(PageForm):
    """A seal that was broken, or is lost."""

    field_of = {"unknown_seal": "number", "illegal_move": "number"}
    number = forms.CharField(label=_("Seal"), max_length=30)
    reason = forms.CharField(label=_("Why"), max_length=200)
    replacement = forms.CharField(
        label=_("Seal in its place"), max_length=30, required=False, help_text=_("Only where one was broken.")
    )


class TakeInForm(PageForm):
    """A meter that was taken down, tested anew."""

    certificate = forms.CharField(label=_("Test certificate"), max_length=60)
    certified_date = DayField(label=_("Tested on"))
    certified_until = DayField(label=_("Certificate holds until"))


class LimitForm(PageForm):
    """A limit of demand, until it is lifted."""

    limit_kw = EnergyField(label=_("Limit of demand (kW)"), help_text=_("It holds until it is lifted."))

    def clean_limit_kw(self) -> int:
        """Return W."""
        found = self.cleaned_data["limit_kw"]
        if not 0 < found <= LIMIT_W_MOST:
            raise forms.ValidationError(_("A limit is more than zero, and no more than a gigawatt."))
        return int(found)


class EnergizeForm(FactsForm):
    """A supply to be switched on."""

    field_of = {
        "no_cycle": "cycle", "unknown_cycle": "cycle", "no_price": "tariff", "bad_household": "household",
        "account_not_open": "account", "unknown_account": "account", "unknown_service_point": "service_point",
        "no_meter_there": "service_point", "meters_unclear": "service_point", "energized_before": "service_point",
        "service_point_taken": "service_point",
    }  # fmt: skip
    service_point = forms.CharField(label=_("Service point"), max_length=64)
    account = forms.CharField(label=_("Account number"), max_length=20)
    tariff = forms.ChoiceField(label=_("Tariff"))
    household = forms.IntegerField(label=_("Persons in the household"), min_value=1, max_value=99, initial=1)
    use_class = forms.ChoiceField(label=_("Class"), required=False, choices=choices(USE_CLASSES, empty="—"))
    cycle = forms.ChoiceField(label=_("Bill cycle"), required=False)
    by_hand = forms.CharField(
        label=_("Switched on by hand"), max_length=300, required=False,
        help_text=_("Who switched on at the place, and how. Empty: the meter is told to."),
    )  # fmt: skip

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["tariff"].choices = tariff_choices()  # type: ignore[attr-defined]
        self.fields["cycle"].choices = [("", _("by the rule")), *cycle_choices()]  # type: ignore[attr-defined]


class CycleRuleForm(PageForm):
    """Which cycle bills new supplies."""

    district = forms.CharField(label=_("District"), max_length=100, required=False, help_text=_("Empty: all."))
    use_class = forms.ChoiceField(
        label=_("Class"), required=False, choices=choices(USE_CLASSES, empty=_("All classes"))
    )
    cycle_code = forms.ChoiceField(label=_("Bill cycle"))

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["cycle_code"].choices = cycle_choices()  # type: ignore[attr-defined]


class MeterWorkForm(PageForm):
    """What a crew did with a meter: numbers, seals, readings of each register."""

    new_serial = forms.CharField(label=_("Number of the new meter"), max_length=40, required=False)
    multiplier = forms.IntegerField(label=_("Multiplier"), min_value=1, initial=1, required=False)
    seals = forms.CharField(
        label=_("Seals"), max_length=300, required=False, help_text=_("Numbers, with blanks between them.")
    )
    old_serial = forms.CharField(label=_("Number of the old meter"), max_length=40, required=False)

    def __init__(self, *args: Any, new: tuple[str, ...], old: tuple[str, ...], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for prefix, codes in (("new", new), ("old", old)):
            for code in codes:
                self.fields[f"{prefix}_{code}"] = EnergyField(label=_("Reading"), required=False)
                self.fields[f"{prefix}_{code}"].widget.attrs["class"] = "form-control num"

    def readings(self, prefix: str, codes: tuple[str, ...]) -> dict[str, int]:
        """Return what was typed of some registers. [Wh]"""
        found = {code: self.cleaned_data.get(f"{prefix}_{code}") for code in codes}
        return {code: value for code, value in found.items() if value is not None}


class ReReadForm(PageForm):
    """What the counters of a place show."""

    def __init__(self, *args: Any, counters: tuple[CounterHere, ...], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.counters = counters
        self.field_of = {one.code: f"reading_{one.register_id}" for one in counters}
        for counter in counters:
            made = EnergyField(label=_("Reading"))
            made.widget.attrs["class"] = "form-control num"
            self.fields[f"reading_{counter.register_id}"] = made

    def readings(self) -> dict[int, int]:
        """Return what was typed, by id of the register. [Wh]"""
        return {one.register_id: self.cleaned_data[f"reading_{one.register_id}"] for one in self.counters}
