"""Tables of the room; import names from their module, so that the import contracts see them."""

from tariffs.models import price, tariff

__all__ = ["price", "tariff"]
