"""Forms on breach of supply terms and theft: one for each kind, with the fields of that kind alone."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from fractions import Fraction
from typing import Any, ClassVar

from django import forms
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _

from cis.desk.forms.correction_methods import NumberField
from cis.desk.words import BREACH_KINDS, BREACH_STATES
from cis.kernel import fixed
from cis.platform.forms import DayField, EnergyField, MoneyField, PageForm
from cis.platform.templatetags.local import in_language
from contracts.domain.breach_claims import Capacity, Category, Claim, Fact, Tampering, Theft
from contracts.domain.breach_steps import Step
from contracts.domain.breaches import BadBreach, BreachKind, Equipment, Misuse
from contracts.queries import breach_facts
from contracts.queries.breach_facts import Known, PriceChoice
from metering.domain.correction_orders import AddedEnergy, Amount, Order, Scale
from metering.domain.corrections import Cause

USES_MOST = 6
PRICE_PLACES = 8
EQUIPMENT = {
    Equipment.POWER.value: _("Power: motors, machines"),
    Equipment.LIGHT.value: _("Light and home appliances"),
}
WAYS = {
    "equipment": _("Power and time of the equipment"),
    "counted": _("All that the meter counted"),
    "energy": _("Energy that is known"),
}


def _hours() -> forms.IntegerField:
    words = _("Not known: as the rule says.")
    return forms.IntegerField(label=_("Hours a day"), min_value=1, max_value=24, required=False, help_text=words)


class BreachListForm(PageForm):
    """Which cases are listed."""

    state = forms.ChoiceField(
        label=_("State"), required=False, choices=lambda: [("", _("All states")), *BREACH_STATES.items()]
    )
    kind = forms.ChoiceField(
        label=_("Kind"), required=False, choices=lambda: [("", _("All kinds")), *BREACH_KINDS.items()]
    )
    text = forms.CharField(label=_("Account"), max_length=20, required=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What a form says: the facts, how they came about, and the correction of stolen energy."""

    fact: Fact
    steps: tuple[Step, ...] = ()
    order: Order | None = None


