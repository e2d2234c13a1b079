"""Rules of the place on tills and agents."""

from dataclasses import dataclass
from datetime import date

from cashiering.domain.agents import PER_MILLE_PLACES, Terms
from cis.kernel import fixed
from cis.platform import packs


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


def most_terms(at: date) -> Terms:
    """Return the most that may be agreed with an agent as its commission; 0 and 0: none."""
    rule = packs.rule("agents", at=at)
    return Terms(
        fixed.parse(rule["per_mille_most"], places=PER_MILLE_PLACES),
        fixed.parse(rule["per_receipt_most"], places=decimals(at)),
    )


def decimals(at: date) -> int:
    """Return how many decimals the currency has."""
    return int(packs.rule("decimals", at=at))
