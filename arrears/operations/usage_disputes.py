"""What a usage inspection found is not pursued while the customer says that it is not so."""

from django.utils import timezone

from arrears.domain.cut_facts import HoldKind
from arrears.models.collection import Hold
from arrears.operations import holds
from arrears.queries import cuts
from billing.domain.announcements import BillCancelled
from billing.queries import charges
from cis.kernel.actors import SYSTEM
from cis.platform.db import joins_transaction
from contracts.domain.announcements import UsageDisputed, UsageDisputeEnded

_NAMED = "用电检查 / usage inspection "
EVIDENCE = f"{_NAMED}{{inspection_id}}"
"""What shows the hold, and by which it is found again; inspections have a number and no other name."""
BILL_CANCELLED = "bill cancelled"


@joins_transaction
def hold_step(disputed: UsageDisputed) -> None:
    """
    Hold the open bills that carry the charges of the case; where none does yet, or usage is corrected, the account.

    What is held so is neither pursued nor a reason to cut the supply.
    """
    carrying: set[int] = set()
    if disputed.breach_id is not None:
        carrying = {one.bill_id for one in charges.of_case(case_id=disputed.breach_id) if not one.is_taken_back}
    bills: list[int | None] = [
        debt.bill_id for debt in cuts.debts(account_id=disputed.account_id) if debt.bill_id in carrying
    ]
    for bill_id in bills or [None]:
        holds.place_step(
            account_id=disputed.account_id, kind=HoldKind.DISPUTE, bill_id=bill_id, at=disputed.at, actor=SYSTEM,
            evidence=EVIDENCE.format(inspection_id=disputed.inspection_id),
        )  # fmt: skip


@joins_transaction
def move_step(cancelled: BillCancelled) -> None:
    """
    Hold the account where the bill that a dispute held is cancelled: its charges come on another bill.

    What is said of it does not end with the bill.
    """
    rows = Hold.objects.filter(
        account_id=cancelled.account_id, kind=HoldKind.DISPUTE.value, until_at=None, evidence__startswith=_NAMED
    )
    found = list(rows.order_by("id").values_list("id", "bill_id", "evidence"))
    whole = {evidence for _id, bill_id, evidence in found if bill_id is None}
    at = timezone.now()
    for hold_id, bill_id, evidence in found:
        if bill_id != cancelled.bill_id:
            continue
        holds.end_step(hold_id=hold_id, reason=BILL_CANCELLED, at=at, actor=SYSTEM)
        if evidence not in whole:
            whole.add(evidence)
            holds.place_step(
                account_id=cancelled.account_id, kind=HoldKind.DISPUTE, at=at, actor=SYSTEM, evidence=evidence
            )


@joins_transaction
def end_step(ended: UsageDisputeEnded) -> None:
    """End the holds of a dispute that is answered."""
    if ended.account_id is None:
        return
    rows = Hold.objects.filter(
        account_id=ended.account_id, kind=HoldKind.DISPUTE.value, until_at=None,
        evidence=EVIDENCE.format(inspection_id=ended.inspection_id),
    )  # fmt: skip
    for hold_id in list(rows.order_by("id").values_list("id", flat=True)):
        holds.end_step(hold_id=hold_id, reason="answered", at=ended.at, actor=ended.actor)
