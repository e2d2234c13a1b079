"""Exceptions of usage on the desk: found by the approval, seen in their past, accepted with a reason."""

from datetime import date

import pytest

from cis.kernel.enums import Role
from metering.models.exception import UsageException
from metering.operations import usage
from tests.doors.desk.conftest import sign_in
from tests.factories import metering

pytestmark = pytest.mark.django_db
MONTHS = [date(2025, month, 1) for month in (9, 10, 11, 12)] + [date(2026, month, 1) for month in (1, 2)]
COUNT = 5


def _high(kwh=1_000):
    """A counter whose January is far above the months before."""
    (register,) = metering.metered()
    for day, value in zip(MONTHS, (0, 101, 210, 300, 400, kwh), strict=True):
        metering.read(of=register, on=day, kwh=value)
    usage.approve(start_date=MONTHS[0], end_date=MONTHS[-1])
    return register


@pytest.fixture
def found(supplier):
    """What the shipped pack says of it; its high use among others."""
    register = _high()
    return UsageException.objects.get(register=register, code="usage_high")


def _accept(desk, row, reason="New heating"):
    return desk.post(f"/desk/exceptions/{row.id}/accept/", {"reason": reason}, follow=True).content.decode()


def test_what_the_approval_finds_is_listed_with_its_meter_and_days(desk, found):
    page = desk.get("/desk/exceptions/").content.decode()
    assert "Far above the usual use" in page
    assert found.register.meter.serial in page
    assert f"/desk/exceptions/{found.id}/" in page
    assert "Nothing is to be looked at" not in page


@pytest.mark.parametrize(
    ("query", "is_there"),
    [
        ("", True),
        ("?state=accepted", False),
        ("?severity=look&code=usage_high", True),
        ("?severity=stop", False),
        ("?code=usage_low", False),
        ("?since=2026-02-02", False),
        ("?since=2026-01-15&until=2026-01-20", True),
        ("?until=2025-12-31", False),
        ("?text=nowhere", False),
        ("?text=%25", False),
        ("?since=nonsense", True),
    ],
)
def test_the_list_is_filtered(desk, found, query, is_there):
    page = desk.get(f"/desk/exceptions/{query}").content.decode()
    assert (f"/desk/exceptions/{found.id}/" in page) is is_there
    file = b"".join(desk.get(f"/desk/exceptions.csv{query}").streaming_content).decode()
    assert (found.register.meter.serial in file) is is_there


def test_the_file_says_what_was_found_in_units(desk, found):
    (line,) = [
        one
        for one in b"".join(desk.get("/desk/exceptions.csv?code=usage_high").streaming_content).decode().splitlines()
        if one.startswith(f"{found.id},")
    ]
    assert ",2026-01-01,2026-02-01,2026-01-01,600.000,304.917,kWh,," in line


def test_one_is_shown_in_its_past_with_the_reads(desk, found):
    page = desk.get(f"/desk/exceptions/{found.id}/").content.decode()
    assert "600.000 kWh" in page
    assert "304.917 kWh" in page
    assert 'data-chart="past"' in page
    assert page.count("this one") == 2  # the table, and the words of the chart
    for reading in ("101", "210", "1,000"):
        assert f">{reading}<" in page


def test_it_is_accepted_with_a_reason_and_not_opened_again(desk, found):
    page = _accept(desk, found)
    assert "Accepted." in page
    assert "New heating" in page
    found.refresh_from_db()
    assert (found.state, found.reason, found.decider_id is not None) == ("accepted", "New heating", True)
    usage.approve(start_date=MONTHS[0], end_date=MONTHS[-1])
    assert [row.state for row in UsageException.objects.filter(code="usage_high")] == ["accepted"]


def test_nothing_is_accepted_without_a_reason_or_twice(desk, found):
    assert "is-invalid" in _accept(desk, found, reason="  ")
    _accept(desk, found)
    assert "is accepted." in _accept(desk, found, reason="again")
    found.refresh_from_db()
    assert (found.state, found.reason) == ("accepted", "New heating")


def test_what_is_missing_cannot_be_accepted(desk, supplier):
    (register,) = metering.metered()
    metering.read(of=register, on=MONTHS[0], kwh=0)
    usage.approve(start_date=MONTHS[0], end_date=MONTHS[1])
    (row,) = UsageException.objects.all()
    page = desk.get(f"/desk/exceptions/{row.id}/").content.decode()
    assert "bring what is missing" in page
    assert "accept/" not in page
    assert "no energy to accept" in _accept(desk, row)
    row.refresh_from_db()
    assert row.state == "open"


def test_those_who_do_not_meter_look_and_decide_nothing(client, found):
    reader = sign_in(client, Role.CLERK)
    page = reader.get(f"/desk/exceptions/{found.id}/").content.decode()
    assert "Metering or a supervisor decides on it." in page
    assert "accept/" not in page
    assert reader.post(f"/desk/exceptions/{found.id}/accept/", {"reason": "no"}).status_code == 403
    found.refresh_from_db()
    assert found.state == "open"


def test_an_unknown_one_is_not_found(desk, supplier):
    assert desk.get("/desk/exceptions/999/").status_code == 404
    assert desk.post("/desk/exceptions/999/accept/", {"reason": "x"}).status_code == 404


def test_pages_speak_chinese(desk, found):
    desk.cookies["django_language"] = "zh-hans"
    page = desk.get("/desk/exceptions/").content.decode()
    assert "远高于平常用量" in page
    assert "电量异常" in page
    page = desk.get(f"/desk/exceptions/{found.id}/").content.decode()
    assert "历史对照" in page


def test_the_list_takes_the_same_statements_for_many(desk, found, django_assert_max_num_queries):
    for _ in range(COUNT):
        _high()
    with django_assert_max_num_queries(12):
        desk.get("/desk/exceptions/")
