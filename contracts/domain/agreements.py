"""Agreements as columns, and agreements as delivered in a file."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date

from cis.kernel.columns import Columns
from cis.kernel.errors import Findings
from cis.kernel.fixed import Int64

EXTERNAL_ID_MOST = 64
HOUSEHOLD_MOST = 99


@dataclass(frozen=True, slots=True, kw_only=True)
class AgreementColumns(Columns):
    """
    n pieces of agreement x term in force, sorted by account, agreement, start.

    account_id, agreement_id, service_point_id, tariff_id  (n,)
    household            (n,) persons proven to live there
    start_day, end_day   (n,) half-open, ``date.toordinal()``, clipped to the period asked for
    """

    account_id: Int64
    agreement_id: Int64
    service_point_id: Int64
    tariff_id: Int64
    household: Int64
    start_day: Int64
    end_day: Int64


@dataclass(frozen=True, slots=True, kw_only=True)
class NewAgreement:
    """
    An agreement to be, with its first term.

    external_id    name in the supplier's other systems
    account        external id of the account that is billed
    service_point  external id of the place that is supplied
    tariff         code of the tariff
    end_date       first local date without supply; None = until further notice
    where          where it stands in its file ("agreements.csv line 3"), for findings
    """

    external_id: str
    account: str
    service_point: str
    tariff: str
    start_date: date
    end_date: date | None = None
    household: int = 1
    where: str = ""


@dataclass(frozen=True, slots=True)
class Supplied:
    """A time for which a service point is taken; ``end_date`` None = until further notice."""

    start_date: date
    end_date: date | None
    where: str

    def overlaps(self, other: "Supplied") -> bool:
        """Return whether both have a day in common."""
        return self.start_date < (other.end_date or date.max) and other.start_date < (self.end_date or date.max)


def check(new: NewAgreement, *, findings: Findings) -> None:
    """Note what is wrong with a delivered agreement, looked at alone."""

    def note(field: str, code: str, message: str, advice: str = "") -> None:
        findings.add(f"{new.where}: {field}", code, message, advice)

    if not 1 <= len(new.external_id) <= EXTERNAL_ID_MOST:
        note("external_id", "bad_external_id", f"The external id has 1 to {EXTERNAL_ID_MOST} characters.")
    if new.end_date is not None and new.end_date <= new.start_date:
        note("end_date", "empty_period", "The end is the first day without supply and must be after the start.")
    if not 1 <= new.household <= HOUSEHOLD_MOST:
        note("household", "bad_household", f"A household has 1 to {HOUSEHOLD_MOST} persons.")


def check_overlaps(
    *, delivered: Iterable[NewAgreement], kept: Iterable[tuple[str, Supplied]], findings: Findings
) -> None:
    """
    Note each delivered agreement that claims a service point while another has it.

    :param kept: (external id of the service point, time) of agreements that exist.
    """
    taken: dict[str, list[Supplied]] = defaultdict(list)
    for service_point, supplied in kept:
        taken[service_point].append(supplied)
    for new in delivered:
        mine = Supplied(new.start_date, new.end_date, new.where)
        others: Sequence[Supplied] = taken[new.service_point]
        clash = next((other for other in others if other.overlaps(mine)), None)
        if clash:
            message = f"Service point {new.service_point} is supplied at that time already ({clash.where})."
            findings.add(f"{new.where}: service_point", "service_point_taken", message, "End the other one first.")
        taken[new.service_point].append(mine)
