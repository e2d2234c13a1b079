"""Cases that are answered with another one: kept from whom that one is about, and none of their callers is forgotten."""

import pytest
import time_machine

from arrears.models.collection import Hold
from cis.kernel.enums import Role
from cis.kernel.workflow import IllegalMove
from cis.platform import deadlines, jobs
from complaints.models.case import Case
from complaints.operations import cases
from complaints.operations.cases import TeamConcerned
from complaints.queries.sight import hidden_ids, visible_to
from tests.factories import accounts, billing, contracts
from tests.factories import cases as made

pytestmark = pytest.mark.django_db(transaction=True)
AT = made.AT


@pytest.fixture(autouse=True)
def _quiet(monkeypatch):
    monkeypatch.setattr(jobs, "send", lambda *_, **__: None)
    accounts.supplier()
    with time_machine.travel(AT, tick=False):
        yield


@pytest.fixture
def clerk():
    return made.person(Role.CLERK, Role.BILLING, name="Li")


@pytest.fixture
def chief():
    return made.person(Role.SUPERVISOR, name="Wang")


def disputed() -> dict[str, int]:
    world = contracts.world()
    return {"account_id": world.account.id, "bill_id": billing.issued(world=world, kwh=100).id}


def merged(clerk, chief, main=None, **other) -> tuple[Case, Case]:
    """A case in hand, and another one that is answered with it."""
    main = made.in_hand(clerk, team_id=made.team(clerk), **(main or {}))
    beside = made.taken(**other)
    cases.merge(case_id=beside.id, into_id=main.id, at=AT, actor=chief)
    return main, Case.objects.get(id=beside.id)


def test_who_is_named_later_knows_nothing_of_the_merged_cases_and_their_holds_stand_without_a_number(clerk, chief):
    main, beside = merged(clerk, chief, disputed(), caller_name="李雷", **disputed())
    accused = made.person()
    about = made.team(accused)
    with pytest.raises(IllegalMove):
        cases.concern(case_id=beside.id, about_team_id=about, actor=chief)
    cases.concern(case_id=main.id, about_team_id=about, actor=chief)
    assert not visible_to(accused).exists()
    assert list(Hold.objects.values_list("until_at", "evidence")) == [(None, "–"), (None, "–")]
    cases.concern(case_id=main.id, actor=chief)
    assert set(Hold.objects.values_list("evidence", flat=True)) == {main.number, beside.number}


def test_holds_that_ended_do_not_show_the_number_either(clerk, chief):
    row = made.in_hand(clerk, team_id=made.team(clerk), **disputed())
    cases.withdraw(case_id=row.id, reason="no more", at=AT, actor=chief)
    assert Hold.objects.get().until_at == AT
    cases.concern(case_id=row.id, about_team_id=made.team(made.person()), actor=chief)
    assert Hold.objects.get().evidence == "–"


def test_colleagues_in_every_team_of_the_person_see_nothing(clerk, chief):
    accused, near, far, left = (made.person() for _ in range(4))
    first = made.team(accused, left)
    second = made.team(accused, near, far)
    third = made.team(left)
    row = made.taken(about_team_id=third, about_user_id=accused.id)
    for one in (accused, near, far, left):
        assert not visible_to(one).filter(id=row.id).exists()
        assert list(hidden_ids(one)) == [row.id]
    assert visible_to(chief).filter(id=row.id).exists()
    assert visible_to(clerk).filter(id=row.id).exists()
    held = made.in_hand(near, team_id=second)
    with pytest.raises(TeamConcerned):
        cases.concern(case_id=held.id, about_team_id=first, about_user_id=accused.id, actor=chief)


def test_when_the_main_caller_takes_it_back_the_others_wait_for_a_team_again(clerk, chief):
    main, beside = merged(clerk, chief, caller_phone="13900000001", **disputed())
    cases.withdraw(case_id=main.id, reason="no more", at=AT, actor=chief)
    beside.refresh_from_db()
    assert (beside.state, beside.merged_into_id, beside.closed_at) == ("reopened", None, None)
    cards = deadlines.of_subject(subject="case", subject_ids=[beside.id])
    assert {one.standard for one in cards if one.ended_at is None} == {"case_accept", "case_complaint"}
    assert Hold.objects.filter(until_at=None).count() == 1


def test_an_answer_leaves_those_who_are_told_already_when_the_main_caller_takes_it_back(clerk, chief):
    main, beside = merged(clerk, chief, caller_phone="13900000001")
    made.answered(main, clerk)
    cases.withdraw(case_id=main.id, reason="no more", at=AT, actor=chief)
    beside.refresh_from_db()
    assert beside.state == "merged"


def test_who_left_a_landline_alone_is_not_told_by_a_notice_but_called(clerk, chief):
    main, beside = merged(clerk, chief, caller_phone="021-62345678")
    made.answered(main, clerk)
    beside.refresh_from_db()
    assert (beside.state, beside.replied_at, beside.replies.count()) == ("reopened", None, 0)
    assert beside.moves.latest("id").reason == main.number
