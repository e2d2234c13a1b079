"""The monthly statement of an agent's commission as PDF, in both languages."""

from datetime import date

from accounts.queries import supplier
from cashiering.queries import agents, commissions
from cashiering.queries.agents import UnknownAgentDay
from cis.platform import rendering

STATEMENT = "documents/agent_statement.html"
STYLE = "documents/till_report.css"


def statement(*, agent_id: int, month: date) -> bytes:
    """
    Return the statement of a month: its days, what was changed of earlier ones, and what is owed.

    :raises UnknownAgent: there is none.
    :raises UnknownAgentDay: no commission was posted in the month.
    """
    card = agents.one(agent_id=agent_id)
    found = commissions.statement(agent_id=agent_id, month=month)
    if found is None:
        raise UnknownAgentDay(f"There is no commission of {month:%Y-%m}.")
    context = {
        "card": card,
        "statement": found,
        "month": found.month,
        "terms": reversed(commissions.terms_of(agent_ids=[agent_id]).get(agent_id, ())),
        "supplier": supplier.current(),
    }
    return rendering.pdf(template=STATEMENT, css=STYLE, context=context)
