"""Agents: what they hold, what they took, what they handed over, and where their lists differ from ours."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.db.models import Count, F, Q, QuerySet

from cashiering.domain.agents import hand_over_name
from cashiering.models.agent import Agent, AgentDay, AgentDifference, AgentPayment, HandOver
from cis.kernel.errors import Refused


class UnknownAgent(Refused):
    """There is no such agent."""

    code = "unknown_agent"


class UnknownAgentPayment(Refused):
    """The agent has taken no such payment."""

    code = "unknown_agent_payment"


class UnknownDifference(Refused):
    """There is no such difference, or it is decided."""

    code = "unknown_difference"


class UnknownAgentDay(Refused):
    """The agent has given no list of this day."""

    code = "unknown_agent_day"


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentCard:
    """
    An agent. [minor unit]

    transfer_name  what it writes into transfers of our money
    open           differences of its lists on which nobody decided
    """

    id: int
    code: str
    name: str
    client_id: int
    limit_minor: int
    held_minor: int
    is_active: bool
    transfer_name: str
    open: int

    @property
    def left_minor(self) -> int:
        """Return what it may still take before it hands over. [minor unit]"""
        return max(0, self.limit_minor - self.held_minor)


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentPaymentCard:
    """A payment that an agent took; ``account_number``: or of the consolidated bill that it is for. [minor unit]"""

    id: int
    reference: str
    payment_id: int
    account_id: int
    account_number: str
    amount_minor: int
    taken_date: date
    taken_at: datetime
    is_cancelled: bool
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class HandOverCard:
    """Money that was handed over; ``line_id`` None: in cash at a till. [minor unit]"""

    id: int
    amount_minor: int
    commission_minor: int
    handed_date: date
    line_id: int | None
    session_id: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class DayCard:
    """An agent's list of a day; ``open`` of its ``differences`` wait for a person. [minor unit]"""

    id: int
    agent_id: int
    agent_code: str
    day: date
    line_count: int
    total_minor: int
    taken_at: datetime
    document_id: int
    differences: int
    open: int


@dataclass(frozen=True, slots=True, kw_only=True)
class DifferenceCard:
    """Where the lists differ; amounts None: not on that list; ``verdict`` "": nobody decided. [minor unit]"""

    id: int
    day_id: int
    kind: str
    reference: str
    our_account_number: str
    our_minor: int | None
    their_account_number: str
    their_minor: int | None
    verdict: str
    reason: str
    actor_id: int | None


NUMBERED = ("payment__account", "payment__consolidated_part__consolidated_payment__consolidated_bill")
"""What ``number_of`` needs of a payment of an agent."""


def number_of(row: AgentPayment) -> str:
    """Return the number that a payment was taken for: of its consolidated bill, else of its account."""
    part = getattr(row.payment, "consolidated_part", None)
    return str(part.consolidated_payment.consolidated_bill.number if part else row.payment.account.number)


@dataclass(frozen=True, slots=True)
class WantedAgents:
    """
    Which agents.

    text   in the code or in the name
    state  "": all; "active": take money; "ended": take none; "differences": a difference is open; "full": may take no
           more before they hand over
    """

    text: str = ""
    state: str = ""


_OF_STATE: Mapping[str, Q] = {
    "": Q(),
    "active": Q(is_active=True),
    "ended": Q(is_active=False),
    "differences": Q(open__gt=0),
    "full": Q(is_active=True, held_minor__gte=F("limit_minor")),
}


def listed(*, wanted: WantedAgents, offset: int = 0, most: int) -> tuple[AgentCard, ...]:
    """Return agents by their codes; one statement."""
    rows = _annotated().filter(_OF_STATE[wanted.state])
    if wanted.text.strip():
        rows = rows.filter(Q(code__icontains=wanted.text.strip()) | Q(name__icontains=wanted.text.strip()))
    return _agents(rows.order_by("code")[offset : offset + most])


def one(*, agent_id: int) -> AgentCard:
    """
    Return an agent; one statement.

    :raises UnknownAgent: there is none.
    """
    found = _agents(_annotated().filter(id=agent_id))
    if not found:
        raise UnknownAgent(f"There is no agent {agent_id}.")
    return found[0]


def of_client(*, client_id: int) -> AgentCard:
    """
    Return the agent that a program reports for; one statement.

    :raises UnknownAgent: it is no agent's.
    """
    found = _agents(_annotated().filter(client_id=client_id))
    if not found:
        raise UnknownAgent("This program is no agent's.")
    return found[0]


