"""
Figures of cases for the desk: by month, cause, state, clock and team, of the cases that whoever looks may know of.

What is kept from somebody (``sight``) is in no figure that they see, so no figure differs by it from the list of cases
behind it. A constant number of statements for any number of cases.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from django.conf import settings

from cis.kernel.actors import Actor
from cis.platform import deadlines
from cis.platform.db import fetch
from complaints.domain.figures import NOT_AT_ONCE, WAITING, By, Share, work_days
from complaints.queries.sight import hidden_ids

MOST = 100
"""Rows of a table of causes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """
    Cases taken in [since, until); what is empty does not narrow them.

    by, of  one value of what causes are counted by: ``of`` "" are those without any
    """

    since: date
    until: date
    kind: str = ""
    class_start: str = ""
    area: str = ""
    team_id: int | None = None
    cause: str = ""
    by: By | None = None
    of: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cause:
    """Cases with one cause and one value of what they are counted by; ``liable``: that lie with us."""

    cause: str
    of: str
    count: int
    liable: int
    repeated: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Stay:
    """How long cases stayed in a state, in seconds of working days: half of them so long, nine of ten so long."""

    state: str
    count: int
    median: int
    ninetieth: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """How many clocks of a standard ended, and how many in time."""

    standard: str
    share: Share


@dataclass(frozen=True, slots=True, kw_only=True)
class Quality:
    """What cases of a team were worth that were looked at again; ``team`` "": none had them."""

    team_id: int | None
    team: str
    count: int
    total: int

    @property
    def mean(self) -> int:
        """Return the mean, half a point up."""
        return (2 * self.total + self.count) // (2 * self.count)


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """All figures of a span; ``at_once`` and ``reopened`` are of the cases that were closed."""

    by_month: tuple[tuple[date, str, int], ...]
    by_class: tuple[tuple[str, int], ...]
    causes: tuple[Cause, ...]
    stays: tuple[Stay, ...]
    kept: tuple[Kept, ...]
    quality: tuple[Quality, ...]
    at_once: Share
    reopened: Share


