"""How likely customers recommend us, for other programs: each answer, and scores by month, event and segment."""

from datetime import timedelta
from typing import Any

from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.exceptions import ErrorDetail
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.api.care import READ
from accounts.domain.surveys import SurveyEvent, interval
from accounts.models.survey import Survey
from accounts.queries import surveys
from cis.platform import api
from cis.platform.access import actor_of
from cis.platform.api import PAGE_SIZE_MOST
from cis.platform.api_fields import Strict, asked, problems

CURSOR_MOST = 500
DAYS, DAYS_MOST = 366, 1_830
FIRST_YEAR, LAST_YEAR = 2000, 2100
TAGS = ["Care"]
EVENTS = [str(one) for one in SurveyEvent]


class SurveySpan(Strict):
    """Answers of which days; without them: of the last 366."""

    from_date = serializers.DateField(required=False)
    to_date = serializers.DateField(required=False, help_text="Included.")

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """Fill in the days, and see that they are in order and not too many."""
        last = attrs.get("to_date") or timezone.localdate()
        if not FIRST_YEAR <= last.year <= LAST_YEAR:
            raise serializers.ValidationError({"to_date": [ErrorDetail("The day is too far away.", code="bad_span")]})
        first = attrs.get("from_date") or last - timedelta(days=DAYS - 1)
        if first > last or (last - first).days >= DAYS_MOST:
            said = ErrorDetail(f"The days are in order, and at most {DAYS_MOST}.", code="bad_span")
            raise serializers.ValidationError({"from_date": [said]})
        return {**attrs, "from_date": first, "to_date": last}


class SurveyQuery(SurveySpan):
    """Which answers."""

    event = serializers.ChoiceField(EVENTS, required=False)
    cursor = serializers.CharField(required=False, max_length=CURSOR_MOST, help_text="From next or previous.")
    page_size = serializers.IntegerField(required=False, min_value=1, max_value=PAGE_SIZE_MOST)


class SurveyAnswerShown(serializers.Serializer):
    """An answer to how likely a customer recommends us."""

    id = serializers.IntegerField()
    event = serializers.ChoiceField(EVENTS)
    customer = serializers.CharField(help_text="External id of the customer.")
    account = serializers.CharField(help_text="Empty: it is about none.")
    segment = serializers.CharField(help_text="Of the customer then; empty: none was known.")
    score = serializers.IntegerField(help_text="0 to 10.")
    text = serializers.CharField()
    wants_contact = serializers.BooleanField()
    answered = serializers.DateTimeField()


class SurveyAnswerPage(serializers.Serializer):
    """A page of answers."""

    next = serializers.CharField(allow_null=True)
    previous = serializers.CharField(allow_null=True)
    results = SurveyAnswerShown(many=True)


class SurveyScoreShown(serializers.Serializer):
    """Answers of a month after one event, of customers of one segment."""

    month = serializers.CharField(help_text="As 2026-03.")
    event = serializers.ChoiceField(EVENTS)
    segment = serializers.CharField()
    promoters = serializers.IntegerField(help_text="9 and 10.")
    passives = serializers.IntegerField(help_text="7 and 8.")
    detractors = serializers.IntegerField(help_text="0 to 6.")
    score = serializers.IntegerField(help_text="Percent of promoters less percent of detractors.")
    low = serializers.IntegerField(allow_null=True, help_text="The score of all lies between these with 95 percent.")
    high = serializers.IntegerField(allow_null=True)


class SurveyScoresShown(serializers.Serializer):
    """Scores, months in order."""

    scores = SurveyScoreShown(many=True)


@api.needs(GET=READ)
class SurveyAnswerList(APIView):
    """Answers of customers."""

    pagination_class = api.IdCursorPagination

    @extend_schema(
        operation_id="list_survey_answers", summary="How likely customers recommend us", tags=TAGS,
        parameters=[SurveyQuery], responses={200: SurveyAnswerPage, **problems(422)},
    )  # fmt: skip
    def get(self, request: Request) -> Response:
        """List answers, the latest question first. Those after a case that is kept from you are not in it."""
        given = asked(SurveyQuery, request)
        rows = surveys.answer_rows(
            start_date=given["from_date"], end_date=given["to_date"] + timedelta(days=1), event=given.get("event", ""),
            actor=actor_of(request),
        )  # fmt: skip
        page, reply = api.page_of(self, request, rows)
        return reply([_answer(one) for one in page])


@api.needs(GET=READ)
class SurveyScoreList(APIView):
    """Scores."""

    @extend_schema(
        operation_id="list_survey_scores", summary="Scores by month, event and segment", tags=TAGS,
        parameters=[SurveySpan], responses={200: SurveyScoresShown, **problems(422)},
    )  # fmt: skip
    def get(self, request: Request) -> Response:
        """Return the scores of the answers that you may know of."""
        given = asked(SurveySpan, request)
        rows = surveys.scores(
            start_date=given["from_date"], end_date=given["to_date"] + timedelta(days=1), actor=actor_of(request)
        )
        return Response({"scores": [_score(one) for one in rows]})


def _answer(row: Survey) -> dict[str, object]:
    return {
        "id": row.id, "event": row.event, "customer": row.customer.external_id,
        "account": "" if row.account is None else row.account.number, "segment": row.segment, "score": row.score,
        "text": row.text, "wants_contact": row.wants_contact, "answered": row.scored_at,
    }  # fmt: skip


def _score(row: surveys.ScoreRow) -> dict[str, object]:
    one = row.score
    low, high = interval(one) or (None, None)
    return {
        "month": f"{row.month:%Y-%m}", "event": row.event, "segment": row.segment, "promoters": one.promoters,
        "passives": one.passives, "detractors": one.detractors, "score": one.nps, "low": low, "high": high,
    }  # fmt: skip
