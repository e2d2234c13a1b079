"""What the place says about the care of customers."""

from datetime import date

from accounts.domain.protections import Evidence, ProtectionKind, ProtectionRule
from cis.platform import packs


def protections(*, at: date) -> dict[ProtectionKind, ProtectionRule]:
    """
    Return the rules of protections by kind; a kind that the pack leaves out is not registered there.

    :raises MissingRule: the pack has no rule ``protections``.
    """
    return {
        ProtectionKind(kind): ProtectionRule(
            kind=ProtectionKind(kind),
            evidence=tuple(Evidence(one) for one in value["evidence"]),
            review_months=value["review_months"],
            ahead_days=value["ahead_days"],
            setters=frozenset(value["setters"]),
            holds=value["holds"],
        )
        for kind, value in packs.rule("protections", at=at).items()
    }


def protections_or_none(*, at: date) -> dict[ProtectionKind, ProtectionRule]:
    """Return the rules of protections; none where the pack has no such rule."""
    try:
        return protections(at=at)
    except packs.MissingRule:
        return {}
