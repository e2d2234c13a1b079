"""Tables of the room; import names from their module, so that the import contracts see them."""

from metering.models import device, place, read, usage

__all__ = ["device", "place", "read", "usage"]
