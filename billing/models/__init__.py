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
    write_off,
)

__all__ = ["adjustment", "bill", "charge", "chart", "energizing", "ledger", "payment", "period", "rebill", "run", "settlement", "shadow", "simulation", "write_off"]
