"""Cases and teams, taken in and walked to a state."""

from datetime import UTC, datetime
from itertools import count

from accounts.domain.teams import NewTeam
from accounts.operations import teams
from accounts.queries import teams as team_queries
from cis.kernel.actors import SYSTEM, Actor, ActorKind
from cis.kernel.enums import Role
from complaints.domain.intake import NewCase
from complaints.domain.kinds import CaseChannel, CaseKind, Evidence, ReplyWay
from complaints.models.case import Case
from complaints.operations import cases, findings, intake, replies
from tests.factories import accounts

AT = datetime(2026, 3, 2, 2, 0, tzinfo=UTC)  # Monday, 10:00 in Shanghai
ESTIMATED = "billing/amount/estimated"
MANNER = "service/staff/manner"
_serial = count(1)


def person(*roles: Role, name: str = "") -> Actor:
    """A member of staff with a login, as an actor."""
    given = roles or (Role.CLERK,)
    row = accounts.staff(*given, first_name=name)
    return Actor(ActorKind.STAFF, row.id, name or row.username, frozenset(given))


def team(*members: Actor, skills=("billing",), districts=(), at=AT) -> int:
    """A team of some people; return its id."""
    serial = next(_serial)
    team_id = teams.create(
        new=NewTeam(code=f"team_{serial}", name=f"Team {serial}", skills=tuple(skills), districts=tuple(districts)),
        actor=SYSTEM,
    )
    teams.set_members(team_id=team_id, user_ids=[one.id for one in members if one.id], at=at, actor=SYSTEM)
    return team_id


def teams_code(team_id: int) -> str:
    """The code of a team."""
    return team_queries.one(team_id=team_id).code


def new(**values) -> NewCase:
    """A complaint on a bill by telephone."""
    given = {
        "kind": CaseKind.COMPLAINT, "channel": CaseChannel.PHONE, "title": "电费不对", "text": "上月电费是估抄的，偏高。",
        "class_code": ESTIMATED, "caller_name": "王芳", "caller_phone": "13812345678",
    }  # fmt: skip
    return NewCase(**{**given, **values})


def taken(*, at=AT, actor=SYSTEM, **values) -> Case:
    """A case that was taken in."""
    made = intake.take(new=new(**values), at=at, actor=actor)
    return Case.objects.get(id=made.case_id)


def in_hand(actor: Actor, *, team_id: int, at=AT, **values) -> Case:
    """A case that somebody of a team looks into."""
    row = taken(at=at, **values)
    cases.dispatch(case_id=row.id, team_id=team_id, at=at, actor=SYSTEM)
    cases.accept(case_id=row.id, at=at, actor=actor)
    cases.investigate(case_id=row.id, at=at, actor=actor)
    row.refresh_from_db()
    return row


def answered(row: Case, actor: Actor, *, at=AT, text="估抄已更正。") -> Case:
    """The case with a finding and its answer."""
    findings.note(case_id=row.id, text="估抄", evidence=Evidence.READS, at=at, actor=actor)
    replies.reply(
        case_id=row.id, text=text, way=ReplyWay.PHONE, cause_code="ours/read", is_liable=True, at=at, actor=actor
    )
    row.refresh_from_db()
    return row
