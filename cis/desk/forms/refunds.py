"""Forms on refunds."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from billing.domain.channels import PaymentChannel
from billing.operations.refunds import NewRefund
from billing.queries.refunds import WantedRefunds
from cis.desk.forms.customers import choices
from cis.desk.money_words import REFUND_STATES
from cis.platform.forms import DayField, MoneyField, PageForm

WAYS = {PaymentChannel.BANK.value: _("Bank transfer"), PaymentChannel.CASH.value: _("Cash")}
BANK_HINT = _("BIC, or the code of the bank; leave it empty if it is not known.")


class RefundListForm(PageForm):
    """Filters of the list of refunds."""

    text = forms.CharField(label=_("Account or payee"), required=False, max_length=60)
    state = forms.ChoiceField(label=_("State"), required=False, choices=choices(REFUND_STATES, empty=_("All")))

    def wanted(self) -> WantedRefunds:
        """Return what is asked for; a filter that is wrong filters nothing."""
        self.is_valid()
        given = self.cleaned_data
        return WantedRefunds(text=given.get("text") or "", state=given.get("state") or "")


class PayeeForm(PageForm):
    """To whom a refund goes."""

    field_of = {"account": "bank_account"}
    payee = forms.CharField(label=_("Paid to"), max_length=70, help_text=_("As the bank knows the holder."))
    bank_account = forms.CharField(
        label=_("Bank account"), max_length=50, help_text=_("IBAN or account number; shown masked afterwards."),
        widget=forms.TextInput(attrs={"autocomplete": "off", "class": "num"}),
    )  # fmt: skip
    bank_code = forms.CharField(label=_("Bank"), max_length=20, required=False, help_text=BANK_HINT)


class NewRefundForm(PayeeForm):
    """Credit to be paid out."""

    field_of = {"account": "bank_account", "refund_not_free": "amount"}
    amount = MoneyField(label=_("Amount"))
    way = forms.ChoiceField(label=_("Way"), choices=lambda: list(WAYS.items()))
    reason = forms.CharField(label=_("Why"), max_length=200, required=False)
    request_key = forms.CharField(widget=forms.HiddenInput, max_length=64)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["bank_account"].required = False

    def clean(self) -> dict[str, Any]:
        """Ask for the bank account where one is needed."""
        given: dict[str, Any] = super().clean() or self.cleaned_data
        if given.get("way") == PaymentChannel.BANK and not given.get("bank_account"):
            self.add_error("bank_account", self.fields["payee"].error_messages["required"])
        return given

    def refund(self, *, account_id: int) -> NewRefund:
        """Return the refund as typed."""
        given = self.cleaned_data
        return NewRefund(
            account_id=account_id,
            amount_minor=given["amount"],
            payee=given["payee"],
            bank_account=given["bank_account"],
            bank_code=given["bank_code"],
            reason=given["reason"],
            channel=PaymentChannel(given["way"]),
            key=f"desk:{given['request_key']}",
        )


class SendForm(PageForm):
    """What the bank says of a payment that was made by hand."""

    reference = forms.CharField(label=_("Number of the payment"), max_length=100)
    paid_date = DayField(label=_("Paid on"))


class ReturnForm(PageForm):
    """Money that came back."""

    returned_date = DayField(label=_("Came back on"))
    reason = forms.CharField(label=_("What the bank says"), max_length=200)


class DropForm(PageForm):
    """Why credit is not paid out."""

    reason = forms.CharField(label=_("Why it is not paid out"), max_length=200)
