"""What was given to price a segment: its time, its energy, and whatever else the tariff asks for."""

from copy import copy
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from recompute.numbers import CannotTell, number


@dataclass
class Line:
    """
    One line.

    key       code/step/period
    unit      what the quantity counts
    quantity  whole number, in the decimals of its unit
    price     minor units per unit, or percent of money; None: it has none of its own
    exact     minor units
    counts    whether it is part of the total
    carries   whether its quantity is handed to the next bill
    """

    key: str
    unit: str
    quantity: int
    price: Fraction | None
    exact: Fraction
    counts: bool = True
    carries: bool = False

    @property
    def code(self) -> str:
        return self.key.partition("/")[0]


def told(key: str, unit: str, quantity: int, *, carries: bool = False) -> Line:
    """Return a line that only tells how another came about."""
    return Line(key, unit, quantity, Fraction(0), Fraction(0), counts=False, carries=carries)


def named(code: str, step: int = 0, period: str = "") -> str:
    return "/".join(part for part in (code, str(step or ""), period) if part)


class Segment:
    """
    One segment as it is priced.

    used    energy by period of use [Wh]
    before  energy since the steps began [Wh]
    months  each day counted by its own month
    given   the rest, by name
    """

    def __init__(self, told: dict[str, Any]) -> None:
        self.used = dict(told["energy_wh"])
        self.before = told["before_wh"]
        self.household = told["household"]
        self.days = told["days"]
        self.months = number(told["months"])
        self.given = dict(told["given"])

    def __getitem__(self, name: str) -> Any:
        if name not in self.given:
            raise CannotTell(f"the tariff asks for {name}, which was not given")
        return self.given[name]

    @property
    def total(self) -> int:
        return sum(self.used.values())

    @property
    def peak(self) -> int:
        """Return the largest demand at whatever time. [W]"""
        return int(self["peak_w"]["any"])

    @property
    def months_e9(self) -> int:
        return int(self.months * 10**9)

    def carried(self, key: str) -> int:
        """Return what a line handed on from the bill before."""
        found = self["carried"]
        if key not in found:
            raise CannotTell(f"nothing says what {key} carried")
        return int(found[key])

    def changed(self, *, used: dict[str, int] | None = None, **given: Any) -> "Segment":
        """Return the segment with other energy, or other things given."""
        found = copy(self)
        found.used = self.used if used is None else used
        found.given = {**self.given, **given}
        return found

    def times(self, per: str) -> tuple[Fraction, int]:
        """Return how many days or months it is, and the same as the quantity of a line."""
        return (Fraction(self.days), self.days) if per == "day" else (self.months, self.months_e9)

    def part(self, proration: str) -> Fraction:
        """Return how much of the price of a month it pays."""
        if proration == "whole":
            return Fraction(1)
        if proration == "calendar_days":
            return self.months
        if proration == "days":
            return Fraction(self.days)
        if proration == "thirty_day_months":
            return Fraction(self["even_days"], 30)
        if proration == "cycle_days":
            return Fraction(self["cycle_months_e9"], 10**9)
        if proration != "thirtieths":
            raise CannotTell(f"a price is prorated by {proration}")
        is_whole = self.months.denominator == 1 and self.months > 0
        return self.months if is_whole else Fraction(self.days, 30)
