"""Forms on offers: terms, estimated use, fees, tariffs; the filters of their list."""

from collections.abc import Mapping
from typing import Any

from django import forms
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from cis.desk.contract_words import OFFER_STATES
from cis.desk.forms.contracts import TermsForm
from cis.desk.forms.customers import choices
from cis.desk.forms.supply import tariff_choices
from cis.platform.forms import DayField, EnergyField, MoneyField, PageForm
from contracts.domain.charge_kinds import BY_NOTE, OF_BREACH, OF_PROGRAMMES, WORDS, ChargeKind
from contracts.domain.estimates import Use
from contracts.domain.new_offers import NewFee, NewOffer

FEE_ROWS = 4


class OfferListForm(PageForm):
    """Filters of the list of offers."""

    text = forms.CharField(label=_("Name or address"), required=False, max_length=100)
    state = forms.ChoiceField(label=_("State"), required=False, choices=choices(OFFER_STATES, empty=_("All")))


class OfferForm(TermsForm):
    """An offer to draft."""

    field_of: Mapping[str, str] = {
        **TermsForm.field_of,
        "fees": "amount_0",
        "month_wh": "month_kwh",
    }

    month_kwh = EnergyField(label=_("Use a month (kWh)"))
    household = forms.IntegerField(label=_("Household"), min_value=1, max_value=99, initial=1)
    sharp_percent = forms.IntegerField(label=_("Sharp (%)"), required=False, min_value=0, max_value=100)
    peak_percent = forms.IntegerField(label=_("Peak (%)"), required=False, min_value=0, max_value=100)
    valley_percent = forms.IntegerField(label=_("Valley (%)"), required=False, min_value=0, max_value=100)
    peak_kw = EnergyField(label=_("Largest demand (kW)"), required=False)
    contract_kw = EnergyField(label=_("Contracted demand (kW)"), required=False)
    tariffs = forms.MultipleChoiceField(
        label=_("Tariffs"),
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text=_("None: those that are open to such a customer."),
    )
    valid_until = DayField(
        label=_("May be accepted until"), required=False, help_text=_("Empty: as the rules of the place say.")
    )
    note = forms.CharField(
        label=_("Special terms"), required=False, max_length=2_000, widget=forms.Textarea(attrs={"rows": 2})
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["tariffs"].choices = tariff_choices()  # type: ignore[attr-defined]

    def fee_fields(self) -> list[tuple[Any, Any, Any]]:
        """Return the fields of each fee: what, how much, for what."""
        return [(self[f"kind_{row}"], self[f"amount_{row}"], self[f"reason_{row}"]) for row in range(FEE_ROWS)]

    def clean(self) -> dict[str, Any]:
        """Read the fees; a row that is begun is to be finished."""
        given: dict[str, Any] = super().clean() or {}
        fees = []
        for row in range(FEE_ROWS):
            kind, amount, reason = (given.get(f"{name}_{row}") for name in ("kind", "amount", "reason"))
            if not kind and not amount and not reason:
                continue
            if not kind or not amount or amount < 0 or not reason:
                self.add_error(f"kind_{row}", _("A fee has a kind, an amount above 0, and says what it is for."))
                continue
            fees.append(NewFee(kind=ChargeKind(kind), amount_minor=amount, reason=reason))
        given["fees"] = tuple(fees)
        return given

    def offer(self, *, subject: str, subject_id: int, **who: Any) -> NewOffer:
        """Return the offer as typed."""
        given = self.cleaned_data
        return NewOffer(
            subject=subject,
            subject_id=subject_id,
            terms=self.terms(),
            use=Use(
                month_wh=given["month_kwh"],
                sharp_percent=given["sharp_percent"] or 0,
                peak_percent=given["peak_percent"] or 0,
                valley_percent=given["valley_percent"] or 0,
                peak_w=given["peak_kw"],
                capacity_va=given["capacity_kva"],
                contract_w=given["contract_kw"],
                household=given["household"],
            ),
            fees=given["fees"],
            tariff_ids=tuple(int(one) for one in given["tariffs"]),
            valid_until=given["valid_until"],
            note=given["note"],
            **who,
        )


def _kinds() -> list[tuple[str, str]]:
    language = "zh" if (get_language() or "").startswith("zh") else "en"
    kinds = [kind for kind in ChargeKind if kind not in (*OF_BREACH, *OF_PROGRAMMES, *BY_NOTE, ChargeKind.LATE_FEE)]
    return [("", "–"), *((kind.value, WORDS[kind][language]) for kind in kinds)]


for _row in range(FEE_ROWS):
    OfferForm.base_fields[f"kind_{_row}"] = forms.ChoiceField(label=_("Fee"), required=False, choices=_kinds)
    OfferForm.base_fields[f"amount_{_row}"] = MoneyField(label=_("Amount"), required=False)
    OfferForm.base_fields[f"reason_{_row}"] = forms.CharField(label=_("For"), required=False, max_length=200)
