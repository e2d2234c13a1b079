"""Exceptions of usage on the desk: found by the approval, seen in their past, accepted with a reason."""

from datetime import date

import pytest
from django.test import Client

from cis.kernel.actors import Actor, ActorKind
from cis.kernel.enums import Role
from metering.models.exception import UsageException
from metering.models.read import RegisterRead
from metering.models.read_change import ReadChange
from metering.models.work import WorkOrder
from metering.operations import usage
from metering.operations.work_orders import assign
from tests.doors.desk.conftest import sign_in
from tests.factories import metering, work

pytestmark = pytest.mark.django_db
MONTHS = [date(2025, month, 1) for month in (9, 10, 11, 12)] + [date(2026, month, 1) for month in (1, 2)]
COUNT = 5
SYSTEM_METER = Actor(ActorKind.STAFF, 99, "Chief", frozenset({Role.METERING}))


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
    assert ",2026-01-01,2026-02-01,2026-01-01,600.000,390.834,kWh,," in line


def test_one_is_shown_in_its_past_with_the_reads(desk, found):
    page = desk.get(f"/desk/exceptions/{found.id}/").content.decode()
    assert "600.000 kWh" in page
    assert "390.834 kWh" in page
    assert 'data-chart="past"' in page
    assert page.count("this one") == 2  # the table, and the words of the chart
    for reading in ("101", "210", "1,000"):
        assert f">{reading}<" in page


def test_a_visit_is_ordered_from_it_and_its_reading_settles_it(desk, found, time_machine):
    time_machine.move_to("2026-02-10T02:00:00Z", tick=False)
    page = desk.post(f"/desk/exceptions/{found.id}/visit/", follow=True).content.decode()
    order = WorkOrder.objects.get()
    assert f"/desk/work/{order.id}/" in page
    assert "Exception of usage" in desk.get(f"/desk/work/{order.id}/").content.decode()
    assert "is under way" in desk.post(f"/desk/exceptions/{found.id}/visit/", follow=True).content.decode()
    crew = work.crew()
    assign(work_order_ids=[order.id], crew_id=crew.id, planned_date=date(2026, 2, 10), actor=SYSTEM_METER)
    desk.post(f"/desk/field/{order.id}/start/", {"request_key": "s"})
    phone = desk.get(f"/desk/field/{order.id}/re-read/").content.decode()
    assert found.register.meter.serial in phone
    name = f"reading_{found.register_id}"
    assert "is-wrong" in desk.post(f"/desk/field/{order.id}/re-read/", {name: ""}).content.decode()
    desk.post(f"/desk/field/{order.id}/re-read/", {name: "1180", "request_key": "f"})
    found.refresh_from_db()
    assert (found.state, found.reason) == ("accepted", "2026-02-10: 1180.000")


def test_a_value_is_set_by_hand_and_one_that_moves_much_by_two(desk, client, supplier):
    register = _high(3_000)
    row = UsageException.objects.get(register=register, code="usage_high")
    form = {"reading": "500", "edit_reason": ""}
    assert "is-invalid" in desk.post(f"/desk/exceptions/{row.id}/edit/", form).content.decode()
    page = desk.post(f"/desk/exceptions/{row.id}/edit/", {**form, "edit_reason": "Photo"}, follow=True)
    assert "A second person decides" in page.content.decode()
    assert "Waits for a second person" in desk.get("/desk/exceptions/?state=waiting").content.decode()
    change = ReadChange.objects.get()
    own = desk.post(f"/desk/exceptions/{row.id}/changes/{change.id}/", {"action": "apply"}, follow=True)
    assert "Ask a second person" in own.content.decode()
    second = sign_in(Client(), Role.SUPERVISOR)
    assert 'value="apply"' in second.get(f"/desk/exceptions/{row.id}/").content.decode()
    second.post(f"/desk/exceptions/{row.id}/changes/{change.id}/", {"action": "apply"})
    row.refresh_from_db()
    assert row.state == "gone"
    assert second.post(f"/desk/exceptions/{row.id}/changes/{change.id}/", {"action": "x"}).status_code == 404


def test_what_is_missing_is_estimated_by_a_chosen_method(desk, supplier):
    (register,) = metering.metered()
    for day, kwh in zip(MONTHS, (0, 101, 210, 300, 400), strict=False):
        metering.read(of=register, on=day, kwh=kwh)
    usage.approve(start_date=MONTHS[0], end_date=MONTHS[-1])
    row = UsageException.objects.get(code="read_missing", state="open")
    page = desk.get(f"/desk/exceptions/{row.id}/").content.decode()
    assert "Mean of the days before" in page
    assert ">501.639<" in page
    given = {"method": "straight_line", "estimate_reason": "No access"}
    page = desk.post(f"/desk/exceptions/{row.id}/estimate/", given, follow=True).content.decode()
    assert "The estimate holds until a reading comes." in page
    assert "Going on as before" in page
    assert RegisterRead.objects.get(read_date=MONTHS[-1]).method == "straight_line"


def test_many_are_settled_after_a_look(desk, found):
    assert (
        "Choose the exceptions first."
        in desk.post("/desk/exceptions/act/", {"act": "accept"}, follow=True).content.decode()
    )
    chosen = {"act": "accept", "exception": [found.id]}
    page = desk.post("/desk/exceptions/act/", chosen).content.decode()
    assert found.register.meter.serial in page
    assert 'name="confirm"' not in page
    page = desk.post("/desk/exceptions/act/", {**chosen, "reason": "Heating", "preview": "1"}).content.decode()
    assert "Energy then" in page
    found.refresh_from_db()
    assert found.state == "open"
    page = desk.post("/desk/exceptions/act/", {**chosen, "reason": "Heating", "confirm": "1"}, follow=True)
    assert "1 exception is dealt with." in page.content.decode()
    found.refresh_from_db()
    assert (found.state, found.reason) == ("accepted", "Heating")
    assert desk.post("/desk/exceptions/act/", {"act": "edit", "exception": [found.id]}).status_code == 404


def test_who_meters_sees_on_the_first_page_how_many_wait(desk, found, client):
    assert "/desk/exceptions/" in desk.get("/").content.decode().partition('class="tiles"')[2]


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
    assert "Another value" in page
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
