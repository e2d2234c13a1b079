"""Segments of customers: rules in order, the first that takes a customer is theirs."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Protocol

WH_OF_KWH = 1_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """
    What is known of a customer.

    kind       of the customer
    classes    of the supplies of today
    flags      protections that hold
    energy_wh  billed within twelve months [Wh]
    late       bills of twelve months that were not wholly paid when they were due
    """

    kind: str
    classes: frozenset[str] = frozenset()
    flags: frozenset[str] = frozenset()
    energy_wh: int = 0
    late: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class SegmentRule:
    """Whom a segment takes; what is empty does not narrow it."""

    code: str
    kinds: frozenset[str]
    classes: frozenset[str]
    flags: frozenset[str]
    least_kwh: int
    least_late: int
    most_late: int

    def takes(self, facts: Facts) -> bool:
        """Return whether a customer is of it."""
        return (
            (not self.kinds or facts.kind in self.kinds)
            and (not self.classes or not self.classes.isdisjoint(facts.classes))
            and (not self.flags or not self.flags.isdisjoint(facts.flags))
            and facts.energy_wh >= self.least_kwh * WH_OF_KWH
            and self.least_late <= facts.late <= self.most_late
        )


def segment_of(facts: Facts, *, rules: Iterable[SegmentRule]) -> str:
    """Return the segment of a customer; "": no rule takes them."""
    return next((rule.code for rule in rules if rule.takes(facts)), "")


@dataclass(frozen=True, slots=True)
class Bought:
    """What a customer buys and how they pay; see ``Facts``."""

    classes: frozenset[str]
    energy_wh: int
    late: int


class Buying(Protocol):
    """Says what customers buy and how they pay, in a constant number of statements for any number of them."""

    def __call__(self, *, customer_ids: Sequence[int], today: date) -> Mapping[int, Bought]:
        """Return it by customer; those without a supply and bills are left out."""
        ...
