"""What customers are told of their changes of use."""

from datetime import date

from accounts.domain.notice_events import Fact
from accounts.operations import notices
from accounts.queries import accounts
from cis.kernel.actors import SYSTEM
from cis.platform.db import joins_transaction
from contracts.domain.changes import ChangeAction
from contracts.models.change import ChangeSet

LINK = "/portal/supply"


@joins_transaction
def tell(change: ChangeSet, action: ChangeAction, *, reason: str) -> int:
    """Tell the customer that a change is agreed to or rejected, once each; return how many notices were written."""
    facts: dict[str, Fact] = {"change": str(change.id), "start": change.effective_date, "link": LINK}
    match action:
        case ChangeAction.CONFIRM:
            return _queue(change, "change_agreed", facts)
        case ChangeAction.REJECT:
            return _queue(change, "change_rejected", {"change": str(change.id), "reason": reason, "link": LINK})
    return 0


@joins_transaction
def tell_end(*, account_id: int, change_id: int, end_date: date) -> int:
    """Tell the customer, once, that what was agreed for a time ends; return how many notices were written."""
    holder = accounts.overview(account_id=account_id, at_date=end_date).holder
    return notices.queue_step(
        event="change_ending",
        customer_id=holder.id,
        account_id=account_id,
        facts={"change": str(change_id), "end": end_date, "link": LINK},
        key=f"change_ending:{change_id}",
        actor=SYSTEM,
    )


@joins_transaction
def tell_capacity_ending(change: ChangeSet, *, until: date) -> int:
    """Tell the customer, once for each last day, that capacity is kept only until then; return how many notices."""
    facts: dict[str, Fact] = {"change": str(change.id), "until": until, "link": "/portal/contracts"}
    return _queue(change, "change_capacity_ending", facts, last=until.isoformat())


def _queue(change: ChangeSet, event: str, facts: dict[str, Fact], *, last: str = "") -> int:
    if change.account_id is None:
        return 0
    holder = accounts.overview(account_id=change.account_id, at_date=change.asked_date).holder
    return notices.queue_step(
        event=event,
        customer_id=holder.id,
        account_id=change.account_id,
        facts=facts,
        key=f"{event}:{change.id}{f':{last}' if last else ''}",
        actor=SYSTEM,
    )
