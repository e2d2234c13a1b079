"""Tables of the room; import names from their module, so that the import contracts see them."""

from arrears.models import (
    collection,
    dunning,
    late_fee,
    plan,
)

__all__ = [
    "collection",
    "dunning",
    "late_fee",
    "plan",
]
