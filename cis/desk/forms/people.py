"""Forms on customers who are one."""

from collections.abc import Mapping
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from accounts.domain.merging import CONTACT_FIELDS, FIELDS, Side
from accounts.operations.merges import NewMerge
from accounts.queries.duplicates import PairRow, WantedPairs
from cis.desk.forms.customers import choices
from cis.desk.people_words import LIKENESSES, MERGE_STATES, PAIR_STATES
from cis.platform.forms import PageForm

FIRST, SECOND, BOTH = "first", "second", "both"
_SIDES = ((FIRST, FIRST), (SECOND, SECOND))


class PairListForm(PageForm):
    """Filters of the pairs."""

    text = forms.CharField(label=_("Name"), required=False, max_length=60)
    reason = forms.ChoiceField(label=_("Alike in"), required=False, choices=choices(LIKENESSES, empty=_("All")))
    state = forms.ChoiceField(
        label=_("State"), required=False, choices=[("", PAIR_STATES["open"]), *choices(PAIR_STATES), ("all", _("All"))]
    )

    def wanted(self) -> WantedPairs:
        """Return what is asked for; a filter that is wrong filters nothing."""
        self.is_valid()
        text, reason, state = (self.cleaned_data.get(name) or "" for name in ("text", "reason", "state"))
        return WantedPairs(text=text, reason=reason, state="" if state == "open" else state)


class MergeListForm(PageForm):
    """Filters of the merges."""

    text = forms.CharField(label=_("Name or number"), required=False, max_length=60)
    state = forms.ChoiceField(
        label=_("State"), required=False,
        choices=[("", _("Those that wait or stand")), *choices(MERGE_STATES), ("all", _("All"))],
    )  # fmt: skip

    def wanted(self) -> Mapping[str, str]:
        """Return what is asked for; a filter that is wrong filters nothing."""
        self.is_valid()
        return {name: self.cleaned_data.get(name) or "" for name in ("text", "state")}


class NameForm(PageForm):
    """Two accounts whose holders may be one."""

    first = forms.CharField(label=_("Account"), max_length=20)
    second = forms.CharField(label=_("Account of the same customer"), max_length=20)


class MergeForm(PageForm):
    """Who of the two stands, what is kept of whom, and which logins stay open."""

    survivor = forms.ChoiceField(choices=_SIDES)
    reason = forms.CharField(
        label=_("Why they are one"), max_length=300, help_text=_("As: same identity card, shown at the counter.")
    )

    def __init__(self, *args: Any, pair: PairRow, **kwargs: Any) -> None:
        self.pair = pair
        super().__init__(*args, **kwargs)
        for name in (*FIELDS, *CONTACT_FIELDS):
            sides = (*_SIDES, (BOTH, BOTH)) if name == "note" else _SIDES
            self.fields[f"keep_{name}"] = forms.ChoiceField(required=False, choices=sides)

    def merge(self, *, logins: list[int]) -> NewMerge:
        """Return what was chosen."""
        given, ids = self.cleaned_data, (self.pair.first_id, self.pair.second_id)
        stands = given["survivor"]
        survivor_id, merged_id = ids if stands == FIRST else ids[::-1]
        kept = {}
        for name in (*FIELDS, *CONTACT_FIELDS):
            side = given[f"keep_{name}"]
            if side:
                kept[name] = Side.BOTH if side == BOTH else Side.SURVIVOR if side == stands else Side.MERGED
        return NewMerge(
            survivor_id=survivor_id, merged_id=merged_id, reason=given["reason"], choices=kept, logins=logins
        )
