"""
Deadlines by service standards of the pack: started, stopped while the customer's side works, met or dropped.

What a deadline is for is said by ``subject`` and ``subject_id``, as in the audit trail; this module knows no room. How
long a standard is stands in the rule ``service_standards``; what was started keeps the length it had then. A sweep
tells of each deadline once that it comes near and once that it has passed: ``DeadlineNear``, ``DeadlinePassed``.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from math import ceil
from typing import Any

from django.conf import settings
from django.utils import timezone

from cis.kernel.calendar import local_clock
from cis.kernel.deadlines import DeadlineNear, DeadlinePassed, Limit, Passing, Stop, Unit, WorkClock
from cis.kernel.errors import Refused
from cis.platform import calendars, db, events, packs
from cis.platform.models import DeadlineState

WORK = "deadlines"
BATCH = 500


class ClockRuns(Refused):
    """A clock of this standard runs already for one of the subjects."""

    code = "clock_runs"


class UnknownStandard(Refused):
    """The pack has no service standard of this key."""

    code = "unknown_standard"


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceStandard:
    """A service standard in force: its length, how long before its end is warned, and where it comes from."""

    key: str
    limit: Limit
    warn: int
    source: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Card:
    """
    One deadline, for pages.

    due_at   None: the clock stands still
    reason   for whom or what it stands still; "" if it runs
    in_time  None: not met
    """

    id: int
    subject: str
    subject_id: int
    standard: str
    state: DeadlineState
    limit: Limit
    started_at: datetime
    due_at: datetime | None
    ended_at: datetime | None
    used_hundredths: int | None
    in_time: bool | None
    reason: str = ""

    def is_late(self, at: datetime) -> bool:
        """Return whether it is open and has passed, or was met too late."""
        if self.in_time is not None:
            return not self.in_time
        return self.ended_at is None and self.due_at is not None and self.due_at <= at


def standards(*, at: datetime) -> tuple[ServiceStandard, ...]:
    """
    Return all service standards of this installation's pack, in its order.

    :raises MissingRule: the pack has no service standards.
    """
    return tuple(
        ServiceStandard(key=key, limit=Limit(one["within"], Unit(one["unit"])), warn=one["warn"], source=one["source"])
        for key, one in _standards(at).items()
    )


def find_standard(key: str, *, at: datetime) -> ServiceStandard:
    """
    Return a service standard of this installation's pack.

    :raises MissingRule: the pack has no service standards.
    :raises UnknownStandard: it has none of this key.
    """
    one = _standards(at).get(key)
    if one is None:
        raise UnknownStandard(
            f"The pack has no service standard {key}.",
            advice=f"Add {key} with its source to the rule service_standards of the pack.",
            key=key,
        )
    limit = Limit(one["within"], Unit(one["unit"]))
    return ServiceStandard(key=key, limit=limit, warn=one["warn"], source=one["source"])


def _standards(at: datetime) -> Mapping[str, Any]:
    value: Mapping[str, Any] = packs.rule("service_standards", at=local_clock(settings.TIME_ZONE).local_date(at))
    return value


@db.joins_transaction
def start(*, subject: str, subject_id: int, standard: str, at: datetime) -> datetime:
    """
    Start the clock of a standard for one thing; return when it is due.

    :raises MissingRule: the pack has no service standards.
    :raises UnknownStandard: it has none of this key.
    :raises ClockRuns: it runs already.
    """
    return start_many(subject=subject, subject_ids=(subject_id,), standard=standard, at=at)


@db.joins_transaction
def start_many(*, subject: str, subject_ids: Sequence[int], standard: str, at: datetime) -> datetime:
    """Start the clock of a standard for many things at once, in one statement; see ``start``."""
    due_at, made = _start(subject, subject_ids, standard, at)
    if made != len(subject_ids):
        raise ClockRuns(f"The clock {standard} runs already for this {subject}.", advice="Look at its page again.")
    return due_at


@db.joins_transaction
def start_missing(*, subject: str, subject_ids: Sequence[int], standard: str, at: datetime) -> int:
    """Start the clock of a standard for those of many things where none runs; return how many. One statement."""
    return _start(subject, subject_ids, standard, at)[1]


def _start(subject: str, subject_ids: Sequence[int], standard: str, at: datetime) -> tuple[datetime, int]:
    rule = find_standard(standard, at=at)
    clock = work_clock()
    limit = rule.limit
    due_at = clock.due_at(start_at=at, limit=limit)
    warn_at = clock.due_at(start_at=at, limit=limit.less(rule.warn))
    assert due_at is not None  # nothing has stopped it
    made = db.execute(
        """
        INSERT INTO platform_deadline
            (subject, subject_id, standard, state, within, unit, warn, started_at, due_at, warn_at)
        SELECT %s, one.id, %s, 'running', %s, %s, %s, %s, %s, %s FROM unnest(%s::bigint[]) AS one (id)
        ON CONFLICT (subject, subject_id, standard) WHERE state IN ('running', 'stopped') DO NOTHING
        """,
        [subject, standard, limit.amount, limit.unit.value, rule.warn, at, due_at, warn_at, list(subject_ids)],
    )
    return due_at, made


@db.joins_transaction
def stop(*, subject: str, subject_id: int, at: datetime, reason: str) -> int:
    """
    Stop all running clocks of one thing, since it is waited for somebody else; return how many stopped.

    A clock that has passed stands still too, but stays late. ``reason``: for whom or what is waited, a code.
    """
    return db.execute(
        """
        WITH stopped AS (
            UPDATE platform_deadline SET
                state = 'stopped', due_at = CASE WHEN due_at <= %s THEN due_at END, warn_at = NULL
            WHERE subject = %s AND subject_id = %s AND state = 'running' RETURNING id
        )
        INSERT INTO platform_deadlinestop (deadline_id, stopped_at, reason) SELECT id, %s, %s FROM stopped
        """,
        [at, subject, subject_id, at, reason],
    )


@db.joins_transaction
def go_on(*, subject: str, subject_id: int, at: datetime) -> int:
    """Let all clocks of one thing that stand still go on; return how many. What was stood still is not counted."""
    rows = [row for row in lock(subject, subject_id, None) if row.state is DeadlineState.STOPPED]
    if not rows:
        return 0
    clock = work_clock()
    ends = [row.ends(clock, until_at=at) for row in rows]
    db.execute(
        """
        WITH ended AS (
            UPDATE platform_deadlinestop SET went_on_at = greatest(stopped_at, %s)
            WHERE deadline_id = ANY(%s) AND went_on_at IS NULL
        )
        UPDATE platform_deadline SET state = 'running', due_at = one.due_at, warn_at = one.warn_at
        FROM unnest(%s::bigint[], %s::timestamptz[], %s::timestamptz[]) AS one (id, due_at, warn_at)
        WHERE platform_deadline.id = one.id
        """,
        [at, [row.id for row in rows], [row.id for row in rows], [end[0] for end in ends], [end[1] for end in ends]],
    )
    return len(rows)


@db.joins_transaction
def meet(*, subject: str, subject_id: int, at: datetime, standard: str | None = None) -> int:
    """
    Note that what the open deadlines of one thing are for was done; return how many were open.

    :param standard: this one alone; None: all that are open.
    """
    rows = lock(subject, subject_id, standard)
    if not rows:
        return 0
    clock = work_clock()
    ended = [row.met(clock, at) for row in rows]
    db.execute(
        """
        WITH ended AS (
            UPDATE platform_deadlinestop SET went_on_at = greatest(stopped_at, %s)
            WHERE deadline_id = ANY(%s) AND went_on_at IS NULL
        )
        UPDATE platform_deadline SET state = 'met', ended_at = %s, due_at = one.due_at, warn_at = NULL,
            used_hundredths = one.used, in_time = one.due_at IS NULL OR %s < one.due_at
        FROM unnest(%s::bigint[], %s::timestamptz[], %s::int[]) AS one (id, due_at, used)
        WHERE platform_deadline.id = one.id
        """,
        [at, [row.id for row in rows], at, at, [row.id for row in rows], *map(list, zip(*ended, strict=True))],
    )
    return len(rows)


@db.joins_transaction
def drop(*, subject: str, subject_id: int, at: datetime, standard: str | None = None) -> int:
    """
    Forget the open deadlines of one thing, since what they are for is not wanted any more; return how many.

    :param standard: this one alone; None: all that are open.
    """
    return db.execute(
        """
        WITH dropped AS (
            UPDATE platform_deadline SET state = 'dropped', ended_at = %(at)s, warn_at = NULL
            WHERE subject = %(subject)s AND subject_id = %(id)s AND state IN ('running', 'stopped')
                AND (%(standard)s::text IS NULL OR standard = %(standard)s)
            RETURNING id
        ), ended AS (
            UPDATE platform_deadlinestop SET went_on_at = greatest(stopped_at, %(at)s)
            WHERE deadline_id IN (SELECT id FROM dropped) AND went_on_at IS NULL
        )
        SELECT id FROM dropped
        """,
        {"at": at, "subject": subject, "id": subject_id, "standard": standard},
    )


def of_subject(*, subject: str, subject_ids: Sequence[int]) -> tuple[Card, ...]:
    """Return all deadlines of some things, oldest first; one statement."""
    return _cards(
        "subject = %s AND subject_id = ANY(%s::bigint[]) ORDER BY started_at, id", [subject, list(subject_ids)]
    )


def overdue(*, at: datetime, subject: str | None = None, most: int = 1_000) -> tuple[Card, ...]:
    """Return the open deadlines that have passed, longest first; one statement."""
    of_one, named = ("", []) if subject is None else ("AND subject = %s", [subject])
    where = f"state IN ('running', 'stopped') AND due_at <= %s {of_one} ORDER BY due_at, id LIMIT %s"
    return _cards(where, [at, *named, most])


def sweep(at: datetime) -> None:
    """Tell of each running deadline once that it comes near, and of each open one once that it has passed."""
    # Those that have passed come first: of them nobody needs to hear that they come near.
    while _tell(DeadlinePassed, _PASSED, at) == BATCH:
        pass
    while _tell(DeadlineNear, _NEAR, at) == BATCH:
        pass


# The batch is materialized: as a subquery of the update it may be asked again, and then takes more than its limit.
_PASSED = """
    WITH batch AS MATERIALIZED (
        SELECT id FROM platform_deadline
        WHERE state IN ('running', 'stopped') AND passed_at IS NULL AND due_at IS NOT NULL AND due_at <= %(at)s
        ORDER BY due_at, id LIMIT %(most)s FOR UPDATE SKIP LOCKED
    )
    UPDATE platform_deadline AS d SET passed_at = %(at)s, warned_at = coalesce(warned_at, %(at)s)
    FROM batch WHERE d.id = batch.id RETURNING d.id, d.subject, d.subject_id, d.standard, d.due_at
