"""What cases teach, for other programs: figures of months, and lessons."""

from collections.abc import Mapping
from datetime import date
from typing import Any

from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.exceptions import ErrorDetail
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.queries import teams
from cis.kernel.periods import add_months
from cis.platform import api
from cis.platform.access import actor_of
from cis.platform.api import PAGE_SIZE_MOST
from cis.platform.api_fields import Strict, asked, problems
from complaints.api.contracts import CLASS
from complaints.api.endpoints import READ
from complaints.api.statistics import MONTH
from complaints.domain.figures import MONTHS_MOST, WAITING, By, Share, are_in_order, months_of
from complaints.domain.kinds import CaseKind
from complaints.models.evaluation import Lesson
from complaints.queries import evaluations, statistics
from complaints.queries import rules as case_rules
from complaints.queries.evaluations import WantedLessons
from complaints.queries.statistics import Figures, Span

NAME_MOST, CURSOR_MOST = 100, 500


class FiguresQuery(Strict):
    """Of which cases; without months: the last twelve."""

    since = serializers.RegexField(MONTH, required=False, help_text="First month.")
    until = serializers.RegexField(MONTH, required=False, help_text="Last month; at most 60 in all.")
    kind = serializers.ChoiceField([str(one) for one in CaseKind], required=False)
    area = serializers.CharField(max_length=NAME_MOST, required=False, help_text="A district.")
    team = serializers.CharField(max_length=NAME_MOST, required=False, help_text="Code of a team.")
    by = serializers.ChoiceField([str(one) for one in By], required=False, help_text="By what causes are counted.")

    def get_fields(self) -> dict[str, serializers.Field]:
        """Add the field whose name Python keeps for itself."""
        return {**super().get_fields(), "class": serializers.RegexField(CLASS, required=False)}

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """See that the months are in order and not too many."""
        since, until = _month(attrs.get("since")), _month(attrs.get("until"))
        if not are_in_order(since=since, until=until, today=timezone.localdate()):
            said = ErrorDetail(f"The months are in order, and at most {MONTHS_MOST}.", code="bad_span")
            raise serializers.ValidationError({"since": [said]})
        return attrs


class ShareShown(serializers.Serializer):
    """So many of so many."""

    part = serializers.IntegerField()
    whole = serializers.IntegerField()


class MonthCount(serializers.Serializer):
    """Cases of a kind that were taken in within a month."""

    month = serializers.RegexField(MONTH)
    kind = serializers.ChoiceField([str(one) for one in CaseKind])
    cases = serializers.IntegerField()


class ClassCount(serializers.Serializer):
    """Cases of a class; empty: of none."""

    cases = serializers.IntegerField()

    def get_fields(self) -> dict[str, serializers.Field]:
        """Add the field whose name Python keeps for itself."""
        return {"class": serializers.CharField(), **super().get_fields()}


class CauseCount(serializers.Serializer):
    """Cases with one cause and one value of what causes are counted by."""

    cause = serializers.CharField()
    of = serializers.CharField(help_text="Class, district, team, type of meter, or after, other: of a change of price.")
    cases = serializers.IntegerField()
    liable = serializers.IntegerField(help_text="That lie with us.")
    repeated = serializers.IntegerField()


class StayShown(serializers.Serializer):
    """How long cases stayed in a state, in seconds of working days."""

    state = serializers.CharField(help_text=f"A state of cases, or {WAITING}: for the caller.")
    cases = serializers.IntegerField()
    median = serializers.IntegerField()
    ninetieth = serializers.IntegerField(help_text="Nine of ten took no longer.")


class ClockFigures(serializers.Serializer):
    """Clocks of a standard that were met."""

    standard = serializers.CharField()
    in_time = ShareShown()


class TeamQuality(serializers.Serializer):
    """What cases of a team were worth that were looked at again."""

    team = serializers.CharField(help_text="Code of a team; empty: no team had them.")
    cases = serializers.IntegerField()
    mean = serializers.IntegerField(help_text="0 to 100.")


class FiguresShown(serializers.Serializer):
    """Figures of the cases that the program may know of."""

    since = serializers.RegexField(MONTH)
    until = serializers.RegexField(MONTH)
    by = serializers.ChoiceField([str(one) for one in By])
    months = MonthCount(many=True)
    classes = ClassCount(many=True)
    causes = CauseCount(many=True)
    stays = StayShown(many=True)
    clocks = ClockFigures(many=True)
    quality = TeamQuality(many=True)
    at_once = ShareShown(help_text="Settled at the first contact, of those that were closed.")
    reopened = ShareShown()