_DAY = "(c.taken_at AT TIME ZONE %(zone)s)::date"
_SUPPLY = f"""
    SELECT g.id, g.service_point_id FROM contracts_serviceagreement g
    WHERE g.account_id = c.account_id AND g.period @> {_DAY} ORDER BY g.id LIMIT 1
"""  # noqa: S608 (our own words)
_METER = f"""
    coalesce((SELECT m.model FROM metering_installation i JOIN metering_meter m ON m.id = i.meter_id
     WHERE i.service_point_id = coalesce(c.service_point_id, (SELECT s.service_point_id FROM ({_SUPPLY}) s))
       AND i.period @> {_DAY} ORDER BY i.id LIMIT 1), '')
"""  # noqa: S608 (our own words)
# A price has changed where a version of the tariff began that was not its first.
_PRICE = f"""
    CASE WHEN c.account_id IS NULL THEN '' WHEN EXISTS (
        SELECT FROM contracts_serviceagreement g
        JOIN contracts_agreementterm t ON t.agreement_id = g.id AND t.period @> {_DAY}
        JOIN tariffs_tariffversion v ON v.tariff_id = t.tariff_id AND v.published_at IS NOT NULL
        WHERE g.account_id = c.account_id AND g.period @> {_DAY}
          AND lower(v.period) BETWEEN {_DAY} - %(price_days)s::int AND {_DAY}
          AND EXISTS (SELECT FROM tariffs_tariffversion e WHERE e.tariff_id = v.tariff_id
                      AND e.published_at IS NOT NULL AND lower(e.period) < lower(v.period))
    ) THEN 'after' ELSE 'other' END
"""  # noqa: S608 (our own words)
_BY = {
    By.CLASS: "c.class_code", By.AREA: "c.district", By.TEAM: "coalesce(c.team_id::text, '')", By.METER: _METER,
    By.PRICE: _PRICE,
}  # fmt: skip
_CHOSEN = """
    c.taken_at >= %(since)s::timestamp AT TIME ZONE %(zone)s AND c.taken_at < %(until)s::timestamp AT TIME ZONE %(zone)s
    AND c.id <> ALL(%(hidden)s::bigint[]) AND (%(kind)s = '' OR c.kind = %(kind)s)
    AND (%(class)s = '' OR c.class_code = %(class)s OR c.class_code LIKE %(class)s || '/%%')
    AND (%(area)s = '' OR c.district = %(area)s)
    AND (%(team)s::bigint IS NULL OR c.team_id = %(team)s) AND (%(cause)s = '' OR c.cause_code = %(cause)s)
"""
_BY_MONTH = f"""
    SELECT date_trunc('month', {_DAY})::date, c.kind, count(*) FROM complaints_case c
    WHERE {_CHOSEN} GROUP BY 1, 2 ORDER BY 1, 2
"""  # noqa: S608 (our own words)
_BY_CLASS = f"""
    SELECT c.class_code, count(*) FROM complaints_case c WHERE {_CHOSEN} GROUP BY 1 ORDER BY 2 DESC, 1
"""  # noqa: S608 (our own words)
_ENDS = f"""
    SELECT count(*), count(*) FILTER (WHERE c.reopened > 0), count(*) FILTER (WHERE c.reopened = 0
        AND NOT EXISTS (SELECT FROM complaints_casemove m WHERE m.case_id = c.id AND m.action = ANY(%(late)s))
        AND NOT EXISTS (SELECT FROM complaints_case r WHERE r.repeats_id = c.id AND r.id <> ALL(%(hidden)s::bigint[])))
    FROM complaints_case c WHERE {_CHOSEN} AND c.state = 'closed'
"""  # noqa: S608 (our own words)
# Moves in which the state stays the same are one stay. What waits for its caller is a stay of its own, whatever class
# it gets meanwhile.
_STAYS = f"""
    WITH days AS (
        SELECT * FROM unnest(%(days)s::date[], %(starts)s::timestamptz[], %(worked)s::boolean[], %(before)s::bigint[])
            AS d (day, start_at, is_worked, before)
    ), moves AS (
        SELECT m.case_id, m.id, m.action, m.after, m.at,
            count(*) FILTER (WHERE m.action <> 'classify') OVER (PARTITION BY m.case_id ORDER BY m.id) AS led
        FROM complaints_casemove m JOIN complaints_case c ON c.id = m.case_id WHERE {_CHOSEN}
    ), steps AS (
        SELECT m.case_id, m.at, lead(m.at) OVER (PARTITION BY m.case_id ORDER BY m.id) AS until_at,
            CASE WHEN first_value(m.action) OVER (PARTITION BY m.case_id, m.led ORDER BY m.id) = 'wait'
                 THEN %(waiting)s ELSE m.after END AS state
        FROM moves m
    ), stays AS (
        SELECT s.case_id, s.state, sum(
            b.before - a.before + CASE WHEN b.is_worked THEN extract(epoch FROM s.until_at - b.start_at) ELSE 0 END
            - CASE WHEN a.is_worked THEN extract(epoch FROM s.at - a.start_at) ELSE 0 END)::bigint AS seconds
        FROM steps s
        JOIN days a ON a.day = (s.at AT TIME ZONE %(zone)s)::date
        JOIN days b ON b.day = (s.until_at AT TIME ZONE %(zone)s)::date
        WHERE s.until_at IS NOT NULL GROUP BY 1, 2
    )
    SELECT state, count(*), percentile_disc(0.5) WITHIN GROUP (ORDER BY seconds),
           percentile_disc(0.9) WITHIN GROUP (ORDER BY seconds)
    FROM stays GROUP BY 1
"""  # noqa: S608 (our own words)
_KEPT = f"""
    SELECT d.standard, count(*) FILTER (WHERE d.in_time), count(*) FROM platform_deadline d
    JOIN complaints_case c ON c.id = d.subject_id
    WHERE d.subject = 'case' AND d.state = 'met' AND {_CHOSEN} GROUP BY 1 ORDER BY 1
"""  # noqa: S608 (our own words)
_QUALITY = f"""
    SELECT e.team_id, coalesce(t.name, ''), count(*), sum(e.score) FROM complaints_chosencase e
    JOIN complaints_case c ON c.id = e.case_id LEFT JOIN accounts_team t ON t.id = e.team_id
    WHERE e.score IS NOT NULL AND {_CHOSEN} GROUP BY 1, 2 ORDER BY 2, 1
"""  # noqa: S608 (our own words)


