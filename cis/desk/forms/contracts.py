"""Forms on supply contracts: their terms, the filters of the archive, a signature on paper, an end."""

from collections.abc import Mapping
from datetime import date
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from cis.desk.contract_words import CONTRACT_STATES, METERING_SIDES, SUPPLY_MODES, USE_CLASSES
from cis.desk.forms.customers import choices
from cis.desk.forms.supply import tariff_choices
from cis.kernel import fixed
from cis.platform.forms import DayField, EnergyField, PageForm
from contracts.domain.new_contracts import NewContract, NewTerms
from contracts.domain.terms import MeteringSide, SupplyMode, UseClass
from contracts.queries import supply_contracts
from contracts.queries.supply_contracts import ContractDetail
from metering.domain.places import Voltage

VOLTAGES = {one.value: one.value for one in Voltage}
KVA_PLACES = 3


class ContractListForm(PageForm):
    """Filters of the archive."""

    text = forms.CharField(label=_("Words in the contract"), required=False, max_length=100)
    state = forms.ChoiceField(
        label=_("State"),
        required=False,
        choices=choices(
            {
                supply_contracts.WAITING: _("To be finished or signed"),
                supply_contracts.EXPIRING: _("Ends soon"),
                **CONTRACT_STATES,
            },
            empty=_("All"),
        ),
    )
    use_class = forms.ChoiceField(
        label=_("Nature of use"), required=False, choices=choices(USE_CLASSES, empty=_("All"))
    )


class TermsForm(PageForm):
    """How a place is to be supplied."""

    field_of: Mapping[str, str] = {"capacity_va": "capacity_kva", "boundary": "boundary_zh"}

    address = forms.CharField(label=_("Address"), max_length=300)
    use_class = forms.ChoiceField(label=_("Nature of use"), choices=choices(USE_CLASSES))
    voltage = forms.ChoiceField(label=_("Voltage"), choices=choices(VOLTAGES))
    supply_mode = forms.ChoiceField(label=_("Supply mode"), choices=choices(SUPPLY_MODES))
    metering_side = forms.ChoiceField(label=_("Metering mode"), choices=choices(METERING_SIDES))
    capacity_kva = EnergyField(label=_("Agreed capacity (kVA)"), required=False)
    boundary_zh = forms.CharField(label=_("Property boundary, in Chinese"), max_length=300, required=False)
    boundary_en = forms.CharField(label=_("Property boundary, in English"), max_length=300, required=False)

    def terms(self) -> NewTerms:
        """Return the terms as typed."""
        given = self.cleaned_data
        return NewTerms(
            address=given["address"],
            use_class=UseClass(given["use_class"]),
            voltage=Voltage(given["voltage"]),
            supply_mode=SupplyMode(given["supply_mode"]),
            metering_side=MeteringSide(given["metering_side"]),
            capacity_va=given["capacity_kva"],
            boundary_zh=given["boundary_zh"],
            boundary_en=given["boundary_en"],
        )


class ContractForm(TermsForm):
    """A contract to draft, or the next version of one."""

    tariff = forms.ChoiceField(label=_("Tariff"))
    start_date = DayField(label=_("Holds from"))
    end_date = DayField(label=_("Ends on, not included"), required=False, help_text=_("Empty: until further notice."))
    renew_months = forms.IntegerField(
        label=_("Renewed by (months)"), required=False, min_value=0, max_value=120, help_text=_("0: it ends.")
    )
    special = forms.CharField(
        label=_("Special terms"), required=False, max_length=4_000, widget=forms.Textarea(attrs={"rows": 3})
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["tariff"].choices = tariff_choices()  # type: ignore[attr-defined]

    def contract(self, *, customer_id: int, account_id: int | None, **origin: Any) -> NewContract:
        """Return the contract as typed."""
        given = self.cleaned_data
        return NewContract(
            customer_id=customer_id,
            account_id=account_id,
            terms=self.terms(),
            tariff_id=int(given["tariff"]),
            start_date=given["start_date"],
            end_date=given["end_date"],
            renew_months=given["renew_months"] or 0,
            special=given["special"],
            **origin,
        )


class PaperForm(PageForm):
    """A signature on paper."""

    signed_by = forms.CharField(label=_("Signed by"), max_length=200)
    scan = forms.FileField(label=_("Scan"), help_text=_("PDF, JPEG or PNG."))


class ContractEndForm(PageForm):
    """The end of a signed contract."""

    ended_date = DayField(label=_("First day without it"))
    reason = forms.CharField(label=_("Reason"), max_length=300)


def initial_of(detail: ContractDetail, *, today: date) -> dict[str, Any]:
    """Return a contract as the form of its next version shows it at first."""
    card = detail.card
    return {
        "address": card.address,
        "use_class": card.use_class.value,
        "voltage": card.voltage,
        "supply_mode": detail.supply_mode.value,
        "metering_side": detail.metering_side.value,
        "capacity_kva": kva_text(card.capacity_va),
        "boundary_zh": detail.boundary_zh,
        "boundary_en": detail.boundary_en,
        "tariff": card.tariff_id,
        "start_date": max(today, card.start_date),
        "end_date": card.end_date,
        "renew_months": card.renew_months,
        "special": detail.special,
    }


def kva_text(capacity_va: int | None) -> str:
    """Return a capacity as a form shows it; "" = none."""
    if capacity_va is None:
        return ""
    return fixed.to_text(capacity_va, places=KVA_PLACES).rstrip("0").rstrip(".")
