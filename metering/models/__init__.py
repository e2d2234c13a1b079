"""Tables of the room; import names from their module, so that the import contracts see them."""

from metering.models import command, correction, device, network, outage, place, read, rule, store, usage, work

__all__ = ["command", "correction", "device", "network", "outage", "place", "read", "rule", "store", "usage", "work"]
