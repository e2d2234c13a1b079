"""Accounts of an accrual are rated, chunk by chunk, as their bills will be; what they come to is kept, not posted."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

import numpy as np
import structlog
from django.db import InterfaceError, OperationalError

from accounts.queries import supplier
from billing.domain.accruals import AccrualState, Outcome, Unbilled, unbilled_of
from billing.domain.drafts import GoneTotals, compose
from billing.domain.findings import Obstacle
from billing.models.accrual import AccrualAccount, RevenueAccrual
from billing.operations import unbilled
from billing.operations.chunks import reason_of
from billing.queries import accruals as queries
from cis.kernel.errors import Refused
from cis.kernel.fixed import Int64
from cis.kernel.periods import Period, month_of
from cis.platform import copying, jobs
from cis.platform.copying import int8, words
from cis.platform.db import execute, fetch, opens_transaction

CHUNK = 500
TEXT_MOST = 300
log = structlog.get_logger(__name__)

_KEEP = """
    UPDATE billing_accrualaccount x
    SET outcome = n.outcome, reason = n.reason, text = n.text, used_wh = n.used_wh
    FROM unnest(%(accounts)s::bigint[], %(outcomes)s::text[], %(reasons)s::text[], %(texts)s::text[],
                %(used)s::bigint[]) AS n(account_id, outcome, reason, text, used_wh)
    WHERE x.accrual_id = %(accrual)s AND x.account_id = n.account_id
"""
_COUNTS = """
    SELECT count(*) FILTER (WHERE outcome <> 'waiting'), count(*) FILTER (WHERE outcome = 'not_rated'), count(*)
    FROM billing_accrualaccount WHERE accrual_id = %s
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rated:
    """
    What some accounts over the same days come to.

    classes  ledger classes that ``rows.ledger`` points into
    used_wh  account -> energy [Wh]
    reasons  account -> why it cannot be rated
    """

    rows: Unbilled
    classes: tuple[str, ...]
    used_wh: dict[int, int]
    reasons: dict[int, Obstacle]


def work(at: datetime) -> None:  # noqa: ARG001 (accruals say of which month they are)
    """Rate what waits of all accruals that are under way; may be called at any time and again."""
    for row in RevenueAccrual.objects.filter(state=AccrualState.RATING.value).order_by("id"):
        with jobs.alone(f"accrual {row.id}") as is_ours:
            if is_ours:
                _work(row)


def _work(row: RevenueAccrual) -> None:
    end = month_of(row.month).end
    try:
        if not row.is_listed:
            _list(row.id, end)
        while accounts := _next(row.id):
            _rate(row.id, accounts, end)
        _finish(row.id)
    except (OperationalError, InterfaceError):
        raise
    except Exception as error:
        log.exception("accrual_failed", accrual=row.id)
        _fail(row.id, f"{type(error).__name__}: {error}")


@opens_transaction
def _list(accrual_id: int, end: date) -> None:
    """Write down the accounts with days on no bill; one statement."""
    row = RevenueAccrual.objects.select_for_update().get(id=accrual_id)
    if row.is_listed or row.state != AccrualState.RATING:
        return
    zone = supplier.current().time_zone
    execute(queries.LISTING, {"accrual": accrual_id, "today": end, "zone": zone})
    row.is_listed = True
    row.save(update_fields=["is_listed"])


def _next(accrual_id: int) -> list[AccrualAccount]:
    """Return accounts that wait and are to be rated over the same days, not too many; none: the accrual ends."""
    if not RevenueAccrual.objects.filter(id=accrual_id, state=AccrualState.RATING.value).exists():
        return []
    waiting = AccrualAccount.objects.filter(accrual_id=accrual_id, outcome=Outcome.WAITING.value)
    rows = list(waiting.order_by("billed_until", "told_until", "account_id")[:CHUNK])
    return [one for one in rows if (one.billed_until, one.told_until) == (rows[0].billed_until, rows[0].told_until)]


def _rate(accrual_id: int, accounts: Sequence[AccrualAccount], end: date) -> None:
    """Rate and keep a chunk; accounts that cannot be rated together are rated apart, so that none keeps others off."""
    first = accounts[0]
    assert first.told_until is not None
    period, account_ids = Period(first.billed_until, first.told_until), [one.account_id for one in accounts]
    try:
        rated = rate(account_ids=account_ids, period=period, end=end)
    except (OperationalError, InterfaceError):
        raise
    except Exception as error:
        if len(accounts) > 1:
            middle = len(accounts) // 2
            _rate(accrual_id, accounts[:middle], end)
            _rate(accrual_id, accounts[middle:], end)
            return
        log.warning("not_accrued", account=first.account_id, exc_info=not isinstance(error, Refused))
        rated = _nothing(first.account_id, reason_of(error))
    _keep(accrual_id, accounts, rated)


