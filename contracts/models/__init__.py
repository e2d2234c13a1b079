"""Tables of the room; import names from their module, so that the import contracts see them."""

from contracts.models import agreement, change, charge, opening

__all__ = ["agreement", "change", "charge", "opening"]
