"""Chunks of a simulation: each in one transaction, by whatever worker comes first."""

from collections.abc import Sequence

import structlog
from django.db import InterfaceError, OperationalError

from billing.domain.findings import Obstacle
from billing.domain.outcomes import Groups, joined
from billing.domain.simulation import GIVEN_UP
from billing.models.simulation import SimulatedVersion, SimulationChunk, SimulationChunkState
from billing.operations.chunks import text_of
from billing.queries import simulated
from billing.queries.simulated import Found, Scope
from billing.queries.simulations import WORK, plan_of, subject_of
from cis.kernel.errors import Refused
from cis.kernel.periods import Period
from cis.platform import copying, db, jobs
from cis.platform.copying import day, int2, int4, int8, words
from cis.platform.db import joins_transaction, opens_transaction
from cis.platform.models import Job

MOST_FAILURES = 30
"""So many supplies of a chunk that fail for themselves, and the rest of those that failed together is given up."""
log = structlog.get_logger(__name__)

# The simulation is locked too, shared: it cannot be deleted while a chunk of it is under way.
_CLAIM = """
    SELECT c.id, c.account_ids, s.start_date, s.end_date
    FROM billing_simulationchunk c JOIN billing_simulation s ON s.id = c.simulation_id
    WHERE c.simulation_id = %s AND c.state = 'waiting' AND s.state = 'running'
    ORDER BY c.id LIMIT 1 FOR UPDATE OF c SKIP LOCKED FOR SHARE OF s
"""
_ACCOUNTS = """
    SELECT coalesce(sum(cardinality(account_ids)), 0)::bigint,
           coalesce(sum(cardinality(account_ids)) FILTER (WHERE state <> 'waiting'), 0)::bigint,
           coalesce(sum(cardinality(account_ids)) FILTER (WHERE state = 'failed'), 0)::bigint
    FROM billing_simulationchunk WHERE simulation_id = %s
"""


def do_chunk(*, simulation_id: int) -> bool:
    """
    Simulate one waiting chunk; return False if none waits.

    A supply that cannot be rated is kept with the reason. An error that nobody foresaw fails the chunk, and with it
    the simulation; only a database that is away is left to the caller.

    :raises OperationalError: the database went away.
    """
    claimed: list[int] = []
    try:
        if not _do_next(simulation_id=simulation_id, claimed=claimed):
            return False
    except (OperationalError, InterfaceError):
        raise
    except Exception as error:
        if not claimed:
            raise
        log.exception("simulation_chunk_failed", chunk=claimed[0])
        _fail(chunk_id=claimed[0], error=error)
    _show(simulation_id)
    return True


@opens_transaction
def _do_next(*, simulation_id: int, claimed: list[int]) -> bool:
    rows = db.fetch(_CLAIM, [simulation_id])
    if not rows:
        return False
    ((chunk_id, account_ids, start, end),) = rows
    claimed.append(chunk_id)
    texts = SimulatedVersion.objects.filter(simulation_id=simulation_id).values_list("tariff_id", "source")
    scope = Scope(period=Period(start, end), plans={tariff_id: plan_of(source) for tariff_id, source in texts})
    parts = _find(account_ids, scope, [])
    for found in parts:
        _keep_supplies(simulation_id, found)
    _keep_months(simulation_id, chunk_id, joined([found.months for found in parts]))
    SimulationChunk.objects.filter(id=chunk_id).update(state=SimulationChunkState.DONE.value)
    return True


def _find(account_ids: Sequence[int], scope: Scope, failed: list[int]) -> list[Found]:
    """Return what accounts come to; those that make a whole fail are looked for by halves."""
    if len(failed) >= MOST_FAILURES:
        return [simulated.unrated(account_ids=account_ids, scope=scope, obstacle=GIVEN_UP)]
    try:
        return [simulated.find(account_ids=account_ids, scope=scope)]
    except Refused as refusal:
        if len(account_ids) > 1:
            middle = len(account_ids) // 2
            halves = (account_ids[:middle], account_ids[middle:])
            return [found for half in halves for found in _find(half, scope, failed)]
        failed.append(account_ids[0])
        obstacle = Obstacle(code=refusal.code, message=refusal.message, advice=refusal.advice)
        return [simulated.unrated(account_ids=account_ids, scope=scope, obstacle=obstacle)]


@joins_transaction
def _keep_supplies(simulation_id: int, found: Found) -> None:
    outcomes, reasons = found.outcomes, found.obstacles
    copying.load(
        table="billing_simulatedsupply",
        count=len(outcomes),
        columns={
            "simulation_id": int8(simulation_id),
            "agreement_id": int8(outcomes.agreement_id),
            "account_id": int8(outcomes.account_id),
            "tariff_id": int8(outcomes.tariff_id),
            "customer_kind": words(outcomes.kind, found.kinds or ("",)),
            "district": words(outcomes.area, found.areas or ("",)),
            "months": int2(outcomes.months),
            "used_wh": int8(outcomes.used_wh),
            "old_minor": int8(outcomes.old_minor),
            "new_minor": int8(outcomes.new_minor),
            "reason": words(outcomes.reason, [one.code for one in reasons]),
            "message": words(outcomes.reason, [one.message for one in reasons]),
        },
    )


@joins_transaction
def _keep_months(simulation_id: int, chunk_id: int, months: Groups) -> None:
    copying.load(
        table="billing_simulatedmonth",
        count=len(months),
        columns={
            "simulation_id": int8(simulation_id),
            "chunk_id": int8(chunk_id),
            "month": day(months.key),
            "supplies": int4(months.supplies),
            "used_wh": int8(months.used_wh),
            "old_minor": int8(months.old_minor),
            "new_minor": int8(months.new_minor),
            "losers": int4(months.losers),
            "lost_minor": int8(months.lost_minor),
            "winners": int4(months.winners),
            "won_minor": int8(months.won_minor),
        },
    )


@opens_transaction
def _fail(*, chunk_id: int, error: Exception) -> None:
    waiting = SimulationChunk.objects.filter(id=chunk_id, state=SimulationChunkState.WAITING.value)
    waiting.update(state=SimulationChunkState.FAILED.value, error=text_of(error))


def accounts_of(*, simulation_id: int) -> tuple[int, int, int]:
    """Return how many accounts a simulation has, how many are done, and how many of these in chunks that failed."""
    ((total, done, failed),) = db.fetch(_ACCOUNTS, [simulation_id])
    return int(total), int(done), int(failed)


def _show(simulation_id: int) -> None:
    """Bring the bar of a simulation up to date."""
    total, done, failed = accounts_of(simulation_id=simulation_id)
    rows = Job.objects.filter(name=WORK, subject=subject_of(simulation_id), state__in=jobs.UNFINISHED)
    for job_id in rows.values_list("id", flat=True):
        jobs.show(job_id, done=done, failed=failed, total=total)
