"""Reading of blocks: volume prices, packages, fees of steps, steps of each period of use."""

from tariffs.domain.components.basic import Per
from tariffs.domain.components.blocks import (
    FeeOf,
    Fills,
    PackageEnergy,
    PeriodSteps,
    StepFee,
    TieredByPeriod,
    VolumeEnergy,
)
from tariffs.domain.components.tiers import PER_MONTH, LimitsPer
from tariffs.domain.grammar import Table
from tariffs.domain.lines import LedgerClass, Unit
from tariffs.domain.parts.frame import WH_PLACES, Frame, energy_places, label_of, ledger_of
from tariffs.domain.parts.tiers import read_allowances, read_limits, read_limits_per
from tariffs.domain.prices import read_price, read_prices, read_unit


def read_volume_energy(*, table: Table, code: str, frame: Frame) -> VolumeEnergy:
    """Read prices of all energy by the step reached."""
    limits_wh = read_limits(table=table)
    places = energy_places(table=table, frame=frame)
    return VolumeEnergy(
        code=code,
        label=label_of(table=table, code=code),
        ledger=ledger_of(table=table, default=LedgerClass.ENERGY),
        limits_wh=limits_wh,
        limits_per=read_limits_per(table=table, limits_wh=limits_wh),
        allowances=read_allowances(table=table, limits_wh=limits_wh),
        prices_e6=read_prices(table=table, key="prices", places=places, count=len(limits_wh) + 1),
    )


def read_package_energy(*, table: Table, code: str, frame: Frame) -> PackageEnergy:
    """Read the price of a package of energy."""
    _, places = read_unit(table=table, currency=frame.currency, decimals=frame.decimals, units=(Unit.BLOCK,))
    package_wh = table.number("package_kwh", places=WH_PLACES)
    free_wh = table.number("free_kwh", places=WH_PLACES, required=False)
    if package_wh <= 0 or free_wh < 0:
        table.note("package_kwh", "bad_package", "A package holds energy, and what is free is not negative.")
    per = table.word("counted_per", LimitsPer)
    if per not in {LimitsPer.CYCLE, LimitsPer.MONTH}:
        table.note("counted_per", "unknown_word", "Packages are counted by the cycle or by the month.")
    return PackageEnergy(
        code=code,
        label=label_of(table=table, code=code),
        ledger=ledger_of(table=table, default=LedgerClass.ENERGY),
        package_wh=max(package_wh, 1),
        free_wh=free_wh,
        counted_per=per,
        price_e6=read_price(table=table, key="price", places=places),
    )


def read_step_fee(*, table: Table, code: str, frame: Frame) -> StepFee:
    """Read a fee per step and day or month."""
    limits_wh = read_limits(table=table)
    limits_per = read_limits_per(table=table, limits_wh=limits_wh)
    units = (Unit.MONTH, Unit.DAY)
    unit, places = read_unit(table=table, currency=frame.currency, decimals=frame.decimals, units=units)
    if LimitsPer.CYCLE in limits_per or any((per in PER_MONTH) != (unit is Unit.MONTH) for per in limits_per):
        message = f"Fees per {unit} go with limits per {unit}."
        table.note("limits_per", "wrong_unit", message, "Write month or kw for fees per month, day or kw_day per day.")
    return StepFee(
        code=code,
        label=label_of(table=table, code=code),
        ledger=ledger_of(table=table, default=LedgerClass.FIXED),
        limits_wh=limits_wh,
        limits_per=limits_per,
        allowances=read_allowances(table=table, limits_wh=limits_wh),
        fees_e6=read_prices(table=table, key="fees", places=places, count=len(limits_wh) + 1),
        per=Per(unit.value),
        fee_of=table.word("fee_of", FeeOf),
    )


def read_tiered_by_period(*, table: Table, code: str, frame: Frame) -> TieredByPeriod:
    """Read limits and prices that each period of use has of its own."""
    if not frame.periods:
        table.note("steps", "no_periods", "The document names no periods of use.", "Add the table time_of_use.")
    places = energy_places(table=table, frame=frame)
    label, ledger = label_of(table=table, code=code), ledger_of(table=table, default=LedgerClass.ENERGY)
    fills = table.word("fills", Fills)
    steps, parts = table.table("steps"), []
    for period in frame.periods:
        part = steps.table(period)
        limits_wh = read_limits(table=part) if part.has("limits_kwh") else ()
        limits_per = read_limits_per(table=part, limits_wh=limits_wh) if limits_wh else (LimitsPer.MONTH,)
        if fills is Fills.OWN and LimitsPer.CYCLE in limits_per:
            message = "The energy of one period since the cycle began is not kept."
            part.note("limits_per", "mixed_limits", message, 'Write limits_per = "month", or fills = "all".')
        parts.append(
            PeriodSteps(
                code=code,
                label=label,
                ledger=ledger,
                limits_wh=limits_wh,
                limits_per=limits_per,
                prices_e6=read_prices(table=part, key="prices", places=places, count=len(limits_wh) + 1),
            )
        )
        part.close()
    steps.close()
    return TieredByPeriod(code=code, label=label, ledger=ledger, periods=frame.periods, parts=tuple(parts), fills=fills)
