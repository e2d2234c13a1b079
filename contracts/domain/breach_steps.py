"""How an amount of a case came about, step by step, as exact numbers that anybody can work out again."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from fractions import Fraction


class StepCode(StrEnum):
    """
    What a step works out.

    ENERGY_OF_USE     power times hours a day times days
    ENERGY_COUNTED    what the meter counted in the days of the case
    ENERGY_STOLEN     that no meter counted, as usage is corrected by it
    EXCESS            capacity that was found less capacity that was agreed
    PRICE_GAP         price that it has less price that was paid
    COST_OF_USE       energy times the gap, or energy times a price
    SUM               of several uses
    ROUNDED           to the minor unit, once
    FEE               capacity times price times months
    STOLEN_COST       bills with the stolen energy less bills without it
    PENALTY           an amount so many times, or so much for each kW and time
    TAX               contained in the amount, or on top of it
    """

    ENERGY_OF_USE = "energy_of_use"
    ENERGY_COUNTED = "energy_counted"
    ENERGY_STOLEN = "energy_stolen"
    EXCESS = "excess"
    PRICE_GAP = "price_gap"
    COST_OF_USE = "cost_of_use"
    SUM = "sum"
    ROUNDED = "rounded"
    FEE = "fee"
    STOLEN_COST = "stolen_cost"
    PENALTY = "penalty"
    TAX = "tax"


class StepUnit(StrEnum):
    """What a number of a step counts; amounts and prices are in major units."""

    KWH = "kWh"
    KW = "kW"
    KVA = "kVA"
    HOURS = "h"
    DAYS = "d"
    MONTHS = "mo"
    MONEY = "money"
    PLAIN = ""


@dataclass(frozen=True, slots=True)
class Term:
    """
    A number of a step.

    number  integer, times 10^-places; of money: of the minor unit times 10^-places
    """

    number: int
    unit: StepUnit = StepUnit.PLAIN
    places: int = 0

    @classmethod
    def money(cls, amount_minor: int, places: int = 0) -> "Term":
        """Return an amount. [minor unit times 10^-places]"""
        return cls(amount_minor, StepUnit.MONEY, places)

    @classmethod
    def price(cls, price_e6: int) -> "Term":
        """Return a price. [10^-6 minor unit]"""
        return cls(price_e6, StepUnit.MONEY, 6)

    @classmethod
    def energy(cls, energy_wh: int) -> "Term":
        """Return energy. [Wh]"""
        return cls(energy_wh, StepUnit.KWH, 3)

    @classmethod
    def power(cls, power_w: int) -> "Term":
        """Return power. [W]"""
        return cls(power_w, StepUnit.KW, 3)

    @classmethod
    def capacity(cls, capacity_va: int) -> "Term":
        """Return capacity. [VA]"""
        return cls(capacity_va, StepUnit.KVA, 3)

    @classmethod
    def times(cls, count: int) -> "Term":
        """Return how often."""
        return cls(count)

    def exact(self) -> Fraction:
        """Return the number itself; of money in minor units."""
        return Fraction(self.number, 10**self.places)

    def text(self, decimals: int) -> str:
        """
        Return it as people read it: "5,400 kWh", money with all decimals of its minor unit and no zeros after them.

        decimals  of the minor unit of money
        """
        is_money = self.unit is StepUnit.MONEY
        places, keep = (self.places + decimals, decimals) if is_money else (self.places, 0)
        digits = str(abs(self.number)).rjust(places + 1, "0")
        whole, part = (digits[:-places], digits[-places:]) if places else (digits, "")
        part = part[:keep] + part[keep:].rstrip("0")
        number = f"{'−' if self.number < 0 else ''}{int(whole):,}{'.' if part else ''}{part}"
        return number if is_money or not self.unit else f"{number} {self.unit}"


@dataclass(frozen=True, slots=True)
class Step:
    """
    One step: terms with the signs between them, and what comes out.

    signs  one less than terms: all "×" or "÷", or all "+" or "−"; applied from left to right
    """

    code: StepCode
    terms: tuple[Term, ...]
    signs: tuple[str, ...]
    result: Term

    def __post_init__(self) -> None:
        """Refuse what would read otherwise than it is worked out."""
        if len(self.signs) != len(self.terms) - 1 or (set(self.signs) & set("×÷") and set(self.signs) & set("+−")):
            raise ValueError(f"signs {self.signs} do not stand between {len(self.terms)} terms")

    def exact(self) -> Fraction:
        """Return what the terms come to, before any rounding, in the units of the terms."""
        value = self.terms[0].exact()
        for sign, term in zip(self.signs, self.terms[1:], strict=True):
            match sign:
                case "×":
                    value *= term.exact()
                case "÷":
                    value /= term.exact()
                case "+":
                    value += term.exact()
                case _:
                    value -= term.exact()
        return value

    def text(self, decimals: int) -> str:
        """Return it as a line: "5 kW × 12 h × 90 d = 5,400 kWh"; "≈" where the result was rounded."""
        words = [self.terms[0].text(decimals)]
        for sign, term in zip(self.signs, self.terms[1:], strict=True):
            words += [sign, term.text(decimals)]
        if not self.signs and self.terms[0] == self.result:
            return words[0]
        equal = "=" if self.exact() == self.result.exact() else "≈"
        return " ".join([*words, equal, self.result.text(decimals)])

    @classmethod
    def product(cls, code: StepCode, terms: Sequence[Term], result: Term) -> "Step":
        """Return a step that multiplies."""
        return cls(code, tuple(terms), ("×",) * (len(terms) - 1), result)

    @classmethod
    def difference(cls, code: StepCode, whole: Term, part: Term, result: Term) -> "Step":
        """Return a step that takes one from another."""
        return cls(code, (whole, part), ("−",), result)

    @classmethod
    def total(cls, code: StepCode, terms: Sequence[Term], result: Term) -> "Step":
        """Return a step that adds up."""
        return cls(code, tuple(terms), ("+",) * (len(terms) - 1), result)

    @classmethod
    def one(cls, code: StepCode, term: Term, result: Term | None = None) -> "Step":
        """Return a step that states a number, or rounds it."""
        return cls(code, (term,), (), result or term)
