"""Forms on load forecasts: which are listed, and a file of temperatures."""

from typing import Any

from django import forms
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from cis.desk.forecast_words import KINDS
from cis.desk.forms.customers import choices
from cis.platform.forms import DayField, PageForm
from metering.domain.weather import WeatherKind
from metering.queries.forecasts import Wanted
from metering.queries.network import AssetCard

FILE_MOST = 10_000_000
WHOLE, ALL = "-", ""
"""The whole supplier, and all areas, in the address of a list."""


class ForecastListForm(PageForm):
    """Which forecasts are listed."""

    area = forms.ChoiceField(label=_("Area"), required=False)
    since = DayField(label=_("From"), required=False)
    until = DayField(label=_("Until"), required=False)

    def __init__(self, *args: Any, feeders: tuple[AssetCard, ...], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["area"].choices = [  # type: ignore[attr-defined]
            (ALL, _("All")), (WHOLE, _("Whole supplier")), *((one.external_id, one.name) for one in feeders),
        ]  # fmt: skip

    def wanted(self) -> Wanted:
        """Return what is asked for; a filter that is wrong filters nothing."""
        given = self.cleaned_data if self.is_valid() else {}
        area = given.get("area") or ALL
        chosen = None if area == ALL else "" if area == WHOLE else area
        return Wanted(area=chosen, since=given.get("since"), until=given.get("until"))


class WeatherForm(PageForm):
    """A file of temperatures."""

    field_of = {"weather_taken": "series", "not_yet_measured": "kind", "unknown_feeder": "feeder"}
    series = forms.RegexField(
        r"^[a-z0-9]+(?:[-_][a-z0-9]+)*$", label=_("Series"), max_length=60,
        help_text=_("Its code; a new one is made by its first file."),
    )  # fmt: skip
    kind = forms.ChoiceField(label=_("Temperatures are"), choices=choices(KINDS))
    feeder = forms.ChoiceField(label=_("Area"), required=False)
    source = forms.CharField(label=_("Source"), max_length=500, help_text=_("Who measures or forecasts them."))
    file = forms.FileField(
        label=_("File (CSV: start_at,temperature)"), max_length=255,
        help_text=_("A line an hour, its time with the offset, degrees Celsius: 2026-07-01T00:00+08:00,27.4"),
    )  # fmt: skip

    def __init__(self, *args: Any, feeders: tuple[AssetCard, ...], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        named = [(str(one.id), one.name) for one in feeders]
        self.fields["feeder"].choices = [("", _("All areas without their own")), *named]  # type: ignore[attr-defined]

    def clean_file(self) -> str:
        """Return the text of the file."""
        file = self.cleaned_data["file"]
        if file.size > FILE_MOST:
            raise forms.ValidationError(gettext("The file is larger than is taken here: split it."))
        try:
            return str(file.read().decode("utf-8-sig"))
        except UnicodeDecodeError:
            raise forms.ValidationError(gettext("The file is not UTF-8: save it as UTF-8.")) from None

    def given(self) -> dict[str, Any]:
        """Return what a valid form says, as ``metering.operations.weather.load`` takes it."""
        given = self.cleaned_data
        return {
            "series": given["series"], "kind": WeatherKind(given["kind"]), "text": given["file"],
            "source": given["source"], "feeder_id": int(given["feeder"]) if given["feeder"] else None,
        }  # fmt: skip
