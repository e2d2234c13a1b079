"""Forms on supply: where, through which meter, at which tariff, in which cycle."""

from typing import Any

from django import forms
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from billing.operations.connections import FirstRead, MeterToHang, Supply
from billing.queries import cycles
from cis.desk.forms.customers import choices
from cis.kernel import fixed
from cis.kernel.errors import Refused
from cis.platform.forms import DayField, EnergyField, PageForm
from contracts.domain.agreements import Agreed
from metering.domain.places import NewPlace, NewRegister, Voltage
from tariffs.queries import plans

REGISTERS = {
    "total": (NewRegister(code="total"),),
    "peak_valley": (NewRegister(code="peak", period_of_use="peak"), NewRegister(code="valley", period_of_use="valley")),
    "interval": (NewRegister(code="E1", is_interval=True),),
}
KINDS = {
    "total": _("One counter"),
    "peak_valley": _("Two counters: peak and valley"),
    "interval": _("Interval meter (values by the hour or finer)"),
}
PLACES = {"new": _("New address"), "known": _("Service point that exists")}
W_PER_KW = 1_000
METER_CODES = {"invalid_meter", "meter_taken", "bad_multiplier", "no_meter_there"}
PLACE_CODES = {"invalid_place", "unknown_service_point", "service_point_taken"}
TERM_CODES = {"no_price", "bad_household", "unknown_tariff", "account_not_open", "unknown_cycle"}
FACT_CODES = {"facts_missing", "bad_facts"}
READ_CODES = {"read_refused", "out_of_order", "off_dial", "date_in_future", "not_installed", "unknown_register"}


def tariff_choices() -> list[tuple[str, str]]:
    """Return the price book as choices, in the language of the page."""
    is_chinese = (get_language() or "").startswith("zh")
    return [(str(card.id), card.name_zh if is_chinese else card.name_en) for card in plans.price_book()]


def cycle_choices() -> list[tuple[str, str]]:
    """Return the bill cycles as choices, in the language of the page."""
    is_chinese = (get_language() or "").startswith("zh")
    return [(card.code, card.name_zh if is_chinese else card.name_en) for card in cycles.listed()]


class FactsForm(PageForm):
    """What is agreed beside tariff and household, where the tariff asks for it."""

    capacity_kva = EnergyField(label=_("Agreed capacity (kVA)"), required=False)
    suspended_kva = EnergyField(label=_("Suspended of it (kVA)"), required=False)
    contract_kw = EnergyField(label=_("Contracted demand (kW)"), required=False)
    features = forms.CharField(
        label=_("Features"), max_length=400, required=False, help_text=_("Codes that the tariff names, with blanks.")
    )
    green_blocks = forms.IntegerField(label=_("Blocks of green energy a month"), min_value=0, required=False)

    def agreed(self) -> Agreed:
        """Return the agreed facts as typed."""
        given = self.cleaned_data
        return Agreed(
            capacity_va=given["capacity_kva"],
            contract_w=given["contract_kw"],
            features=tuple(given["features"].split()),
            green_blocks=given["green_blocks"] or 0,
            suspended_va=given["suspended_kva"] or 0,
        )


def facts_of(agreed: Agreed) -> dict[str, Any]:
    """Return agreed facts as a form shows them at first."""

    def text(value: int | None) -> str:
        return "" if value is None else fixed.to_text(value, places=3).rstrip("0").rstrip(".")

    return {
        "capacity_kva": text(agreed.capacity_va),
        "suspended_kva": text(agreed.suspended_va or None),
        "contract_kw": text(agreed.contract_w),
        "features": " ".join(agreed.features),
        "green_blocks": agreed.green_blocks,
    }


