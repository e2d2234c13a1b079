"""
Loyalty points: earned in lots, spent oldest first, expired, taken back.

The balance of a customer is the sum of the entries, and never below 0: what is taken back of points that are spent is
kept as short, and taken of what is earned next.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Protocol

from cis.kernel.actors import Actor
from cis.kernel.errors import Refused
from cis.kernel.periods import add_months


class EntryKind(StrEnum):
    """OFFSET: what was short before is taken of what was just earned."""

    EARN = "earn"
    REDEEM = "redeem"
    EXPIRE = "expire"
    REVERSE = "reverse"
    OFFSET = "offset"


class TooFewPoints(Refused):
    """So many points are not there, or not in such steps."""

    code = "too_few_points"


@dataclass(frozen=True, slots=True, kw_only=True)
class LoyaltyRule:
    """
    What the place says.

    points          what each source earns
    expires_months  points count no more so long after they were earned
    unit_points     so many points are worth ``unit_minor``; they are redeemed in such steps [minor unit]
    least_points    fewer are not redeemed
    """

    points: Mapping[str, int]
    expires_months: int
    unit_points: int
    unit_minor: int
    least_points: int

    def expires_date(self, day: date) -> date:
        """Return the first day on which points that are earned on a day count no more."""
        return add_months(day, self.expires_months)

    def most(self, balance: int) -> int:
        """Return how many points of a balance may be redeemed at once; 0: none yet."""
        most = balance // self.unit_points * self.unit_points
        return most if most >= self.least_points else 0

    def worth_minor(self, points: int) -> int:
        """Return what points are worth, whole steps alone. [minor unit]"""
        return points // self.unit_points * self.unit_minor

    def check(self, points: int, *, balance: int) -> None:
        """
        Check that points may be redeemed.

        :raises TooFewPoints: they are not there, fewer than the least, or no whole steps.
        """
        if points > balance:
            raise TooFewPoints(f"{balance} points are there.", advice="Redeem fewer.", field="points")
        if points < self.least_points or points <= 0:
            raise TooFewPoints(f"{self.least_points} are the least.", advice="Save some more.", field="points")
        if points % self.unit_points:
            raise TooFewPoints(f"They are redeemed in steps of {self.unit_points}.", field="points")


@dataclass(frozen=True, slots=True)
class Lot:
    """Points that were earned together, and what is left of them."""

    id: int
    left: int
    expires_date: date


def spend(lots: Iterable[Lot], *, points: int) -> list[tuple[int, int]]:
    """
    Return of which lots points are taken, those that expire first at first: (lot, points).

    What the lots do not have is not in it.
    """
    taken = []
    for lot in sorted(lots, key=lambda one: (one.expires_date, one.id)):
        part = min(lot.left, points)
        if part > 0:
            taken.append((lot.id, part))
            points -= part
    return taken


def take_back(lots: Sequence[Lot], *, lot_id: int, points: int) -> tuple[list[tuple[int, int]], int]:
    """Return how points of a lot are taken back: (lot, points), of the lot itself first, and how many are short."""
    own = [one for one in lots if one.id == lot_id]
    taken = spend(own, points=points)
    left = points - sum(part for _, part in taken)
    taken += spend([one for one in lots if one.id != lot_id], points=left)
    return taken, points - sum(part for _, part in taken)


@dataclass(frozen=True, slots=True)
class Earned:
    """
    Something that earns points: on which account, by what; the same source and id of an account is the same.

    held_date  whoever held the account on it earns them
    """

    account_id: int
    source_id: int
    day: date
    held_date: date


class Earnings(Protocol):
    """Says what earned points by a source on a day, for all accounts, in a constant number of statements."""

    def __call__(self, *, day: date) -> Sequence[Earned]:
        """Return it; asked again for the same day, it may know better."""
        ...


class Standing(Protocol):
    """Says which things of one account that earned points by a source still stand."""

    def __call__(self, *, account_id: int, source_ids: Sequence[int]) -> frozenset[int]:
        """Return those that do."""
        ...


class Crediting(Protocol):
    """Credits points to an account."""

    def lock(self, *, account_id: int) -> None:
        """Lock what is locked before a credit is written, so that nobody waits in a circle."""
        ...

    def credit(
        self, *, account_id: int, amount_minor: int, redemption_id: int, text: str, today: date, actor: Actor
    ) -> int:
        """Return the id of the note that credits it. [minor unit]"""
        ...
