"""Important customers (重要电力用户): what is checked of an entry of the register, and when it is looked at again."""

from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from cis.kernel.errors import Findings
from cis.kernel.periods import add_months
from contracts.domain.inspection import Grade

REASON_MOST = 300
VA_MOST = 10**12


class Backup(StrEnum):
    """What keeps the most important loads going when the supply fails."""

    NONE = "none"
    GENERATOR = "generator"
    UPS = "ups"
    BOTH = "both"
    OTHER = "other"


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """
    An entry of the register.

    end_date     None: until further notice; of a temporary one: it must have an end
    security_va  load that must not fail (保安负荷); 0: not known [VA]
    """

    service_point_id: int
    grade: Grade
    reason: str
    backup: Backup
    backup_va: int
    security_va: int
    start_date: date
    end_date: date | None


def check(entry: Entry, *, findings: Findings) -> None:
    """Note what is wrong with an entry."""
    if not 1 <= len(entry.reason.strip()) <= REASON_MOST:
        findings.add("reason", "reason_missing", "Say why the supply is important.", "And whose decision it was.")
    if not 0 <= entry.backup_va <= VA_MOST or not 0 <= entry.security_va <= VA_MOST:
        findings.add("backup_va", "out_of_range", "This power cannot be true.")
    elif (entry.backup is Backup.NONE) != (entry.backup_va == 0):
        findings.add("backup_va", "backup_without_power", "A backup supply has a power, none has none.")
    if entry.end_date is not None and entry.end_date <= entry.start_date:
        findings.add("end_date", "empty_period", "The entry ends before it has a day.")
    if entry.grade is Grade.TEMPORARY and entry.end_date is None:
        findings.add("end_date", "temporary_without_end", "A temporary entry has an end.")


def review_due(*, reviewed_date: date, months: int) -> date:
    """Return when an entry is to be looked at again."""
    return add_months(reviewed_date, months)


def backup_suffices(*, backup_va: int, security_va: int, percent: int) -> bool | None:
    """
    Return whether the own backup carries the load that must not fail; None: that load is not known.

    :param percent: of that load that the backup must have, rule ``important_customers`` of the pack.

    [source: GB/T 29328-2018, 自备应急电源配置容量应达到保安负荷的 120 %]
    """
    if security_va == 0:
        return None
    return backup_va * 100 >= security_va * percent
