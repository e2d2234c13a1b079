"""Forms on deposits of customers."""

from collections.abc import Sequence
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from billing.domain.deposit_requests import RequestKind
from billing.operations.deposit_requests import NewRequest
from billing.operations.deposits import NewDeposit
from billing.queries.deposits import DUE, WantedDeposits
from cis.desk.deposit_words import CAUSES, REQUESTS, STANDINGS
from cis.desk.forms.customers import choices
from cis.platform.forms import MoneyField, PageForm

FILTERS = {**STANDINGS, DUE: _("To be looked at for return")}


class DepositListForm(PageForm):
    """Filters of the list of deposits."""

    text = forms.CharField(label=_("Account or name"), required=False, max_length=60)
    standing = forms.ChoiceField(label=_("State"), required=False, choices=choices(FILTERS, empty=_("All")))
    cause = forms.ChoiceField(label=_("Reason"), required=False, choices=choices(CAUSES, empty=_("All")))

    def wanted(self) -> WantedDeposits:
        """Return what is asked for; a filter that is wrong filters nothing."""
        self.is_valid()
        given = {name: self.cleaned_data.get(name) or "" for name in ("text", "standing", "cause")}
        return WantedDeposits(**given)


class ExpectedForm(PageForm):
    """What a month is expected to cost, for the size of a deposit."""

    expected = MoneyField(
        label=_("Expected cost of a month"), required=False, help_text=_("Only where the account has no bills yet.")
    )

    def expected_minor(self) -> int | None:
        """Return it, if it was typed right."""
        return self.cleaned_data.get("expected") if self.is_valid() else None


class DepositForm(PageForm):
    """A deposit to be demanded."""

    cause = forms.ChoiceField(label=_("Reason"))
    expected = MoneyField(
        label=_("Expected cost of a month"), required=False, help_text=_("Only where the account has no bills yet.")
    )
    amount = MoneyField(
        label=_("Amount"), required=False, help_text=_("Empty: as computed. Never more; less needs a word why.")
    )
    reason = forms.CharField(label=_("Why less, or what shows the reason"), max_length=200, required=False)
    is_paid_out = forms.BooleanField(label=_("When it comes back, the customer wants it paid out"), required=False)
    request_key = forms.CharField(widget=forms.HiddenInput, max_length=64)

    def __init__(self, *args: Any, causes: Sequence[str], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["cause"].choices = [(code, CAUSES.get(code, code)) for code in causes]  # type: ignore[attr-defined]

    def deposit(self, *, account_id: int) -> NewDeposit:
        """Return the deposit as typed."""
        given = self.cleaned_data
        return NewDeposit(
            account_id=account_id,
            cause=given["cause"],
            amount_minor=given["amount"],
            expected_minor=given["expected"],
            reason=given["reason"],
            is_paid_out=given["is_paid_out"],
            key=f"desk:{given['request_key']}",
        )


class RequestForm(PageForm):
    """What is to be done with a deposit."""

    kind = forms.ChoiceField(label=_("What"), choices=lambda: list(REQUESTS.items()))
    amount = MoneyField(label=_("By how much"), required=False, help_text=_("To demand less, or waive a part of it."))
    reason = forms.CharField(label=_("Why"), max_length=200)
    request_key = forms.CharField(widget=forms.HiddenInput, max_length=64)

    def offer_supply(self, *, is_offered: bool) -> None:
        """Offer to let the supply begin before the deposit is paid only where it waits for that."""
        if not is_offered:
            kept = [one for one in REQUESTS.items() if one[0] != RequestKind.SUPPLY]
            self.fields["kind"].choices = kept  # type: ignore[attr-defined]

    def request(self, *, deposit_id: int) -> NewRequest:
        """Return the request as typed."""
        given = self.cleaned_data
        return NewRequest(
            deposit_id=deposit_id,
            kind=RequestKind(given["kind"]),
            amount_minor=given["amount"],
            reason=given["reason"],
            key=f"desk:{given['request_key']}",
        )


class IncreaseForm(PageForm):
    """More that is demanded of a deposit."""

    prefix = "more"
    amount = MoneyField(label=_("How much more"))
    reason = forms.CharField(label=_("Why"), max_length=200)
