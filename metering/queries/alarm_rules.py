"""Rules of the pack on what comes of alarms of meters."""

from collections.abc import Mapping
from datetime import date

from cis.platform import packs
from cis.platform.packs import MissingRule
from metering.domain.alarm_rules import AlarmRule, rules_of
from metering.domain.meter_alarms import AlarmKind


def in_force(*, at: date) -> Mapping[AlarmKind, AlarmRule]:
    """Return the rules by kind; a place without any makes nothing of alarms that say nothing of current."""
    try:
        return rules_of(packs.rule("alarms", at=at))
    except MissingRule:
        return {}
