"""Forms on theft: one for each way to say how much was stolen."""

from datetime import date, timedelta
from fractions import Fraction
from typing import Any

from django import forms
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _

from cis.desk.forms.cases import EQUIPMENT, CaseForm, Told, hours_field
from cis.desk.forms.correction_methods import NumberField
from cis.platform.forms import DayField, EnergyField, MoneyField
from contracts.domain.breach_claims import Tampering, Theft
from contracts.domain.breach_steps import Step
from contracts.domain.breaches import BadBreach, BreachKind, Equipment
from contracts.queries import breach_facts
from metering.domain.correction_orders import AddedEnergy, Amount, Order, Scale
from metering.domain.corrections import Cause


class TheftForm(CaseForm):
    """Energy drawn past the meter; what it costs is worked out by the bills."""

    kind = BreachKind.THEFT
    after = ("meter", "since_date", "until_date", "is_tampered", "is_home")

    meter = forms.ChoiceField(label=_("Meter"))
    since_date = DayField(label=_("Since when"))
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
    hours = hours_field()

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
