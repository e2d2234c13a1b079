"""Versions of a contract that will not hold: withdrawn, or taken back so that the one before holds again."""

from cis.kernel.actors import SYSTEM
from cis.platform import audit
from cis.platform.db import joins_transaction
from contracts.domain.announcements import ContractEnded
from contracts.domain.contract_workflow import WORKFLOW, ContractAction, ContractState
from contracts.models.supply_contract import SupplyContract
from contracts.operations import supply_contracts
from contracts.operations.supply_contracts import SUBJECT

WAITING = (ContractState.DRAFT.value, ContractState.ISSUED.value)


@joins_transaction
def withdraw_waiting(told: ContractEnded) -> None:
    """Withdraw the next version of a contract that ended: nobody signs it any more; a listener."""
    _withdraw(told.number, told.reason)


@joins_transaction
def undo_step(*, contract_id: int, reason: str) -> None:
    """
    Take back a signed version before its first day came true: the version before it holds again.

    What was drafted to follow it is withdrawn. A version that amends nothing, or is in force no more, stays.
    """
    row = SupplyContract.objects.select_for_update(of=("self",)).get(id=contract_id)
    if row.state != ContractState.SIGNED or row.amends_id is None:
        return
    before = SupplyContract.objects.select_for_update(of=("self",)).get(id=row.amends_id)
    again = WORKFLOW.step(ContractState(before.state), ContractAction.REINSTATE, SYSTEM)
    row.state = WORKFLOW.step(ContractState.SIGNED, ContractAction.TERMINATE, SYSTEM).to.value
    row.ended_date, row.end_reason = row.start_date, reason
    row.save(update_fields=["state", "ended_date", "end_reason"])
    # Not announced as an end: the contract goes on, as its version before says.
    before.state = again.to.value
    before.save(update_fields=["state"])
    audit.record(SYSTEM, "undo", SUBJECT, row.id, reason=reason, holds_again=before.id)
    _withdraw(str(row.number), reason)


def _withdraw(number: str, reason: str) -> None:
    rows = SupplyContract.objects.filter(number=number, state__in=WAITING)
    for contract_id in rows.order_by("id").values_list("id", flat=True):
        supply_contracts.withdraw_step(contract_id=contract_id, reason=reason, actor=SYSTEM)
