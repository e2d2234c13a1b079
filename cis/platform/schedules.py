"""When work falls due: every so often, or at a local time of day."""

from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from typing import Protocol

from cis.kernel.calendar import local_clock

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Schedule(Protocol):
    """A rule that says when work falls due."""

    def last_due(self, at: datetime) -> datetime:
        """Return the latest instant, not after ``at``, at which the work was due."""


@dataclass(frozen=True, slots=True)
class Every:
    """Due again and again after the same time, counted from 1970 UTC, so that all machines agree on it."""

    interval: timedelta

    def __post_init__(self) -> None:
        if self.interval <= timedelta(0):
            raise ValueError(f"due every {self.interval}")

    def last_due(self, at: datetime) -> datetime:
        """Return the latest instant, not after ``at``, at which the work was due."""
        return at - (at - EPOCH) % self.interval


@dataclass(frozen=True, slots=True)
class Daily:
    """
    Due once each local day.

    A time that clocks jump over in spring is due when they have jumped; one that comes twice is due the first time.

    at         local time of day
    zone_name  IANA name of the zone whose day is meant
    """

    at: time
    zone_name: str

    def last_due(self, at: datetime) -> datetime:
        """Return the latest instant, not after ``at``, at which the work was due."""
        zone = local_clock(self.zone_name).zone
        day = at.astimezone(zone).date()
        while (due := datetime.combine(day, self.at, tzinfo=zone).astimezone(UTC)) > at:
            day -= timedelta(days=1)
        return due
