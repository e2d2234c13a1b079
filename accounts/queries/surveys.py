"""
How likely customers recommend us, by event, segment and month; and what they wrote.

Answers about what is kept from whoever looks (``cis.platform.concealed``) are neither shown nor counted for them.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime

from django.conf import settings
from django.db.models import QuerySet

from accounts.domain.surveys import SurveyEvent
from accounts.domain.visits import Score
from accounts.models.survey import Survey
from cis.kernel.actors import Actor
from cis.kernel.calendar import local_clock
from cis.platform import concealed
from cis.platform.db import fetch

CASE = "case"


@dataclass(frozen=True, slots=True, kw_only=True)
class ScoreRow:
    """Answers of customers of one segment in one month, after one event."""

    month: date
    event: str
    segment: str
    score: Score


@dataclass(frozen=True, slots=True, kw_only=True)
class AnswerCard:
    """One answer; ``visit_id``: the visit after which it was asked, ``follow_up_id``: the call that came of it."""

    customer_id: int
    name: str
    account_id: int | None
    event: str
    score: int
    text: str
    wants_contact: bool
    scored_at: datetime
    visit_id: int | None
    follow_up_id: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """How many were asked after an event, how many answered, how many were spared since they were asked before."""

    asked: int
    answered: int
    skipped: int


_SEEN = "NOT (q.event = 'case_closed' AND q.source_id = ANY(%(hidden)s::bigint[]))"
_SPAN = "{column} >= %(start)s::timestamp AT TIME ZONE %(zone)s AND {column} < %(end)s::timestamp AT TIME ZONE %(zone)s"


def scores(*, start_date: date, end_date: date, actor: Actor | None) -> tuple[ScoreRow, ...]:
    """
    Return the answers in [start_date, end_date) by month, event and segment, months in order; one statement.

    :param actor: who looks; None: everybody may, and what is kept from anybody is not counted.
    """
    rows = fetch(
        f"""SELECT date_trunc('month', q.scored_at AT TIME ZONE %(zone)s)::date, q.event, q.segment,
                  count(*) FILTER (WHERE q.score >= 9), count(*) FILTER (WHERE q.score BETWEEN 7 AND 8),
                  count(*) FILTER (WHERE q.score <= 6)
           FROM accounts_survey q
           WHERE q.score IS NOT NULL AND {_SPAN.format(column="q.scored_at")} AND {_SEEN}
           GROUP BY 1, 2, 3 ORDER BY 1, 2, 3""",  # noqa: S608 (our own words)
        _given(start_date, end_date, actor),
    )
    return tuple(
        ScoreRow(month=month, event=event, segment=segment, score=Score(high, middle, low))
        for month, event, segment, high, middle, low in rows
    )


def asked(*, start_date: date, end_date: date, actor: Actor | None) -> Mapping[SurveyEvent, Asked]:
    """Return whom we asked in [start_date, end_date), by event; one statement."""
    rows = fetch(
        f"""SELECT q.event, count(q.asked_at), count(q.score), count(*) FILTER (WHERE q.state = 'skipped')
           FROM accounts_survey q WHERE {_SPAN.format(column="q.send_at")} AND {_SEEN} GROUP BY 1""",  # noqa: S608 (our own words)
        _given(start_date, end_date, actor),
    )
    return {SurveyEvent(event): Asked(asked=sent, answered=given, skipped=left) for event, sent, given, left in rows}


def answers(*, most: int, actor: Actor | None, event: str = "", worst: bool = False) -> tuple[AnswerCard, ...]:
    """Return what customers answered, the latest first; ``worst``: those who would not recommend us alone."""
    rows = fetch(
        f"""SELECT q.customer_id, c.name, q.account_id, q.event, q.score, q.text, q.wants_contact, q.scored_at,
                  q.visit_id, q.follow_up_id
           FROM accounts_survey q JOIN accounts_customer c ON c.id = q.customer_id
           WHERE q.score IS NOT NULL AND {_SEEN} AND (%(event)s = '' OR q.event = %(event)s)
             AND (NOT %(worst)s OR q.score <= 6)
           ORDER BY q.scored_at DESC, q.id DESC LIMIT %(most)s""",  # noqa: S608 (our own words)
        {"hidden": _hidden(actor), "event": event, "worst": worst, "most": most},
    )
    return tuple(AnswerCard(**dict(zip(AnswerCard.__dataclass_fields__, row, strict=True))) for row in rows)


def answer_rows(*, start_date: date, end_date: date, event: str, actor: Actor) -> QuerySet[Survey]:
    """Return the answers in [start_date, end_date), with customer and account, for lists that are paged by id."""
    day_start = local_clock(settings.TIME_ZONE).day_start_utc
    rows = Survey.objects.filter(scored_at__gte=day_start(start_date), scored_at__lt=day_start(end_date))
    rows = rows.exclude(event=SurveyEvent.CASE_CLOSED.value, source_id__in=_hidden(actor))
    return (rows.filter(event=event) if event else rows).select_related("customer", "account")


def of_visit(*, visit_id: int) -> int | None:
    """Return the question that followed a visit and was asked; None: none was."""
    rows = fetch("SELECT id FROM accounts_survey WHERE visit_id = %s AND asked_at IS NOT NULL", [visit_id])
    return rows[0][0] if rows else None


def _given(start_date: date, end_date: date, actor: Actor | None) -> dict[str, object]:
    return {"start": start_date, "end": end_date, "zone": settings.TIME_ZONE, "hidden": _hidden(actor)}


def _hidden(actor: Actor | None) -> list[int]:
    return concealed.hidden_from(actor).get(CASE, [])
