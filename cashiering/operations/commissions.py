"""
What agents get for what they take: agreed within bounds, reckoned for each day that is over, posted, and kept.

A day is reckoned from its receipts that stand. What was posted of it before is made up to that, so a receipt that is
reversed later takes its part back, and the same night twice posts nothing twice. An agent is paid by keeping it of our
money which it holds ([decision 0071](../../docs/decisions/0071-agents-keep-their-commission.md)).
"""

from datetime import date, datetime, timedelta

from django.conf import settings
from django.db.models import Sum

from billing.domain.entries import Entry, TransferKind
from billing.operations import ledger
from cashiering.domain import agents as domain
from cashiering.domain.agents import BadAgent, Terms
from cashiering.models.agent import AgentCommission, AgentTerms, CommissionKept
from cashiering.operations import agents
from cashiering.queries import commissions as queries
from cashiering.queries import till_rules
from cis.kernel.actors import SYSTEM, Actor
from cis.kernel.calendar import local_clock
from cis.kernel.errors import Refused
from cis.kernel.periods import add_months
from cis.platform import audit, jobs
from cis.platform.db import joins_transaction, opens_transaction

WORK = "agent_commissions"
"""Days that are over are reckoned."""
AHEAD_MOST = timedelta(days=366)


class NothingToKeep(Refused):
    """There is no commission that the agent could keep, or it holds nothing of ours."""

    code = "no_commission_to_keep"


@opens_transaction
def agree(*, agent_id: int, terms: Terms, from_date: date, today: date, actor: Actor) -> None:
    """
    Agree what an agent gets from a day on, which is not past; days before keep their terms.

    :raises UnknownAgent: there is none.
    :raises BadAgent: it is more than the pack lets be agreed, or the day is past or too far.
    """
    agents.lock_step(agent_id=agent_id)
    most = till_rules.most_terms(from_date)
    if not (0 <= terms.per_mille_e3 <= most.per_mille_e3):
        raise BadAgent("So much of the money may not be agreed.", advice="Stay in the bounds.", field="per_mille")
    if not (0 <= terms.per_receipt_minor <= most.per_receipt_minor):
        raise BadAgent("So much a receipt may not be agreed.", advice="Stay in the bounds.", field="per_receipt")
    if not today <= from_date <= today + AHEAD_MOST:
        raise BadAgent("Terms begin today or within a year.", advice="Choose another day.", field="from_date")
    AgentTerms.objects.update_or_create(
        agent_id=agent_id,
        from_date=from_date,
        defaults={
            "per_mille_e3": terms.per_mille_e3,
            "per_receipt_minor": terms.per_receipt_minor,
            "actor_id": actor.id,
        },
    )
    audit.record(
        actor, "agree_commission", "agent", agent_id, from_date=str(from_date), per_mille_e3=terms.per_mille_e3,
        per_receipt=terms.per_receipt_minor,
    )  # fmt: skip


def work(at: datetime) -> None:
    """Reckon days that are over, or whose receipts changed; called by the clock."""
    with jobs.alone(WORK) as is_ours:
        if is_ours:
            accrue(today=local_clock(settings.TIME_ZONE).local_date(at))


def accrue(*, today: date) -> int:
    """Reckon all days before today whose receipts changed, agent by agent; return how many days were posted."""
    since = today - timedelta(days=queries.LOOK_BACK_DAYS)
    found = queries.changed(since=since, today=today)
    return sum(_accrue(agent_id, since, today) for agent_id in sorted({agent for agent, *_rest in found}))


@opens_transaction
def _accrue(agent_id: int, since: date, today: date) -> int:
    return accrue_step(agent_id=agent_id, since=since, today=today)


@joins_transaction
def accrue_step(*, agent_id: int, since: date, today: date) -> int:
    """Reckon the changed days of one agent under its lock; return how many were posted."""
    agents.lock_step(agent_id=agent_id)
    cards = queries.terms_of(agent_ids=[agent_id]).get(agent_id, ())
    made = []
    for _agent, day, receipts, taken in queries.changed(since=since, today=today, agent_id=agent_id):
        terms = queries.terms_on(cards, day=day)
        if terms is None:
            continue
        known = AgentCommission.objects.filter(agent_id=agent_id, day=day).aggregate(
            receipts=Sum("receipts"), taken=Sum("taken_minor"), amount=Sum("amount_minor")
        )
        amount = domain.commission_minor(amount_minor=taken, receipts=receipts, terms=terms)
        is_first = known["receipts"] is None
        made.append(
            AgentCommission.objects.create(
                agent_id=agent_id,
                day=day,
                receipts=receipts - (known["receipts"] or 0),
                taken_minor=taken - (known["taken"] or 0),
                amount_minor=amount - (known["amount"] or 0),
                posted_date=day if is_first else today,
            )
        )
    entries = [_entry(row) for row in made if row.amount_minor]
    if entries:
        ledger.post(kind=TransferKind.TILL, entries=entries, actor=SYSTEM)
    return len(made)


def _entry(row: AgentCommission) -> Entry:
    debit, credit = domain.COMMISSION, domain.OWED_TO_AGENTS
    if row.amount_minor < 0:
        debit, credit = credit, debit
    return Entry(
        source_id=row.id, part="agent_commission", debit=debit, credit=credit, account_id=None,
        amount_minor=abs(row.amount_minor), occurred_date=row.posted_date, reason=f"{row.day}",
    )  # fmt: skip


@opens_transaction
def keep(*, agent_id: int, month: date, today: date, actor: Actor) -> int:
    """
    Let an agent keep its commission until the end of a month, which is over, of our money that it holds.

    :returns: how much: at most what it holds; the rest stays owed, and is kept with the next month. [minor unit]
    :raises UnknownAgent: there is none.
    :raises NothingToKeep: nothing is owed, it holds nothing, the month is not over, or was settled.
    """
    agent = agents.lock_step(agent_id=agent_id)
    end = add_months(month, 1)
    since = today - timedelta(days=queries.LOOK_BACK_DAYS)
    accrue_step(agent_id=agent_id, since=since, today=today)
    owed = queries.owed_minor(agent_id=agent_id, until=today)
    until = queries.owed_minor(agent_id=agent_id, until=end - timedelta(days=1))
    # What was taken back since is not kept, though it was earned in the month.
    amount = min(owed, until, agent.held_minor)
    if month.day != 1 or end > today or amount <= 0 or agent.kept.filter(month__gte=month).exists():
        raise NothingToKeep(
            "There is no commission to be kept for this month.",
            advice="The month must be over and not settled, and the agent must hold money of ours.",
        )
    row = CommissionKept.objects.create(
        agent=agent, month=month, amount_minor=amount, kept_date=today, actor_id=actor.id
    )  # fmt: skip
    entry = Entry(
        source_id=row.id, part="commission_kept", debit=domain.OWED_TO_AGENTS, credit=domain.HELD, account_id=None,
        amount_minor=amount, occurred_date=today, reason=f"{agent.code} {month:%Y-%m}",
    )  # fmt: skip
    ledger.post(kind=TransferKind.TILL, entries=[entry], actor=actor)
    agent.held_minor -= amount
    agent.save(update_fields=["held_minor"])
    audit.record(actor, "keep_commission", "agent", agent_id, month=str(month), amount=amount)
    return amount
