"""What a usage inspection found is not pursued while the customer says that it is not so."""

from arrears.domain.cut_facts import HoldKind
from arrears.models.collection import Hold
from arrears.operations import holds
from arrears.queries import cuts
from billing.queries import charges
from cis.kernel.actors import SYSTEM
from cis.platform.db import joins_transaction
from contracts.domain.announcements import UsageDisputed, UsageDisputeEnded

EVIDENCE = "用电检查 / usage inspection {inspection_id}"
"""What shows the hold, and by which it is found again; inspections have a number and no other name."""


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
