"""Agents that collect for us: payments that they report, within their limit."""

from collections.abc import Mapping
from datetime import date
from typing import Any

from django.utils import timezone

from billing.domain.channels import PaymentChannel, ReturnKind
from billing.operations import consolidated_payments, payments
from billing.operations.payments import BadPayment, ReferenceReused
from billing.queries import consolidated_payments as whole_payments
from billing.queries import moved_payments
from cashiering.domain import agents as domain
from cashiering.domain.agents import BadAgent, DifferenceKind, Verdict
from cashiering.models.agent import Agent, AgentDifference, AgentPayment
from cashiering.operations.suspense import ReasonMissing
from cashiering.queries import payable as payables
from cashiering.queries.agents import NUMBERED, UnknownAgent, UnknownAgentPayment, number_of
from cashiering.queries.payable import Payable
from cis.kernel.actors import Actor
from cis.kernel.errors import Refused
from cis.platform import audit, keys
from cis.platform.db import joins_transaction, opens_transaction

SCOPE = "agent:collect"
NAME_MOST = 100
REASON_MOST = 200
LIMIT_MOST_MINOR = 10**12
CAME_LATE = "its message came after the list"


class CancelTooLate(Refused):
    """The agent cannot cancel this payment any more."""

    code = "agent_cancel_too_late"


@opens_transaction
def register(*, code: str, name: str, client: str, limit_minor: int, actor: Actor) -> int:
    """
    Register an agent; return its id.

    :param client: name of the program that it reports with, whose key has the scope ``agent:collect``.
    :raises BadAgent: code, name or limit are impossible, or the code or the program is another agent's.
    :raises UnknownKey: there is no such program.
    """
    if not domain.CODE.fullmatch(code):
        raise BadAgent("A code has 2 to 12 capital letters or digits.", advice="Choose a short code.", field="code")
    _check(name, limit_minor)
    client_id = keys.id_of(name=client, scope=SCOPE)
    if Agent.objects.filter(code=code).exists() or Agent.objects.filter(client_id=client_id).exists():
        raise BadAgent("Another agent has this code or this program.", advice="Choose another one.", field="code")
    made = Agent.objects.create(code=code, name=name.strip(), client_id=client_id, limit_minor=limit_minor)
    audit.record(actor, "create", "agent", made.id, code=code, limit=limit_minor)
    return made.id


@opens_transaction
def change(*, agent_id: int, name: str, limit_minor: int, is_active: bool, actor: Actor) -> None:
    """
    Change an agent's name, its limit, or whether it may take money. What it holds stays, even above the new limit.

    :raises UnknownAgent: there is none.
    :raises BadAgent: name or limit are impossible.
    """
    agent = lock_step(agent_id=agent_id)
    _check(name, limit_minor)
    agent.name, agent.limit_minor, agent.is_active = name.strip(), limit_minor, is_active
    agent.save(update_fields=["name", "limit_minor", "is_active"])
    audit.record(actor, "change", "agent", agent_id, limit=limit_minor, is_active=is_active)


@opens_transaction
def take(
    *, client_id: int, account_number: str, amount_minor: int, reference: str, today: date, actor: Actor
) -> tuple[int, bool]:
    """
    Book a payment that an agent took; return its id, and False if it was known before.

    :param account_number: as printed; the number on the card of an instalment: it pays the part whose turn it is; or of
        a consolidated bill: it pays the whole.
    :raises UnknownAgent: the program is no agent's, or the agent may take no money.
    :raises UnknownAccount: there is no such account.
    :raises AgentLimit: the agent would hold more than its limit.
    :raises BadPayment: amount or reference are impossible.
    :raises ReferenceReused: the reference is another payment's, or was cancelled.
    """
    agent = _of_client(client_id)
    payable = payables.of_number(account_number)
    if not domain.REFERENCE.fullmatch(reference):
        raise BadPayment("The reference is no name of 1 to 60 letters and digits.", advice="Send another one.")
    known = AgentPayment.objects.filter(agent=agent, reference=reference).select_related(*NUMBERED).first()
    if known is not None:
        if known.cancelled_at or (number_of(known), known.amount_minor) != (payable.number, amount_minor):
            raise ReferenceReused("This reference is already another payment.", advice="Each payment has its own.")
        return known.id, False
    domain.check_limit(held_minor=agent.held_minor, amount_minor=amount_minor, limit_minor=agent.limit_minor)
    listed_date = _came_late(agent, reference=reference, account_number=payable.number, amount_minor=amount_minor)
    made = book_step(
        agent=agent, payable=payable, amount_minor=amount_minor, reference=reference, taken_date=listed_date or today,
        today=today, actor=actor,
    )  # fmt: skip
    return made.id, True


