"""Accruals of revenue for other programs: a month is rated, looked at by component, and posted by two."""

from collections.abc import Sequence
from typing import Any

from django.utils import timezone
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.reverse import reverse
from rest_framework.views import APIView

from accounts.queries import supplier
from billing.api import accrual_contracts as contract
from billing.api.books import month_of_text
from billing.api.decision_contracts import DecisionGiven
from billing.domain.accruals import AccrualState, code_of
from billing.operations import accruals as operations
from billing.queries import accruals as queries
from billing.queries import second_person
from billing.queries.accruals import AccountRow, AccrualCard, BackTest, Wanted
from cis.kernel.enums import Role
from cis.kernel.fixed import to_text
from cis.platform import api, progress
from cis.platform.access import actor_of
from cis.platform.api_fields import JsonParser, asked, asked_with_page, key_parameter, money, next_page, problems
from cis.platform.idempotency import idempotent

BILLERS = {Role.BILLING, Role.SUPERVISOR}
READ = api.scope("accruals:read", "Read accruals of revenue.", roles={*BILLERS, Role.AUDITOR})
WRITE = api.scope("accruals:write", "Let months be rated, and propose to post them.", roles=BILLERS)
DECIDE = api.scope("accruals:decide", "Decide on the posting of accruals as the second one.", roles=BILLERS)
ID = OpenApiParameter("accrual_id", int, OpenApiParameter.PATH, description="As in the list.")
TAGS = ["Accruals"]
PAGE = 50
PERCENT_PLACES = 2


@api.needs(GET=READ, POST=WRITE)
class AccrualList(APIView):
    """Accruals of revenue."""

    parser_classes = (JsonParser,)
    pagination_class = api.IdCursorPagination

    @extend_schema(
        operation_id="list_accruals", summary="List accruals", tags=TAGS,
        parameters=[contract.AccrualQuery], responses={200: contract.AccrualPage, **problems(404, 422)},
    )  # fmt: skip
    def get(self, request: Request) -> Response:
        """List accruals, the latest first; a month has one that is posted, and beside it one that is being made."""
        given = asked(contract.AccrualQuery, request)
        month = month_of_text(given["month"]) if "month" in given else None
        page, reply = api.page_of(self, request, queries.selected(month=month, state=given.get("state", "")))
        cards = {card.id: card for card in queries.cards(accrual_ids=[row.id for row in page])}
        return reply(_shown([cards[row.id] for row in page]))

    @extend_schema(
        operation_id="open_accrual", summary="Let a month be rated", tags=TAGS,
        parameters=[key_parameter("accrual")], request=contract.AccrualNew,
        responses={201: contract.AccrualWhole, **problems(400, 404, 409, 415, 422)},
    )  # fmt: skip
    @idempotent
    def post(self, request: Request) -> Response:
        """
        Let what is unbilled at the end of a month be rated; nothing is posted.

        Ask for it until its state is ``rated``. While one of the month is under way, that one is returned.
        """
        given = contract.AccrualNew(data=request.data)
        given.is_valid(raise_exception=True)
        month = month_of_text(given.validated_data["month"])
        made = operations.open_new(month=month, today=timezone.localdate(), actor=actor_of(request))
        return Response(_whole(made), status=201, headers={"Location": reverse("api_accrual", args=[made])})


@api.needs(GET=READ)
class AccrualOne(APIView):
    """One accrual."""

    @extend_schema(
        operation_id="get_accrual", summary="One accrual", tags=TAGS,
        parameters=[ID], responses={200: contract.AccrualWhole, **problems(404)},
    )  # fmt: skip
    def get(self, request: Request, accrual_id: int) -> Response:  # noqa: ARG002
        """Return how far it is, what it comes to by tariff and ledger account, and what was billed later."""
        return Response(_whole(accrual_id))


@api.needs(GET=READ)
class AccrualAccounts(APIView):
    """The accounts of an accrual."""

    @extend_schema(
        operation_id="list_accrual_accounts", summary="Its accounts", tags=TAGS,
        parameters=[ID, contract.AccountQuery], responses={200: contract.AccrualAccountPage, **problems(404, 422)},
    )  # fmt: skip
    def get(self, request: Request, accrual_id: int) -> Response:
        """List the accounts with unbilled days, with the reason of those that are not in the accrual."""
        given = asked_with_page(contract.AccountQuery, request)
        size = given.get("page_size", PAGE)
        rows = queries.accounts(
            accrual_id=queries.one(accrual_id=accrual_id).id,
            wanted=Wanted(outcome=given.get("outcome", ""), reason=given.get("reason", "")),
            after=int(given.get("cursor", 0)),
            most=size + 1,
        )
        currency = supplier.current().currency
        following = next_page(request, cursor=rows[size - 1].account_id) if len(rows) > size else None
        return Response({"next": following, "results": [_account(row, currency) for row in rows[:size]]})


