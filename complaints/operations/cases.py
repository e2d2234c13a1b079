"""What is done with a case, one function a step; see the table in ``complaints.domain.case_workflow``."""

from datetime import datetime

from django.db.models import F, Q
from django.utils import timezone

from accounts.queries import teams, users
from cis.kernel.actors import SYSTEM, Actor, ActorKind
from cis.kernel.enums import Role
from cis.kernel.errors import Refused
from cis.kernel.workflow import IllegalMove, NotAllowed
from cis.platform import audit
from cis.platform.db import joins_transaction, opens_transaction
from complaints.domain.case_workflow import DESK, LIVE, CaseAction
from complaints.domain.intake import is_within
from complaints.domain.kinds import SUBJECT, CaseKind
from complaints.domain.rules import UnknownAuthority
from complaints.domain.suggestions import severity_of
from complaints.models.case import Assignment, Case
from complaints.operations import case_faults, case_holds, suggestions
from complaints.operations.case_moves import check, check_hand, go, keys_of, lock, lock_own, rules_now, turn_clocks
from complaints.queries import routing
from complaints.queries.rules import suggestion_rules
from complaints.queries.sight import UnknownCase

_A = CaseAction


class TeamConcerned(Refused):
    """The team, or somebody of it, is what is complained about."""

    code = "team_concerned"


class NoTeam(Refused):
    """No team knows the matter in this district."""

    code = "no_team"


class BadMerge(Refused):
    """The two cases cannot be answered together."""

    code = "bad_merge"


class TooLate(Refused):
    """The case ended too long ago to be opened again."""

    code = "too_late_to_reopen"


@opens_transaction
def classify(*, case_id: int, class_code: str, at: datetime, actor: Actor, kind: CaseKind | None = None) -> None:
    """
    Say what a case is about, or correct it; its clocks are those of the class from the beginning, its hold follows.

    :param kind: what it is, where that was wrong.
    :raises UnknownCase, IllegalMove, NotAllowed, NotYourCase: see ``case_moves``.
    :raises UnknownClass: this kind of case has no such class here.
    """
    row, rules = lock(case_id, actor), rules_now()
    check_hand(row, actor)
    found = rules.class_of(class_code, kind or CaseKind(row.kind))
    check(row, _A.CLASSIFY, actor)
    before = keys_of(row, rules)
    how = suggestion_rules(at=timezone.localdate(at))
    severity = severity_of(row.text, least=found.severity, rules=how)
    changed = {"class_code": class_code, "severity": severity.value, "kind": (kind or CaseKind(row.kind)).value}
    go(row, _A.CLASSIFY, actor=actor, at=at, rules=rules, reason=class_code, **changed)
    turn_clocks(row, before, keys_of(row, rules), at)
    case_holds.place_step(row, rules=rules, at=at)
    case_faults.report_step(row, rules=rules, at=at, actor=actor)
    if actor.kind is not ActorKind.SYSTEM:
        suggestions.judge_step(row, class_code=class_code, at=at)


@opens_transaction
def dispatch(*, case_id: int, at: datetime, actor: Actor, team_id: int | None = None) -> int:
    """
    Give a case to a team: the one named, or the best that knows the matter in its district; return its id.

    :raises UnknownCase, IllegalMove, NotAllowed: see ``case_moves``.
    :raises UnknownTeam: there is none; TeamConcerned: it is complained about; NoTeam: none fits.
    """
    row, rules = lock(case_id, actor), rules_now()
    check(row, _A.DISPATCH, actor)
    chosen = team_id if team_id is not None else _best(row)
    _give_step(row, chosen, at)
    go(row, _A.DISPATCH, actor=actor, at=at, rules=rules, team_id=chosen, owner_id=None)
    return chosen


@opens_transaction
def accept(*, case_id: int, at: datetime, actor: Actor) -> None:
    """
    Say yes to a case of one's team, and look after it.

    :raises UnknownCase, IllegalMove, NotAllowed, NotYourCase: see ``case_moves``.
    """
    row, rules = lock(case_id, actor), rules_now()
    check(row, _A.ACCEPT, actor)
    check_hand(row, actor)
    Assignment.objects.filter(case_id=row.id, until_at=None).update(user_id=actor.id, accepted_at=at)
    go(row, _A.ACCEPT, actor=actor, at=at, rules=rules, owner_id=actor.id)


@opens_transaction
def hand_over(*, case_id: int, team_id: int, reason: str, at: datetime, actor: Actor) -> None:
    """
    Hand a case on to another team, which says yes to it in its turn.

    :raises UnknownCase, IllegalMove, NotAllowed, NotYourCase, CaseReasonMissing: see ``case_moves``.
    :raises UnknownTeam: there is none; TeamConcerned: it is complained about.
    """
    row, rules = lock(case_id, actor), rules_now()
    check(row, _A.HAND_OVER, actor, reason)
    check_hand(row, actor)
    _give_step(row, team_id, at)
    go(row, _A.HAND_OVER, actor=actor, at=at, rules=rules, reason=reason, team_id=team_id, owner_id=None)


