"""What a change of use would mean in money, for other programs: nothing is kept."""

from typing import Any

from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.queries import accounts, supplier
from billing.api import preview_contracts as contract
from billing.operations import change_previews
from billing.operations.change_previews import PreviewAccount, PreviewBill
from cis.platform import api
from cis.platform.access import actor_of
from cis.platform.api_fields import JsonParser, money, problems
from contracts.api.change_contracts import ChangeNew
from contracts.api.changes import CHANGES_WRITE, wanted_of


@api.needs(POST=CHANGES_WRITE)
class ChangePreviews(APIView):
    """The money of a change before anybody agrees to it."""

    parser_classes = (JsonParser,)

    @extend_schema(
        operation_id="preview_change",
        summary="What a change would cost",
        tags=["Changes of use"],
        request=ChangeNew,
        responses={200: contract.PreviewShown, **problems(400, 404, 409, 415, 422)},
    )
    def post(self, request: Request) -> Response:
        """
        Return the month of the change and the next one as they would be billed, without the change and with it.

        It is done, rated by the code that bills, and taken back; so what refuses the change refuses its preview.
        """
        given = ChangeNew(data=request.data)
        given.is_valid(raise_exception=True)
        today = timezone.localdate()
        found = change_previews.of_change(
            wanted=wanted_of(given.validated_data),
            asked_date=given.validated_data.get("asked_date", today),
            today=today,
            actor=actor_of(request),
        )
        currency = supplier.current().currency
        return Response(
            {
                "change": money(found.change_minor, currency),
                "assumed_from": found.assumed_from,
                "use_unknown": found.unknown,
                "accounts": [_account(one, currency) for one in found.accounts],
            }
        )


def _account(one: PreviewAccount, currency: str) -> dict[str, Any]:
    number = None
    if one.account_id is not None:
        number = accounts.card(account_id=one.account_id).number
    return {
        "account": number,
        "is_final": one.is_final,
        "balance": money(one.balance_minor, currency),
        "final": money(one.final_minor, currency) if one.is_final else None,
        "months": [
            {
                "start_date": month.after.period.start,
                "end_date": month.after.period.end,
                "before": _bill(month.before, currency),
                "after": _bill(month.after, currency),
            }
            for month in one.months
        ],
    }


def _bill(bill: PreviewBill, currency: str) -> dict[str, Any]:
    return {
        "amount": money(bill.amount_minor, currency),
        "used_wh": sum(part.used_wh for part in bill.parts),
        "obstacle": bill.obstacle.message if bill.obstacle else "",
    }
