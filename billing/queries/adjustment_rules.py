"""What the place says about adjustments and moved money: reasons, their ledger accounts and tax, limits by role."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from billing.domain.adjustments import Limits, Side
from cis.kernel import fixed
from cis.kernel.enums import Role
from cis.platform import packs
from contracts.domain import breaches
from tariffs.domain.components.basic import TaxMode

RATE_PLACES = 6
ROLES = (Role.CLERK, Role.BILLING, Role.SUPERVISOR)


@dataclass(frozen=True, slots=True, kw_only=True)
class Reason:
    """
    A reason for an adjustment.

    ledger_class  under which it is posted; one with a dot is a ledger account itself
    rate_e6       tax that the amount contains [10^-6]
    """

    code: str
    side: Side
    ledger_class: str
    rate_e6: int

    def tax_minor(self, amount_minor: int) -> int:
        """Return the tax that an amount contains, a credit's as the mirror of a debit's. [minor unit]"""
        if not self.rate_e6:
            return 0
        tax = breaches.tax_of(amount_minor=abs(amount_minor), rate_e6=self.rate_e6, mode=TaxMode.INSIDE)
        return tax if amount_minor > 0 else -tax


@dataclass(frozen=True, slots=True, kw_only=True)
class AdjustmentRule:
    """Reasons by code, limits, and the text that they rest on."""

    reasons: Mapping[str, Reason]
    limits: Limits
    source: str


@dataclass(frozen=True, slots=True, kw_only=True)
class MoveRule:
    """
    Moved money.

    tells     who had the money is told that it was moved
    old_days  credit that lies longer is looked at
    """

    limits: Limits
    tells: bool
    old_days: int
    source: str


def adjustments(*, at: date) -> AdjustmentRule:
    """
    Return what may be adjusted on a day.

    :raises MissingRule: the pack has no rule ``adjustments``: nothing is adjusted there.
    """
    text = packs.text_of("adjustments", at=at)
    reasons = {
        code: Reason(
            code=code,
            side=Side(one["side"]),
            ledger_class=one["ledger"],
            rate_e6=fixed.parse(one["vat_rate"], places=RATE_PLACES),
        )
        for code, one in text.value["reasons"].items()
    }
    return AdjustmentRule(reasons=reasons, limits=_limits(text.value, at=at), source=text.source)


def moves(*, at: date) -> MoveRule:
    """
    Return how money may be moved on a day.

    :raises MissingRule: the pack has no rule ``money_moves``.
    """
    text = packs.text_of("money_moves", at=at)
    return MoveRule(
        limits=_limits(text.value, at=at),
        tells=text.value["tells"],
        old_days=text.value["old_days"],
        source=text.source,
    )


def _limits(rule: Mapping[str, Any], *, at: date) -> Limits:
    decimals = packs.rule("decimals", at=at)
    return Limits(
        alone_minor={role: fixed.parse(rule[f"{role.value}_most"], places=decimals) for role in ROLES},
        day_minor={role: fixed.parse(rule[f"{role.value}_day"], places=decimals) for role in ROLES},
    )
