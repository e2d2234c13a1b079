"""Reading of what is paid for power: capacity, contracted demand, measured demand."""

from enum import StrEnum

from tariffs.domain.components.demand import (
    HUNDREDTHS,
    TELLING,
    Capacity,
    ContractedDemand,
    Excess,
    MeasuredDemand,
    Ratchet,
    UseCounts,
    UseDiscount,
)
from tariffs.domain.components.spans import Proration
from tariffs.domain.grammar import Table
from tariffs.domain.inputs import PAST_MONTHS
from tariffs.domain.lines import LedgerClass, Unit
from tariffs.domain.parts.frame import Frame, label_of, ledger_of
from tariffs.domain.plan import WHOLE_TIME
from tariffs.domain.prices import read_price, read_prices, read_unit

W_PLACES = 3
PERCENT_PLACES = 4
ONE_E6 = 10**6
TOLERANCE_E6 = 1_050_000
GRAINS_W = (1, 10, 100, 1000)


class BilledBefore(StrEnum):
    """What becomes of demand that was charged before in the same month."""

    IGNORE = "ignore"
    DEDUCT = "deduct"


def read_capacity(*, table: Table, code: str, frame: Frame) -> Capacity:
    """Read a price per kVA connected."""
    _, places = read_unit(table=table, currency=frame.currency, decimals=frame.decimals, units=(Unit.KVA,))
    return Capacity(
        code=code,
        label=label_of(table=table, code=code),
        ledger=ledger_of(table=table, default=LedgerClass.FIXED),
        price_e6=read_price(table=table, key="price", places=places),
        proration=table.word("proration", Proration),
    )


def read_contracted_demand(*, table: Table, code: str, frame: Frame) -> ContractedDemand:
    """Read a price per kW contracted."""
    _, places = read_unit(table=table, currency=frame.currency, decimals=frame.decimals, units=(Unit.KW,))
    price_e6 = read_price(table=table, key="price", places=places)
    tolerance_e6 = table.number("tolerance_percent", places=PERCENT_PLACES, required=False, default=TOLERANCE_E6)
    if tolerance_e6 < ONE_E6:
        table.note("tolerance_percent", "out_of_range", "Less than the contract is not beyond it; give 100 or more.")
    return ContractedDemand(
        code=code,
        label=label_of(table=table, code=code),
        ledger=ledger_of(table=table, default=LedgerClass.FIXED),
        price_e6=price_e6,
        proration=table.word("proration", Proration),
        discount=_read_discount(table, (price_e6,)),
        excess=table.word("excess", Excess),
        tolerance_e6=tolerance_e6,
        floor_e6=read_percent(table=table, key="floor_percent", required=False),
    )


def read_measured_demand(*, table: Table, code: str, frame: Frame) -> MeasuredDemand:
    """Read prices per kW of the largest demand."""
    period, place = read_demand_period(table=table, frame=frame, taken=TELLING)
    _, places = read_unit(table=table, currency=frame.currency, decimals=frame.decimals, units=(Unit.KW,))
    limits_w = _read_limits(table)
    prices_e6 = (
        read_prices(table=table, key="prices", places=places, count=len(limits_w) + 1)
        if limits_w
        else (read_price(table=table, key="price", places=places),)
    )
    return MeasuredDemand(
        code=code,
        label=label_of(table=table, code=code),
        ledger=ledger_of(table=table, default=LedgerClass.FIXED),
        proration=table.word("proration", Proration),
        discount=_read_discount(table, prices_e6),
        period=period,
        place=place,
        limits_w=limits_w,
        prices_e6=prices_e6,
        ratchets=tuple(read_ratchet(table=part) for part in table.tables("ratchet", required=False)),
        least_w=_not_negative(table, "least_kw"),
        grain_w=read_grain(table=table),
        incremental=table.word("billed_before", BilledBefore) is BilledBefore.DEDUCT,
    )


def read_demand_period(*, table: Table, frame: Frame, taken: frozenset[str]) -> tuple[str, int]:
    """
    Return a period of demand, "" for the whole time, and its place among those of the document.

    taken  names of other lines of the component
    """
    period = table.code("period", default=WHOLE_TIME)
    known = frame.demand_periods or (WHOLE_TIME,)
    if period not in known or period in taken:
        table.note("period", "unknown_word", f"{period!r} is no period of demand.", f"Use one of {', '.join(known)}.")
        return "", 0
    return ("" if period == WHOLE_TIME else period), known.index(period)


def read_percent(*, table: Table, key: str, required: bool = True) -> int:
    """Return a percentage from 0 to 100 as a part. [10^-6]"""
    part_e6 = table.number(key, places=PERCENT_PLACES, required=required)
    if not 0 <= part_e6 <= ONE_E6:
        table.note(key, "out_of_range", "A percentage from 0 to 100 is expected here.")
    return part_e6


def read_grain(*, table: Table) -> int:
    """Return to multiples of what power is rounded; to what meters tell where nothing is said. [W]"""
    grain_w = table.number("grain_kw", places=W_PLACES, required=False, default=1)
    if grain_w not in GRAINS_W:
        table.note("grain_kw", "out_of_range", "Power is rounded to 0.001, 0.01, 0.1 or 1 kW.")
        return 1
    return grain_w


def _read_limits(table: Table) -> tuple[int, ...]:
    """Return the limits of the steps of demand, which must ascend from above 0; () = no steps. [W]"""
    if not table.has("limits_kw"):
        return ()
    limits_w = table.numbers("limits_kw", places=W_PLACES)
    if not limits_w or any(low >= high for low, high in zip((0, *limits_w), limits_w, strict=False)):
        table.note("limits_kw", "limits_not_ascending", "Each limit must be larger than the one before it, and than 0.")
    return limits_w


def read_ratchet(*, table: Table) -> Ratchet:
    """Return one ratchet."""
    months = []
    for place, month in enumerate(table.entries("months", required=False)):
        if type(month) is not int or not 1 <= month <= PAST_MONTHS or month in months:
            table.note(f"months[{place}]", "bad_month", f"{month!r} is no month from 1 to 12, or stands here twice.")
        else:
            months.append(month)
    ratchet = Ratchet(
        part_e6=read_percent(table=table, key="percent"),
        months=frozenset(months),
        look_back=table.integer("look_back", low=1, high=PAST_MONTHS, default=PAST_MONTHS),
    )
    table.close()
    return ratchet


def _read_discount(table: Table, prices_e6: tuple[int | None, ...]) -> UseDiscount | None:
    """Return the lower price for good use of the capacity, None if there is none."""
    if not table.has("discount"):
        return None
    part = table.table("discount")
    from_wh_per_kva = _not_negative(part, "from_kwh_per_kva", required=True)
    factor = part.number("factor", places=2)
    if not 0 <= factor <= HUNDREDTHS:
        part.note("factor", "out_of_range", 'A factor from 0 to 1 is expected here, as "0.9".')
    elif any(price_e6 is not None and price_e6 * factor % HUNDREDTHS for price_e6 in prices_e6):
        part.note("factor", "price_not_exact", "The lower price has more decimals than a price is kept with.")
    discount = UseDiscount(
        from_wh_per_kva=from_wh_per_kva, factor_hundredths=factor, counts=part.word("counts", UseCounts)
    )
    part.close()
    return discount


def _not_negative(table: Table, key: str, *, required: bool = False) -> int:
    """Return a quantity that is not negative, by default 0. [thousandth of the unit]"""
    value = table.number(key, places=W_PLACES, required=required)
    if value < 0:
        table.note(key, "out_of_range", "A quantity of 0 or more is expected here.")
        return 0
    return value
