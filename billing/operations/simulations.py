"""Simulations: open one, end it once its chunks are done, delete it. No bill changes. Chunks are in ``simulating``."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.utils import timezone

from accounts.queries import supplier
from billing.models.run import BillCycle
from billing.models.simulation import (
    SimulatedVersion,
    Simulation,
    SimulationChunk,
    SimulationChunkState,
    SimulationState,
)
from billing.operations import grouping, simulating
from billing.operations.cycles import UnknownCycle
from billing.queries.simulations import WORK, UnknownSimulation, subject_of
from cis.kernel.actors import Actor
from cis.kernel.errors import Refused
from cis.kernel.periods import Period
from cis.platform import audit, db, jobs
from cis.platform.db import opens_transaction
from cis.platform.models import Job
from tariffs.domain import document

AGREEMENTS_IN_CHUNK = 2_000
NAME_MOST = 100

_SPLIT = """
    INSERT INTO billing_simulationchunk (simulation_id, account_ids, state, error)
    SELECT %(simulation)s, array_agg(account_id ORDER BY account_id), 'waiting', ''
    FROM (
        SELECT account_id, (sum(agreements) OVER (ORDER BY account_id) - 1)::bigint / %(size)s AS place
        FROM (
            SELECT g.account_id, count(DISTINCT g.id) AS agreements
            FROM contracts_serviceagreement g
            JOIN contracts_agreementterm t ON t.agreement_id = g.id
              AND t.tariff_id = ANY(%(tariffs)s) AND t.period && daterange(%(start)s, %(end)s)
            WHERE g.period && daterange(%(start)s, %(end)s)
              AND (%(cycle)s::bigint IS NULL OR EXISTS (
                  SELECT 1 FROM billing_cyclemember m WHERE m.account_id = g.account_id AND m.cycle_id = %(cycle)s))
              AND (%(district)s = '' OR EXISTS (
                  SELECT 1 FROM metering_servicepoint s JOIN metering_premises p ON p.id = s.premises_id
                  WHERE s.id = g.service_point_id AND p.district = %(district)s))
              AND (%(kind)s = '' OR (
                  SELECT c.kind FROM accounts_accountholder h JOIN accounts_customer c ON c.id = h.customer_id
                  WHERE h.account_id = g.account_id AND h.period && daterange(%(start)s, %(end)s)
                  ORDER BY h.period DESC LIMIT 1) = %(kind)s)
            GROUP BY g.account_id
        ) counted
    ) placed
    GROUP BY place ORDER BY place