@opens_transaction
def investigate(*, case_id: int, at: datetime, actor: Actor) -> None:
    """
    Begin to look into a case.

    :raises UnknownCase, IllegalMove, NotAllowed, NotYourCase: see ``case_moves``.
    """
    row = lock(case_id, actor)
    check(row, _A.INVESTIGATE, actor)
    check_hand(row, actor)
    go(row, _A.INVESTIGATE, actor=actor, at=at, rules=rules_now())


@opens_transaction
def wait(*, case_id: int, reason: str, at: datetime, actor: Actor) -> None:
    """
    Let the clocks stand still, since the caller is asked for something.

    :raises UnknownCase, IllegalMove, NotAllowed, NotYourCase, CaseReasonMissing: see ``case_moves``.
    """
    row = lock(case_id, actor)
    check(row, _A.WAIT, actor, reason)
    check_hand(row, actor)
    go(row, _A.WAIT, actor=actor, at=at, rules=rules_now(), reason=reason)


@opens_transaction
def go_on(*, case_id: int, at: datetime, actor: Actor, note: str = "") -> None:
    """
    Let the clocks go on, since the caller has answered.

    :raises UnknownCase, IllegalMove, NotAllowed: see ``case_moves``.
    """
    row = lock(case_id, actor)
    go(row, _A.GO_ON, actor=actor, at=at, rules=rules_now(), reason=note)


@opens_transaction
def withdraw(*, case_id: int, reason: str, at: datetime, actor: Actor, customer_id: int | None = None) -> None:
    """
    End a case that the caller does not want any more; ``customer_id``: the caller does so in the portal.

    Cases that were to be answered with it, and were not yet, go their own way again.

    :raises UnknownCase, IllegalMove, NotAllowed, CaseReasonMissing: see ``case_moves``.
    """
    row = _of(case_id, actor, customer_id)
    _leave_step(row, at)
    go(row, _A.WITHDRAW, actor=actor, at=at, rules=rules_now(), reason=reason)
    waits = Q(replied_at=None) | Q(replied_at__lt=F("closed_at"))  # not answered since it was merged
    for other in row.merged.select_for_update().filter(waits).order_by("id"):
        part_step(other, main=row, at=at)


@opens_transaction
def reopen(*, case_id: int, reason: str, at: datetime, actor: Actor, customer_id: int | None = None) -> None:
    """
    Open a case again that was closed; ``customer_id``: the caller does so in the portal, within the days of the pack.

    :raises UnknownCase, IllegalMove, NotAllowed, CaseReasonMissing: see ``case_moves``.
    :raises TooLate: it ended longer ago than callers may open it again.
    """
    row, rules = _of(case_id, actor, customer_id), rules_now()
    check(row, _A.REOPEN, actor, reason)
    assert row.closed_at is not None
    is_over = not is_within(earlier_at=row.closed_at, at=at, days=rules.reopen_days)
    if is_over and Role.SUPERVISOR not in actor.roles:
        raise TooLate("It ended too long ago.", advice="Take a new case in, or ask a supervisor.")
    reopen_step(row, _A.REOPEN, reason=reason, at=at, actor=actor)


@joins_transaction
def reopen_step(row: Case, action: CaseAction, *, reason: str, at: datetime, actor: Actor) -> None:
    """Let a locked case begin again: it waits for a team, and holds what is disputed."""
    rules = rules_now()
    _leave_step(row, at)
    go(
        row, action, actor=actor, at=at, rules=rules, reason=reason, reopened=row.reopened + 1, team_id=None,
        owner_id=None, calls=0, is_satisfied=None, merged_into_id=None,
    )  # fmt: skip
    case_holds.place_step(row, rules=rules, at=at)


@joins_transaction
def part_step(row: Case, *, main: Case, at: datetime) -> None:
    """Let a locked case that was merged wait for a team again, since the other one does not answer it."""
    reopen_step(row, _A.REOPEN, reason=main.number, at=at, actor=SYSTEM)


@opens_transaction
def escalate(*, case_id: int, authority: str, number: str, at: datetime, actor: Actor, note: str = "") -> None:
    """
    Note that an authority asks for the answer: from now on its standard counts.

    :raises UnknownCase, IllegalMove, NotAllowed: see ``case_moves``. :raises UnknownAuthority: there is none such here.
    """
    row, rules = lock(case_id, actor), rules_now()
    check(row, _A.ESCALATE, actor)
    if authority not in rules.authorities:
        raise UnknownAuthority("There is no such authority here.", advice="Choose another.", field="authority")
    _leave_step(row, at)
    go(
        row, _A.ESCALATE, actor=actor, at=at, rules=rules, reason=note, authority=authority,
        authority_number=number.strip()[:80], team_id=None, owner_id=None,
    )  # fmt: skip
    case_holds.place_step(row, rules=rules, at=at)


