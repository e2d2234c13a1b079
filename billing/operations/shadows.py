"""Shadow runs: rated before the real run, looked through, and promoted to it."""

from collections.abc import Collection
from datetime import date

from django.utils import timezone

from billing.domain.shadow import ShadowState
from billing.domain.workflow import RunAction, RunState
from billing.models.shadow import ShadowBill
from billing.operations import runs
from cis.kernel.actors import Actor
from cis.kernel.errors import Refused
from cis.kernel.periods import Period
from cis.kernel.workflow import IllegalMove
from cis.platform import audit
from cis.platform.db import opens_transaction


class NotAnOutlier(Refused):
    """Nothing of these accounts waits to be accepted."""

    code = "not_an_outlier"


def open(*, period: Period, as_of_date: date, actor: Actor, cycle_id: int | None = None) -> int:  # noqa: A001
    """
    Open a shadow run over the accounts of a cycle, or over all.

    It may be repeated as often as wanted, also while reads still come in; it makes no bill and holds no account.

    :returns: id of the run.
    :raises AccountsTaken: another shadow run of the cycle is under way.
    :raises NothingToBill: no account of the scope has an agreement.
    :raises NotAllowed: the actor may not start runs.
    """
    return runs.open(period=period, as_of_date=as_of_date, actor=actor, cycle_id=cycle_id, is_shadow=True)


@opens_transaction
def accept(*, run_id: int, account_ids: Collection[int], actor: Actor) -> int:
    """
    Say that outliers of a shadow run are right, so that the real run issues just these bills; return how many.

    :raises UnknownRun: there is none.
    :raises IllegalMove: it is not rated, or was promoted already.
    :raises NotAnOutlier: none of them waits for it.
    """
    run = runs.lock(run_id)
    if not run.is_shadow or run.state != RunState.RATED:
        raise IllegalMove("Outliers are accepted between rating and promotion.", advice="Load the page anew.")
    waiting = ShadowBill.objects.filter(run_id=run_id, account_id__in=account_ids, state=ShadowState.OPEN.value)
    count = waiting.update(state=ShadowState.ACCEPTED.value, accepted_by_id=actor.id, accepted_at=timezone.now())
    if not count:
        raise NotAnOutlier("None of these waits to be accepted.", advice="Load the page anew.")
    audit.record(actor, "accept_outliers", "bill_run", run_id, accounts=sorted(account_ids))
    return count


@opens_transaction
def promote(*, run_id: int, today: date, actor: Actor) -> int:
    """
    Bill what a shadow run came to: a real run over the same accounts and period that issues by itself.

    It rates anew. A bill is issued if it says just what the shadow bill says and nobody has to look at it any more;
    all others are held with the reason: they changed since, are outliers that nobody accepted, or could not be billed.

    :returns: id of the real run.
    :raises UnknownRun: there is none.
    :raises IllegalMove: it is no shadow run, not rated, or promoted already.
    :raises NotAllowed: the actor may not approve runs.
    :raises AccountsTaken: another run under way has some of the accounts.
    """
    shadow = runs.lock(run_id)
    runs.move(shadow, RunAction.PROMOTE, actor)
    shadow.approved_at = shadow.ended_at = timezone.now()
    shadow.approver_id = actor.id
    shadow.save(update_fields=["state", "approved_at", "approver_id", "ended_at"])
    real_id = runs.make_promoted(shadow=shadow, as_of_date=today, actor=actor)
    audit.record(actor, "promote_run", "bill_run", run_id, run=real_id)
    return real_id
