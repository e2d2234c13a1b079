"""Forms on exceptions of usage: the filters of their list, and why one is accepted."""

from django import forms
from django.utils.translation import gettext_lazy as _

from cis.desk.forms.customers import choices
from cis.desk.vee_words import CODES, SEVERITIES, STATES
from cis.platform.forms import DayField, PageForm
from metering.domain.exceptions import REASON_MOST
from metering.queries.exceptions import Wanted


class ExceptionListForm(PageForm):
    """Which exceptions are listed."""

    state = forms.ChoiceField(label=_("State"), required=False, choices=choices(STATES, empty=_("All")))
    severity = forms.ChoiceField(label=_("Severity"), required=False, choices=choices(SEVERITIES, empty=_("All")))
    code = forms.ChoiceField(label=_("What is doubtful"), required=False, choices=choices(CODES, empty=_("All")))
    since = DayField(label=_("Since"), required=False)
    until = DayField(label=_("Until"), required=False)
    text = forms.CharField(label=_("Meter number, supply or address"), required=False, max_length=100)

    def wanted(self) -> Wanted:
        """Return what is asked for; a filter that is wrong filters nothing."""
        given = self.cleaned_data if self.is_valid() else {}
        texts = {name: given.get(name) or "" for name in ("state", "severity", "code", "text")}
        return Wanted(since=given.get("since"), until=given.get("until"), **texts)


class AcceptForm(PageForm):
    """Why a finding is right as it is."""

    reason = forms.CharField(
        label=_("Why it is right"), max_length=REASON_MOST, help_text=_("New heating, a holiday, a test of the meter.")
    )
