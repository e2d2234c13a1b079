"""
Plans of instalments: what is owed is paid in parts, each by a day of its own.

A plan is a schedule over debts that there are: it makes no debt, moves no due date and no balance. What of it is paid
follows from the money that the covered bills have got since, so nothing of it is kept.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from itertools import pairwise

from stdnum.iso7064 import mod_97_10

from cis.kernel.calendar import BusinessCalendar
from cis.kernel.errors import Refused
from cis.kernel.periods import add_months

DAY = timedelta(days=1)
PARTS_LEAST, PARTS_MOST = 2, 60
CODE_HEAD = "77"
SERIAL_DIGITS, PART_DIGITS = 8, 2


class BadPlan(Refused):
    """The parts cannot be as they are wished: too few, too small, on another day, or nothing is to be covered."""

    code = "bad_plan"


class FirstPart(StrEnum):
    """Whether the first part is paid at once."""

    MAY = "may"
    MUST = "must"
    NEVER = "never"


@dataclass(frozen=True, slots=True, kw_only=True)
class Shape:
    """
    How parts are made by the pack. [minor unit]

    least_minor  the least that a part may be
    unit_minor   parts are whole multiples of it, but the one that takes the rest
    rest_first   the first part takes the rest, else the last
    days         days of the month on which parts may be due, 1 to 28
    gap_days     so many days at least lie before the first part that is not paid at once
    first        whether one is paid at once
    """

    least_minor: int
    unit_minor: int
    rest_first: bool
    days: tuple[int, ...]
    gap_days: int
    first: FirstPart

    @property
    def firsts(self) -> tuple[str, ...]:
        """Return when the first part may be paid: "now", "later"."""
        ways = {FirstPart.MUST: ("now",), FirstPart.NEVER: ("later",)}
        return ways.get(self.first, ("now", "later"))


@dataclass(frozen=True, slots=True)
class Part:
    """A part: what is to be paid by which day; ``seq`` counts from 1. [minor unit]"""

    seq: int
    due_date: date
    amount_minor: int


def split(*, total_minor: int, count: int, shape: Shape) -> tuple[int, ...]:
    """
    Return amounts that add up to the total exactly; none is below the least of the pack.

    :raises BadPlan: there are not enough parts, or one would be smaller than the least.
    """
    if not PARTS_LEAST <= count <= PARTS_MOST:
        raise BadPlan("A plan has two parts or more.", advice="Choose how many.", field="count")
    unit = max(shape.unit_minor, 1)
    each = total_minor // count // unit * unit
    if each < max(shape.least_minor, 1):
        raise BadPlan("The parts would be too small.", advice="Choose fewer parts.", field="count")
    rest = total_minor - each * count
    amounts = [each] * count
    amounts[0 if shape.rest_first else -1] += rest
    return tuple(amounts)


def due_dates(
    *, start: date, count: int, day: int, is_first_now: bool, shape: Shape, calendar: BusinessCalendar
) -> tuple[date, ...]:
    """
    Return the days by which parts are to be paid, in order: one a month, moved to the next working day.

    start         the day on which the plan is made
    day           of the month
    is_first_now  the first part is due on that day itself

    :raises BadPlan: the pack offers no parts on this day of the month, or wants, or does not want, one at once.
    """
    if day not in shape.days:
        raise BadPlan("Parts are not due on this day of the month.", advice="Choose another day.", field="day")
    if shape.first is (FirstPart.NEVER if is_first_now else FirstPart.MUST):
        raise BadPlan("The first part is not due then.", advice="Choose when it is paid.", field="first_now")
    first = start.replace(day=day)
    while first < start + shape.gap_days * DAY:
        first = add_months(first, 1)
    found = [start] if is_first_now else []
    found += [_working(add_months(first, months), calendar) for months in range(count - len(found))]
    assert all(early < late for early, late in pairwise(found))
    return tuple(found)


def parts(
    *, total_minor: int, count: int, day: int, is_first_now: bool, start: date, shape: Shape, calendar: BusinessCalendar
) -> tuple[Part, ...]:
    """
    Return the parts of a plan for an amount; see ``split`` and ``due_dates``.

    :raises BadPlan: they cannot be as they are wished.
    """
    amounts = split(total_minor=total_minor, count=count, shape=shape)
    dates = due_dates(start=start, count=count, day=day, is_first_now=is_first_now, shape=shape, calendar=calendar)
    return tuple(Part(place, *one) for place, one in enumerate(zip(dates, amounts, strict=True), start=1))


def most_parts(*, total_minor: int, shape: Shape, most: int) -> int:
    """Return into how many parts an amount can be divided at most; 0: into none."""
    count = min(most, PARTS_MOST, total_minor // max(shape.least_minor, 1))
    while count >= PARTS_LEAST:
        try:
            split(total_minor=total_minor, count=count, shape=shape)
        except BadPlan:
            count -= 1
        else:
            return count
    return 0


def _working(day: date, calendar: BusinessCalendar) -> date:
    while not calendar.is_business_day(day):
        day += DAY
    return day


def slip_code(*, serial: int, seq: int) -> str:
    """
    Return the number on the card of a part, 14 digits; the last two find a wrong or swapped digit.

    [source: ISO 7064, MOD 97-10]
    """
    body = f"{CODE_HEAD}{serial:0{SERIAL_DIGITS}d}{seq:0{PART_DIGITS}d}"
    return body + mod_97_10.calc_check_digits(body)


def is_slip_code(*, number: str) -> bool:
    """Return whether a number is that of a card of a part, typed without a slip."""
    size = len(CODE_HEAD) + SERIAL_DIGITS + PART_DIGITS + 2
    is_like = number.isascii() and number.isdigit() and len(number) == size and number.startswith(CODE_HEAD)
    return is_like and mod_97_10.is_valid(number)


@dataclass(frozen=True, slots=True)
class Covered:
    """A debt of a plan: what was open of it when the plan began; ``is_owed`` False: cancelled since. [minor unit]"""

    bill_id: int
    amount_minor: int
    is_owed: bool


@dataclass(frozen=True, slots=True)
class Got:
    """Money that a covered bill has got since; ``is_credit``: by a bill below 0, not by a payer. [minor unit]"""

    bill_id: int
    day: date
    amount_minor: int
    is_credit: bool


@dataclass(frozen=True, slots=True)
class PartNow:
    """
    A part as it stands. [minor unit]

    agreed_minor  as it was agreed
    amount_minor  what is left of it after debts that are owed no more; 0: it has fallen away
    paid_date     when it was paid in full; None: it is not, or has fallen away
    """

    seq: int
    due_date: date
    agreed_minor: int
    amount_minor: int
    paid_minor: int
    paid_date: date | None

    @property
    def open_minor(self) -> int:
        """Return what is still to be paid of it. [minor unit]"""
        return self.amount_minor - self.paid_minor


@dataclass(frozen=True, slots=True)
class Standing:
    """How a plan stands: its parts, and by how much credits and cancelled bills have lowered it. [minor unit]"""

    parts: tuple[PartNow, ...]
    lowered_minor: int

    @property
    def paid_minor(self) -> int:
        """Return what was paid of it. [minor unit]"""
        return sum(part.paid_minor for part in self.parts)

    @property
    def open_minor(self) -> int:
        """Return what is still to be paid of it. [minor unit]"""
        return sum(part.open_minor for part in self.parts)

    @property
    def next(self) -> PartNow | None:
        """Return the part that is to be paid next; None: all are paid."""
        return next((part for part in self.parts if part.open_minor), None)


def standing(*, parts: Sequence[Part], covered: Sequence[Covered], got: Sequence[Got]) -> Standing:
    """
    Return how a plan stands by what its debts have got since it began.

    What payers paid fills the parts from the first; what is owed no more (a bill that was cancelled, a credit that
    paid one) is taken off from the last: the plan becomes shorter, and no part is due earlier. A debt gets no more than
    what the plan covers of it.
    """
    room = {one.bill_id: one.amount_minor for one in covered if one.is_owed}
    lowered = sum(one.amount_minor for one in covered if not one.is_owed)
    paid: list[tuple[date, int]] = []
    for one in sorted(got, key=lambda money: (money.day, money.bill_id, money.is_credit)):
        taken = min(one.amount_minor, room.get(one.bill_id, 0))
        if taken <= 0:
            continue
        room[one.bill_id] -= taken
        if one.is_credit:
            lowered += taken
        else:
            paid.append((one.day, taken))
    return Standing(_filled(parts, _cut(parts, lowered), paid), lowered)


def _cut(parts: Sequence[Part], lowered_minor: int) -> list[int]:
    left = [part.amount_minor for part in parts]
    for place in reversed(range(len(left))):
        gone = min(left[place], lowered_minor)
        left[place] -= gone
        lowered_minor -= gone
    return left


def _filled(parts: Sequence[Part], amounts: Sequence[int], paid: Sequence[tuple[date, int]]) -> tuple[PartNow, ...]:
    found, money = [], list(paid)
    for part, amount in zip(parts, amounts, strict=True):
        filled, day = 0, None
        while money and filled < amount:
            day, minor = money[0]
            taken = min(minor, amount - filled)
            filled += taken
            money[0] = (day, minor - taken)
            if not money[0][1]:
                money.pop(0)
        is_paid = bool(amount) and filled == amount
        found.append(PartNow(part.seq, part.due_date, part.amount_minor, amount, filled, day if is_paid else None))
    return tuple(found)


class Fate(StrEnum):
    """What becomes of a plan that holds; LATE: a part was not paid, NEW_BILL: a bill beside the plan was not."""

    KEPT = "kept"
    COMPLETED = "completed"
    LATE = "late"
    NEW_BILL = "new_bill"


def fate(*, standing: Standing, today: date, grace_days: int, new_due: date | None) -> Fate:
    """
    Return what becomes of a plan on a day.

    grace_days  so many days after its due date a part, or a new bill, may still be paid
    new_due     due date of the oldest bill beside the plan that has to be paid in time and is open; None: there is none
    """
    coming = standing.next
    if coming is None:
        return Fate.COMPLETED
    if today > coming.due_date + grace_days * DAY:
        return Fate.LATE
    if new_due is not None and today > new_due + grace_days * DAY:
        return Fate.NEW_BILL
    return Fate.KEPT


def holds_until(*, standing: Standing, grace_days: int) -> date:
    """
    Return the day on which the hold of a plan ends if nothing more is paid: one day after that on which it is broken.

    So who looks at plans each day comes first, and where nobody looks a plan that is not kept holds nothing for ever.

    :raises ValueError: all is paid.
    """
    coming = standing.next
    if coming is None:
        raise ValueError("a plan that is paid holds nothing")
    return coming.due_date + (grace_days + 2) * DAY


@dataclass(frozen=True, slots=True)
class Open:
    """A debt that a plan covers, as it is now: how much the bill is for, and what is open of it. [minor unit]"""

    bill_id: int
    due_date: date
    amount_minor: int
    open_minor: int


@dataclass(frozen=True, slots=True)
class Laid:
    """A stretch of a bill, from ``low_minor`` up to ``high_minor``; ``seq`` of its part, 0: of none. [minor unit]"""

    bill_id: int
    seq: int
    due_date: date
    low_minor: int
    high_minor: int


def lay(*, parts: Sequence[PartNow], debts: Sequence[Open]) -> tuple[Laid, ...]:
    """
    Lay what is open of parts over what is open of debts, both in their order, end to end.

    Each bill is covered from its first unit to its last: what is paid already, and what is open beside the plan, is of
    no part and keeps the day of the bill.
    """
    left = [[part, part.open_minor] for part in parts if part.open_minor]
    found = []
    for debt in sorted(debts, key=lambda one: (one.due_date, one.bill_id)):
        stretches, at = [], debt.amount_minor - debt.open_minor
        while left and at < debt.amount_minor:
            part, minor = left[0]
            assert isinstance(part, PartNow) and isinstance(minor, int)  # noqa: PT018 (for the types alone)
            taken = min(minor, debt.amount_minor - at)
            stretches.append(Laid(debt.bill_id, part.seq, part.due_date, at, at + taken))
            at += taken
            left[0][1] = minor - taken
            if minor == taken:
                left.pop(0)
        low = debt.amount_minor - debt.open_minor
        if low:
            found.append(Laid(debt.bill_id, 0, debt.due_date, 0, low))
        found += stretches
        if at < debt.amount_minor:
            found.append(Laid(debt.bill_id, 0, debt.due_date, at, debt.amount_minor))
    return tuple(found)
