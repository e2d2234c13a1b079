"""Service plans for one customer, for pages."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from accounts.models.care import CareMeasure, CarePlan
from cis.kernel.errors import Refused
from cis.kernel.text import like
from cis.platform.db import fetch


class UnknownCarePlan(Refused):
    """There is no such service plan."""

    code = "unknown_care_plan"


@dataclass(frozen=True, slots=True, kw_only=True)
class CarePlanCard:
    """A plan; ``done`` of ``measures`` were done; ``account_id``: one account of the customer, None: there is none."""

    id: int
    customer_id: int
    name: str
    account_id: int | None
    account_number: str
    title: str
    goal: str
    state: str
    responsible_id: int
    responsible_name: str
    start_date: date
    review_date: date
    ended_date: date | None
    end_note: str
    measures: int
    done: int
    is_late: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class MeasureRow:
    """One thing that is done; ``is_late`` today."""

    id: int
    text: str
    due_date: date | None
    done_date: date | None
    result: str
    actor_name: str
    is_late: bool


@dataclass(frozen=True, slots=True)
class WantedPlans:
    """
    Which plans.

    text   part of the customer's name, or of the title
    state  "": running ones; "late": whose review is due; "all"; a state
    """

    text: str = ""
    state: str = ""
    responsible_id: int | None = None
    customer_id: int | None = None


_CARD = """
    SELECT p.id, p.customer_id, c.name, a.id, coalesce(a.number, ''), p.title, p.goal, p.state, p.responsible_id,
           p.responsible_name, p.start_date, p.review_date, p.ended_date, p.end_note, m.all_of, m.done,
           p.state = 'running' AND p.review_date <= %(today)s
    FROM accounts_careplan p
    JOIN accounts_customer c ON c.id = p.customer_id
    CROSS JOIN LATERAL (SELECT count(*) AS all_of, count(done_date) AS done FROM accounts_caremeasure m
                        WHERE m.plan_id = p.id) m
    LEFT JOIN LATERAL (
        SELECT a.id, a.number FROM accounts_accountholder h JOIN accounts_account a ON a.id = h.account_id
        WHERE h.customer_id = p.customer_id ORDER BY upper_inf(h.period) DESC, a.id LIMIT 1) a ON true
    WHERE (%(id)s::bigint IS NULL OR p.id = %(id)s)
      AND (%(customer)s::bigint IS NULL OR p.customer_id = %(customer)s)
      AND (%(responsible)s::bigint IS NULL OR p.responsible_id = %(responsible)s)
      AND (%(text)s = '' OR c.name ILIKE %(like)s OR p.title ILIKE %(like)s)
      AND CASE %(state)s WHEN 'all' THEN true WHEN '' THEN p.state = 'running'
               WHEN 'late' THEN p.state = 'running' AND p.review_date <= %(today)s ELSE p.state = %(state)s END
    ORDER BY p.state <> 'running', p.review_date, p.id LIMIT %(most)s OFFSET %(offset)s
"""


def listed(*, wanted: WantedPlans, today: date, offset: int = 0, most: int = 50) -> tuple[CarePlanCard, ...]:
    """Return plans, running ones first, what is reviewed first on top; one statement."""
    return _cards(wanted, today, offset=offset, most=most)


def one(*, plan_id: int, today: date) -> CarePlanCard:
    """
    Return a plan; one statement.

    :raises UnknownCarePlan: there is none.
    """
    found = _cards(WantedPlans(state="all"), today, plan_id=plan_id)
    if not found:
        raise UnknownCarePlan(f"There is no service plan {plan_id}.", plan_id=plan_id)
    return found[0]


def measures(*, plan_id: int, today: date) -> tuple[MeasureRow, ...]:
    """Return what is done for the goal of a plan, in the order in which it is due; one statement."""
    rows = CareMeasure.objects.filter(plan_id=plan_id).order_by("due_date", "id")
    return tuple(
        MeasureRow(
            id=row.id, text=row.text, due_date=row.due_date, done_date=row.done_date, result=row.result,
            actor_name=row.actor_name,
            is_late=row.done_date is None and row.due_date is not None and row.due_date < today,
        )
        for row in rows
    )  # fmt: skip


def names_of(*, plan_ids: Sequence[int]) -> dict[int, tuple[str, str]]:
    """Return title and customer's name of plans, by id; one statement."""
    rows = CarePlan.objects.filter(id__in=list(plan_ids)).values_list("id", "title", "customer__name")
    return {row_id: (title, name) for row_id, title, name in rows}


def _cards(
    wanted: WantedPlans, today: date, *, plan_id: int | None = None, offset: int = 0, most: int = 1
) -> tuple[CarePlanCard, ...]:
    text = wanted.text.strip()
    params: dict[str, Any] = {
        "id": plan_id, "customer": wanted.customer_id, "responsible": wanted.responsible_id, "text": text,
        "like": like(text), "state": wanted.state, "today": today, "most": most, "offset": offset,
    }  # fmt: skip
    return tuple(
        CarePlanCard(**dict(zip(CarePlanCard.__dataclass_fields__, row, strict=True))) for row in fetch(_CARD, params)
    )
