"""The form in which somebody chooses how a debt is paid in parts; pages of staff and of customers share it."""

from collections.abc import Sequence
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from cis.platform.forms import PageForm

COUNT_USUAL = 3


class WishForm(PageForm):
    """
    In how many parts, on which day of the month, and whether the first is paid at once.

    counts, days  that may be chosen
    firsts        "now", "later", or both
    """

    field_of = {"first_now": "first", "bad_plan": "count"}
    count = forms.TypedChoiceField(label=_("How many parts"), coerce=int)
    day = forms.TypedChoiceField(label=_("Day on which parts are due"), coerce=int)
    first = forms.ChoiceField(label=_("First part"))

    def __init__(
        self, *args: Any, counts: Sequence[int], days: Sequence[int], firsts: Sequence[str], **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        words = {"now": _("at once"), "later": _("on the first of these days")}
        shown = [(n, ngettext("%(n)s part", "%(n)s parts", n) % {"n": n}) for n in counts]
        self.fields["count"].choices = shown  # type: ignore[attr-defined]
        self.fields["day"].choices = [(one, str(one)) for one in days]  # type: ignore[attr-defined]
        self.fields["first"].choices = [(one, words[one]) for one in firsts]  # type: ignore[attr-defined]
        self._usual = (COUNT_USUAL if COUNT_USUAL in counts else counts[0], days[0], firsts[0])
        for name, usual in zip(("count", "day", "first"), self._usual, strict=True):
            self.fields[name].initial = usual

    def chosen_shape(self) -> tuple[int, int, bool]:
        """Return count, day and whether the first is paid at once; what is usual where nothing fit was chosen."""
        given = self.cleaned_data if self.is_bound else {}
        count, day, first = self._usual
        return given.get("count") or count, given.get("day") or day, (given.get("first") or first) == "now"
