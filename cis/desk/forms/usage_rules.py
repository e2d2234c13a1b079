"""Forms on usage rules: each kind shows the fields that it has, and no others."""

from collections.abc import Mapping
from datetime import date
from typing import Any

from django import forms
from django.utils.translation import gettext as now
from django.utils.translation import gettext_lazy as _

from cis.desk.forms.customers import choices
from cis.desk.words import RULE_EXCESSES, RULE_SPANS
from cis.kernel import fixed
from cis.platform.forms import DayField, EnergyField, PageForm
from cis.platform.phrases import explain
from metering.domain.usage_rules import HAS_QUANTITY, Rule, RuleKind
from metering.queries import search
from metering.queries.places import ServicePointOverview

E6_OF_PERCENT = 4
"""Places of a percentage that a share in 10^-6 has."""
NAMED_MOST = 5

HINTS: Mapping[RuleKind, Any] = {
    RuleKind.SHARE: _(
        "The place is billed on a fixed share of what the meter of another place counts; the rest stays there."
    ),
    RuleKind.QUANTITY: _(
        "The place is billed on a fixed quantity of what the meter of another place counts; the rest stays there."
    ),
    RuleKind.SUBMETER: _(
        "The meter of this place hangs behind that of another place, which is billed without what it counts."
    ),
    RuleKind.LEFT_OUT: _("One of the meters at this place only checks another one, and is not billed."),
    RuleKind.UNMETERED: _("The place has no meter and is billed on an agreed quantity."),
}


class ShareField(forms.CharField):
    """A share in percent as typed, kept in 10^-6."""

    def __init__(self, **kwargs: object) -> None:
        attrs = {"inputmode": "decimal", "class": "num", "autocomplete": "off"}
        super().__init__(max_length=12, widget=forms.TextInput(attrs=attrs), **kwargs)  # type: ignore[arg-type]

    def clean(self, value: object) -> int | None:
        """Return the share."""
        text = str(super().clean(value)).strip()
        if not text:
            return None
        try:
            return fixed.parse(text, places=E6_OF_PERCENT)
        except fixed.NotANumber as refusal:
            raise forms.ValidationError(explain(refusal.code, refusal.message, refusal.advice).message) from refusal


class PlaceField(forms.CharField):
    """A service point by its number, a meter that hangs there, or its address; kept as its id."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(max_length=100, **kwargs)
        self.today = date.min

    def clean(self, value: object) -> int | None:
        """Return the one service point that fits."""
        text = str(super().clean(value)).strip()
        if not text:
            return None
        hits = search.find(text=text, at_date=self.today)
        exact = [hit for hit in hits if hit.matched == "service_point"]
        hanging = [hit for hit in hits if hit.matched == "meter" and hit.meter_serial == text and hit.hangs]
        found = {hit.service_point_id: hit for hit in exact or hanging or hits}
        if len(found) == 1:
            return next(iter(found))
        if not found:
            raise forms.ValidationError(
                now("No place fits: give its service point, a meter that hangs there, or the address.")
            )
        names = ", ".join(f"{hit.external_id} ({hit.address})" for hit in list(found.values())[:NAMED_MOST])
        raise forms.ValidationError(now("Several places fit, give one of these numbers: %(names)s") % {"names": names})


class RuleForm(PageForm):
    """A rule to begin, of one kind."""

    field_of = {
        "not_installed": "meter",
        "no_meter_there": "source",
        "empty_period": "end_date",
        "already_billed": "start_date",
    }
    source = PlaceField(label=_("Place whose meter counts"), help_text=_("Service point, meter number or address."))
    meter = forms.ChoiceField(label=_("Check meter"))
    share = ShareField(label=_("Share (%)"))
    quantity = EnergyField(label=_("Quantity (kWh)"))
    per = forms.ChoiceField(label=_("Quantity for"), choices=choices(RULE_SPANS), initial="month")
    excess = forms.ChoiceField(label=_("If quantities are more than the meter shows"), choices=choices(RULE_EXCESSES))
    start_date = DayField(label=_("Holds from"))
    end_date = DayField(label=_("Until (not included)"), required=False)

    def __init__(self, *args: Any, kind: RuleKind, place: ServicePointOverview, today: date, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.kind, self.place = kind, place
        has = {
            "source": kind is not RuleKind.LEFT_OUT,
            "meter": kind is RuleKind.LEFT_OUT,
            "share": kind is RuleKind.SHARE,
            "quantity": kind in HAS_QUANTITY,
            "per": kind in HAS_QUANTITY,
            "excess": kind is RuleKind.QUANTITY,
        }
        for name, is_there in has.items():
            if not is_there:
                del self.fields[name]
        if "source" in self.fields:
            self.fields["source"].today = today  # type: ignore[attr-defined]
        if kind is RuleKind.UNMETERED:
            self.fields["source"].required = False
            self.fields["source"].label = _("Load profile")
            self.fields["source"].help_text = _(
                "A place with interval values by which the quantity lies over the day; empty: the same at all hours."
            )
        if "meter" in self.fields:
            self.fields["meter"].choices = [  # type: ignore[attr-defined]
                (str(meter.id), meter.serial) for meter in place.meters if meter.hangs(today)
            ]

    def rule(self) -> Rule[int]:
        """Return the rule as typed."""
        given = self.cleaned_data
        return Rule(
            kind=self.kind,
            service_point=self.place.id,
            source=given.get("source"),
            meter=int(given["meter"]) if given.get("meter") else None,
            share_e6=given.get("share"),
            quantity_wh=given.get("quantity"),
            per=given.get("per", ""),
            excess=given.get("excess", ""),
            start_date=given["start_date"],
            end_date=given["end_date"],
        )


class RuleChangeForm(PageForm):
    """Another share or quantity from a date on."""

    field_of = {
        "rule_not_in_force": "from_date",
        "nothing_changes": "share",
        "empty_period": "from_date",
        "already_billed": "from_date",
    }
    share = ShareField(label=_("Share (%)"))
    quantity = EnergyField(label=_("Quantity (kWh)"))
    per = forms.ChoiceField(label=_("Quantity for"), choices=choices(RULE_SPANS))
    from_date = DayField(label=_("Holds from"))

    def __init__(self, *args: Any, rule: Rule[int], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name in ("quantity", "per") if rule.kind is RuleKind.SHARE else ("share",):
            del self.fields[name]
        if rule.kind is not RuleKind.SHARE:
            self.field_of = {**self.field_of, "nothing_changes": "quantity"}


class RuleEndForm(PageForm):
    """The end of a rule."""

    field_of = {"rule_not_in_force": "end_date", "already_billed": "end_date"}
    end_date = DayField(
        label=_("First day on which it holds no more"), help_text=_("On its first day: as if it had never held.")
    )
