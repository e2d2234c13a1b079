"""One application as other programs are told of it: few statements, since it answers each filing."""

from dataclasses import dataclass
from datetime import datetime

from accounts.domain.identity import CustomerKind
from cis.platform.db import fetch
from contracts.domain.application_workflow import ApplicationState, StandardClass, WaitsFor
from contracts.domain.applications import PaperKind
from contracts.queries import application_rules
from contracts.queries.applications import ApplicationSummary, UnknownApplication


@dataclass(frozen=True, slots=True)
class Item:
    """One supply; ``service_point``: the external id, None before the survey."""

    seq: int
    unit: str
    use_class: str
    voltage: str
    capacity_w: int
    service_point: str | None
    metered_at: datetime | None
    energized_at: datetime | None


@dataclass(frozen=True, slots=True)
class Move:
    """One move of the history."""

    at: datetime
    action: str
    after: str
    by: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ApplicationTold:
    """What other programs are told; clocks and work orders are asked for apart."""

    row: ApplicationSummary
    account_number: str | None
    missing: tuple[PaperKind, ...]
    items: tuple[Item, ...]
    moves: tuple[Move, ...]


def one(*, application_id: int, at: datetime) -> ApplicationTold:
    """
    Return one application with its supplies and its history; three statements.

    :raises UnknownApplication: there is none.
    """
    found = fetch(_ONE, [application_id])
    if not found:
        raise UnknownApplication(f"There is no application {application_id}.")
    (
        number, kind, channel, state, state_since, waits_for, suspended_at, standard_class, name, address, applied_at,
        applicant_kind, agent_name, account_number, papers,
    ) = found[0]  # fmt: skip
    items = tuple(Item(*row) for row in fetch(_ITEMS, [application_id]))
    missing = application_rules.missing_papers(
        kind=CustomerKind(applicant_kind), has_agent=bool(agent_name), given=papers, at=at
    )
    row = ApplicationSummary(
        id=application_id, number=number, kind=kind, channel=channel, state=ApplicationState(state),
        state_since=state_since, waits_for=WaitsFor(waits_for), is_suspended=suspended_at is not None,
        standard_class=StandardClass(standard_class), name=name, address=address, applied_at=applied_at,
        item_count=len(items), capacity_w=sum(item.capacity_w for item in items),
    )  # fmt: skip
    moves = tuple(Move(*row) for row in fetch(_MOVES, [application_id]))
    return ApplicationTold(row=row, account_number=account_number, missing=missing, items=items, moves=moves)


_ONE = """
    SELECT a.number, a.kind, a.channel, a.state, a.state_since, a.waits_for, a.suspended_at, a.standard_class, a.name,
        a.address, a.applied_at, a.applicant_kind, a.agent_name, held.number,
        ARRAY(SELECT kind FROM contracts_applicationpaper WHERE application_id = a.id ORDER BY id)
    FROM contracts_serviceapplication a LEFT JOIN accounts_account held ON held.id = a.account_id WHERE a.id = %s
"""
_ITEMS = """
    SELECT i.seq, i.unit, i.use_class, i.voltage, i.capacity_w, p.external_id, i.metered_at, i.energized_at
    FROM contracts_applicationitem i LEFT JOIN metering_servicepoint p ON p.id = i.service_point_id
    WHERE i.application_id = %s ORDER BY i.seq
"""
_MOVES = """
    SELECT at, action, after, actor_name, reason FROM contracts_applicationmove WHERE application_id = %s ORDER BY id
"""
