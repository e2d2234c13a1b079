"""Reading of dynamic prices."""

from tariffs.domain.components.dynamic import DynamicEnergy, NegativePrices
from tariffs.domain.grammar import Table
from tariffs.domain.lines import LedgerClass
from tariffs.domain.parts.frame import Frame, energy_places, label_of, ledger_of
from tariffs.domain.prices import read_price


def read_dynamic(*, table: Table, code: str, frame: Frame) -> DynamicEnergy:
    """Read energy at the prices of a series, with margin, floor and cap."""
    places = energy_places(table=table, frame=frame)
    floor_e6, cap_e6 = (_bound(table, key, places) for key in ("floor", "cap"))
    negative = table.word("negative_prices", NegativePrices)
    if floor_e6 is not None and cap_e6 is not None and floor_e6 > cap_e6:
        table.note("cap", "bounds_crossed", "The cap lies below the floor.")
    if negative is not NegativePrices.KEEP and cap_e6 is not None and cap_e6 < 0:
        table.note("cap", "bounds_crossed", "A cap below 0 keeps prices below 0.")
    return DynamicEnergy(
        code=code,
        label=label_of(table=table, code=code),
        ledger=ledger_of(table=table, default=LedgerClass.ENERGY),
        series=table.code("series"),
        margin_e6=read_price(table=table, key="margin", places=places),
        negative=negative,
        floor_e6=floor_e6,
        cap_e6=cap_e6,
    )


def _bound(table: Table, key: str, places: int) -> int | None:
    """Return a bound of each price, None if it is not given; one that is not known cannot be left out."""
    if not table.has(key):
        return None
    found = read_price(table=table, key=key, places=places)
    if found is None:
        table.note(key, "not_text", "A bound that is not known would be no bound.", "Give it, or leave the key away.")
    return found
