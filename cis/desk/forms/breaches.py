"""Forms on breach of supply terms, and the list of all ways to enter a case: each has the fields of its kind alone."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from django import forms
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _

from cis.desk.forms.cases import EQUIPMENT, CaseForm, Told, hours_field
from cis.desk.forms.thefts import TheftByEnergyForm, TheftByPowerForm, TheftByRatioForm
from cis.kernel import fixed
from cis.platform import typed
from cis.platform.forms import DayField, EnergyField
from cis.platform.templatetags.local import in_language
from contracts.domain.breach_claims import Capacity, Category, Tampering
from contracts.domain.breach_steps import Step
from contracts.domain.breaches import BadBreach, BreachKind, Equipment, Misuse
from contracts.queries import breach_facts
from contracts.queries.breach_facts import PriceChoice

USES_MOST = 6
PRICE_PLACES = 8
ANEW = {
    "hx-post": "",
    "hx-trigger": "change",
    "hx-vals": '{"again": "1"}',
    "hx-select": "#case-form",
    "hx-target": "#case-form",
    "hx-swap": "outerHTML",
}
"""What makes a choice show the form anew, with the fields that belong to it."""
FIELDS_OF_WAY: Mapping[str, tuple[str, ...]] = {
    "equipment": ("power_kw", "equipment", "hours", "since", "until"),
    "counted": ("since", "until"),
    "energy": ("energy_kwh",),
}
WAYS = {
    "equipment": _("Power and time of the equipment"),
    "counted": _("All that the meter counted"),
    "energy": _("Energy that is known"),
}


class CategoryForm(CaseForm):
    """Cheap supply used for what is dearer: up to some uses, each with its energy and its two prices."""

    kind = BreachKind.CATEGORY
    uses = forms.IntegerField(widget=forms.HiddenInput, min_value=1, max_value=USES_MOST, required=False)

    def __init__(self, *args: Any, prices: Sequence[PriceChoice], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.prices = {one.key: one for one in prices}
        own = [one for one in prices if one.tariff_id == self.known.term.tariff_id]
        paid = [(one.key, _priced(one)) for one in own]
        right = _by_tariff([one for one in prices if one.tariff_id != self.known.term.tariff_id])
        for place in range(self.count()):
            for name, field in _use_fields(paid, right).items():
                field.widget.attrs["class"] = "form-select" if isinstance(field, forms.ChoiceField) else "form-control"
                self.fields[f"{name}_{place}"] = field

    def count(self) -> int:
        """Return how many uses the form has room for."""
        return max(1, min(USES_MOST, typed.number(str(self._typed("uses") or 1)) or 1))

    def use_rows(self) -> list[list[forms.BoundField]]:
        """Return the fields of each use, those of its way alone."""
        rows = []
        for place in range(self.count()):
            way = str(self._typed(f"way_{place}") or "")
            names = ("way", *FIELDS_OF_WAY.get(way, FIELDS_OF_WAY["equipment"]), "paid", "right")
            rows.append([self[f"{name}_{place}"] for name in names])
        return rows

    def _typed(self, name: str) -> Any:
        return self.data.get(name) if self.is_bound else self.initial.get(name)

    def told(self) -> Told:
        """Return the uses; each needs what its way asks for."""
        uses, steps = [], []
        for place in range(self.count()):
            given = {name: self.cleaned_data.get(f"{name}_{place}") for name in _use_fields([], [])}
            energy_wh, step = self._energy(given, place)
            steps += [step] if step else []
            paid, right = self.prices[str(given["paid"])], self.prices[str(given["right"])]
            uses.append(Misuse(energy_wh=energy_wh, paid_e6=paid.price_e6, right_e6=right.price_e6))
        return Told(fact=Category(uses=tuple(uses)), steps=tuple(steps))

    def _energy(self, given: Mapping[str, Any], place: int) -> tuple[int, Step | None]:
        match given["way"]:
            case "energy":
                return _needed(given, "energy_kwh", place), None
            case "counted":
                start, end = _needed(given, "since", place), _needed(given, "until", place)
                point = self.known.agreement.service_point_id
                return breach_facts.counted(service_point_id=point, start_date=start, end_date=end)
        days = None
        if given["since"]:
            days = (_needed(given, "until", place) - given["since"]).days
        found = breach_facts.energy_of_use(
            kind=self.kind, at=self.cleaned_data["found_date"], power_w=_needed(given, "power_kw", place),
            equipment=Equipment(_needed(given, "equipment", place)), days=days, hours=given["hours"],
        )  # fmt: skip
        return found[0], found[2]


class CapacityForm(CaseForm):
    """More connected than agreed."""

    kind = BreachKind.CAPACITY
    own: ClassVar[tuple[str, ...]] = ("found_kva", "months")

    found_kva = EnergyField(label=_("Capacity found, all together (kVA or kW)"))
    months = EnergyField(label=_("Months of use"), required=False)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.known.fee is None:
            del self.fields["months"]

    def rows(self) -> list[forms.BoundField]:
        """Return the months only where the tariff has a fee for them."""
        return [self[name] for name in self.own if name in self.fields]

    def told(self) -> Told:
        """Return the capacity; how often counts where nothing is paid by month."""
        fact, steps = breach_facts.of_capacity(
            known=self.known, kind=self.kind, found_va=self.cleaned_data["found_kva"],
            months_e3=self.cleaned_data.get("months"), count=self.cleaned_data.get("count") or 1,
        )  # fmt: skip
        return Told(fact=fact, steps=steps)


class SuspendedForm(CapacityForm):
    """Equipment used that was suspended or sealed."""

    kind = BreachKind.SUSPENDED
    own = ("found_kva", "months", "count")
    found_kva = EnergyField(label=_("Capacity of the equipment (kVA or kW)"))
    count = forms.IntegerField(label=_("How many times"), min_value=1, max_value=1_000, initial=1)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.known.fee is not None:
            del self.fields["count"]


class OwnSupplyForm(CapacityForm):
    """A source connected, or energy passed on, without leave."""

    kind = BreachKind.OWN_SUPPLY
    own = ("found_kva",)
    found_kva = EnergyField(label=_("Capacity of the source, or passed on (kVA or kW)"))

    def told(self) -> Told:
        """Return the capacity: no fee, and once."""
        return Told(fact=Capacity(capacity_va=self.cleaned_data["found_kva"]))


class TamperingForm(CaseForm):
    """A meter, its seal or its leads touched."""

    kind = BreachKind.TAMPERING
    own = ("is_home", "count")
    is_home = forms.BooleanField(label=_("It is a home"), required=False)
    count = forms.IntegerField(label=_("How many times"), min_value=1, max_value=1_000, initial=1)

    def told(self) -> Told:
        """Return how often, and where."""
        return Told(fact=Tampering(is_home=self.cleaned_data["is_home"], count=self.cleaned_data["count"]))


@dataclass(frozen=True, slots=True, kw_only=True)
class Way:
    """A kind of case, or a way to say how much was stolen: its word and its form."""

    label: Any
    form: type[CaseForm]


FORMS: Mapping[str, Way] = {
    "category": Way(label=_("Wrong category of use"), form=CategoryForm),
    "capacity": Way(label=_("Over capacity"), form=CapacityForm),
    "suspended": Way(label=_("Suspended equipment used"), form=SuspendedForm),
    "own-supply": Way(label=_("Own supply, or passed on"), form=OwnSupplyForm),
    "tampering": Way(label=_("Meter touched"), form=TamperingForm),
    "theft": Way(label=_("Theft, by power"), form=TheftByPowerForm),
    "theft-energy": Way(label=_("Theft, energy known"), form=TheftByEnergyForm),
    "theft-ratio": Way(label=_("Theft, meter too slow"), form=TheftByRatioForm),
}


def _use_fields(paid: Sequence[tuple[str, str]], right: Sequence[tuple[str, Any]]) -> dict[str, forms.Field]:
    """Return the fields of one use."""
    return {
        "way": forms.ChoiceField(label=_("Energy by"), choices=list(WAYS.items()), widget=forms.Select(attrs=ANEW)),
        "power_kw": EnergyField(label=_("Power (kW)"), required=False),
        "equipment": forms.ChoiceField(label=_("Equipment"), choices=list(EQUIPMENT.items()), required=False),
        "hours": hours_field(),
        "since": DayField(
            label=_("Since when"), required=False, help_text=_("Not known: as many months as the rule says.")
        ),
        "until": DayField(label=_("Until, not included"), required=False),
        "energy_kwh": EnergyField(label=_("Energy (kWh)"), required=False),
        "paid": forms.ChoiceField(label=_("Price that was paid"), choices=paid),
        "right": forms.ChoiceField(label=_("Price that it has"), choices=[("", "–"), *right]),
    }


def _needed(given: Mapping[str, Any], name: str, place: int) -> Any:
    if given[name] is None or given[name] == "":
        raise BadBreach("This is needed to know the energy.", field=f"{name}_{place}")
    return given[name]


def _priced(one: PriceChoice) -> str:
    price = fixed.to_text(one.price_e6, places=PRICE_PLACES).rstrip("0").rstrip(".")
    step = _now("step %(step)s") % {"step": one.step} if one.step else ""
    return " · ".join(part for part in (price, in_language(one.labels) if one.labels else "", step) if part)


def _by_tariff(prices: Sequence[PriceChoice]) -> list[tuple[str, list[tuple[str, str]]]]:
    """Return prices as choices in groups."""
    groups: dict[str, list[tuple[str, str]]] = {}
    for one in prices:
        groups.setdefault(in_language({"zh": one.name_zh, "en": one.name_en}), []).append((one.key, _priced(one)))
    return list(groups.items())
