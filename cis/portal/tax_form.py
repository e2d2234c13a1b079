"""The buyer on the customer's invoices, as he enters it."""

from django import forms
from django.utils.translation import gettext_lazy as _

from accounts.domain.tax_profiles import TaxData
from cis.platform.forms import PageForm


class TaxForm(PageForm):
    """Who stands on the invoices."""

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
    wants_special = forms.BooleanField(
        label=_("We want special VAT invoices, and deduct their tax"), required=False,
    )  # fmt: skip

    def data_of(self, *, consent_by: str) -> TaxData:
        """Return the tax data as typed; who signs in is who asks for special invoices."""
        return TaxData(**self.cleaned_data, consent_by=consent_by if self.cleaned_data["wants_special"] else "")
