"""Words for online payments and payouts of providers."""

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext_lazy as _

STATES: Mapping[str, Any] = {
    "created": _("Not paid yet"),
    "pending": _("Being checked"),
    "paid": _("Paid"),
    "held": _("Held"),
    "failed": _("Refused or left"),
    "expired": _("Time over"),
    "reversed": _("Taken back"),
}
NEEDS: Mapping[str, Any] = {
    "other_amount": _("another amount or currency than asked for"),
    "paid_twice": _("a second payment for one order"),
    "back_unclear": _("money went back that does not fit"),
    "reversed": _("taken back: the debt is open again"),
    "no_answer": _("the provider does not answer"),
}
PROVIDERS: Mapping[str, Any] = {
    "sandbox": _("Card or bank app (test)"),
    "sandbox_alipay": _("Wallet A (test)"),
    "sandbox_wechat": _("Wallet W (test)"),
}
ORIGINS: Mapping[str, Any] = {
    "portal": _("Portal"),
    "link": _("Code on the bill"),
    "api": _("By interface"),
}
SAID: Mapping[str, Any] = {
    "pending": _("Pending"),
    "paid": _("Paid"),
    "failed": _("Refused or left"),
    "expired": _("Time over"),
    "reversed": _("Taken back"),
}
OUTCOMES: Mapping[str, Any] = {
    "": _("known, nothing changed"),
    "begin": _("waits for the money"),
    "pay": _("booked"),
    "hold": _("held in suspense"),
    "fail": _("ended"),
    "expire": _("ended"),
    "reverse": _("taken back"),
    **NEEDS,
}
PAYOUT_STATES: Mapping[str, Any] = {
    "held": _("Something is not known"),
    "waiting": _("Waits for the bank"),
    "cleared": _("Cleared"),
}
PAYOUT_LINES: Mapping[str, Any] = {
    "known": _("Known"),
    "differs": _("Differs"),
    "unknown": _("Missing here"),
    "fee_differs": _("Another fee than agreed"),
}
PAYOUT_KINDS: Mapping[str, Any] = {
    "payment": _("Payment"),
    "refund": _("Refund"),
    "chargeback": _("Chargeback"),
    "fee": _("Fee"),
}
NEXT_STEPS: Mapping[str, Any] = {
    "known": "",
    "differs": _("Ask the provider; if it is right, its payment here is asked anew and follows."),
    "unknown": _("Ask the provider whose payment it is; then let the payout go on, and assign the money in suspense."),
    "fee_differs": _("Claim the difference from the provider; the fee is posted as it was kept."),
    "missing": _("Ask the provider when it brings it; a later file that has it closes this."),
}
TABLES: Mapping[str, Mapping[str, Any]] = {
    "checkout": STATES,
    "checkout_need": NEEDS,
    "provider": PROVIDERS,
    "checkout_origin": ORIGINS,
    "checkout_said": SAID,
    "checkout_outcome": OUTCOMES,
    "payout": PAYOUT_STATES,
    "payout_line": PAYOUT_LINES,
    "payout_kind": PAYOUT_KINDS,
    "payout_step": NEXT_STEPS,
}
TONES: Mapping[tuple[str, str], str] = {
    ("checkout", "created"): "",
    ("checkout", "pending"): "info",
    ("checkout", "paid"): "ok",
    ("checkout", "held"): "warn",
    ("checkout", "failed"): "",
    ("checkout", "expired"): "",
    ("checkout", "reversed"): "bad",
    ("payout", "held"): "warn",
    ("payout", "waiting"): "info",
    ("payout", "cleared"): "ok",
    ("payout_line", "known"): "ok",
    ("payout_line", "differs"): "bad",
    ("payout_line", "unknown"): "bad",
    ("payout_line", "fee_differs"): "warn",
}
