"""Forms on online payments and payouts."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from cashiering.gateways import online
from cis.desk.checkout_words import PAYOUT_STATES, PROVIDERS, STATES
from cis.platform.forms import DayField, PageForm

NEEDS = "needs"


class CheckoutListForm(PageForm):
    """Which online payments."""

    text = forms.CharField(label=_("Account or reference"), required=False, max_length=100)
    state = forms.ChoiceField(
        label=_("State"), required=False, choices=[("", _("All")), (NEEDS, _("Needs a person")), *STATES.items()]
    )
    provider = forms.ChoiceField(label=_("Provider"), required=False, choices=[("", _("All")), *PROVIDERS.items()])
    since = DayField(label=_("From"), required=False)
    until = DayField(label=_("Until"), required=False)


class PayoutListForm(PageForm):
    """Which payouts."""

    text = forms.CharField(label=_("Payout"), required=False, max_length=100)
    state = forms.ChoiceField(label=_("State"), required=False, choices=[("", _("All")), *PAYOUT_STATES.items()])


class PayoutUploadForm(PageForm):
    """A report of a provider."""

    field_of = {"payout_refused": "file", "payout_changed": "file", "no_payment_provider": "provider"}
    provider = forms.ChoiceField(label=_("Provider"))
    file = forms.FileField(label=_("Report of the provider"), max_length=255)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        choices = [(name, PROVIDERS.get(name, name)) for name in online.names()]
        self.fields["provider"].choices = choices  # type: ignore[attr-defined]
