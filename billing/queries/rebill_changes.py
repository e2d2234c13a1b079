"""What a rebill changes, period by period: the same difference that the run writes, told before it is written."""

from dataclasses import dataclass
from datetime import date

import numpy as np

from billing.models.bill import BillSegment, BillState
from billing.models.rebill import Rebill
from billing.queries.segments import Findings, Scope
from cis.kernel.periods import Period
from tariffs.queries import plans


@dataclass(frozen=True, slots=True, kw_only=True)
class MonthChange:
    """
    What becomes of what was billed over [start_date, end_date), one billed period. [Wh, minor units]

    Only segments that change are counted, before and after.
    """

    start_date: date
    end_date: date
    before_wh: int
    after_wh: int
    before_minor: int
    after_minor: int

    @property
    def change_minor(self) -> int:
        """Return what is added; below 0: paid back. [minor unit]"""
        return self.after_minor - self.before_minor


def changes_of(found: Findings) -> tuple[MonthChange, ...]:
    """Return the difference that findings make, by billed period, in the order of time."""
    gone, new = found.difference.gone, found.difference.new
    pieces, expected, existing = found.expected.pieces, found.expected, found.existing
    nothing_gone, nothing_new = np.zeros(len(gone), dtype=np.int64), np.zeros(len(new), dtype=np.int64)
    table = np.stack(
        (
            np.concatenate((existing.period_start_day[gone], pieces.period_start_day[new])),
            np.concatenate((existing.period_end_day[gone], pieces.period_end_day[new])),
            np.concatenate((existing.used_wh[gone], nothing_new)),
            np.concatenate((nothing_gone, expected.used_wh[new])),
            np.concatenate((existing.amount_minor[gone], nothing_new)),
            np.concatenate((nothing_gone, expected.amount_minor[new])),
        )
    )
    periods, place = np.unique(table[:2], axis=1, return_inverse=True)
    sums = np.zeros((4, periods.shape[1]), dtype=np.int64)
    for row in range(4):
        np.add.at(sums[row], place.ravel(), table[2 + row])
    return tuple(
        MonthChange(
            start_date=date.fromordinal(start),
            end_date=date.fromordinal(end),
            before_wh=before_wh,
            after_wh=after_wh,
            before_minor=before_minor,
            after_minor=after_minor,
        )
        for start, end, before_wh, after_wh, before_minor, after_minor in zip(
            *periods.tolist(), *sums.tolist(), strict=True
        )
    )


def scope_of(period: Period) -> Scope:
    """Return the scope of a run over a period by all that is published now; one statement."""
    published = plans.versions(start_date=date.min, end_date=date.max)
    return Scope(period=period, version_ids=frozenset(one.version_id for one in published))


def last_billed(*, account_id: int) -> Period | None:
    """Return the last period of which a bill of the account stands; None: there is none; one statement."""
    standing = BillSegment.objects.filter(
        bill__account_id=account_id, bill__state=BillState.ISSUED.value, cancels=None
    ).exclude(cancelled_by__bill__state=BillState.ISSUED.value)
    found = standing.order_by("-period_end_date").values_list("period_start_date", "period_end_date").first()
    return Period(*found) if found else None


def accounts_of(*, correction_id: int) -> tuple[int, ...]:
    """Return the accounts that a correction bears on; one statement."""
    rows = Rebill.objects.filter(correction_id=correction_id).values_list("account_id", flat=True)
    return tuple(sorted(set(rows)))
