"""The books for other programs: ages of debts, trial balance, transfers, the journal of a month."""

import re
from collections.abc import Mapping
from datetime import date
from typing import Any

from django.utils import timezone
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.queries import accounts, supplier
from billing.api import book_contracts as contract
from billing.domain import journals as domain
from billing.domain.ageing import Band
from billing.domain.journals import Journal
from billing.queries import ageing, journals, periods, reports, transfers
from billing.queries.ageing import Amounts, WantedAccounts
from billing.queries.periods import UnknownPeriod
from billing.queries.transfers import TransferRow, WantedTransfers
from cis.kernel.enums import Role
from cis.platform import api
from cis.platform.api_fields import asked, asked_with_page, money, next_page, problems

BOOKS_READ = api.scope("books:read", "Read the books.", roles={Role.BILLING, Role.SUPERVISOR, Role.AUDITOR})
MONTH = OpenApiParameter("month", str, OpenApiParameter.PATH, description="Accounting month, as 2026-10.")
PAGE = 50


@api.needs(GET=BOOKS_READ)
class AgeingNow(APIView):
    """How old debts are."""

    @extend_schema(
        operation_id="get_ageing",
        summary="How old debts are",
        tags=["Books"],
        parameters=[contract.AgeingQuery],
        responses={200: contract.AgeingShown, **problems(422)},
    )
    def get(self, request: Request) -> Response:
        """Return what customers owe as of the end of a day, by age and class of use; money pays the oldest first."""
        found = ageing.of_day(day=_day(asked(contract.AgeingQuery, request)))
        currency = supplier.current().currency
        classes = [{"customer_class": name, **_amounts(row, currency)} for name, row in found.classes.items()]
        return Response({"day": found.day, "classes": classes, **_amounts(found.total, currency)})


@api.needs(GET=BOOKS_READ)
class AgedAccountList(APIView):
    """The accounts behind the ages."""

    @extend_schema(
        operation_id="list_aged_accounts",
        summary="Accounts by age of debt",
        tags=["Books"],
        parameters=[contract.AgedQuery],
        responses={200: contract.AgedPage, **problems(422)},
    )
    def get(self, request: Request) -> Response:
        """List accounts that owe or have credit as of the end of a day, in the order of their numbers."""
        given = asked_with_page(contract.AgedQuery, request)
        size, day = given.get("page_size", PAGE), _day(given)
        wanted = WantedAccounts(
            customer_class=given.get("customer_class"), band=Band(given["band"]) if "band" in given else None
        )
        rows = ageing.listed(day=day, wanted=wanted, after=given.get("cursor", ""), most=size + 1)
        currency = supplier.current().currency
        # The day stays the same though the next page may be asked for tomorrow.
        following = next_page(request, cursor=rows[size - 1].number, day=day) if len(rows) > size else None
        results = [
            {
                "account": row.number,
                "customer_class": row.customer_class,
                "oldest_due_date": row.due_date,
                "bands": [{"band": band, "amount": money(row.amount_minor[band], currency)} for band in Band],
                "balance": money(row.balance_minor, currency),
            }
            for row in rows[:size]
        ]
        return Response({"next": following, "results": results})


@api.needs(GET=BOOKS_READ)
class TrialBalanceOne(APIView):
    """The trial balance of a month."""

    @extend_schema(
        operation_id="get_trial_balance",
        summary="The trial balance of a month",
        tags=["Books"],
        parameters=[MONTH],
        responses={200: contract.TrialBalance, **problems(404)},
    )
    def get(self, request: Request, month: str) -> Response:  # noqa: ARG002
        """Return opening balance, debits, credits and closing balance of each ledger account in a month."""
        card = periods.one(month=month_of_text(month), today=timezone.localdate())
        currency = supplier.current().currency
        lines = [
            {
                "code": line.code,
                "opening": money(line.opening_minor, currency),
                "debit": money(line.debit_minor, currency),
                "credit": money(line.credit_minor, currency),
                "closing": money(line.closing_minor, currency),
            }
            for line in reports.trial_balance(month=card.month)
        ]
        return Response({"month": f"{card.month:%Y-%m}", "state": card.state, "hash": card.hash, "lines": lines})


