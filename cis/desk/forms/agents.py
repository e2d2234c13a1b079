"""Forms on agents that collect for us."""

from secrets import token_hex
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from cashiering.queries.agents import WantedAgents
from cis.platform.forms import DayField, MoneyField, PageForm


class AgentFilterForm(PageForm):
    """Filters of the list of agents."""

    text = forms.CharField(label=_("Code or name"), required=False, max_length=100)
    state = forms.ChoiceField(
        label=_("State"), required=False,
        choices=[("", _("All")), ("active", _("It may take money")), ("full", _("May take no more")),
                 ("differences", _("With open differences")), ("ended", _("Takes no money"))],
    )  # fmt: skip

    def wanted(self) -> WantedAgents:
        """Return what is asked for; a filter that is wrong filters nothing."""
        self.is_valid()
        return WantedAgents(*(self.cleaned_data.get(name) or "" for name in ("text", "state")))


class NewAgentForm(PageForm):
    """An agent."""

    field_of = {"bad_agent": "code", "unknown_key": "client"}
    code = forms.CharField(label=_("Code"), max_length=12, help_text=_("Capital letters and digits, as S01."))
    name = forms.CharField(label=_("Name"), max_length=100)
    client = forms.CharField(
        label=_("Program"), max_length=100,
        help_text=_("Name of the key by which it reports, with the right agent:collect."),
    )  # fmt: skip
    limit = MoneyField(label=_("Limit"), help_text=_("What it may hold of our money at most."))

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["code"].widget.attrs["autofocus"] = True


class ChangeAgentForm(PageForm):
    """What may change of an agent."""

    field_of = {"bad_agent": "limit"}
    name = forms.CharField(label=_("Name"), max_length=100)
    limit = MoneyField(label=_("Limit"))
    is_active = forms.BooleanField(label=_("It may take money"), required=False)


class HandOverForm(PageForm):
    """Cash that an agent brings to one's till."""

    field_of = {"bad_agent": "amount"}
    amount = MoneyField(label=_("Cash handed over"))
    form = forms.CharField(widget=forms.HiddenInput, max_length=64)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        kwargs.setdefault("initial", {"form": token_hex(16)})
        super().__init__(*args, **kwargs)


class AgentListForm(PageForm):
    """An agent's list of a day."""

    field_of = {"bad_agent_list": "file", "agent_day_decided": "file"}
    day = DayField(label=_("Day"))
    file = forms.FileField(label=_("The agent's list"), allow_empty_file=True, max_length=255)


class VerdictForm(PageForm):
    """Which list is right."""

    verdict = forms.ChoiceField(choices=[("theirs", "theirs"), ("ours", "ours")])
    reason = forms.CharField(label=_("Reason"), max_length=200)


class AgentPaymentsForm(PageForm):
    """Which payments of an agent."""

    day = DayField(label=_("Day"), required=False)
    reference = forms.CharField(label=_("Reference"), max_length=60, required=False)
