"""Steps that take an enrolment back, as a whole or its green energy from a day on."""

from datetime import date

from cis.kernel.actors import Actor
from cis.platform.db import joins_transaction
from contracts.domain.programs import EnrollmentAction, ProgramKind
from contracts.operations import enrollment_steps, green_terms
from contracts.operations.enrollment_steps import Locked, move


@joins_transaction
def undo_step(locked: Locked, action: EnrollmentAction, *, reason: str, actor: Actor) -> None:
    """Take all of an enrolment back: cancelled by the customer, or refused by the bank."""
    move(locked, action, actor=actor, reason=reason)
    enrollment_steps.take_back_rows(locked.row.rows.order_by("seq"), reason=reason, actor=actor)
    enrollment_steps.take_back_fee(locked, reason=reason, actor=actor)
    take_green_off_step(locked, since=locked.start, actor=actor)


@joins_transaction
def take_green_off_step(locked: Locked, *, since: date, until: date | None = None, actor: Actor) -> None:
    """Take the energy of a green package off from a day on; nothing where it has none."""
    if locked.row.agreement_id is None or locked.terms.kind is not ProgramKind.GREEN:
        return
    green_terms.take_off_step(
        agreement_id=locked.row.agreement_id,
        terms=locked.terms,
        held_tariff_id=locked.row.held_tariff_id,
        start=since,
        end=until or locked.end,
        actor=actor,
    )
