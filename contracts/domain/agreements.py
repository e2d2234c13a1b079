"""Agreements as columns, and agreements as delivered in a file."""

import re
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date

from cis.kernel.columns import Columns
from cis.kernel.errors import Findings
from cis.kernel.fixed import Int64

EXTERNAL_ID_MOST = 64
HOUSEHOLD_MOST = 99
POWER_MOST_W = 10**10
BLOCKS_MOST = 10_000
NOT_AGREED = -1
"""Stands in a column for a power that is not agreed."""

FEATURE = re.compile(r"[a-z0-9]+(?:[-_][a-z0-9]+){0,9}")


@dataclass(frozen=True, slots=True, kw_only=True)
class AgreementColumns(Columns):
    """
    n pieces of agreement x term in force, sorted by account, agreement, start.

    account_id, agreement_id, service_point_id, tariff_id  (n,)
    household            (n,) persons proven to live there
    capacity_va          (n,) agreed capacity, ``NOT_AGREED`` = none [VA]
    contract_w           (n,) contracted maximum demand, ``NOT_AGREED`` = none [W]
    suspended_va         (n,) capacity that is suspended or reduced for a time [VA]
    green_blocks         (n,) blocks of green energy a month
    features             (n,) place in ``feature_sets``
    start_day, end_day   (n,) half-open, ``date.toordinal()``, clipped to the period asked for
    feature_sets         sets of features that occur, each sorted
    """

    account_id: Int64
    agreement_id: Int64
    service_point_id: Int64
    tariff_id: Int64
    household: Int64
    capacity_va: Int64
    contract_w: Int64
    suspended_va: Int64
    green_blocks: Int64
    features: Int64
    start_day: Int64
    end_day: Int64
    feature_sets: tuple[tuple[str, ...], ...] = ((),)


@dataclass(frozen=True, slots=True, kw_only=True)
class Agreed:
    """
    What is agreed beside tariff and household, where the tariff asks for it.

    capacity_va   transformers and motors at high voltage; None = not agreed [VA]
    contract_w    contracted maximum demand (合同最大需量); None = not agreed [W]
    features      codes that components of tariffs ask for, as "relief"; kept sorted, each once
    green_blocks  blocks of green energy bought a month
    suspended_va  part of the capacity that is suspended or reduced for a time (暂停, 减容), up to all of it [VA]
    """

    capacity_va: int | None = None
    contract_w: int | None = None
    features: tuple[str, ...] = ()
    green_blocks: int = 0
    suspended_va: int = 0

    def __post_init__(self) -> None:
        """Bring the features into their order."""
        object.__setattr__(self, "features", tuple(sorted(set(self.features))))


NOTHING = Agreed()


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
    agreed: Agreed = NOTHING
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
    for field, code, message in wrong_facts(new.agreed):
        note(field, code, message)


def wrong_facts(agreed: Agreed) -> list[tuple[str, str, str]]:
    """Return (field, code, message) of each agreed fact that cannot be."""
    found = []
    for field, value in (("capacity_kva", agreed.capacity_va), ("contract_kw", agreed.contract_w)):
        if value is not None and not 0 < value <= POWER_MOST_W:
            found.append((field, "bad_power", "An agreed power is above 0 and at most 10 GW."))
    if not 0 <= agreed.suspended_va <= (agreed.capacity_va or 0):
        found.append(("suspended_kva", "bad_suspension", "No more is suspended than the agreed capacity."))
    if not 0 <= agreed.green_blocks <= BLOCKS_MOST:
        found.append(("green_blocks", "bad_blocks", f"Green energy is bought in 0 to {BLOCKS_MOST:,} blocks."))
    found += [
        ("features", "bad_feature", f"{code!r} is not a code of small letters, digits, hyphens and underscores.")
        for code in agreed.features
        if not FEATURE.fullmatch(code)
    ]
    return found


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
