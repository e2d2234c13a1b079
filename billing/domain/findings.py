"""What keeps an account from being billed, with what to do about it."""

from dataclasses import dataclass

import numpy as np

from cis.kernel.errors import Refused
from cis.kernel.fixed import Int64
from tariffs.domain.lines import MissingPrice
from tariffs.domain.rating import MissingInput


@dataclass(frozen=True, slots=True, kw_only=True)
class Obstacle:
    """
    One reason why an account cannot be billed.

    code     stable name: missing_price, missing_read, ...
    message  what is wrong
    advice   what mends it
    """

    code: str
    message: str
    advice: str = ""


class Obstacles:
    """The first obstacle of each account; the others of the chunk go on."""

    def __init__(self) -> None:
        self.of_account: dict[int, Obstacle] = {}

    def add(self, account_id: int, obstacle: Obstacle) -> None:
        """Keep the obstacle unless the account has one already."""
        self.of_account.setdefault(account_id, obstacle)

    def __len__(self) -> int:
        """Return the number of accounts that cannot be billed."""
        return len(self.of_account)


def note_refusal(*, accounts: Int64, refusal: Refused, obstacles: Obstacles) -> None:
    """
    Note that a plan could not rate some accounts.

    :raises Refused: not the plan is at fault but one of its segments: who asked splits the accounts until it stands
        alone.
    """
    if not isinstance(refusal, MissingPrice | MissingInput):
        raise refusal
    for account in np.unique(accounts).tolist():
        obstacles.add(account, Obstacle(code=refusal.code, message=refusal.message, advice=refusal.advice))
