"""Forms on mandates, debits and their batches."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from accounts.queries import accounts
from accounts.queries.accounts import UnknownAccount
from cashiering.operations.mandates import NewMandate
from cis.desk.debit_words import BATCHES, DEBITS, MANDATES
from cis.platform.forms import DayField, MoneyField, PageForm


class MandateListForm(PageForm):
    """Which mandates."""

    text = forms.CharField(label=_("Reference, account or name"), required=False, max_length=100)
    state = forms.ChoiceField(label=_("State"), required=False, choices=[("", _("All")), *MANDATES.items()])


class DebitListForm(PageForm):
    """Which debits."""

    text = forms.CharField(label=_("Account, bill, mandate or name"), required=False, max_length=100)
    state = forms.ChoiceField(label=_("State"), required=False, choices=[("", _("All")), *DEBITS.items()])
    only = forms.ChoiceField(
        label=_("What waits"),
        required=False,
        choices=[
            ("", _("All")),
            ("waiting", _("Waits for a person")),
            ("overlooked", _("Held for too long")),
            ("problem", _("Return not dealt with")),
        ],
    )


class BatchListForm(PageForm):
    """Which batches."""

    state = forms.ChoiceField(label=_("State"), required=False, choices=[("", _("All")), *BATCHES.items()])


class ReportForm(PageForm):
    """What the bank says of a batch."""

    file = forms.FileField(label=_("File of the bank"), max_length=255)


class MandateForm(PageForm):
    """A mandate that was signed on paper."""

    field_of = {"unknown_account": "account", "bad_scan": "scan", "file_too_large": "scan"}
    account = forms.CharField(label=_("Account number"), max_length=20)
    holder_name = forms.CharField(
        label=_("Holder of the bank account"), max_length=70, help_text=_("As the bank knows the name.")
    )
    bank_account = forms.CharField(label=_("Bank account"), max_length=50, help_text=_("IBAN, or account number."))
    bank_code = forms.CharField(label=_("Code of the bank"), max_length=20, required=False)
    limit = MoneyField(label=_("The most that one debit may be"))
    is_one_off = forms.BooleanField(label=_("For one debit only"), required=False)
    signed_date = DayField(label=_("Signed on"))
    signed_by = forms.CharField(label=_("Signed by"), max_length=200, required=False)
    scan = forms.FileField(label=_("Scan"), help_text=_("PDF, JPEG or PNG."))

    def clean_account(self) -> int:
        """Return the id of the account."""
        try:
            return accounts.id_of_number(str(self.cleaned_data["account"]).strip())
        except UnknownAccount:
            raise forms.ValidationError(_("There is no such account.")) from None

    def new(self) -> NewMandate:
        """Return the mandate to be."""
        given: dict[str, Any] = self.cleaned_data
        return NewMandate(
            account_id=given["account"],
            holder_name=given["holder_name"],
            bank_account=given["bank_account"],
            bank_code=given["bank_code"],
            limit_minor=given["limit"],
            is_one_off=given["is_one_off"],
        )
