"""How likely customers recommend us, by event, segment and month, with how sure that is; and what they wrote."""

from collections.abc import Sequence
from typing import Any

from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import render
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from accounts.domain.surveys import SurveyEvent, interval
from accounts.domain.visits import Score
from accounts.queries import care_rules
from accounts.queries import surveys as queries
from accounts.queries.surveys import ScoreRow
from cis.desk.answers import csv_file, today
from cis.desk.roles import READERS
from cis.desk.words import word
from cis.kernel.periods import add_months, month_of
from cis.platform.access import actor_of, allow
from cis.platform.templatetags.local import month as month_words

MONTHS, ANSWERS = 12, 20


@allow(*READERS)
def results(request: HttpRequest) -> HttpResponse:
    """Show how likely customers recommend us, by event, segment and month, and what they wrote."""
    start, actor = add_months(month_of(today()).start, 1 - MONTHS), actor_of(request)
    end = add_months(start, MONTHS)
    months = [add_months(start, step) for step in range(MONTHS)]
    rows = queries.scores(start_date=start, end_date=end, actor=actor)
    asked = queries.asked(start_date=start, end_date=end, actor=actor)
    segments = care_rules.segment_names(at=today(), language=get_language() or "")
    events = [one for one in SurveyEvent if one in asked or any(row.event == one for row in rows)]
    by_event = {one: [row for row in rows if row.event == one] for one in events}
    total = total_of(rows)
    context: dict[str, Any] = {
        "rows": rows,
        "total": total,
        "total_span": interval(total),
        "by_event": [
            (one, score := total_of(of_event), interval(score), asked.get(one)) for one, of_event in by_event.items()
        ],
        "by_segment": [
            (segments.get(code, code or _("No segment")), score := total_of([r for r in rows if r.segment == code]),
             interval(score))
            for code in sorted({row.segment for row in rows})
        ],
        "months": [
            (one, event, score, interval(score))
            for one in reversed(months) for event in events
            if (score := total_of([r for r in by_event[event] if r.month == one])).answers
        ],
        "answers": queries.answers(most=ANSWERS, actor=actor),
        "chart": {
            "names": [month_words(one) for one in months],
            "series": [
                {
                    "name": str(word("survey_event", event)),
                    "values": [total_of([r for r in of_event if r.month == one]).nps for one in months],
                }
                for event, of_event in by_event.items()
            ],
        },
    }  # fmt: skip
    return render(request, "desk/care/scores.html", context)


@allow(*READERS)
def results_file(request: HttpRequest) -> StreamingHttpResponse:
    """Give the figures by month, event and segment as a file."""
    start = add_months(month_of(today()).start, 1 - MONTHS)
    segments = care_rules.segment_names(at=today(), language=get_language() or "")
    header = [_("Month"), _("Asked after"), _("Segment"), _("Answers"), _("9 and 10"), _("7 and 8"), _("0 to 6"),
              _("Score")]  # fmt: skip
    rows = (
        (r.month, word("survey_event", r.event), segments.get(r.segment, r.segment), r.score.answers,
         r.score.promoters, r.score.passives, r.score.detractors, r.score.nps)
        for r in queries.scores(start_date=start, end_date=add_months(start, MONTHS), actor=actor_of(request))
    )  # fmt: skip
    return csv_file("recommendations.csv", header, rows)


def total_of(rows: Sequence[ScoreRow]) -> Score:
    """Return the answers of all rows."""
    return Score(
        sum(row.score.promoters for row in rows), sum(row.score.passives for row in rows),
        sum(row.score.detractors for row in rows),
    )  # fmt: skip
