"""What may be done about a finding: which acts fit which code, and how a change of a value is decided."""

from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from cis.kernel.actors import ActorKind
from cis.kernel.enums import Role
from cis.kernel.workflow import Move, Workflow
from metering.domain.exceptions import ACCEPTABLE
from metering.domain.places import Quantity
from metering.domain.vee import Code

BULK_MOST = 50
"""So many exceptions are dealt with at a time: those of a page."""
SUBJECT = "usage_exception"
"""The case of an order to read again."""


class Act(StrEnum):
    """
    What somebody does about an exception.

    ACCEPT    it is right as it is
    EDIT      another counter value takes the place of the doubted or missing one
    ESTIMATE  an estimate does, by a method of the pack
    VISIT     a crew reads the meter again: its counters, for no crew reads interval values
    """

    ACCEPT = "accept"
    EDIT = "edit"
    ESTIMATE = "estimate"
    VISIT = "visit"


class ChangeState(StrEnum):
    """
    States of a changed value.

    PROPOSED  waits for a second person; the value is as it was
    APPLIED   the value holds
    DROPPED   was never applied
    """

    PROPOSED = "proposed"
    APPLIED = "applied"
    DROPPED = "dropped"


class ChangeAction(StrEnum):
    """What moves a changed value."""

    APPLY = "apply"
    DROP = "drop"


DECIDERS: frozenset[Role | ActorKind] = frozenset({Role.METERING, Role.SUPERVISOR})
"""Who agrees to what another one changes."""
CHANGERS: frozenset[Role | ActorKind] = DECIDERS | {ActorKind.CLIENT}
"""Who changes values."""

WORKFLOW = Workflow(
    "changed reading",
    {
        (ChangeState.PROPOSED, ChangeAction.APPLY): Move(ChangeState.APPLIED, DECIDERS),
        (ChangeState.PROPOSED, ChangeAction.DROP): Move(ChangeState.DROPPED, DECIDERS),
    },
)

_UNCHANGEABLE = frozenset({"span_overlaps", "span_corrected", Code.DUPLICATE, Code.INACTIVE, Code.SIBLING})
"""No value of this register is what is wrong."""
_ONLY_READ = frozenset({Code.LONG_ESTIMATED, Code.WINDOW, Code.CONSECUTIVE})
"""No estimate can mend it: it wants a reading."""
INTERVAL_ESTIMABLE = frozenset({"days_missing", Code.SPIKE})
"""Of interval registers: values that are missing, or that stand out of their day."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Doubted:
    """What an exception is about, as far as acts depend on it."""

    code: str
    quantity: str
    is_interval: bool
    start_date: date
    end_date: date
    fact_date: date

    @property
    def read_date(self) -> date:
        """Return the date of the counter value that is doubted or missing: of a span, the one at its end."""
        return self.fact_date if self.start_date == self.end_date else self.end_date

    def acts(self) -> frozenset[Act]:
        """Return the acts that fit, whoever does them."""
        found = set() if self.is_interval else {Act.VISIT}
        if self.code in ACCEPTABLE:
            found.add(Act.ACCEPT)
        if self.code in _UNCHANGEABLE:
            return frozenset(found)
        if self.is_interval:
            return frozenset(found | ({Act.ESTIMATE} if self.code in INTERVAL_ESTIMABLE else set()))
        found.add(Act.EDIT)
        if self.quantity != Quantity.DEMAND and self.code not in _ONLY_READ:
            found.add(Act.ESTIMATE)
        return frozenset(found)
