"""Plans of instalments as lists and pages show them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from arrears.domain.instalments import PartNow, Standing
from arrears.models.plan import InstalmentPlan, PlanMove
from arrears.queries import plan_facts
from cis.kernel.errors import Refused
from cis.platform.db import fetch

LATE = "late"
LIVE = "live"


class UnknownPlan(Refused):
    """There is no such plan, or it is somebody else's."""

    code = "unknown_plan"


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanCard:
    """
    A plan as a list shows it. [minor unit]

    standing  how it stands, its parts with what was paid of each
    codes     numbers on the cards of its parts, by seq
    is_late   a part is past its day and not paid
    """

    id: int
    account_id: int
    account_number: str
    customer_id: int
    name: str
    serial: int
    state: str
    way: str
    total_minor: int
    made_date: date
    valid_until: date
    accepted_date: date | None
    ended_date: date | None
    end_reason: str
    is_agreed: bool
    proposer_id: int | None
    decider_id: int | None
    stops_late_fees: bool
    owes_late_fees: bool
    new_bills: bool
    grace_days: int
    standing: Standing
    codes: Mapping[int, str]
    is_late: bool

    @property
    def number(self) -> str:
        """Return what it is called."""
        return plan_number(serial=self.serial)

    @property
    def next(self) -> PartNow | None:
        """Return the part that is to be paid next."""
        return self.standing.next


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanDebtRow:
    """A debt of a plan: what the plan covers, and what is open now of the whole bill. [minor unit]"""

    bill_id: int
    number: str
    kind: str
    state: str
    due_date: date | None
    amount_minor: int
    open_minor: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanMoveRow:
    """What was done with a plan."""

    action: str
    state: str
    at: datetime
    note: str
    actor_name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class WantedPlans:
    """
    Which plans.

    text   number of an account or of a plan
    state  one of PlanState, LATE, LIVE, or "": all
    way    one of PlanWay; "": all
    """

    text: str = ""
    state: str = ""
    way: str = ""
    account_id: int | None = None


# What is due before today and not paid: what lowered the debts has shortened the plan from its end.
_CARD = """
    SELECT p.id, p.account_id, a.number, p.customer_id, k.name, p.serial, p.state, p.way, p.total_minor, p.made_date,
           p.valid_until, p.accepted_date, p.ended_date, p.end_reason, p.is_agreed, p.proposer_id, p.decider_id,
           p.stops_late_fees, p.owes_late_fees, p.new_bills, p.grace_days
    FROM arrears_instalmentplan p
    JOIN accounts_account a ON a.id = p.account_id
    JOIN accounts_customer k ON k.id = p.customer_id
"""
_LATE = """
    p.state = 'kept' AND (
        SELECT least(coalesce(sum(x.amount_minor) FILTER (WHERE x.due_date < %(today)s), 0),
                     p.total_minor - p.lowered_minor)
        FROM arrears_planpart x WHERE x.plan_id = p.id
    ) > (
        SELECT sum(d.amount_minor - CASE WHEN b.state = 'issued' THEN least(d.amount_minor, b.amount_minor - coalesce((
                   SELECT sum(l.amount_minor) FROM billing_allocation l WHERE l.bill_id = b.id), 0)) ELSE 0 END)
        FROM arrears_plandebt d JOIN billing_bill b ON b.id = d.bill_id WHERE d.plan_id = p.id
    ) - p.lowered_minor
"""


def plan_number(*, serial: int) -> str:
    """Return what a plan is called, as customers read it out."""
    return f"P{serial:06d}"


def listed(*, wanted: WantedPlans, today: date, offset: int = 0, most: int = 50) -> tuple[PlanCard, ...]:
    """Return plans, the latest first; three statements."""
    where, params = _conditions(wanted, today)
    sql = f"{_CARD} WHERE {where} ORDER BY p.id DESC LIMIT %(most)s OFFSET %(offset)s"
    return _cards(fetch(sql, {**params, "most": most, "offset": offset}), today)


