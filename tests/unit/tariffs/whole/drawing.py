"""What drawing of components shares: numbers, words, bases, pools and years."""

from fractions import Fraction
from random import Random

from tariffs.domain.components.export import (
    CreditYear,
    Ending,
)
from tests.unit.tariffs import oracle_charges as oracle

PRICE = 10**8
NAMES = ("sharp", "peak", "flat", "valley")
DEMANDS = ("any", "on", "half", "off")


def kilo(number):
    return Fraction(number, 1000)


def dollars(price_e6):
    return Fraction(price_e6, PRICE)


class Draws:
    """What drawing of all kinds shares: chance, and what the tariff has so far."""

    def __init__(self, seed):
        self.chance = Random(seed)
        self.periods = NAMES[: self.chance.randint(1, 4)]
        self.demands = DEMANDS[: self.chance.choice([1, 3, 4])]
        self.priced, self.components, self.rules = [], [], []
        self.head = {}

    def one(self, *choices):
        return self.chance.choice(choices)

    def word(self, kind):
        return self.chance.choice(list(kind))

    def price(self, grain=1):
        return self.one(0, 1, 61_700_000, *(self.chance.randint(-PRICE, 2 * PRICE) for _ in range(6))) // grain * grain

    def up_to(self, most):
        return self.one(0, self.chance.randint(0, most), self.chance.randint(0, 1 + most // 1000))

    def ascending(self, most, count=2):
        return tuple(sorted(self.chance.sample(range(1, most), self.chance.randint(0, count))))

    def months(self):
        return frozenset(self.chance.sample(range(1, 13), self.chance.randint(1, 11)))

    def on(self):
        if self.chance.random() < 0.3:
            return ("*",)
        return tuple(self.chance.sample(self.priced, self.chance.randint(1, len(self.priced))))

    def pools(self):
        places = list(range(len(self.periods)))
        cut = self.chance.randint(0, len(places) - 1)
        return (tuple(places[: cut + 1]), tuple(places[cut + 1 :])) if cut < len(places) - 1 else (tuple(places),)

    def year(self):
        at_end, leaving, first = self.word(Ending), self.word(Ending), self.one(None, 1, 4, 12)
        return (
            CreditYear(first_month=first, at_end=at_end, leaving=leaving),
            oracle.Year(first, at_end is Ending.PAY, leaving is Ending.PAY),
        )
