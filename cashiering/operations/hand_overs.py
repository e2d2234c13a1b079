"""Money that agents hand over: cash at a till, or by the bank. It clears their limit."""

import re
from collections.abc import Sequence
from datetime import date

from django.utils import timezone

from billing.domain.entries import Entry, TransferKind
from billing.operations import ledger
from cashiering.domain import agents as domain
from cashiering.domain import bank_lines
from cashiering.domain.agents import BadAgent
from cashiering.domain.bank_lines import LineState
from cashiering.domain.tills import CashMove
from cashiering.models.agent import Agent, HandOver
from cashiering.models.bank import LineDecision, StatementLine
from cashiering.models.till import CashMovement
from cashiering.operations import agents, tills
from cashiering.operations.suspense import NotInSuspense
from cashiering.queries.bank import UnknownLine
from cis.kernel.actors import SYSTEM, Actor
from cis.platform import audit
from cis.platform.db import joins_transaction, opens_transaction

NAME = re.compile(rf"(?<![0-9A-Za-z]){domain.HAND_OVER_PREFIX}-([0-9A-Z]{{2,12}})(?![0-9A-Za-z])")
HANDED = "hand_over"


@opens_transaction
def at_till(*, agent_id: int, session_id: int, amount_minor: int, form: str, today: date, actor: Actor) -> int:
    """
    Take cash of an agent at an open till; return the id of the hand-over.

    :param form: name of the form that it was sent with: the same form twice is the same hand-over.
    :raises UnknownAgent, UnknownSession: there is none.
    :raises TillClosed: the till takes no money of this person.
    :raises BadAgent: the agent does not hold so much.
    """
    session = tills.lock_step(session_id=session_id)
    agent = agents.lock_step(agent_id=agent_id)
    known = HandOver.objects.filter(movement__form=form).first()
    if known is not None:
        return known.id
    _check_holds(agent, amount_minor)
    movement = tills.move_step(
        session=session, kind=CashMove.FROM_AGENT, amount_minor=amount_minor, reason=f"{agent.code} {agent.name}",
        form=form, today=today, actor=actor,
    )  # fmt: skip
    return _hand_over(agent, amount_minor, today, actor, movement=movement).id


@opens_transaction
def by_bank(*, agent_id: int, line_id: int, today: date, actor: Actor) -> int:
    """
    Say that a line in suspense is money that an agent handed over; return the id of the hand-over.

    :raises UnknownAgent, UnknownLine: there is none.
    :raises NotInSuspense: the line is money that went out, or something of it was assigned already.
    :raises BadAgent: the agent does not hold so much.
    """
    line = StatementLine.objects.select_for_update().filter(id=line_id).first()
    if line is None:
        raise UnknownLine(f"There is no line {line_id}.")
    if line.state != LineState.SUSPENSE or not line.is_credit or line.suspense_minor != line.amount_minor:
        raise NotInSuspense("The money of this line is not in suspense.", advice="Look at what became of it.")
    agent = agents.lock_step(agent_id=agent_id)
    _check_holds(agent, line.amount_minor)
    made = _hand_over(agent, line.amount_minor, line.booking_date, actor, line=line)
    _post(made, "handed", bank_lines.SUSPENSE, domain.HELD, made.amount_minor, actor)
    LineDecision.objects.create(
        line=line, kind=HANDED, amount_minor=line.amount_minor, reason=f"{agent.code} {agent.name}"[:200],
        actor_id=actor.id, decided_at=timezone.now(),
    )  # fmt: skip
    line.suspense_minor, line.state = 0, LineState.SETTLED.value
    line.save(update_fields=["suspense_minor", "state"])
    audit.record(actor, "hand_over", "statement_line", line_id, agent=agent.code, today=str(today))
    return made.id


@joins_transaction
def arrive_step(*, lines: Sequence[StatementLine]) -> set[int]:
    """
    Post money of agents whose names lines of a statement carry, up to what they hold.

    :returns: the lines that are settled by it.
    """
    named = {line.id: set(NAME.findall(f"{line.remittance} {line.end_to_end_id}")) for line in lines}
    wanted = sorted({code for codes in named.values() for code in codes})
    if not wanted:
        return set()
    found = {row.code: row for row in Agent.objects.select_for_update().filter(code__in=wanted).order_by("id")}
    done = set()
    for line in lines:
        known = [found[code] for code in sorted(named[line.id]) if code in found]
        if len(known) == 1 and line.amount_minor <= known[0].held_minor:
            made = _hand_over(known[0], line.amount_minor, line.booking_date, SYSTEM, line=line)
            _post(made, "handed", bank_lines.CASH, domain.HELD, made.amount_minor, SYSTEM)
            done.add(line.id)
    return done


@joins_transaction
def _hand_over(
    agent: Agent,
    amount_minor: int,
    on: date,
    actor: Actor,
    *,
    movement: CashMovement | None = None,
    line: StatementLine | None = None,
) -> HandOver:
    made = HandOver.objects.create(
        agent=agent, movement=movement, line=line, amount_minor=amount_minor, handed_date=on, actor_id=actor.id
    )
    agent.held_minor -= amount_minor
    agent.save(update_fields=["held_minor"])
    audit.record(actor, "hand_over", "agent", agent.id, amount=amount_minor)
    return made


def _post(made: HandOver, part: str, debit: str, credit: str, amount_minor: int, actor: Actor) -> None:
    entry = Entry(
        source_id=made.id, part=part, debit=debit, credit=credit, account_id=None, amount_minor=amount_minor,
        occurred_date=made.handed_date,
    )  # fmt: skip
    ledger.post(kind=TransferKind.TILL, entries=[entry], actor=actor)


def _check_holds(agent: Agent, amount_minor: int) -> None:
    if not 0 < amount_minor <= agent.held_minor:
        raise BadAgent("The agent does not hold so much.", advice="Enter what was handed over.", field="amount")
