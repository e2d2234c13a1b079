"""Words of load forecasts, for codes that pages show."""

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext_lazy as _

METHODS: Mapping[str, Any] = {"boosted": _("Learned from the past"), "seasonal_naive": _("As a week ago")}
WEATHERS: Mapping[str, Any] = {
    "forecast": _("With the weather forecast"),
    "day_old": _("With the last temperature that was measured"),
    "none": _("Without weather"),
}
KINDS: Mapping[str, Any] = {"observed": _("Measured"), "forecast": _("Forecast")}
SALES_METHODS: Mapping[str, Any] = {
    "boosted": _("Learned from the past"),
    "last_year": _("As last year, with its growth"),
}
TABLES: Mapping[str, Mapping[str, Any]] = {
    "forecast_method": METHODS,
    "forecast_weather": WEATHERS,
    "weather_kind": KINDS,
    "sales_method": SALES_METHODS,
}
TONES: Mapping[tuple[str, str], str] = {}
