"""Tables of the room; import names from their module, so that the import contracts see them."""

from billing.models import (
    adjustment,
    bill,
    charge,
    chart,
    energizing,
    ledger,
    payment,
    period,
    rebill,
    run,
    settlement,
    shadow,
    simulation,
)

__all__ = [
<<<<<<< HEAD
    "adjustment", "bill", "charge", "energizing", "ledger", "payment", "period", "rebill", "run", "settlement",
    "shadow", "simulation",
=======
    "bill", "charge", "chart", "energizing", "ledger", "payment", "period", "rebill", "run", "settlement", "shadow",
    "simulation",
>>>>>>> 83c4d70d (Write the journal of a month under the numbers of the company's chart, the same bytes each time)
]  # fmt: skip
