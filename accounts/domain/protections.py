"""
Protections of customers: whom the supplier treats with care, and by what rule.

A protection is a dated row of one register. Some kinds hold the account as well: whoever needs electricity to live is
not cut off, from the call on, while the papers are still to come.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Protocol

from cis.kernel.actors import Actor
from cis.kernel.enums import Role
from cis.kernel.periods import add_months

EVIDENCE_STANDARD, REVIEW_STANDARD = "protection_evidence", "protection_review"
"""Service standards: until when the papers are there, and until when a protection was looked at again."""


class ProtectionKind(StrEnum):
    """
    Why a customer is treated with care.

    LIFE_SUPPORT  somebody at the place lives by a device
    VULNERABLE    ill, old, or poor
    KEY_ACCOUNT   a customer whom one person of the supplier looks after
    """

    LIFE_SUPPORT = "life_support"
    VULNERABLE = "vulnerable"
    KEY_ACCOUNT = "key_account"


class Evidence(StrEnum):
    """What shows that a protection is due."""

    MEDICAL = "medical_certificate"
    DEVICE = "device_papers"
    DISABILITY = "disability_card"
    ASSISTANCE = "social_assistance"
    AGE = "identity_card"
    DECISION = "decision"


class ProtectionState(StrEnum):
    """UNPROVEN: its papers are still to come; REVIEW: it is to be looked at again; ENDED: it holds no more."""

    UNPROVEN = "unproven"
    PROVEN = "proven"
    REVIEW = "review"
    ENDED = "ended"


@dataclass(frozen=True, slots=True, kw_only=True)
class ProtectionRule:
    """
    What a place says of one kind.

    evidence       what shows it
    review_months  it is looked at again so long after it was shown
    ahead_days     that is asked for so long before
    setters        roles and kinds of actors who register it
    holds          the account is held meanwhile: nothing is pursued that the rule of disconnection keeps from it
    """

    kind: ProtectionKind
    evidence: tuple[Evidence, ...]
    review_months: int
    ahead_days: int
    setters: frozenset[str]
    holds: bool

    def may_set(self, actor: Actor) -> bool:
        """Return whether somebody may register it."""
        return actor.kind.value in self.setters or any(role.value in self.setters for role in actor.roles)

    def review_date(self, proven_date: date) -> date:
        """Return when it is looked at again."""
        return add_months(proven_date, self.review_months)


KEEPERS: frozenset[Role] = frozenset((Role.CLERK, Role.BILLING, Role.SUPERVISOR))
"""Who takes papers in and asks that a protection ends."""


def state_of(*, until_date: date | None, evidence: str, review_asked_date: date | None, today: date) -> ProtectionState:
    """Return how a protection stands on a day."""
    if until_date is not None and until_date <= today:
        return ProtectionState.ENDED
    if not evidence:
        return ProtectionState.UNPROVEN
    return ProtectionState.PROVEN if review_asked_date is None else ProtectionState.REVIEW


class Holder(Protocol):
    """Holds an account for a protection; bound by ``cis.wiring`` to the room that pursues debts."""

    def __call__(
        self, *, account_id: int, kind: ProtectionKind, evidence: str, at: datetime, actor: Actor,
        place_id: int | None, until_at: datetime | None,
    ) -> int:  # fmt: skip
        """Return the id of the hold that was placed."""
        ...


class Lifter(Protocol):
    """Lifts the holds of a protection."""

    def __call__(self, *, hold_ids: Sequence[int], reason: str, at: datetime, actor: Actor) -> bool:
        """Return False where another person has to agree first."""
        ...


class Keeper(Protocol):
    """Lets the holds of a protection stand that somebody asked to lift."""

    def __call__(self, *, hold_ids: Sequence[int], actor: Actor) -> None:
        """Forget that it was asked for."""
        ...


class Renewer(Protocol):
    """Lets the holds of a protection hold until it is ended, whatever day or request stood against them."""

    def __call__(self, *, hold_ids: Sequence[int], at: datetime, actor: Actor) -> None:
        """Renew them, in the caller's transaction."""
