"""
The bank that collects direct debits: it gets files, and gives files back.

A file is repeated until the bank has taken it, and known by the name of its batch, so either side may see one twice.
Which bank is used is named by DEBIT_BANK and bound in ``cis.wiring``; where none is, people carry the files.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol


class BankUnreachable(Exception):
    """The bank did not take the file; it is sent again."""


@dataclass(frozen=True, slots=True)
class BankFile:
    """A file from the bank: pain.002, or camt.053 and camt.054; ``answer_id``: by which it is confirmed."""

    answer_id: str
    name: str
    content: bytes


class DebitBank(Protocol):
    """What a bank does for us."""

    def send(self, *, reference: str, content: bytes) -> None:
        """
        Give the bank a file of debits; one with a known reference is the same file.

        :raises BankUnreachable: it was not taken.
        """

    def files(self, *, most: int) -> Sequence[BankFile]:
        """Return files that were not confirmed yet, oldest first."""

    def confirm(self, answer_ids: Sequence[str]) -> None:
        """Say that files are kept, so that they are not given again."""


_bound: list[DebitBank] = []


def use(bank: DebitBank | None) -> None:
    """Bind the bank, None: there is none; for ``cis.wiring`` only, and tests."""
    _bound[:] = [] if bank is None else [bank]


def current() -> DebitBank | None:
    """Return the bank in use; None: people carry the files."""
    return _bound[0] if _bound else None
