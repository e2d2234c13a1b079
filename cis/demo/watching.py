"""Loads that became unusual: some smart homes change in the last weeks, and are looked at here as each night does."""

from datetime import timedelta

from accounts.queries import supplier
from cis.demo.world import Scale
from metering.operations import anomalies


def build(*, scale: Scale) -> int:
    """Look at the loads up to the last day with energy; return how many are unusual."""
    return anomalies.look(last=scale.end - timedelta(days=1), zone_name=supplier.current().time_zone)
