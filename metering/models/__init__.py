"""Tables of the room; import names from their module, so that the import contracts see them."""

from metering.models import correction, device, place, read, rule, usage, work

__all__ = ["correction", "device", "place", "read", "rule", "usage", "work"]