@opens_transaction
def ask_supervisor(*, case_id: int, reason: str, at: datetime, actor: Actor) -> None:
    """
    Ask a supervisor to see to a case, which stays with its team; what a supervisor does with it next is the answer.

    :raises UnknownCase, IllegalMove, NotAllowed, NotYourCase, CaseReasonMissing: see ``case_moves``.
    """
    row = lock(case_id, actor)
    check_hand(row, actor)
    go(row, _A.RAISE, actor=actor, at=at, rules=rules_now(), reason=reason, raised_at=row.raised_at or at)


@opens_transaction
def concern(
    *, case_id: int, actor: Actor, about_team_id: int | None = None, about_user_id: int | None = None
) -> None:  # fmt: skip
    """
    Say who of ours is complained about, where that came out later; from now on it is kept from them.

    So are the cases that are answered with it; the holds of all of them do not name them any more, and the reports of
    faults, with the orders of the crews, do not say any more what was said.

    :raises UnknownCase, NotAllowed: see ``case_moves``. :raises UnknownTeam, UnknownUser: there is none.
    :raises IllegalMove: it is answered with another case, of which it is said.
    :raises TeamConcerned: that team, or another one of the person, has the case; it is handed over first.
    """
    row = lock(case_id, actor)
    mine: tuple[int, ...] = ()
    if not actor.is_one_of(DESK):
        raise NotAllowed(f"{actor.name} may not say who is complained about.", advice="Ask a clerk.")
    if row.merged_into_id is not None:
        raise IllegalMove("It is answered with another case.", advice="Say it of that case.")
    if about_user_id is not None:
        users.one_of_staff(user_id=about_user_id)
        mine = teams.of_user(user_id=about_user_id)
        about_team_id = about_team_id or (mine[0] if mine else None)
    if about_team_id is not None:
        teams.one(team_id=about_team_id)
    teams_meet = row.team_id is not None and row.team_id in {about_team_id, *mine}
    if teams_meet or (row.owner_id is not None and row.owner_id == about_user_id):
        raise TeamConcerned("This team has the case.", advice="Hand it over first.", field="team")
    for one in (row, *row.merged.select_for_update().order_by("id")):
        one.about_team_id, one.about_user_id = about_team_id, about_user_id
        one.save(update_fields=["about_team_id", "about_user_id"])
        audit.record(actor, "concern", SUBJECT, one.id, number=one.number)
        case_holds.show_step(one)
        case_faults.withhold_step(one)


@opens_transaction
def merge(*, case_id: int, into_id: int, at: datetime, actor: Actor) -> None:
    """
    Let a case be answered with another one: each caller is told the answer under the number they know.

    :raises UnknownCase, IllegalMove, NotAllowed: see ``case_moves``.
    :raises BadMerge: it is the same case, the other is over, or they complain of different people.
    """
    first, second = sorted((case_id, into_id))
    locked = {one: lock(one, actor) for one in dict.fromkeys((first, second))}
    row, into = locked[case_id], locked[into_id]
    if case_id == into_id or into.state not in LIVE:
        raise BadMerge("It cannot be answered with that case.", advice="Choose another one that is open.", field="into")
    if (row.about_team_id, row.about_user_id) != (into.about_team_id, into.about_user_id):
        raise BadMerge("They are about different people.", advice="Answer each by itself.", field="into")
    _leave_step(row, at)
    row.merged.update(merged_into_id=into.id)
    go(row, _A.MERGE, actor=actor, at=at, rules=rules_now(), reason=into.number, merged_into_id=into.id)


@joins_transaction
def _give_step(row: Case, team_id: int, at: datetime) -> None:
    team = teams.one(team_id=team_id)
    if team_id == row.about_team_id or row.about_user_id in team.member_ids:
        raise TeamConcerned("This team is complained about.", advice="Choose another team.", field="team")
    _leave_step(row, at)
    Assignment.objects.create(case_id=row.id, team_id=team_id, since_at=at)


@joins_transaction
def _leave_step(row: Case, at: datetime) -> None:
    Assignment.objects.filter(case_id=row.id, until_at=None).update(until_at=at)


def _best(row: Case) -> int:
    found = routing.fitting(row)
    if not found:
        raise NoTeam("No team knows the matter here.", advice="Choose a team, or give one the skill.", field="team")
    return found[0].team_id


def _of(case_id: int, actor: Actor, customer_id: int | None) -> Case:
    if actor.kind is ActorKind.CUSTOMER:
        if customer_id is None:
            raise UnknownCase(f"There is no case {case_id}.", case_id=case_id)
        return lock_own(case_id, customer_id)
    return lock(case_id, actor)
