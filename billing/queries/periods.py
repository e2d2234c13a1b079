"""Accounting months: which there are, and in what state."""

from dataclasses import dataclass
from datetime import date, datetime

from billing.domain import periods as domain
from billing.domain.periods import PeriodState
from billing.models.period import AccountingPeriod
from cis.kernel.errors import Refused
from cis.kernel.periods import month_of
from cis.platform.db import fetch


class UnknownPeriod(Refused):
    """The books have no such month."""

    code = "unknown_period"


@dataclass(frozen=True, slots=True)
class PeriodCard:
    """
    One month of the books.

    transfers, amount_minor  what it held when it was closed; 0 before [minor unit]
    hash, previous_hash      64 hexadecimal digits once it is closed; "" before
    """

    id: int | None
    month: date
    state: PeriodState
    proposer_id: int | None
    proposed_at: datetime | None
    closer_id: int | None
    closed_at: datetime | None
    transfers: int
    amount_minor: int
    hash: str
    previous_hash: str

    @property
    def end(self) -> date:
        """Return the first day after the month."""
        return month_of(self.month).end


def first_month() -> date | None:
    """Return the first month of the books; None: nothing was ever posted. One statement."""
    ((month,),) = fetch(
        "SELECT coalesce((SELECT min(month) FROM billing_accountingperiod WHERE state = 'closed'),"
        " (SELECT min(period) FROM billing_transfer))"
    )
    found: date | None = month
    return found


def months_open_before(*, month: date) -> tuple[date, ...]:
    """Return the months of the books before one that are not closed, in order; two statements."""
    first = first_month()
    if first is None or first >= month:
        return ()
    closed = set(
        AccountingPeriod.objects.filter(month__lt=month, state=PeriodState.CLOSED.value).values_list("month", flat=True)
    )
    return tuple(one for one in domain.months(first=first, last=month) if one < month and one not in closed)


def listed(*, today: date) -> tuple[PeriodCard, ...]:
    """Return all months of the books up to this one, the latest first; two statements."""
    first = first_month()
    if first is None:
        return ()
    rows = {row.month: row for row in AccountingPeriod.objects.all()}
    return tuple(
        _card(month, rows.get(month)) for month in reversed(domain.months(first=first, last=month_of(today).start))
    )


def one(*, month: date, today: date) -> PeriodCard:
    """
    Return one month; two statements.

    :raises UnknownPeriod: the books have no such month.
    """
    for card in listed(today=today):
        if card.month == month:
            return card
    raise UnknownPeriod(f"The books have no month {month:%Y-%m-%d}.")


def _card(month: date, row: AccountingPeriod | None) -> PeriodCard:
    row = row or AccountingPeriod(month=month)
    return PeriodCard(
        id=row.id,
        month=month,
        state=PeriodState(row.state),
        proposer_id=row.proposer_id,
        proposed_at=row.proposed_at,
        closer_id=row.closer_id,
        closed_at=row.closed_at,
        transfers=row.transfers,
        amount_minor=row.amount_minor,
        hash=row.hash,
        previous_hash=row.previous_hash,
    )
