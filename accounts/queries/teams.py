"""Teams of staff: lists, one, who belongs to which."""

from dataclasses import dataclass

from cis.kernel.errors import Refused
from cis.platform.db import fetch


class UnknownTeam(Refused):
    """There is no such team."""

    code = "unknown_team"


@dataclass(frozen=True, slots=True, kw_only=True)
class TeamCard:
    """A team; ``member_ids`` and ``members``: who belongs to it now and may sign in, by name of the login."""

    id: int
    code: str
    name: str
    skills: tuple[str, ...]
    districts: tuple[str, ...]
    is_active: bool
    member_ids: tuple[int, ...]
    members: tuple[str, ...]


_CARD = """
    SELECT t.id, t.code, t.name, t.skills, t.districts, t.is_active,
        coalesce(array_agg(u.id ORDER BY u.username) FILTER (WHERE u.id IS NOT NULL), '{}'),
        coalesce(array_agg(coalesce(nullif(trim(concat(u.first_name, ' ', u.last_name)), ''), u.username)
            ORDER BY u.username) FILTER (WHERE u.id IS NOT NULL), '{}')
    FROM accounts_team t
    LEFT JOIN accounts_teammember m ON m.team_id = t.id AND m.until_at IS NULL
    LEFT JOIN accounts_user u ON u.id = m.user_id AND u.is_active
"""


def listed(*, only_active: bool = False) -> tuple[TeamCard, ...]:
    """Return all teams by name; one statement."""
    where = "WHERE t.is_active" if only_active else ""
    return tuple(map(_card, fetch(f"{_CARD} {where} GROUP BY t.id ORDER BY NOT t.is_active, t.name, t.id")))


def one(*, team_id: int) -> TeamCard:
    """
    Return a team; one statement.

    :raises UnknownTeam: there is none.
    """
    rows = fetch(f"{_CARD} WHERE t.id = %s GROUP BY t.id", [team_id])
    if not rows:
        raise UnknownTeam(f"There is no team {team_id}.", team_id=team_id)
    return _card(rows[0])


def id_of_code(code: str) -> int:
    """
    Return the id of a team by its code.

    :raises UnknownTeam: there is none.
    """
    rows = fetch("SELECT id FROM accounts_team WHERE code = %s", [code])
    if not rows:
        raise UnknownTeam("There is no such team.", advice="Look at its code again.", field="team")
    return int(rows[0][0])


def of_user(*, user_id: int) -> tuple[int, ...]:
    """Return the ids of the teams that somebody belongs to now, the one joined first on top; one statement."""
    sql = "SELECT team_id FROM accounts_teammember WHERE user_id = %s AND until_at IS NULL ORDER BY since_at, id"
    return tuple(team_id for (team_id,) in fetch(sql, [user_id]))


def _card(row: tuple[object, ...]) -> TeamCard:
    values = (tuple(one) if isinstance(one, list) else one for one in row)
    return TeamCard(**dict(zip(TeamCard.__dataclass_fields__, values, strict=True)))  # type: ignore[arg-type]
