"""Follow-up visits: when, by which way, with what result; and how likely customers recommend us."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from typing import Final

STANDARD: Final = "follow_up_visit"
"""Service standard: how long a visit may take once it may be made."""
PROMOTERS, DETRACTORS = range(9, 11), range(7)
"""[source: Reichheld, The One Number You Need to Grow, Harvard Business Review, December 2003]"""


class Way(StrEnum):
    """How the customer is asked."""

    PHONE = "phone"
    SITE = "site"


class VisitState(StrEnum):
    """DROPPED: it is not wanted any more."""

    OPEN = "open"
    DONE = "done"
    DROPPED = "dropped"


class Outcome(StrEnum):
    """What the customer says; NOT_REACHED: nobody was there, at the last try."""

    CONTENT = "content"
    WISH = "wish"
    PROBLEM = "problem"
    NOT_REACHED = "not_reached"


class NextStep(StrEnum):
    """What is done after it."""

    NONE = "none"
    AGAIN = "again"
    ADVICE = "advice"
    PLAN = "plan"
    COMPLAINT = "complaint"


@dataclass(frozen=True, slots=True, kw_only=True)
class VisitPlan:
    """
    When customers are asked after an event.

    event       what it follows
    segments    of customers that it is for; none: all
    way         by telephone or at the place
    after_days  from when on it may be made
    within_days  how long it may be made
    tries       calls that nobody answers, until it is given up
    """

    code: str
    event: str
    segments: frozenset[str]
    way: Way
    after_days: int
    within_days: int
    tries: int

    def days(self, event_date: date) -> tuple[date, date]:
        """Return the first and the last day on which it is made."""
        first = event_date + timedelta(days=self.after_days)
        return first, first + timedelta(days=self.within_days)


def plan_for(*, event: str, segment: str, plans: Iterable[VisitPlan]) -> VisitPlan | None:
    """Return the plan for an event and a segment: the first that names the segment, else the first for all."""
    found = [plan for plan in plans if plan.event == event]
    named = next((plan for plan in found if segment in plan.segments), None)
    return named or next((plan for plan in found if not plan.segments), None)


@dataclass(frozen=True, slots=True)
class Score:
    """Answers to how likely somebody recommends us, 0 to 10: how many of them, and of which."""

    promoters: int
    passives: int
    detractors: int

    @property
    def answers(self) -> int:
        """Return how many answered."""
        return self.promoters + self.passives + self.detractors

    @property
    def nps(self) -> int | None:
        """Return promoters less detractors in percent of all, rounded to zero; None: nobody answered."""
        if not self.answers:
            return None
        share = (abs(self.promoters - self.detractors) * 100) // self.answers
        return share if self.promoters >= self.detractors else -share


def score_of(scores: Iterable[int]) -> Score:
    """Count answers."""
    given = list(scores)
    promoters = sum(one in PROMOTERS for one in given)
    detractors = sum(one in DETRACTORS for one in given)
    return Score(promoters, len(given) - promoters - detractors, detractors)
