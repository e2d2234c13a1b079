"""Simulations as pages, files and commands show them."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from functools import lru_cache

from django.db.models import F, Max, QuerySet
from django.db.models.functions import Abs

from billing.models.bill import BillSegment
from billing.models.simulation import GroupedBy, SimulatedSupply, SimulatedVersion, Simulation, SimulationGroup
from cis.kernel.errors import Refused
from cis.kernel.periods import Period, add_months, month_of
from tariffs.domain import document
from tariffs.domain.plan import Plan

WORK = "simulation"
"""Name of the work that simulates; what is unfinished of it is woken again."""
MONTHS = 12
PLANS_KEPT = 50
LARGEST = "largest"
ORDERS = {
    "pays_more": ("-change_minor", "agreement_id"),
    "pays_less": ("change_minor", "agreement_id"),
    LARGEST: ("-size_minor", "agreement_id"),
}
CHANGED = {"pays_more": {"change_minor__gt": 0}, "pays_less": {"change_minor__lt": 0}}


class UnknownSimulation(Refused):
    """There is no such simulation."""

    code = "unknown_simulation"


class NoBillsYet(Refused):
    """No bill was issued yet."""

    code = "no_bills_yet"


@dataclass(frozen=True, slots=True, kw_only=True)
class VersionCard:
    """
    Prices that stand in place of those of a tariff.

    version_id  None: it was a draft that is gone, or a file
    sha256      hash of what the text says
    """

    tariff_id: int
    tariff_code: str
    name_zh: str
    name_en: str
    version_id: int | None
    sha256: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SimulationCard:
    """A simulation in a list. [minor unit, 1/100 percent]"""

    id: int
    name: str
    start_date: date
    end_date: date
    cycle_code: str
    customer_kind: str
    district: str
    state: str
    error: str
    money_step_minor: int | None
    percent_step_e2: int | None
    actor_id: int | None
    created_at: datetime
    ended_at: datetime | None
    versions: tuple[VersionCard, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupCard:
    """Sums of one group, as ``billing.domain.outcomes.Groups``."""

    by: str
    key: str
    supplies: int
    used_wh: int
    old_minor: int
    new_minor: int
    losers: int
    lost_minor: int
    winners: int
    won_minor: int

    @property
    def change_minor(self) -> int:
        """Return by how much more is paid. [minor unit]"""
        return self.new_minor - self.old_minor

    @property
    def same(self) -> int:
        """Return how many supplies pay as much as before."""
        return self.supplies - self.losers - self.winners


@dataclass(frozen=True, slots=True, kw_only=True)
class SupplyCard:
    """One supply of a simulation; ``reason`` and ``message``: why it was not simulated."""

    agreement_id: int
    account_id: int
    account_number: str
    tariff_id: int
    customer_kind: str
    district: str
    months: int
    used_wh: int
    old_minor: int
    new_minor: int
    reason: str
    message: str

    @property
    def change_minor(self) -> int:
        """Return by how much more is paid. [minor unit]"""
        return self.new_minor - self.old_minor


def subject_of(simulation_id: int) -> str:
    """Return what the job of a simulation is about."""
    return f"simulation:{simulation_id}"


@lru_cache(maxsize=PLANS_KEPT)
def plan_of(source: str) -> Plan:
    """Return the plan of a kept text; compiled once per process."""
    return document.parse(text=source).plan


def last_billed(*, months: int = MONTHS) -> Period:
    """
    Return the last months with bills, as many as asked for; one statement.

    :raises NoBillsYet: there is no issued bill.
    """
    last = BillSegment.objects.filter(bill__state="issued").aggregate(last=Max("period_start_date"))["last"]
    if last is None:
        raise NoBillsYet("No bill was issued yet.", advice="Bill a month first.")
    end = month_of(last).end
    return Period(add_months(end, -months), end)


def one(*, simulation_id: int) -> SimulationCard:
    """
    Return a simulation; two statements.

    :raises UnknownSimulation: there is none.
    """
    found = _cards(Simulation.objects.filter(id=simulation_id))
    if not found:
        raise UnknownSimulation(f"There is no simulation {simulation_id}.", simulation_id=simulation_id)
    return found[0]


def latest(*, offset: int = 0, most: int = 50) -> tuple[SimulationCard, ...]:
    """Return simulations, latest first; two statements."""
    return _cards(Simulation.objects.order_by("-id")[offset : offset + most])


def totals(*, simulation_ids: Iterable[int]) -> dict[int, GroupCard]:
    """Return the sums over all supplies of simulations that are done, by id; one statement."""
    rows = SimulationGroup.objects.filter(simulation_id__in=list(simulation_ids), by=GroupedBy.ALL.value)
    return {row.simulation_id: _group(row) for row in rows}


def groups(*, simulation_id: int) -> dict[str, tuple[GroupCard, ...]]:
    """Return all groups of a simulation, by what they are grouped, each in its order; one statement."""
    found: dict[str, list[GroupCard]] = {str(by): [] for by in GroupedBy}
    for row in SimulationGroup.objects.filter(simulation_id=simulation_id).order_by("by", "place"):
        found[row.by].append(_group(row))
    return {by: tuple(cards) for by, cards in found.items()}


def supplies(
    *, simulation_id: int, order: str = LARGEST, is_simulated: bool = True, offset: int = 0, most: int = 50
) -> tuple[SupplyCard, ...]:
    """
    Return supplies of a simulation; one statement.

    order         a key of ``ORDERS``: those that pay more or less, by how much, or all by the size of the change
    is_simulated  False = those that were not, by reason
    """
    rows = SimulatedSupply.objects.filter(simulation_id=simulation_id).annotate(
        change_minor=F("new_minor") - F("old_minor"),
        size_minor=Abs(F("new_minor") - F("old_minor")),
        number=F("account__number"),
    )
    if is_simulated:
        rows = rows.filter(reason="", **CHANGED.get(order, {})).order_by(*ORDERS.get(order, ORDERS[LARGEST]))
    else:
        rows = rows.exclude(reason="").order_by("reason", "agreement_id")
    names = [name for name in SupplyCard.__dataclass_fields__ if name != "account_number"]
    return tuple(
        SupplyCard(**{name: getattr(row, name) for name in names}, account_number=row.number)
        for row in rows[offset : offset + most]
    )


def text(*, simulation_id: int, tariff_id: int) -> str:
    """
    Return the text that stands in place of a tariff's versions; one statement.

    :raises UnknownSimulation: there is no such simulation, or it does not replace the tariff.
    """
    rows = SimulatedVersion.objects.filter(simulation_id=simulation_id, tariff_id=tariff_id)
    source = rows.values_list("source", flat=True).first()
    if source is None:
        raise UnknownSimulation(f"Simulation {simulation_id} replaces no tariff {tariff_id}.")
    return source


def _group(row: SimulationGroup) -> GroupCard:
    return GroupCard(**{name: getattr(row, name) for name in GroupCard.__dataclass_fields__})


def _cards(rows: QuerySet[Simulation]) -> tuple[SimulationCard, ...]:
    found = list(rows.select_related("cycle"))
    versions: dict[int, list[VersionCard]] = {row.id: [] for row in found}
    kept = SimulatedVersion.objects.filter(simulation__in=[row.id for row in found]).defer("source")
    for version in kept.select_related("tariff").order_by("tariff__code"):
        versions[version.simulation_id].append(
            VersionCard(
                tariff_id=version.tariff_id,
                tariff_code=version.tariff.code,
                name_zh=version.tariff.name_zh,
                name_en=version.tariff.name_en,
                version_id=version.version_id,
                sha256=version.sha256,
            )
        )
    plain = [name for name in SimulationCard.__dataclass_fields__ if name not in {"cycle_code", "versions"}]
    return tuple(
        SimulationCard(
            **{name: getattr(row, name) for name in plain},
            cycle_code=row.cycle.code if row.cycle else "",
            versions=tuple(versions[row.id]),
        )
        for row in found
    )
