"""What the place says about deposits."""

from datetime import date

from billing.domain.deposits import DayCount, DepositRule, GoodTerms, InterestTerms, SizeTerms
from cis.kernel import fixed
from cis.kernel.enums import Role
from cis.platform import packs

RATE_PLACES = 6
WAIVERS = (Role.CLERK, Role.BILLING, Role.SUPERVISOR)


def rule(*, at: date) -> DepositRule:
    """
    Return what the place says about deposits on a day.

    :raises MissingRule: the pack has no rule ``deposits``: none is demanded there.
    """
    text = packs.text_of("deposits", at=at)
    value, places = text.value, packs.rule("decimals", at=at)
    rates = [
        (date.fromisoformat(day), fixed.parse(one["year"], places=RATE_PLACES)) for day, one in value["rates"].items()
    ]
    return DepositRule(
        causes=value["causes"],
        before_supply=frozenset(value["before_supply"]),
        classes={
            name: SizeTerms(
                months=one["months"],
                fixed_minor=fixed.parse(one["fixed"], places=places),
                least_minor=fixed.parse(one["least"], places=places),
                most_minor=fixed.parse(one["most"], places=places),
            )
            for name, one in value["classes"].items()
        },
        due_days=value["due_days"],
        interest=InterestTerms(rates=tuple(sorted(rates)), day_count=DayCount(value["day_count"])),
        good=GoodTerms(
            months=value["good_months"],
            grace_days=value["grace_days"],
            late_most=value["late_most"],
            demands_most=value["demands_most"],
        ),
        waiver_minor={role.value: fixed.parse(value[f"{role.value}_most"], places=places) for role in WAIVERS},
        source=text.source,
    )


def is_offered(*, at: date) -> bool:
    """Return whether the place has a rule on deposits at all."""
    return "deposits" in packs.rules_in_force(at=at)
