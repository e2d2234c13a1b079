"""Forms on prepaid accounts."""

from django import forms
from django.utils.translation import gettext_lazy as _

from arrears.queries.prepaid_list import WantedPrepaid
from cis.desk.forms.customers import choices
from cis.desk.prepaid_words import LISTED
from cis.platform.forms import DayField, PageForm


class PrepaidListForm(PageForm):
    """Filters of the list of prepaid accounts."""

    text = forms.CharField(label=_("Account number"), required=False, max_length=20)
    state = forms.ChoiceField(label=_("State"), required=False, choices=choices(LISTED, empty=_("All")))

    def wanted(self) -> WantedPrepaid:
        """Return what is asked for; a filter that is wrong filters nothing."""
        self.is_valid()
        given = self.cleaned_data
        return WantedPrepaid(given.get("text") or "", given.get("state") or "")


class SwitchOnForm(PageForm):
    """From when an account pays before it uses, and by which agreement."""

    field_of = {"bad_prepay_switch": "since_date"}
    since_date = DayField(label=_("From"))
    agreement_reference = forms.CharField(
        label=_("Number of the signed agreement"), max_length=100,
        help_text=_("It also allows that the supply is cut off by remote once the balance is used up."),
    )  # fmt: skip


class SwitchOffForm(PageForm):
    """From when an account pays after it used again."""

    field_of = {"bad_prepay_switch": "until_date"}
    until_date = DayField(label=_("From"))
    reason = forms.CharField(label=_("Reason"), max_length=200)


class AcceptForm(PageForm):
    """Why numbers are right."""

    reason = forms.CharField(label=_("Reason"), max_length=200)
