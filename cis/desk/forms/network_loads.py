"""Forms on loads of the network: which are listed."""

from datetime import date, timedelta
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from cis.platform.forms import PageForm
from metering.domain.network import Asset
from metering.queries.network import AssetCard
from metering.queries.network_loads import Wanted
from metering.queries.voltages import Wanted as VoltagesWanted

KINDS = ((Asset.TRANSFORMER.value, _("Transformers")), (Asset.FEEDER.value, _("Feeders")))


class LoadListForm(PageForm):
    """Whether transformers or feeders are listed, of which feeder, and whether only those that carry too much."""

    kind = forms.ChoiceField(label=_("What"), required=False, choices=KINDS)
    feeder = forms.ChoiceField(label=_("Feeder"), required=False)
    only = forms.ChoiceField(
        label=_("Load"), required=False, choices=(("all", _("All")), ("over", _("Only more than usable")))
    )

    def __init__(self, *args: Any, feeders: tuple[AssetCard, ...], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["feeder"].choices = [("", _("All feeders")), *((str(f.id), f.name) for f in feeders)]  # type: ignore[attr-defined]

    def wanted(self) -> Wanted:
        """Return what is asked for; a filter that is wrong filters nothing."""
        given = self.cleaned_data if self.is_valid() else {}
        feeder = given.get("feeder") or ""
        return Wanted(
            asset=Asset(given.get("kind") or Asset.TRANSFORMER), feeder_id=int(feeder) if feeder else None,
            only_over=given.get("only") == "over",
        )  # fmt: skip


class DayForm(PageForm):
    """Of which day a forecast is."""

    when = forms.ChoiceField(
        label=_("Day"), required=False, choices=(("tomorrow", _("Tomorrow")), ("today", _("Today")))
    )

    def day(self, today: date) -> date:
        """Return the day that is asked for; tomorrow where none is."""
        given = self.cleaned_data.get("when") if self.is_valid() else ""
        return today if given == "today" else today + timedelta(days=1)


class ForecastListForm(LoadListForm, DayForm):
    """The same of a day that is forecast."""


class VoltageListForm(DayForm):
    """Whether all voltages of a day are listed, or only those that leave the band."""

    only = forms.ChoiceField(
        label=_("Voltage"), required=False, choices=(("all", _("All")), ("out", _("Only out of the band")))
    )

    def wanted(self) -> VoltagesWanted:
        """Return what is asked for; a filter that is wrong filters nothing."""
        given = self.cleaned_data if self.is_valid() else {}
        return VoltagesWanted(only_out=given.get("only") == "out")
