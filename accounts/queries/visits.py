"""Follow-up visits, for pages: the list, and one with what its customer answered."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from accounts.models.care import FollowUpVisit
from cis.kernel.errors import Refused
from cis.kernel.text import like
from cis.platform.db import fetch


class UnknownVisit(Refused):
    """There is no such visit."""

    code = "unknown_visit"


@dataclass(frozen=True, slots=True, kw_only=True)
class VisitCard:
    """A visit; ``phone`` and ``is_late`` are those of today."""

    id: int
    customer_id: int
    name: str
    phone: str
    account_id: int
    account_number: str
    plan: str
    reason: str
    way: str
    state: str
    segment: str
    start_date: date
    due_date: date
    place_id: int | None
    work_order_id: int | None
    assignee_id: int | None
    assignee_name: str
    tries: int
    outcome: str
    note: str
    next_step: str
    follows_id: int | None
    next_id: int | None
    done_date: date | None
    survey_asked_at: datetime | None
    score: int | None
    score_text: str
    is_late: bool


@dataclass(frozen=True, slots=True)
class WantedVisits:
    """
    Which visits.

    text   part of the customer's name, or the number of an account
    state  "": open ones that may be made; "late", "coming", "done", "dropped", "all"
    """

    text: str = ""
    state: str = ""
    way: str = ""
    plan: str = ""
    assignee_id: int | None = None
    customer_id: int | None = None


_CARD = """
    SELECT v.id, v.customer_id, c.name,
           coalesce((SELECT p.value FROM accounts_contactpoint p
                     WHERE p.customer_id = c.id AND p.is_preferred AND p.kind IN ('mobile', 'phone')
                     ORDER BY p.kind LIMIT 1), ''),
           v.account_id, a.number, v.plan, v.reason, v.way, v.state, v.segment, v.start_date, v.due_date, v.place_id,
           v.work_order_id, v.assignee_id, v.assignee_name, v.tries, v.outcome, v.note, v.next_step, v.follows_id,
           (SELECT max(n.id) FROM accounts_followupvisit n WHERE n.follows_id = v.id), v.done_date,
           q.asked_at, q.score, coalesce(q.text, ''), v.state = 'open' AND v.due_date < %(today)s
    FROM accounts_followupvisit v
    JOIN accounts_customer c ON c.id = v.customer_id
    JOIN accounts_account a ON a.id = v.account_id
    LEFT JOIN accounts_survey q ON q.visit_id = v.id
    WHERE (%(ids)s::bigint[] IS NULL OR v.id = ANY(%(ids)s))
      AND (%(customer)s::bigint IS NULL OR v.customer_id = %(customer)s)
      AND (%(assignee)s::bigint IS NULL OR v.assignee_id = %(assignee)s)
      AND (%(text)s = '' OR c.name ILIKE %(like)s OR a.number = %(text)s)
      AND (%(way)s = '' OR v.way = %(way)s) AND (%(plan)s = '' OR v.plan = %(plan)s)
      AND CASE %(state)s WHEN 'all' THEN true
               WHEN '' THEN v.state = 'open' AND v.start_date <= %(today)s
               WHEN 'late' THEN v.state = 'open' AND v.due_date < %(today)s
               WHEN 'coming' THEN v.state = 'open' AND v.start_date > %(today)s
               ELSE v.state = %(state)s END
    ORDER BY CASE WHEN v.state = 'open' THEN v.due_date END, v.id DESC LIMIT %(most)s OFFSET %(offset)s
"""


def listed(*, wanted: WantedVisits, today: date, offset: int = 0, most: int = 50) -> tuple[VisitCard, ...]:
    """Return visits, open ones first, what is due first on top; one statement."""
    return _cards(wanted, today, offset=offset, most=most)


def one(*, visit_id: int, today: date) -> VisitCard:
    """
    Return a visit; one statement.

    :raises UnknownVisit: there is none.
    """
    found = _cards(WantedVisits(state="all"), today, visit_ids=[visit_id])
    if not found:
        raise UnknownVisit(f"There is no visit {visit_id}.", visit_id=visit_id)
    return found[0]


def by_ids(*, visit_ids: Sequence[int], today: date) -> dict[int, VisitCard]:
    """Return visits by id; one statement."""
    found = _cards(WantedVisits(state="all"), today, visit_ids=visit_ids, most=len(visit_ids))
    return {card.id: card for card in found}


def names_of(*, visit_ids: Sequence[int]) -> dict[int, tuple[str, str]]:
    """Return plan and customer's name of visits, by id; one statement."""
    rows = FollowUpVisit.objects.filter(id__in=list(visit_ids)).values_list("id", "plan", "customer__name")
    return {row_id: (plan, name) for row_id, plan, name in rows}


def _cards(
    wanted: WantedVisits, today: date, *, visit_ids: Sequence[int] | None = None, offset: int = 0, most: int = 1
) -> tuple[VisitCard, ...]:
    text = wanted.text.strip()
    params: dict[str, Any] = {
        "ids": None if visit_ids is None else list(visit_ids), "customer": wanted.customer_id,
        "assignee": wanted.assignee_id, "text": text,
        "like": like(text), "way": wanted.way, "plan": wanted.plan, "state": wanted.state, "today": today,
        "most": most, "offset": offset,
    }  # fmt: skip
    found = fetch(_CARD, params)
    return tuple(VisitCard(**dict(zip(VisitCard.__dataclass_fields__, row, strict=True))) for row in found)
