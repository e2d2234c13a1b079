"""The dunning ladder: which demand comes next for an account, and when."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from cis.kernel.calendar import BusinessCalendar

_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class LadderStep:
    """
    One step of a ladder.

    wait_days            after the step before it was done; of the first, after the due date
    counts_working_days  they are working days
    channel              sms, email, letter, call, visit
    proof                what proves that it was received; "none": nothing has to
    """

    code: str
    wait_days: int
    counts_working_days: bool
    channel: str
    proof: str


@dataclass(frozen=True, slots=True)
class Done:
    """A step that was done on a day, and whether its receipt is proven."""

    code: str
    day: date
    is_proven: bool


@dataclass(frozen=True, slots=True)
class Pause:
    """Days on which a hold stops the ladder, [start, end); None: still."""

    start: date
    end: date | None = None


@dataclass(frozen=True, slots=True)
class Next:
    """
    What comes next.

    day       from when it may be done; None: not before the pause ends, or before the proof is there
    awaits    the step whose proof is missing; "" for none
    """

    step: LadderStep
    day: date | None
    awaits: str = ""


def next_step(
    *,
    ladder: Sequence[LadderStep],
    done: Sequence[Done],
    due_date: date,
    pauses: Sequence[Pause],
    calendar: BusinessCalendar,
) -> Next | None:
    """
    Return the step that comes next, None after the last.

    Days of a pause do not count as waiting: who was left in peace for two weeks is told two weeks later. A step whose
    receipt must be proven, and is not, stops the ladder.

    A ladder may be changed while cases are under way: a step that it got below one that was done already is left out,
    and after one that it has no more the next one waits as after any other.

    due_date  of the oldest debt that is open; steps done on it or before belong to another debt, and do not count
    """
    latest = {one.code: one for one in sorted(done, key=lambda one: (one.day, one.is_proven)) if one.day > due_date}
    codes = [step.code for step in ladder]
    ever = {one.code for one in done}
    highest = max((codes.index(code) for code in latest if code in codes), default=-1)
    last_day, before = max([due_date, *(one.day for one in latest.values() if one.code not in codes)]), None
    for place, step in enumerate(ladder):
        known = latest.get(step.code)
        if known is None:
            if place < highest and step.code not in ever:
                continue
            if before is not None and before.proof != "none" and not latest[before.code].is_proven:
                return Next(step, None, before.code)
            return Next(step, _after(last_day, step, pauses, calendar))
        last_day, before = max(last_day, known.day), step
    return None


def _after(since: date, step: LadderStep, pauses: Sequence[Pause], calendar: BusinessCalendar) -> date | None:
    """Return the first day on which a step may be done: its wait is over and no pause holds; None: a pause goes on."""
    day, left = since, step.wait_days
    while True:
        held = [one for one in pauses if one.start <= day and (one.end is None or day < one.end)]
        if any(one.end is None for one in held):
            return None
        counts = not held and (not step.counts_working_days or calendar.is_business_day(day))
        left -= counts and day > since
        if left <= 0 and counts:
            return day
        day += _DAY
