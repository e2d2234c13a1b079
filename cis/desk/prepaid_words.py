"""Words for prepaid accounts."""

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext_lazy as _

LEVELS: Mapping[str, Any] = {"ok": _("Enough is left"), "low": _("Low"), "pending": _("Used up: cut pending")}
REVIEWS: Mapping[str, Any] = {
    "no_agreement": _("Agreement missing"), "stale": _("Read too old"), "jump": _("Jump of use"),
    "unrated": _("Cannot be rated"),
}  # fmt: skip
REVIEWS_SAID: Mapping[str, Any] = {
    "no_agreement": _("Whoever holds the account has not agreed to prepayment: switch it back, or let it be signed."),
    "stale": _("The latest read is too old, or there is none: have the meter read."),
    "jump": _("More was used a day than is usual here: compare the read, then accept it or correct it."),
    "unrated": _("What was used cannot be rated: a read, a meter or a price is missing."),
}
LISTED: Mapping[str, Any] = {
    "low": _("Below the line of warning"), "pending": _("Cut pending"), "cut": _("Cut off"), "review": _("To review"),
}  # fmt: skip
TABLES: Mapping[str, Mapping[str, Any]] = {
    "prepaid_level": LEVELS,
    "prepaid_review": REVIEWS,
    "prepaid_said": REVIEWS_SAID,
}
TONES: Mapping[tuple[str, str], str] = {
    ("prepaid_level", "ok"): "ok", ("prepaid_level", "low"): "warn", ("prepaid_level", "pending"): "bad",
    ("prepaid_review", "no_agreement"): "warn", ("prepaid_review", "stale"): "warn",
    ("prepaid_review", "jump"): "warn", ("prepaid_review", "unrated"): "warn",
}  # fmt: skip
