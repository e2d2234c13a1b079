"""Forms on money."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from billing.domain.channels import PaymentChannel
from cis.platform.forms import DayField, MoneyField, PageForm


class PaymentForm(PageForm):
    """A payment that came by another way than a till, or the bank's statements."""

    field_of = {"bad_payment": "amount", "reference_reused": "reference"}
    amount = MoneyField(label=_("Amount (yuan)"))
    channel = forms.ChoiceField(label=_("How"), choices=[("bank", _("Bank")), ("online", _("Online"))])
    received_date = DayField(label=_("Received on"))
    reference = forms.CharField(
        label=_("Reference"), max_length=100, help_text=_("As the bank or the provider names it; counts once.")
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["amount"].widget.attrs["autofocus"] = True

    def payment(self) -> dict[str, Any]:
        """Return what was typed, for the operation."""
        given = self.cleaned_data
        return {
            "amount_minor": given["amount"],
            "channel": PaymentChannel(given["channel"]),
            "reference": given["reference"],
            "received_date": given["received_date"],
        }


class CancelForm(PageForm):
    """Why a bill is cancelled."""

    field_of = {"bill_not_cancellable": ""}
    reason = forms.CharField(label=_("Reason"), max_length=200, widget=forms.TextInput(attrs={"autofocus": True}))
