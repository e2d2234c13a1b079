"""Words of contracts and offers for codes that pages show."""

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext_lazy as _

CONTRACT_STATES: Mapping[str, Any] = {
    "draft": _("Draft"),
    "issued": _("Waits for a signature"),
    "signed": _("In force"),
    "withdrawn": _("Withdrawn"),
    "replaced": _("Replaced"),
    "ended": _("Ended"),
}
OFFER_STATES: Mapping[str, Any] = {
    "draft": _("Draft"),
    "sent": _("Waits for the customer"),
    "accepted": _("Accepted"),
    "declined": _("Declined"),
    "replaced": _("Replaced"),
    "expired": _("Expired"),
    "withdrawn": _("Withdrawn"),
}
USE_CLASSES: Mapping[str, Any] = {
    "residential": _("Residential"),
    "commercial": _("Commercial"),
    "industrial": _("Industrial"),
    "agricultural": _("Agricultural"),
}
SUPPLY_MODES: Mapping[str, Any] = {
    "low_single_phase": _("Low voltage, single phase"),
    "low_three_phase": _("Low voltage, three phases"),
    "high_single_source": _("High voltage, one source"),
    "high_dual_source": _("High voltage, two sources"),
    "temporary": _("Temporary supply"),
}
METERING_SIDES: Mapping[str, Any] = {
    "low_low": _("Fed and metered at low voltage"),
    "high_low": _("Fed at high, metered at low voltage"),
    "high_high": _("Fed and metered at high voltage"),
}
SIGNING_WAYS: Mapping[str, Any] = {"portal": _("in the portal"), "paper": _("on paper")}
TABLES: Mapping[str, Mapping[str, Any]] = {
    "contract": CONTRACT_STATES,
    "offer": OFFER_STATES,
    "use_class": USE_CLASSES,
    "supply_mode": SUPPLY_MODES,
    "metering_side": METERING_SIDES,
    "signing_way": SIGNING_WAYS,
}
TONES: Mapping[tuple[str, str], str] = {
    ("contract", "draft"): "info",
    ("contract", "issued"): "warn",
    ("contract", "signed"): "ok",
    ("offer", "draft"): "info",
    ("offer", "sent"): "warn",
    ("offer", "accepted"): "ok",
    ("offer", "declined"): "bad",
    ("offer", "expired"): "bad",
}
