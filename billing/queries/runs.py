"""Billing runs: how far they are and what they came to."""

from dataclasses import dataclass
from datetime import date, datetime

from django.db.models import F, QuerySet

from billing.models.run import BillRun, HeldBill, HeldState
from cis.kernel.errors import Refused
from cis.platform.db import fetch


class UnknownRun(Refused):
    """There is no such run."""

    code = "unknown_run"


@dataclass(frozen=True, slots=True, kw_only=True)
class RunTotals:
    """
    Plain counts of a run.

    accounts, accounts_rated, accounts_issued  accounts in its chunks, and how far they are
    bills, issued, drafts                      bills written; of them issued, and still drafts
    held                                       accounts that wait for a person
    failed                                     accounts in chunks that failed as a whole: see ``failures``
    amount_minor, energy_wh                    of its bills that were not dropped. [minor unit], [Wh]
    """

    accounts: int
    accounts_rated: int
    accounts_issued: int
    bills: int
    issued: int
    drafts: int
    held: int
    failed: int
    amount_minor: int
    energy_wh: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """An error with which whole chunks of a run failed, and how many accounts wait in them."""

    error: str
    chunks: int
    accounts: int


@dataclass(frozen=True, slots=True, kw_only=True)
class RunCard:
    """A run in a list; ``promotes_id`` is the shadow run it bills, ``promoted_by_id`` the run that bills this one."""

    id: int
    cycle_code: str
    start_date: date
    end_date: date
    as_of_date: date
    state: str
    is_unattended: bool
    is_shadow: bool
    promotes_id: int | None
    promoted_by_id: int | None
    opened_at: datetime
    approved_at: datetime | None
    ended_at: datetime | None
    actor_id: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class HeldCard:
    """An account that a run did not finish by itself."""

    id: int
    run_id: int
    account_id: int
    account_number: str
    bill_id: int | None
    amount_minor: int | None
    code: str
    message: str
    advice: str
    state: str
    created_at: datetime


_TOTALS = """
    SELECT c.accounts, c.rated, c.issued, b.bills, b.issued, b.drafts, h.held, c.failed, b.amount, b.energy
    FROM (SELECT coalesce(sum(cardinality(account_ids)), 0) AS accounts,
                 coalesce(sum(cardinality(account_ids)) FILTER (WHERE state IN ('rated', 'issued')), 0) AS rated,
                 coalesce(sum(cardinality(account_ids)) FILTER (WHERE state = 'issued'), 0) AS issued,
                 coalesce(sum(cardinality(account_ids)) FILTER (WHERE state = 'failed'), 0) AS failed
          FROM billing_runchunk WHERE run_id = %(run)s AND state <> 'split') c,
         (SELECT count(*) AS bills, count(*) FILTER (WHERE state IN ('issued', 'cancelled')) AS issued,
                 count(*) FILTER (WHERE state = 'draft') AS drafts,
                 coalesce(sum(amount_minor), 0) AS amount, coalesce(sum(energy_wh), 0) AS energy
          FROM billing_bill WHERE run_id = %(run)s) b,
         (SELECT count(*) AS held FROM billing_heldbill WHERE run_id = %(run)s AND state = 'open') h
"""


def totals(*, run_id: int) -> RunTotals:
    """Return the counts of a run; one statement."""
    [row] = fetch(_TOTALS, {"run": run_id})
    return RunTotals(**{name: int(value) for name, value in zip(RunTotals.__dataclass_fields__, row, strict=True)})


def failures(*, run_id: int) -> tuple[Failure, ...]:
    """Return the errors with which whole chunks of a run failed, the most frequent first; one statement."""
    return tuple(
        Failure(error=error, chunks=count, accounts=accounts)
        for error, count, accounts in fetch(_FAILURES, {"run": run_id})
    )


_FAILURES = """
    SELECT error, count(*), sum(cardinality(account_ids))::bigint FROM billing_runchunk
    WHERE run_id = %(run)s AND state = 'failed' GROUP BY error ORDER BY 3 DESC, error
"""


def one(*, run_id: int) -> RunCard:
    """
    Return a run.

    :raises UnknownRun: there is none.
    """
    cards = _cards(BillRun.objects.filter(id=run_id))
    if not cards:
        raise UnknownRun(f"There is no billing run {run_id}.")
    return cards[0]


def latest(*, state: str = "", offset: int = 0, most: int = 50) -> tuple[RunCard, ...]:
    """Return runs, latest first."""
    rows = BillRun.objects.filter(state=state) if state else BillRun.objects.all()
    return _cards(rows.order_by("-id")[offset : offset + most])


def held(*, run_id: int | None = None, state: str = HeldState.OPEN.value, most: int = 200) -> tuple[HeldCard, ...]:
    """Return held accounts of a run, or of all runs, oldest first; one statement."""
    rows = HeldBill.objects.filter(state=state) if state else HeldBill.objects.all()
    if run_id is not None:
        rows = rows.filter(run_id=run_id)
    return tuple(
        HeldCard(
            id=row.id,
            run_id=row.run_id,
            account_id=row.account_id,
            account_number=row.account.number,
            bill_id=row.bill_id,
            amount_minor=row.bill.amount_minor if row.bill else None,
            code=row.code,
            message=row.message,
            advice=row.advice,
            state=row.state,
            created_at=row.created_at,
        )
        for row in rows.select_related("account", "bill").order_by("id")[:most]
    )


def _cards(rows: QuerySet[BillRun]) -> tuple[RunCard, ...]:
    return tuple(
        RunCard(
            id=row.id,
            cycle_code=row.cycle.code if row.cycle else "",
            start_date=row.start_date,
            end_date=row.end_date,
            as_of_date=row.as_of_date,
            state=row.state,
            is_unattended=row.is_unattended,
            is_shadow=row.is_shadow,
            promotes_id=row.promotes_id,
            promoted_by_id=row.promoted_by_run,
            opened_at=row.opened_at,
            approved_at=row.approved_at,
            ended_at=row.ended_at,
            actor_id=row.actor_id,
        )
        for row in rows.select_related("cycle").annotate(promoted_by_run=F("promoted_by__id"))
    )
