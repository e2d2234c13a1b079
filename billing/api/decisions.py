"""
Money that two decide about, for other programs: adjustments, moved money, write-offs, refunds.

Each kind has the same three addresses: the list, with new ones proposed there; one; and its decision. A program does
nothing alone: what its key proposes waits for somebody else, a member of staff or another key.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

from django.db.models import Q, QuerySet
from django.utils import timezone
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.reverse import reverse
from rest_framework.views import APIView

from accounts.queries import accounts, supplier
from billing.api import decision_contracts as contract
from billing.operations import adjustments, money_moves, refunds, write_offs
from billing.operations.adjustments import NewAdjustment
from billing.operations.money_moves import NewMove
from billing.operations.refunds import NewRefund
from billing.operations.write_offs import NewWriteOff
from billing.queries import adjustments as adjustment_queries
from billing.queries import bills
from billing.queries import refunds as refund_queries
from billing.queries import write_offs as write_off_queries
from billing.queries.write_offs import Wanted
from cis.kernel.actors import Actor
from cis.kernel.enums import Role
from cis.platform import api
from cis.platform.access import actor_of
from cis.platform.api_fields import JsonParser, asked, key_parameter, money, problems
from cis.platform.idempotency import idempotent

READERS = {Role.CLERK, Role.CASHIER, Role.BILLING, Role.AUDITOR}
PROPOSERS = {Role.CLERK, Role.BILLING}
DECIDERS = {Role.BILLING}
Values = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """
    One kind of what two decide about.

    one, many  names of it, in paths and operations
    rows       of a list by its filters; ``cards``: of some ids, in any order
    propose    returns the id of the new one; ``decide``: does what the second one says
    reverse    what takes one back that was made, and how it names the id; None: that is not done to it
    """

    one: str
    many: str
    title: str
    query: Any
    new: Any
    given: Any
    shown: Any
    page: Any
    rows: Callable[[Values], QuerySet[Any]]
    cards: Callable[[list[int]], list[Any]]
    get: Callable[[int], Any]
    show: Callable[[Any, str], Values]
    propose: Callable[[Values, str, Actor], int]
    decide: Callable[[int, Values, Actor], None]
    reverse: tuple[Callable[..., object], str] | None = None


ID = OpenApiParameter("row_id", int, OpenApiParameter.PATH, description="As in the list.")


def views_of(kind: Kind) -> dict[str, tuple[str, Any]]:
    """Return the views of a kind, each with the end of its path, by their names."""
    scope, words = kind.many.replace("_", "-"), kind.many.replace("_", " ")
    read = api.scope(f"{scope}:read", f"Read {words}.", roles=READERS)
    write = api.scope(f"{scope}:write", f"Propose {words}.", roles=PROPOSERS)
    decide = api.scope(f"{scope}:decide", f"Decide on {words} as the second one.", roles=DECIDERS)
    made = {
        kind.many: ("", _list_view(kind, words, read, write)),
        kind.one: ("/<int:row_id>", _one_view(kind, read)),
        f"decide_{kind.one}": ("/<int:row_id>/decide", _decide_view(kind, decide)),
    }
    if kind.reverse is not None:
        made[f"reverse_{kind.one}"] = ("/<int:row_id>/reverse", _reverse_view(kind, kind.reverse, decide))
    return made


def _list_view(kind: Kind, words: str, read: api.Scope, write: api.Scope) -> Any:
    @api.needs(GET=read, POST=write)
    class ListView(APIView):
        parser_classes = (JsonParser,)
        pagination_class = api.IdCursorPagination

        @extend_schema(
            operation_id=f"list_{kind.many}", summary=f"List {words}", tags=[kind.title], parameters=[kind.query],
            responses={200: kind.page, **problems(404, 422)},
        )  # fmt: skip
        def get(self, request: Request) -> Response:
            """List them, the latest first."""
            given = asked(kind.query, request)
            page, reply = api.page_of(self, request, kind.rows(given))
            cards = {card.id: card for card in kind.cards([row.id for row in page])}
            currency = supplier.current().currency
            return reply([kind.show(cards[row.id], currency) for row in page])

        @extend_schema(
            operation_id=f"propose_{kind.one}", summary=f"Propose a {kind.one.replace('_', ' ')}", tags=[kind.title],
            parameters=[key_parameter(kind.one)], request=kind.new,
            responses={201: kind.shown, **problems(400, 404, 409, 415, 422)},
        )  # fmt: skip
        @idempotent
        def post(self, request: Request) -> Response:
            """
            Propose one.

            What a key proposes waits for a member of staff, or for another key that may decide.
            """
            given = kind.new(data=request.data)
            given.is_valid(raise_exception=True)
            made = kind.propose(given.validated_data, f"api:{uuid4().hex}", actor_of(request))
            headers = {"Location": reverse(f"api_{kind.one}", args=[made])}
            return Response(_told(kind, made), status=201, headers=headers)

    return ListView


def _one_view(kind: Kind, read: api.Scope) -> Any:
    @api.needs(GET=read)
    class OneView(APIView):
        @extend_schema(
            operation_id=f"get_{kind.one}", summary=f"One {kind.one.replace('_', ' ')}", tags=[kind.title],
            parameters=[ID], responses={200: kind.shown, **problems(404)},
        )  # fmt: skip
        def get(self, request: Request, row_id: int) -> Response:  # noqa: ARG002
            """Return one with what became of it."""
            return Response(_told(kind, row_id))

    return OneView


def _decide_view(kind: Kind, decide: api.Scope) -> Any:
    @api.needs(POST=decide)
    class DecideView(APIView):
        parser_classes = (JsonParser,)

        @extend_schema(
            operation_id=f"decide_{kind.one}", summary="Decide on it", tags=[kind.title],
            parameters=[ID, key_parameter("decision")], request=kind.given,
            responses={200: kind.shown, **problems(400, 404, 409, 415, 422)},
        )  # fmt: skip
        @idempotent
        def post(self, request: Request, row_id: int) -> Response:
            """Agree to it as the second one, or drop it; who proposed it does not agree to it."""
            given = kind.given(data=request.data)
            given.is_valid(raise_exception=True)
            kind.decide(row_id, given.validated_data, actor_of(request))
            return Response(_told(kind, row_id))

    return DecideView


def _reverse_view(kind: Kind, how: tuple[Callable[..., object], str], decide: api.Scope) -> Any:
    take_back, name = how

    @api.needs(POST=decide)
    class ReverseView(APIView):
        parser_classes = (JsonParser,)

        @extend_schema(
            operation_id=f"reverse_{kind.one}", summary="Take it back", tags=[kind.title],
            parameters=[ID, key_parameter("reversal")], request=contract.ReversalGiven,
            responses={200: kind.shown, **problems(400, 404, 409, 415, 422)},
        )  # fmt: skip
        @idempotent
        def post(self, request: Request, row_id: int) -> Response:
            """Take back what was made, for a reason; who proposed it does not take it back."""
            given = contract.ReversalGiven(data=request.data)
            given.is_valid(raise_exception=True)
            asked_by = {"today": timezone.localdate(), "actor": actor_of(request)}
            take_back(**{name: row_id}, reason=given.validated_data["reason"], **asked_by)
            return Response(_told(kind, row_id))

    return ReverseView


def _told(kind: Kind, row_id: int) -> Values:
    return kind.show(kind.get(row_id), supplier.current().currency)


def _account(given: Values) -> Values:
    """Return filters with the account by its id, if one is named."""
    number = given.pop("account", None)
    return given if number is None else {**given, "account_id": accounts.id_of_number(number)}


def _moves(given: Values) -> QuerySet[Any]:
    wanted = _account(given)
    rows = adjustment_queries.selected_moves()
    if (account_id := wanted.pop("account_id", None)) is not None:
        rows = rows.filter(Q(from_account_id=account_id) | Q(to_account_id=account_id))
    return rows.filter(**wanted)


def _write_offs(given: Values) -> QuerySet[Any]:
    wanted = _account(given)
    return write_off_queries.selected(wanted=Wanted(batch_id=wanted.pop("batch", None), **wanted))


def _propose_adjustment(values: Values, key: str, actor: Actor) -> int:
    new = NewAdjustment(
        account_id=accounts.id_of_number(values["account"]),
        amount_minor=values["amount_minor"],
        reason=values["reason"],
        text=values["text"],
        key=key,
    )
    return adjustments.propose(new=new, today=timezone.localdate(), actor=actor)


def _propose_move(values: Values, key: str, actor: Actor) -> int:
    source = values.get("from_account")
    new = NewMove(
        to_account_id=accounts.id_of_number(values["to_account"]),
        reason=values["reason"],
        key=key,
        payment_id=values.get("payment"),
        from_account_id=None if source is None else accounts.id_of_number(source),
        amount_minor=values.get("amount_minor", 0),
    )
    return money_moves.propose(new=new, today=timezone.localdate(), actor=actor)


def _propose_write_off(values: Values, key: str, actor: Actor) -> int:
    numbers = values.get("bills")
    new = NewWriteOff(
        account_id=accounts.id_of_number(values["account"]),
        reason=values["reason"],
        evidence=values["evidence"],
        key=key,
        bill_ids=None if numbers is None else {bills.id_of_number(one) for one in numbers},
    )
    return write_offs.propose(new=new, today=timezone.localdate(), actor=actor)


def _ask_refund(values: Values, key: str, actor: Actor) -> int:
    given = {name: value for name, value in values.items() if name != "account"}
    new = NewRefund(account_id=accounts.id_of_number(values["account"]), key=key, **given)
    return refunds.ask(new=new, today=timezone.localdate(), actor=actor)


def _decide_refund(row_id: int, values: Values, actor: Actor) -> None:
    if values["decision"] == "agree":
        refunds.approve(refund_id=row_id, today=timezone.localdate(), actor=actor)
    else:
        refunds.drop(refund_id=row_id, reason=values["reason"], actor=actor)


def _decision(card: Any, currency: str) -> Values:
    return {
        "id": card.id,
        "state": card.state,
        "amount": money(card.amount_minor, currency),
        "proposed_by": card.proposer,
        "decided_by": card.decider,
        "made_date": card.made_date,
        "reversed_by": card.reverser,
        "reverse_reason": card.reverse_reason,
    }


def _adjustment(card: Any, currency: str) -> Values:
    return {
        **_decision(card, currency),
        "account": card.account_number,
        "reason": card.reason,
        "text": card.text,
        "note": card.note_number or None,
    }


def _move(card: Any, currency: str) -> Values:
    return {
        **_decision(card, currency),
        "thing": card.thing,
        "from_account": card.from_number,
        "to_account": card.to_number,
        "reason": card.reason,
        "payment_reference": card.reference or None,
    }


def _write_off(card: Any, currency: str) -> Values:
    return {
        **_decision(card, currency),
        "account": card.account_number,
        "reason": card.reason,
        "evidence": card.evidence,
        "came_back": money(card.back_minor, currency),
        "batch": card.batch_id,
        "note": card.note_number or None,
    }


def _refund(card: Any, currency: str) -> Values:
    return {
        "id": card.id,
        "account": card.account_number,
        "state": card.state.value,
        "amount": money(card.amount_minor, currency),
        "due_by_date": card.due_by_date,
        "payee": card.payee,
        "bank_account": card.masked_account,
        "reason": card.reason,
        "reference": card.reference,
        "paid_date": card.paid_date,
        "returned_date": card.returned_date,
    }


def _is_agreed(values: Values) -> Values:
    return {"is_agreed": values["decision"] == "agree", "today": timezone.localdate()}


ADJUSTMENTS = Kind(
    one="adjustment",
    many="adjustments",
    title="Adjustments",
    query=contract.DecisionQuery,
    new=contract.AdjustmentNew,
    given=contract.DecisionGiven,
    shown=contract.AdjustmentShown,
    page=contract.AdjustmentPage,
    rows=lambda given: adjustment_queries.selected().filter(**_account(given)),
    cards=lambda ids: list(adjustment_queries.cards(adjustment_queries.selected().filter(id__in=ids))),
    get=lambda row_id: adjustment_queries.one(adjustment_id=row_id),
    show=_adjustment,
    propose=_propose_adjustment,
    decide=lambda row_id, values, actor: adjustments.decide(adjustment_id=row_id, actor=actor, **_is_agreed(values)),
    reverse=(adjustments.reverse, "adjustment_id"),
)
MOVES = Kind(
    one="money_move",
    many="money_moves",
    title="Moved money",
    query=contract.DecisionQuery,
    new=contract.MoneyMoveNew,
    given=contract.DecisionGiven,
    shown=contract.MoneyMoveShown,
    page=contract.MoneyMovePage,
    rows=_moves,
    cards=lambda ids: list(adjustment_queries.move_cards(adjustment_queries.selected_moves().filter(id__in=ids))),
    get=lambda row_id: adjustment_queries.move(move_id=row_id),
    show=_move,
    propose=_propose_move,
    decide=lambda row_id, values, actor: money_moves.decide(move_id=row_id, actor=actor, **_is_agreed(values)),
    reverse=(money_moves.reverse, "move_id"),
)
WRITE_OFFS = Kind(
    one="write_off",
    many="write_offs",
    title="Written off",
    query=contract.WriteOffQuery,
    new=contract.WriteOffNew,
    given=contract.DecisionGiven,
    shown=contract.WriteOffShown,
    page=contract.WriteOffPage,
    rows=_write_offs,
    cards=lambda ids: list(
        write_off_queries.cards(list(write_off_queries.selected(wanted=Wanted()).filter(id__in=ids)))
    ),
    get=lambda row_id: write_off_queries.one(write_off_id=row_id),
    show=_write_off,
    propose=_propose_write_off,
    decide=lambda row_id, values, actor: write_offs.decide(write_off_id=row_id, actor=actor, **_is_agreed(values)),
    reverse=(write_offs.reverse, "write_off_id"),
)
REFUNDS = Kind(
    one="refund",
    many="refunds",
    title="Refunds",
    query=contract.RefundQuery,
    new=contract.RefundNew,
    given=contract.RefundDecisionGiven,
    shown=contract.RefundShown,
    page=contract.RefundPage,
    rows=lambda given: refund_queries.selected().filter(**_account(given)),
    cards=lambda ids: list(refund_queries.details(refund_queries.selected().filter(id__in=ids))),
    get=lambda row_id: refund_queries.one(refund_id=row_id),
    show=_refund,
    propose=_ask_refund,
    decide=_decide_refund,
)
VIEWS = {kind.one: (kind.many.replace("_", "-"), views_of(kind)) for kind in (ADJUSTMENTS, MOVES, WRITE_OFFS, REFUNDS)}
"""By the name of a kind: its path, and its views."""
