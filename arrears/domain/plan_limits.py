"""Who may agree on how large a plan of instalments, for how long, and how often."""

from dataclasses import dataclass
from enum import StrEnum


class Excess(StrEnum):
    """Why somebody may not agree on a plan alone."""

    AMOUNT = "amount"
    PARTS = "parts"
    OFTEN = "often"
    BROKEN = "broken"
    CUT = "cut"


@dataclass(frozen=True, slots=True)
class PlanLimit:
    """Up to which amount, how many parts, and how many plans of an account within a year. [minor unit]"""

    most_minor: int
    parts: int
    a_year: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """
    What is asked for. [minor unit]

    in_year            plans of the account that began within a year, this one left out
    was_broken         one was broken within the time of the pack
    is_cut             the supply is cut off, or about to be
    protected_parts    so many parts for people whom the register of life support or of the vulnerable names; 0: the
                       account is none of theirs
    """

    total_minor: int
    count: int
    in_year: int
    was_broken: bool
    is_cut: bool
    protected_parts: int


def exceeded(*, limit: PlanLimit, asked: Asked, is_customer: bool) -> tuple[Excess, ...]:
    """
    Return by what a plan goes beyond the limit of somebody; none: that one may agree on it alone.

    A customer who broke a plan lately, or whose supply is cut off, agrees on the next one with a person.
    """
    found = []
    if asked.total_minor > limit.most_minor:
        found.append(Excess.AMOUNT)
    if asked.count > max(limit.parts, asked.protected_parts):
        found.append(Excess.PARTS)
    if asked.in_year >= limit.a_year:
        found.append(Excess.OFTEN)
    if is_customer and asked.was_broken:
        found.append(Excess.BROKEN)
    if is_customer and asked.is_cut:
        found.append(Excess.CUT)
    return tuple(found)
