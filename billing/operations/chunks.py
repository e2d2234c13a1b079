"""Rating of a run, chunk by chunk: each in one transaction, by whatever worker comes first."""

from dataclasses import dataclass

import numpy as np
import structlog
from django.db import DatabaseError, InterfaceError, OperationalError
from django.utils import timezone

from billing.domain import bounds
from billing.domain.drafts import Draft
from billing.domain.findings import Obstacle
from billing.models.bill import Bill
from billing.models.run import BillRun, ChunkState, RunChunk
from billing.operations import drafting, progress
from billing.operations.drafting import Origin
from billing.queries import segments
from billing.queries.segments import Findings, Scope
from cis.kernel.errors import Refused
from cis.kernel.periods import Period
from cis.platform import db, packs
from cis.platform.db import opens_transaction

UNFORESEEN = "unforeseen"
log = structlog.get_logger(__name__)

# The run is locked too, shared: it cannot be dropped or approved while a chunk of it is under way.
_CLAIM = """
    SELECT c.id, c.account_ids, r.start_date, r.end_date, r.tariff_version_ids
    FROM billing_runchunk c JOIN billing_billrun r ON r.id = c.run_id
    WHERE c.run_id = %s AND c.state = 'waiting' AND r.state = 'rating'
    ORDER BY c.id LIMIT 1 FOR UPDATE OF c SKIP LOCKED FOR SHARE OF r
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Claim:
    chunk_id: int
    account_ids: list[int]
    scope: Scope


def rate_chunk(*, run_id: int) -> bool:
    """
    Rate one waiting chunk of a run; return False if no chunk waits.

    A chunk that cannot be rated as a whole is split in halves, and a lone account is parked with the reason. Only a
    database that fails is left to the caller: the chunk then waits for the next worker.

    :raises OperationalError: the database went away, or chose this transaction to end a deadlock.
    """
    claimed: list[_Claim] = []
    try:
        return _rate_next(run_id=run_id, claimed=claimed)
    except (OperationalError, InterfaceError):
        raise
    except Exception as error:
        if not claimed:
            raise
        log.warning(
            "chunk_failed", chunk=claimed[0].chunk_id, error=str(error), exc_info=not isinstance(error, Refused)
        )
        set_apart(chunk_id=claimed[0].chunk_id, expected_state=ChunkState.WAITING, error=error)
        return True


@opens_transaction
def _rate_next(*, run_id: int, claimed: list[_Claim]) -> bool:
    claim = _claim(run_id)
    if claim is None:
        return False
    claimed.append(claim)
    found = segments.find(account_ids=claim.account_ids, scope=claim.scope)
    draft = drafting.draft_of(found)
    outside = _outside(found, draft, claim.scope.period)
    held = np.zeros(len(draft.bills), dtype=np.bool_)
    held[list(outside)] = True
    origin = Origin(run_id=run_id, chunk_id=claim.chunk_id, period=claim.scope.period)
    bill_ids = drafting.write(draft=draft, held=held, origin=origin) if len(draft.bills) else draft.bills.account_id
    obstacles = dict(found.obstacles.of_account)
    bill_of = {}
    for place, obstacle in outside.items():
        account = int(draft.bills.account_id[place])
        obstacles[account], bill_of[account] = obstacle, int(bill_ids[place])
    if obstacles:
        drafting.hold(run_id=run_id, obstacles=obstacles, bill_of=bill_of)
    _finish(claim, draft, held=len(obstacles), parked=len(found.obstacles))
    return True


def _claim(run_id: int) -> _Claim | None:
    rows = db.fetch(_CLAIM, [run_id])
    if not rows:
        return None
    ((chunk_id, account_ids, start, end, version_ids),) = rows
    return _Claim(
        chunk_id=chunk_id,
        account_ids=account_ids,
        scope=Scope(period=Period(start, end), version_ids=frozenset(version_ids)),
    )


def _outside(found: Findings, draft: Draft, period: Period) -> dict[int, Obstacle]:
    """Return the bills out of bounds, by their place in the draft."""
    if not len(draft.bills):
        return {}
    rule = packs.rule("bounds", at=period.start)
    limits = bounds.read_bounds(rule, decimals=packs.rule("decimals", at=period.start))
    facts = bounds.facts_of(
        accounts=draft.bills.account_id,
        amount_minor=draft.bills.amount_minor,
        expected=found.expected,
        existing=found.existing,
        difference=found.difference,
        period=period,
    )
    return bounds.check(bounds=limits, facts=facts)


def _finish(claim: _Claim, draft: Draft, *, held: int, parked: int) -> None:
    accounts = len(claim.account_ids)
    RunChunk.objects.filter(id=claim.chunk_id).update(
        state=ChunkState.RATED.value,
        bills=len(draft.bills),
        held=held,
        unchanged=accounts - len(draft.bills) - parked,
        amount_minor=int(draft.bills.amount_minor.sum()),
        energy_wh=int(draft.bills.energy_wh.sum()),
        rated_at=timezone.now(),
    )


@opens_transaction
def set_apart(*, chunk_id: int, expected_state: ChunkState, error: Exception) -> None:
    """
    Split a chunk that failed in halves, or park its only account with the reason.

    :param expected_state: another state means that somebody dealt with the chunk already; nothing is done then.
    """
    chunk = RunChunk.objects.select_for_update().filter(id=chunk_id, state=expected_state.value).first()
    if chunk is None:
        return
    chunk.error = str(error)[:2000]
    chunk.attempts += 1
    if len(chunk.account_ids) > 1:
        _split(chunk)
    else:
        _park(chunk, error)


def _split(chunk: RunChunk) -> None:
    middle = len(chunk.account_ids) // 2
    halves = [chunk.account_ids[:middle], chunk.account_ids[middle:]]
    made = [RunChunk.objects.create(run_id=chunk.run_id, account_ids=half, state=chunk.state) for half in halves]
    if chunk.state == ChunkState.RATED.value:
        for half in made:
            Bill.objects.filter(run_id=chunk.run_id, chunk_id=chunk.id, account_id__in=half.account_ids).update(
                chunk=half
            )
            progress.recount(chunk_id=half.id)
    chunk.state = ChunkState.SPLIT.value
    chunk.bills = chunk.held = chunk.unchanged = chunk.amount_minor = chunk.energy_wh = 0
    chunk.save()


def _park(chunk: RunChunk, error: Exception) -> None:
    """Hold the account; one that was rated keeps its draft."""
    draft = Bill.objects.filter(run_id=chunk.run_id, chunk_id=chunk.id, state="draft").first()
    if draft is not None:
        draft.state = "held"
        draft.save(update_fields=["state"])
    (account,) = chunk.account_ids
    drafting.hold(
        run_id=chunk.run_id,
        obstacles={account: reason_of(error)},
        bill_of={account: draft.id} if draft is not None else {},
    )
    chunk.held = 1
    chunk.state = ChunkState.RATED.value
    chunk.rated_at = chunk.rated_at or timezone.now()
    chunk.save()


def reason_of(error: Exception) -> Obstacle:
    """Return why an account could not be billed, in the words of the error."""
    if isinstance(error, Refused):
        return Obstacle(code=error.code, message=error.message, advice=error.advice)
    advice = "Retry; if it fails again, report it with the time and the account number: the log has the details."
    if isinstance(error, DatabaseError):
        advice = "Another draft may correct the same month: settle that one first, then retry."
    return Obstacle(code=UNFORESEEN, message=f"{type(error).__name__}: {error}"[:2000], advice=advice)


def scope_of(run: BillRun) -> Scope:
    """Return what a run has fixed."""
    return Scope(period=Period(run.start_date, run.end_date), version_ids=frozenset(run.tariff_version_ids))
