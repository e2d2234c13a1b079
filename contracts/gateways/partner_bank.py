"""
The partner bank: it pays us the price of what is sold by instalments, and the customer's instalments go to it.

It is asked, and later says what it does: first yes or no, then that its money is sent. Both ways are repeated until
they are confirmed, so either side may see a thing twice. Which bank is used is bound in ``cis.wiring``.
"""

from collections.abc import Sequence
from typing import Protocol

from contracts.domain.financing import BankAnswer, Request


class BankUnreachable(Exception):
    """The bank did not take the message; it is sent again."""


class NoPartnerBank(RuntimeError):
    """No bank is bound in ``cis.wiring``."""


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


def use(bank: PartnerBank) -> None:
    """Bind the bank; for ``cis.wiring`` only, and tests."""
    _bound[:] = [bank]


def current() -> PartnerBank:
    """
    Return the bank in use.

    :raises NoPartnerBank: none is bound.
    """
    if not _bound:
        raise NoPartnerBank("no partner bank is bound")
    return _bound[0]
