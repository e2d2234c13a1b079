"""What becomes of findings about energy: opened once, kept up to date, gone when the cause is, accepted by a person."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from enum import StrEnum
from typing import NamedTuple

from metering.domain.vee import CODES, Severity

REASON_MOST = 300
ACCEPTABLE = frozenset(str(code) for code in CODES)
"""Findings that a person may accept: of energy that is known. What is missing is to be brought, not accepted."""


class ExceptionState(StrEnum):
    """
    States of an exception.

    OPEN      somebody should look at it
    ACCEPTED  somebody did, and it is right as it is
    GONE      its cause is gone
    """

    OPEN = "open"
    ACCEPTED = "accepted"
    GONE = "gone"


class Key(NamedTuple):
    """What only one exception that stands may have; the day as ``date.toordinal``."""

    register_id: int
    code: str
    start_day: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Noted:
    """
    A finding as it is kept.

    end_day        first day after it; of what is of one day, that day itself
    fact_day       day on which it shows
    measure, bound  numbers in the unit of the rule; None without
    """

    service_point_id: int
    key: Key
    end_day: int
    fact_day: int
    severity: str
    measure: int | None = None
    bound: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """An exception that is kept, open or accepted."""

    id: int
    is_accepted: bool
    noted: Noted

    def covers(self, noted: Noted) -> bool:
        """Return whether a finding says what this one said: over the same days, with the same number."""
        mine = self.noted
        return (mine.key, mine.end_day, mine.measure) == (noted.key, noted.end_day, noted.measure)


@dataclass(slots=True)
class Steps:
    """What is to be done: findings to open, exceptions to bring up to date, and ids of those that are gone."""

    opened: list[Noted] = field(default_factory=list)
    updated: list[tuple[int, Noted]] = field(default_factory=list)
    gone: list[int] = field(default_factory=list)


def compare(*, found: Iterable[Noted], standing: Collection[Standing], start_day: int, end_day: int) -> Steps:
    """
    Return what an approval of [start_day, end_day) does to the exceptions of its service points.

    Rule: a finding that does not stand is opened; one that stands open is brought up to date; one that was accepted
    stays so while it says the same, else it is gone and opened anew. What stands and was not found is gone, if the
    approval could have found it: a span inside the window, or a day after its start and not after its end.
    """
    steps = Steps()
    held = {one.noted.key: one for one in standing}
    wanted: dict[Key, Noted] = {}
    for noted in found:
        wanted.setdefault(noted.key, noted)
    for key, noted in wanted.items():
        mine = held.get(key)
        if mine is None:
            steps.opened.append(noted)
        elif mine.is_accepted:
            if not mine.covers(noted):
                steps.gone.append(mine.id)
                steps.opened.append(noted)
        elif mine.noted != noted:
            steps.updated.append((mine.id, noted))
    for key, mine in held.items():
        if key not in wanted and _was_looked_for(mine.noted, start_day, end_day):
            steps.gone.append(mine.id)
    return steps


def _was_looked_for(noted: Noted, start_day: int, end_day: int) -> bool:
    if noted.end_day == noted.key.start_day:
        return start_day < noted.end_day <= end_day
    return start_day <= noted.key.start_day and noted.end_day <= end_day


def stops(*, noted: Noted, standing: Collection[Standing]) -> bool:
    """Return whether a finding keeps its energy from being approved: it stops, and nobody has accepted it."""
    if noted.severity != Severity.STOP:
        return False
    return not any(one.is_accepted and one.covers(noted) for one in standing)
