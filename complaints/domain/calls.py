"""
Calls that we owe: who is called back, by when, how often; and how a caller shows who they are.

Hours are local and the same on every day that is served: nobody is called back at night.
"""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from typing import Final

from cis.kernel.actors import ActorKind
from cis.kernel.calendar import BusinessCalendar, LocalClock
from cis.kernel.enums import Role
from cis.kernel.errors import Refused
from cis.kernel.workflow import Move, Workflow

SUBJECT: Final = "call_request"
ABOUT_MOST: Final = 500
NOTE_MOST: Final = 500
WINDOW_LEAST: Final = timedelta(minutes=30)
_DAY: Final = timedelta(days=1)
_DAYS_MOST: Final = 400


class BadWindow(Refused):
    """Nobody is called in that time: it is past, too short, too far away, or outside of our hours."""

    code = "bad_call_window"


class CallState(StrEnum):
    """
    States of a call that somebody asked for.

    WAITING    nobody has it
    CLAIMED    somebody calls now
    DONE       they were spoken to
    GIVEN_UP   called as often as the place asks, and nobody answered; or the number is not theirs
    WITHDRAWN  they do not want it any more
    """

    WAITING = "waiting"
    CLAIMED = "claimed"
    DONE = "done"
    GIVEN_UP = "given_up"
    WITHDRAWN = "withdrawn"


class CallAction(StrEnum):
    """What moves a call."""

    CLAIM = "claim"
    RELEASE = "release"
    SPEAK = "speak"
    MISS = "miss"
    GIVE_UP = "give_up"
    WITHDRAW = "withdraw"


class CallSource(StrEnum):
    """Who asked for it: a telephone system whose caller hung up, the portal, or somebody told a clerk."""

    TELEPHONE = "telephone"
    PORTAL = "portal"
    DESK = "desk"


class CallResult(StrEnum):
    """
    How a call went.

    REACHED       they were spoken to
    NO_ANSWER     nobody answered, or it was engaged
    CALL_LATER    they asked to be called at another time
    WRONG_NUMBER  the number is somebody else's
    """

    REACHED = "reached"
    NO_ANSWER = "no_answer"
    CALL_LATER = "call_later"
    WRONG_NUMBER = "wrong_number"


LIVE: Final = (CallState.WAITING, CallState.CLAIMED)
"""States in which a call is owed."""
DESK: Final = frozenset((Role.CLERK, Role.SUPERVISOR))
ASKERS: Final = DESK | {ActorKind.CLIENT, ActorKind.CUSTOMER, ActorKind.SYSTEM}
_S, _A = CallState, CallAction
WORKFLOW = Workflow(
    "call",
    {
        (_S.WAITING, _A.CLAIM): Move(_S.CLAIMED, DESK),
        (_S.CLAIMED, _A.CLAIM): Move(_S.CLAIMED, DESK),
        (_S.CLAIMED, _A.RELEASE): Move(_S.WAITING, DESK),
        (_S.CLAIMED, _A.SPEAK): Move(_S.DONE, DESK),
        (_S.CLAIMED, _A.MISS): Move(_S.WAITING, DESK),
        (_S.CLAIMED, _A.GIVE_UP): Move(_S.GIVEN_UP, DESK),
        (_S.WAITING, _A.WITHDRAW): Move(_S.WITHDRAWN, DESK | {ActorKind.CUSTOMER}),
        (_S.CLAIMED, _A.WITHDRAW): Move(_S.WITHDRAWN, DESK),
    },
)


@dataclass(frozen=True, slots=True, kw_only=True)
class CallRules:
    """
    The rule ``telephone_calls`` of the pack.

    opens, closes   local hours in which people are called
    every_day       False: on working days alone
    within_minutes  of these hours a call is made
    days_most       so many days ahead a time may be asked for
    tries           after so many calls that nobody answered it may be given up
    retry_minutes   of these hours until the next try
    claim_minutes   so long somebody has a call that nothing is noted of
    asked, right    how many questions a caller is asked, and how many are to be right
    check_tries     wrong answers a day for an account, after which nobody is asked any more
    check_minutes   so long a caller counts as known
    """

    opens: time
    closes: time
    every_day: bool
    within_minutes: int
    days_most: int
    tries: int
    retry_minutes: int
    claim_minutes: int
    asked: int
    right: int
    check_tries: int
    check_minutes: int


