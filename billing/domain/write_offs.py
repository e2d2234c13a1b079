"""Debts that are given up: which reasons there are, what each asks for, and who decides on how much."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum

from billing.domain.adjustments import DECIDERS
from cis.kernel.actors import Actor, ActorKind
from cis.kernel.enums import Role

BAD_DEBT = "expense.bad_debt"
"""What is written off is an expense of this ledger account."""


class BatchState(StrEnum):
    """
    States of a batch of write-offs.

    PROPOSED  waits for a second person
    DECIDED   let go: its write-offs are being made
    DONE      each of them was made, or left out since nothing was open any more
    """

    PROPOSED = "proposed"
    DECIDED = "decided"
    DONE = "done"
    DROPPED = "dropped"


class Back(StrEnum):
    """
    Why a part of a write-off stands no more.

    RECOVERED  money came in for it
    CANCELLED  a bill that it had paid was cancelled, so that much was never owed
    """

    RECOVERED = "recovered"
    CANCELLED = "cancelled"


class Finds(StrEnum):
    """Which accounts the nightly list proposes for a reason; NOBODY: people propose it alone."""

    NOBODY = "nobody"
    CLOSED = "closed"
    ANY = "any"


class Evidence(StrEnum):
    """What a proposal by a person has to show; PAPER: a file, beside the text."""

    TEXT = "text"
    PAPER = "paper"


@dataclass(frozen=True, slots=True, kw_only=True)
class Reason:
    """
    Why a debt is given up.

    after_days  so long after its due date the oldest part of the debt is, at least
    most_minor  an account that owes more is not for this reason; 0: any [minor unit]
    """

    code: str
    after_days: int
    most_minor: int
    evidence: Evidence
    finds: Finds

    def due_by(self, today: date) -> date:
        """Return the last due date of a debt that is old enough today."""
        return today - timedelta(days=self.after_days)

    def fits(self, *, oldest_due: date, amount_minor: int, today: date) -> bool:
        """Return whether a debt is old enough, and not too large, for the reason."""
        return oldest_due <= self.due_by(today) and (self.most_minor == 0 or amount_minor <= self.most_minor)


@dataclass(frozen=True, slots=True, kw_only=True)
class WriteOffRule:
    """
    What the place says on debts that are given up.

    decides_minor  the largest that somebody of a role decides on as the second person [minor unit]
    recovered_to   ledger account of what comes in later
    source         the text that it rests on
    """

    reasons: Mapping[str, Reason]
    decides_minor: Mapping[Role, int]
    recovered_to: str
    source: str

    def may_decide(self, *, actor: Actor, amount_minor: int) -> bool:
        """Return whether an actor may decide on so much; a program decides on what billing does."""
        roles = {Role.BILLING} if actor.kind is ActorKind.CLIENT else actor.roles & DECIDERS
        return any(amount_minor <= most for role, most in self.decides_minor.items() if role in roles)
