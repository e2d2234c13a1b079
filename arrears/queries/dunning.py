"""Cases, their demands, and the batches of demands, as pages show them."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from arrears.models.dunning import DunningBatch
from arrears.queries.undelivered import HAND, REACHED_NOBODY
from cis.kernel.errors import Refused
from cis.platform.db import fetch


class UnknownCase(Refused):
    """There is no such case."""

    code = "unknown_case"


class UnknownBatch(Refused):
    """There is no such batch of demands."""

    code = "unknown_dunning_batch"


class UnknownDemand(Refused):
    """There is no such demand, or it is to be made no more."""

    code = "unknown_demand"


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseCard:
    """
    A case as a list shows it. [minor unit]

    overdue_minor  what was overdue when it was last looked at, or less where the account owes less by now
    next_date      None: it waits for a proof (``awaits``), or for the end of a hold (``held_by``), or nothing is left
    """

    id: int
    account_id: int
    account_number: str
    name: str
    customer_class: str
    opened_date: date
    closed_date: date | None
    oldest_due_date: date | None
    overdue_minor: int
    last_step: str
    next_step: str
    next_date: date | None
    awaits: str
    held_by: str
    order_id: int | None
    order_state: str


@dataclass(frozen=True, slots=True, kw_only=True)
class WantedCases:
    """
    Which cases are listed; what is empty does not narrow the list.

    text         number of an account
    step         the step that was made last; "none": none yet
    older_than   the oldest debt is so many days past its due date
    least_minor  so much or more is overdue [minor unit]
    held         "held", "free", or "proof": a proof is missing
    order        "" the largest debt first, "oldest", or "next": what comes next first
    closed       those that are over, in place of those that go on
    """

    text: str = ""
    customer_class: str = ""
    step: str = ""
    older_than: int | None = None
    least_minor: int | None = None
    held: str = ""
    order: str = ""
    closed: bool = False


_CARD = """
    SELECT c.id, c.account_id, a.number, coalesce(k.name, ''), c.customer_class, c.opened_date, c.closed_date,
           c.oldest_due_date, CASE WHEN c.closed_date IS NULL
               THEN greatest(least(c.overdue_minor, coalesce(l.balance_minor, 0)), 0) ELSE 0 END::bigint,
           c.last_step, c.next_step, c.next_date, c.awaits, c.held_by, o.id, coalesce(o.state, '')
    FROM arrears_collectioncase c
    JOIN accounts_account a ON a.id = c.account_id
    LEFT JOIN billing_ledgeraccount l ON l.account_id = c.account_id
    LEFT JOIN LATERAL (
        SELECT k.name FROM accounts_accountholder h JOIN accounts_customer k ON k.id = h.customer_id
        WHERE h.account_id = c.account_id ORDER BY lower(h.period) DESC LIMIT 1) k ON true
    LEFT JOIN LATERAL (
        SELECT d.id, d.state FROM arrears_disconnectionorder d
        WHERE d.account_id = c.account_id AND d.state NOT IN ('restored', 'cancelled', 'expired', 'failed')
        ORDER BY d.id DESC LIMIT 1) o ON true
"""
_SUM = """
    SELECT count(*), coalesce(sum(c.overdue_minor), 0)::bigint
    FROM arrears_collectioncase c JOIN accounts_account a ON a.id = c.account_id
