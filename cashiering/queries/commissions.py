"""What agents get for what they take: their terms, their days, and their months."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date

from django.db.models import Sum

from cashiering.domain.agents import Terms
from cashiering.models.agent import AgentCommission, AgentTerms
from cis.kernel.periods import add_months
from cis.platform.db import fetch

LOOK_BACK_DAYS = 400


@dataclass(frozen=True, slots=True)
class TermsCard:
    """Terms from a day on."""

    from_date: date
    terms: Terms
    actor_id: int | None


@dataclass(frozen=True, slots=True)
class Day:
    """What an agent took on a day and gets for it, without what was reversed. [minor unit]"""

    day: date
    receipts: int
    taken_minor: int
    amount_minor: int


@dataclass(frozen=True, slots=True)
class Month:
    """
    Commission of a month. [minor unit]

    before_minor  owed from months before
    kept_minor    what the agent kept of our money to settle it
    """

    month: date
    receipts: int
    taken_minor: int
    earned_minor: int
    before_minor: int
    kept_minor: int

    @property
    def owed_minor(self) -> int:
        """What is owed after it; below 0: the agent owes it, as receipts were reversed that were settled."""
        return self.before_minor + self.earned_minor - self.kept_minor


@dataclass(frozen=True, slots=True)
class Statement:
    """The statement of a month: its sums, its days, and what days of earlier months were changed by in it."""

    month: Month
    days: tuple[Day, ...]
    changes: tuple[Day, ...]


# What was taken, against what commission was posted for; those that differ. An account's payment may go back by another
# door than the agent's own. One that was moved to another account stands, as long as what it was booked anew as does.
_CHANGED = """
    WITH RECURSIVE moves AS (
        SELECT payment_id AS from_id, moved_payment_id AS to_id FROM billing_moneymove
        WHERE payment_id IS NOT NULL AND moved_payment_id IS NOT NULL
        UNION ALL
        SELECT moved_payment_id, back_payment_id FROM billing_moneymove WHERE back_payment_id IS NOT NULL
    ), anew AS (
        SELECT from_id, to_id FROM moves
        UNION
        SELECT a.from_id, m.to_id FROM anew a JOIN moves m ON m.from_id = a.to_id
    )
    SELECT x.agent_id, x.day, sum(x.receipts)::int, sum(x.taken)::bigint
    FROM (
        SELECT p.agent_id, p.taken_date AS day, 1 AS receipts, p.amount_minor AS taken, 0 AS known, 0 AS known_taken
        FROM cashiering_agentpayment p
        WHERE p.taken_date >= %(since)s AND p.taken_date < %(today)s AND p.cancelled_at IS NULL
          AND NOT EXISTS (SELECT 1 FROM billing_paymentreturn r
                          WHERE r.payment_id = p.payment_id AND r.kind <> 'moved')
          AND NOT EXISTS (SELECT 1 FROM anew a JOIN billing_paymentreturn r ON r.payment_id = a.to_id
                          WHERE a.from_id = p.payment_id AND r.kind <> 'moved')
        UNION ALL
        SELECT c.agent_id, c.day, 0, 0, c.receipts, c.taken_minor FROM cashiering_agentcommission c
        WHERE c.day >= %(since)s AND c.day < %(today)s
    ) x
    WHERE %(agent)s::bigint IS NULL OR x.agent_id = %(agent)s
    GROUP BY x.agent_id, x.day
    HAVING sum(x.receipts) <> sum(x.known) OR sum(x.taken) <> sum(x.known_taken)
    ORDER BY x.agent_id, x.day
"""
_MONTHS = """
    SELECT m.month, coalesce(sum(c.receipts), 0)::int, coalesce(sum(c.taken_minor), 0)::bigint,
           coalesce(sum(c.amount_minor), 0)::bigint,
           (SELECT coalesce(sum(b.amount_minor), 0) FROM cashiering_agentcommission b
            WHERE b.agent_id = %(agent)s AND b.posted_date < m.month)::bigint
           + (SELECT coalesce(sum(h.commission_minor), 0) FROM cashiering_handover h
              WHERE h.agent_id = %(agent)s)::bigint
           - (SELECT coalesce(sum(k.amount_minor), 0) FROM cashiering_commissionkept k
              WHERE k.agent_id = %(agent)s AND k.month < m.month)::bigint,
           (SELECT coalesce(sum(k.amount_minor), 0) FROM cashiering_commissionkept k
            WHERE k.agent_id = %(agent)s AND k.month = m.month)::bigint
    FROM (SELECT DISTINCT date_trunc('month', posted_date)::date AS month FROM cashiering_agentcommission
          WHERE agent_id = %(agent)s) m
    JOIN cashiering_agentcommission c ON c.agent_id = %(agent)s AND c.posted_date >= m.month
                                     AND c.posted_date < m.month + interval '1 month'
    WHERE %(month)s::date IS NULL OR m.month = %(month)s
    GROUP BY m.month ORDER BY m.month DESC LIMIT %(most)s
