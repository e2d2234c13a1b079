"""What is still to be billed of an account up to a day: what is expected less what stands on bills."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date

from billing.domain.findings import Obstacle
from billing.queries import rebill_changes, segments
from cis.kernel.periods import Period, month_of


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenAmounts:
    """
    What is to be billed yet, by period. [minor unit]

    obstacle  why some of it cannot be billed; None: all can
    """

    by_period: Mapping[tuple[date, date], int]
    obstacle: Obstacle | None = None

    @property
    def total_minor(self) -> int:
        """Return the sum. [minor unit]"""
        return sum(self.by_period.values())

    def since(self, before: "OpenAmounts") -> tuple[tuple[Period, int], ...]:
        """Return what came to be open since, by period, in the order of time; periods without a change are left out."""
        keys = sorted({*self.by_period, *before.by_period})
        changes = ((Period(*key), self.by_period.get(key, 0) - before.by_period.get(key, 0)) for key in keys)
        return tuple((period, change) for period, change in changes if change)


def of_account(*, account_id: int, since_date: date, until_date: date) -> OpenAmounts:
    """
    Return what is to be billed of an account for days before ``until_date``.

    Billed periods are compared with their bills; days that no bill has reached are rated by month, the last one as if
    it ended at ``until_date``.

    since_date  where nothing was billed yet, months before its month are left out

    Statements: two, and those of ``segments.find`` for each period.
    """
    found: dict[tuple[date, date], int] = {}
    obstacle = None
    for period in _periods(account_id, since_date, until_date):
        findings = segments.find(account_ids=[account_id], scope=rebill_changes.scope_of(period))
        for change in rebill_changes.changes_of(findings):
            found[change.start_date, change.end_date] = change.change_minor
        obstacle = obstacle or findings.obstacles.of_account.get(account_id)
    return OpenAmounts(by_period=found, obstacle=obstacle)


def _periods(account_id: int, since_date: date, until_date: date) -> Iterator[Period]:
    last = rebill_changes.last_billed(account_id=account_id)
    if last is not None:
        yield last
    start = last.end if last is not None else month_of(since_date).start
    while start < until_date:
        end = min(month_of(start).end, until_date)
        yield Period(start, end)
        start = end
