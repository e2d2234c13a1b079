"""What of a disputed account is not pursued while a case is open: placed with the case, ended with it."""

from datetime import datetime

from arrears.domain.cut_facts import HoldKind
from arrears.operations import holds
from arrears.queries import cuts
from cis.kernel.actors import SYSTEM, Actor
from cis.platform.db import joins_transaction
from complaints.domain.kinds import MONEY_KINDS, CaseKind, DeedKind, HoldScope
from complaints.domain.rules import CaseRules
from complaints.models.case import Case
from complaints.models.work import CaseDeed

UNNAMED = "–"
"""What shows the hold of a case that somebody may not know of: lists of holds are for all staff."""


@joins_transaction
def place_step(row: Case, *, rules: CaseRules, at: datetime) -> int | None:
    """
    Place the hold that the class of a case asks for; return its id, None where none is to be placed.

    On the bill in question where the class says so and it is still open; a bill that is paid holds nothing up.
    """
    found = rules.classes.get(row.class_code)
    if found is None or row.account_id is None or CaseKind(row.kind) not in MONEY_KINDS:
        return None
    if found.hold is HoldScope.NONE or _standing(row.id):
        return None
    is_open = row.bill_id in {debt.bill_id for debt in cuts.debts(account_id=row.account_id)}
    if found.hold is HoldScope.BILL and not is_open:
        return None
    hold_id = holds.place_step(
        account_id=row.account_id,
        kind=HoldKind.DISPUTE if found.hold is HoldScope.BILL else HoldKind.COMPLAINT,
        evidence=_shown(row),
        at=at,
        actor=SYSTEM,
        bill_id=row.bill_id if found.hold is HoldScope.BILL else None,
    )
    CaseDeed.objects.create(
        case_id=row.id, kind=DeedKind.HOLD.value, key=f"hold:{hold_id}", at=at, hold_id=hold_id, actor_name=SYSTEM.name
    )
    return hold_id


@joins_transaction
def end_step(*, case_id: int, at: datetime, actor: Actor) -> None:
    """End the holds of a case, and of those that were answered with it."""
    rows = CaseDeed.objects.filter(kind=DeedKind.HOLD.value, hold__until_at=None)
    for deed in rows.filter(case_id=case_id) | rows.filter(case__merged_into_id=case_id):
        assert deed.hold_id is not None
        holds.end_step(hold_id=deed.hold_id, reason="closed", at=at, actor=actor)


@joins_transaction
def show_step(row: Case) -> None:
    """Let all holds of a case, ended ones too, show its number, or nothing of it where it is about somebody of ours."""
    deeds = CaseDeed.objects.filter(case_id=row.id, kind=DeedKind.HOLD.value)
    holds.show_step(hold_ids=list(deeds.values_list("hold_id", flat=True)), evidence=_shown(row))


def _shown(row: Case) -> str:
    is_named = row.about_team_id is not None or row.about_user_id is not None
    return UNNAMED if is_named else row.number


def _standing(case_id: int) -> bool:
    return CaseDeed.objects.filter(case_id=case_id, kind=DeedKind.HOLD.value, hold__until_at=None).exists()
