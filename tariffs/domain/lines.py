"""What a bill line is made of: its slot in a plan, its unit, its ledger class, and the charge that fills it."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from cis.kernel import fixed
from cis.kernel.errors import Refused
from cis.kernel.fixed import Int64
from tariffs.domain.batch import RatingBatch
from tariffs.domain.inputs import Input

PRICE_PLACES = 6
"""A price is kept to this many decimals of the minor unit."""
MEAN_PLACES = 2
"""A mean price is printed to this many decimals of the minor unit."""


class MissingPrice(Refused):
    """A price of the plan is not known yet; nothing is charged in its place."""

    code = "missing_price"


class Unit(StrEnum):
    """What the quantity of a line counts."""

    KWH = "kWh"
    KW = "kW"
    KVA = "kVA"
    KVAR = "kvar"
    KVARH = "kvarh"
    DAY = "day"
    MONTH = "month"
    METER = "meter"
    BLOCK = "block"
    FACTOR = "factor"
    MONEY = "money"


class LedgerClass(StrEnum):
    """Where the money of a line is posted: a bill makes one transfer per class."""

    ENERGY = "energy"
    FIXED = "fixed"
    FUND = "fund"
    TAX = "tax"


QUANTITY_PLACES = {
    Unit.KWH: 3,
    Unit.KW: 3,
    Unit.KVA: 3,
    Unit.KVAR: 3,
    Unit.KVARH: 3,
    Unit.DAY: 0,
    Unit.MONTH: 9,
    Unit.METER: 0,
    Unit.BLOCK: 0,
    Unit.FACTOR: 2,
}
"""Decimals of a stored quantity: Wh are kWh with 3 decimals. Money has the plan's own decimals."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LineSlot:
    """
    One place for a bill line in a plan; the same for every segment rated by it.

    code             component that fills it; (code, step, period) is unique in a plan
    label            key of the printed words in ``Plan.labels``
    unit             what the quantity counts
    price_e6         price of one unit [10^-6 minor unit]; of a tax its rate [10^-6]; None = not known yet
    ledger           class under which the amount is posted
    step             1, 2, ... of a tiered component, 0 = no steps
    period           code of the period of use, "" = all periods together
    in_total         False for a line that only informs, as a tax that the prices contain
    carries          its quantity is handed to the next bill of the agreement, as ``Input.CARRIED``; its component
                     reads there what its own slots carried, in their order
    is_credit        what it carries belongs to the customer: it may not be lost where the tariff changes
    is_mean_price    its price is that of no unit but the mean of each segment, ``mean_price_e6``; ``price_e6`` then
                     holds the part that is the same for all units
    quantity_places  decimals of the stored integer quantity: 3 for kWh kept in Wh
    """

    code: str
    label: str
    unit: Unit
    price_e6: int | None
    ledger: LedgerClass
    step: int = 0
    period: str = ""
    in_total: bool = True
    carries: bool = False
    is_credit: bool = False
    is_mean_price: bool = False
    quantity_places: int = 0

    @property
    def key(self) -> str:
        """Return the unique name of the slot in its plan, as "energy/2/peak"."""
        return "/".join(part for part in (self.code, str(self.step or ""), self.period) if part)


@dataclass(frozen=True, slots=True)
class Charge:
    """
    What a component charges a batch.

    amounts_e9  (n, l) exact amount of each of its l lines, int64, or exact Python ints where int64 is too narrow.
                [10^-9 minor unit]
    quantities  (n, l) int64 quantity that was priced. [unit of the slot, with its decimals]
    """

    amounts_e9: NDArray[Any]
    quantities: Int64


@dataclass(frozen=True, slots=True, kw_only=True)
class Scoped:
    """
    When and for whom a component is charged.

    months    calendar months, 1 to 12; empty = all
    only_for  features of which the agreement must have one; () = all agreements
    not_for   features of which it must have none
    """

    months: frozenset[int] = frozenset()
    only_for: tuple[str, ...] = ()
    not_for: tuple[str, ...] = ()


ALWAYS = Scoped()


