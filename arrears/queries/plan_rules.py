"""The pack's rule on plans of instalments, as the domain wants it."""

from dataclasses import dataclass
from datetime import date

from arrears.domain.instalments import FirstPart, Shape
from arrears.domain.plan_limits import PlanLimit
from cis.kernel.actors import Actor, ActorKind
from cis.kernel.enums import Role
from cis.kernel.fixed import parse
from cis.platform import packs

RULE = "instalment_plans"
SELF = "self"
_ROLES = (Role.CLERK, Role.BILLING, Role.SUPERVISOR)


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanRule:
    """Plans of instalments on a day; ``cis.platform.pack_plans`` says what each means."""

    shape: Shape
    covers_open: bool
    grace_days: int
    remind_days: int
    offer_days: int
    new_bills: bool
    stops_late_fees: bool
    owes_late_fees: bool
    broken_months: int
    protected_parts: int
    limits: dict[str, PlanLimit]
    source: str

    def limit_of(self, actor: Actor) -> PlanLimit:
        """Return what somebody agrees on alone; a program and a customer what customers do, others nothing."""
        if actor.kind in {ActorKind.CUSTOMER, ActorKind.CLIENT}:
            return self.limits.get(SELF, _NOTHING)
        mine = [self.limits[role.value] for role in _ROLES if role in actor.roles and role.value in self.limits]
        return max(mine, key=lambda one: one.most_minor, default=_NOTHING)


_NOTHING = PlanLimit(0, 0, 0)


def is_offered(*, at: date) -> bool:
    """Return whether debts are paid in parts in this place at all."""
    return RULE in packs.rules_in_force(at=at)


def rule(*, at: date) -> PlanRule:
    """
    Return the rule on a day.

    :raises MissingRule: the pack of the place offers no plans.
    """
    value, text = packs.rule(RULE, at=at), packs.text_of(RULE, at=at)
    places = int(packs.rule("decimals", at=at))
    return PlanRule(
        shape=Shape(
            least_minor=parse(value["least_part"], places=places),
            unit_minor=parse(value["unit"], places=places),
            rest_first=value["rest"] == "first",
            days=tuple(sorted(value["days"])),
            gap_days=value["gap_days"],
            first=FirstPart(value["first"]),
        ),
        covers_open=value["covers"] == "open",
        grace_days=value["grace_days"],
        remind_days=value["remind_days"],
        offer_days=value["offer_days"],
        new_bills=value["new_bills"],
        stops_late_fees=value["late_fees"] == "stop",
        owes_late_fees=value["broken_late_fees"] == "owed",
        broken_months=value["broken_months"],
        protected_parts=value["protected_parts"],
        limits={
            who: PlanLimit(parse(one["most"], places=places), one["parts"], one["a_year"])
            for who, one in value["limits"].items()
        },
        source=text.source,
    )
