"""
One move of a case: the table is asked, the row changes, the move is kept and audited, clocks and holds follow.

The guards of each step are with the step; here is what all moves have in common.
"""

from datetime import datetime
from typing import Any

from django.utils import timezone

from accounts.queries import teams
from cis.kernel.actors import SYSTEM, Actor, ActorKind
from cis.kernel.enums import Role
from cis.kernel.errors import Refused
from cis.kernel.workflow import IllegalMove
from cis.platform import audit, deadlines, events
from cis.platform.db import joins_transaction
from complaints.domain import case_workflow as table
from complaints.domain.announcements import CaseClosed
from complaints.domain.case_workflow import LIVE, NEEDS_REASON, PAUSES, WORKFLOW, CaseAction, CaseState, Clock
from complaints.domain.kinds import SUBJECT, CaseKind
from complaints.domain.rules import CaseRules
from complaints.models.case import Case, CaseMove
from complaints.operations import case_holds
from complaints.queries import rules as case_rules
from complaints.queries.sight import UnknownCase, own, visible_to

REASON_MOST = 500
_S, _A = CaseState, CaseAction


class CaseReasonMissing(Refused):
    """Such a move needs a reason, for those who come after."""

    code = "move_reason_missing"


class NotYourCase(Refused):
    """Another team has the case."""

    code = "not_your_case"


@joins_transaction
def lock(case_id: int, actor: Actor) -> Case:
    """
    Return a case that an actor may know of, locked until the use case ends.

    :raises UnknownCase: there is none, or it is kept from the actor.
    """
    row = visible_to(actor).select_for_update(of=("self",)).filter(id=case_id).first()
    if row is None:
        raise UnknownCase(f"There is no case {case_id}.", case_id=case_id)
    return row


@joins_transaction
def lock_own(case_id: int, customer_id: int) -> Case:
    """
    Return a customer's own case, locked until the use case ends.

    :raises UnknownCase: there is none, or it is another's.
    """
    row = own(customer_id).select_for_update(of=("self",)).filter(id=case_id).first()
    if row is None:
        raise UnknownCase(f"There is no case {case_id}.", case_id=case_id)
    return row


def check(row: Case, action: CaseAction, actor: Actor, reason: str = "") -> CaseState:
    """
    Return the state to which an action leads.

    :raises IllegalMove: the state does not allow it, or the case waits for its caller.
    :raises NotAllowed: the actor may not.
    :raises CaseReasonMissing: nobody says why.
    """
    move = WORKFLOW.step(CaseState(row.state), action, actor)
    if not table.is_possible(action, is_waiting=row.waits_since is not None):
        message = "The case waits for its caller." if row.waits_since else "The case waits for nobody."
        raise IllegalMove(message, advice="Let it go on first." if row.waits_since else "", action=str(action))
    if action in NEEDS_REASON and not reason.strip():
        raise CaseReasonMissing("A reason is needed.", advice="Say in a few words why.", field="reason")
    return move.to


def check_hand(row: Case, actor: Actor) -> None:
    """
    See that somebody works on the cases of their own team; supervisors help everywhere.

    :raises NotYourCase: another team has it.
    """
    if actor.kind is not ActorKind.STAFF or Role.SUPERVISOR in actor.roles or row.team_id is None:
        return
    if actor.id is None or row.team_id not in teams.of_user(user_id=actor.id):
        raise NotYourCase("Another team has this case.", advice="Ask that team, or a supervisor.")


def rules_now() -> CaseRules:
    """
    Return how cases are handled here today.

    :raises MissingRule: none is taken here.
    """
    return case_rules.rules(at=timezone.localdate())


@joins_transaction
def go(
    row: Case, action: CaseAction, *, actor: Actor, at: datetime, rules: CaseRules, reason: str = "", **changed: Any
) -> None:
    """Carry a move out on a locked case; ``changed``: columns that change with it. See ``check`` for refusals."""
    before = CaseState(row.state)
    after = check(row, action, actor, reason)
    keys = keys_of(row, rules)
    waited = row.waits_since is not None
    if after is not before:
        changed["state_since"] = at
    if action in PAUSES:
        changed["waits_since"] = at if action is _A.WAIT else None
    elif after is not before and action is not _A.CLASSIFY:  # it still waits for its caller, whatever it is about
        changed["waits_since"] = None
    if row.raised_at is not None and action is not _A.RAISE and (Role.SUPERVISOR in actor.roles or after not in LIVE):
        changed["raised_at"] = None  # a supervisor has seen to it
    changed |= {"state": after.value, "closed_at": None if after in LIVE else at}
    for name, value in changed.items():
        setattr(row, name, value)
    row.save(update_fields=list(changed))
    keep(row, action.value, before=before.value, actor=actor, at=at, reason=reason)
    _move_clocks(row, action, at, keys, rules, went_on=waited and row.waits_since is None)
    if after not in LIVE and after is not _S.MERGED:
        case_holds.end_step(case_id=row.id, at=at, actor=SYSTEM)
    if after is _S.CLOSED and before is not after:
        told = CaseClosed(
            case_id=row.id, kind=CaseKind(row.kind), account_id=row.account_id, customer_id=row.customer_id,
            closed_at=at, is_about_somebody=row.about_user_id is not None or row.about_team_id is not None,
        )  # fmt: skip
        events.announce(told)


