"""One account that is billed anew at once; runs do it by themselves the next time that they bill the account."""

from datetime import date

from billing.models.bill import BillSegment, BillState
from billing.operations import runs
from cis.kernel.actors import Actor
from cis.kernel.errors import Refused
from cis.kernel.periods import Period


class NothingBilled(Refused):
    """No bill of the account stands, so there is nothing to bill anew."""

    code = "nothing_billed"


def rebill(*, account_id: int, today: date, actor: Actor) -> int:
    """
    Bill one account anew at once: an ordinary run over the last period that was billed of it, to be approved as any.

    :returns: id of the run.
    :raises NothingBilled: nothing was billed of the account yet, so its next run bills all.
    :raises AccountsTaken: a run under way has the account.
    :raises NotAllowed: the actor may not start runs.
    """
    standing = BillSegment.objects.filter(
        bill__account_id=account_id, bill__state=BillState.ISSUED.value, cancels=None
    ).exclude(cancelled_by__bill__state=BillState.ISSUED.value)
    last = standing.order_by("-period_end_date").values_list("period_start_date", "period_end_date").first()
    if last is None:
        raise NothingBilled(
            "Nothing was billed of this account yet.", advice="Its first run bills it with all corrections."
        )
    return runs.open(period=Period(*last), as_of_date=today, actor=actor, account_ids=[account_id])
