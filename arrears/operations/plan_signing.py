"""Plans of instalments that customers accept in the portal, by a one-time code."""

from datetime import datetime

from arrears.domain.plan_workflow import WORKFLOW, PlanAction, PlanState
from arrears.operations import plans
from arrears.queries.plans import plan_number
from cis.kernel.actors import Actor
from cis.platform.db import opens_transaction
from contracts.domain.signing import CodeRefused
from contracts.operations import signing_codes
from contracts.operations.signing_codes import Named


@opens_transaction
def send_code(*, plan_id: int, customer_id: int, actor: Actor) -> None:
    """
    Send the customer a code to accept an offer by; codes sent before serve no more.

    :raises UnknownPlan, IllegalMove, NotAllowed: there is none of the customer that waits for an answer.
    :raises TooManyCodes, NoWayToSendCode: see ``signing_codes.send_step``.
    """
    row = plans.lock_step(plan_id=plan_id, customer_id=customer_id)
    WORKFLOW.step(PlanState(row.state), PlanAction.ACCEPT, actor)
    number = plan_number(serial=row.serial)
    is_chinese = row.customer.language.startswith("zh")
    purpose = f"分期缴费约定{number}" if is_chinese else f"your instalment plan {number}"
    named = Named(plans.SUBJECT, row.id)
    signing_codes.send_step(named, subject=plans.SUBJECT, customer_id=customer_id, purpose=purpose, actor=actor)


def accept_by_code(*, plan_id: int, customer_id: int, code: str, at: datetime, actor: Actor) -> None:
    """
    Accept an offer in the portal. A wrong code counts as a try, and that it was tried is kept.

    :raises UnknownPlan, IllegalMove, NotAllowed: see ``send_code``.
    :raises CodeRefused: the code is wrong, too old, used, or was tried too often.
    :raises PlanLapsed, PlanChanged: see ``plans.accept_step``.
    """
    if not _try_code(plan_id=plan_id, customer_id=customer_id, code=code, at=at, actor=actor):
        raise CodeRefused("This code does not serve.", advice="Check it, or have a new one sent.", field="code")


@opens_transaction
def _try_code(*, plan_id: int, customer_id: int, code: str, at: datetime, actor: Actor) -> bool:
    row = plans.lock_step(plan_id=plan_id, customer_id=customer_id)
    if not signing_codes.try_step(Named(plans.SUBJECT, row.id), subject=plans.SUBJECT, code=code, actor=actor):
        return False
    plans.accept_step(row=row, at=at, actor=actor)
    return True