def _came_late(agent: Agent, *, reference: str, account_number: str, amount_minor: int) -> date | None:
    """
    Close the difference of a payment that was on the agent's list before its message came.

    :returns: the day of that list, on which the payer paid; None: it was on none.
    """
    found = AgentDifference.objects.select_related("day").filter(
        day__agent=agent, kind=DifferenceKind.MISSING_HERE.value, reference=reference, decided_at=None,
        their_account_number=account_number, their_minor=amount_minor,
    )  # fmt: skip
    for difference in found.order_by("day__day", "id")[:1]:
        found.update(verdict=Verdict.CAME.value, reason=CAME_LATE, decided_at=timezone.now())
        return difference.day.day
    return None


@opens_transaction
def cancel(*, client_id: int, reference: str, reason: str, today: date, actor: Actor) -> int:
    """
    Cancel a payment that an agent took today: it is taken back. The same again changes nothing.

    :returns: id of the agent's payment.
    :raises UnknownAgent, UnknownAgentPayment: there is none.
    :raises CancelTooLate: it was taken on another day, or its money was handed over.
    :raises ReasonMissing: it is not said why.
    """
    agent = _of_client(client_id)
    rows = AgentPayment.objects.filter(agent=agent, reference=reference)
    known = rows.order_by("-id").first()
    if known is None:
        raise UnknownAgentPayment(f"There is no payment {reference}.")
    if known.cancelled_at is not None:
        return known.id
    if not reason.strip():
        raise ReasonMissing("It must be said why.", advice="Send a reason.", field="reason")
    if known.taken_date != today:
        raise CancelTooLate("It was not taken today.", advice="Ask the supplier to decide.")
    cancel_step(agent=agent, row=known, reason=reason, today=today, actor=actor)
    return known.id


@joins_transaction
def book_step(
    *, agent: Agent, payable: Payable, amount_minor: int, reference: str, taken_date: date, today: date, actor: Actor
) -> AgentPayment:  # fmt: skip
    """Book a payment of an agent that is locked; what it holds grows."""
    earlier = AgentPayment.objects.filter(agent=agent, reference=reference).count()
    given: Mapping[str, Any] = {
        "amount_minor": amount_minor,
        "channel": PaymentChannel.AGENT,
        "reference": f"{agent.code}-{reference}" + (f"-{earlier + 1}" if earlier else ""),
        "received_date": taken_date,
        "today": today,
        "actor": actor,
    }
    if payable.consolidated_bill_id is not None:
        whole = consolidated_payments.book_step(consolidated_bill_id=payable.consolidated_bill_id, **given)
        payment_id = whole.parts[0][0]
    else:
        for_bills = payable.part.share(amount_minor) if payable.part else None
        payment_id = payments.book(account_id=payable.account_id, for_bills=for_bills, **given).payment_id
    made = AgentPayment.objects.create(
        agent=agent, reference=reference, payment_id=payment_id, amount_minor=amount_minor,
        taken_date=taken_date,
    )  # fmt: skip
    agent.held_minor += amount_minor
    agent.save(update_fields=["held_minor"])
    return made


@joins_transaction
def cancel_step(*, agent: Agent, row: AgentPayment, reason: str, today: date, actor: Actor) -> None:
    """
    Take a payment of an agent that is locked back, wherever it stands if it was moved; it holds less.

    :raises CancelTooLate: its money was handed over.
    """
    if agent.held_minor < row.amount_minor:
        raise CancelTooLate("Its money was handed over already.", advice="Pay back instead.")
    given: Mapping[str, Any] = {
        "kind": ReturnKind.CORRECTED, "returned_date": today, "reason": reason, "actor": actor
    }  # fmt: skip
    whole = whole_payments.whole_of(payment_id=row.payment_id)
    if whole is not None:
        consolidated_payments.take_back_step(consolidated_payment_id=whole, **given)
    else:
        payments.take_back_step(payment_id=moved_payments.standing(payment_id=row.payment_id), **given)
    row.cancelled_at, row.reason = timezone.now(), reason.strip()[:REASON_MOST]
    row.save(update_fields=["cancelled_at", "reason"])
    agent.held_minor -= row.amount_minor
    agent.save(update_fields=["held_minor"])


@joins_transaction
def lock_step(*, agent_id: int) -> Agent:
    """
    Return an agent whose money nobody else can move now.

    :raises UnknownAgent: there is none.
    """
    found = Agent.objects.select_for_update().filter(id=agent_id).first()
    if found is None:
        raise UnknownAgent(f"There is no agent {agent_id}.")
    return found


def _of_client(client_id: int) -> Agent:
    found = Agent.objects.select_for_update().filter(client_id=client_id, is_active=True).first()
    if found is None:
        raise UnknownAgent("This program is no agent's that may take money.")
    return found


def _check(name: str, limit_minor: int) -> None:
    if not 0 < len(name.strip()) <= NAME_MOST:
        raise BadAgent("The name is missing or too long.", advice="Write a name.", field="name")
    if not 0 <= limit_minor <= LIMIT_MOST_MINOR:
        raise BadAgent("The limit is impossible.", advice="Enter 0 or more.", field="limit")
