"""Loads that are looked at here as each night does: what became unusual, and how homes used the months."""

from datetime import timedelta

from accounts.queries import supplier
from cis.demo.world import Scale
from metering.operations import anomalies, behaviours

MONTHS = 3


def build(*, scale: Scale) -> int:
    """Tell how places used the last months; return how many loads are unusual on the last day with energy."""
    zone_name = supplier.current().time_zone
    for month in scale.months[-MONTHS:]:
        behaviours.look(month=month, zone_name=zone_name)
    return anomalies.look(last=scale.end - timedelta(days=1), zone_name=zone_name)
