"""Sentences of refusals about online payment; see ``phrases``."""

from collections.abc import Mapping

from django.utils.translation import gettext_noop as _

SENTENCES: Mapping[str, str] = {
    "bad_checkout": _("So much, or so little, cannot be paid online at once, or nothing is open of it any more."),
    "unknown_checkout": _("There is no such online payment."),
    "no_payment_provider": _("This way of paying online is not offered."),
    "payment_provider_down": _("The provider of online payment does not answer now; nothing was paid."),
    "wrong_provider_host": _("The provider leads to a place that we do not know; nothing was paid."),
    "not_our_currency": _("The money is in another currency: let it go back."),
    "nothing_to_do": _("There is nothing to look at."),
    "payout_refused": _("The report has faults, or does not add up; nothing of it was taken."),
    "payout_changed": _("A payout of this name came before, with something else in it."),
    "unknown_payout": _("There is no such payout."),
    "payout_not_acceptable": _("What is not known of this payout cannot stand in suspense: look again."),
}
