"""What the place says on debts that are given up."""

from datetime import date

from billing.domain.write_offs import Evidence, Finds, Reason, WriteOffRule
from cis.kernel import fixed
from cis.kernel.enums import Role
from cis.platform import packs


def of_day(*, at: date) -> WriteOffRule:
    """
    Return what may be written off on a day.

    :raises MissingRule: the pack has no rule ``write_offs``: no debt is given up there.
    """
    text, decimals = packs.text_of("write_offs", at=at), packs.rule("decimals", at=at)
    value = text.value
    reasons = {
        code: Reason(
            code=code,
            after_days=one["after_days"],
            most_minor=fixed.parse(one["most"], places=decimals),
            evidence=Evidence(one["evidence"]),
            finds=Finds(one["finds"]),
        )
        for code, one in value["reasons"].items()
    }
    return WriteOffRule(
        reasons=reasons,
        decides_minor={
            role: fixed.parse(value[f"{role.value}_most"], places=decimals) for role in (Role.BILLING, Role.SUPERVISOR)
        },
        recovered_to=value["recovered_to"],
        source=text.source,
    )


def is_offered(*, at: date) -> bool:
    """Return whether debts are given up at all here on a day."""
    return "write_offs" in packs.rules_in_force(at=at)
