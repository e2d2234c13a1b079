"""Reading of components with steps."""

from tariffs.domain.components.tiers import Convention, HouseholdAllowance, TieredEnergy, TieredTimeOfUse
from tariffs.domain.grammar import Table
from tariffs.domain.lines import LedgerClass
from tariffs.domain.parts.frame import WH_PLACES, Frame, energy_places, label_of, ledger_of, period_table
from tariffs.domain.prices import read_prices

MAX_PERSONS = 99


def read_tiered_energy(*, table: Table, code: str, frame: Frame) -> TieredEnergy:
    """Read a price per step."""
    limits_wh = read_limits(table=table)
    places = energy_places(table=table, frame=frame)
    return TieredEnergy(
        code=code,
        label=label_of(table=table, code=code),
        ledger=ledger_of(table=table, default=LedgerClass.ENERGY),
        limits_wh=limits_wh,
        allowance=read_allowance(table=table, limits_wh=limits_wh),
        prices_e6=read_prices(table=table, key="prices", places=places, count=len(limits_wh) + 1),
    )


def read_tiered_time_of_use(*, table: Table, code: str, frame: Frame) -> TieredTimeOfUse:
    """Read a price per step and period of use."""
    limits_wh = read_limits(table=table)
    places = energy_places(table=table, frame=frame)
    prices, count = period_table(table=table, frame=frame), len(limits_wh) + 1
    columns = [read_prices(table=prices, key=period, places=places, count=count) for period in frame.periods]
    prices.close()
    return TieredTimeOfUse(
        code=code,
        label=label_of(table=table, code=code),
        ledger=ledger_of(table=table, default=LedgerClass.ENERGY),
        limits_wh=limits_wh,
        allowance=read_allowance(table=table, limits_wh=limits_wh),
        periods=frame.periods,
        prices_e6=tuple(zip(*columns, strict=True)),
        convention=table.word("convention", Convention),
    )


def read_limits(*, table: Table) -> tuple[int, ...]:
    """Return the limits of the steps, which must ascend from above 0. [Wh]"""
    limits_wh = table.numbers("limits_kwh", places=WH_PLACES)
    if any(low >= high for low, high in zip((0, *limits_wh), limits_wh, strict=False)):
        table.note(
            "limits_kwh", "limits_not_ascending", "Each limit must be larger than the one before it, and than 0."
        )
    return limits_wh


def read_allowance(*, table: Table, limits_wh: tuple[int, ...]) -> HouseholdAllowance | None:
    """Return the wider limits of large households, None if there are none."""
    if not table.has("household"):
        return None
    part = table.table("household")
    persons = part.integer("from_persons", low=1, high=MAX_PERSONS)
    grow_wh = part.numbers("grow_kwh", places=WH_PLACES)
    part.close()
    if len(grow_wh) != len(limits_wh):
        part.note("grow_kwh", "wrong_count", f"{len(limits_wh)} limits need as many entries here.")
        return None
    wide = [limit_wh + grow for limit_wh, grow in zip(limits_wh, grow_wh, strict=True)]
    if min(grow_wh, default=0) < 0 or wide != sorted(set(wide)):
        part.note("grow_kwh", "limits_not_ascending", "Limits must grow, and still ascend.")
    return HouseholdAllowance(from_persons=persons, grow_wh=grow_wh)
