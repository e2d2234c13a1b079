"""Components without steps: fixed charges, energy, time of use, tax."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cis.kernel import fixed
from cis.kernel.fixed import Int64
from tariffs.domain.batch import RatingBatch
from tariffs.domain.components.spans import Proration, needs_of, part_of, span_of
from tariffs.domain.inputs import Input
from tariffs.domain.lines import Charge, LineSlot, Named, Unit, known

E6 = 10**6
E9 = 10**9


class Per(StrEnum):
    """Span that a fixed charge pays for."""

    DAY = "day"
    MONTH = "month"


@dataclass(frozen=True, slots=True, kw_only=True)
class Fixed(Named):
    """
    A standing charge by time, whatever was used.

    Rule: per day x days; per month x what the segment is of months, by the day count that the tariff names.

    price_e6   price of one day or month. [10^-6 minor unit]
    proration  what a segment pays of the price of a month
    """

    per: Per
    price_e6: int | None
    proration: Proration = Proration.CALENDAR_DAYS

    @property
    def needs(self) -> tuple[Input, ...]:
        """Return what counts parts of a month."""
        return needs_of(self.proration)

    def slots(self) -> tuple[LineSlot, ...]:
        """Return its one line slot."""
        return (self.slot(Unit(self.per.value), self.price_e6),)

    def charge(self, batch: RatingBatch, base_minor: Int64) -> Charge:  # noqa: ARG002 - the protocol of all components
        """Return the standing charge, (n, 1)."""
        (price_e6,) = known((self.price_e6,))
        if self.per is Per.DAY or self.proration is Proration.CALENDAR_DAYS:
            amounts_e9, spans = by_time(batch, per=self.per, price_e6=price_e6)
            return Charge(amounts_e9[:, None], spans[:, None])
        over, under = span_of(batch=batch, proration=self.proration)
        # A month costs as many 10^-9 minor units as it has 10^-6, a thousandfold.
        price_e9 = fixed.times(np.full(len(batch), 1000, dtype=np.int64), price_e6)
        months_e9 = (2 * fixed.times(over, E9) + under) // (2 * under)
        return Charge(part_of(price_e9, over=over, under=under)[:, None], months_e9.astype(np.int64)[:, None])


def by_time(batch: RatingBatch, *, per: Per, price_e6: int) -> tuple[NDArray[Any], Int64]:
    """
    Return what the time of each segment costs, (n,) [10^-9 minor unit], and the days or [10^-9] months paid for.

    A month's amount is cut towards 0 at 10^-9 minor unit. The rounding to minor units is not touched by that: a half
    lies on this grid, so no amount crosses it.
    """
    if per is Per.DAY:
        return fixed.times(batch.days[:, None] * 1000, (price_e6,))[:, 0], batch.days
    share_e9 = batch.month_share_e9
    sign = -1 if price_e6 < 0 else 1
    minor, rest_e6 = divmod(abs(price_e6), E6)
    amount_e9 = fixed.times(share_e9[:, None], (sign * minor,))[:, 0] + sign * (share_e9 * rest_e6 // E6)
    return amount_e9, share_e9


@dataclass(frozen=True, slots=True, kw_only=True)
class Energy(Named):
    """
    All energy at one price, as a flat tariff, a fund or a levy per kWh.

    price_e6  [10^-6 minor unit/kWh]
    """

    price_e6: int | None

    def slots(self) -> tuple[LineSlot, ...]:
        """Return its one line slot."""
        return (self.slot(Unit.KWH, self.price_e6),)

    def charge(self, batch: RatingBatch, base_minor: Int64) -> Charge:  # noqa: ARG002
        """Return the energy charge, (n, 1)."""
        used_wh = batch.total_wh[:, None]
        return Charge(fixed.times(used_wh, known((self.price_e6,))), used_wh)


@dataclass(frozen=True, slots=True, kw_only=True)
class TimeOfUse(Named):
    """
    Energy at the price of the period of use in which it was taken (分时电价).

    periods    (p,) codes, in the plan's order
    prices_e6  (p,) [10^-6 minor unit/kWh]
    """

    periods: tuple[str, ...]
    prices_e6: tuple[int | None, ...]

    def slots(self) -> tuple[LineSlot, ...]:
        """Return one line slot per period of use."""
        pairs = zip(self.periods, self.prices_e6, strict=True)
        return tuple(self.slot(Unit.KWH, price_e6, period=period) for period, price_e6 in pairs)

    def charge(self, batch: RatingBatch, base_minor: Int64) -> Charge:  # noqa: ARG002
        """Return the energy charge by period of use, (n, p)."""
        return Charge(fixed.times(batch.used_wh, known(self.prices_e6)), batch.used_wh)


class TaxMode(StrEnum):
    """Whether the prices contain the tax."""

    INSIDE = "inside"
    ON_TOP = "on_top"


@dataclass(frozen=True, slots=True, kw_only=True)
class Tax(Named):
    """
    A tax on the printed amounts of other components.

    Rule: on top: base x rate is added. Inside: base x rate / (1 + rate) is shown and not added, for the base
    contains it. Either is computed from the sum of the rounded lines of its base, and rounded once.

    rate_e6  0.13 = 130_000. [10^-6]
    on       codes of the components taxed, or ("*",) for all before it
    """

    rate_e6: int
    mode: TaxMode
    on: tuple[str, ...]

    @property
    def base(self) -> tuple[str, ...]:
        """Return the codes of the components that it is charged on."""
        return self.on

    def slots(self) -> tuple[LineSlot, ...]:
        """Return its one line slot, which counts in the total if the tax comes on top."""
        return (
            LineSlot(
                code=self.code,
                label=self.label,
                unit=Unit.MONEY,
                price_e6=self.rate_e6,
                ledger=self.ledger,
                in_total=self.mode is TaxMode.ON_TOP,
            ),
        )

    def charge(self, batch: RatingBatch, base_minor: Int64) -> Charge:  # noqa: ARG002
        """Return the tax, (n, 1); the quantity is the amount taxed."""
        return Charge(self.of(base_minor)[:, None], base_minor[:, None])

    def of(self, base_minor: Int64) -> NDArray[Any]:
        """Return the tax on (n,) amounts. [10^-9 minor unit]"""
        if self.mode is TaxMode.ON_TOP:
            return fixed.times(base_minor[:, None], (self.rate_e6 * 1000,))[:, 0]
        return fraction_e9(base_minor, over=self.rate_e6, under=E6 + self.rate_e6)


def fraction_e9(base_minor: Int64, *, over: int, under: int) -> NDArray[Any]:
    """
    Return base x over / under of (n,) amounts, cut towards 0 at 10^-9 minor unit.

    Rounding to minor units afterwards gives what rounding the exact fraction gives: a half minor unit lies on this
    grid, so no amount crosses it by being cut towards 0.
    """
    size: NDArray[Any] = np.abs(base_minor)
    largest = int(size.max(initial=0))
    if max(largest * over, (largest * over // under + 1) * E9) >= fixed.LIMIT:
        size = size.astype(object)
    # Two plain divisions by a constant: np.divmod has no SIMD form.
    size = size * over
    minor = size // under
    size -= minor * under
    amount: NDArray[Any] = minor * E9 + size * E9 // under
    return np.where(base_minor < 0, -amount, amount)
