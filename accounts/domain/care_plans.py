"""Service plans for one customer: goals, measures, reviews."""

from enum import StrEnum
from typing import Final

STANDARD: Final = "care_plan_review"
"""Service standard: how long a review that is due may take."""


class PlanState(StrEnum):
    """REACHED: its goal was; GIVEN_UP: it was ended without."""

    RUNNING = "running"
    REACHED = "reached"
    GIVEN_UP = "given_up"
