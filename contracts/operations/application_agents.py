"""How far an agent goes: who may only file and bring papers neither decides on the offer nor signs."""

from cis.kernel.actors import Actor, ActorKind
from cis.kernel.errors import Refused
from contracts.domain.application_workflow import SUBJECT
from contracts.queries import applicants


class BeyondScope(Refused):
    """The agent may file and bring papers; the applicant decides and signs."""

    code = "beyond_agent_scope"


def check(*, subject: str, subject_id: int | None, actor: Actor) -> None:
    """
    Refuse a decision to who has the link of an application whose agent may not decide; others are not asked.

    :raises BeyondScope: see there.
    """
    has_only_link = actor.kind is ActorKind.CUSTOMER and actor.id is None
    if not has_only_link or subject != SUBJECT or subject_id is None:
        return
    if not applicants.agent_may_sign(application_id=subject_id):
        raise BeyondScope(
            "The agent may file and bring papers; the applicant decides and signs.",
            advice="The applicant signs in to the portal, or signs at the desk.",
        )
