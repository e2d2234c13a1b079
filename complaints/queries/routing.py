"""Which teams may take a case, the best first."""

from collections.abc import Mapping, Sequence

from django.db.models import Count
from django.utils import timezone

from accounts.queries import teams
from accounts.queries.teams import TeamCard
from complaints.domain import routing as domain
from complaints.domain.case_workflow import LIVE
from complaints.domain.routing import Choice, TeamFacts
from complaints.models.case import Case
from complaints.queries.rules import rules


def fitting(row: Case) -> list[Choice]:
    """
    Return the teams that know the matter of a case in its district, the best first; two statements.

    Never the team that is complained about, nor one to which the person belongs who is complained about.
    """
    found = rules(at=timezone.localdate()).classes.get(row.class_code)
    if found is None:
        return []
    cards = teams.listed(only_active=True)
    live = Case.objects.filter(state__in=LIVE, team__isnull=False).values("team_id").annotate(count=Count("id"))
    load = dict(live.values_list("team_id", "count"))
    concerned = concerned_by(cards, team_id=row.about_team_id, user_id=row.about_user_id)
    return domain.ranked(teams=facts_of(cards, load), skill=found.skill, district=row.district, but=concerned)


def facts_of(cards: Sequence[TeamCard], load: Mapping[int, int]) -> list[TeamFacts]:
    """Return what is to be known of teams to choose one; ``load``: open cases by team."""
    return [
        TeamFacts(
            team_id=one.id, code=one.code, skills=frozenset(one.skills), districts=frozenset(one.districts),
            members=len(one.member_ids), open_cases=load.get(one.id, 0),
        )
        for one in cards
    ]  # fmt: skip


def concerned_by(cards: Sequence[TeamCard], *, team_id: int | None, user_id: int | None) -> frozenset[int]:
    """Return the teams that must not get a case about a team or a person."""
    mine = {one.id for one in cards if user_id in one.member_ids}
    return frozenset(mine if team_id is None else {*mine, team_id})
