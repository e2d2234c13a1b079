"""Adjustments and moved money: states, who may, and which limit makes two persons of one."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from cis.kernel.enums import Role


class AdjustmentState(StrEnum):
    """
    States of an adjustment, and of moved money.

    PROPOSED  waits for a second person; nothing is posted
    MADE      posted
    DROPPED   was never posted
    REVERSED  posted, and taken back
    """

    PROPOSED = "proposed"
    MADE = "made"
    DROPPED = "dropped"
    REVERSED = "reversed"


class MovedThing(StrEnum):
    """What is moved to another account."""

    PAYMENT = "payment"
    CREDIT = "credit"


class Side(StrEnum):
    """What a reason is for: something more that is owed, something credited, or either."""

    DEBIT = "debit"
    CREDIT = "credit"
    BOTH = "both"

    def covers(self, amount_minor: int) -> bool:
        """Return whether an amount (above 0: owed, below 0: credited) is on this side."""
        return self is Side.BOTH or (amount_minor > 0) is (self is Side.DEBIT)


DECIDERS = frozenset((Role.BILLING, Role.SUPERVISOR))
"""Who decides as the second person, and takes back."""

TRANSFERS = "liability.transfer"
"""The ledger account over which credit goes from one account to another; it is 0 in between."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """
    How much one person of a role does alone: at once, and together on a day. [minor unit]

    A role that is not named may not do it at all.
    """

    alone_minor: Mapping[Role, int]
    day_minor: Mapping[Role, int]

    def needs_two(self, *, roles: frozenset[Role], amount_minor: int, today_minor: int) -> bool | None:
        """
        Return whether a second person decides; None: somebody of these roles may not do it at all.

        :param amount_minor: on either side; its size counts.
        :param today_minor: what the same person did alone on the day, sizes added up.
        """
        mine = [role for role in self.alone_minor if role in roles]
        if not mine:
            return None
        most, most_a_day = max(self.alone_minor[role] for role in mine), max(self.day_minor[role] for role in mine)
        return abs(amount_minor) > most or abs(amount_minor) + today_minor > most_a_day
