"""Events of demand response: planned by one, let go by another; the way of the event and of each who takes part."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from cis.kernel.actors import ActorKind
from cis.kernel.calendar import LocalClock
from cis.kernel.enums import Role
from cis.kernel.errors import Findings, Refused
from cis.kernel.workflow import Move, Workflow

SUBJECT = "demand_event"
PART = "demand_event_part"
"""The case of a command that limits a supply; its id is that of the part."""
HOURS_MOST = 12
AHEAD_MOST_DAYS = 31
TARGET_MOST_W = 10**12
REASON_MOST = 200
HOUR = timedelta(hours=1)


class ShortNotice(Refused):
    """Those who take part would hear of it too late."""

    code = "short_event_notice"


class TooLate(Refused):
    """Nobody leaves the event any more."""

    code = "too_late_to_opt_out"


class EventSource(StrEnum):
    """What an event was planned by: a person's own judgement, or a forecast that the person looked at."""

    PERSON = "person"
    FORECAST = "forecast"


class EventState(StrEnum):
    """
    States of an event.

    PLANNED    waits for a second person
    ANNOUNCED  those who take part were told
    RUNNING    between its start and its end
    ENDED      its days are waited for
    SETTLED    what was delivered is credited
    CALLED_OFF does not take place
    """

    PLANNED = "planned"
    ANNOUNCED = "announced"
    RUNNING = "running"
    ENDED = "ended"
    SETTLED = "settled"
    CALLED_OFF = "called_off"


class EventAction(StrEnum):
    """What is done with an event."""

    ANNOUNCE = "announce"
    CALL_OFF = "call_off"
    BEGIN = "begin"
    END = "end"
    SETTLE = "settle"


class PartState(StrEnum):
    """
    States of who takes part in an event.

    CALLED       told of it; may opt out
    OPTED_OUT    does not take part
    TAKING_PART  the event runs, or its days are waited for
    SETTLED      measured; what was delivered is credited, if anything was
    UNMEASURED   values did not come in time: nothing is credited, and nothing was guessed
    TAKEN_BACK   the credit was taken back
    CALLED_OFF   the event does not take place
    """

    CALLED = "called"
    OPTED_OUT = "opted_out"
    TAKING_PART = "taking_part"
    SETTLED = "settled"
    UNMEASURED = "unmeasured"
    TAKEN_BACK = "taken_back"
    CALLED_OFF = "called_off"


class PartAction(StrEnum):
    """What is done with a part. SETTLE_AGAIN: measured and credited anew: it was taken back, or values came late."""

    OPT_OUT = "opt_out"
    CALL_OFF = "call_off"
    BEGIN = "begin"
    SETTLE = "settle"
    GIVE_UP = "give_up"
    TAKE_BACK = "take_back"
    SETTLE_AGAIN = "settle_again"


class LimitState(StrEnum):
    """
    What became of the limit of a supply.

    NONE     no command: the programme limits nothing, the meter cannot be told, or somebody there lives by electricity
    ORDERED  the command is under way
    SET      the meter limits
    FAILED   the meter refused or did not answer in time; the part is measured all the same
    KEPT     the meter keeps a limit that somebody else ordered, or is being told of it: that one stays
    """

    NONE = "none"
    ORDERED = "ordered"
    SET = "set"
    FAILED = "failed"
    KEPT = "kept"


PLANNERS: frozenset[Role | ActorKind] = frozenset((Role.METERING, Role.SUPERVISOR))
SETTLERS: frozenset[Role | ActorKind] = frozenset((Role.BILLING, Role.SUPERVISOR))
LEAVERS: frozenset[Role | ActorKind] = frozenset(
    (Role.CLERK, Role.METERING, Role.SUPERVISOR, ActorKind.CUSTOMER, ActorKind.CLIENT)
)
MACHINE: frozenset[Role | ActorKind] = frozenset((ActorKind.SYSTEM,))
_S, _A = EventState, EventAction
WORKFLOW = Workflow(
    "demand response event",
    {
        (_S.PLANNED, _A.ANNOUNCE): Move(_S.ANNOUNCED, PLANNERS),
        (_S.PLANNED, _A.CALL_OFF): Move(_S.CALLED_OFF, PLANNERS | MACHINE),
        (_S.ANNOUNCED, _A.CALL_OFF): Move(_S.CALLED_OFF, PLANNERS),
        (_S.ANNOUNCED, _A.BEGIN): Move(_S.RUNNING, MACHINE),
        (_S.RUNNING, _A.END): Move(_S.ENDED, MACHINE),
        (_S.ENDED, _A.SETTLE): Move(_S.SETTLED, SETTLERS | MACHINE),
    },
)
_P, _B = PartState, PartAction
PART_WORKFLOW = Workflow(
    "part of an event",
    {
        (_P.CALLED, _B.OPT_OUT): Move(_P.OPTED_OUT, LEAVERS),
        # By the machine: the enrolment ended before the event.
        (_P.CALLED, _B.CALL_OFF): Move(_P.CALLED_OFF, PLANNERS | MACHINE),
        (_P.CALLED, _B.BEGIN): Move(_P.TAKING_PART, MACHINE),
        (_P.TAKING_PART, _B.SETTLE): Move(_P.SETTLED, SETTLERS | MACHINE),
        (_P.TAKING_PART, _B.GIVE_UP): Move(_P.UNMEASURED, SETTLERS | MACHINE),
        (_P.SETTLED, _B.TAKE_BACK): Move(_P.TAKEN_BACK, SETTLERS),
        **{(state, _B.SETTLE_AGAIN): Move(_P.SETTLED, SETTLERS) for state in (_P.TAKEN_BACK, _P.UNMEASURED)},
    },
)


