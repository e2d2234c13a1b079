"""Cases for other programs: taken in once for a reference, read, listed, and findings added."""

import re

from django.utils import timezone
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.queries import accounts
from billing.queries import bills
from cis.kernel.enums import Role
from cis.platform import api
from cis.platform.access import actor_of
from cis.platform.api_fields import JsonParser, asked, key_parameter, problems
from cis.platform.idempotency import idempotent
from complaints.api import contracts as contract
from complaints.domain.intake import NewCase
from complaints.domain.kinds import CaseChannel, CaseKind, Evidence
from complaints.operations import findings, intake
from complaints.queries import cases, suggestions
from complaints.queries.cases import CaseDetail, WantedCases
from complaints.queries.sight import UnknownCase, id_of_number
from complaints.queries.suggestions import Told
from metering.api.outage_endpoints import FAULTS_WRITE

READ = api.scope("cases:read", "Read complaints and other cases.", roles={Role.CLERK, Role.AUDITOR})
WRITE = api.scope("cases:write", "Take complaints and other cases in, and note findings.", roles={Role.CLERK})
NUMBER = OpenApiParameter("number", str, OpenApiParameter.PATH, description="Number of the case, as it is told.")
SHOWN_MOST = 200


@api.needs(GET=READ, POST=WRITE)
class CaseList(APIView):
    """Cases."""

    parser_classes = (JsonParser,)

    @extend_schema(
        operation_id="list_cases", summary="Complaints and other cases", tags=["Cases"],
        parameters=[contract.CaseQuery], responses={200: contract.CasesShown, **problems(404, 422)},
    )  # fmt: skip
    def get(self, request: Request) -> Response:
        """Return at most 200 cases, what ends first on top. What names somebody of ours only who brought it sees."""
        given = asked(contract.CaseQuery, request)
        account_id = accounts.id_of_number(given["account"]) if "account" in given else None
        wanted = WantedCases(account_id=account_id, state=given.get("state", ""))
        now, actor = timezone.now(), actor_of(request)
        found = cases.listed(wanted=wanted, at=now, actor=actor, most=SHOWN_MOST)
        return Response({"cases": [_shown(one) for one in found]})

    @extend_schema(
        operation_id="take_case", summary="Take a case in", tags=["Cases"], parameters=[key_parameter("case")],
        request=contract.CaseNew, responses={201: contract.CaseShown, **problems(400, 404, 409, 415, 422)},
    )  # fmt: skip
    @idempotent
    def post(self, request: Request) -> Response:
        """
        Take a case in and return its number; the same reference of a program is one case.

        A fault sends a crew at once if the caller may report faults, else when somebody has read it.
        """
        given = contract.CaseNew(data=request.data)
        given.is_valid(raise_exception=True)
        values, actor, now = dict(given.validated_data), actor_of(request), timezone.now()
        account, bill = values.pop("account", None), values.pop("bill", None)
        new = NewCase(
            kind=CaseKind(values.pop("kind")), channel=CaseChannel.API, title=values.pop("title", ""),
            class_code=values.pop("class", ""), account_id=None if account is None else accounts.id_of_number(account),
            bill_id=None if bill is None else bills.id_of_number(bill),
            sends_crew=api.may(request, FAULTS_WRITE), **values,
        )  # fmt: skip
        made = intake.take(new=new, at=now, actor=actor)
        return Response(_of(cases.detail(case_id=made.case_id, at=now, actor=actor), is_new=made.is_new), status=201)


@api.needs(POST=READ)
class CaseSuggestions(APIView):
    """What is suggested of a text."""

    parser_classes = (JsonParser,)

    @extend_schema(
        operation_id="suggest_class", summary="Suggest a class of a text", tags=["Cases"],
        request=contract.SuggestionAsk, responses={200: contract.SuggestionShown, **problems(400, 404, 415, 422)},
    )  # fmt: skip
    def post(self, request: Request) -> Response:
        """Return the likeliest classes of a text, each with its team, and the facts; nothing is kept."""
        given = contract.SuggestionAsk(data=request.data)
        given.is_valid(raise_exception=True)
        number = given.validated_data.get("account")
        account_id = None if number is None else accounts.id_of_number(number)
        found = suggestions.of(Told(text=given.validated_data["text"], account_id=account_id), at=timezone.now())
        if found is None:
            return Response({"classes": [], "severity": None, "language": "", "facts": []})
        classes = [
            {
                "class": one.guess.code, "confidence": one.guess.confidence, "kinds": [str(kind) for kind in one.kinds],
                "team": one.team, "because": [str(kind) for kind in one.guess.because],
            }
            for one in found.classes
        ]  # fmt: skip
        facts = [{"kind": str(one.kind), "said": one.said} for one in found.facts]
        severity = str(found.severity)
        return Response({"classes": classes, "severity": severity, "language": found.language, "facts": facts})


@api.needs(GET=READ)
class CaseOne(APIView):
    """One case."""

    @extend_schema(
        operation_id="get_case", summary="One case", tags=["Cases"], parameters=[NUMBER],
        responses={200: contract.CaseShown, **problems(404)},
    )  # fmt: skip
    def get(self, request: Request, number: str) -> Response:
        """Return a case by its number."""
        actor = actor_of(request)
        return Response(
            _of(cases.detail(case_id=case_id_of(number, request), at=timezone.now(), actor=actor), is_new=False)
        )


@api.needs(POST=WRITE)
class CaseFindings(APIView):
    """What was found out about a case."""

    parser_classes = (JsonParser,)

    @extend_schema(
        operation_id="add_finding", summary="Note a finding", tags=["Cases"],
        parameters=[NUMBER, key_parameter("finding")], request=contract.FindingNew,
        responses={201: contract.CaseFindingShown, **problems(400, 404, 409, 415, 422)},
    )  # fmt: skip
    @idempotent
    def post(self, request: Request, number: str) -> Response:
        """Note what was found, and what shows it, while the case is open."""
        given = contract.FindingNew(data=request.data)
        given.is_valid(raise_exception=True)
        values = given.validated_data
        made = findings.note(
            case_id=case_id_of(number, request), text=values["text"], evidence=Evidence(values["evidence"]),
            shown_by=values["shown_by"], at=timezone.now(), actor=actor_of(request),
        )  # fmt: skip
        return Response({"id": made, "case": number}, status=201)


def case_id_of(number: str, request: Request) -> int:
    """
    Return the id of a case by its number.

    :raises UnknownCase: there is none, or the program may not know of it.
    """
    if not re.fullmatch(contract.CASE_NUMBER, number):
        raise UnknownCase("There is no case of this number.")
    return id_of_number(number, actor_of(request))


def _of(detail: CaseDetail, *, is_new: bool) -> dict[str, object]:
    return _shown(detail.card, is_new=is_new)


def _shown(card: cases.CaseCard, *, is_new: bool = False) -> dict[str, object]:
    return {
        "number": card.number, "kind": card.kind, "state": card.state, "class": card.class_code,
        "severity": card.severity, "title": card.title, "account": card.account_number, "reference": card.reference,
        "taken": card.taken_at, "due": card.due_at, "closed": card.closed_at, "is_new": is_new,
    }  # fmt: skip
