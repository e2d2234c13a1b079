"""
Figures of a month for everybody: as they would be now, and as they were published.

Cases that name somebody of ours are not in them: whoever knows what they may see themselves, and subtracts it, would
find out that they are complained about.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.conf import settings

from accounts.domain.surveys import interval
from accounts.domain.visits import Score
from accounts.queries import surveys
from cis.kernel.periods import add_months, month_of
from cis.platform.db import fetch
from complaints.domain.case_workflow import Clock
from complaints.domain.publishing import Answered, Month, UnknownPublication, figures
from complaints.models.evaluation import PublishedMonth
from complaints.queries import rules as case_rules
from metering.domain.reliability import text
from metering.queries import outage_places, reliability


@dataclass(frozen=True, slots=True, kw_only=True)
class Published:
    """What was published of a month, one version of it; ``name``: who published it, for the desk alone."""

    month: date
    version: int
    figures: dict[str, Any]
    reason: str
    at: datetime
    name: str


MINUTES_PLACES, TIMES_PLACES = 2, 4
_SPAN = "{0} >= %(since)s::timestamp AT TIME ZONE %(zone)s AND {0} < %(until)s::timestamp AT TIME ZONE %(zone)s"
_UNNAMED = "c.about_team_id IS NULL AND c.about_user_id IS NULL"
_TAKEN = f"""
    SELECT c.kind, c.class_code, count(*) FROM complaints_case c
    WHERE {_SPAN.format("c.taken_at")} AND {_UNNAMED} GROUP BY 1, 2 ORDER BY 1, 2
"""  # noqa: S608 (our own words)
_ANSWERED = f"""
    SELECT c.kind, count(*), count(*) FILTER (WHERE d.in_time) FROM platform_deadline d
    JOIN complaints_case c ON c.id = d.subject_id
    WHERE d.subject = 'case' AND d.state = 'met' AND {_SPAN.format("d.ended_at")}
      AND d.standard <> ALL(%(others)s) AND {_UNNAMED}
    GROUP BY 1
"""  # noqa: S608 (our own words)
_SAID = f"""
    SELECT count(*), count(*) FILTER (WHERE b.result = 'satisfied') FROM complaints_callback b
    JOIN complaints_case c ON c.id = b.case_id
    WHERE b.result <> 'not_reached' AND {_SPAN.format("b.at")} AND {_UNNAMED}
"""  # noqa: S608 (our own words)


def is_over(*, month: date, today: date) -> bool:
    """Return whether a day is the first of a month that is over."""
    return month.day == 1 and month < month_of(today).start


def can_be_published(*, month: date, today: date) -> bool:
    """Return whether a day is the first of a month that is over, and in which cases were taken here."""
    return is_over(month=month, today=today) and case_rules.is_offered(at=month)


def draft(*, month: date) -> dict[str, Any]:
    """Return the figures of a month as they would be published now, small counts left out; a handful of statements."""
    end = add_months(month, 1)
    given = {"since": month, "until": end, "zone": settings.TIME_ZONE, "others": _other_standards(month)}
    kinds: dict[str, int] = {}
    classes: dict[str, int] = {}
    for kind, class_code, count in fetch(_TAKEN, given):
        kinds[kind] = kinds.get(kind, 0) + count
        if class_code:
            classes[class_code] = classes.get(class_code, 0) + count
    answers = {kind: Answered(answered=count, in_time=kept) for kind, count, kept in fetch(_ANSWERED, given)}
    [(called, content)] = fetch(_SAID, given)
    saidi, saifi = _reliability(month)
    return figures(
        month=Month(
            kinds=kinds, classes=dict(sorted(classes.items())), answers=answers, called=called, content=content,
            nps=_nps(month, end), saidi=saidi, saifi=saifi,
        ),
        least=case_rules.figure_rules(at=month).least,
    )  # fmt: skip


def versions(*, most: int = 500) -> Sequence[Published]:
    """Return all that was published, the latest month and version first; one statement."""
    return tuple(map(_card, PublishedMonth.objects.order_by("-month", "-version")[:most]))


def months() -> Mapping[date, Published]:
    """Return what holds of each month that was published, the latest first; one statement."""
    rows = PublishedMonth.objects.order_by("-month", "-version").distinct("month")
    return {row.month: _card(row) for row in rows}


def one(*, month: date) -> Published:
    """
    Return what holds of a month.

    :raises UnknownPublication: nothing was published.
    """
    row = PublishedMonth.objects.filter(month=month).order_by("-version").first()
    if row is None:
        raise UnknownPublication("Nothing was published of this month.")
    return _card(row)


def _card(row: PublishedMonth) -> Published:
    return Published(
        month=row.month, version=row.version, figures=row.figures, reason=row.reason, at=row.at, name=row.actor_name
    )  # fmt: skip


def open_months(*, today: date, most: int = 12) -> tuple[date, ...]:
    """Return the last months that are over, the latest first."""
    this = month_of(today).start
    return tuple(add_months(this, -back) for back in range(1, most + 1))


def _other_standards(month: date) -> list[str]:
    """Return the standards by which no answer is measured."""
    rules = case_rules.rules(at=month)
    of_kinds = [key for clocks in rules.clocks.values() for clock, key in clocks.items() if clock is not Clock.FINISH]
    of_classes = [
        key for one in rules.classes.values() for clock, key in one.clocks.items() if clock is not Clock.FINISH
    ]
    return sorted({*of_kinds, *of_classes})


def _nps(month: date, end: date) -> tuple[int, int, tuple[int, int] | None] | None:
    rows = surveys.scores(start_date=month, end_date=end, actor=None)
    total = Score(
        sum(row.score.promoters for row in rows), sum(row.score.passives for row in rows),
        sum(row.score.detractors for row in rows),
    )  # fmt: skip
    return None if total.nps is None else (total.answers, total.nps, interval(total))


def _reliability(month: date) -> tuple[str, str]:
    if not outage_places.is_offered(at=month):
        return "", ""
    found = reliability.of_months(since=month, months=1, zone_name=settings.TIME_ZONE).total
    return text(found.saidi, places=MINUTES_PLACES), text(found.saifi, places=TIMES_PLACES)
