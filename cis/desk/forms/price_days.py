"""Forms on prices day by day: an event to announce, a file of hourly prices."""

from typing import Any

from django import forms
from django.utils.translation import get_language, gettext
from django.utils.translation import gettext_lazy as _

from cis.desk.answers import today
from cis.platform.forms import DayField, PageForm
from tariffs.queries import versions
from tariffs.queries.versions import Standing

FILE_MOST = 20_000_000


class EventForm(PageForm):
    """Which event of which tariffs holds on a day."""

    field_of = {
        "announced_too_late": "event_date",
        "event_taken": "event_date",
        "no_price": "event_date",
        "unknown_event": "tariffs",
        "unknown_tariff": "tariffs",
    }
    event_date = DayField(label=_("Day"))
    tariffs = forms.MultipleChoiceField(label=_("Events of tariffs"), widget=forms.CheckboxSelectMultiple)
    source = forms.CharField(
        label=_("Source"), max_length=500, help_text=_("The forecast or notice that brings it about.")
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        is_chinese = (get_language() or "").startswith("zh")
        offered = []
        for row, rules in versions.with_events():
            name = row.name_zh if is_chinese else row.name_en
            if row.standing(today()) is not Standing.ENDED:
                offered += [(f"{row.code} {one.code}", f"{name}: {one.code} ({one.announced_by})") for one in rules]
        self.fields["tariffs"].choices = list(dict(offered).items())  # type: ignore[attr-defined]

    def by_event(self) -> dict[str, list[str]]:
        """Return the codes of tariffs by event."""
        found: dict[str, list[str]] = {}
        for chosen in self.cleaned_data["tariffs"]:
            tariff, _blank, event = chosen.partition(" ")
            found.setdefault(event, []).append(tariff)
        return found


class SeriesForm(PageForm):
    """A file of a price series."""

    field_of = {"unknown_price_unit": "unit", "price_changed": "corrects"}
    series = forms.RegexField(
        r"^[a-z0-9]+(?:[-_][a-z0-9]+)*$", label=_("Series"), max_length=60,
        help_text=_("Its code, as dynamic tariffs name it; a new one is made by its first file."),
    )  # fmt: skip
    unit = forms.CharField(label=_("Unit of the prices"), max_length=20, initial="CNY/MWh")
    source = forms.CharField(label=_("Source"), max_length=500, help_text=_("Who published the prices."))
    file = forms.FileField(label=_("File (CSV: start_at,price)"), max_length=255)
    corrects = forms.BooleanField(label=_("The publisher corrected prices loaded before"), required=False)

    def clean_file(self) -> str:
        """Return the text of the file."""
        file = self.cleaned_data["file"]
        if file.size > FILE_MOST:
            raise forms.ValidationError(gettext("The file is larger than is taken here: split it."))
        try:
            return str(file.read().decode("utf-8-sig"))
        except UnicodeDecodeError:
            raise forms.ValidationError(gettext("The file is not UTF-8: save it as UTF-8.")) from None
