"""Made-up customers who pay their debts in parts: one keeps the plan, one has an offer."""

from datetime import date, datetime

from arrears.domain.plan_workflow import PlanWay
from arrears.operations import plans
from arrears.operations.plans import NewPlan
from arrears.queries import dunning, plan_rules
from arrears.queries import plans as queries
from arrears.queries.dunning import WantedCases
from arrears.queries.plan_previews import PlanWish
from billing.domain.channels import PaymentChannel
from billing.operations import payments
from cis.kernel.actors import Actor

PARTS = 3


def build(*, today: date, at: datetime, clerk: Actor) -> None:
    """Make two plans for accounts that are pursued, where what they owe is enough for parts."""
    free = [one for one in dunning.listed(wanted=WantedCases(held="free"), today=today) if one.order_id is None]
    least = plan_rules.rule(at=today).shape.least_minor * (PARTS + 1)
    able = [one for one in free if one.overdue_minor >= least][:2]
    for place, case in enumerate(able):
        wish = PlanWish(PARTS, plan_rules.rule(at=today).shape.days[1], is_first_now=True)
        made = plans.offer(
            new=NewPlan(account_id=case.account_id, wish=wish, way=PlanWay.DESK, is_agreed=place == 0),
            at=at, actor=clerk,
        )  # fmt: skip
        card = queries.one(plan_id=made, today=today)
        if card.state == "kept" and card.next is not None:
            payments.receive(
                account_id=case.account_id, amount_minor=card.next.open_minor, channel=PaymentChannel.BANK,
                reference=f"DEMO-{card.number}", received_date=today, today=today, actor=clerk,
            )  # fmt: skip
