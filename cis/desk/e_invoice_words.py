"""Words for e-invoices."""

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext_lazy as _

STATES: Mapping[str, Any] = {
    "proposed": _("Waits for a second person"),
    "due": _("To be asked for"),
    "asked": _("Asked for"),
    "issued": _("Invoice issued"),
    "failed": _("To be mended"),
    "dropped": _("Not needed"),
}
KINDS: Mapping[str, Any] = {"ordinary": _("Ordinary"), "special": _("Special VAT invoice")}
COLOURS: Mapping[str, Any] = {"blue": _("Blue"), "red": _("Red")}
REASONS: Mapping[str, Any] = {
    "error": _("Error on the invoice"),
    "return": _("Goods returned"),
    "stopped": _("Service ended early"),
    "allowance": _("Price reduced later"),
}
FAILURES: Mapping[str, Any] = {
    "bad_buyer": _("The platform does not take the buyer's data"),
    "buyer_number_missing": _("The buyer's taxpayer number is missing"),
    "bad_lines": _("Lines and sums do not agree"),
    "busy": _("The platform was busy"),
    "quota": _("The sum that may be issued this month is used up"),
    "blue_unknown": _("The platform does not know the blue invoice"),
    "blue_used_up": _("Less is left of the blue invoice"),
    "buyer_refused": _("The buyer did not agree to the red form"),
    "no_category": _("No tax category for something on the bill"),
    "tax_does_not_fit": _("A tax does not fit its rate"),
    "below_zero": _("At one rate the bill comes out below 0"),
    "too_many_discounts": _("A line has more discounts than an invoice has lines"),
    "earlier_failed": _("The invoice of an earlier bill failed"),
    "no_buyer": _("Nobody holds the account"),
    "e_invoice_red_too_much": _("More is taken back than the earlier invoice says"),
}
ADVICE: Mapping[str, Any] = {
    "bad_buyer": _("Correct the tax data of the account, then send again."),
    "buyer_number_missing": _("Enter the tax data of the account, then send again."),
    "bad_lines": _("Compare the lines with the bill, and tell billing."),
    "busy": _("It is sent again by itself in some minutes."),
    "quota": _("Ask the tax office for a higher sum; it is sent again by itself the next day."),
    "blue_unknown": _("Look the blue invoice up at the platform."),
    "blue_used_up": _("Look whether it was taken back at the platform itself."),
    "buyer_refused": _("Ask the buyer, then send again."),
    "no_category": _("Name its class in the pack rule e_invoices, then send again."),
    "tax_does_not_fit": _("Compare the tariff's tax with the line, then send again."),
    "below_zero": _("Take an earlier invoice back in part, on its page."),
    "too_many_discounts": _("Raise lines_most in the pack rule e_invoices, then send again."),
    "earlier_failed": _("Mend that one first, then send this one again."),
    "no_buyer": _("Enter who holds the account, then send again."),
    "e_invoice_red_too_much": _("Look what was taken back by hand, on the page of the earlier invoice."),
}
"""What is to be done about a failure."""
CAUSES: Mapping[str, Any] = {
    "under_way": _("Invoices of the month's bills are under way or failed"),
    "not_wanted": _("Bills of the month have no invoice yet"),
    "later": _("Invoices of the month's bills were issued in another month"),
    "earlier": _("Invoices of the month are of bills of another month"),
    "by_hand": _("Taken back or issued anew by hand"),
    "other": _("VAT posted beside bills"),
}
CONSENTS: Mapping[str, Any] = {
    "portal": _("in the portal"),
    "paper": _("on paper"),
    "desk": _("at the counter or by phone"),
    "api": _("by interface"),
}
HAPPENED: Mapping[str, Any] = {
    "plan": _("made due"),
    "issue": _("invoice issued"),
    "refuse": _("refused"),
    "again": _("sent again"),
    "drop": _("dropped"),
    "take_back": _("to be taken back"),
    "agree": _("agreed"),
    "other_number": _("the platform named another number"),
}
TABLES: Mapping[str, Mapping[str, Any]] = {
    "e_invoice": STATES,
    "e_invoice_kind": KINDS,
    "e_invoice_colour": COLOURS,
    "e_invoice_reason": REASONS,
    "e_invoice_failure": FAILURES,
    "e_invoice_advice": ADVICE,
    "e_invoice_cause": CAUSES,
    "e_invoice_consent": CONSENTS,
    "e_invoice_deed": HAPPENED,
}
TONES: Mapping[tuple[str, str], str] = {
    ("e_invoice", "proposed"): "warn",
    ("e_invoice", "due"): "info",
    ("e_invoice", "asked"): "info",
    ("e_invoice", "issued"): "ok",
    ("e_invoice", "failed"): "bad",
    ("e_invoice", "dropped"): "",
}
EVENTS: Mapping[tuple[str, str], Any] = {
    ("account", "save_tax_profile"): _("Tax data of the buyer entered"),
    ("account", "request_e_invoice"): _("E-invoice asked for"),
}
"""Sentences of the timeline of an account."""