class Component(Protocol):
    """
    One part of a tariff: a small frozen value that fills its own line slots.

    ``base`` names the components whose rounded amounts it is charged on (tax, power factor); () = none,
    ("*",) = all earlier ones. Rating knows components by this protocol only.
    """

    @property
    def code(self) -> str:
        """Return the name of the component, unique in its plan."""
        ...

    @property
    def scope(self) -> Scoped:
        """Return when and for whom it is charged; rating leaves it out of all other segments."""
        ...

    @property
    def base(self) -> tuple[str, ...]:
        """Return the codes of the components it is charged on."""
        ...

    @property
    def needs(self) -> tuple[Input, ...]:
        """Return the inputs of the batch that it reads."""
        ...

    @property
    def year_starts(self) -> int | None:
        """Return the month with which its own year begins, 1 to 12; a segment is cut there. None = it has none."""
        ...

    def slots(self) -> tuple[LineSlot, ...]:
        """Return the l line slots that it fills."""
        ...

    def charge(self, batch: RatingBatch, base_minor: Int64) -> Charge:
        """Return the exact amounts and the quantities of its lines; ``base_minor`` (n,) sums its base. [minor unit]"""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Named:
    """
    What every component has.

    code    unique in its plan
    label   key of the printed words
    ledger  class under which it is posted
    scope   when and for whom it is charged
    """

    code: str
    label: str
    ledger: LedgerClass
    scope: Scoped = ALWAYS

    @property
    def needs(self) -> tuple[Input, ...]:
        """Return (): energy, days and household are enough."""
        return ()

    @property
    def base(self) -> tuple[str, ...]:
        """Return (): charged on quantities, not on other amounts."""
        return ()

    @property
    def year_starts(self) -> int | None:
        """Return the month, 1 to 12, with which its year begins; None = it knows no year."""
        return None

    def slot(self, unit: Unit, price_e6: int | None, *, step: int = 0, period: str = "") -> LineSlot:
        """Return a line slot of this component that counts in the total."""
        return LineSlot(
            code=self.code,
            label=self.label,
            unit=unit,
            price_e6=price_e6,
            ledger=self.ledger,
            step=step,
            period=period,
            quantity_places=QUANTITY_PLACES.get(unit, 0),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Adjusting(Named):
    """
    A component that changes what is billed before anything is priced, as the losses of a transformer.

    Its own ``charge`` gets the batch as it was before it added to it, so that its lines can tell what it added.
    """

    def added_wh(self, batch: RatingBatch) -> Int64:
        """Return the energy to be added to each period of use, (n, p). [Wh]"""
        raise NotImplementedError

    def added_varh(self, batch: RatingBatch) -> Int64:
        """Return the reactive energy to be added, (n,). [varh]"""
        return np.zeros(len(batch), dtype=np.int64)

    def added_peak_w(self, batch: RatingBatch) -> Int64:
        """Return the demand to be added to the peak of each demand period, (n, q). [W]"""
        return np.zeros_like(batch.inputs[Input.PEAK_W])

    def added_export_wh(self, batch: RatingBatch) -> Int64:
        """Return the energy to be added to what was given to the grid, by period of use, (n, p). [Wh]"""
        return np.zeros_like(batch.used_wh)


def known(prices_e6: tuple[int | None, ...]) -> tuple[int, ...]:
    """Return the prices; raises MissingPrice if one is not known."""
    if any(price is None for price in prices_e6):
        raise MissingPrice("A price of this component is not known.")
    return tuple(price for price in prices_e6 if price is not None)


def mean_price_e6(*, amount_minor: Int64, energy_wh: Int64) -> Int64:
    """
    Return the mean price of (n,) printed amounts, halves away from zero; 0 where there is no energy. [10^-6 minor/kWh]

    amount_minor  [minor unit]
    energy_wh     what was priced; prices may be below 0, and energy in a true-up [Wh]
    """
    amount, energy = amount_minor.astype(object), energy_wh.astype(object)
    size = (2 * np.abs(amount) * 10**9 + np.abs(energy)) // (2 * np.maximum(np.abs(energy), 1))
    sign = np.where((amount < 0) == (energy < 0), 1, -1)
    found: Int64 = np.where(energy_wh == 0, 0, np.minimum(size, fixed.LIMIT) * sign).astype(np.int64)
    return found


def mean_price_text(*, amount_minor: int, quantity: int, quantity_places: int, decimals: int) -> str:
    """
    Return what each unit of a line cost on the whole, in major units, to two decimals of the minor unit; "" of nothing.

    quantity  in whole steps of its last decimal place
    """
    if not quantity:
        return ""
    size, under = abs(amount_minor) * 10 ** (MEAN_PLACES + quantity_places), abs(quantity)
    mean = (2 * size + under) // (2 * under)
    sign = -1 if (amount_minor < 0) != (quantity < 0) else 1
    return fixed.to_text(sign * mean, places=decimals + MEAN_PLACES)


def price_text(*, slot: LineSlot, decimals: int) -> str:
    """
    Return the price of a slot as printed: major units per unit ("0.617"), or percent for a tax ("13").

    :raises MissingPrice: the price is not known.
    """
    if slot.price_e6 is None:
        raise MissingPrice(f"The price of {slot.key} is not known.")
    places, keep = (4, 0) if slot.unit is Unit.MONEY else (PRICE_PLACES + decimals, decimals)
    whole, _, fraction = fixed.to_text(slot.price_e6, places=places).partition(".")
    fraction = fraction.rstrip("0").ljust(keep, "0")
    return f"{whole}.{fraction}" if fraction else whole
