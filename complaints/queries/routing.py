"""Which teams may take a case, the best first."""

from django.db.models import Count
from django.utils import timezone

from accounts.queries import teams
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
    facts = [
        TeamFacts(
            team_id=one.id, code=one.code, skills=frozenset(one.skills), districts=frozenset(one.districts),
            members=len(one.member_ids), open_cases=load.get(one.id, 0),
        )
        for one in cards
    ]  # fmt: skip
    concerned = {one.id for one in cards if row.about_user_id in one.member_ids}
    if row.about_team_id is not None:
        concerned.add(row.about_team_id)
    return domain.ranked(teams=facts, skill=found.skill, district=row.district, but=frozenset(concerned))
