"""Who applies: which kept customer it could be, and how far an agent or a browser may go."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from accounts.queries import customers
from contracts.domain import applications as rules
from contracts.domain.applications import AgentScope
from contracts.models.application import ServiceApplication


@dataclass(frozen=True, slots=True)
class Candidate:
    """A customer with the applicant's number; ``agrees``: of the same name too."""

    id: int
    name: str
    agrees: bool


def with_number(id_number: str) -> tuple[int, ...]:
    """Return the customers with an applicant's number, oldest first; one statement."""
    return customers.with_id_number(id_number)


def candidates(*, customer_ids: Sequence[int], name: str) -> tuple[Candidate, ...]:
    """Return the customers who could be an applicant, of those with the number (``with_number``)."""
    cards = [customers.card(customer_id=key) for key in customer_ids]
    return tuple(Candidate(card.id, card.name, rules.is_same_name(one=card.name, other=name)) for card in cards)


def of_application(*, application_id: int) -> tuple[Candidate, ...]:
    """Return who could be the applicant of an application for which nobody has said it yet."""
    row = ServiceApplication.objects.filter(id=application_id, customer=None).first()
    return candidates(customer_ids=with_number(row.id_number), name=row.name) if row else ()


def kept_customer_since(*, application_id: int) -> datetime | None:
    """Return since when an application is known to be of a customer who was kept before; None: it is not."""
    rows = ServiceApplication.objects.filter(id=application_id)
    return rows.values_list("kept_customer_since", flat=True).first()


def agent_may_sign(*, application_id: int) -> bool:
    """Return whether who has the link may decide and sign: no agent is named, or one who may; one statement."""
    rows = ServiceApplication.objects.filter(id=application_id).exclude(agent_name="")
    return not rows.exclude(agent_scope=AgentScope.SIGN).exists()
