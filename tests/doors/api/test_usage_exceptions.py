"""Exceptions of usage for other programs: listed, accepted, set, estimated, read again."""

from datetime import date

import pytest

from metering.models.exception import UsageException
from metering.models.work import WorkOrder
from metering.operations import usage
from tests.doors.api.calls import Caller, assert_problem
from tests.factories import accounts, metering

pytestmark = pytest.mark.django_db
MONTHS = [date(2025, month, 1) for month in (9, 10, 11, 12)] + [date(2026, month, 1) for month in (1, 2)]


@pytest.fixture(autouse=True)
def _world(time_machine):
    accounts.supplier()
    time_machine.move_to("2026-02-10T02:00:00Z", tick=False)


def _found(last):
    (register,) = metering.metered()
    for day, kwh in zip(MONTHS, (0, 101, 210, 300, 400, last), strict=True):
        if kwh is not None:
            metering.read(of=register, on=day, kwh=kwh)
    usage.approve(start_date=MONTHS[0], end_date=MONTHS[-1])
    return UsageException.objects.filter(register=register, code__in=["usage_high", "read_missing"]).latest("id")


def test_they_are_listed_by_state_code_and_meter():
    row = _found(1_000)
    caller = Caller("exceptions:read")
    serial = row.register.meter.serial
    (shown,) = caller.get(f"usage-exceptions?state=open&code=usage_high&meter={serial}").json()["results"]
    assert (shown["exception_id"], shown["measure"], shown["bound"], shown["unit"]) == (row.id, 600_000, 390_834, "kWh")
    assert shown["acts"] == ["accept", "edit", "estimate", "visit"]
    assert caller.get("usage-exceptions?state=accepted").json()["results"] == []
    assert_problem(caller.get("usage-exceptions?state=x"), 422, "invalid_request")


def test_one_is_accepted_once():
    row, caller = _found(1_000), Caller("exceptions:read", "exceptions:write")
    given = {"reason": "New heating"}
    first, second = (caller.post(f"usage-exceptions/{row.id}/accept", given, idempotency_key="a") for _ in range(2))
    assert (first.json()["state"], first.json()["acts"], second.json()) == ("accepted", [], first.json())
    assert_problem(
        caller.post(f"usage-exceptions/{row.id}/accept", given, idempotency_key="b"), 422, "exception_not_open"
    )


def test_a_value_is_set_and_what_moves_much_waits_for_a_person():
    row, caller = _found(1_000), Caller("exceptions:read", "exceptions:write")
    given = {"reading_kwh": "500.000", "reason": "Photo"}
    shown = caller.post(f"usage-exceptions/{row.id}/edit", given, idempotency_key="a").json()
    assert (shown["state"], shown["changes"][0]["state"], shown["changes"][0]["before_kwh"]) == (
        "gone", "applied", "1000.000",
    )  # fmt: skip
    other = _found(9_000)
    shown = caller.post(f"usage-exceptions/{other.id}/edit", given, idempotency_key="b").json()
    assert (shown["state"], shown["is_waiting"], shown["acts"]) == ("open", True, ["accept", "visit"])


def test_what_is_missing_is_estimated_or_read_again():
    row, caller = _found(None), Caller("exceptions:read", "exceptions:write")
    shown = caller.post(f"usage-exceptions/{row.id}/visit", {}, idempotency_key="v").json()
    assert shown["visits"] == [{"work_order": WorkOrder.objects.get().id, "state": "open"}]
    given = {"reason": "Lost", "method": "proxy_day"}
    wrong = caller.post(f"usage-exceptions/{row.id}/estimate", given, idempotency_key="w")
    assert_problem(wrong, 404, "unknown_estimation_method")
    shown = caller.post(f"usage-exceptions/{row.id}/estimate", {"reason": "Lost"}, idempotency_key="e").json()
    assert (shown["state"], shown["changes"][0]["method"], shown["changes"][0]["after_kwh"]) == (
        "gone", "average", "501.639",
    )  # fmt: skip
