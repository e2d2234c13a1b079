"""Sentences on what is decided about the money of an account, for ``cis.platform.phrases``."""

from collections.abc import Mapping

from django.utils.translation import gettext_noop as _

from cis.platform import (
    accrual_phrases,
    budget_phrases,
    collective_phrases,
    deposit_phrases,
    rebill_phrases,
    write_off_phrases,
)

SENTENCES: Mapping[str, str] = {
    **accrual_phrases.SENTENCES,
    **collective_phrases.SENTENCES,
    "unknown_refund": _("There is no such refund."),
    "refund_paid": _("The refund was paid already."),
    "bad_refund": _("Payee, reference, date or amount of the refund is impossible."),
    "refund_not_free": _("So much may not be paid out now."),
    "refund_debts_first": _("The same customer owes on another account: move the credit there first."),
    "refund_disputed": _("Something of the account is disputed: nothing is paid out."),
    "own_refund": _("One person has two of the hands that must not be the same: ask somebody else."),
    "bad_bank_account": _("This is no bank account: compare it with the bank card."),
    "nothing_to_pay": _("One of these refunds is not there to be sent: look at the list again."),
    "no_own_account": _("The supplier's bank account is not known."),
    "bad_adjustment": _("Amount, text or reason of the adjustment is impossible."),
    "own_adjustment": _("Who proposed an adjustment neither agrees to it nor takes it back: ask somebody else."),
    "unknown_adjustment": _("There is no such adjustment, or it was decided meanwhile."),
    "bad_money_move": _("This money cannot be moved like that."),
    "own_money_move": _("Who proposed to move money neither agrees to it nor takes it back: ask somebody else."),
    "unknown_money_move": _("There is no such move of money, or it was decided meanwhile."),
    **budget_phrases.SENTENCES,
    "unknown_refund_file": _("There is no such file."),
    **deposit_phrases.SENTENCES,
    **rebill_phrases.SENTENCES,
    **write_off_phrases.SENTENCES,
    "not_prepaid": _("The account does not pay before it uses."),
    "bad_prepay_switch": _("The account cannot be switched so: look at the day, the agreement and the reason."),
    "prepaid_account_owes": _("The balance is below the line: the account is switched back once it is paid."),
    "nothing_to_accept": _("These numbers do not wait to be accepted: mend what is wrong with them."),
}
