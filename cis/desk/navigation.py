"""Where the desk's navigation leads."""

from django.utils.translation import gettext_noop as _

from cis.desk.roles import ADMINS, BILLERS, READERS
from cis.kernel.enums import Role
from cis.platform.rendering import NavEntry

STAFF = frozenset(READERS)
ENTRIES = (
    NavEntry("home", _("Home"), "home", STAFF),
    NavEntry("desk:customers", _("Customers"), "users", STAFF),
    NavEntry("desk:applications", _("Applications"), "plug", STAFF),
    NavEntry("desk:contracts", _("Contracts"), "file-text", STAFF),
    NavEntry("desk:bills", _("Bills"), "file-invoice", STAFF),
    NavEntry("desk:runs", _("Runs"), "refresh-dot", STAFF),
    NavEntry("desk:corrections", _("Corrections"), "scale", STAFF),
    NavEntry("desk:changes", _("Changes of use"), "versions", STAFF),
    NavEntry("desk:breaches", _("Breach and theft"), "gavel", STAFF),
    NavEntry("desk:notices", _("Notices"), "send", STAFF),
    NavEntry("desk:field", _("My day"), "route", frozenset({Role.FIELD})),
    NavEntry("desk:work_orders", _("Work orders"), "tools", STAFF),
    NavEntry("desk:meters", _("Meter store"), "gauge", STAFF),
    NavEntry("desk:inspections", _("Inspections"), "list-check", STAFF),
    NavEntry("desk:network", _("Network"), "topology-star-3", STAFF),
    NavEntry("desk:files", _("Meter files"), "file-import", STAFF),
    NavEntry("desk:tariffs", _("Tariffs"), "receipt-2", STAFF),
    NavEntry("desk:simulations", _("Simulations"), "chart-histogram", frozenset(BILLERS)),
    NavEntry("desk:staff", _("Staff"), "user-shield", frozenset(ADMINS)),
)
