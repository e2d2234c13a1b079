"""How long interval days are kept: what may go, and who is asked before it does."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Protocol

from cis.kernel.periods import Period


@dataclass(frozen=True, slots=True, kw_only=True)
class Superseded:
    """
    A version of an interval day that a later one took the place of.

    known_from   when it came; None: it was always known
    known_until  when the later one came; None: that was always known
    """

    register_id: int
    day_date: date
    version: int
    known_from: datetime | None
    known_until: datetime | None


class Bills(Protocol):
    """What billing says of bills that stand."""

    def named(self, versions: Sequence[Superseded]) -> set[int]:
        """Return the places of versions by which a bill was rated that stands."""

    def rests_on(self, days: Period, *, since: datetime) -> bool:
        """Return whether a bill that stands, made since an instant, has some of these local days."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Thinned:
    """
    What was thinned and detached, or would be.

    versions  superseded versions that go
    named     superseded versions that stay, since a bill names them
    months    first days of months that leave the table
    resting   first days of months that stay, since a bill of late rests on them, or somebody worked on the table
    """

    versions: int
    named: int
    months: tuple[date, ...]
    resting: tuple[date, ...]
