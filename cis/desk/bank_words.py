"""Words for statements of the bank: formats, states of lines, and why money is thought to be whose."""

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext_lazy as _

STATES: Mapping[str, Any] = {
    "new": _("Waits to be posted"),
    "booked": _("Posted"),
    "suspense": _("In suspense"),
    "proposed": _("Waits for a second person"),
    "sent_back": _("Goes back"),
    "taken_back": _("Went back"),
    "settled": _("Dealt with"),
    "known": _("Counts elsewhere"),
}
REASONS: Mapping[str, Any] = {
    "bill_and_amount": _("bill number and exact amount"),
    "account_number": _("account number"),
    "number_and_name": _("number and payer's name"),
    "number_and_amount": _("number and exact amount"),
    "amount_and_name": _("exact amount and payer's name"),
    "number_alone": _("a number, nothing else"),
    "several": _("numbers of several accounts"),
    "namesakes": _("several of this name owe this amount"),
    "nothing_found": _("nothing found"),
    "return": _("return of an earlier payment"),
    "return_unknown": _("return; of what, is not sure"),
    "went_out": _("money that went out"),
    "entry_differs": _("this entry came before with another amount"),
    "perhaps_known": _("looks like a line of another statement"),
    "is_known": _("came in another file"),
    "transfer_out": _("transfer back to a payer"),
    "consolidated_bill": _("the number of a consolidated bill"),
    "debit_collected": _("collected by direct debit"),
    "debit_differs": _("names a direct debit, and is not its amount"),
    "debit_returned": _("direct debit that came back"),
    "deposit": _("deposit of a till"),
    "hand_over": _("money that an agent hands over"),
    "refund": _("credit paid out"),
}
FORMATS: Mapping[str, Any] = {"camt.053": "camt.053", "camt.054": "camt.054", "mt940": "MT940"}
DECISIONS: Mapping[str, Any] = {
    "send_back": _("Send back"),
    "fee": _("Fee of the bank"),
    "entered": _("Posted where it was decided"),
    "known": _("Counts elsewhere"),
    "payout": _("Payout of a provider"),
    "deposit": _("Deposit of a till"),
    "hand_over": _("Money of an agent"),
}
TABLES: Mapping[str, Mapping[str, Any]] = {
    "bank_line": STATES,
    "bank_reason": REASONS,
    "bank_format": FORMATS,
    "bank_decision": DECISIONS,
}
TONES: Mapping[tuple[str, str], str] = {
    ("bank_line", "new"): "info",
    ("bank_line", "booked"): "ok",
    ("bank_line", "suspense"): "warn",
    ("bank_line", "proposed"): "info",
    ("bank_line", "taken_back"): "bad",
}