@joins_transaction
def keep(row: Case, action: str, *, before: str, actor: Actor, at: datetime, reason: str = "") -> None:
    """Keep a move in the history of the case and in the audit trail."""
    why = reason.strip()[:REASON_MOST]
    CaseMove.objects.create(
        case_id=row.id, at=at, action=action, before=before, after=row.state, reason=why, actor_kind=actor.kind.value,
        actor_id=actor.id, actor_name=actor.name[:150],
    )  # fmt: skip
    audit.record(
        actor, action, SUBJECT, row.id, number=row.number, before=before, after=row.state,
        **({"reason": why} if why else {}),
    )  # fmt: skip


def keys_of(row: Case, rules: CaseRules) -> dict[Clock, str]:
    """Return the standards of a case's clocks; one that does not run is left out."""
    found = {
        clock: rules.standard(
            clock, kind=CaseKind(row.kind), class_code=row.class_code, authority=row.authority
        )
        for clock in Clock
    }  # fmt: skip
    return {clock: key for clock, key in found.items() if key}


@joins_transaction
def start_clocks(row: Case, clocks: dict[Clock, str], at: datetime) -> None:
    """Start the clocks of a case that was just taken."""
    for key in dict.fromkeys(clocks.values()):
        deadlines.start(subject=SUBJECT, subject_id=row.id, standard=key, at=at)


@joins_transaction
def turn_clocks(row: Case, before: dict[Clock, str], after: dict[Clock, str], at: datetime) -> None:
    """Let the clocks be those of another class: each from when it began, as if it had been that one all the time."""
    cards = deadlines.of_subject(subject=SUBJECT, subject_ids=[row.id])
    for clock, old in before.items():
        new = after.get(clock, "")
        card = next((one for one in cards if one.standard == old and one.ended_at is None), None)
        if card is None or new == old:
            continue
        deadlines.drop(subject=SUBJECT, subject_id=row.id, standard=old, at=at)
        if new:
            deadlines.start(subject=SUBJECT, subject_id=row.id, standard=new, at=card.started_at)
    owed = {clock: key for clock, key in after.items() if clock not in before and not _is_met(row, clock)}
    for clock, key in owed.items():
        deadlines.start(subject=SUBJECT, subject_id=row.id, standard=key, at=_began_at(row, clock))
    if row.waits_since is not None:
        deadlines.stop(subject=SUBJECT, subject_id=row.id, at=row.waits_since, reason="caller")


def _is_met(row: Case, clock: Clock) -> bool:
    """Return whether what a clock is for was done already on a case to which an answer is owed."""
    if clock is Clock.ACCEPT:
        return row.owner_id is not None
    return clock is Clock.CONTACT and row.contacted_at is not None


def _began_at(row: Case, clock: Clock) -> datetime:
    """Return when a clock began, or would have: with the last move that starts it anew, or when the case was taken."""
    anew = [action.value for action, started in table.STARTED_BY.items() if clock in started]
    last = row.moves.filter(action__in=anew).order_by("-id").values_list("at", flat=True).first()
    return last or row.taken_at


def _move_clocks(
    row: Case, action: CaseAction, at: datetime, before: dict[Clock, str], rules: CaseRules, *, went_on: bool
) -> None:
    """Stop, go on, meet, drop and start clocks as a move asks for."""
    case: dict[str, Any] = {"subject": SUBJECT, "subject_id": row.id, "at": at}
    if action is _A.WAIT:
        deadlines.stop(**case, reason="caller")
        return
    if row.state not in LIVE:
        deadlines.drop(**case)
        return
    if went_on:
        deadlines.go_on(**case)
    for clock in table.MET_BY.get(action, ()):
        if clock in before:
            deadlines.meet(**case, standard=before[clock])
    after = keys_of(row, rules)
    for clock in table.STARTED_BY.get(action, ()):
        if clock in before:
            deadlines.drop(**case, standard=before[clock])
        if clock in after:
            deadlines.start(**case, standard=after[clock])
