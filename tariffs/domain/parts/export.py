"""Reading of what energy given to the grid is worth."""

from tariffs.domain.components.export import (
    DECEMBER,
    Applied,
    CreditYear,
    Ending,
    ExportCredit,
    KwhCredits,
    MoneyCredits,
    Netting,
    Paid,
    TieredExport,
)
from tariffs.domain.grammar import Table
from tariffs.domain.lines import LedgerClass
from tariffs.domain.parts.charge_limits import read_on
from tariffs.domain.parts.frame import Frame, energy_places, label_of, ledger_of, period_table
from tariffs.domain.parts.tiers import read_limits
from tariffs.domain.plan import TOTAL
from tariffs.domain.prices import read_price, read_prices


def read_netting(*, table: Table, code: str, frame: Frame) -> Netting:
    """Read energy given that offsets energy used within the month."""
    return Netting(
        code=code,
        label=label_of(table=table, code=code),
        ledger=ledger_of(table=table, default=LedgerClass.ENERGY),
        periods=frame.periods or TOTAL,
        pools=_read_pools(table, frame),
    )


def read_kwh_credits(*, table: Table, code: str, frame: Frame) -> KwhCredits:
    """Read energy given that offsets energy used, now and in the months after."""
    pools = _read_pools(table, frame)
    return KwhCredits(
        code=code,
        label=label_of(table=table, code=code),
        ledger=ledger_of(table=table, default=LedgerClass.ENERGY),
        periods=frame.periods or TOTAL,
        pools=pools,
        moves=_read_moves(table, frame, pools),
        year=_read_year(table),
        paid=table.word("paid", Paid),
        price_e6=read_price(table=table, key="price", places=energy_places(table=table, frame=frame)),
    )


def read_export_credit(*, table: Table, code: str, frame: Frame) -> ExportCredit:
    """Read prices for energy given, paid with the bill."""
    return ExportCredit(
        code=code,
        label=label_of(table=table, code=code),
        ledger=ledger_of(table=table, default=LedgerClass.ENERGY),
        periods=frame.periods or TOTAL,
        prices_e6=_read_prices(table, frame),
    )


def read_tiered_export(*, table: Table, code: str, frame: Frame) -> TieredExport:
    """Read prices in steps of the energy given."""
    limits_wh = read_limits(table=table)
    places = energy_places(table=table, frame=frame)
    return TieredExport(
        code=code,
        label=label_of(table=table, code=code),
        ledger=ledger_of(table=table, default=LedgerClass.ENERGY),
        limits_wh=limits_wh,
        prices_e6=read_prices(table=table, key="prices", places=places, count=len(limits_wh) + 1),
    )


def read_money_credits(*, table: Table, code: str, frame: Frame) -> MoneyCredits:
    """Read credits in money that are handed from bill to bill."""
    return MoneyCredits(
        code=code,
        label=label_of(table=table, code=code),
        ledger=ledger_of(table=table, default=LedgerClass.ENERGY),
        on=read_on(table=table),
        applied=table.word("applied", Applied),
        year=_read_year(table),
        periods=frame.periods or TOTAL,
        prices_e6=_read_prices(table, frame),
    )


def _read_prices(table: Table, frame: Frame) -> tuple[int | None, ...]:
    """Return a price for each period of use: one for all, or a table."""
    places = energy_places(table=table, frame=frame)
    if table.has("price") or not table.has("prices"):
        return (read_price(table=table, key="price", places=places),) * max(len(frame.periods), 1)
    prices = period_table(table=table, frame=frame)
    found = tuple(read_price(table=prices, key=period, places=places) for period in frame.periods)
    prices.close()
    return found


def _read_year(table: Table) -> CreditYear:
    """Return when credits end; a year that is not written is one without end."""
    yearly = table.has("year_starts")
    return CreditYear(
        first_month=table.integer("year_starts", low=1, high=DECEMBER) if yearly else None,
        at_end=table.word("at_end", Ending) if yearly else Ending.PAY,
        leaving=table.word("leaving", Ending),
    )


def _read_pools(table: Table, frame: Frame) -> tuple[tuple[int, ...], ...]:
    """Return the places of the periods of each pool; each period of use stands in just one."""
    if not frame.periods:
        return ((0,),)
    pools = [[str(code) for code in pool] if isinstance(pool, list) else [] for pool in table.entries("pools")]
    if sorted(code for pool in pools for code in pool) != sorted(frame.periods) or not all(pools):
        if table.has("pools"):
            table.note("pools", "bad_pools", "Each period of use stands in one pool.", 'As [["peak"], ["valley"]].')
        return tuple((place,) for place in range(len(frame.periods)))
    return tuple(tuple(sorted(frame.periods.index(code) for code in pool)) for pool in pools)


def _read_moves(table: Table, frame: Frame, pools: tuple[tuple[int, ...], ...]) -> tuple[tuple[int, int, int], ...]:
    """Return in which months credits go from the pool of one period of use to that of another."""
    pool_of = {frame.periods[place]: number for number, pool in enumerate(pools) for place in pool if frame.periods}
    moves = []
    for part in table.tables("moves", required=False):
        month = part.integer("month", low=1, high=DECEMBER)
        names = [part.text(key) for key in ("from", "to")]
        part.close()
        unknown = [name for name in names if name not in pool_of]
        if unknown:
            part.note("from", "unknown_period", f"{', '.join(unknown)} is no period of use.")
        else:
            moves.append((month, pool_of[names[0]], pool_of[names[1]]))
    return tuple(moves)
