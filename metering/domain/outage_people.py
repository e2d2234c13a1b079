"""
What rooms downstream know of supplies that are dark: who lives there, who must not be left, who was cut off.

This room knows places and no people: it asks by these ports, which ``cis.wiring`` binds.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Protocol

from metering.domain.outages import Answer


@dataclass(frozen=True, slots=True, kw_only=True)
class Supplied:
    """Who is supplied at a place on a date."""

    service_point_id: int
    address: str
    account_id: int
    account_number: str
    customer_id: int
    name: str


class People(Protocol):
    """Who is supplied at places."""

    def __call__(self, *, service_point_ids: Collection[int], on: date) -> tuple[Supplied, ...]:
        """Return who is supplied at places on a date, by place; nobody: none of the place. One statement."""


class Flags(Protocol):
    """Who must not be left in the dark unasked."""

    def __call__(self, *, service_point_ids: Collection[int], on: date) -> Mapping[int, tuple[str, ...]]:
        """Return what is to be known of places, of those that have it: "important", "life_support", "vulnerable"."""


class CutOff(Protocol):
    """Who has no current because it was switched off."""

    def __call__(self, *, service_point_ids: Collection[int], at: datetime) -> Mapping[int, Answer]:
        """Return of places that are cut off now why: ``Answer.CUT`` or ``Answer.PREPAID``. One statement."""
