"""Classes that come more often in an area than before: looked for each night, told once, looked at, closed."""

from datetime import date, datetime, timedelta

from django.conf import settings
from django.utils import timezone

from cis.kernel.actors import SYSTEM, Actor
from cis.kernel.errors import Refused
from cis.kernel.workflow import NotAllowed
from cis.platform import audit, deadlines
from cis.platform.db import fetch, joins_transaction, opens_transaction
from complaints.domain.kinds import EVALUATORS
from complaints.domain.trends import (
    STANDARD,
    SUBJECT,
    BadTrendNote,
    Trend,
    TrendOver,
    TrendRules,
    TrendState,
    by_day,
    found,
)
from complaints.models.case import Case
from complaints.models.evaluation import CaseTrend
from complaints.queries import routing
from complaints.queries import rules as case_rules

WORK = "case_trends"
NOTE_MOST = 500
# What names somebody of ours is not counted: a trend is seen by those whom it would be about.
_COUNTS = """
    SELECT class_code, district, (taken_at AT TIME ZONE %(zone)s)::date, count(*)
    FROM complaints_case
    WHERE class_code <> '' AND about_team_id IS NULL AND about_user_id IS NULL AND state <> 'withdrawn'
      AND taken_at >= %(since)s::timestamp AT TIME ZONE %(zone)s
      AND taken_at < %(until)s::timestamp AT TIME ZONE %(zone)s
    GROUP BY 1, 2, 3
"""


class UnknownTrend(Refused):
    """There is no such trend."""

    code = "unknown_trend"


def night(at: datetime) -> None:
    """Look for trends up to the last day that is over."""
    look(last=timezone.localdate(at) - timedelta(days=1), at=at)


@opens_transaction
def look(*, last: date, at: datetime) -> int:
    """Tell of what comes more often than before, up to a day; what is open, or was closed lately, not again."""
    rules = case_rules.trend_rules(at=last)
    if rules is None:
        return 0
    since = last - timedelta(days=rules.days - 1)
    given = {"zone": settings.TIME_ZONE, "since": since, "until": last + timedelta(days=1)}
    cases = {(code, area, day): count for code, area, day, count in fetch(_COUNTS, given)}
    told = _told_lately(rules, at)
    new = [
        one for one in found(counts=by_day(cases=cases, last=last, days=rules.days), rules=rules)
        if (one.class_code, one.area) not in told
    ]  # fmt: skip
    for trend in new:
        _tell(trend, last, at)
    return len(new)


@opens_transaction
def acknowledge(*, trend_id: int, at: datetime, actor: Actor) -> None:
    """
    Say that one looks at a trend: its clock is met.

    :raises UnknownTrend, NotAllowed: as they say. :raises TrendOver: it is closed, or somebody looks at it already.
    """
    row = _lock(trend_id, actor)
    if row.state != TrendState.OPEN:
        raise TrendOver("Somebody looks at it already.", advice="Close it with what came of it.")
    row.state, row.owner_name = TrendState.ACKNOWLEDGED.value, actor.name[:150]
    row.save(update_fields=["state", "owner_name"])
    deadlines.meet(subject=SUBJECT, subject_id=row.id, at=at)
    audit.record(actor, "acknowledge", SUBJECT, row.id)


@opens_transaction
def close(*, trend_id: int, note: str, at: datetime, actor: Actor) -> None:
    """
    Close a trend with what came of it.

    :raises UnknownTrend, NotAllowed: as they say. :raises TrendOver: it is closed. :raises BadTrendNote: see there.
    """
    row, said = _lock(trend_id, actor), note.strip()[:NOTE_MOST]
    if row.state == TrendState.CLOSED:
        raise TrendOver("The trend is closed.")
    if not said:
        raise BadTrendNote("What came of it?", advice="Say in a few words what it was.", field="note")
    row.state, row.note, row.closed_at = TrendState.CLOSED.value, said, at
    row.owner_name = row.owner_name or actor.name[:150]
    row.save(update_fields=["state", "note", "closed_at", "owner_name"])
    deadlines.meet(subject=SUBJECT, subject_id=row.id, at=at)
    audit.record(actor, "close", SUBJECT, row.id, note=said)


def _told_lately(rules: TrendRules, at: datetime) -> set[tuple[str, str]]:
    since_at = at - timedelta(days=rules.again_days)
    rows = CaseTrend.objects.exclude(state=TrendState.CLOSED.value, closed_at__lte=since_at)
    return set(rows.values_list("class_code", "area"))


@joins_transaction
def _tell(one: Trend, last: date, at: datetime) -> None:
    fit = routing.fitting(Case(class_code=one.class_code, district=one.area))
    row = CaseTrend.objects.create(
        class_code=one.class_code, area=one.area, until_date=last, count=one.count, window_days=one.window_days,
        before=one.before, baseline_days=one.baseline_days, tail_ppm=one.tail_ppm, at=at,
        team_id=fit[0].team_id if fit else None,
    )  # fmt: skip
    deadlines.start(subject=SUBJECT, subject_id=row.id, standard=STANDARD, at=at)
    audit.record(SYSTEM, "tell", SUBJECT, row.id, count=one.count)


def _lock(trend_id: int, actor: Actor) -> CaseTrend:
    if not actor.roles & EVALUATORS:
        raise NotAllowed(f"{actor.name} does not look after trends.", advice="Ask a supervisor.")
    row = CaseTrend.objects.select_for_update().filter(id=trend_id).first()
    if row is None:
        raise UnknownTrend(f"There is no trend {trend_id}.", trend_id=trend_id)
    return row
