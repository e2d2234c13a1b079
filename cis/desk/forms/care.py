"""Forms on the care of customers."""

from collections.abc import Iterable, Sequence
from datetime import datetime, time, timedelta
from typing import Any

from django import forms
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.domain.protections import Evidence, ProtectionKind
from accounts.operations.protections import NewProtection
from accounts.queries.protections import WantedProtections
from cis.desk.care_words import EVIDENCE, PROTECTION_KINDS, PROTECTION_STATES
from cis.desk.forms.customers import choices
from cis.platform.forms import DayField, PageForm


class ProtectionListForm(PageForm):
    """Filters of the register."""

    text = forms.CharField(label=_("Account or name"), required=False, max_length=60)
    kind = forms.ChoiceField(label=_("Kind"), required=False, choices=choices(PROTECTION_KINDS, empty=_("All")))
    state = forms.ChoiceField(
        label=_("State"), required=False,
        choices=[("", _("Those that hold")), *choices(PROTECTION_STATES), ("all", _("All"))],
    )  # fmt: skip

    def wanted(self) -> WantedProtections:
        """Return what is asked for; a filter that is wrong filters nothing."""
        self.is_valid()
        text, kind, state = (self.cleaned_data.get(name) or "" for name in ("text", "kind", "state"))
        return WantedProtections(text=text, kind=kind, state=state)


class ProtectionForm(PageForm):
    """A protection to be registered."""

    kind = forms.ChoiceField(label=_("Kind"))
    place = forms.ChoiceField(
        label=_("Protects a place"), required=False, help_text=_("Whoever is supplied there is protected too.")
    )
    person = forms.CharField(
        label=_("Who is meant, by what device"), max_length=120, required=False,
        help_text=_("As: mother of the holder, oxygen concentrator."),
    )  # fmt: skip
    told = forms.CharField(
        label=_("What was said or shown"), max_length=300, widget=forms.Textarea(attrs={"rows": 3}),
        help_text=_("It holds from now on; papers may come later."),
    )  # fmt: skip
    until = DayField(label=_("Last day"), required=False, help_text=_("Empty: until it is ended."))

    def __init__(
        self, *args: Any, kinds: Iterable[ProtectionKind], places: Sequence[tuple[int, str]], **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        self.fields["kind"].choices = [(kind.value, PROTECTION_KINDS[kind.value]) for kind in kinds]  # type: ignore[attr-defined]
        self.fields["place"].choices = [("", _("No place")), *((str(one), address) for one, address in places)]  # type: ignore[attr-defined]

    def protection(self, *, account_id: int) -> NewProtection:
        """Return what was typed."""
        given = self.cleaned_data
        return NewProtection(
            account_id=account_id, kind=ProtectionKind(given["kind"]), told=given["told"], person=given["person"],
            place_id=int(given["place"]) if given["place"] else None,
            until_at=_end_of(given["until"]) if given["until"] else None,
        )  # fmt: skip


class EvidenceForm(PageForm):
    """A paper that shows a protection."""

    evidence = forms.ChoiceField(label=_("Paper"))
    text = forms.CharField(label=_("Number and issuer"), max_length=200)

    def __init__(self, *args: Any, papers: Iterable[Evidence], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["evidence"].choices = [(one.value, EVIDENCE[one.value]) for one in papers]  # type: ignore[attr-defined]


class RedeemForm(PageForm):
    """Points to be redeemed on the bill."""

    points = forms.IntegerField(label=_("Points"), min_value=1, max_value=10**9)
    request_key = forms.CharField(widget=forms.HiddenInput, max_length=64)


class ReasonForm(PageForm):
    """Why something ends."""

    reason = forms.CharField(label=_("Reason"), max_length=300)


def _end_of(day: Any) -> datetime:
    return timezone.make_aware(datetime.combine(day + timedelta(days=1), time(0)))