"""
_ORDERS = {
    "": "c.overdue_minor DESC, c.id",
    "oldest": "c.oldest_due_date NULLS LAST, c.id",
    "next": "c.next_date NULLS LAST, c.id",
}


def listed(*, wanted: WantedCases, today: date, offset: int = 0, most: int = 100) -> tuple[CaseCard, ...]:
    """Return cases in the order that is wanted; one statement."""
    where, params = _conditions(wanted, today)
    sql = f"{_CARD} WHERE {where} ORDER BY {_ORDERS[wanted.order]} LIMIT %(most)s OFFSET %(offset)s"
    return tuple(_case(row) for row in fetch(sql, {**params, "most": most, "offset": offset}))


def summed(*, wanted: WantedCases, today: date) -> tuple[int, int]:
    """Return how many cases there are, and what is overdue of them together; one statement. [minor unit]"""
    where, params = _conditions(wanted, today)
    ((count, amount),) = fetch(f"{_SUM} WHERE {where}", params)
    return int(count), int(amount)


def _conditions(wanted: WantedCases, today: date) -> tuple[str, dict[str, object]]:
    found, params = [f"c.closed_date IS {'NOT NULL' if wanted.closed else 'NULL'}"], dict[str, object]()
    if wanted.text.strip():
        found.append("a.number = %(text)s")
        params["text"] = wanted.text.strip()
    if wanted.customer_class:
        found.append("c.customer_class = %(class)s")
        params["class"] = wanted.customer_class
    if wanted.step:
        found.append("c.last_step = %(step)s")
        params["step"] = "" if wanted.step == "none" else wanted.step
    if wanted.older_than is not None:
        found.append("c.oldest_due_date < %(today)s - %(days)s::int")
        params |= {"today": today, "days": wanted.older_than}
    if wanted.least_minor is not None:
        found.append("c.overdue_minor >= %(least)s")
        params["least"] = wanted.least_minor
    if wanted.held:
        found.append(
            {"held": "c.held_by <> ''", "free": "c.held_by = ''", "proof": "c.awaits <> '' AND c.held_by = ''"}[
                wanted.held
            ]
        )
    return " AND ".join(found), params


def one(*, case_id: int) -> CaseCard:
    """
    Return a case; one statement.

    :raises UnknownCase: there is none.
    """
    rows = fetch(f"{_CARD} WHERE c.id = %s", [case_id])
    if not rows:
        raise UnknownCase(f"There is no case {case_id}.", case_id=case_id)
    return _case(rows[0])


def open_of_account(*, account_id: int) -> CaseCard | None:
    """Return the open case of an account; None: there is none. One statement."""
    rows = fetch(f"{_CARD} WHERE c.account_id = %s AND c.closed_date IS NULL", [account_id])
    return _case(rows[0]) if rows else None


def _case(row: Sequence[object]) -> CaseCard:
    return CaseCard(**dict(zip(CaseCard.__dataclass_fields__, row, strict=True)))  # type: ignore[arg-type]


@dataclass(frozen=True, slots=True, kw_only=True)
class DemandCard:
    """
    A demand. [minor unit]

    wants      what has to prove that it was received, "none": nothing has to
    done_at    None: a call or a visit that is still to be made
    told       notices of it, each (id, way, state): how it went to the customer
    is_missing it has to be proven and is not
    """

    id: int
    case_id: int
    account_id: int
    account_number: str
    name: str
    phone: str
    step: str
    channel: str
    wants: str
    amount_minor: int
    made_at: datetime
    done_at: datetime | None
    proven_at: datetime | None
    proof: str
    tries: int
    work_order_id: int | None
    notice_id: int | None
    actor_name: str
    is_open: bool
    told: tuple[tuple[int, str, str, str], ...] = ()

    @property
    def is_missing(self) -> bool:
        """Return whether it has to be proven and is not."""
        return self.wants != "none" and self.proven_at is None


_DEMAND = """
    SELECT m.id, m.case_id, c.account_id, a.number, coalesce(k.name, ''), coalesce(k.phone, ''), m.step, m.channel,
           m.wants, m.amount_minor, m.made_at, m.done_at, m.proven_at, m.proof, m.tries, m.work_order_id, m.notice_id,
           m.actor_name, c.closed_date IS NULL,
           CASE WHEN m.channel IN ('call', 'visit') THEN ARRAY[]::text[][] ELSE array(
               SELECT ARRAY[n.id::text, n.channel, n.state, CASE WHEN n.channel = 'post' AND n.contact_point_id IS NULL
                            AND n.reason = '' AND n.address <> '' THEN 'to_the_place' ELSE n.reason END]
               FROM accounts_notice n
               WHERE n.event IN ('debt_reminder', 'debt_demand') AND n.key = 'dunning:' || m.id ORDER BY n.id) END
    FROM arrears_collectionmove m
    JOIN arrears_collectioncase c ON c.id = m.case_id
    JOIN accounts_account a ON a.id = c.account_id
    LEFT JOIN LATERAL (
        SELECT k.name, (SELECT p.value FROM accounts_contactpoint p WHERE p.customer_id = k.id
                        AND p.kind IN ('mobile', 'phone') AND p.bounced_at IS NULL
                        ORDER BY p.is_preferred DESC, p.id LIMIT 1) AS phone
        FROM accounts_accountholder h JOIN accounts_customer k ON k.id = h.customer_id
        WHERE h.account_id = c.account_id ORDER BY lower(h.period) DESC LIMIT 1) k ON true
