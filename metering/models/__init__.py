"""Tables of the room; import names from their module, so that the import contracts see them."""

from metering.models import device, place, read, rule, usage

__all__ = ["device", "place", "read", "rule", "usage"]
