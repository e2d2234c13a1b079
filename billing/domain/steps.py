"""How far a customer has come in the steps of a tariff: what a bill says in words."""

from bisect import bisect_left
from dataclasses import dataclass

from tariffs.domain.components.tiers import Cycle, Stepped
from tariffs.domain.plan import Plan


@dataclass(frozen=True, slots=True, kw_only=True)
class StepsReached:
    """
    Where the energy used since the tier cycle began stands.

    step       the step that the last of it fell into, from 1
    used_wh    since the cycle began. [Wh]
    limits_wh  (k-1,) where each step but the last ends, for this household. [Wh]
    is_yearly  whether the steps begin anew each year; else each month
    """

    step: int
    used_wh: int
    limits_wh: tuple[int, ...]
    is_yearly: bool

    @property
    def steps(self) -> int:
        """Return how many steps there are."""
        return len(self.limits_wh) + 1

    @property
    def left_wh(self) -> int | None:
        """Return what is left of the step; None in the last one. [Wh]"""
        return None if self.step == self.steps else self.limits_wh[self.step - 1] - self.used_wh

    @property
    def filled_percent(self) -> int:
        """Return how much of the way to the last limit is used, at most 100. [%]"""
        return 0 if self.used_wh <= 0 else min(100, self.used_wh * 100 // self.limits_wh[-1])

    @property
    def limits_percent(self) -> tuple[int, ...]:
        """Return where each limit lies on the way to the last one. [%]"""
        return tuple(limit * 100 // self.limits_wh[-1] for limit in self.limits_wh)


def reached(*, plan: Plan, household: int, used_wh: int) -> StepsReached | None:
    """
    Return how far use since the tier cycle began has come; None for a plan without steps.

    Energy up to and including a limit is inside its step.

    :param household: persons, for the wider limits of large households.
    :param used_wh: since the cycle began; below 0 after a true-up, which is inside the first step. [Wh]
    """
    stepped = next(
        (part for part in plan.components if isinstance(part, Stepped) and part.limits_wh and part.is_cyclic), None
    )
    if stepped is None:
        return None
    limits = stepped.limits_for(persons=household)
    return StepsReached(
        step=bisect_left(limits, used_wh) + 1,
        used_wh=used_wh,
        limits_wh=limits,
        is_yearly=plan.tier_cycle.kind is Cycle.YEAR,
    )