class CaseForm(PageForm):
    """What every case has: when it was found, and what shows it."""

    kind: ClassVar[BreachKind]
    own: ClassVar[tuple[str, ...]] = ()

    found_date = DayField(label=_("Found on"))
    evidence = forms.CharField(
        label=_("What shows it"), max_length=4_000, widget=forms.Textarea(attrs={"rows": 3}),
        help_text=_("Report, photo, order."),
    )  # fmt: skip
    request_key = forms.CharField(widget=forms.HiddenInput, max_length=56)

    def __init__(self, *args: Any, known: Known, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.known = known

    def rows(self) -> list[forms.BoundField]:
        """Return the fields of the kind, for the page."""
        return [self[name] for name in self.own]

    def given(self) -> dict[str, str]:
        """Return what was typed, as text."""
        return {name: str(self.data.get(name, "")) for name in self.fields if name not in {"request_key", "evidence"}}

    def told(self) -> Told:
        """
        Return the facts of a valid form.

        :raises BadBreach: they cannot be right.
        """
        raise NotImplementedError

    def claim(self) -> tuple[Claim, Order | None]:
        """Return the case that a valid form asks for; see ``told``."""
        told = self.told()
        claim = Claim(
            agreement_id=self.known.agreement.id,
            kind=self.kind,
            found_date=self.cleaned_data["found_date"],
            fact=told.fact,
            evidence=self.cleaned_data["evidence"],
            given=self.given(),
            steps=told.steps,
        )
        return claim, told.order


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
        text = str(self.data.get("uses", "1"))
        asked = int(text) if text.isascii() and text.isdigit() else 1
        return max(1, min(USES_MOST, asked + ("more" in self.data)))

    def use_rows(self) -> list[dict[str, forms.BoundField]]:
        """Return the fields of each use by name."""
        return [{name: self[f"{name}_{place}"] for name in _use_fields([], [])} for place in range(self.count())]

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
            equipment=Equipment(given["equipment"]), days=days, hours=given["hours"],
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


class TheftForm(CaseForm):
    """Energy drawn past the meter; what it costs is worked out by the bills."""

    kind = BreachKind.THEFT
    after = ("meter", "since_date", "until_date", "is_tampered", "is_home")

    meter = forms.ChoiceField(label=_("Meter"))
    since_date = DayField(label=_("Since"))
    until_date = DayField(label=_("Ended on"), help_text=_("The first day without; the meter is read then."))
    is_tampered = forms.BooleanField(label=_("Meter, seal or leads were touched"), required=False)
    is_home = forms.BooleanField(label=_("It is a home"), required=False)
    given_cost = MoneyField(
        label=_("Other cost of the energy, for the penalty"), required=False,
        help_text=_("Leave it empty: the cost is what the bills say."),
    )  # fmt: skip
    cost_reason = forms.CharField(label=_("Why another cost"), max_length=300, required=False)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        meters = [(str(meter.id), meter.serial) for meter in self.known.place.meters]
        self.fields["meter"].choices = meters  # type: ignore[attr-defined]

    def rows(self) -> list[forms.BoundField]:
        """Return the fields of the way first, then the days, then the meter."""
        return [self[name] for name in (*self.own, *self.after)]

    def energy(self) -> tuple[Amount, tuple[Step, ...], date]:
        """Return the energy, how it came about, and since when."""
        raise NotImplementedError

    def clean(self) -> dict[str, Any]:
        """Ask why where somebody sets another cost."""
        given: dict[str, Any] = super().clean() or {}
        if given.get("given_cost") is not None and not given.get("cost_reason"):
            self.add_error("cost_reason", _now("Say why another cost is taken than what the bills say."))
        return given

    def told(self) -> Told:
        """Return the theft, with the correction that bills its energy."""
        amount, steps, since_date = self.energy()
        data = self.cleaned_data
        order = Order(
            service_point_id=self.known.agreement.service_point_id,
            meter_id=int(data["meter"]),
            cause=Cause.THEFT,
            since_date=since_date,
            until_date=data["until_date"],
            amount=amount,
            evidence=data["evidence"],
            given=self.given(),
            is_customer_fault=True,
        )
        tampering = Tampering(is_home=data["is_home"]) if data["is_tampered"] else None
        fact = Theft(
            computed_minor=None, given_minor=data["given_cost"], reason=data["cost_reason"], tampering=tampering
        )
        return Told(fact=fact, steps=steps, order=order)


class TheftByPowerForm(TheftForm):
    """Equipment past the meter: power times hours times days."""

    own = ("power_kw", "equipment", "hours")
    power_kw = EnergyField(label=_("Power of the equipment (kW)"))
    equipment = forms.ChoiceField(label=_("Equipment"), choices=lambda: list(EQUIPMENT.items()))
    hours = _hours()

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["since_date"].required = False
        self.fields["since_date"].help_text = _("Not known: as many days as the rule says.")

    def energy(self) -> tuple[Amount, tuple[Step, ...], date]:
        """Return power times hours times days; days that nobody knows by the rule."""
        data = self.cleaned_data
        since, until = data["since_date"], data["until_date"]
        energy_wh, days, step = breach_facts.energy_of_use(
            kind=self.kind, at=data["found_date"], power_w=data["power_kw"], equipment=Equipment(data["equipment"]),
            days=(until - since).days if since else None, hours=data["hours"],
        )  # fmt: skip
        return AddedEnergy(energy_wh=energy_wh), (step,), since or until - timedelta(days=days)


class TheftByEnergyForm(TheftForm):
    """Energy that another meter or a record shows."""

    own = ("energy_kwh",)
    energy_kwh = EnergyField(label=_("Energy that was not counted (kWh)"))

    def energy(self) -> tuple[Amount, tuple[Step, ...], date]:
        """Return the energy as it was shown."""
        return AddedEnergy(energy_wh=self.cleaned_data["energy_kwh"]), (), self.cleaned_data["since_date"]


class TheftByRatioForm(TheftForm):
    """A meter that was made to count too little."""

    own = ("real", "shown")
    real = NumberField(label=_("Really used"), help_text=_("As 120, where the meter counts 90; or the real ratio."))
    shown = NumberField(label=_("Counted of it"))

    def energy(self) -> tuple[Amount, tuple[Step, ...], date]:
        """Return the factor on what was counted."""
        real, shown = self.cleaned_data["real"], self.cleaned_data["shown"]
        if shown <= 0 or real <= shown:
            raise BadBreach("More was used than counted.", advice="Check both numbers.", field="shown")
        return Scale(factor=Fraction(real) / shown), (), self.cleaned_data["since_date"]


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
        "way": forms.ChoiceField(label=_("Energy by"), choices=list(WAYS.items())),
        "power_kw": EnergyField(label=_("Power (kW)"), required=False),
        "equipment": forms.ChoiceField(label=_("Equipment"), choices=list(EQUIPMENT.items())),
        "hours": forms.IntegerField(
            label=_("Hours a day"),
            min_value=1,
            max_value=24,
            required=False,
            help_text=_("Not known: as the rule says."),
        ),
        "since": DayField(label=_("Since"), required=False, help_text=_("Not known: as many months as the rule says.")),
        "until": DayField(label=_("Until, not included"), required=False),
        "energy_kwh": EnergyField(label=_("Energy (kWh)"), required=False),
        "paid": forms.ChoiceField(label=_("Price that was paid"), choices=paid),
        "right": forms.ChoiceField(label=_("Price that it has"), choices=[("", "–"), *right]),
    }


def _needed(given: Mapping[str, Any], name: str, place: int) -> Any:
    if given[name] is None:
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
