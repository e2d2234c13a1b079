"""What the pack says about late fees of a class of use."""

from dataclasses import dataclass
from datetime import date
from functools import lru_cache

from arrears.domain.charged_days import WhileOpen
from arrears.domain.late_fees import LateFeeRule
from cis.kernel import fixed
from cis.kernel.enums import Role
from cis.platform import packs
from cis.platform.packs import MissingRule

RATE_PLACES = 6
OTHER = "other"


@dataclass(frozen=True, slots=True)
class FeeTerms:
    """
    The rule for a class, when it is charged, and the text that it rests on.

    spares_debits  days on which a direct debit was under way bear no fee, unless it came back
    """

    rule: LateFeeRule
    while_open: WhileOpen
    source: str
    spares_debits: bool = False


def terms(*, use_class: str, kind: str, due_date: date) -> FeeTerms | None:
    """
    Return what the text in force on the due date says of a debt; None: it bears no late fee.

    use_class  as tariffs name it
    kind       of the bill: regular or note

    :raises MissingRule: the pack has no rule, or it charges late fees and names no rates for this class.
    """
    return _terms(packs.in_use(), use_class, kind, due_date)


@lru_cache(maxsize=4_096)
def _terms(pack: str, use_class: str, kind: str, due_date: date) -> FeeTerms | None:  # noqa: ARG001 (part of the key)
    text = packs.text_of("late_fee", at=due_date)
    value = text.value
    if not value["classes"] or kind not in value["kinds"]:
        return None
    rates = value["classes"].get(use_class) or value["classes"].get(OTHER)
    if rates is None:
        raise MissingRule(
            f"The rule late_fee of {due_date} names no rates for the class {use_class}.",
            advice="Add the class, or other, to classes of [rule.late_fee].",
            key="late_fee",
        )
    rule = LateFeeRule(
        rate_e6=fixed.parse(rates["day"], places=RATE_PLACES),
        carried_rate_e6=fixed.parse(rates["carried_day"], places=RATE_PLACES),
        least_minor=fixed.parse(value["least"], places=packs.rule("decimals", at=due_date)),
        counts_last_day=value["counts_last_day"],
    )
    return FeeTerms(rule, WhileOpen(value["while_open"]), text.source, value.get("spares_debits", False))


@dataclass(frozen=True, slots=True, kw_only=True)
class WaiverRule:
    """Codes of reasons; up to which amount a role waives alone, with what was waived so within days. [minor unit]"""

    reasons: tuple[str, ...]
    alone_minor: dict[Role, int]
    within_days: int

    def most_minor(self, roles: frozenset[Role]) -> int | None:
        """Return what somebody with these roles waives alone; None: he may not waive."""
        mine = [most for role, most in self.alone_minor.items() if role in roles]
        return max(mine) if mine else None


def waiver(*, at: date) -> WaiverRule:
    """
    Return who waives late fees on a day.

    :raises MissingRule: the pack has no rule ``late_fee_waiver``: nobody waives any there.
    """
    rule, decimals = packs.rule("late_fee_waiver", at=at), packs.rule("decimals", at=at)
    return WaiverRule(
        reasons=tuple(rule["reasons"]),
        alone_minor={
            role: fixed.parse(rule[f"{role.value}_most"], places=decimals)
            for role in (Role.CLERK, Role.BILLING, Role.SUPERVISOR)
        },
        within_days=rule["within_days"],
    )
