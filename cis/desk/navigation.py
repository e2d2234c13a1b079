"""Where the desk's navigation leads."""

from django.utils.translation import gettext_noop as _

from cis.desk.roles import ADMINS, BILLERS, READERS
from cis.kernel.enums import Role
from cis.platform.rendering import NavEntry, NavSection

STAFF = frozenset(READERS)
_CARE = NavSection(_("Customer care"), "users-group")
_BILLING = NavSection(_("Billing"), "file-invoice")
_MONEY = NavSection(_("Payments and debts"), "cash")
_FIELD = NavSection(_("Field and meters"), "tools")
_PRICES = NavSection(_("Prices"), "receipt-2")
_AGREED = ("desk:offers", "desk:programmes", "desk:enrolments", "desk:demand_events", "desk:vens")
_CARED = ("desk:visits", "desk:visit_scores", "desk:care_plans", "desk:points_report", "desk:duplicates")
_LEARNT = (
    "desk:case_figures", "desk:case_evaluations", "desk:lessons", "desk:case_trends", "desk:published",
)  # fmt: skip
_OUT = ("desk:new_refund", "desk:move_payment", "desk:write_offs")
_PURSUED = ("desk:calls", "desk:dunning_batches", "desk:holds", "desk:plans", "desk:cut_orders", "desk:forecasts")
_STORE = ("desk:seals", "desk:meter_commands", "desk:energizings")
_DEBITS = ("desk:mandates", "desk:debit_batches")
_TOLD = ("desk:teams", "desk:call_requests", "desk:case_mails", "desk:case_suggestions", *_LEARNT)
_DARK = ("desk:report_fault", "desk:meter_alarms", "desk:planned_outages", "desk:reliability")
ENTRIES = (
    NavEntry("home", _("Home"), "home", STAFF),
    NavEntry("desk:tasks", _("Deadlines"), "clock-hour-4", STAFF),
    NavEntry("desk:customers", _("Customers"), "users", STAFF, _CARE),
    NavEntry("desk:applications", _("Applications"), "plug", STAFF, _CARE),
    NavEntry("desk:contracts", _("Contracts"), "file-text", STAFF, _CARE, _AGREED),
    NavEntry("desk:cases", _("Complaints"), "help-circle", STAFF, _CARE, _TOLD),
    NavEntry("desk:changes", _("Changes of use"), "versions", STAFF, _CARE),
    NavEntry("desk:protections", _("Care"), "shield-lock", STAFF, _CARE, _CARED),
    NavEntry("desk:notices", _("Notices"), "send", STAFF, _CARE),
    NavEntry("desk:erasures", _("Personal data"), "user-shield", STAFF, _CARE, ("desk:access_log",)),
    NavEntry("desk:bills", _("Bills"), "file-invoice", STAFF, _BILLING, ("desk:consolidated_bills",)),
    NavEntry("desk:e_invoices", _("E-invoices"), "receipt", STAFF, _BILLING),
    NavEntry("desk:runs", _("Runs"), "refresh-dot", STAFF, _BILLING),
    NavEntry("desk:corrections", _("Corrections"), "scale", STAFF, _BILLING, ("desk:late_reads",)),
    NavEntry("desk:completeness", _("Completeness"), "list-check", STAFF, _BILLING),
    NavEntry("desk:charges", _("One-off charges"), "receipt", STAFF, _BILLING),
    NavEntry("desk:breaches", _("Breach and theft"), "gavel", STAFF, _BILLING),
    NavEntry("desk:till", _("Cash desk"), "cash-register", STAFF, _MONEY),
    NavEntry("desk:agents", _("Agents"), "building-store", STAFF, _MONEY),
    NavEntry("desk:statements", _("Bank"), "building-bank", STAFF, _MONEY, ("desk:suspense",)),
    NavEntry("desk:checkouts", _("Online payments"), "credit-card", STAFF, _MONEY, ("desk:payouts",)),
    NavEntry("desk:debits", _("Direct debits"), "calendar-repeat", STAFF, _MONEY, _DEBITS),
    NavEntry("desk:refunds", _("Refunds and adjustments"), "cash", STAFF, _MONEY, _OUT),
    NavEntry("desk:overdue", _("Overdue"), "alert-triangle", STAFF, _MONEY, _PURSUED),
    NavEntry("desk:prepaid", _("Prepaid accounts"), "battery-2", STAFF, _MONEY, ("desk:switch_to_prepaid",)),
    NavEntry("desk:budgets", _("Budget plans"), "scale", STAFF, _MONEY),
    NavEntry("desk:late_fees", _("Late fees"), "clock-hour-4", STAFF, _MONEY),
    NavEntry("desk:books", _("Books"), "book-2", STAFF, _MONEY),
    NavEntry("desk:field", _("My day"), "route", frozenset({Role.FIELD}), _FIELD),
    NavEntry("desk:outages", _("Outages"), "bolt", STAFF, _FIELD, _DARK),
    NavEntry("desk:routes", _("Reading routes"), "map-2", STAFF, _FIELD),
    NavEntry("desk:work_orders", _("Work orders"), "tools", STAFF, _FIELD),
    NavEntry("desk:meters", _("Meter store"), "gauge", STAFF, _FIELD, _STORE),
    NavEntry("desk:inspections", _("Inspections"), "list-check", STAFF, _FIELD, ("desk:usage_inspections",)),
    NavEntry("desk:network", _("Network"), "topology-star-3", STAFF, _FIELD),
    NavEntry("desk:files", _("Meter files"), "file-import", STAFF, _FIELD, ("desk:usage",)),
    NavEntry("desk:exceptions", _("Exceptions"), "alert-triangle", STAFF, _FIELD),
    NavEntry("desk:anomalies", _("Anomalies"), "chart-histogram", STAFF, _FIELD),
    NavEntry(
        "desk:load_forecasts",
        _("Load forecast"),
        "trending-up",
        STAFF,
        _FIELD,
        ("desk:load_weather", "desk:sales_forecasts"),
    ),
    NavEntry("desk:tariffs", _("Tariffs"), "receipt-2", STAFF, _PRICES),
    NavEntry("desk:simulations", _("Simulations"), "chart-histogram", frozenset(BILLERS), _PRICES),
    NavEntry("desk:rules", _("Rules"), "scale", STAFF, _PRICES),
    NavEntry("desk:staff", _("Staff"), "user-shield", frozenset(ADMINS)),
)
