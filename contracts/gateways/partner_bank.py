"""
The partner bank: it pays us the price of what is sold by instalments, and the customer's instalments go to it.

It is asked, and later says what it does: first yes or no, then that its money is sent. Both ways are repeated until
they are confirmed, so either side may see a thing twice. Which bank is used is named by
PARTNER_BANK and bound in ``cis.wiring``; where none is, nothing is sold that a bank would pay for.
"""

from collections.abc import Sequence
from typing import Protocol

from cis.kernel.errors import Refused
from contracts.domain.financing import BankAnswer, Request


class BankUnreachable(Exception):
    """The bank did not take the message; it is sent again."""


class NoPartnerBank(Refused):
    """This installation speaks to no bank."""

    code = "no_partner_bank"


class PartnerBank(Protocol):
    """What a bank does for us."""

    def ask(self, request: Request) -> None:
        """
        Ask to finance a sale; a known reference is the same sale.

        :raises BankUnreachable: it was not taken.
        """

    def withdraw(self, reference: str) -> None:
        """
        Say that the customer has taken the sale back; what was paid goes back.

        :raises BankUnreachable: it was not taken.
        """

    def answers(self, *, most: int) -> Sequence[BankAnswer]:
        """Return answers that were not confirmed yet, oldest first."""

    def confirm(self, answer_ids: Sequence[str]) -> None:
        """Say that answers are kept, so that they are not given again."""


_bound: list[PartnerBank] = []


def use(bank: PartnerBank | None) -> None:
    """Bind the bank, None: there is none; for ``cis.wiring`` only, and tests."""
    _bound[:] = [] if bank is None else [bank]


def is_bound() -> bool:
    """Return whether a bank can be asked."""
    return bool(_bound)


def current() -> PartnerBank:
    """
    Return the bank in use.

    :raises NoPartnerBank: none is bound.
    """
    if not _bound:
        raise NoPartnerBank(
            "No partner bank is connected: nothing can be financed.",
            advice="Sell it by instalments of our own, or connect a bank by the setting PARTNER_BANK.",
        )
    return _bound[0]
