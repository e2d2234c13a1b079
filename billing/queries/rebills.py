"""Which accounts are to be billed anew, from when."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date

import numpy as np
from numpy.typing import NDArray

from billing.domain.rebills import RebillState
from billing.models.rebill import Rebill
from cis.kernel.fixed import Int64
from cis.platform import db

Mask = NDArray[np.bool_]
NEVER = np.iinfo(np.int64).max


@dataclass(frozen=True, slots=True, kw_only=True)
class Reach:
    """
    How far back some accounts are billed anew; n open rebills.

    rebill_id, account_id  (n,)
    from_day               (n,) ``date.toordinal``
    """

    rebill_id: Int64
    account_id: Int64
    from_day: Int64

    def of(self, account_id: Int64) -> Int64:
        """Return the first day to be billed anew of each account, of the same shape; NEVER where nothing is open."""
        found = np.full(len(account_id), NEVER, dtype=np.int64)
        for account, day in zip(self.account_id.tolist(), self.from_day.tolist(), strict=True):
            mine = account_id == account
            found[mine] = np.minimum(found[mine], day)
        return found

    def earliest(self, default: date) -> date:
        """Return the first of all the days, or the default if that is earlier."""
        return date.fromordinal(int(self.from_day.min(initial=default.toordinal())))


_NOTHING = np.zeros(0, dtype=np.int64)
NO_REBILLS = Reach(rebill_id=_NOTHING, account_id=_NOTHING, from_day=_NOTHING)


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """What a run may correct: all since its start, and more of accounts that are billed anew."""

    start: date
    reach: Reach

    def freezes(self, account_id: Int64, period_start_day: Int64, period_end_day: Int64) -> Mask:
        """Return which billed periods stay as they are, (n,)."""
        before: Mask = period_start_day < self.start.toordinal()
        return before & (period_end_day <= self.reach.of(account_id))

    def first_day(self, account_id: Int64) -> Int64:
        """Return from which day on each account may be rated anew, (n,)."""
        return np.minimum(self.reach.of(account_id), self.start.toordinal())


@dataclass(frozen=True, slots=True, kw_only=True)
class RebillCard:
    """
    A rebill as a page shows it.

    bill_id  the draft or bill that carries it; None: not rated yet, or there was nothing to bill
    """

    id: int
    account_id: int
    account_number: str
    from_date: date
    state: str
    bill_id: int | None
    bill_number: str
    run_id: int | None


_OPEN = """
    SELECT r.id, r.account_id, (r.from_date - DATE '0001-01-01' + 1)::bigint FROM billing_rebill r
    WHERE r.state = 'open' AND r.account_id = ANY(%(accounts)s)
"""


def reach(*, account_ids: Collection[int]) -> Reach:
    """Return the open rebills of some accounts; one statement."""
    columns = db.read_columns(_OPEN, {"accounts": sorted(account_ids)}, columns=3)
    return Reach(rebill_id=columns[0], account_id=columns[1], from_day=columns[2])


def of_correction(*, correction_id: int) -> tuple[RebillCard, ...]:
    """Return the rebills that a correction asked for, latest first; one statement."""
    rows = Rebill.objects.filter(correction_id=correction_id).select_related("account", "bill").order_by("-id")
    return tuple(
        RebillCard(
            id=row.id,
            account_id=row.account_id,
            account_number=row.account.number,
            from_date=row.from_date,
            state=row.state,
            bill_id=row.bill_id,
            bill_number=(row.bill.number or "") if row.bill else "",
            run_id=row.bill.run_id if row.bill else None,
        )
        for row in rows
    )


def is_open(*, account_id: int) -> bool:
    """Return whether anything of the account waits to be billed anew."""
    return Rebill.objects.filter(account_id=account_id, state=RebillState.OPEN.value).exists()