"""
_NEAR = """
    WITH batch AS MATERIALIZED (
        SELECT id FROM platform_deadline
        WHERE state = 'running' AND warned_at IS NULL AND passed_at IS NULL AND warn_at <= %(at)s
        ORDER BY warn_at, id LIMIT %(most)s FOR UPDATE SKIP LOCKED
    )
    UPDATE platform_deadline AS d SET warned_at = %(at)s
    FROM batch WHERE d.id = batch.id RETURNING d.id, d.subject, d.subject_id, d.standard, d.due_at
"""


@db.opens_transaction
def _tell(kind: type[DeadlineNear | DeadlinePassed], sql: str, at: datetime) -> int:
    found = db.fetch(sql, {"at": at, "most": BATCH})
    passing = (
        Passing(deadline_id=row_id, subject=subject, subject_id=subject_id, standard=key, due_at=due_at)
        for row_id, subject, subject_id, key, due_at in sorted(found, key=lambda row: (row[4], row[0]))
    )
    if found:
        events.announce(kind(deadlines=tuple(passing)))
    return len(found)


@dataclass(frozen=True, slots=True)
class Open:
    """An open deadline, locked."""

    id: int
    state: DeadlineState
    limit: Limit
    warn: int
    started_at: datetime
    stops: tuple[Stop, ...]
    standard: str

    def met(self, clock: WorkClock, at: datetime) -> tuple[datetime | None, int]:
        """Return when it was due, and what it has used up if it is met at an instant; 1/100 of its unit."""
        used = clock.used(start_at=self.started_at, until_at=at, unit=self.limit.unit, stops=self.stops)
        return clock.due_at(start_at=self.started_at, limit=self.limit, stops=self.stops), ceil(used * 100)

    def ends(self, clock: WorkClock, *, until_at: datetime) -> tuple[datetime | None, datetime | None]:
        """Return when it is due and when to warn, if it stands still until an instant."""
        stops = [Stop(one.start_at, one.end_at or max(one.start_at, until_at)) for one in self.stops]
        limits = (self.limit, self.limit.less(self.warn))
        due_at, warn_at = (clock.due_at(start_at=self.started_at, limit=limit, stops=stops) for limit in limits)
        return due_at, warn_at


def lock(subject: str, subject_id: int, standard: str | None) -> list[Open]:
    """Return the open deadlines of one thing, locked, oldest first; ``standard``: this one alone."""
    rows = db.fetch(
        """
        SELECT id, state, within, unit, warn, started_at,
            ARRAY(SELECT stopped_at FROM platform_deadlinestop WHERE deadline_id = d.id ORDER BY id),
            ARRAY(SELECT went_on_at FROM platform_deadlinestop WHERE deadline_id = d.id ORDER BY id), standard
        FROM platform_deadline AS d
        WHERE subject = %(subject)s AND subject_id = %(id)s AND state IN ('running', 'stopped')
            AND (%(standard)s::text IS NULL OR standard = %(standard)s)
        ORDER BY id FOR UPDATE
        """,
        {"subject": subject, "id": subject_id, "standard": standard},
    )
    return [
        Open(
            row_id, DeadlineState(state), Limit(within, Unit(unit)), warn, at, tuple(map(Stop, begun, ended)), standard
        )
        for row_id, state, within, unit, warn, at, begun, ended, standard in rows
    ]


def work_clock() -> WorkClock:
    """Return the working days and the local clock of this installation."""
    country = packs.rule("holiday_country", at=timezone.localdate())
    return WorkClock(calendar=calendars.business_calendar(country), clock=local_clock(settings.TIME_ZONE))


def _cards(where: str, given: Sequence[object]) -> tuple[Card, ...]:
    names = [one.name for one in fields(Card) if one.name not in {"state", "limit"}]
    return tuple(
        Card(state=DeadlineState(state), limit=Limit(within, Unit(unit)), **dict(zip(names, values, strict=True)))
        for state, within, unit, *values in db.fetch(f"{_CARDS} WHERE {where}", given)
    )


_CARDS = """
    SELECT state, within, unit, id, subject, subject_id, standard, started_at, due_at, ended_at, used_hundredths,
        in_time, coalesce((
            SELECT reason FROM platform_deadlinestop WHERE deadline_id = d.id AND went_on_at IS NULL LIMIT 1
        ), '')
    FROM platform_deadline AS d
"""
