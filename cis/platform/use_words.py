"""Words for shapes of use that desk and portal share."""

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext_lazy

SHAPES: Mapping[str, tuple[Any, Any]] = {
    "evening": (
        gettext_lazy("An evening home"),
        gettext_lazy("Most is used in the evening; it is quiet by day."),
    ),
    "night": (
        gettext_lazy("A night user"),
        gettext_lazy("Most is used at night, as by a car that charges, a store of heat or a bakery."),
    ),
    "office": (
        gettext_lazy("An office"),
        gettext_lazy("Most is used by day on working days; evenings and days off are quiet."),
    ),
    "day_at_home": (
        gettext_lazy("A day at home"),
        gettext_lazy("It is used from morning to evening, also on days off, as where somebody is at home by day."),
    ),
    "flat": (
        gettext_lazy("Always the same"),
        gettext_lazy("About as much is used at all hours, as by machines that never stop."),
    ),
    "sun": (
        gettext_lazy("A home with sun"),
        gettext_lazy("Little is taken at noon: the sun gives it then."),
    ),
}
"""Shape (``metering.domain.clusters``) -> its name, and what it means."""


def shape(code: str) -> tuple[Any, Any]:
    """Return name and meaning of a shape."""
    return SHAPES.get(code, (code, ""))
