"""For agents and kiosks that collect for us: what an account owes, payments, and their list of a day."""

from datetime import date
from typing import Any

from django.utils import timezone
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiExample, OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.reverse import reverse
from rest_framework.views import APIView

from accounts.queries import accounts, supplier
from accounts.queries.accounts import UnknownAccount
from cashiering.api import agent_contracts as contract
from cashiering.api.endpoints import TextParser
from cashiering.domain.agents import masked
from cashiering.operations import agent_days
from cashiering.operations import agents as operations
from cashiering.queries import agents, commissions, payable
from cashiering.queries.agents import AgentCard, AgentPaymentCard, UnknownAgent, UnknownAgentDay, UnknownAgentPayment
from cis.platform import api, limits
from cis.platform.access import actor_of
from cis.platform.api_fields import NUMBER_MOST, key_parameter, money, problems
from cis.platform.idempotency import idempotent
from cis.platform.keys import Client

COLLECT = api.scope(operations.SCOPE, "Collect for us: ask what an account owes, report payments, give lists.")
ENQUIRIES_AN_HOUR = 2_000
REFERENCE = OpenApiParameter("reference", str, OpenApiParameter.PATH, description="Your own name of the payment.")
DAY = OpenApiParameter("day", OpenApiTypes.DATE, OpenApiParameter.PATH)
NEW = OpenApiExample(
    "payment",
    value={"account": "3100000017", "amount_minor": 19250, "currency": "CNY", "reference": "K7-20261103-0007"},
    request_only=True,
)


class CsvParser(TextParser):
    """Gives the body as it came."""

    media_type = "text/csv"


@api.needs(GET=COLLECT)
class AgentOwn(APIView):
    """How the agent itself stands."""

    @extend_schema(
        operation_id="get_agent", summary="What you hold of our money", tags=["Agents"],
        responses={200: contract.AgentStanding, **problems(404)},
    )  # fmt: skip
    def get(self, request: Request) -> Response:
        """Return the limit, what is held, and what may still be taken."""
        own, currency = _agent(request), supplier.current().currency
        return Response(
            {
                "code": own.code,
                "limit": money(own.limit_minor, currency),
                "held": money(own.held_minor, currency),
                "left": money(own.left_minor, currency),
                "transfer_text": own.transfer_name,
            }
        )


@api.needs(GET=COLLECT)
class AgentAccount(APIView):
    """What whoever pays needs to know of an account."""

    @extend_schema(
        operation_id="ask_account_to_pay", summary="What an account owes", tags=["Agents"],
        parameters=[OpenApiParameter("number", str, OpenApiParameter.PATH, description="Number as printed.")],
        responses={200: contract.AccountToPay, **problems(404, 422)},
    )  # fmt: skip
    def get(self, request: Request, number: str) -> Response:
        """
        Return what an account owes, and its holder's name so that only he knows it; 2,000 times an hour.

        The number on the card of an instalment stands for its account: what is owed is then what is open of the part
        of its plan that is due first, which money pays whichever card is used. The number of a consolidated bill may be
        asked for alike.
        """
        own, now = _agent(request), timezone.now()
        limits.take(name=f"agent:{own.id}", request=request, most=ENQUIRIES_AN_HOUR, hours=1, at=now)
        if not (number.isascii() and number.isdigit()) or len(number) > NUMBER_MOST:
            raise UnknownAccount("There is no account of this number.")
        today = timezone.localdate()
        found = payable.of_number(number)
        name = found.holder or accounts.overview(account_id=found.account_id, at_date=today).holder.name
        body = {
            "account": found.number,
            "name": masked(name),
            "owed": money(payable.owed_minor(found, today=today), supplier.current().currency),
        }
        return Response(body)


@api.needs(POST=COLLECT)
class AgentPayments(APIView):
    """Payments that the agent took."""

    @extend_schema(
        operation_id="report_agent_payment", summary="Report a payment that was taken", tags=["Agents"],
        parameters=[key_parameter("payment")], request=contract.AgentPaymentNew, examples=[NEW],
        responses={200: contract.AgentPaymentKept, 201: contract.AgentPaymentKept, **problems(400, 404, 409, 415, 422)},
    )  # fmt: skip
    @idempotent
    def post(self, request: Request) -> Response:
        """Book a payment. It is refused beyond your limit; the same reference again is the same payment (200)."""
        given = contract.AgentPaymentNew(data=request.data)
        given.is_valid(raise_exception=True)
        values = given.validated_data
        own = _agent(request)
        _payment_id, is_new = operations.take(
            client_id=own.client_id,
            account_number=values["account"],
            amount_minor=values["amount_minor"],
            reference=values["reference"],
            today=timezone.localdate(),
            actor=actor_of(request),
        )
        kept = agents.payment(agent_id=own.id, reference=values["reference"])
        place = reverse("api_agent_payment", args=[kept.reference])
        currency = supplier.current().currency
        return Response(_shown(kept, currency), status=201 if is_new else 200, headers={"Location": place})


