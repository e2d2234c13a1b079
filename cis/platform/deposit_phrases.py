"""Sentences on deposits of customers, for ``cis.platform.phrases``."""

from collections.abc import Mapping

from django.utils.translation import gettext_noop as _

SENTENCES: Mapping[str, str] = {
    "bad_deposit": _("Cause, amount or reason is impossible, or so much is not there any more: look at the deposit."),
    "deposit_open": _("The account has a deposit already: demand more of it, or give it back first."),
    "unknown_deposit": _("There is no such deposit, or it is over."),
    "deposit_unpaid": _(
        "The deposit that is to be paid before current flows is not paid: have it paid or waived, or let the supply "
        "begin before."
    ),
    "deposit_missing": _(
        "A temporary supply is switched on once its deposit is paid, and none was demanded yet: demand it first."
    ),
    "own_deposit_request": _("Who asked for it does not agree to it: ask somebody else of billing."),
    "deposit_request_waits": _("Something else waits for a second person: decide on that first."),
    "unknown_deposit_request": _("There is no such request, or it was decided meanwhile."),
}
