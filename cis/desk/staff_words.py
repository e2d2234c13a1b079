"""Words for the roles of people who work here."""

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext_lazy as _

ROLES: Mapping[str, Any] = {
    "clerk": _("Clerk"),
    "cashier": _("Cashier"),
    "billing": _("Billing"),
    "metering": _("Metering"),
    "field": _("Field work"),
    "supervisor": _("Supervisor"),
    "auditor": _("Auditor"),
    "admin": _("Administrator"),
}
ROLE_MEANINGS: Mapping[str, Any] = {
    "clerk": _("takes on and edits customers, begins and ends supplies, enters reads"),
    "cashier": _("takes payments"),
    "billing": _("starts, approves and drops runs, cancels bills, drafts and publishes tariffs"),
    "metering": _("uploads meter files, enters reads"),
    "field": _("enters reads"),
    "supervisor": _("may do all of these"),
    "auditor": _("looks at everything and changes nothing"),
    "admin": _("lets staff in and looks at all tables"),
}
TABLES: Mapping[str, Mapping[str, Any]] = {"role": ROLES}
