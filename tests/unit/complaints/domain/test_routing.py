"""Routing: skill, area and load, against a slow way of counting."""

from fractions import Fraction

from hypothesis import given, settings
from hypothesis import strategies as st

from complaints.domain.routing import TeamFacts, ranked

teams = st.lists(
    st.builds(
        TeamFacts,
        team_id=st.integers(1, 50),
        code=st.text("abc", min_size=1, max_size=3),
        skills=st.frozensets(st.sampled_from(["billing", "metering"]), max_size=2),
        districts=st.frozensets(st.sampled_from(["east", "west"]), max_size=2),
        members=st.integers(0, 9),
        open_cases=st.integers(0, 99),
    ),
    max_size=6,
    unique_by=(lambda one: one.team_id, lambda one: one.code),
)


@settings(max_examples=50)
@given(teams=teams, but=st.frozensets(st.integers(1, 50), max_size=3))
def test_the_first_is_a_team_that_fits_and_none_that_fits_better_exists(teams, but):
    found = ranked(teams=teams, skill="billing", district="east", but=but)
    fit = [
        one for one in teams
        if "billing" in one.skills and one.members and one.team_id not in but
        and (not one.districts or "east" in one.districts)
    ]  # fmt: skip
    by_id = {one.team_id: one for one in teams}
    assert sorted(one.team_id for one in found) == sorted(one.team_id for one in fit)
    keys = [(not by_id[one.team_id].districts, Fraction(one.open_cases, by_id[one.team_id].members)) for one in found]
    assert keys == sorted(keys)


def test_a_team_of_the_district_comes_before_one_for_everywhere_however_busy():
    here = TeamFacts(
        team_id=1, code="here", skills=frozenset({"billing"}), districts=frozenset({"east"}), members=1, open_cases=40
    )
    anywhere = TeamFacts(
        team_id=2, code="all", skills=frozenset({"billing"}), districts=frozenset(), members=5, open_cases=0
    )
    assert [one.team_id for one in ranked(teams=[anywhere, here], skill="billing", district="east")] == [1, 2]
    assert [one.team_id for one in ranked(teams=[anywhere, here], skill="billing", district="north")] == [2]
