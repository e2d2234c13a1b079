"""Reads that came after their days were billed, further back than runs look by themselves: what was billed of them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from django.db.models import QuerySet

from accounts.queries import users
from billing.domain.rebills import RebillState
from billing.models.rebill import Rebill
from billing.queries import rebill_changes, segments
from cis.kernel.errors import Refused
from cis.kernel.periods import month_of
from cis.platform import db
from metering.queries import usage_rules

WAITING = RebillState.PROPOSED.value
# Of an account that is billed until a day: it is supplied beyond it.
_BEYOND = """EXISTS (
        SELECT FROM contracts_serviceagreement o
        WHERE o.account_id = {account}
          AND (upper_inf(o.period) OR upper(o.period) > coalesce({until}, lower(o.period))))
"""
_BILLED = f"""
    SELECT b.account_id, greatest(min(lower(g.period)), %(start)s::date), max(s.period_end_date),
           {_BEYOND.format(account="b.account_id", until="max(s.period_end_date)")}
    FROM contracts_serviceagreement g
    JOIN billing_billsegment s ON s.agreement_id = g.id AND s.cancels_id IS NULL AND s.end_date > %(start)s
    JOIN billing_bill b ON b.id = s.bill_id AND b.state = 'issued'
    WHERE g.service_point_id = ANY(%(points)s) AND NOT EXISTS (
        SELECT FROM billing_billsegment c JOIN billing_bill cb ON cb.id = c.bill_id AND cb.state = 'issued'
        WHERE c.cancels_id = s.id)
    GROUP BY b.account_id ORDER BY b.account_id
"""  # noqa: S608 - put together of constants
_GOES_ON = f"""
    SELECT {_BEYOND.format(account="%(account)s", until="max(s.period_end_date)")}
    FROM billing_billsegment s JOIN billing_bill b ON b.id = s.bill_id AND b.state = 'issued'
    WHERE b.account_id = %(account)s AND s.cancels_id IS NULL
"""  # noqa: S608 - put together of constants


class UnknownLateRead(Refused):
    """No reads came late under this number."""

    code = "unknown_late_read"


@dataclass(frozen=True, slots=True, kw_only=True)
class LateReadCard:
    """
    Reads of an account that came late, as pages show them.

    bill_id  the draft or bill that carries the difference; None: there is none yet, or nothing to bill
    """

    id: int
    account_id: int
    account_number: str
    from_date: date
    state: str
    opened_at: datetime
    decided_at: datetime | None
    decider: str
    reason: str
    bill_id: int | None
    bill_number: str

    @property
    def is_by_rule(self) -> bool:
        """Return whether no person decided, but the rule on small differences."""
        return self.decided_at is not None and not self.decider


def unreached(*, service_point_ids: Sequence[int], from_date: date) -> tuple[tuple[int, date], ...]:
    """
    Return (account, first day) of those billed on usage at some places since a day that their next run does not reach.

    Those who take a part of a meter there too, and those who were billed to their end: no run comes to them any more.
    Statements: places, what was billed, published versions.
    """
    points = list(usage_rules.near(service_point_ids=service_point_ids))
    billed = db.fetch(_BILLED, {"points": points, "start": from_date})
    if not billed:
        return ()
    days = {until for _account, _first, until, _goes_on in billed}
    versions = segments.versions_of(rebill_changes.scope_of(month_of(min(days))))
    reached = {day: segments.looks_since(versions, day) for day in days}
    return tuple((account, first) for account, first, until, goes_on in billed if not goes_on or first < reached[until])


def waiting(*, before: int | None = None, most: int) -> tuple[int, ...]:
    """
    Return the numbers of those that nobody has decided on, the latest first; one statement.

    :param before: only those before this one; None: from the latest on.
    """
    rows = _filtered(WAITING, "") if before is None else _filtered(WAITING, "").filter(id__lt=before)
    return tuple(rows.order_by("-id").values_list("id", flat=True)[:most])


def goes_on(*, account_id: int) -> bool:
    """Return whether an account is supplied beyond what it was billed for, so that a next bill comes; one statement."""
    ((found,),) = db.fetch(_GOES_ON, {"account": account_id})
    return bool(found)


def listed(*, state: str = "", text: str = "", offset: int = 0, most: int = 50) -> tuple[LateReadCard, ...]:
    """
    Return some late reads, the latest first; two statements.

    state  of the rebill; "" = all
    text   beginning of an account number
    """
    return _cards(_filtered(state, text).order_by("-id")[offset : offset + most])


def count(*, state: str = "", text: str = "") -> int:
    """Return how many there are; one statement."""
    return _filtered(state, text).count()


def one(*, rebill_id: int) -> LateReadCard:
    """
    Return one; two statements.

    :raises UnknownLateRead: there is none of this number.
    """
    found = _cards(_filtered("", "").filter(id=rebill_id))
    if not found:
        raise UnknownLateRead(f"There are no late reads {rebill_id}.")
    return found[0]


def _filtered(state: str, text: str) -> QuerySet[Rebill]:
    rows = Rebill.objects.filter(correction=None, change=None)
    rows = rows.filter(state=state) if state else rows
    return rows.filter(account__number__startswith=text.strip()) if text.strip() else rows


def _cards(rows: QuerySet[Rebill]) -> tuple[LateReadCard, ...]:
    found = list(rows.select_related("account", "bill"))
    names = users.names([row.decider_id for row in found])
    return tuple(
        LateReadCard(
            id=row.id,
            account_id=row.account_id,
            account_number=row.account.number,
            from_date=row.from_date,
            state=row.state,
            opened_at=row.opened_at,
            decided_at=row.decided_at,
            decider=names.get(row.decider_id or 0, ""),
            reason=row.reason,
            bill_id=row.bill_id,
            bill_number=(row.bill.number or "") if row.bill else "",
        )
        for row in found
    )
