"""Forms on simulations of prices."""

from datetime import date
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from billing.operations.simulations import Filters
from billing.queries import cycles
from cis.desk.forms.customers import KINDS, choices
from cis.kernel.periods import Period, add_months
from cis.platform.forms import PageForm
from cis.platform.templatetags.local import in_language, until
from cis.platform.templatetags.local import month as month_text
from metering.queries import places
from tariffs.queries import plans
from tariffs.queries.plans import TariffCard, VersionCard

LENGTHS = (12, 6, 3, 1)
LASTS = 24
OWN = ""
ORDERS = {"largest": _("Largest change"), "pays_more": _("Pays most more"), "pays_less": _("Pays most less")}


class SimulationForm(PageForm):
    """Which prices are simulated over which billed months, for whom."""

    field_of = {
        "unusable_prices": "versions",
        "replaced_twice": "versions",
        "invalid_tariff": "versions",
        "unknown_tariff_version": "versions",
        "nothing_to_simulate": "instead_of",
        "unknown_cycle": "cycle",
    }
    versions = forms.MultipleChoiceField(label=_("Prices to be tried"), widget=forms.CheckboxSelectMultiple)
    instead_of = forms.ChoiceField(
        label=_("In place of"),
        required=False,
        help_text=_("Another tariff can be chosen for one version alone: what if its customers had these prices?"),
    )
    last = forms.ChoiceField(label=_("Last billed month"))
    months = forms.TypedChoiceField(label=_("Months"), choices=[(one, one) for one in LENGTHS], coerce=int)
    cycle = forms.ChoiceField(label=_("Bill cycle"), required=False)
    kind = forms.ChoiceField(label=_("Class of customers"), required=False, choices=choices(KINDS, empty=_("All")))
    area = forms.ChoiceField(label=_("Area"), required=False)
    name = forms.CharField(
        label=_("Name"), required=False, max_length=100, help_text=_("What you will look for later.")
    )

    def __init__(self, *args: Any, billed: Period, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        book = plans.price_book()
        own = (OWN, _("the versions of its own tariff"))
        self.set_choices("versions", [(str(one.id), _words(card, one)) for card, one in _offered(book)])
        self.set_choices("instead_of", [own, *((str(card.id), f"{_name(card)} ({card.code})") for card in book)])
        ends = [add_months(billed.end, -back - 1) for back in range(LASTS)]
        self.set_choices("last", [(one.isoformat(), month_text(one)) for one in ends])
        all_of = ("", _("All"))
        self.set_choices("cycle", [all_of, *((str(one.id), one.code) for one in cycles.listed())])
        self.set_choices("area", [all_of, *((one, one) for one in places.all_districts())])

    def set_choices(self, name: str, offered: list[tuple[str, Any]]) -> None:
        """Offer these choices in a field."""
        self.fields[name].choices = offered  # type: ignore[attr-defined]

    def clean(self) -> dict[str, Any]:
        """Let one version alone stand in place of another tariff."""
        given = super().clean() or {}
        if given.get("instead_of") and len(given.get("versions", [])) > 1:
            self.add_error("instead_of", _("Choose one version only, or leave each in place of its own tariff."))
        return given

    def period(self) -> Period:
        """Return the months that are looked at."""
        end = add_months(date.fromisoformat(self.cleaned_data["last"]), 1)
        return Period(add_months(end, -self.cleaned_data["months"]), end)

    def filters(self) -> Filters:
        """Return which supplies are looked at."""
        cycle = self.cleaned_data["cycle"]
        return Filters(
            cycle_id=int(cycle) if cycle else None,
            customer_kind=self.cleaned_data["kind"],
            district=self.cleaned_data["area"],
        )


class SupplyListForm(PageForm):
    """Order of the list of supplies of a simulation."""

    order = forms.ChoiceField(label=_("Order"), required=False, choices=choices(ORDERS))


def _offered(book: tuple[TariffCard, ...]) -> list[tuple[TariffCard, VersionCard]]:
    """Return drafts and published versions, drafts first: they are what a simulation is for."""
    every = [(card, one) for card in book for one in card.versions if one.state in {"draft", "published"}]
    return sorted(every, key=lambda one: one[1].state == "published")


def _words(card: TariffCard, version: VersionCard) -> str:
    state = "" if version.state == "published" else f" · {_('draft')} {version.id}"
    return f"{_name(card)} · {until(version.start_date, version.end_date)}{state}"


def _name(card: TariffCard) -> str:
    return in_language({"zh": card.name_zh, "en": card.name_en})