@dataclass(frozen=True, slots=True, kw_only=True)
class EventTerms:
    """
    What a programme of demand response agrees on; the rest of ``programs.Terms`` is not for it.

    limit_w          to what power a supply is limited in an event; 0: the customer saves by hand [W]
    credit_e6        what delivered energy is worth [10^-6 minor unit/kWh]
    notice_minutes   so long before an event at least it is announced
    opt_out_minutes  until so long before it one may opt out
    events_most      so many events in a calendar year at most
    """

    limit_w: int
    credit_e6: int
    notice_minutes: int
    opt_out_minutes: int
    events_most: int


@dataclass(frozen=True, slots=True, kw_only=True)
class NewEvent:
    """
    An event to be.

    feeder_id    those on this feeder are called; None: all in the programme
    target_w     what is hoped for of all together [W]
    forecast_id  of the load that a person looked at; None: nobody looked at one
    """

    program_id: int
    start_at: datetime
    end_at: datetime
    target_w: int
    feeder_id: int | None = None
    forecast_id: int | None = None

    @property
    def source(self) -> EventSource:
        """Return what it is planned by."""
        return EventSource.PERSON if self.forecast_id is None else EventSource.FORECAST

    @property
    def hours(self) -> int:
        """Return how long it is. [h]"""
        return hours_of(start_at=self.start_at, end_at=self.end_at)


def hours_of(*, start_at: datetime, end_at: datetime) -> int:
    """Return how long an event is. [h]"""
    return (end_at - start_at) // HOUR


def check(new: NewEvent, *, terms: EventTerms, held: int, at: datetime, clock: LocalClock, findings: Findings) -> None:
    """
    Note what is wrong with an event.

    Meters of 15, 30 and 60 minutes measure whole hours alike, so an event has whole hours, and all of one local day.

    :param held: events of the programme in that year already.
    """
    local = new.start_at.astimezone(clock.zone)
    if local.minute or local.second or local.microsecond or (new.end_at - new.start_at) % HOUR:
        findings.add("start", "not_whole_hours", "An event begins and ends at a whole hour.")
    if not 1 <= new.hours <= HOURS_MOST:
        findings.add("end", "bad_event_end", f"An event lasts 1 to {HOURS_MOST} hours.")
    elif clock.local_date(new.end_at - HOUR) != local.date():
        findings.add("end", "two_days", "An event ends on the day on which it begins.")
    if not new.start_at - at <= timedelta(days=AHEAD_MOST_DAYS):
        findings.add("start", "too_far", f"An event is planned at most {AHEAD_MOST_DAYS} days ahead.")
    if not 0 < new.target_w <= TARGET_MOST_W:
        findings.add("target", "bad_event_target", "Say how much power is hoped for.")
    if held >= terms.events_most:
        findings.add("start", "events_used_up", f"The programme has at most {terms.events_most} events a year.")


def refuse_if_short(*, start_at: datetime, at: datetime, terms: EventTerms) -> None:
    """
    Do nothing where those who take part hear of an event as early as they were promised.

    :raises ShortNotice: they would not.
    """
    if start_at - at < timedelta(minutes=terms.notice_minutes):
        raise ShortNotice(
            f"They hear of it at least {terms.notice_minutes} minutes before it begins.",
            advice="Choose a later start.", field="start",
        )  # fmt: skip


def opt_out_until(*, start_at: datetime, opt_out_minutes: int) -> datetime:
    """Return the first instant at which nobody opts out any more."""
    return start_at - timedelta(minutes=opt_out_minutes)


def refuse_if_late(*, start_at: datetime, at: datetime, opt_out_minutes: int) -> None:
    """
    Do nothing where one may still opt out.

    :raises TooLate: the time for it is over.
    """
    if at >= opt_out_until(start_at=start_at, opt_out_minutes=opt_out_minutes):
        raise TooLate("It is too late to opt out of this event.", advice="Call us, if you cannot do without power.")


def check_terms(terms: EventTerms, *, findings: Findings) -> None:
    """Note what is wrong with the terms of a programme."""
    minutes_most = 7 * 24 * 60
    if not 0 <= terms.limit_w <= TARGET_MOST_W:
        findings.add("limit", "bad_limit", "A limit is a power.")
    if terms.credit_e6 <= 0:
        findings.add("credit", "no_credit", "What is delivered is worth something.")
    if not 0 < terms.notice_minutes <= minutes_most:
        findings.add("notice_minutes", "bad_notice", "An event is announced up to a week before.")
    if not 0 <= terms.opt_out_minutes < max(terms.notice_minutes, 1):
        findings.add("opt_out_minutes", "bad_opt_out", "There is time to opt out after the announcement.")
    if not 1 <= terms.events_most <= 366:  # noqa: PLR2004 (days of a year)
        findings.add("events_most", "bad_event_count", "There are 1 to 366 events a year.")
