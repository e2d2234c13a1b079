"""Counter values reported by other programs."""

from datetime import date

import pytest

from metering.models.read import RegisterRead
from tests.doors.api.calls import Caller, assert_problem
from tests.factories import accounts, metering

pytestmark = pytest.mark.django_db
WRITE = "reads:write"


@pytest.fixture
def register():
    accounts.supplier()
    [register] = metering.metered()
    metering.read(of=register, on=date(2026, 1, 1), kwh=1_000)
    return register


def _one(of, **values):
    given = {"meter": of.meter.serial, "read_date": "2026-02-01", "reading_kwh": "1100.5"}
    return {**given, **values}


def _post(*reads):
    return Caller(WRITE).post("reads", {"reads": list(reads)})


def test_a_read_is_kept_exactly(register):
    body = _post(_one(register)).json()
    assert (body["kept"], body["unchanged"], body["refused"]) == (1, 0, 0)
    kept = RegisterRead.objects.get(id=body["results"][0]["read_id"])
    assert (kept.reading_wh, kept.read_date, kept.version) == (1_100_500, date(2026, 2, 1), 1)


def test_the_same_read_again_changes_nothing_and_another_value_is_a_new_version(register):
    caller = Caller(WRITE)
    outcomes = [
        caller.post("reads", {"reads": [_one(register, reading_kwh=kwh)]}).json()["results"][0]
        for kwh in ("1100.5", "1100.500", "1101")
    ]
    assert [(one["outcome"], one["version"]) for one in outcomes] == [("kept", 1), ("unchanged", 1), ("kept", 2)]


def test_each_read_is_answered_by_itself_in_its_order(register):
    body = _post(
        _one(register),
        _one(register, meter="nobody's"),
        _one(register, read_date="2026-03-01", reading_kwh="900"),
        _one(register, read_date="2999-01-01"),
        _one(register, register="E9"),
        "x",
        _one(register, reading_kwh="NaN"),
        _one(register, date="2026-02-01"),
    ).json()
    assert [(one["line"], one["outcome"], one.get("code", "")) for one in body["results"]] == [
        (1, "kept", ""),
        (2, "refused", "unknown_meter"),
        (3, "refused", "out_of_order"),
        (4, "refused", "date_in_future"),
        (5, "refused", "unknown_register"),
        (6, "refused", "invalid"),
        (7, "refused", "not_a_number"),
        (8, "refused", "unknown_field"),
    ]
    assert all(one["message"] for one in body["results"][1:])
    assert (body["kept"], body["refused"]) == (1, 7)


@pytest.mark.parametrize(
    "reading", ["-1", "1e3", "１２", " 5", "1_000", "1.2345", "", 5, 5.5, None, True, [], "9" * 30, "1\u0000"]
)
def test_readings_that_are_no_numbers_are_refused(register, reading):
    [result] = _post(_one(register, reading_kwh=reading)).json()["results"]
    assert result["outcome"] == "refused"
    assert RegisterRead.objects.count() == 1


@pytest.mark.parametrize("body", [{}, {"reads": []}, {"reads": {}}, {"reads": "x"}, [], {"reads": [{}], "more": 1}])
def test_a_body_without_reads_is_refused(register, body):
    assert_problem(Caller(WRITE).post("reads", body), 422, "invalid_request")


def test_more_than_500_reads_are_refused_whole(register):
    reply = _post(*[_one(register)] * 501)
    assert_problem(reply, 422, "invalid_request")
    assert RegisterRead.objects.count() == 1


def test_no_key_and_no_scope_are_refused(register):
    assert_problem(Caller().post("reads", {}), 401, "not_authenticated")
    assert_problem(Caller("bills:read").post("reads", {}), 403, "permission_denied")
    assert_problem(Caller(WRITE).get("reads"), 405, "method_not_allowed")


def test_what_keeps_the_energy_beside_a_read_from_being_approved_is_told(register):
    [result] = _post(_one(register, read_date="2026-03-01")).json()["results"]
    assert result["outcome"] == "kept"
    assert result["findings"] == [
        {
            "date": "2026-02-01",
            "code": "read_missing",
            "message": "There is no read of 2026-02-01.",
            "advice": "Enter or import the read of that date.",
        }
    ]
    [healed] = _post(_one(register, reading_kwh="1050")).json()["results"]
    assert healed["findings"] == []
