"""Counter values from other programs."""

from collections import Counter
from datetime import date

from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from cis.kernel.actors import Actor
from cis.kernel.enums import Role
from cis.kernel.errors import Refused
from cis.platform import api
from cis.platform.access import actor_of
from cis.platform.api_fields import JsonParser, first_fault, problems
from metering.api import contracts as contract
from metering.operations import reads

READS_WRITE = api.scope("reads:write", "Report counter values of meters.", roles={Role.METERING, Role.CLERK})


@api.needs(POST=READS_WRITE)
class ReadList(APIView):
    """Counter values."""

    parser_classes = (JsonParser,)

    @extend_schema(
        operation_id="report_reads",
        summary="Report counter values",
        tags=["Reads"],
        request=contract.ReadsNew,
        responses={200: contract.ReadsAnswer, **problems(400, 415, 422)},
    )
    def post(self, request: Request) -> Response:
        """
        Report counter values; each is taken or refused by itself, with its reason.

        The same value again changes nothing, so a request may be repeated.
        """
        given = contract.ReadsNew(data=request.data)
        given.is_valid(raise_exception=True)
        actor, today = actor_of(request), timezone.localdate()
        results = [
            {"line": number, **_enter(one, actor=actor, today=today)}
            for number, one in enumerate(given.validated_data["reads"], start=1)
        ]
        counts = Counter(result["outcome"] for result in results)
        return Response({**{name: counts[name] for name in ("kept", "unchanged", "refused")}, "results": results})


def _enter(data: object, *, actor: Actor, today: date) -> dict[str, object]:
    one = contract.ReadNew(data=data)
    if not one.is_valid():
        fault = first_fault(one)
        message = f"{fault['where']}: {fault['message']}" if fault["where"] else fault["message"]
        return {"outcome": "refused", "code": fault["code"], "message": message, "advice": ""}
    values = one.validated_data
    try:
        entered = reads.enter(
            serial=values["meter"],
            register=values["register"],
            read_date=values["read_date"],
            reading_wh=values["reading_kwh"],
            kind=values["kind"],
            actor=actor,
            today=today,
        )
    except Refused as refusal:
        return {
            "outcome": "refused",
            "code": refusal.code,
            "message": refusal.message,
            "advice": refusal.advice,
        }
    outcome = "kept" if entered.is_new else "unchanged"
    findings = [
        {"date": one.day, "code": one.code, "message": one.message, "advice": one.advice} for one in entered.findings
    ]
    return {"outcome": outcome, "read_id": entered.read_id, "version": entered.version, "findings": findings}
