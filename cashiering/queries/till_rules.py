"""Rules of the place on tills and agents."""

from dataclasses import dataclass
from datetime import date

from cis.kernel import fixed
from cis.platform import packs

PERCENT_PLACES = 3


@dataclass(frozen=True, slots=True)
class TillRules:
    """
    How tills are counted.

    faces               notes and coins in use, the largest first [minor unit]
    second_person_from  difference from which a second person confirms a close [minor unit]
    """

    faces: tuple[int, ...]
    second_person_from: int


def of(at: date) -> TillRules:
    """
    Return the rules on tills of a day.

    :raises MissingRule: the pack of the place has no rule ``tills``.
    """
    rule, places = packs.rule("tills", at=at), decimals(at)
    return TillRules(
        faces=tuple(fixed.parse(text, places=places) for text in rule["denominations"]),
        second_person_from=fixed.parse(rule["second_person_from"], places=places),
    )


def commission_percent_e3(at: date) -> int:
    """Return what agents get of the money that they hand over. [1/1000 percent]"""
    return fixed.parse(packs.rule("agents", at=at)["commission_percent"], places=PERCENT_PLACES)


def decimals(at: date) -> int:
    """Return how many decimals the currency has."""
    return int(packs.rule("decimals", at=at))
