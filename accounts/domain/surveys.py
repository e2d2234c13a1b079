"""How likely customers recommend us: when they are asked after an event, whether at all, and what the answers say."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from math import isqrt
from typing import Final

from accounts.domain.visits import DETRACTORS, Score

PLAN: Final = "after_survey"
"""Plan of the follow-up visits that come of answers."""
SCORE_MOST: Final = 10
_HUNDRED: Final = 100
_NORMAL_PER_MILLE: Final = 1_960
"""Two-sided 95 percent of a normal distribution."""


class SurveyEvent(StrEnum):
    """After what customers are asked."""

    CASE_CLOSED = "case_closed"
    SUPPLY_BEGAN = "supply_began"
    OUTAGE_ENDED = "outage_ended"
    VISIT_DONE = "visit_done"
    FIRST_BILL = "first_bill"


class SurveyState(StrEnum):
    """
    SKIPPED: the customer was asked not long ago.

    WAITING until its hour comes, ASKED without an answer yet.
    """

    WAITING = "waiting"
    ASKED = "asked"
    ANSWERED = "answered"
    SKIPPED = "skipped"


@dataclass(frozen=True, slots=True)
class EventRule:
    """So many hours after an event, so many percent of those whom it meets are asked."""

    after_hours: int
    share_percent: int


@dataclass(frozen=True, slots=True, kw_only=True)
class SurveyRules:
    """
    The rule ``surveys`` of the pack.

    quiet_days   a customer is asked at most once in so many days, whatever happens
    valid_days   how long an answer is taken
    contact_days until when somebody who would not recommend us, and wants to be called, is called
    """

    events: Mapping[SurveyEvent, EventRule]
    quiet_days: int
    valid_days: int
    contact_days: int

    def send_at(self, *, event: SurveyEvent, key: str, at: datetime) -> datetime | None:
        """Return when somebody is asked after an event; None: they are not. The same key is always the same lot."""
        rule = self.events.get(event)
        if rule is None or not is_drawn(key=key, percent=rule.share_percent):
            return None
        return at + timedelta(hours=rule.after_hours)


UNSAID: Final = SurveyRules(
    events={SurveyEvent.VISIT_DONE: EventRule(after_hours=0, share_percent=100)},
    quiet_days=0,
    valid_days=90,
    contact_days=3,
)
"""Where the pack says nothing: each visit is followed by its question, at once."""


def is_drawn(*, key: str, percent: int) -> bool:
    """Return whether a key is among so many percent of all; the lot of a key never changes."""
    return int.from_bytes(hashlib.sha256(key.encode()).digest()[:8]) % _HUNDRED < percent


def wants_follow_up(*, score: int, wants_contact: bool) -> bool:
    """Return whether somebody calls: the customer would not recommend us, and wishes it."""
    return wants_contact and score in DETRACTORS


def interval(score: Score) -> tuple[int, int] | None:
    """
    Return the ends between which the score of all customers lies with 95 percent, whole numbers; None: too few said it.

    The normal approximation for promoters less detractors, rounded outwards, in integers; one answer has no spread.
    """
    count, balance = score.answers, score.promoters - score.detractors
    if count < 2:  # noqa: PLR2004 (one answer says nothing of the others)
        return None
    # var = ((p + d) / n - (b / n)^2) / n, so 100 * 1.96 * sqrt(var) = sqrt(38416 * ((p + d) n - b^2) / n^3)
    spread = (score.promoters + score.detractors) * count - balance * balance
    scale = (_NORMAL_PER_MILLE // 10) ** 2
    half = isqrt(scale * spread * _HUNDRED**2 // count**3)  # hundredths of a point
    half += half * half * count**3 < scale * spread * _HUNDRED**2
    middle = balance * _HUNDRED * _HUNDRED
    low, high = (middle - half * count) // (count * _HUNDRED), -((-middle - half * count) // (count * _HUNDRED))
    return max(low, -_HUNDRED), min(high, _HUNDRED)