class SupplyForm(FactsForm):
    """A supply to begin."""

    field_of = {
        "meter_taken": "serial",
        "serial_taken": "serial",
        "bad_multiplier": "multiplier",
        "service_point_taken": "service_point",
        "unknown_service_point": "service_point",
        "no_price": "start_date",
        "account_not_open": "start_date",
        "date_in_future": "start_date",
        "bad_household": "household",
        "unknown_cycle": "cycle",
        "off_dial": "reading",
    }
    where = forms.ChoiceField(
        label=_("Place"), choices=choices(PLACES), initial="new", widget=forms.RadioSelect(attrs={"data-shows": "yes"})
    )
    service_point = forms.CharField(label=_("Service point"), max_length=64, required=False)
    address = forms.CharField(label=_("Address of the supply"), max_length=300, required=False)
    district = forms.CharField(label=_("District"), max_length=100, required=False)
    postcode = forms.CharField(label=_("Postcode"), max_length=12, required=False)
    voltage = forms.ChoiceField(label=_("Voltage"), choices=[(str(v), str(v)) for v in Voltage], required=False)
    capacity_kw = forms.IntegerField(
        label=_("Capacity (kW)"), min_value=1, max_value=1_000_000, initial=8, required=False
    )
    serial = forms.CharField(
        label=_("Meter number"), max_length=40, required=False, help_text=_("Empty: the meter that hangs there stays.")
    )
    model = forms.CharField(label=_("Model"), max_length=60, required=False)
    registers = forms.ChoiceField(
        label=_("Counters"), choices=choices(KINDS), required=False, widget=forms.Select(attrs={"data-shows": "yes"})
    )
    multiplier = forms.IntegerField(label=_("Multiplier"), min_value=1, initial=1, required=False)
    reading = EnergyField(label=_("Reading (kWh)"), required=False)
    reading_peak = EnergyField(label=_("Peak reading (kWh)"), required=False)
    reading_valley = EnergyField(label=_("Valley reading (kWh)"), required=False)
    tariff = forms.ChoiceField(label=_("Tariff"))
    household = forms.IntegerField(label=_("Persons in the household"), min_value=1, max_value=99, initial=3)
    start_date = DayField(label=_("First day of supply"))
    cycle = forms.ChoiceField(label=_("Bill cycle"), required=False)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        # Nothing is chosen beforehand: a wrong tariff is dearer than one key more.
        self.fields["tariff"].choices = [("", "–"), *tariff_choices()]  # type: ignore[attr-defined]
        self.fields["cycle"].choices = [*cycle_choices(), ("", _("None"))]  # type: ignore[attr-defined]

    def clean(self) -> dict[str, Any]:
        """Ask for what the chosen kind of place and meter needs."""
        given: dict[str, Any] = super().clean() or {}
        is_new = given.get("where") == "new"
        for name in ("address", "serial") if is_new else ("service_point",):
            if not given.get(name):
                self.add_error(name, self.fields[name].error_messages["required"])
        if given.get("serial"):
            for name in self._readings(given):
                if given.get(name) is None and name not in self.errors:
                    self.add_error(name, self.fields[name].error_messages["required"])
        return given

    @staticmethod
    def _readings(given: dict[str, Any]) -> dict[str, str]:
        """Return the fields of first reads that the kind of meter has, with their registers."""
        kind = given.get("registers")
        if kind == "peak_valley":
            return {"reading_peak": "peak", "reading_valley": "valley"}
        return {"reading": "total"} if kind == "total" else {}

    def supply(self) -> Supply:
        """Return what was typed, for the operation."""
        given = self.cleaned_data
        is_new = given["where"] == "new"
        return Supply(
            start_date=given["start_date"],
            tariff_id=int(given["tariff"]),
            household=given["household"],
            service_point="" if is_new else given["service_point"],
            place=self._place() if is_new else None,
            meter=self._meter() if given["serial"] else None,
            cycle_code=given["cycle"],
            agreed=self.agreed(),
        )

    def _place(self) -> NewPlace:
        given = self.cleaned_data
        return NewPlace(
            service_point="",
            premises="",
            address=given["address"],
            district=given["district"],
            postcode=given["postcode"],
            voltage=given["voltage"] or Voltage.V220.value,
            capacity_w=(given["capacity_kw"] or 8) * W_PER_KW,
        )

    def _meter(self) -> MeterToHang:
        given = self.cleaned_data
        return MeterToHang(
            serial=given["serial"],
            registers=REGISTERS[given["registers"]],
            multiplier=given["multiplier"] or 1,
            model=given["model"],
            first_reads=tuple(
                FirstRead(register=code, reading_wh=given[name]) for name, code in self._readings(given).items()
            ),
        )

    @staticmethod
    def is_about(refusal: Refused) -> bool:
        """Return whether a refusal concerns the supply, not the customer."""
        return refusal.code in METER_CODES | PLACE_CODES | TERM_CODES | FACT_CODES | READ_CODES


class TermForm(FactsForm):
    """Another tariff, household or other facts from a date on."""

    field_of = {
        "outside_agreement": "from_date",
        "no_price": "from_date",
        "bad_household": "household",
        "nothing_changes": "tariff",
    }
    tariff = forms.ChoiceField(label=_("Tariff"))
    household = forms.IntegerField(label=_("Persons in the household"), min_value=1, max_value=99)
    from_date = DayField(label=_("Holds from"))

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["tariff"].choices = tariff_choices()  # type: ignore[attr-defined]


class EndForm(PageForm):
    """The end of a supply."""

    field_of = {"outside_agreement": "end_date", "already_ended": "end_date"}
    end_date = DayField(label=_("First day without supply"))
