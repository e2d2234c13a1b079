"""One account that is billed anew at once; runs do it by themselves the next time that they bill the account."""

from datetime import date

from billing.operations import runs
from billing.queries import rebill_changes
from cis.kernel.actors import Actor
from cis.kernel.errors import Refused
from cis.platform.db import joins_transaction, opens_transaction


class NothingBilled(Refused):
    """No bill of the account stands, so there is nothing to bill anew."""

    code = "nothing_billed"


@opens_transaction
def rebill(*, account_id: int, today: date, actor: Actor) -> int:
    """
    Bill one account anew at once: an ordinary run over the last period that was billed of it, to be approved as any.

    :returns: id of the run.
    :raises NothingBilled: nothing was billed of the account yet, so its next run bills all.
    :raises AccountsTaken: a run under way has the account.
    :raises NotAllowed: the actor may not start runs.
    """
    return rebill_step(account_id=account_id, today=today, actor=actor)


@joins_transaction
def rebill_step(*, account_id: int, today: date, actor: Actor) -> int:
    """Bill one account anew as a step of a larger use case; see ``rebill``."""
    last = rebill_changes.last_billed(account_id=account_id)
    if last is None:
        raise NothingBilled(
            "Nothing was billed of this account yet.", advice="Its first run bills it with all corrections."
        )
    return runs.open_step(period=last, as_of_date=today, actor=actor, account_ids=[account_id])
