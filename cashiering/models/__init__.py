"""Tables of the room; import names from their module, so that the import contracts see them."""

from cashiering.models import bank

__all__ = ["bank"]