def rate(*, account_ids: Sequence[int], period: Period, end: date) -> Rated:
    """
    Return what accounts over the same days would be billed; a constant number of statements, all rolled back.

    :param end: bills of this day and later do not count yet.
    :raises Refused: a segment cannot be rated for a reason that lies in itself.
    """
    points = queries.points(account_ids=account_ids, start=period.start, end=period.end)
    found = unbilled.find(account_ids=account_ids, service_point_ids=points, period=period, before=end)
    existing, old = found.existing, found.difference.gone
    gone = queries.gone_lines(
        bill_ids=np.unique(existing.bill_id[old]).tolist(), segment_ids=existing.segment_id[old].tolist()
    )
    nothing = np.zeros(len(old), dtype=np.int64)
    draft = compose(
        expected=found.expected,
        existing=existing,
        difference=found.difference,
        gone=GoneTotals(lines=nothing, tax_minor=nothing),
        versions=found.versions,
    )
    rows, classes = unbilled_of(draft=draft, gone=gone)
    used = dict(zip(draft.bills.account_id.tolist(), draft.bills.energy_wh.tolist(), strict=True))
    return Rated(rows=rows, classes=classes, used_wh=used, reasons=dict(found.obstacles.of_account))


def _nothing(account_id: int, reason: Obstacle) -> Rated:
    none: Int64 = np.zeros(0, dtype=np.int64)
    rows = Unbilled(**dict.fromkeys(Unbilled.__dataclass_fields__, none))
    return Rated(rows=rows, classes=(), used_wh={}, reasons={account_id: reason})


@opens_transaction
def _keep(accrual_id: int, accounts: Sequence[AccrualAccount], rated: Rated) -> None:
    """Keep what a chunk comes to; one that was dropped meanwhile keeps nothing."""
    row = RevenueAccrual.objects.select_for_update().get(id=accrual_id)
    if row.state != AccrualState.RATING:
        return
    lines = rated.rows
    if len(lines):
        copying.load(
            table="billing_accrualline",
            count=len(lines),
            columns={
                "accrual_id": int8(accrual_id),
                "account_id": int8(lines.account_id),
                "tariff_version_id": int8(lines.version_id),
                "ledger_class": words(lines.ledger, rated.classes),
                "amount_minor": int8(lines.amount_minor),
                "tax_minor": int8(lines.tax_minor),
            },
        )
    account_ids = [one.account_id for one in accounts]
    reasons = [rated.reasons.get(account) for account in account_ids]
    values = {
        "accrual": accrual_id,
        "accounts": account_ids,
        "outcomes": [_outcome(one, why).value for one, why in zip(accounts, reasons, strict=True)],
        "reasons": [one.code if one else "" for one in reasons],
        "texts": [one.message[:TEXT_MOST] if one else "" for one in reasons],
        "used": [rated.used_wh.get(account, 0) for account in account_ids],
    }
    execute(_KEEP, values)
    _show(row)


def _outcome(account: AccrualAccount, reason: Obstacle | None) -> Outcome:
    if reason is not None:
        return Outcome.NOT_RATED
    return Outcome.ACCRUED if account.is_whole else Outcome.PARTLY


def _show(row: RevenueAccrual) -> None:
    ((done, failed, total),) = fetch(_COUNTS, [row.id])
    if row.job_id is not None:
        jobs.show(row.job_id, done=done, failed=failed, total=total)


@opens_transaction
def _finish(accrual_id: int) -> None:
    row = RevenueAccrual.objects.select_for_update().get(id=accrual_id)
    if row.state != AccrualState.RATING:
        return
    row.state = AccrualState.RATED.value
    row.save(update_fields=["state"])
    _show(row)
    if row.job_id is not None:
        jobs.finish(row.job_id)


@opens_transaction
def _fail(accrual_id: int, error: str) -> None:
    row = RevenueAccrual.objects.select_for_update().get(id=accrual_id)
    if row.state != AccrualState.RATING:
        return
    row.state, row.error = AccrualState.FAILED.value, error
    row.save(update_fields=["state", "error"])
    if row.job_id is not None:
        jobs.fail(row.job_id, error)