@api.needs(GET=COLLECT)
class AgentPaymentOne(APIView):
    """One payment that the agent took."""

    @extend_schema(
        operation_id="get_agent_payment", summary="One payment that you took", tags=["Agents"],
        parameters=[REFERENCE], responses={200: contract.AgentPaymentKept, **problems(404)},
    )  # fmt: skip
    def get(self, request: Request, reference: str) -> Response:
        """Return a payment: to ask after a broken line whether it was booked."""
        kept = agents.payment(agent_id=_agent(request).id, reference=_plain(reference))
        return Response(_shown(kept, supplier.current().currency))


@api.needs(POST=COLLECT)
class AgentPaymentCancel(APIView):
    """Cancels a payment that the agent took."""

    @extend_schema(
        operation_id="cancel_agent_payment", summary="Cancel a payment of today", tags=["Agents"],
        parameters=[REFERENCE, key_parameter("cancellation")], request=contract.AgentCancel,
        responses={200: contract.AgentPaymentKept, **problems(400, 404, 409, 415, 422)},
    )  # fmt: skip
    @idempotent
    def post(self, request: Request, reference: str) -> Response:
        """Cancel a payment on the day on which it was taken, as long as its money was not handed over."""
        given = contract.AgentCancel(data=request.data)
        given.is_valid(raise_exception=True)
        own = _agent(request)
        operations.cancel(
            client_id=own.client_id,
            reference=_plain(reference),
            reason=given.validated_data["reason"],
            today=timezone.localdate(),
            actor=actor_of(request),
        )
        kept = agents.payment(agent_id=own.id, reference=reference)
        return Response(_shown(kept, supplier.current().currency))


@api.needs(GET=COLLECT, POST=COLLECT)
class AgentDays(APIView):
    """The agent's list of a day."""

    parser_classes = (CsvParser,)

    @extend_schema(
        operation_id="give_agent_list", summary="Give your list of a day", tags=["Agents"],
        parameters=[DAY, key_parameter("file")], request={"text/csv": OpenApiTypes.BINARY},
        responses={200: contract.AgentDayShown, 201: contract.AgentDayShown, **problems(400, 404, 409, 415, 422)},
    )  # fmt: skip
    @idempotent
    def post(self, request: Request, day: str) -> Response:
        """
        Compare your list of a day with ours: CSV in UTF-8, ``reference,account,amount``, amounts as 123.40.

        A later list of a day takes the place of an earlier one, until a person has decided on a difference.
        """
        own, on = _agent(request), _on(day)
        content: Any = request.data  # the bytes of the body, by the parser above
        taken = agent_days.take_list(
            agent_id=own.id, day=on, content=content, today=timezone.localdate(), actor=actor_of(request)
        )
        return Response(_day(own, on), status=200 if taken.is_known else 201)

    @extend_schema(
        operation_id="get_agent_list", summary="What became of your list", tags=["Agents"], parameters=[DAY],
        responses={200: contract.AgentDayShown, **problems(404)},
    )  # fmt: skip
    def get(self, request: Request, day: str) -> Response:
        """Return the differences of a day and what was decided on them."""
        return Response(_day(_agent(request), _on(day)))


def _agent(request: Request) -> AgentCard:
    client: Any = request.user
    if not isinstance(client, Client):
        raise UnknownAgent("Only a program with its own key collects for us.")
    return agents.of_client(client_id=client.id)


def _plain(reference: str) -> str:
    if not contract.REFERENCE.fullmatch(reference):
        raise UnknownAgentPayment("There is no payment of this reference.")
    return reference


def _shown(kept: AgentPaymentCard, currency: str) -> dict[str, object]:
    return {
        "reference": kept.reference,
        "account": kept.account_number,
        "amount": money(kept.amount_minor, currency),
        "date": kept.taken_date,
        "state": "cancelled" if kept.is_cancelled else "taken",
    }


def _on(day: str) -> date:
    try:
        return date.fromisoformat(day)
    except ValueError as error:
        raise UnknownAgentDay("A day is written as 2026-03-10.") from error


def _day(own: AgentCard, on: date) -> dict[str, object]:
    card, currency = agents.day_of(agent_id=own.id, on=on), supplier.current().currency
    return {
        "date": card.day,
        "lines": card.line_count,
        "total": money(card.total_minor, currency),
        "commission": money(commissions.of_day(agent_id=own.id, day=on), currency),
        "differences": [
            {
                "kind": one.kind,
                "reference": one.reference,
                "ours": None if one.our_minor is None else money(one.our_minor, currency),
                "our_account": one.our_account_number,
                "yours": None if one.their_minor is None else money(one.their_minor, currency),
                "your_account": one.their_account_number,
                "verdict": one.verdict,
            }
            for one in agents.differences(day_id=card.id)
        ],
    }
