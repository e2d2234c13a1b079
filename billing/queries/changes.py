"""What changed: a bill beside that of the month before and that of a year ago, its difference told by cause."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from billing.domain.causes import Difference, Rated, Side, difference
from billing.domain.waterfall import Fall, falls
from billing.models.bill import Bill, BillKind, BillSegment, BillState
from billing.queries.bills import BillDetail
from billing.queries.rated_segments import batch_of
from cis.kernel.periods import add_months
from tariffs.domain.layout import OtherLayout
from tariffs.queries import plans

YEAR_MONTHS = 12
TENTH_WH = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """
    One cause, as a page tells it.

    fall  its bar among those of all causes
    """

    cause: str
    amount_minor: int
    fall: Fall


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """
    A bill beside an earlier one.

    start_date, end_date  the period of the earlier one
    numbers               of the bills of that period, one but for corrections
    """

    start_date: date
    end_date: date
    numbers: tuple[str, ...]
    difference: Difference

    @property
    def moved_minor(self) -> int:
        """Return by how much the bill is higher (+) or lower (-). [minor unit]"""
        return self.difference.now_minor - self.difference.then_minor

    @property
    def rows(self) -> tuple[Row, ...]:
        """Return the causes in their order, with their bars."""
        pairs = zip(self.difference.causes.items(), self._falls[1:-1], strict=True)
        return tuple(Row(cause=cause.value, amount_minor=amount, fall=fall) for (cause, amount), fall in pairs)

    @property
    def first(self) -> Fall:
        """Return the bar of the earlier bill."""
        return self._falls[0]

    @property
    def last(self) -> Fall:
        """Return the bar of the bill."""
        return self._falls[-1]

    @property
    def _falls(self) -> tuple[Fall, ...]:
        return falls(first=self.difference.then_minor, moves=list(self.difference.causes.values()))

    @property
    def daily_wh(self) -> tuple[int, int]:
        """Return the use a day, then and now, to a tenth of a kWh. [Wh]"""
        then, now = zip(self.difference.used_wh, self.difference.days, strict=True)
        return _daily(*then), _daily(*now)


def _daily(used_wh: int, days: int) -> int:
    step = max(days, 1) * TENTH_WH
    return (2 * used_wh + step) // (2 * step) * TENTH_WH


@dataclass(frozen=True, slots=True, kw_only=True)
class Changes:
    """What changed since the bill before, and since that of a year ago; None: there is none to compare with."""

    previous: Change | None = None
    year_ago: Change | None = None

    @property
    def known(self) -> tuple[Change, ...]:
        """Return those that there are."""
        return tuple(one for one in (self.previous, self.year_ago) if one is not None)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Bill:
    id: int
    number: str
    start_date: date
    end_date: date
    amount_minor: int


def of_bill(*, bill: BillDetail, since_date: date | None = None) -> Changes:
    """
    Return what changed; two statements, plus one for each plan not compiled before.

    A bill whose segments did not keep what they were rated by cannot be compared.

    :param since_date: day on which the reader took the account over: no bill of others is shown beside theirs.
    """
    card = bill.card
    if card.kind != BillKind.REGULAR.value:
        return Changes()
    before = _earlier(card.account_id, card.start_date, since_date)
    days = (card.end_date - card.start_date).days
    previous = _of_length([one for one in before if one.end_date == card.start_date], days)
    year_ago = _of_length([one for one in before if one.start_date == add_months(card.start_date, -YEAR_MONTHS)], days)
    if not previous and not year_ago:
        return Changes()
    own = _Bill(
        id=card.id,
        number=card.number,
        start_date=card.start_date,
        end_date=card.end_date,
        amount_minor=card.amount_minor,
    )
    groups = [[own], previous, year_ago]
    rows = list(BillSegment.objects.filter(bill_id__in=[one.id for group in groups for one in group]).order_by("id"))
    now, *then = (_side(group, rows) for group in groups)
    return Changes(previous=_change(previous, then[0], now), year_ago=_change(year_ago, then[1], now))


def _earlier(account_id: int, start_date: date, since_date: date | None) -> list[_Bill]:
    rows = Bill.objects.filter(
        account_id=account_id,
        kind=BillKind.REGULAR.value,
        state=BillState.ISSUED.value,
        start_date__lt=start_date,
        start_date__gte=add_months(start_date, -YEAR_MONTHS),
    )
    if since_date is not None:
        rows = rows.filter(end_date__gt=since_date)
    fields = ("id", "number", "start_date", "end_date", "amount_minor")
    return [_Bill(**dict(zip(fields, row, strict=True))) for row in rows.order_by("id").values_list(*fields)]


def _of_length(found: Sequence[_Bill], days: int) -> list[_Bill]:
    """Return the bills of one period: of several that begin or end on the day, the one most like it in length."""
    if not found:
        return []
    best = min(found, key=lambda one: abs((one.end_date - one.start_date).days - days))
    return [one for one in found if (one.start_date, one.end_date) == (best.start_date, best.end_date)]


def _side(group: Sequence[_Bill], rows: Sequence[BillSegment]) -> Side | None:
    """Return bills of one period as they are compared; None if what they were rated by was not kept."""
    if not group:
        return None
    ids, period = {one.id for one in group}, (group[0].start_date, group[0].end_date)
    mine = [row for row in rows if row.bill_id in ids]
    gone = {row.cancels_id for row in mine}
    supplies: dict[int, list[Rated]] = {}
    for row in sorted(mine, key=lambda row: (row.start_date, row.id)):
        if row.cancels_id is None and row.id not in gone and (row.period_start_date, row.period_end_date) == period:
            rated = _rated(row)
            if rated is None:
                return None
            supplies.setdefault(row.agreement_id, []).append(rated)
    return Side(supplies=supplies, amount_minor=sum(one.amount_minor for one in group))


def _rated(row: BillSegment) -> Rated | None:
    plan = plans.compiled(row.tariff_version_id)
    try:
        batch = batch_of(plan=plan, row=row)
    except OtherLayout:
        return None
    return Rated(version_id=row.tariff_version_id, plan=plan, batch=batch, amount_minor=row.amount_minor)


def _change(group: Sequence[_Bill], then: Side | None, now: Side | None) -> Change | None:
    if then is None or now is None:
        return None
    return Change(
        start_date=group[0].start_date,
        end_date=group[0].end_date,
        numbers=tuple(one.number for one in group),
        difference=difference(then=then, now=now),
    )