@api.needs(GET=BOOKS_READ)
class TransferList(APIView):
    """Movements of money."""

    @extend_schema(
        operation_id="list_transfers",
        summary="List transfers",
        tags=["Books"],
        parameters=[contract.TransferQuery],
        responses={200: contract.TransferPage, **problems(404, 422)},
    )
    def get(self, request: Request) -> Response:
        """List the transfers of the ledger, the latest first."""
        given = asked_with_page(contract.TransferQuery, request)
        month = month_of_text(given["month"]) if "month" in given else None
        if "account" in given:
            accounts.id_of_number(given["account"])
        wanted = WantedTransfers(
            code=given.get("code", ""),
            since=month,
            until=month,
            kind=given.get("kind", ""),
            account_number=given.get("account", ""),
        )
        size, before = given.get("page_size", PAGE), int(given["cursor"]) if "cursor" in given else None
        rows = transfers.page(wanted=wanted, before=before, most=size + 1)
        currency = supplier.current().currency
        following = next_page(request, cursor=rows[size - 1].id) if len(rows) > size else None
        return Response({"next": following, "results": [_transfer(row, currency) for row in rows[:size]]})


@api.needs(GET=BOOKS_READ)
class JournalOne(APIView):
    """The journal of a month."""

    @extend_schema(
        operation_id="get_journal",
        summary="The journal of a month",
        tags=["Books"],
        parameters=[MONTH],
        responses={200: contract.JournalShown, **problems(404, 409, 422)},
    )
    def get(self, request: Request, month: str) -> Response:  # noqa: ARG002
        """
        Return the journal of a month under the numbers of the company's chart; a closed month's is the same each time.

        A ledger account without a number is refused by its code: billing enters it on the desk.
        """
        found = journals.of_month(month=month_of_text(month), today=timezone.localdate())
        lines = [
            {
                "day": line.day,
                "kind": line.kind,
                "debit": _side(found, line.debit),
                "credit": _side(found, line.credit),
                "transfers": line.transfers,
                "amount": money(line.amount_minor, found.currency),
            }
            for line in found.lines
        ]
        text = domain.plain_text(found)
        return Response({"month": f"{found.month:%Y-%m}", "hash": found.hash, "lines": lines, "text": text})


def _day(given: Mapping[str, Any]) -> date:
    today = timezone.localdate()
    asked_for: date = given.get("day", today)
    return min(asked_for, today)


def month_of_text(text: str) -> date:
    """
    Return the first day of a month as the API names it, ``2026-10``.

    :raises UnknownPeriod: it is no month.
    """
    if not re.fullmatch(contract.MONTH, text) or text.startswith("0000"):
        raise UnknownPeriod("The books have no such month.")
    return date.fromisoformat(f"{text}-01")


def _amounts(row: Amounts, currency: str) -> dict[str, object]:
    bands = [
        {"band": band, "amount": money(row.amount_minor[band], currency), "accounts": row.accounts[band]}
        for band in Band
    ]
    return {"bands": bands, "balance": money(row.balance_minor, currency)}


def _side(found: Journal, code: str) -> dict[str, str]:
    return {"code": code, "number": found.accounts[code].number, "name": found.accounts[code].name}


def _transfer(row: TransferRow, currency: str) -> dict[str, object]:
    return {
        "id": row.id,
        "month": f"{row.period:%Y-%m}",
        "occurred_date": row.occurred_date,
        "posted_at": row.posted_at,
        "kind": row.kind,
        "source_id": row.source_id,
        "part": row.part,
        "debit": row.debit,
        "credit": row.credit,
        "account": row.account_number or None,
        "amount": money(row.amount_minor, currency),
        "reverses": row.reverses_id,
        "reason": row.reason,
    }