@dataclass(frozen=True, slots=True)
class Hours:
    """The hours in which people are called, on the clock and the calendar of a place."""

    rules: CallRules
    clock: LocalClock
    calendar: BusinessCalendar

    def open_at(self, at: datetime) -> datetime:
        """Return the first instant, not before this one, at which people are called."""
        day = self.clock.local_date(at)
        for _ in range(_DAYS_MOST):
            opens_at, closes_at = self._of(day)
            if self._is_served(day) and at < closes_at:
                return max(at, opens_at)
            day += _DAY
        raise ValueError("nobody is called on any day of a year")

    def after(self, at: datetime, minutes: int) -> datetime:
        """Return the instant at which so many minutes of our hours have passed."""
        left, at = timedelta(minutes=minutes), self.open_at(at)
        while left > (rest := self._of(self.clock.local_date(at))[1] - at):
            left -= rest
            at = self.open_at(at + rest)
        return at + left

    def due_at(self, *, asked_at: datetime, from_at: datetime | None, until_at: datetime | None) -> datetime:
        """Return by when somebody is called: within the time of the place, or in the time they asked for."""
        if until_at is not None:
            return until_at
        return self.after(max(asked_at, from_at or asked_at), self.rules.within_minutes)

    def check(self, *, at: datetime, from_at: datetime | None, until_at: datetime | None) -> None:
        """
        See that people are called in the time that somebody asks for; both or none are named.

        :raises BadWindow: it is past, shorter than half an hour, too far away, or outside of our hours.
        """
        if from_at is None and until_at is None:
            return
        advice = f"We call from {self.rules.opens:%H:%M} to {self.rules.closes:%H:%M}."
        if from_at is None or until_at is None:
            raise BadWindow("A time has a beginning and an end.", advice=advice, field="from_at")
        begin_at = max(from_at, at)
        if until_at - begin_at < WINDOW_LEAST:
            raise BadWindow("The time is over, or too short to be called.", advice=advice, field="until_at")
        day = self.clock.local_date(begin_at)
        if day > self.clock.local_date(at) + self.rules.days_most * _DAY:
            message = f"At most {self.rules.days_most} days ahead."
            raise BadWindow(message, advice="Choose a day that is nearer.", field="from_at")
        opens_at, closes_at = self._of(day)
        if not self._is_served(day) or begin_at < opens_at or until_at > closes_at:
            raise BadWindow("Nobody is called at that time.", advice=advice, field="from_at")

    def windows(self, at: datetime, *, days: int, long: timedelta) -> tuple[tuple[datetime, datetime], ...]:
        """Return times to choose from on the next days, each so long at most, that are not over."""
        found: list[tuple[datetime, datetime]] = []
        day = self.clock.local_date(at)
        for one in (day + step * _DAY for step in range(min(days, self.rules.days_most + 1))):
            begin_at, closes_at = self._of(one)
            while self._is_served(one) and begin_at < closes_at:
                end_at = min(begin_at + long, closes_at)
                if end_at - max(begin_at, at) >= WINDOW_LEAST:
                    found.append((begin_at, end_at))
                begin_at = end_at
        return tuple(found)

    def _is_served(self, day: date) -> bool:
        return self.rules.every_day or self.calendar.is_business_day(day)

    def _of(self, day: date) -> tuple[datetime, datetime]:
        zone = self.clock.zone
        return (
            datetime.combine(day, self.rules.opens, tzinfo=zone).astimezone(UTC),
            datetime.combine(day, self.rules.closes, tzinfo=zone).astimezone(UTC),
        )
