"""Energy at the price of each hour, from a published series (dynamic price, spot price)."""

from dataclasses import dataclass, replace
from enum import StrEnum

import numpy as np

from cis.kernel import fixed
from cis.kernel.errors import Refused
from cis.kernel.fixed import Int64
from tariffs.domain.batch import RatingBatch
from tariffs.domain.inputs import Input
from tariffs.domain.lines import Charge, LineSlot, Named, Unit, known


class NegativePrice(Refused):
    """The series has a price below 0, and the tariff does not say what becomes of it."""

    code = "negative_price"


class NegativePrices(StrEnum):
    """
    What becomes of prices below 0 in the series; texts differ, so each tariff declares it.

    KEEP    the customer is paid for what he takes then
    ZERO    energy is free then
    REFUSE  the hours cannot be billed
    """

    KEEP = "keep"
    ZERO = "zero"
    REFUSE = "refuse"


@dataclass(frozen=True, slots=True, kw_only=True)
class DynamicEnergy(Named):
    """
    Energy at the price of the interval in which it was used, and a margin.

    Rule: sum over intervals of energy x (price + margin), where each price is kept between floor and cap
    before the margin is added. What a component adds to the energy (losses) has no interval and no price here.

    series     code of the price series
    place      its column in ``Input.SERIES_E9``; the plan counts the dynamic components in their order
    margin_e6  on top of each price [10^-6 minor unit/kWh]
    floor_e6, cap_e6  bounds of each price, None = none [10^-6 minor unit/kWh]
    negative   what becomes of prices below 0
    """

    series: str
    margin_e6: int | None
    negative: NegativePrices
    floor_e6: int | None = None
    cap_e6: int | None = None
    place: int = 0

    @property
    def needs(self) -> tuple[Input, ...]:
        """Return the priced energy."""
        return (Input.SERIES_E9,)

    def slots(self) -> tuple[LineSlot, ...]:
        """Return its one line slot, whose price is the mean of the segment."""
        return (replace(self.slot(Unit.KWH, self.margin_e6), is_mean_price=True),)

    def bounded(self, *, prices_e6: Int64) -> Int64:
        """
        Return the prices of the series as they are charged, in their shape. [10^-6 minor unit/kWh]

        :raises NegativePrice: a price is below 0 and the tariff refuses it.
        """
        if self.negative is NegativePrices.REFUSE and int(prices_e6.min(initial=0)) < 0:
            raise NegativePrice(
                f"The price series {self.series} has prices below 0, which {self.code} refuses.",
                advice="Publish a version that says what becomes of them.",
                series=self.series,
            )
        floor_e6 = self.floor_e6
        if self.negative is NegativePrices.ZERO:
            floor_e6 = max(floor_e6 or 0, 0)
        bounded: Int64 = prices_e6 if floor_e6 is None else np.maximum(prices_e6, floor_e6)
        return bounded if self.cap_e6 is None else np.minimum(bounded, self.cap_e6)

    def charge(self, batch: RatingBatch, base_minor: Int64) -> Charge:  # noqa: ARG002 - the protocol of all components
        """Return the energy charge, (n, 1)."""
        used_wh = batch.total_wh[:, None]
        margin_e9 = fixed.times(used_wh, known((self.margin_e6,)))
        series_e9 = batch.inputs[Input.SERIES_E9][:, self.place, None]
        if int(np.abs(series_e9).max(initial=0)) + int(np.abs(margin_e9).max(initial=0)) >= fixed.LIMIT:
            series_e9 = series_e9.astype(object)
        return Charge(series_e9 + margin_e9, used_wh)
