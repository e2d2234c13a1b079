"""
Why one bill is higher or lower than another: its difference in causes that sum to it exactly.

The earlier bill is changed into the later one step by step, in the order of ``Cause``, and rated at each step by the
kernel: a cause is what its step moves. So nothing is left over, whatever a tariff does. Up to the last step the
segments and prices are those of the earlier bill; what it cannot be told (a supply measured by other periods) keeps
its earlier value and moves with the last step.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from billing.domain.retold import (
    Months,
    days_of,
    earlier_of,
    export_of,
    hours_of,
    power_of,
    season_of,
    steps_of,
    use_of,
)
from cis.kernel.errors import Refused
from tariffs.domain.batch import RatingBatch
from tariffs.domain.plan import Plan
from tariffs.domain.rating import rate


class Cause(StrEnum):
    """
    What makes a bill another, in the order in which it is looked at.

    DAYS         the time billed, with as much use a day as before
    USE          energy a day, in the mix of steps and periods of use as before
    HOURS        another mix of periods of use
    STEPS        steps reached: by this use, by what was used before it, by another size of household
    POWER        demand, capacity and what else is agreed or measured besides
    EXPORT       energy given to the grid
    SEASON       what holds in the other month of the year
    EARLIER      what earlier bills hand on: credits, amounts of the year, the end of a year
    PRICE        another tariff version, or other prices of the hours
    PARTS        the same prices, but the time is cut otherwise, as by a change of the agreement
    SUPPLY       a supply that only one of the bills has
    CORRECTIONS  earlier months that one of the bills corrects
    """

    DAYS = "days"
    USE = "use"
    HOURS = "hours"
    STEPS = "steps"
    POWER = "power"
    EXPORT = "export"
    SEASON = "season"
    EARLIER = "earlier"
    PRICE = "price"
    PARTS = "parts"
    SUPPLY = "supply"
    CORRECTIONS = "corrections"


class Change(Protocol):
    """Takes something of the later segments over into the earlier ones."""

    def __call__(self, *, at: Months, goal: Months) -> Months:
        """Return the segments with it."""
        ...


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Rated:
    """
    One segment as it was billed.

    batch  what it was rated by, n = 1
    """

    version_id: int
    plan: Plan
    batch: RatingBatch
    amount_minor: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Side:
    """
    A bill, or the bills of one period together.

    supplies      segments of the period itself by agreement, in the order of time
    amount_minor  the whole bill; what its own segments do not make up corrects earlier months [minor unit]
    """

    supplies: Mapping[int, Sequence[Rated]]
    amount_minor: int

    @property
    def corrections_minor(self) -> int:
        """Return what corrects other months. [minor unit]"""
        return self.amount_minor - sum(one.amount_minor for own in self.supplies.values() for one in own)


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """
    What a bill is above another, by cause; causes that move nothing are not in it.

    days, used_wh  (then, now) of both bills, corrections left out [d, Wh]
    """

    then_minor: int
    now_minor: int
    causes: Mapping[Cause, int]
    days: tuple[int, int]
    used_wh: tuple[int, int]


def difference(*, then: Side, now: Side) -> Difference:
    """Return why ``now`` is not ``then``; its causes sum to the difference of the two amounts exactly."""
    moved = dict.fromkeys(Cause, 0)
    for agreement_id in {**then.supplies, **now.supplies}:
        before, after = then.supplies.get(agreement_id, ()), now.supplies.get(agreement_id, ())
        if before and after:
            for cause, amount_minor in _of_supply(before, after).items():
                moved[cause] += amount_minor
        else:
            moved[Cause.SUPPLY] += _amount(after) - _amount(before)
    moved[Cause.CORRECTIONS] += now.corrections_minor - then.corrections_minor
    return Difference(
        then_minor=then.amount_minor,
        now_minor=now.amount_minor,
        causes={cause: amount_minor for cause, amount_minor in moved.items() if amount_minor},
        days=(_days(then), _days(now)),
        used_wh=(_used(then), _used(now)),
    )


def _amount(segments: Sequence[Rated]) -> int:
    return sum(one.amount_minor for one in segments)


def _days(side: Side) -> int:
    """Return the days of the supply that was billed longest."""
    return max((sum(int(one.batch.days[0]) for one in own) for own in side.supplies.values()), default=0)


def _used(side: Side) -> int:
    return sum(int(one.batch.total_wh[0]) for own in side.supplies.values() for one in own)


STEPS: tuple[tuple[Cause, Change], ...] = (
    (Cause.DAYS, days_of),
    (Cause.USE, use_of),
    (Cause.HOURS, hours_of),
    (Cause.STEPS, steps_of),
    (Cause.POWER, power_of),
    (Cause.EXPORT, export_of),
    (Cause.SEASON, season_of),
    (Cause.EARLIER, earlier_of),
)
"""What turns the earlier segments into the later ones, but for their prices."""


def _of_supply(before: Sequence[Rated], after: Sequence[Rated]) -> dict[Cause, int]:
    """Return what each cause moves of one supply. [minor unit]"""
    at, goal = _months(before), _months(after)
    moved: dict[Cause, int] = {}
    reached = _amount(before)
    for cause, change in STEPS:
        try:
            at = change(at=at, goal=goal)
            amount_minor = _rate(at)
        except Refused:
            # What cannot be rated on the way moves with the next step that can.
            continue
        moved[cause] = amount_minor - reached
        reached = amount_minor
    moved[Cause.PRICE if _has_other_prices(before, after) else Cause.PARTS] = _amount(after) - reached
    return moved


def _has_other_prices(before: Sequence[Rated], after: Sequence[Rated]) -> bool:
    """Return whether other versions hold, or prices of the hour, which are others in each month."""
    versions = [{one.version_id for one in side} for side in (before, after)]
    return versions[0] != versions[1] or any(one.plan.priced_by_hour for one in after)


def _months(segments: Sequence[Rated]) -> Months:
    plans = tuple(one.plan for one in segments)
    return Months(plans=plans, batches=tuple(one.batch for one in segments), priced=plans)


def _rate(at: Months) -> int:
    """Return what segments cost that nobody billed. [minor unit]"""
    pairs = zip(at.priced, at.batches, strict=True)
    return sum(int(rate(plan=plan, batch=batch).total_minor[0]) for plan, batch in pairs)
