"""Words of the books: states of accounting months, what was done, what stands against a close."""

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext_lazy as _

PERIOD_STATES: Mapping[str, Any] = {
    "open": _("Not closed"),
    "proposed": _("Waits for a second person"),
    "closed": _("Closed for good"),
}
PERIOD_DONE: Mapping[str, Any] = {
    "propose": _("The close is proposed; a second person closes the month."),
    "take_back": _("The proposal is taken back; the month stays open."),
    "close": _("The month is closed."),
}
PERIOD_OBSTACLES: Mapping[str, Any] = {
    "month_not_over": _("The month is not over."),
    "month_before_is_open": _("A month before it is open."),
    "run_is_issuing": _("Bills are being issued."),
    "law_is_broken": _("A law of the books does not hold."),
}
