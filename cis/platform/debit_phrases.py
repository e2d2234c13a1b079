"""Sentences of refusals about direct debits; see ``phrases``."""

from collections.abc import Mapping

from django.utils.translation import gettext_noop as _

SENTENCES: Mapping[str, str] = {
    "bad_bank_account": _("The number of the account or the code of the bank is wrong: compare it sign by sign."),
    "bad_mandate": _("A mandate needs the holder's name, a limit above 0, and the day of the signature."),
    "mandate_not_of_holder": _("The account at the bank is somebody else's: its owner signs on paper."),
    "mandate_key_taken": _("The key names another mandate."),
    "unknown_mandate": _("There is no such mandate."),
    "unknown_debit": _("There is no such debit."),
    "unknown_debit_batch": _("There is no such batch of debits, or it has no file."),
    "debit_same_person": _("Who proposed it cannot agree to it: ask a second person."),
    "debit_above_limit": _("It is above the limit of the mandate: drop it, and ask the customer for a new mandate."),
    "no_debit_creditor": _("The settings do not say who collects."),
    "debit_bank_connected": _("The bank is connected and gets the file by itself."),
    "bad_debit_report": _("This is no pain.002 that can be read."),
}
