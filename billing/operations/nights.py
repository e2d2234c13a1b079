"""
Runs without a person: what workers do when they are woken, and what falls due at night.

Both look for themselves in the database, so a lost or doubled message does no harm, and any worker goes on where
another stopped.
"""

from collections.abc import Callable
from datetime import datetime

import structlog

from accounts.queries import supplier
from billing.domain.workflow import RunState
from billing.models.run import BillCycle, BillRun
from billing.operations import runs
from cis.kernel.actors import SYSTEM
from cis.kernel.calendar import local_clock
from cis.kernel.errors import Refused
from cis.kernel.workflow import IllegalMove
from cis.platform import audit

log = structlog.get_logger(__name__)


def work(at: datetime) -> None:  # noqa: ARG001 - the signature of all work
    """Rate and issue what runs have left to do, until nothing is left that no other worker has."""
    while any(_go_on(run) for run in BillRun.objects.filter(state__in=_BUSY).order_by("id")):
        pass


def night(at: datetime) -> None:
    """Open the runs of all unattended cycles that are due, and do them as far as bounds allow."""
    today = local_clock(supplier.current().time_zone).local_date(at)
    for cycle_id in BillCycle.objects.filter(is_unattended=True).order_by("id").values_list("id", flat=True):
        try:
            runs.open_due(cycle_id=cycle_id, today=today)
        except Refused as refusal:
            # One cycle that cannot be opened must not keep the others from being billed.
            log.warning("cycle_not_opened", cycle=cycle_id, code=refusal.code, message=refusal.message)
            audit.record(SYSTEM, "refuse_run", "bill_cycle", cycle_id, code=refusal.code, message=refusal.message)
    work(at)


_BUSY = (RunState.RATING.value, RunState.RATED.value, RunState.ISSUING.value)


def _go_on(run: BillRun) -> bool:
    """Do what can be done on a run now; return whether there was anything."""
    if run.state == RunState.RATING:
        return _repeat(runs.rate_chunk, run.id)
    if run.state == RunState.ISSUING:
        return _repeat(runs.issue_chunk, run.id)
    if not run.is_unattended:
        return False
    try:
        runs.approve(run_id=run.id, actor=SYSTEM)
    except IllegalMove:
        return False  # another worker was faster
    return True


def _repeat(step: Callable[..., bool], run_id: int) -> bool:
    state = BillRun.objects.values_list("state", flat=True).get(id=run_id)
    did = False
    while step(run_id=run_id):
        did = True
    return did or state != BillRun.objects.values_list("state", flat=True).get(id=run_id)