class LessonQuery(Strict):
    """Which lessons."""

    state = serializers.ChoiceField(["open", "late", "done", "all"], required=False, help_text="Without it: open.")
    cursor = serializers.CharField(required=False, max_length=CURSOR_MOST, help_text="From next or previous.")
    page_size = serializers.IntegerField(required=False, min_value=1, max_value=PAGE_SIZE_MOST)


class LessonShown(serializers.Serializer):
    """What is to change since a case went wrong, and what came of it."""

    id = serializers.IntegerField()
    case = serializers.CharField()
    text = serializers.CharField()
    owner = serializers.CharField(help_text="Login of whoever sees to it.")
    due = serializers.DateField()
    done = serializers.DateTimeField(allow_null=True)
    note = serializers.CharField(help_text="What came of it.")


class LessonPage(serializers.Serializer):
    """A page of lessons."""

    next = serializers.CharField(allow_null=True)
    previous = serializers.CharField(allow_null=True)
    results = LessonShown(many=True)


@api.needs(GET=READ)
class CaseFigures(APIView):
    """Figures of cases."""

    @extend_schema(
        operation_id="get_case_figures", summary="Figures of cases", tags=["Cases"], parameters=[FiguresQuery],
        responses={200: FiguresShown, **problems(404, 422)},
    )  # fmt: skip
    def get(self, request: Request) -> Response:
        """Return figures of the cases you may know of: by month, class and cause; times in state, clocks, quality."""
        given = asked(FiguresQuery, request)
        span, by = _span(given), By(given.get("by", By.CLASS))
        found = statistics.figures(
            span=span, by=by, price_days=case_rules.figure_rules(at=timezone.localdate()).price_days, at=timezone.now(),
            actor=actor_of(request),
        )  # fmt: skip
        return Response(_figures(found, span, by))


@api.needs(GET=READ)
class LessonList(APIView):
    """Lessons."""

    pagination_class = api.IdCursorPagination

    @extend_schema(
        operation_id="list_lessons", summary="Lessons of cases", tags=["Cases"], parameters=[LessonQuery],
        responses={200: LessonPage, **problems(422)},
    )  # fmt: skip
    def get(self, request: Request) -> Response:
        """List lessons of the cases you may know of, the latest first."""
        state = asked(LessonQuery, request).get("state", "open")
        wanted = WantedLessons(state="" if state == "open" else state)
        rows = evaluations.lesson_rows(wanted=wanted, today=timezone.localdate(), actor=actor_of(request))
        page, reply = api.page_of(self, request, rows)
        return reply([_lesson(one) for one in page])


def _span(given: Mapping[str, Any]) -> Span:
    since, until = months_of(
        since=_month(given.get("since")), until=_month(given.get("until")), today=timezone.localdate()
    )
    team = given.get("team")
    return Span(
        since=since, until=until, kind=given.get("kind", ""), class_start=given.get("class", ""),
        area=given.get("area", ""), team_id=None if team is None else teams.id_of_code(team),
    )  # fmt: skip


def _figures(found: Figures, span: Span, by: By) -> dict[str, object]:
    codes = {str(one.id): one.code for one in teams.listed()}
    return {
        "since": f"{span.since:%Y-%m}", "until": f"{add_months(span.until, -1):%Y-%m}", "by": by,
        "months": [{"month": f"{one:%Y-%m}", "kind": kind, "cases": count} for one, kind, count in found.by_month],
        "classes": [{"class": code, "cases": count} for code, count in found.by_class],
        "causes": [
            {"cause": one.cause, "of": codes.get(one.of, "") if by is By.TEAM else one.of, "cases": one.count,
             "liable": one.liable, "repeated": one.repeated}
            for one in found.causes
        ],
        "stays": [
            {"state": one.state, "cases": one.count, "median": one.median, "ninetieth": one.ninetieth}
            for one in found.stays
        ],
        "clocks": [{"standard": one.standard, "in_time": _share(one.share)} for one in found.kept],
        "quality": [
            {"team": codes.get(str(one.team_id), ""), "cases": one.count, "mean": one.mean} for one in found.quality
        ],
        "at_once": _share(found.at_once), "reopened": _share(found.reopened),
    }  # fmt: skip


def _share(one: Share) -> dict[str, int]:
    return {"part": one.part, "whole": one.whole}


def _lesson(row: Lesson) -> dict[str, object]:
    return {
        "id": row.id, "case": row.case.number, "text": row.text, "owner": row.owner.username, "due": row.due_date,
        "done": row.done_at, "note": row.done_note,
    }  # fmt: skip


def _month(text: str | None) -> date | None:
    return None if text is None else date.fromisoformat(f"{text}-01")
