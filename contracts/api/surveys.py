"""Site surveys for other programs: reported once, with the supply points on which the supplies are to hang."""

from collections.abc import Mapping
from typing import Any

from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from cis.kernel.errors import Refused
from cis.platform import api
from cis.platform.access import actor_of
from cis.platform.api_fields import JsonParser, key_parameter, problems
from cis.platform.idempotency import idempotent
from contracts.api import survey_contracts as contract
from contracts.domain.survey import NewReport, SurveyReason
from contracts.operations import surveys as operations
from contracts.queries import surveys as queries
from metering.api.field_endpoints import ID
from metering.api.work_endpoints import WORK_WRITE
from metering.domain.network import Asset
from metering.domain.work_orders import Outcome
from metering.queries import network


class UnknownSupplyPoint(Refused):
    """There is no such transformer or feeder."""

    code = "unknown_supply_point"


@api.needs(POST=WORK_WRITE)
class SurveyReports(APIView):
    """The report of a survey."""

    parser_classes = (JsonParser,)

    @extend_schema(
        operation_id="report_survey",
        summary="Report a survey",
        tags=["Work orders"],
        request=contract.SurveyGiven,
        parameters=[ID, key_parameter("report")],
        responses={201: contract.SurveyKept, **problems(400, 404, 409, 415, 422)},
    )
    @idempotent
    def post(self, request: Request, work_order_id: int) -> Response:
        """
        Report a survey that was begun: service points are planned, capacity is reserved, the application moves.

        What has no room is refused (``room_missing``); a place that cannot be supplied goes back to the desk.
        """
        given = contract.SurveyGiven(data=request.data)
        given.is_valid(raise_exception=True)
        values = given.validated_data
        operations.report(
            work_order_id=work_order_id,
            new=NewReport(
                verdict=Outcome(values["verdict"]),
                reasons=tuple(SurveyReason(one) for one in values["reasons"]),
                works=values["works"],
                voltage=values["voltage"],
                mode=values["mode"],
                assets=_assets(work_order_id, values),
            ),
            answers=values["answers"],
            note=values["note"],
            request_key="",
            at=timezone.now(),
            today=timezone.localdate(),
            actor=actor_of(request),
        )
        card = queries.of_work_order(work_order_id=work_order_id)
        assert card is not None
        return Response(
            {
                "verdict": str(card.verdict),
                "works": card.works,
                "placements": [
                    {
                        "seq": one.seq - 1,
                        "service_point": one.service_point,
                        "voltage": one.voltage,
                        "mode": str(one.mode),
                        "capacity_w": one.capacity_w,
                    }
                    for one in card.placements
                ],
            },
            status=201,
        )


def _assets(work_order_id: int, given: Mapping[str, Any]) -> tuple[tuple[Asset, int], ...]:
    """
    Return the supply points that were named, else those that are proposed; none where it cannot be supplied.

    :raises UnknownSupplyPoint: one of them does not exist.
    """
    if given["verdict"] == Outcome.NOT_FEASIBLE:
        return ()
    if not given["transformers"] and not given["feeders"]:
        wish = queries.wish_of_order(work_order_id=work_order_id)
        found = queries.proposal(wish=wish, voltage=given["voltage"], at=timezone.localdate())
        return tuple((card.asset, card.id) for card in found.assets[: found.chosen])
    transformers, _none = network.ids_by_external_id(given["transformers"])
    _none, feeders = network.ids_by_external_id(given["feeders"])
    missing = [one for one in given["transformers"] if one not in transformers]
    missing += [one for one in given["feeders"] if one not in feeders]
    if missing:
        raise UnknownSupplyPoint(f"There is no supply point {missing[0]}.", advice="See the list of transformers.")
    return (
        *((Asset.TRANSFORMER, transformers[one]) for one in given["transformers"]),
        *((Asset.FEEDER, feeders[one]) for one in given["feeders"]),
    )
