"""Pages of completeness: the equation, what is not all billed, the days of one account."""

from datetime import date

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from billing.domain.completeness import DayState, Hole
from billing.models.bill import Bill
from billing.models.completeness import CompletenessPlace
from billing.operations import completeness
from cis.desk import completeness as pages
from cis.desk.completeness_words import ADVICE, DAY_STATES, HOLES, LETTERS
from tests.doors.desk.conftest import twice

pytestmark = pytest.mark.django_db
TODAY = date(2026, 3, 10)


@pytest.fixture
def checked(billed, monkeypatch):
    """Two months were used; January is billed, and the bill of February was cancelled."""
    monkeypatch.setattr(pages, "today", lambda: TODAY)
    Bill.objects.filter(id=billed.bills[1].id).update(state="cancelled")
    completeness.check(today=TODAY)
    return billed


def test_every_state_and_hole_has_its_words():
    names = {state.name.lower() for state in DayState}
    assert set(DAY_STATES) == set(LETTERS) == names
    assert set(HOLES) == set(ADVICE) == {hole.value for hole in Hole}


def test_the_page_shows_the_equation_and_what_is_not_all_billed(checked, desk):
    page = desk.get("/desk/completeness/").content.decode()
    assert twice(page) == []
    assert "?month=2026-02" in page
    assert f"/desk/customers/{checked.account.id}/days/" in page
    assert "28 days" in page
    for query, shown in (
        ("state=to_bill", True),
        ("state=held", False),
        ("state=to_bill&month=2026-01", False),
        ("hole=any", False),
    ):
        told = desk.get(f"/desk/completeness/?{query}").content.decode()
        assert (f"/desk/customers/{checked.account.id}/days/" in told) is shown, query
    assert desk.get("/desk/completeness/?month=nonsense&state=x").status_code == 200


def test_the_files_say_the_same(checked, desk):
    places = b"".join(desk.get("/desk/completeness.csv?state=to_bill")).decode()
    assert checked.account.number in places
    assert ",28," in places
    months = b"".join(desk.get("/desk/completeness-months.csv")).decode()
    assert "2026-02" in months
    assert len(months.strip().splitlines()) == 1 + completeness.MONTHS


def test_what_must_not_be_is_told_with_what_to_do(checked, desk):
    CompletenessPlace.objects.filter(to_bill_days__gt=0).update(holes=["no_cycle"])
    page = desk.get("/desk/completeness/?hole=no_cycle").content.decode()
    assert "1 place in a month has days that must not be so" in page
    assert "Put the account into a bill cycle." in page


def test_the_days_of_an_account_are_a_calendar_in_a_constant_number_of_statements(checked, desk):
    url = f"/desk/customers/{checked.account.id}/days/"
    page = desk.get(url).content.decode()
    assert twice(page) == []
    assert page.count('<td class="day-cell is-billed') == 31
    assert page.count('<td class="day-cell is-to_bill') == 28
    with CaptureQueriesContext(connection) as asked:
        desk.get(url)
    assert len(asked) < 45
    assert desk.get("/desk/customers/999999/days/").status_code == 404


def test_nothing_checked_yet_is_said(desk):
    assert "No night has looked yet" in desk.get("/desk/completeness/").content.decode()
