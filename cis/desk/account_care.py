"""What the account page shows of the care of its customer."""

from dataclasses import dataclass
from datetime import date

from accounts.queries import care_plans, customer_segments, points, protections, visits
from accounts.queries.care_plans import CarePlanCard, WantedPlans
from accounts.queries.points import Standing
from accounts.queries.protections import ProtectionCard, WantedProtections
from accounts.queries.visits import VisitCard, WantedVisits

PROTECTIONS_SHOWN, VISITS_SHOWN, PLANS_SHOWN = 5, 3, 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Care:
    """
    Protections of the customer with this account, visits and service plans, the latest or the next first.

    points   None: the place gives none
    segment  code, "": none is known
    """

    protections: tuple[ProtectionCard, ...]
    points: Standing | None
    visits: tuple[VisitCard, ...]
    plans: tuple[CarePlanCard, ...]
    segment: str


def of(*, customer_id: int, account_id: int, on: date) -> Care:
    """Return the care of a customer; a constant number of statements."""
    wanted = WantedProtections(state="all", customer_id=customer_id, account_id=account_id)
    gives_points = points.rule_or_none(at=on) is not None
    return Care(
        visits=visits.listed(wanted=WantedVisits(state="all", customer_id=customer_id), today=on, most=VISITS_SHOWN),
        plans=care_plans.listed(wanted=WantedPlans(state="all", customer_id=customer_id), today=on, most=PLANS_SHOWN),
        segment=customer_segments.of_customer(customer_id=customer_id),
        protections=protections.listed(wanted=wanted, today=on, most=PROTECTIONS_SHOWN),
        points=points.standing(customer_id=customer_id, today=on) if gives_points else None,
    )
