"""Forms on e-invoices and the buyer's tax data."""

from datetime import date
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from accounts.domain.tax_profiles import TaxData
from billing.domain.e_invoices import RedReason
from billing.queries.e_invoices import Wanted
from cis.desk.e_invoice_words import COLOURS, KINDS, REASONS, STATES
from cis.desk.forms.customers import choices
from cis.platform.forms import DayField, MoneyField, PageForm


class InvoiceListForm(PageForm):
    """Filters of the list of e-invoices."""

    text = forms.CharField(label=_("Number, account or buyer"), required=False, max_length=60)
    state = forms.ChoiceField(label=_("State"), required=False, choices=choices(STATES, empty=_("All")))
    kind = forms.ChoiceField(label=_("Kind"), required=False, choices=choices(KINDS, empty=_("All")))
    colour = forms.ChoiceField(label=_("Blue or red"), required=False, choices=choices(COLOURS, empty=_("All")))
    month = forms.RegexField(
        r"^[0-9]{4}-(0[1-9]|1[0-2])$", label=_("Issued in"), required=False,
        widget=forms.DateInput(attrs={"type": "month"}, format="%Y-%m"),
    )  # fmt: skip

    def wanted(self) -> Wanted:
        """Return what is asked for; a filter that is wrong filters nothing."""
        self.is_valid()
        given = self.cleaned_data
        return Wanted(
            text=given.get("text") or "",
            state=given.get("state") or "",
            kind=given.get("kind") or "",
            colour=given.get("colour") or "",
            month=month_of(given.get("month") or ""),
        )


def month_of(text: str) -> date | None:
    """Return the first day of a month as "2026-11"; None if it is none."""
    try:
        return date.fromisoformat(f"{text}-01")
    except ValueError:
        return None


class TaxForm(PageForm):
    """The buyer on the invoices of an account."""

    name = forms.CharField(label=_("Name of the buyer"), max_length=100, help_text=_("As it is registered."))
    tax_number = forms.CharField(
        label=_("Taxpayer number"), max_length=24, required=False,
        help_text=_("Unified social credit code; a person needs none."),
        widget=forms.TextInput(attrs={"autocomplete": "off", "class": "num"}),
    )  # fmt: skip
    address = forms.CharField(label=_("Registered address"), max_length=200, required=False)
    phone = forms.CharField(label=_("Telephone"), max_length=40, required=False)
    bank_name = forms.CharField(label=_("Bank"), max_length=100, required=False)
    bank_account = forms.CharField(label=_("Account at the bank"), max_length=50, required=False)
    wants_special = forms.BooleanField(label=_("Special VAT invoices, which the buyer deducts"), required=False)
    consent_by = forms.CharField(
        label=_("Who asked for them"), max_length=100, required=False, help_text=_("Name of who said so for the buyer.")
    )

    def data_of(self) -> TaxData:
        """Return the tax data as typed."""
        given = self.cleaned_data
        return TaxData(**{name: given[name] for name in TaxData.__dataclass_fields__})


class DatedTaxForm(TaxForm):
    """The same on the desk, where it may hold from another day."""

    from_date = DayField(label=_("Holds from"))


class RedForm(PageForm):
    """An invoice is taken back."""

    field_of = {"e_invoice_red_too_much": "amount"}
    reason = forms.ChoiceField(label=_("Reason"), choices=choices(REASONS))
    amount = MoneyField(
        label=_("Amount, tax included"),
        required=False,
        help_text=_("Empty: all that is left. An error is taken back whole."),
    )
    text = forms.CharField(label=_("What happened"), max_length=200)
    anew = forms.BooleanField(label=_("Issue it anew with the buyer's data as they are now"), required=False)

    def values(self) -> dict[str, Any]:
        """Return what is asked for."""
        given = self.cleaned_data
        return {
            "reason": RedReason(given["reason"]),
            "amount_minor": given["amount"],
            "text": given["text"],
            "anew": given["anew"],
        }
