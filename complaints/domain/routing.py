"""Which team takes a case: one that knows the matter and the area, and of those the one with the least to do."""

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class TeamFacts:
    """
    A team that may be given cases.

    skills     what it knows; districts: where it works, none: everywhere
    members    how many may sign in
    open_cases how many cases it has
    """

    team_id: int
    code: str
    skills: frozenset[str]
    districts: frozenset[str]
    members: int
    open_cases: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """A team that fits; ``is_local``: it works in this district by name, not everywhere."""

    team_id: int
    is_local: bool
    open_cases: int


def ranked(*, teams: Iterable[TeamFacts], skill: str, district: str, but: frozenset[int] = frozenset()) -> list[Choice]:
    """
    Return the teams that fit, the best first: of the district before those for everywhere, then the least to do a head.

    :param but: teams that must not get it: those that are complained about, or handed it on.
    """
    fit = [
        one for one in teams
        if skill in one.skills and one.members > 0 and one.team_id not in but
        and (not one.districts or district in one.districts)
    ]  # fmt: skip
    # Open cases a head are compared as products, so that nothing is rounded.
    whole = 1
    for one in fit:
        whole *= one.members
    fit.sort(key=lambda one: (not one.districts, one.open_cases * (whole // one.members), one.code))
    return [Choice(team_id=one.team_id, is_local=bool(one.districts), open_cases=one.open_cases) for one in fit]
