"""Tables of the room; import names from their module, so that the import contracts see them."""

from billing.models import bill, ledger, payment, rebill, run, shadow, simulation

__all__ = ["bill", "ledger", "payment", "rebill", "run", "shadow", "simulation"]