"""


_OWED = """
    SELECT (SELECT coalesce(sum(amount_minor), 0) FROM cashiering_agentcommission
            WHERE agent_id = %(agent)s AND posted_date <= %(until)s)
         + (SELECT coalesce(sum(commission_minor), 0) FROM cashiering_handover WHERE agent_id = %(agent)s)
         - (SELECT coalesce(sum(amount_minor), 0) FROM cashiering_commissionkept WHERE agent_id = %(agent)s)
"""


def changed(*, since: date, today: date, agent_id: int | None = None) -> list[tuple[int, date, int, int]]:
    """
    Return the days before today whose receipts are others than commission was posted for; one statement.

    :returns: agent, day, receipts that stand, and their sum [minor unit].
    """
    return fetch(_CHANGED, {"since": since, "today": today, "agent": agent_id})


def terms_of(*, agent_ids: Collection[int]) -> dict[int, tuple[TermsCard, ...]]:
    """Return the terms of agents, the latest first; one statement."""
    found: dict[int, tuple[TermsCard, ...]] = {}
    for row in AgentTerms.objects.filter(agent_id__in=list(agent_ids)).order_by("-from_date"):
        card = TermsCard(row.from_date, Terms(row.per_mille_e3, row.per_receipt_minor), row.actor_id)
        found[row.agent_id] = (*found.get(row.agent_id, ()), card)
    return found


def terms_on(cards: Collection[TermsCard], *, day: date) -> Terms | None:
    """Return the terms of a day; None: nothing was agreed."""
    return next((card.terms for card in cards if card.from_date <= day), None)


def days(*, agent_id: int, most: int) -> tuple[Day, ...]:
    """Return the days of an agent with what it gets for each, the latest first; one statement."""
    rows = AgentCommission.objects.filter(agent_id=agent_id).values("day")
    return _days(rows.order_by("-day").values_list("day", *_SUMS)[:most])


def of_day(*, agent_id: int, day: date) -> int:
    """Return what an agent gets for a day, 0 before the day is over; one statement. [minor unit]"""
    rows = AgentCommission.objects.filter(agent_id=agent_id, day=day)
    return int(rows.aggregate(sum=Sum("amount_minor"))["sum"] or 0)


def months(*, agent_id: int, most: int = 12, month: date | None = None) -> tuple[Month, ...]:
    """Return the months in which commission of an agent was posted, the latest first; one statement."""
    return tuple(Month(*row) for row in fetch(_MONTHS, {"agent": agent_id, "month": month, "most": most}))


def owed_minor(*, agent_id: int, until: date) -> int:
    """Return the commission that was posted until a day, included, and not kept; one statement. [minor unit]"""
    ((owed,),) = fetch(_OWED, {"agent": agent_id, "until": until})
    return int(owed)


def statement(*, agent_id: int, month: date) -> Statement | None:
    """Return the statement of a month; None: no commission was posted in it. Three statements."""
    found = months(agent_id=agent_id, month=month)
    if not found:
        return None
    rows = AgentCommission.objects.filter(
        agent_id=agent_id, posted_date__gte=month, posted_date__lt=add_months(month, 1)
    ).values("day")
    own = rows.filter(day__gte=month).order_by("day").values_list("day", *_SUMS)
    changes = rows.filter(day__lt=month).order_by("day").values_list("day", *_SUMS)
    return Statement(found[0], _days(own), _days(changes))


_SUMS = (Sum("receipts"), Sum("taken_minor"), Sum("amount_minor"))


def _days(rows: Collection[tuple[date, int, int, int]]) -> tuple[Day, ...]:
    return tuple(Day(*row) for row in rows)