"""


def demands(*, account_id: int) -> tuple[DemandCard, ...]:
    """Return the demands of an account, those of earlier cases too, the latest first; one statement."""
    rows = fetch(f"{_DEMAND} WHERE c.account_id = %s ORDER BY m.made_at DESC, m.id DESC", [account_id])
    return tuple(_demand(row) for row in rows)


def demand(*, move_id: int) -> DemandCard:
    """
    Return one demand; one statement.

    :raises UnknownDemand: there is none.
    """
    rows = fetch(f"{_DEMAND} WHERE m.id = %s", [move_id])
    if not rows:
        raise UnknownDemand(f"There is no demand {move_id}.", move_id=move_id)
    return _demand(rows[0])


def to_make(*, channel: str = "call", text: str = "", offset: int = 0, most: int = 100) -> tuple[DemandCard, ...]:
    """
    Return calls, visits, or (``hand``) demands that reached nobody, the longest waiting first; one statement.

    Those of a case that is held are left out.
    """
    which = REACHED_NOBODY if channel == HAND else "m.channel = %(channel)s AND m.done_at IS NULL"
    rows = fetch(
        f"""{_DEMAND} WHERE {which} AND c.closed_date IS NULL AND c.held_by = ''
            AND (%(text)s = '' OR a.number = %(text)s) ORDER BY m.tries, m.id LIMIT %(most)s OFFSET %(offset)s""",
        {"channel": channel, "text": text.strip(), "most": most, "offset": offset},
    )
    return tuple(_demand(row) for row in rows)


def _demand(row: Sequence[object]) -> DemandCard:
    *values, told = row
    names = [name for name in DemandCard.__dataclass_fields__ if name != "told"]
    notices = tuple((int(one[0]), one[1], one[2], one[3]) for one in told)  # type: ignore[attr-defined]
    return DemandCard(**dict(zip(names, values, strict=True)), told=notices)  # type: ignore[arg-type]


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchCard:
    """The demands of a day: how many, for how much, and who let them go. [minor unit]"""

    id: int
    day: date
    state: str
    opened: int
    closed: int
    count: int
    amount_minor: int
    bound: int
    made_at: datetime
    decided_at: datetime | None
    decider_name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchPart:
    """The demands of a batch of one class and step; ``left_out`` were due no more when their turn came. [minor unit]"""

    customer_class: str
    step: str
    channel: str
    count: int
    amount_minor: int
    largest_minor: int
    done: int
    left_out: int


def batches(*, state: str = "", offset: int = 0, most: int = 50) -> tuple[BatchCard, ...]:
    """Return batches, the latest first; one statement."""
    rows = DunningBatch.objects.order_by("-day")
    rows = rows.filter(state=state) if state else rows
    return tuple(BatchCard(**row) for row in rows.values(*BatchCard.__dataclass_fields__)[offset : offset + most])


def batch(*, batch_id: int) -> BatchCard:
    """
    Return a batch; one statement.

    :raises UnknownBatch: there is none.
    """
    row = DunningBatch.objects.filter(id=batch_id).values(*BatchCard.__dataclass_fields__).first()
    if row is None:
        raise UnknownBatch(f"There is no batch {batch_id}.", batch_id=batch_id)
    return BatchCard(**row)


def waiting_batch() -> BatchCard | None:
    """Return the batch that waits for a second person; None: none does. One statement."""
    return next(iter(batches(state="waiting", most=1)), None)


def parts(*, batch_id: int) -> tuple[BatchPart, ...]:
    """Return what a batch demands by class and step; one statement."""
    rows = fetch(
        """SELECT c.customer_class, t.step, t.channel, count(*), sum(t.amount_minor)::bigint, max(t.amount_minor),
                  count(*) FILTER (WHERE t.state = 'done'), count(*) FILTER (WHERE t.state = 'left_out')
           FROM arrears_dunningtarget t JOIN arrears_collectioncase c ON c.id = t.case_id
           WHERE t.batch_id = %s GROUP BY 1, 2, 3 ORDER BY 1, 2""",
        [batch_id],
    )
    return tuple(BatchPart(**dict(zip(BatchPart.__dataclass_fields__, row, strict=True))) for row in rows)


@dataclass(frozen=True, slots=True, kw_only=True)
class TargetCard:
    """One demand of a batch, as it was planned. [minor unit]"""

    case_id: int
    account_id: int
    account_number: str
    name: str
    customer_class: str
    step: str
    channel: str
    amount_minor: int
    state: str


def targets(*, batch_id: int, offset: int = 0, most: int = 50) -> tuple[TargetCard, ...]:
    """Return the demands of a batch, the largest first; one statement."""
    rows = fetch(
        """SELECT t.case_id, c.account_id, a.number, coalesce(k.name, ''), c.customer_class, t.step, t.channel,
                  t.amount_minor, t.state
           FROM arrears_dunningtarget t
           JOIN arrears_collectioncase c ON c.id = t.case_id JOIN accounts_account a ON a.id = c.account_id
           LEFT JOIN LATERAL (
               SELECT k.name FROM accounts_accountholder h JOIN accounts_customer k ON k.id = h.customer_id
               WHERE h.account_id = c.account_id ORDER BY lower(h.period) DESC LIMIT 1) k ON true
           WHERE t.batch_id = %s ORDER BY t.amount_minor DESC, t.id LIMIT %s OFFSET %s""",
        [batch_id, most, offset],
    )
    return tuple(TargetCard(**dict(zip(TargetCard.__dataclass_fields__, row, strict=True))) for row in rows)


def places(*, account_ids: Collection[int], on: date) -> Mapping[int, int]:
    """Return a place that each account is supplied at on a day, the first one; accounts without are left out."""
    rows = fetch(
        """SELECT DISTINCT ON (account_id) account_id, service_point_id FROM contracts_serviceagreement
           WHERE account_id = ANY(%s) AND period @> %s::date ORDER BY account_id, id""",
        [list(account_ids), on],
    )
    return dict(rows)
