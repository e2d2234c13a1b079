"""What the place says on accruals of revenue: how much one person posts alone."""

from datetime import date

from billing.domain.adjustments import Limits
from cis.kernel import fixed
from cis.kernel.enums import Role
from cis.platform import packs

ROLES = (Role.BILLING, Role.SUPERVISOR)
NO_LIMIT_MINOR = 2**62


def limits(*, at: date) -> Limits:
    """
    Return how much of an accrual somebody of a role posts alone; without the rule ``accruals``: however much.

    A month has one accrual, so nothing is split to stay below a limit: there is none on the sum of a day.
    """
    alone = dict.fromkeys(ROLES, NO_LIMIT_MINOR)
    if "accruals" in packs.rules_in_force(at=at):
        rule, decimals = packs.rule("accruals", at=at), packs.rule("decimals", at=at)
        alone = {role: fixed.parse(rule[f"{role.value}_most"], places=decimals) for role in ROLES}
    return Limits(alone_minor=alone, day_minor=dict.fromkeys(ROLES, NO_LIMIT_MINOR))
