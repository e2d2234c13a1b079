"""Where a payment stands that was moved to another account."""

from billing.domain.adjustments import AdjustmentState
from billing.models.adjustment import MoneyMove


def standing(*, payment_id: int) -> int:
    """Return the payment that stands for one that came in: itself, or the one as which it was booked anew at last."""
    while True:
        move = MoneyMove.objects.filter(
            payment_id=payment_id, state__in=[AdjustmentState.MADE.value, AdjustmentState.REVERSED.value]
        ).first()
        if move is None:
            return payment_id
        next_id = move.moved_payment_id if move.state == AdjustmentState.MADE else move.back_payment_id
        if next_id is None:
            return payment_id
        payment_id = next_id
