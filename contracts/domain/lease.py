"""
Schedules of what a customer pays by month: a lease, a sale by instalments, a package; and what is left on any day.

All is whole minor units. A schedule sums to what was agreed exactly: its last row takes the remainder.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

import numpy as np

from cis.kernel import fixed
from cis.kernel.errors import Refused
from cis.kernel.periods import MONTHS_IN_YEAR, Period, add_months, month_of
from tariffs.domain.day_counts import even_days

E6 = 10**6
YEAR_DAYS = 365
MONTHS_MOST = 360
AMOUNT_MOST = 10**12
RATE_MOST_E6 = E6


class BadSchedule(Refused):
    """Nobody can pay by these terms: a number is out of its range, or an instalment would pay nothing of the price."""

    code = "bad_schedule"


class DayCount(StrEnum):
    """
    What part of a month some days are.

    CALENDAR_DAYS      each day is an equal part of its own month; interest: a month is 1/12 of a year
    THIRTY_DAY_MONTHS  the same in months that all have 30 days (30/360)
    ACTUAL_365         interest: each day is 1/365 of a year; rents as calendar days
    """

    CALENDAR_DAYS = "calendar_days"
    THIRTY_DAY_MONTHS = "thirty_day_months"
    ACTUAL_365 = "actual_365"


class Method(StrEnum):
    """
    How a price is paid by instalments.

    ANNUITY          all instalments are equal, their interest falls (等额本息)
    EQUAL_PRINCIPAL  equal parts of the price, and the interest on what is left (等额本金)
    """

    ANNUITY = "annuity"
    EQUAL_PRINCIPAL = "equal_principal"


class Rebate(StrEnum):
    """
    What of the interest to come is taken off where a sale is settled early; the pack says it.

    UNEARNED  all of it: interest is paid for the days until then
    NONE      nothing
    """

    UNEARNED = "unearned"
    NONE = "none"


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """
    One amount of a schedule. [minor unit]

    seq                   place, from 1; 0 = the down payment
    start_date, end_date  the month that it is for, half-open; a down payment is for none: both are its day
    due_date              a rent is due when its month begins, an instalment when it ends
    principal_minor       part of the price; the rent
    """

    seq: int
    start_date: date
    end_date: date
    due_date: date
    principal_minor: int
    interest_minor: int = 0

    @property
    def amount_minor(self) -> int:
        """Return what is to be paid."""
        return self.principal_minor + self.interest_minor


@dataclass(frozen=True, slots=True, kw_only=True)
class Rent:
    """
    The same amount each month for a number of months: a lease, or the fee of a package. [minor unit]

    is_by_calendar_month  the first and the last row are parts of calendar months
    leave_e6              part of the rents to come that is owed where it is ended early [10^-6]
    """

    rent_minor: int
    months: int
    count: DayCount = DayCount.CALENDAR_DAYS
    is_by_calendar_month: bool = False
    leave_e6: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Sale:
    """
    A price that is paid by instalments. [minor unit]

    rate_e6   interest a year, 0.06 = 60_000 [10^-6]
    leave_e6  part of the price to come that is owed as a fee where it is settled early [10^-6]
    """

    price_minor: int
    down_minor: int
    rate_e6: int
    instalments: int
    method: Method = Method.ANNUITY
    count: DayCount = DayCount.CALENDAR_DAYS
    leave_e6: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Settlement:
    """
    What is left on a day, if all ends on it. [minor unit]

    kept             places of the rows that stay owed as they are
    principal_minor  rest of the price; rent of a part of a month
    interest_minor   for the days since the last row, or all that was to come
    fee_minor        for ending early
    waived_minor     of the rows that are not kept: what is never owed
    kept_minor       sum of the rows that are kept
    """

    on: date
    kept: tuple[int, ...]
    principal_minor: int
    interest_minor: int
    fee_minor: int
    waived_minor: int
    kept_minor: int

    @property
    def amount_minor(self) -> int:
        """Return what is to be paid to end it."""
        return self.principal_minor + self.interest_minor + self.fee_minor

    @property
    def total_minor(self) -> int:
        """Return what all of it comes to."""
        return self.kept_minor + self.amount_minor


def rent_rows(rent: Rent, *, start: date) -> tuple[Row, ...]:
    """
    Return the rows of a rent: each due when its month begins; they sum to rent x months.

    :raises BadSchedule: months or rent are out of range, or a part of a month would be nothing.
    """
    _check_number("months", rent.months, 1, MONTHS_MOST)
    _check_number("rent", rent.rent_minor, 1, AMOUNT_MOST)
    _check_number("leave", rent.leave_e6, 0, E6)
    spans = _months(start, rent.months, is_by_calendar_month=rent.is_by_calendar_month)
    left = rent.rent_minor * rent.months
    rows = []
    for seq, span in enumerate(spans, start=1):
        whole = month_of(span.start) if rent.is_by_calendar_month else span
        over, under = _part(rent.count, Period(whole.start, whole.end), span.start, span.end)
        amount = left if seq == len(spans) else min(left, _rounded(rent.rent_minor * over, under))
        left -= amount
        rows.append(Row(seq=seq, start_date=span.start, end_date=span.end, due_date=span.start, principal_minor=amount))
    return _all_paid(rows)


def sale_rows(sale: Sale, *, start: date) -> tuple[Row, ...]:
    """
    Return the rows of a sale: the down payment at once, then one instalment at the end of each month.

    The parts of the price sum to the price; interest is that on what is left, rounded in each row.

    :raises BadSchedule: a number is out of range, or an instalment would pay nothing of the price.
    """
    _check_number("instalments", sale.instalments, 1, MONTHS_MOST)
    _check_number("price", sale.price_minor, 1, AMOUNT_MOST)
    _check_number("down payment", sale.down_minor, 0, sale.price_minor - 1)
    _check_number("interest", sale.rate_e6, 0, RATE_MOST_E6)
    _check_number("leave", sale.leave_e6, 0, E6)
    left = sale.price_minor - sale.down_minor
    equal, instalment = left // sale.instalments, annuity_minor(sale)
    rows = []
    if sale.down_minor:
        rows.append(Row(seq=0, start_date=start, end_date=start, due_date=start, principal_minor=sale.down_minor))
    for seq, span in enumerate(_months(start, sale.instalments, is_by_calendar_month=False), start=1):
        interest = _interest(sale, left, span, span.end)
        part = equal if sale.method is Method.EQUAL_PRINCIPAL else max(0, min(left, instalment - interest))
        if seq == sale.instalments:
            part = left
        left -= part
        rows.append(
            Row(
                seq=seq,
                start_date=span.start,
                end_date=span.end,
                due_date=span.end,
                principal_minor=part,
                interest_minor=interest,
            )
        )
    return _all_paid(rows)


def annuity_minor(sale: Sale) -> int:
    """
    Return the equal instalment: F x i x (1+i)^n / ((1+i)^n - 1) with i = a twelfth of the interest a year.

    Without interest it is the whole units of an n-th part, so that the last one is not less than the others.
    """
    financed, number, rate = sale.price_minor - sale.down_minor, sale.instalments, sale.rate_e6
    if not rate:
        return financed // number
    one = MONTHS_IN_YEAR * E6
    grown = (one + rate) ** number
    return _rounded(financed * rate * grown, one * (grown - one**number))


def settle_rent(rent: Rent, *, rows: Sequence[Row], on: date) -> Settlement:
    """
    Return what is owed where a rent ends on a day, the first one without it.

    Whole months before it are kept, of the month that it lies in the days are paid, rents to come are waived but for
    the part that was agreed for leaving.

    :raises BadSchedule: the day is before the first one.
    """
    _check_day(rows, on)
    kept = [row for row in rows if row.end_date <= on]
    others = [row for row in rows if row.end_date > on]
    used = 0
    if others and others[0].start_date < on:
        row = others[0]
        over, under = _part(rent.count, Period(row.start_date, row.end_date), row.start_date, on)
        used = min(row.amount_minor, _rounded(row.amount_minor * over, under))
    rest = sum(row.amount_minor for row in others) - used
    fee = _rounded(rest * rent.leave_e6, E6)
    return _settlement(on, kept, principal=used, interest=0, fee=fee, waived=rest)


def settle_sale(sale: Sale, *, rows: Sequence[Row], on: date, rebate: Rebate) -> Settlement:
    """
    Return what is owed where a sale is settled on a day: the rest of the price, and interest by the rule on rebates.

    Rows that are due by then are kept. Unearned interest is that of the days after it.

    :raises BadSchedule: the day is before the first one.
    """
    _check_day(rows, on)
    kept = [row for row in rows if row.due_date <= on]
    others = [row for row in rows if row.due_date > on]
    rest = sum(row.principal_minor for row in others)
    to_come = sum(row.interest_minor for row in others)
    interest = to_come
    if others and rebate is Rebate.UNEARNED:
        row = others[0]
        accrued = _interest(sale, rest, Period(row.start_date, row.end_date), on)
        interest = min(accrued, row.interest_minor)
    fee = _rounded(rest * sale.leave_e6, E6)
    return _settlement(on, kept, principal=rest, interest=interest, fee=fee, waived=to_come - interest)


def _settlement(on: date, kept: Sequence[Row], *, principal: int, interest: int, fee: int, waived: int) -> Settlement:
    return Settlement(
        on=on,
        kept=tuple(row.seq for row in kept),
        principal_minor=principal,
        interest_minor=interest,
        fee_minor=fee,
        waived_minor=waived,
        kept_minor=sum(row.amount_minor for row in kept),
    )


def _months(start: date, months: int, *, is_by_calendar_month: bool) -> tuple[Period, ...]:
    whole = Period(start, add_months(start, months))
    if is_by_calendar_month:
        return whole.months()
    # Counted from the start each time: a month that begins on the 31st does not move to the 28th for good.
    return tuple(Period(add_months(start, n), add_months(start, n + 1)) for n in range(months))


def _part(count: DayCount, whole: Period, start: date, end: date) -> tuple[int, int]:
    """Return how much of a month [start, end) is, as a fraction (over, under)."""
    if count is DayCount.THIRTY_DAY_MONTHS:
        return even_days(start=start, end=end), even_days(start=whole.start, end=whole.end)
    return (end - start).days, whole.days


def _interest(sale: Sale, left_minor: int, month: Period, on: date) -> int:
    """Return the interest on what is left from the start of a month to a day in it."""
    if sale.count is DayCount.ACTUAL_365:
        over, under = (on - month.start).days, YEAR_DAYS
    else:
        over, under = _part(sale.count, month, month.start, on)
        under *= MONTHS_IN_YEAR
    return _rounded(left_minor * sale.rate_e6 * over, E6 * under)


def _rounded(over: int, under: int) -> int:
    """Return an exact fraction, not below 0, in whole minor units; a half minor unit lies on the grid of 10^-9."""
    return int(fixed.to_minor(np.array([over * fixed.E9 // under], dtype=object))[0])


def _all_paid(rows: Iterable[Row]) -> tuple[Row, ...]:
    found = tuple(rows)
    if any(row.principal_minor <= 0 for row in found):
        raise BadSchedule(
            "An instalment would pay nothing of the price.",
            advice="Choose fewer instalments, or a larger amount.",
            field="months",
        )
    return found


def _check_number(name: str, value: int, least: int, most: int) -> None:
    if not least <= value <= most:
        raise BadSchedule(f"{name}: {value} is not within {least} and {most}.", field=name.replace(" ", "_"))


def _check_day(rows: Sequence[Row], on: date) -> None:
    if on < rows[0].start_date:
        raise BadSchedule(f"It begins on {rows[0].start_date} only.", field="on_date")