def figures(*, span: Span, by: By, price_days: int, at: datetime, actor: Actor) -> Figures:
    """Return all figures of a span; seven statements beside those that say what is kept from whoever looks."""
    given = _given(span, price_days, hidden_ids(actor))
    [(closed, reopened, at_once)] = fetch(_ENDS, given)
    return Figures(
        by_month=tuple((month, kind, count) for month, kind, count in fetch(_BY_MONTH, given)),
        by_class=tuple((code, count) for code, count in fetch(_BY_CLASS, given)),
        causes=_causes(by, given),
        stays=tuple(
            Stay(state=state, count=count, median=median, ninetieth=ninetieth)
            for state, count, median, ninetieth in fetch(_STAYS, given | _days(span, at))
        ),
        kept=tuple(
            Kept(standard=standard, share=Share(part=kept, whole=ended))
            for standard, kept, ended in fetch(_KEPT, given)
        ),
        quality=tuple(
            Quality(team_id=team_id, team=team, count=count, total=int(total))
            for team_id, team, count, total in fetch(_QUALITY, given)
        ),
        at_once=Share(part=at_once, whole=closed),
        reopened=Share(part=reopened, whole=closed),
    )


def case_ids(*, span: Span, price_days: int) -> Sequence[int]:
    """Return the cases behind one figure; who may know of which says the list that shows them. One statement."""
    where = "true" if span.by is None else f"{_BY[span.by]} = %(of)s"
    sql = f"SELECT c.id FROM complaints_case c WHERE {_CHOSEN} AND {where}"  # noqa: S608 (our own words)
    return [row[0] for row in fetch(sql, _given(span, price_days, ()))]


def areas(*, actor: Actor) -> tuple[str, ...]:
    """Return the districts of the cases that an actor may know of, in order; two statements."""
    sql = "SELECT DISTINCT district FROM complaints_case WHERE district <> '' AND id <> ALL(%s::bigint[]) ORDER BY 1"
    rows = fetch(sql, [list(hidden_ids(actor))])
    return tuple(row[0] for row in rows)


def _causes(by: By, given: dict[str, Any]) -> tuple[Cause, ...]:
    rows = fetch(
        f"""
        SELECT c.cause_code, {_BY[by]}, count(*), count(*) FILTER (WHERE c.is_liable),
            count(*) FILTER (WHERE c.repeats_id IS NOT NULL AND c.repeats_id <> ALL(%(hidden)s::bigint[]))
        FROM complaints_case c WHERE {_CHOSEN} AND c.cause_code <> ''
        GROUP BY 1, 2 ORDER BY 3 DESC, 1, 2 LIMIT {MOST}
        """,  # noqa: S608 (our own words)
        given,
    )
    return tuple(
        Cause(cause=cause, of=of, count=count, liable=liable, repeated=repeated)
        for cause, of, count, liable, repeated in rows
    )


def _given(span: Span, price_days: int, hidden: Collection[int]) -> dict[str, Any]:
    return {
        "since": span.since, "until": span.until, "zone": settings.TIME_ZONE, "kind": span.kind,
        "class": span.class_start, "area": span.area, "team": span.team_id, "cause": span.cause,
        "of": span.of, "hidden": list(hidden), "price_days": price_days, "waiting": WAITING,
        "late": [one.value for one in NOT_AT_ONCE],
    }  # fmt: skip


def _days(span: Span, at: datetime) -> dict[str, Any]:
    clock = deadlines.work_clock()
    last = max(clock.clock.local_date(at), span.until) + timedelta(days=1)
    rows = work_days(calendar=clock.calendar, clock=clock.clock, first=span.since, last=last)
    return {
        "days": [one.day for one in rows], "starts": [one.start_at for one in rows],
        "worked": [one.is_worked for one in rows], "before": [one.seconds_before for one in rows],
    }  # fmt: skip
