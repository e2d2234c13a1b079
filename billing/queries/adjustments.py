"""Adjustments and moved money as pages show them."""

from dataclasses import dataclass

from django.db.models import Q, QuerySet

from billing.models.adjustment import Adjustment, MoneyMove
from billing.queries.second_person import DecisionCard, common, names_of
from cis.kernel.errors import Refused


class UnknownAdjustment(Refused):
    """There is no such adjustment."""

    code = "unknown_adjustment"


class UnknownMove(Refused):
    """There is no such move of money."""

    code = "unknown_money_move"


@dataclass(frozen=True, slots=True, kw_only=True)
class AdjustmentCard(DecisionCard):
    """One adjustment; names are of staff. [minor unit, above 0: owed, below 0: credited]"""

    account_id: int
    account_number: str
    reason: str
    amount_minor: int
    tax_minor: int
    text: str
    note_id: int | None
    note_number: str
    credit_note_id: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class MoveCard(DecisionCard):
    """Money that was moved, or is to be; names are of staff. [minor unit]"""

    thing: str
    from_id: int
    from_number: str
    to_id: int
    to_number: str
    amount_minor: int
    reason: str
    reference: str
    from_note_id: int | None
    to_note_id: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """Filters of both lists; "": all."""

    text: str = ""
    state: str = ""
    reason: str = ""


def selected() -> QuerySet[Adjustment]:
    """Return all adjustments, to be filtered."""
    return Adjustment.objects.select_related("account", "note")


def selected_moves() -> QuerySet[MoneyMove]:
    """Return all moved money, to be filtered."""
    return MoneyMove.objects.select_related("from_account", "to_account", "payment")


def listed(*, wanted: Wanted, offset: int = 0, most: int = 50) -> tuple[AdjustmentCard, ...]:
    """Return adjustments, the latest first; two statements."""
    rows = selected()
    if wanted.state:
        rows = rows.filter(state=wanted.state)
    if wanted.reason:
        rows = rows.filter(reason=wanted.reason)
    if wanted.text:
        rows = rows.filter(Q(account__number__startswith=wanted.text) | Q(text__icontains=wanted.text))
    return cards(rows.order_by("-id")[offset : offset + most])


def one(*, adjustment_id: int) -> AdjustmentCard:
    """
    Return one adjustment; two statements.

    :raises UnknownAdjustment: there is none.
    """
    found = cards(selected().filter(id=adjustment_id))
    if not found:
        raise UnknownAdjustment(f"There is no adjustment {adjustment_id}.", adjustment_id=adjustment_id)
    return found[0]


def moves(*, wanted: Wanted, offset: int = 0, most: int = 50) -> tuple[MoveCard, ...]:
    """Return moved money, the latest first; two statements."""
    rows = selected_moves()
    if wanted.state:
        rows = rows.filter(state=wanted.state)
    if wanted.text:
        rows = rows.filter(
            Q(from_account__number__startswith=wanted.text)
            | Q(to_account__number__startswith=wanted.text)
            | Q(reason__icontains=wanted.text)
        )
    return move_cards(rows.order_by("-id")[offset : offset + most])


def move(*, move_id: int) -> MoveCard:
    """
    Return one move of money; two statements.

    :raises UnknownMove: there is none.
    """
    found = move_cards(selected_moves().filter(id=move_id))
    if not found:
        raise UnknownMove(f"There is no move of money {move_id}.", move_id=move_id)
    return found[0]


def cards(found: QuerySet[Adjustment]) -> tuple[AdjustmentCard, ...]:
    """Return adjustments as pages show them; two statements."""
    rows = list(found)
    names = names_of(rows)
    return tuple(
        AdjustmentCard(
            account_id=row.account_id,
            account_number=row.account.number,
            reason=row.reason,
            amount_minor=row.amount_minor,
            tax_minor=row.tax_minor,
            text=row.text,
            note_id=row.note_id,
            note_number=(row.note.number or "") if row.note else "",
            credit_note_id=row.credit_note_id,
            **common(row, names),
        )
        for row in rows
    )


def move_cards(found: QuerySet[MoneyMove]) -> tuple[MoveCard, ...]:
    """Return moved money as pages show it; two statements."""
    rows = list(found)
    names = names_of(rows)
    return tuple(
        MoveCard(
            thing=row.thing,
            from_id=row.from_account_id,
            from_number=row.from_account.number,
            to_id=row.to_account_id,
            to_number=row.to_account.number,
            amount_minor=row.amount_minor,
            reason=row.reason,
            reference=row.payment.reference if row.payment else "",
            from_note_id=row.from_note_id,
            to_note_id=row.to_note_id,
            **common(row, names),
        )
        for row in rows
    )
