"""Rating of a run, chunk by chunk: each in one transaction, by whatever worker comes first."""

from dataclasses import dataclass

import numpy as np
import structlog
from django.db import DatabaseError, InterfaceError, OperationalError
from django.db.models import Q
from django.utils import timezone

from billing.domain import bounds, shadow
from billing.domain.charges import DueCharge
from billing.domain.drafts import Draft
from billing.domain.findings import Obstacle
from billing.domain.shadow import Told
from billing.models.bill import Bill, BillState
from billing.models.run import ChunkState, RunChunk
from billing.operations import charging, drafting, progress, rebill_rows, shadowing
from billing.operations.drafting import Origin
from billing.queries import segments
from billing.queries.segments import Findings, Scope
from cis.kernel.errors import Refused
from cis.kernel.periods import Period
from cis.platform import db, packs
from cis.platform.db import joins_transaction, opens_transaction

UNFORESEEN = "unforeseen"
ERROR_MOST = 2_000
MOST_FAILURES = 30
"""
So many failures of a chunk and its pieces in a row, and it is given up. One bad account among 2,000 is alone after 11
splits, the smallest pieces being tried first, so this leaves room for many bad ones side by side.
"""
log = structlog.get_logger(__name__)

# The run is locked too, shared: it cannot be dropped or approved while a chunk of it is under way.
# Pieces of a chunk that failed go first, the smallest before all: what is wrong with it shows soon.
_CLAIM = """
    SELECT c.id, c.root_id, c.account_ids, r.start_date, r.end_date, r.tariff_version_ids, r.is_shadow, r.promotes_id
    FROM billing_runchunk c JOIN billing_billrun r ON r.id = c.run_id
    WHERE c.run_id = %s AND c.state = 'waiting' AND r.state = 'rating'
    ORDER BY c.root_id IS NULL, CASE WHEN c.root_id IS NULL THEN c.id ELSE -c.id END
    LIMIT 1 FOR UPDATE OF c SKIP LOCKED FOR SHARE OF r
"""
_CLAIM_FAILED = """
    SELECT c.id FROM billing_runchunk c JOIN billing_billrun r ON r.id = c.run_id
    WHERE c.id = %s AND c.state = %s AND r.state IN ('rating', 'issuing') FOR UPDATE OF c FOR SHARE OF r
"""
_COUNT_FAILURE = "UPDATE billing_runchunk SET attempts = attempts + 1 WHERE id = %s RETURNING attempts"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Claim:
    chunk_id: int
    root_id: int | None
    account_ids: list[int]
    scope: Scope
    is_shadow: bool
    promotes_id: int | None