"""
# Whatever is left of a simulation goes with it; the largest tables first.
_DELETE = (
    "DELETE FROM billing_simulatedsupply WHERE simulation_id = %s",
    "DELETE FROM billing_simulatedmonth WHERE simulation_id = %s",
    "DELETE FROM billing_simulationgroup WHERE simulation_id = %s",
    "DELETE FROM billing_simulationchunk WHERE simulation_id = %s",
    "DELETE FROM billing_simulatedversion WHERE simulation_id = %s",
    "DELETE FROM billing_simulation WHERE id = %s",
)


class NothingToSimulate(Refused):
    """No supply of the scope has one of the tariffs that are to be replaced."""

    code = "nothing_to_simulate"


class UnusablePrices(Refused):
    """The prices cannot be simulated: one is not known, or they are of another currency."""

    code = "unusable_prices"


class ReplacedTwice(Refused):
    """Two texts are to stand in place of one tariff."""

    code = "replaced_twice"


class NotFailed(Refused):
    """Only a simulation that failed is tried again."""

    code = "simulation_not_failed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """
    Prices in place of those of a tariff.

    tariff_id   the tariff whose versions they replace
    source      text of a tariff version
    version_id  where it comes from, if it is in the price book
    """

    tariff_id: int
    source: str
    version_id: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Filters:
    """Which supplies are looked at: all, or those of a cycle, a kind of customer, an area; "" and None = all."""

    cycle_id: int | None = None
    customer_kind: str = ""
    district: str = ""


EVERYBODY = Filters()


@opens_transaction
def open(  # noqa: A001 - as runs.open
    *, name: str, period: Period, changes: Sequence[Change], actor: Actor, filters: Filters = EVERYBODY
) -> int:
    """
    Open a simulation over the billed months of a period; workers begin at once.

    The texts are kept with it. Nothing is written to bills, at any time.

    :returns: id of the simulation.
    :raises UnusablePrices: a price is not known, or the currency is not the supplier's.
    :raises ReplacedTwice: a tariff is to be replaced by two texts.
    :raises InvalidTariff: a text has findings.
    :raises UnknownCycle: there is no such cycle.
    :raises NothingToSimulate: nobody in the scope has one of the tariffs.
    """
    if len({change.tariff_id for change in changes}) < len(changes):
        raise ReplacedTwice("Two texts are to stand in place of one tariff.", advice="Choose one of them.")
    if filters.cycle_id is not None and not BillCycle.objects.filter(id=filters.cycle_id).exists():
        raise UnknownCycle(f"There is no bill cycle {filters.cycle_id}.")
    hashes = [_hash_of(change) for change in changes]
    simulation = Simulation.objects.create(
        name=name.strip()[:NAME_MOST],
        start_date=period.start,
        end_date=period.end,
        cycle_id=filters.cycle_id,
        customer_kind=filters.customer_kind,
        district=filters.district,
        actor_id=actor.id,
    )
    SimulatedVersion.objects.bulk_create(
        SimulatedVersion(
            simulation=simulation,
            tariff_id=change.tariff_id,
            version_id=change.version_id,
            source=change.source,
            sha256=sha256,
        )
        for change, sha256 in zip(changes, hashes, strict=True)
    )
    accounts = _split(simulation, [change.tariff_id for change in changes])
    jobs.start(name=WORK, total=accounts, subject=subject_of(simulation.id), actor=actor)
    audit.record(actor, "open_simulation", "simulation", simulation.id, sha256=hashes)
    jobs.wake(WORK)
    return simulation.id


def _hash_of(change: Change) -> str:
    """Return the hash of what a text says, after looking whether it can be rated by."""
    read = document.parse(text=change.source)
    plan, currency = read.plan, supplier.current().currency
    if plan.missing_prices:
        raise UnusablePrices(
            f"Tariff {plan.code} has no price for {', '.join(plan.missing_prices)}.", advice="Give the prices first."
        )
    if plan.currency != currency:
        raise UnusablePrices(f"Tariff {plan.code} is in {plan.currency}, bills are in {currency}.")
    return read.text_hash


def _split(simulation: Simulation, tariff_ids: list[int]) -> int:
    """Split the accounts into chunks; return how many accounts there are."""
    made = db.execute(
        _SPLIT,
        {
            "simulation": simulation.id,
            "size": AGREEMENTS_IN_CHUNK,
            "tariffs": tariff_ids,
            "start": simulation.start_date,
            "end": simulation.end_date,
            "cycle": simulation.cycle_id,
            "kind": simulation.customer_kind,
            "district": simulation.district,
        },
    )
    if not made:
        raise NothingToSimulate(
            "Nobody here has one of these tariffs in these months.", advice="Choose another tariff, or fewer filters."
        )
    return simulating.accounts_of(simulation_id=simulation.id)[0]


def work(at: datetime) -> None:  # noqa: ARG001 - the signature of all work
    """Do what simulations have left to do, until nothing is left that no other worker has."""
    while any(_go_on(one) for one in _running()):
        pass


def _running() -> list[int]:
    rows = Simulation.objects.filter(state=SimulationState.RUNNING.value)
    return list(rows.order_by("id").values_list("id", flat=True))


def _go_on(simulation_id: int) -> bool:
    """Do the chunks of a simulation that nobody has, then end it if none is left; return whether there was any."""
    did = False
    while simulating.do_chunk(simulation_id=simulation_id):
        did = True
    return finish(simulation_id=simulation_id) or did


@opens_transaction
def finish(*, simulation_id: int) -> bool:
    """
    End a simulation if all its chunks are done, by a plain count; return whether it was ended here.

    One with chunks that failed is failed as a whole: sums of a part would be taken for those of all.
    """
    waiting = SimulationChunk.objects.filter(simulation_id=simulation_id, state=SimulationChunkState.WAITING.value)
    if waiting.exists():
        return False
    running = Simulation.objects.select_for_update().filter(id=simulation_id, state=SimulationState.RUNNING.value)
    simulation = running.first()
    if simulation is None or waiting.exists():
        return False
    failed = SimulationChunk.objects.filter(simulation_id=simulation_id, state=SimulationChunkState.FAILED.value)
    error = failed.order_by("id").values_list("error", flat=True).first()
    if error is None:
        grouping.group(simulation)
        simulation.state = SimulationState.DONE.value
    else:
        simulation.state, simulation.error = SimulationState.FAILED.value, error
    simulation.ended_at = timezone.now()
    simulation.save()
    for job_id in _jobs_of(simulation_id):
        if error is None:
            jobs.finish(job_id)
        else:
            jobs.fail(job_id, error)
    return True


@opens_transaction
def retry(*, simulation_id: int, actor: Actor) -> None:
    """
    Simulate anew the chunks that failed, once the cause is mended; what the others came to stays.

    :raises UnknownSimulation: there is none.
    :raises NotFailed: it has not failed.
    """
    simulation = _locked(simulation_id)
    if simulation.state != SimulationState.FAILED:
        raise NotFailed(f"The simulation {simulation.name} has not failed.")
    chunks = SimulationChunk.objects.filter(simulation_id=simulation_id, state=SimulationChunkState.FAILED.value)
    chunks.update(state=SimulationChunkState.WAITING.value, error="")
    simulation.state, simulation.error, simulation.ended_at = SimulationState.RUNNING.value, "", None
    simulation.save(update_fields=["state", "error", "ended_at"])
    total, _, _ = simulating.accounts_of(simulation_id=simulation_id)
    jobs.start(name=WORK, total=total, subject=subject_of(simulation_id), actor=actor)
    audit.record(actor, "retry_simulation", "simulation", simulation_id)
    jobs.wake(WORK)


@opens_transaction
def delete(*, simulation_id: int, actor: Actor) -> None:
    """
    Delete a simulation with its results, at any time; waits for the chunks that are under way.

    :raises UnknownSimulation: there is none.
    """
    simulation = _locked(simulation_id)
    for statement in _DELETE:
        db.execute(statement, [simulation_id])
    for job_id in _jobs_of(simulation_id):
        jobs.fail(job_id, "deleted")
    audit.record(actor, "delete_simulation", "simulation", simulation_id, name=simulation.name)


def _locked(simulation_id: int) -> Simulation:
    simulation = Simulation.objects.select_for_update().filter(id=simulation_id).first()
    if simulation is None:
        raise UnknownSimulation(f"There is no simulation {simulation_id}.", simulation_id=simulation_id)
    return simulation


def _jobs_of(simulation_id: int) -> list[int]:
    rows = Job.objects.filter(name=WORK, subject=subject_of(simulation_id), state__in=jobs.UNFINISHED)
    return list(rows.values_list("id", flat=True))
