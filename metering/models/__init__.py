"""Tables of the room; import names from their module, so that the import contracts see them."""

from metering.models import (
    alarm,
    anomaly,
    behaviour,
    command,
    correction,
    device,
    device_test,
    exception,
    forecast,
    live,
    load,
    network,
    outage,
    place,
    read,
    read_change,
    route,
    rule,
    store,
    stream,
    usage,
    voltage,
    work,
)

__all__ = [
    "alarm", "anomaly", "behaviour", "command", "correction", "device", "device_test", "exception", "forecast",
    "live", "load", "network", "outage", "place", "read", "read_change", "route", "rule", "store", "stream", "usage",
    "voltage", "work",
]  # fmt: skip
