"""The rule ``telephone_calls`` of the pack, as the domain wants it, on the clock and calendar of the place."""

from collections.abc import Mapping
from datetime import date, datetime, time
from typing import Any, Final

from django.conf import settings
from django.utils import timezone

from cis.kernel.calendar import local_clock
from cis.platform import calendars, packs
from cis.platform.packs import MissingRule
from complaints.domain.calls import CallRules, Hours

KEY: Final = "telephone_calls"


def rules(*, at: date) -> CallRules:
    """
    Return how callers are checked and called back here.

    :raises MissingRule: the pack says nothing of it: nobody is called back here.
    """
    value: Mapping[str, Any] = packs.rule(KEY, at=at)
    times = {name: time.fromisoformat(value[name]) for name in ("opens", "closes")}
    return CallRules(**{**value, **times})


def hours(*, at: datetime) -> Hours:
    """
    Return the hours in which people are called here.

    :raises MissingRule: nobody is called back here.
    """
    day = timezone.localdate(at)
    country = packs.rule("holiday_country", at=day)
    return Hours(rules(at=day), local_clock(settings.TIME_ZONE), calendars.business_calendar(country))


def is_offered(*, at: date) -> bool:
    """Return whether people are called back here."""
    try:
        packs.rule(KEY, at=at)
    except MissingRule:
        return False
    return True