@api.needs(POST=WRITE)
class PostAccrual(APIView):
    """The posting of an accrual."""

    parser_classes = (JsonParser,)

    @extend_schema(
        operation_id="post_accrual", summary="Post it, or propose to", tags=TAGS,
        parameters=[ID, key_parameter("posting")], request=None,
        responses={200: contract.AccrualWhole, **problems(400, 404, 409, 415, 422)},
    )  # fmt: skip
    @idempotent
    def post(self, request: Request, accrual_id: int) -> Response:
        """Post an accrual that is rated; what a key asks for, or is above a person's limit, waits for a second one."""
        operations.post(accrual_id=accrual_id, today=timezone.localdate(), actor=actor_of(request))
        return Response(_whole(accrual_id))


@api.needs(POST=DECIDE)
class DecideAccrual(APIView):
    """The decision on the posting of an accrual."""

    parser_classes = (JsonParser,)

    @extend_schema(
        operation_id="decide_accrual", summary="Decide on its posting", tags=TAGS,
        parameters=[ID, key_parameter("decision")], request=DecisionGiven,
        responses={200: contract.AccrualWhole, **problems(400, 404, 409, 415, 422)},
    )  # fmt: skip
    @idempotent
    def post(self, request: Request, accrual_id: int) -> Response:
        """Agree to the posting as the second one, or drop the proposal: then the accrual stays as it was rated."""
        given = DecisionGiven(data=request.data)
        given.is_valid(raise_exception=True)
        operations.decide(
            accrual_id=accrual_id,
            is_agreed=given.validated_data["decision"] == "agree",
            today=timezone.localdate(),
            actor=actor_of(request),
        )
        return Response(_whole(accrual_id))


@api.needs(POST=WRITE)
class DropAccrual(APIView):
    """The end of an accrual that is not posted."""

    parser_classes = (JsonParser,)

    @extend_schema(
        operation_id="drop_accrual", summary="Drop it", tags=TAGS,
        parameters=[ID, key_parameter("drop")], request=None,
        responses={200: contract.AccrualWhole, **problems(400, 404, 409, 415, 422)},
    )  # fmt: skip
    @idempotent
    def post(self, request: Request, accrual_id: int) -> Response:
        """Drop an accrual that is not posted; the month can be rated anew."""
        operations.drop(accrual_id=accrual_id, actor=actor_of(request))
        return Response(_whole(accrual_id))


def _shown(cards: Sequence[AccrualCard]) -> list[dict[str, Any]]:
    currency = supplier.current().currency
    names = second_person.names({one for card in cards for one in (card.opener_id, card.poster_id) if one})
    return [
        {
            "accrual": card.id,
            "month": f"{card.month:%Y-%m}",
            "state": card.state,
            "posted": money(card.net_minor, currency) if card.posted_at else None,
            "waits_for_second": card.asker_id is not None,
            "opened_by": names.get(card.opener_id or 0, ""),
            "opened_at": card.created_at,
            "posted_by": names.get(card.poster_id or 0, ""),
            "posted_at": card.posted_at,
            "replaced_by": card.replaced_by_id,
            "is_month_closed": card.is_closed,
            "error": card.error,
        }
        for card in cards
    ]


def _whole(accrual_id: int) -> dict[str, Any]:
    card, currency = queries.one(accrual_id=accrual_id), supplier.current().currency
    totals = queries.totals(accrual_id=card.id)
    is_rating = card.state == AccrualState.RATING
    return _shown([card])[0] | {
        "progress": _progress(card.job_id),
        "net": money(sum(one.net_minor for one in totals), currency),
        "components": [
            {
                "tariff": one.tariff_code,
                "ledger_account": code_of(one.ledger_class),
                "accounts": one.accounts,
                "net": money(one.net_minor, currency),
                "tax": money(one.tax_minor, currency),
            }
            for one in totals
        ],
        "coverage": [
            {"outcome": one.outcome, "reason": one.reason, "accounts": one.accounts, "energy_wh": one.used_wh}
            for one in queries.coverage(accrual_id=card.id)
        ],
        "back_test": None if is_rating else _back_test(queries.back_test(accrual_id=card.id), currency),
    }


def _progress(job_id: int | None) -> dict[str, int] | None:
    if job_id is None:
        return None
    job = progress.one(job_id=job_id)
    return {"done": job.done, "failed": job.failed, "total": job.total, "percent": job.percent}


def _back_test(told: BackTest, currency: str) -> dict[str, Any]:
    percent = told.percent_e2
    return {
        "accounts": told.accounts,
        "billed_accounts": told.billed_accounts,
        "accrued": money(told.accrued_minor, currency),
        "billed": money(told.billed_minor, currency),
        "too_much": money(told.difference_minor, currency),
        "too_much_percent": None if percent is None else to_text(percent, places=PERCENT_PLACES),
    }


def _account(row: AccountRow, currency: str) -> dict[str, Any]:
    return {
        "account": row.number,
        "outcome": row.outcome,
        "reason": row.reason,
        "text": row.text,
        "billed_until": row.billed_until,
        "accrued_until": row.told_until,
        "energy_wh": row.used_wh,
        "accrued": None if row.accrued_minor is None else money(row.accrued_minor, currency),
        "billed": None if row.billed_minor is None else money(row.billed_minor, currency),
    }
