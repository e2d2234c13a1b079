"""Prices by period of use that are ratios of base prices, some of which float and some do not (浮动比例)."""

from dataclasses import dataclass

from cis.kernel import fixed
from cis.kernel.fixed import Int64
from tariffs.domain.batch import RatingBatch
from tariffs.domain.lines import Charge, LineSlot, Named, Unit, known

RATIO_PLACES = 4
RATIO_ONE = 10**RATIO_PLACES


@dataclass(frozen=True, slots=True)
class BasePrice:
    """
    One part of the price of a kWh.

    name      as "purchase", "transmission"
    price_e6  [10^-6 minor unit/kWh]
    floats    whether the ratios of the periods apply to it
    """

    name: str
    price_e6: int | None
    floats: bool


@dataclass(frozen=True, slots=True)
class Ratio:
    """
    What the floating parts are multiplied by in a period of use.

    ratio  1.7 = 17_000 [10^-4]
    on     period whose own ratio is multiplied too, as peak for critical peak (尖峰在峰段基础上上浮); "" = none
    """

    period: str
    ratio: int
    on: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class RatioTimeOfUse(Named):
    """
    Energy priced by period of use as ratios of base prices.

    Rule: price of a period = ratio x the sum of the parts that float + the sum of those that do not, rounded half up
    to the grain. [source: 发改价格〔2021〕1093号: 政府性基金及附加、基本电费不参与浮动; which other parts float is each
    province's choice]

    parts     base prices
    ratios    one a period, in the plan's order
    grain_e6  prices are rounded to multiples of it; 1 = as exact as prices are kept [10^-6 minor unit/kWh]
    """

    parts: tuple[BasePrice, ...]
    ratios: tuple[Ratio, ...]
    grain_e6: int = 1

    @property
    def prices_e6(self) -> tuple[int | None, ...]:
        """Return the price of each period, None while a base price is not known. [10^-6 minor unit/kWh]"""
        if any(part.price_e6 is None for part in self.parts):
            return (None,) * len(self.ratios)
        return tuple(self.price_e6(*self.of_period(ratio)) for ratio in self.ratios)

    def of_period(self, ratio: Ratio) -> tuple[int, int]:
        """Return the ratio of a period as a number over another."""
        on = next((one.ratio for one in self.ratios if one.period == ratio.on), RATIO_ONE)
        return ratio.ratio * on, RATIO_ONE * RATIO_ONE

    def price_e6(self, over: int, under: int) -> int:
        """Return the price at a ratio, rounded half up to the grain."""
        exact = sum((part.price_e6 or 0) * (over if part.floats else under) for part in self.parts)
        whole = under * self.grain_e6
        return (2 * exact + whole) // (2 * whole) * self.grain_e6

    def is_exact(self) -> bool:
        """Return whether no price had to be rounded to be kept."""
        pairs = (self.of_period(ratio) for ratio in self.ratios)
        floating = sum(part.price_e6 or 0 for part in self.parts if part.floats)
        return all(floating * over % under == 0 for over, under in pairs)

    def slots(self) -> tuple[LineSlot, ...]:
        """Return one line slot per period of use."""
        pairs = zip(self.ratios, self.prices_e6, strict=True)
        return tuple(self.slot(Unit.KWH, price_e6, period=ratio.period) for ratio, price_e6 in pairs)

    def charge(self, batch: RatingBatch, base_minor: Int64) -> Charge:  # noqa: ARG002 - the protocol of all components
        """Return the energy charge by period of use, (n, p)."""
        return Charge(fixed.times(batch.used_wh, known(self.prices_e6)), batch.used_wh)