def rate_chunk(*, run_id: int) -> bool:
    """
    Rate one waiting chunk of a run; return False if no chunk waits.

    A chunk that cannot be rated as a whole is split in halves, and a lone account is parked with the reason. Where
    everything fails, that ends soon: see ``set_apart``. Only a database that is away is left to the caller: the chunk
    then waits for the next worker.

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
    if claim.is_shadow:
        _rate_shadow(run_id, claim)
    else:
        _rate_bills(run_id, claim)
    note_success(root_id=claim.root_id)
    return True


def _rate_shadow(run_id: int, claim: _Claim) -> None:
    """Rate a chunk to compare: what it comes to is written down, and nothing else."""
    period = claim.scope.period
    found = segments.find(account_ids=claim.account_ids, scope=claim.scope)
    draft = drafting.draft_of(found)
    outside = _outside(found, draft, period)
    told = shadow.tell(draft=draft, charges=_due(claim, found))
    flagged = shadowing.write(run_id=run_id, found=found, told=told, outside=outside, period=period)
    _finish(claim, told, held=flagged, parked=len(found.obstacles))


def _rate_bills(run_id: int, claim: _Claim) -> None:
    """Rate a chunk into drafts, and hold what a person must look at."""
    period = claim.scope.period
    emptied = drafting.take_over(run_id=run_id, period=period, account_ids=claim.account_ids)
    found = segments.find(account_ids=claim.account_ids, scope=claim.scope)
    draft = drafting.draft_of(found)
    charges = _due(claim, found)
    told = shadow.tell(draft=draft, charges=charges)
    outside = _outside(found, draft, period)
    if claim.promotes_id is not None:
        outside = shadowing.unlike(shadow_id=claim.promotes_id, told=told, outside=outside)
    accounts = draft.bills.account_id
    origin = Origin(run_id=run_id, chunk_id=claim.chunk_id, period=period)
    held = np.isin(accounts, list(outside))
    bill_ids = drafting.write(draft=draft, held=held, origin=origin) if len(accounts) else accounts
    drafts = dict(zip(accounts.tolist(), bill_ids.tolist(), strict=True))
    charged = charging.add(charges=charges, origin=origin, bill_of=drafts, held=outside.keys())
    rebill_rows.settle(reach=found.reach, bill_of=drafts, parked=list(found.obstacles.of_account))
    obstacles = found.obstacles.of_account | outside
    if obstacles:
        bill_of = {account: bill_id for account, bill_id in (drafts | charged).items() if account in outside}
        drafting.hold(run_id=run_id, period=period, obstacles=obstacles, bill_of=bill_of)
    _finish(claim, told, held=len(obstacles), parked=len(found.obstacles))
    if emptied:
        progress.recount(chunk_ids=emptied)


def _due(claim: _Claim, found: Findings) -> tuple[DueCharge, ...]:
    """Return the one-off charges of the accounts that can be billed; one statement."""
    rated = [account for account in claim.account_ids if account not in found.obstacles.of_account]
    return charging.due(account_ids=rated)


def _claim(run_id: int) -> _Claim | None:
    rows = db.fetch(_CLAIM, [run_id])
    if not rows:
        return None
    ((chunk_id, root_id, account_ids, start, end, version_ids, is_shadow, promotes_id),) = rows
    return _Claim(
        chunk_id=chunk_id,
        root_id=root_id,
        account_ids=account_ids,
        scope=Scope(period=Period(start, end), version_ids=frozenset(version_ids)),
        is_shadow=is_shadow,
        promotes_id=promotes_id,
    )


def _outside(found: Findings, draft: Draft, period: Period) -> dict[int, Obstacle]:
    """Return the bills out of bounds, by account; one-off charges do not count, two persons have agreed to them."""
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
        corrected=found.reach.account_id,
        period=period,
    )
    outside = bounds.check(bounds=limits, facts=facts)
    return {int(draft.bills.account_id[place]): obstacle for place, obstacle in outside.items()}


def _finish(claim: _Claim, told: Told, *, held: int, parked: int) -> None:
    RunChunk.objects.filter(id=claim.chunk_id).update(
        state=ChunkState.RATED.value,
        bills=len(told),
        held=held,
        unchanged=len(claim.account_ids) - len(told) - parked,
        amount_minor=int(told.amount_minor.sum()),
        energy_wh=int(told.energy_wh.sum()),
        rated_at=timezone.now(),
    )


@joins_transaction
def note_success(*, root_id: int | None) -> None:
    """Note that a piece went well, so that what failed in the chunk it came from lies in single accounts."""
    if root_id is not None:
        RunChunk.objects.filter(id=root_id, attempts__gt=0).update(attempts=0)


@opens_transaction
def set_apart(*, chunk_id: int, expected_state: ChunkState, error: Exception) -> None:
    """
    Split a chunk that failed in halves, or park its only account with the reason.

    If nothing of a chunk goes well in ``MOST_FAILURES`` tries, or it fails with the error that another chunk of the
    run failed with, no account is to blame: what is left of it fails as a whole, to be retried (``runs.retry``).

    :param expected_state: another state means that somebody dealt with the chunk already; nothing is done then.
    """
    if not db.fetch(_CLAIM_FAILED, [chunk_id, expected_state.value]):
        return
    chunk = RunChunk.objects.select_related("run").get(id=chunk_id)
    chunk.error = text_of(error)
    root_id = chunk.root_id or chunk.id
    ((failures,),) = db.fetch(_COUNT_FAILURE, [root_id])
    is_lone = len(chunk.account_ids) == 1
    if failures >= MOST_FAILURES or (not is_lone and _is_known_failure(chunk)):
        _give_up(chunk, root_id)
    elif is_lone:
        _park(chunk, error)
    else:
        _split(chunk, root_id)


def _is_known_failure(chunk: RunChunk) -> bool:
    failed = RunChunk.objects.filter(run_id=chunk.run_id, state=ChunkState.FAILED.value, error=chunk.error)
    return chunk.root_id is None and failed.exists()


def _give_up(chunk: RunChunk, root_id: int) -> None:
    """Let all that waits of a chunk fail, without drafts; pieces that other workers have fail by themselves."""
    pieces = RunChunk.objects.filter(Q(root_id=root_id) | Q(id=chunk.id), run_id=chunk.run_id, state=chunk.state)
    ids = list(pieces.select_for_update(skip_locked=True).order_by("id").values_list("id", flat=True))
    drafting.drop_drafts("run_id = %s AND chunk_id = ANY(%s) AND state = 'draft'", [chunk.run_id, ids])
    RunChunk.objects.filter(id__in=ids).update(
        state=ChunkState.FAILED.value, error=chunk.error, rated_at=None, unchanged=0
    )
    progress.recount(chunk_ids=ids)
    log.error("chunk_given_up", run=chunk.run_id, chunk=root_id, pieces=len(ids), error=chunk.error)


def _split(chunk: RunChunk, root_id: int) -> None:
    middle = len(chunk.account_ids) // 2
    halves = [chunk.account_ids[:middle], chunk.account_ids[middle:]]
    made = [
        RunChunk.objects.create(run_id=chunk.run_id, root_id=root_id, account_ids=half, state=chunk.state)
        for half in halves
    ]
    if chunk.state == ChunkState.RATED.value:
        for half in made:
            Bill.objects.filter(run_id=chunk.run_id, chunk_id=chunk.id, account_id__in=half.account_ids).update(
                chunk=half
            )
        progress.recount(chunk_ids=[half.id for half in made])
    chunk.state = ChunkState.SPLIT.value
    chunk.bills = chunk.held = chunk.unchanged = chunk.amount_minor = chunk.energy_wh = 0
    chunk.save(update_fields=["state", "error", "bills", "held", "unchanged", "amount_minor", "energy_wh"])


def _park(chunk: RunChunk, error: Exception) -> None:
    """Hold the account; one that was rated keeps its draft. In a shadow run its reason is written down."""
    (account,) = chunk.account_ids
    if chunk.run.is_shadow:
        shadowing.block(run_id=chunk.run_id, account_id=account, reason=reason_of(error))
        _mark_parked(chunk)
        return
    period = Period(chunk.run.start_date, chunk.run.end_date)
    drafting.take_over(run_id=chunk.run_id, period=period, account_ids=chunk.account_ids)
    draft = Bill.objects.filter(run_id=chunk.run_id, chunk_id=chunk.id, state=BillState.DRAFT.value).first()
    if draft is not None:
        draft.state = BillState.HELD.value
        draft.save(update_fields=["state"])
    drafting.hold(
        run_id=chunk.run_id,
        period=period,
        obstacles={account: reason_of(error)},
        bill_of={account: draft.id} if draft is not None else {},
    )
    _mark_parked(chunk)


def _mark_parked(chunk: RunChunk) -> None:
    chunk.held = 1
    chunk.state = ChunkState.RATED.value
    chunk.rated_at = chunk.rated_at or timezone.now()
    chunk.save(update_fields=["state", "error", "held", "rated_at"])


def text_of(error: Exception) -> str:
    """Return an error as it is shown; the kind of one that nobody foresaw is part of it."""
    text = error.message if isinstance(error, Refused) else f"{type(error).__name__}: {error}"
    return text[:ERROR_MOST]


def reason_of(error: Exception) -> Obstacle:
    """Return why an account could not be billed, in the words of the error."""
    if isinstance(error, Refused):
        return Obstacle(code=error.code, message=error.message, advice=error.advice)
    advice = "Retry; if it fails again, report it with the time and the account number: the log has the details."
    if isinstance(error, DatabaseError):
        advice = "Another draft may correct the same month: settle that one first, then retry."
    return Obstacle(code=UNFORESEEN, message=text_of(error), advice=advice)
