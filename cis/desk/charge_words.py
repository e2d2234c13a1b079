"""Words for one-off charges: what they come from, what was done to them, and those of a case of breach."""

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext_lazy as _

CHARGE_ORIGINS: Mapping[str, Any] = {
    "": _("Case of breach"),
    "by_hand": _("Agreed by hand"),
    "change": _("Change of use"),
    "enrollment": _("Programme"),
    "late_fee": _("Bill that was paid late"),
    "offer": _("Offer"),
    "meter_test": _("Test of the meter"),
}
CHARGE_DEEDS: Mapping[str, Any] = {
    "propose": _("Entered; waits for a second person"),
    "agree": _("Agreed"),
    "drop": _("Dropped"),
    "reverse": _("Reversed"),
}

BREACH_CHARGES: Mapping[str, Any] = {
    "price_difference": _("Difference of prices"),
    "capacity_fee": _("Capacity fee"),
    "penalty": _("Penalty"),
}

TABLES: Mapping[str, Mapping[str, Any]] = {
    "charge_origin": CHARGE_ORIGINS,
    "charge_deed": CHARGE_DEEDS,
    "breach_charge": BREACH_CHARGES,
}
