"""Tables of the room; import names from their module, so that the import contracts see them."""

from cashiering.models import bank, checkout, debit

__all__ = ["bank", "checkout", "debit"]
