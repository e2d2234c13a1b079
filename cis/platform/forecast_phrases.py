"""Sentences on load forecasts and temperatures, for ``cis.platform.phrases``."""

from collections.abc import Mapping

from django.utils.translation import gettext_noop as _

SENTENCES: Mapping[str, str] = {
    "unknown_forecast": _("There is no such forecast."),
    "too_few_forecast_days": _("Too few whole days of the area are known for a forecast."),
    "too_few_rows": _("Too few hours are known to learn from."),
    "forecast_day_has_begun": _("The day has begun: nobody forecasts it any more."),
    "bad_weather_file": _("The file of temperatures has errors; nothing of it was taken."),
    "weather_taken": _("The area has another series, or this series is of another area."),
    "not_yet_measured": _("Measured hours lie ahead: load them as a forecast."),
    "bad_columns": _("The first line names the columns, and these are not the right ones."),
    "not_plain": _("Times and temperatures stand without quotes: save the file as plain CSV."),
    "no_temperatures": _("There is no temperature in the file."),
    "bad_temperature": _("This is no temperature of air: give degrees Celsius."),
    "hour_comes_twice": _("The hour comes twice."),
}
