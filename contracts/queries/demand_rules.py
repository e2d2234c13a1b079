"""What the place says about demand response."""

from dataclasses import dataclass
from datetime import date

from cis.kernel import fixed
from cis.kernel.calendar import BusinessCalendar
from cis.platform import packs
from cis.platform.calendars import business_calendar
from contracts.domain.baselines import BaselineRule

PLACES = 6


@dataclass(frozen=True, slots=True, kw_only=True)
class EventRule:
    """
    How events are settled.

    vat_e6  tax that a credit contains [10^-6]
    source  text that it rests on
    """

    baseline: BaselineRule
    vat_e6: int
    source: str


def rule(*, at: date) -> EventRule:
    """
    Return how events of a day are settled.

    :raises MissingRule: the pack has no rule ``demand_response``: nothing is settled there.
    """
    text = packs.text_of("demand_response", at=at)
    value = text.value
    names = ("similar_days", "highest", "back_days", "before_hours", "wait_days")
    return EventRule(
        baseline=BaselineRule(
            **{name: value[name] for name in names}, adjust_most_e6=fixed.parse(value["adjust_most"], places=PLACES)
        ),
        vat_e6=fixed.parse(value["vat_rate"], places=PLACES),
        source=text.source,
    )


def calendar(*, at: date) -> BusinessCalendar:
    """Return the working days of the place."""
    return business_calendar(str(packs.rule("holiday_country", at=at)))
