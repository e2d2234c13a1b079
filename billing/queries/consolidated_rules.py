"""What the place says about consolidated bills."""

from dataclasses import dataclass
from datetime import date

from cis.platform import packs

KEY = "consolidated_bills"


@dataclass(frozen=True, slots=True)
class ConsolidatedRule:
    """How long a month waits for bills that are not issued, and the days from issue to due date."""

    wait_days: int
    due_days: int


def of(day: date) -> ConsolidatedRule:
    """
    Return the rule of a day.

    :raises MissingRule: the pack of the place has none: one bill for many accounts is not offered there.
    """
    value = packs.rule(KEY, at=day)
    return ConsolidatedRule(wait_days=int(value["wait_days"]), due_days=int(value["due_days"]))


def is_offered(day: date) -> bool:
    """Return whether one bill for many accounts is offered at this place."""
    return KEY in packs.rules_in_force(at=day)