def _conditions(wanted: WantedPlans, today: date) -> tuple[str, dict[str, object]]:
    found, params = ["true"], dict[str, object]()
    if wanted.account_id is not None:
        found.append("p.account_id = %(account)s")
        params["account"] = wanted.account_id
    if text := wanted.text.strip():
        found.append("(a.number = %(text)s OR 'P' || lpad(p.serial::text, 6, '0') = upper(%(text)s))")
        params["text"] = text
    if wanted.state == LATE:
        found.append(_LATE)
        params["today"] = today
    elif wanted.state == LIVE:
        found.append("p.state IN ('proposed', 'offered', 'kept')")
    elif wanted.state:
        found.append("p.state = %(state)s")
        params["state"] = wanted.state
    if wanted.way:
        found.append("p.way = %(way)s")
        params["way"] = wanted.way
    return " AND ".join(found), params


def one(*, plan_id: int, today: date, customer_id: int | None = None) -> PlanCard:
    """
    Return a plan; three statements.

    :param customer_id: whose it must be; None: anybody's.
    :raises UnknownPlan: there is none.
    """
    where = "p.id = %(plan)s AND (%(customer)s::bigint IS NULL OR p.customer_id = %(customer)s)"
    rows = fetch(f"{_CARD} WHERE {where}", {"plan": plan_id, "customer": customer_id})
    if not rows:
        raise UnknownPlan(f"There is no plan {plan_id}.", plan_id=plan_id)
    return _cards(rows, today)[0]


def live_of_account(*, account_id: int, today: date) -> PlanCard | None:
    """Return the plan of an account that is proposed, offered or kept; None: it has none. Three statements at most."""
    return next(iter(listed(wanted=WantedPlans(account_id=account_id, state=LIVE), today=today, most=1)), None)


def debts(*, plan_id: int) -> tuple[PlanDebtRow, ...]:
    """Return the debts of a plan, oldest due date first; one statement."""
    rows = fetch(
        """SELECT b.id AS bill_id, b.number, b.kind, b.state, b.due_date, d.amount_minor,
                  CASE WHEN b.state = 'issued' THEN (b.amount_minor - coalesce((SELECT sum(a.amount_minor)
                       FROM billing_allocation a WHERE a.bill_id = b.id), 0))::bigint ELSE 0 END
           FROM arrears_plandebt d JOIN billing_bill b ON b.id = d.bill_id WHERE d.plan_id = %s
           ORDER BY b.due_date, b.id""",
        [plan_id],
    )
    return tuple(PlanDebtRow(**dict(zip(PlanDebtRow.__dataclass_fields__, row, strict=True))) for row in rows)


def moves(*, plan_id: int) -> tuple[PlanMoveRow, ...]:
    """Return what was done with a plan, the latest first; one statement."""
    rows = PlanMove.objects.filter(plan_id=plan_id).order_by("-id")
    return tuple(PlanMoveRow(**row) for row in rows.values(*PlanMoveRow.__dataclass_fields__))


def has_key(*, key: str) -> bool:
    """Return whether a plan was made under this name of another program."""
    return InstalmentPlan.objects.filter(key=key).exists()


def _cards(rows: Sequence[Sequence[object]], today: date) -> tuple[PlanCard, ...]:
    facts = {one.id: one for one in plan_facts.of_plans(plan_ids=[int(str(row[0])) for row in rows])}
    names = [name for name in PlanCard.__dataclass_fields__ if name not in {"standing", "codes", "is_late"}]
    found = []
    for row in rows:
        known = facts[int(str(row[0]))]
        now = known.standing
        is_late = row[6] == "kept" and now.next is not None and now.next.due_date < today
        given = dict(zip(names, row, strict=True))
        found.append(PlanCard(**given, standing=now, codes=known.codes, is_late=is_late))  # type: ignore[arg-type]
    return tuple(found)
