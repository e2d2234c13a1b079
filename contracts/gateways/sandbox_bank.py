"""
A bank that is made up: what it does is said by the last two digits of the amount that it is asked for.

    .01  it refuses
    .02  it takes its time: it says yes after a day, and pays a day later
    .03  it says everything twice
    .04  it cannot be reached
    else it says yes and pays at once

It keeps its answers in a table of its own, so that web and workers see the same; nothing of it is random.
"""

from collections.abc import Sequence
from datetime import timedelta

from django.utils import timezone

from contracts.domain.financing import BankAnswer, FinancingAction, Request
from contracts.gateways.partner_bank import BankUnreachable
from contracts.models.lease import SandboxBankAnswer

CENTS = 100
REFUSES, DELAYS, REPEATS, UNREACHABLE = 1, 2, 3, 4
_YES = (FinancingAction.ACCEPT, FinancingAction.PAY)


class SandboxBank:
    """The sandbox bank."""

    def ask(self, request: Request) -> None:
        """Plan what will be said; a reference that is known changes nothing."""
        way = request.amount_minor % CENTS
        if way == UNREACHABLE:
            raise BankUnreachable("the sandbox bank cannot be reached")
        actions = (FinancingAction.REFUSE,) if way == REFUSES else _YES * (2 if way == REPEATS else 1)
        now = timezone.now()
        SandboxBankAnswer.objects.bulk_create(
            (
                SandboxBankAnswer(
                    reference=request.reference,
                    action=action.value,
                    place=place,
                    reason="income not proven" if way == REFUSES else "",
                    due_at=now + timedelta(days=place + 1 if way == DELAYS else 0),
                )
                for place, action in enumerate(actions)
            ),
            ignore_conflicts=True,
        )

    def withdraw(self, reference: str) -> None:
        """Say no more about a sale."""
        SandboxBankAnswer.objects.filter(reference=reference).update(is_confirmed=True)

    def answers(self, *, most: int) -> Sequence[BankAnswer]:
        """Return what is due and not confirmed."""
        rows = SandboxBankAnswer.objects.filter(is_confirmed=False, due_at__lte=timezone.now())
        return [
            BankAnswer(
                answer_id=str(row.id),
                reference=row.reference,
                action=FinancingAction(row.action),
                on=timezone.localdate(row.due_at),
                bank_reference=f"SB-{row.reference}",
                reason=row.reason,
            )
            for row in rows.order_by("due_at", "id")[:most]
        ]

    def confirm(self, answer_ids: Sequence[str]) -> None:
        """Keep in mind what was taken."""
        SandboxBankAnswer.objects.filter(id__in=[int(one) for one in answer_ids]).update(is_confirmed=True)
