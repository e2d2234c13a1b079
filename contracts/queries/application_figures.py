"""
How long applications take: share in time and median time of each step and of all five, by month; what waits for whom.

A turn is one clock of a service standard. What ends in the span counts, in the month in which it ended:

    done        in time, or late
    sent back   a step that left the way it came has had its turn: in time if its end was not over, late otherwise; the
                next turn has the whole standard again. All steps together have no turn before current flows, so for
                them it counts only if it was late
    dropped     withdrawn or turned down: late if its end was over; otherwise it does not count

[source: cis/packs, rule service_standards; docs/decisions/0049]
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Any, Final

from django.conf import settings

from cis.kernel.calendar import local_clock
from cis.kernel.deadlines import Unit
from cis.kernel.workflow import Standard
from cis.platform import db, deadlines
from cis.platform.deadlines import ServiceStandard
from contracts.domain.application_workflow import OPEN, STANDARDS, SUBJECT, WHOLE, StandardClass, standard_key

MONTHS_MOST: Final = 36
"""So long a span is looked at, at most."""
DAY: Final = timedelta(days=1)
Ended = Mapping[tuple[str, str, str, date | None], Sequence[Any]]
"""Of standard, class ("" = all), unit and month (None: the span): in time, late, sent back, median."""


class Outcome(StrEnum):
    """
    How a turn stands at the end of a span.

    SENT_BACK  one of those that count, in time or late
    OVERDUE    one of those that run, and its end is over
    """

    IN_TIME = "in_time"
    LATE = "late"
    SENT_BACK = "sent_back"
    RUNNING = "running"
    OVERDUE = "overdue"


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """
    How turns went. ``sent_back`` are counted in ``in_time`` and ``late``, too.

    running            still open at the end of the span, or now
    median_hundredths  what half of those that were done used up at most; 1/100 of the unit; None: none was done
    """

    in_time: int = 0
    late: int = 0
    sent_back: int = 0
    running: int = 0
    median_hundredths: int | None = None

    @property
    def due(self) -> int:
        """Return how many ended, so that they were in time or late."""
        return self.in_time + self.late

    @property
    def percent(self) -> int | None:
        """Return how many of a hundred were in time, rounded down; None: nothing was due."""
        return self.in_time * 100 // self.due if self.due else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Month:
    """A month, or the part of it that lies in the span: [since, until], local dates."""

    since: date
    until: date
    figure: Figure


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One step, or all five together, over the span and by month; ``unit`` of its median."""

    standard: str
    unit: Unit
    whole: Figure
    months: tuple[Month, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ClassLine:
    """One standard of one class of supply, as the pack has it at the end of the span; ``late_open``: late by now."""

    standard: str
    standard_class: StandardClass
    within: int
    unit: Unit
    source: str
    figure: Figure
    late_open: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """Open applications in one state that wait for one side; ``late``: with a deadline that has passed."""

    state: str
    waits_for: str
    count: int
    late: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """All figures of a span [since, until], local dates."""

    since: date
    until: date
    steps: tuple[Step, ...]
    classes: tuple[ClassLine, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class WantedTurns:
    """
    Which turns a list shows: those that ended within [since, until], or ran at its end; "" = all.

    outcome  "": all that ended so that they count
    """

    since: date
    until: date
    standard: str = ""
    standard_class: str = ""
    outcome: Outcome | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Turn:
    """One turn of one application; ``used_hundredths`` None: it was not done."""

    application_id: int
    number: str
    name: str
    standard: str
    standard_class: str
    unit: Unit
    started_at: datetime
    due_at: datetime | None
    ended_at: datetime | None
    used_hundredths: int | None
    outcome: Outcome
    is_sent_back: bool


def clipped(*, since: date, until: date, today: date) -> tuple[date, date]:
    """Return a span that ends today at the latest and is at most ``MONTHS_MOST`` months long."""
    until = min(until, today)
    count = until.year * 12 + until.month - MONTHS_MOST
    earliest = date(count // 12, count % 12 + 1, 1)
    return max(min(since, until), earliest), until


def report(*, since: date, until: date, at: datetime, standard_class: StandardClass | None = None) -> Report:
    """
    Return the figures of a span; three statements whatever the number of applications and months.

    :param standard_class: of this class alone; None: of all.
    :raises MissingRule: the pack has no service standards.
    """
    months = _months(since, until)
    params = {**_params(since, until, at, standard_class), **_ends(months, at)}
    ended: Ended = {
        (standard, found or "", unit, month): counts
        for standard, found, unit, month, *counts in db.fetch(_FIGURES, params)
    }
    running = {(standard, unit, seq): count for standard, unit, seq, count in db.fetch(_RUNNING, params)}
    now = {(standard, found, unit): counts for standard, found, unit, *counts in db.fetch(_OPEN_NOW, params)}
    known = {one.key: one for one in deadlines.standards(at=at)}
    limits = [
        (standard, one, known[key])
        for standard in STANDARDS
        for one in StandardClass
        if (key := standard_key(standard, standard_class=one)) in known and standard_class in (None, one)
    ]
    units = {(standard, limit.limit.unit.value) for standard, _, limit in limits}
    units |= {(Standard(standard), unit) for standard, _, unit, _ in ended}
    order = sorted(units, key=lambda one: (STANDARDS.index(one[0]), one[1] != Unit.WORKING_DAYS))
    return Report(
        since=since,
        until=until,
        steps=tuple(_step(standard, Unit(unit), months, ended, running) for standard, unit in order),
        classes=tuple(_class_line(standard, one, limit, ended, now) for standard, one, limit in limits),
    )


def waiting(*, at: datetime) -> tuple[Waiting, ...]:
    """Return how many open applications wait in which state for whom, in the order of the way; one statement."""
    order = [one.value for one in OPEN]
    rows = db.fetch(_WAITING, {"at": at, "open": order, "subject": SUBJECT})
    found = [Waiting(state=state, waits_for=side, count=count, late=late) for state, side, count, late in rows]
    return tuple(sorted(found, key=lambda one: (order.index(one.state), one.waits_for)))


def turns(*, wanted: WantedTurns, at: datetime, offset: int = 0, most: int = 50) -> tuple[Turn, ...]:
    """Return turns, latest end first, those that run before them; one statement."""
    rows = db.fetch(_TURNS, {**_asked(wanted, at), "most": most, "offset": offset})
    return tuple(
        Turn(
            application_id=row_id, number=number, name=name, standard=standard, standard_class=found, unit=Unit(unit),
            started_at=started_at, due_at=due_at, ended_at=ended_at, used_hundredths=used, outcome=Outcome(outcome),
            is_sent_back=is_sent_back,
        )
        for row_id, number, name, standard, found, unit, started_at, due_at, ended_at, used, outcome, is_sent_back
        in rows
    )  # fmt: skip


def count_turns(*, wanted: WantedTurns, at: datetime) -> int:
    """Return how many turns a list has; one statement."""
    ((count,),) = db.fetch(_COUNT, _asked(wanted, at))
    return int(count)


def _class_line(
    standard: Standard,
    standard_class: StandardClass,
    limit: ServiceStandard,
    ended: Ended,
    now: Mapping[tuple[str, str, str], Sequence[int]],
) -> ClassLine:
    key = (standard.key, standard_class.value, limit.limit.unit.value)
    open_now, late_open = now.get(key, (0, 0))
    return ClassLine(
        standard=standard.key,
        standard_class=standard_class,
        within=limit.limit.amount,
        unit=limit.limit.unit,
        source=limit.source,
        figure=_figure(ended.get((*key, None)), open_now),
        late_open=late_open,
    )


def _step(
    standard: Standard,
    unit: Unit,
    months: Sequence[tuple[date, date]],
    ended: Ended,
    running: Mapping[tuple[str, str, int], int],
) -> Step:
    key, last = standard.key, len(months) - 1
    return Step(
        standard=key,
        unit=unit,
        whole=_figure(ended.get((key, "", unit.value, None)), running.get((key, unit.value, last), 0)),
        months=tuple(
            Month(
                since=since,
                until=until,
                figure=_figure(
                    ended.get((key, "", unit.value, since.replace(day=1))), running.get((key, unit.value, seq), 0)
                ),
            )
            for seq, (since, until) in enumerate(months)
        ),
    )


def _figure(counts: Sequence[Any] | None, running: int) -> Figure:
    in_time, late, sent_back, median = counts or (0, 0, 0, None)
    return Figure(in_time=in_time, late=late, sent_back=sent_back, running=running, median_hundredths=median)


def _months(since: date, until: date) -> list[tuple[date, date]]:
    months, first = [], since
    while first <= until:
        after = (first.replace(day=1) + 31 * DAY).replace(day=1)
        months.append((first, min(after - DAY, until)))
        first = after
    return months


def _ends(months: Sequence[tuple[date, date]], at: datetime) -> dict[str, Any]:
    clock = local_clock(settings.TIME_ZONE)
    ends = [min(clock.day_start_utc(until + DAY), at) for _, until in months]
    return {"seqs": list(range(len(months))), "ends": ends}


def _params(since: date, until: date, at: datetime, standard_class: StandardClass | str | None) -> dict[str, Any]:
    clock = local_clock(settings.TIME_ZONE)
    rows = [
        (standard_key(standard, standard_class=one), standard.key, one.value)
        for standard in STANDARDS
        for one in StandardClass
        if not standard_class or one == standard_class
    ]
    keys, standards, classes = zip(*rows, strict=True)
    return {
        "subject": SUBJECT, "keys": list(keys), "standards": list(standards), "classes": list(classes),
        "since": clock.day_start_utc(since), "until": clock.day_start_utc(until + DAY), "whole": WHOLE.key,
        "zone": settings.TIME_ZONE, "at": at,
    }  # fmt: skip


def _asked(wanted: WantedTurns, at: datetime) -> dict[str, Any]:
    params = _params(wanted.since, wanted.until, at, wanted.standard_class)
    ends_at = min(params["until"], at)
    outcome = None if wanted.outcome is None else wanted.outcome.value
    return {**params, "ends_at": ends_at, "standard": wanted.standard, "outcome": outcome}


# A clock is dropped at the same instant as its application is sent back.
_TURN = """
    SELECT d.subject_id, k.standard, k.class, d.unit, d.state, d.started_at, d.due_at, d.ended_at, d.used_hundredths,
        d.state = 'dropped' AND EXISTS (
            SELECT FROM contracts_applicationmove AS m
            WHERE m.application_id = d.subject_id AND m.action = 'send_back' AND m.at = d.ended_at
        ) AS is_sent_back,
        CASE WHEN d.state = 'met' THEN NOT d.in_time ELSE coalesce(d.due_at <= d.ended_at, FALSE) END AS is_late
    FROM platform_deadline AS d
    JOIN unnest(%(keys)s::text[], %(standards)s::text[], %(classes)s::text[]) AS k (key, standard, class)
        ON k.key = d.standard
    WHERE d.subject = %(subject)s
"""
_COUNTS = "state = 'met' OR is_late OR is_sent_back AND standard <> %(whole)s"
_FIGURES = f"""
    SELECT standard, class, unit, month,
        count(*) FILTER (WHERE NOT is_late), count(*) FILTER (WHERE is_late), count(*) FILTER (WHERE is_sent_back),
        percentile_disc(0.5) WITHIN GROUP (ORDER BY used_hundredths) FILTER (WHERE state = 'met')
    FROM (
        SELECT *, date_trunc('month', ended_at AT TIME ZONE %(zone)s)::date AS month FROM ({_TURN}) AS t
        WHERE ended_at >= %(since)s AND ended_at < %(until)s AND ({_COUNTS})
    ) AS t
    GROUP BY GROUPING SETS ((standard, unit), (standard, unit, month), (standard, unit, class))
"""  # noqa: S608 (made of constants)
_RUNNING = """
    SELECT k.standard, d.unit, e.seq, count(*)
    FROM unnest(%(seqs)s::int[], %(ends)s::timestamptz[]) AS e (seq, at)
    JOIN platform_deadline AS d ON d.subject = %(subject)s AND d.started_at < e.at
        AND (d.ended_at IS NULL OR d.ended_at >= e.at)
    JOIN unnest(%(keys)s::text[], %(standards)s::text[]) AS k (key, standard) ON k.key = d.standard
    GROUP BY k.standard, d.unit, e.seq
"""
_OPEN_NOW = """
    SELECT k.standard, k.class, d.unit, count(*), count(*) FILTER (WHERE d.due_at <= %(at)s)
    FROM platform_deadline AS d
    JOIN unnest(%(keys)s::text[], %(standards)s::text[], %(classes)s::text[]) AS k (key, standard, class)
        ON k.key = d.standard
    WHERE d.subject = %(subject)s AND d.state IN ('running', 'stopped')
    GROUP BY k.standard, k.class, d.unit
"""
_WAITING = """
    SELECT a.state, a.waits_for, count(*), count(*) FILTER (WHERE EXISTS (
        SELECT FROM platform_deadline AS d WHERE d.subject = %(subject)s AND d.subject_id = a.id
            AND d.state IN ('running', 'stopped') AND d.due_at <= %(at)s
    ))
    FROM contracts_serviceapplication AS a WHERE a.state = ANY(%(open)s) GROUP BY a.state, a.waits_for
"""
_WANTED = f"""
    SELECT *, CASE WHEN ended_at IS NULL AND due_at <= %(at)s THEN 'overdue'
        WHEN ended_at IS NULL OR ended_at >= %(ends_at)s THEN 'running' WHEN is_late THEN 'late' ELSE 'in_time'
        END AS outcome
    FROM ({_TURN}) AS t
    WHERE (%(standard)s = '' OR standard = %(standard)s) AND CASE
        WHEN %(outcome)s::text = 'overdue' THEN ended_at IS NULL AND due_at <= %(at)s
        WHEN %(outcome)s::text = 'running'
        THEN started_at < %(ends_at)s AND (ended_at IS NULL OR ended_at >= %(ends_at)s)
        ELSE ended_at >= %(since)s AND ended_at < %(until)s AND ({_COUNTS}) AND CASE %(outcome)s::text
            WHEN 'late' THEN is_late WHEN 'in_time' THEN NOT is_late WHEN 'sent_back' THEN is_sent_back ELSE TRUE END
        END
"""  # noqa: S608 (made of constants)
_COUNT = f"SELECT count(*) FROM ({_WANTED}) AS w"  # noqa: S608 (made of constants)
_TURNS = f"""
    SELECT w.subject_id, a.number, a.name, w.standard, w.class, w.unit, w.started_at, w.due_at, w.ended_at,
        w.used_hundredths, w.outcome, w.is_sent_back
    FROM ({_WANTED}) AS w JOIN contracts_serviceapplication AS a ON a.id = w.subject_id
    ORDER BY w.ended_at DESC NULLS FIRST, w.started_at, a.id LIMIT %(most)s OFFSET %(offset)s
"""  # noqa: S608 (made of constants)
