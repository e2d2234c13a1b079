"""Reading of the demand that is billed in place of what was measured."""

from tariffs.domain.components.billed_demand import BilledDemand, PartOfMonth
from tariffs.domain.grammar import Table
from tariffs.domain.inputs import PAST_MONTHS
from tariffs.domain.lines import LedgerClass
from tariffs.domain.parts.demand import read_percent, read_ratchet
from tariffs.domain.parts.frame import Frame, label_of, ledger_of

W_PLACES = 3


def read_billed_demand(*, table: Table, code: str, frame: Frame) -> BilledDemand:  # noqa: ARG001 - as all readers
    """Read what part of the peak is billed, and what past peaks ask for."""
    least_w = table.number("least_kw", places=W_PLACES, required=False)
    if least_w < 0:
        table.note("least_kw", "out_of_range", "A demand is at least 0.")
    return BilledDemand(
        code=code,
        label=label_of(table=table, code=code),
        ledger=ledger_of(table=table, default=LedgerClass.FIXED),
        own=tuple(_read_own(part) for part in table.tables("own", required=False)),
        ratchets=tuple(read_ratchet(table=part) for part in table.tables("ratchet", required=False)),
        least_w=least_w,
    )


def _read_own(table: Table) -> PartOfMonth:
    """Return the part of the own peak that is billed in some months."""
    months = table.entries("months")
    if any(type(month) is not int or not 1 <= month <= PAST_MONTHS for month in months) or not months:
        table.note("months", "bad_month", "Name the months, 1 to 12, in which a part of the peak is billed.")
        months = []
    found = PartOfMonth(months=frozenset(months), part_e6=read_percent(table=table, key="percent"))
    table.close()
    return found