def payment(*, agent_id: int, reference: str) -> AgentPaymentCard:
    """
    Return a payment of an agent by its own reference, the latest of that name; one statement.

    :raises UnknownAgentPayment: there is none.
    """
    found = payments(agent_id=agent_id, reference=reference, most=1)
    if not found:
        raise UnknownAgentPayment("There is no payment of this reference.")
    return found[0]


def payments(
    *, agent_id: int, day: date | None = None, reference: str = "", offset: int = 0, most: int
) -> tuple[AgentPaymentCard, ...]:
    """Return payments of an agent, the latest first; one statement."""
    rows = AgentPayment.objects.filter(agent_id=agent_id).select_related(*NUMBERED)
    if day:
        rows = rows.filter(taken_date=day)
    if reference:
        rows = rows.filter(reference=reference)
    names = ("id", "reference", "payment_id", "amount_minor", "taken_date", "taken_at", "reason")
    return tuple(
        AgentPaymentCard(
            account_id=row.payment.account_id, account_number=number_of(row),
            is_cancelled=row.cancelled_at is not None, **{name: getattr(row, name) for name in names},
        )
        for row in rows.order_by("-id")[offset : offset + most]
    )  # fmt: skip


def hand_overs(*, agent_id: int, most: int) -> tuple[HandOverCard, ...]:
    """Return what an agent handed over, the latest first; one statement."""
    rows = HandOver.objects.filter(agent_id=agent_id).select_related("movement").order_by("-id")[:most]
    names = ("id", "amount_minor", "commission_minor", "handed_date", "line_id")
    return tuple(
        HandOverCard(
            session_id=row.movement.session_id if row.movement else None, **{name: getattr(row, name) for name in names}
        )
        for row in rows
    )


def days(*, agent_id: int, most: int) -> tuple[DayCard, ...]:
    """Return the lists of an agent, the latest day first; one statement."""
    return _days(AgentDay.objects.filter(agent_id=agent_id).order_by("-day"), most)


def day(*, day_id: int) -> DayCard:
    """
    Return an agent's list of a day; one statement.

    :raises UnknownAgentDay: there is none.
    """
    found = _days(AgentDay.objects.filter(id=day_id), 1)
    if not found:
        raise UnknownAgentDay(f"There is no list {day_id}.")
    return found[0]


def day_of(*, agent_id: int, on: date) -> DayCard:
    """
    Return an agent's list of a day; one statement.

    :raises UnknownAgentDay: it has given none.
    """
    found = _days(AgentDay.objects.filter(agent_id=agent_id, day=on), 1)
    if not found:
        raise UnknownAgentDay(f"There is no list of {on}.")
    return found[0]


def differences(*, day_id: int) -> tuple[DifferenceCard, ...]:
    """Return where a list differs from ours, by reference; one statement."""
    names = ("id", "day_id", "kind", "reference", "our_account_number", "our_minor", "their_account_number",
             "their_minor", "verdict", "reason", "actor_id")  # fmt: skip
    return tuple(
        DifferenceCard(**{name: getattr(row, name) for name in names})
        for row in AgentDifference.objects.filter(day_id=day_id).order_by("reference")
    )


def _annotated() -> QuerySet[Agent, Any]:
    return Agent.objects.annotate(open=Count("days__differences", filter=Q(days__differences__decided_at__isnull=True)))


def _agents(rows: QuerySet[Agent, Any]) -> tuple[AgentCard, ...]:
    names = ("id", "code", "name", "client_id", "limit_minor", "held_minor", "is_active", "open")
    return tuple(
        AgentCard(transfer_name=hand_over_name(row.code), **{name: getattr(row, name) for name in names})
        for row in rows
    )


def _days(rows: QuerySet[AgentDay], most: int) -> tuple[DayCard, ...]:
    found: Any = rows.select_related("agent").annotate(
        all=Count("differences"), open=Count("differences", filter=Q(differences__decided_at__isnull=True))
    )[:most]
    names = ("id", "agent_id", "day", "line_count", "total_minor", "taken_at", "document_id", "open")
    return tuple(
        DayCard(agent_code=row.agent.code, differences=row.all, **{name: getattr(row, name) for name in names})
        for row in found
    )
