"""What of a month's energy is on no bill at its end: states of an accrual, what becomes of its accounts, its sums."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from billing.domain.drafts import Draft
from cis.kernel.columns import Columns
from cis.kernel.fixed import Int64

UNBILLED = "asset.unbilled"
"""Ledger account of energy that was supplied and is on no bill yet."""
REVENUE_PREFIX = "revenue."
PERCENT_E2 = 10_000


class AccrualState(StrEnum):
    """
    States of an accrual.

    RATING  workers rate its accounts
    RATED   all are; a person looks and posts it, or drops it
    POSTED  it stands in the ledger, and is taken back on the first day of the next month
    UNDONE  it was posted and another one of the same month took its place
    """

    RATING = "rating"
    RATED = "rated"
    POSTED = "posted"
    UNDONE = "undone"
    DROPPED = "dropped"
    FAILED = "failed"


class Outcome(StrEnum):
    """
    What becomes of an account.

    ACCRUED    up to the end of the month
    PARTLY     up to the day to which its usage is known
    NOT_RATED  nothing: the reason is beside it
    """

    WAITING = "waiting"
    ACCRUED = "accrued"
    PARTLY = "partly"
    NOT_RATED = "not_rated"


@dataclass(frozen=True, slots=True, kw_only=True)
class Unbilled(Columns):
    """
    Rows of what is unbilled. [minor unit]

    ledger  (n,) place of the ledger class; amounts contain the tax beside them
    """

    account_id: Int64
    version_id: Int64
    ledger: Int64
    amount_minor: Int64
    tax_minor: Int64


@dataclass(frozen=True, slots=True)
class GoneLine:
    """Lines of a billed segment that is to be taken back, by ledger class. [minor unit]"""

    account_id: int
    version_id: int
    ledger_class: str
    amount_minor: int
    tax_minor: int


def unbilled_of(*, draft: Draft, gone: Sequence[GoneLine]) -> tuple[Unbilled, tuple[str, ...]]:
    """
    Return what bills would carry, summed by account, tariff version and ledger class, and the names of the classes.

    draft  of the accounts; its lines are those of new segments
    gone   lines of segments that the draft takes back: they count below 0
    """
    names = sorted({str(slot.ledger) for slot in draft.kinds} | {line.ledger_class for line in gone})
    place = {name: number for number, name in enumerate(names)}
    of_kind = np.array([place[str(slot.ledger)] for slot in draft.kinds], dtype=np.int64)
    lines = draft.lines
    back = np.array(
        [(one.account_id, one.version_id, place[one.ledger_class], -one.amount_minor, -one.tax_minor) for one in gone],
        dtype=np.int64,
    ).reshape(-1, 5)
    keys = np.stack(
        (
            np.concatenate((draft.bills.account_id[draft.segments.bill[lines.segment]], back[:, 0])),
            np.concatenate((draft.segments.version_id[lines.segment], back[:, 1])),
            np.concatenate((of_kind[lines.kind] if len(lines) else lines.kind, back[:, 2])),
        )
    )
    found, where = np.unique(keys, axis=1, return_inverse=True)
    sums = np.zeros((2, found.shape[1]), dtype=np.int64)
    np.add.at(sums[0], where.ravel(), np.concatenate((lines.amount_minor, back[:, 3])))
    np.add.at(sums[1], where.ravel(), np.concatenate((lines.tax_minor, back[:, 4])))
    rows = Unbilled(
        account_id=found[0], version_id=found[1], ledger=found[2], amount_minor=sums[0], tax_minor=sums[1]
    )  # fmt: skip
    return rows.take((sums != 0).any(axis=0)), tuple(names)


def code_of(ledger_class: str) -> str:
    """Return the ledger account of a class: one with a dot is a code itself."""
    return ledger_class if "." in ledger_class else REVENUE_PREFIX + ledger_class


def percent_e2(*, accrued_minor: int, billed_minor: int) -> int | None:
    """Return by how much an accrual is above what was billed [10^-2 percent]; None: nothing was billed."""
    if not billed_minor:
        return None
    twice = 2 * PERCENT_E2 * (accrued_minor - billed_minor) * (1 if billed_minor > 0 else -1)
    return (twice + abs(billed_minor)) // (2 * abs(billed_minor))
