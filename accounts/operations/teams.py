"""Teams of staff: made and changed, and who belongs to them since when."""

from collections.abc import Collection
from datetime import datetime

from accounts.domain.teams import BadTeam, NewTeam, checked
from accounts.models.team import Team, TeamMember
from accounts.models.user import User
from accounts.queries.teams import UnknownTeam
from accounts.queries.users import UnknownUser
from cis.kernel.actors import Actor, ActorKind
from cis.kernel.enums import Role
from cis.kernel.errors import Refused
from cis.kernel.workflow import NotAllowed
from cis.platform import audit
from cis.platform.db import joins_transaction, opens_transaction

MAKERS: frozenset[Role | ActorKind] = frozenset((Role.ADMIN, Role.SUPERVISOR, ActorKind.SYSTEM))


class TeamCodeTaken(Refused):
    """Another team has this code."""

    code = "team_code_taken"


@opens_transaction
def create(*, new: NewTeam, actor: Actor) -> int:
    """
    Make a team; return its id.

    :raises NotAllowed: the actor neither administers nor supervises.
    :raises BadTeam, TeamCodeTaken: see there.
    """
    _check_maker(actor)
    kept = checked(new)
    if Team.objects.filter(code=kept.code).exists():
        raise TeamCodeTaken(f"There is a team {kept.code} already.", advice="Choose another code.", field="code")
    row = Team.objects.create(
        code=kept.code, name=kept.name, skills=list(kept.skills), districts=list(kept.districts),
        is_active=kept.is_active,
    )  # fmt: skip
    audit.record(actor, "create", "team", row.id, code=kept.code, name=kept.name)
    return row.id


@opens_transaction
def change(*, team_id: int, new: NewTeam, actor: Actor) -> None:
    """
    Change a team; its code stays.

    :raises NotAllowed, BadTeam: see ``create``. :raises UnknownTeam: there is none.
    """
    _check_maker(actor)
    row = _lock(team_id)
    if new.code != row.code:
        raise BadTeam("The code of a team stays.", advice="Make another team.", field="code")
    kept = checked(new)
    row.name, row.skills, row.districts = kept.name, list(kept.skills), list(kept.districts)
    row.is_active = kept.is_active
    row.save()
    audit.record(actor, "edit", "team", team_id, name=kept.name, skills=kept.skills, districts=kept.districts)


@opens_transaction
def set_members(*, team_id: int, user_ids: Collection[int], at: datetime, actor: Actor) -> None:
    """
    Say who belongs to a team from now on; who left is still known to have been there.

    :raises NotAllowed: the actor neither administers nor supervises.
    :raises UnknownTeam: there is none; UnknownUser: somebody is no member of staff.
    """
    _check_maker(actor)
    _lock(team_id)
    wanted = set(user_ids)
    staff = User.objects.filter(id__in=wanted).exclude(roles__contains=[str(Role.CUSTOMER)])
    missing = wanted - set(staff.values_list("id", flat=True))
    if missing:
        raise UnknownUser(f"There is no member of staff {min(missing)}.")
    now_in = TeamMember.objects.filter(team_id=team_id, until_at=None)
    before = set(now_in.values_list("user_id", flat=True))
    now_in.filter(user_id__in=before - wanted).update(until_at=at)
    TeamMember.objects.bulk_create(
        TeamMember(team_id=team_id, user_id=one, since_at=at) for one in sorted(wanted - before)
    )
    audit.record(actor, "set_members", "team", team_id, joined=wanted - before, left=before - wanted)


def _check_maker(actor: Actor) -> None:
    if not actor.is_one_of(MAKERS):
        raise NotAllowed(f"{actor.name} may not change teams.", advice="Ask an administrator or a supervisor.")


@joins_transaction
def _lock(team_id: int) -> Team:
    row = Team.objects.select_for_update().filter(id=team_id).first()
    if row is None:
        raise UnknownTeam(f"There is no team {team_id}.", team_id=team_id)
    return row
