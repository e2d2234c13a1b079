"""Rate checks by programs: any usage by the price book, nothing kept."""

import pytest

from tests.doors.api.calls import Caller, assert_problem
from tests.factories import tariffs

pytestmark = pytest.mark.django_db
GIVEN = {"tariff": "residential-tiered", "on_date": "2026-03-01", "days": 31, "months": "1", "used_kwh": "400",
         "before_kwh": "3000", "household": 3}  # fmt: skip


@pytest.fixture
def caller(world):
    tariffs.from_pack()
    tariffs.from_pack("commercial-capacity", pack="cn-commercial")
    return Caller("tariffs:read")


def test_usage_is_rated_line_by_line(caller):
    body = caller.post("rate-checks", GIVEN).json()
    assert body["total"] == {"amount_minor": 26080, "currency": "CNY", "text": "260.80"}
    assert [(line["line"], line["quantity"], line["price"], line["amount"]["text"]) for line in body["lines"]] == [
        ("energy/1", "120.000", "0.617", "74.04"),
        ("energy/2", "280.000", "0.667", "186.76"),
        ("vat", "260.80", "13", "30.00"),
    ]
    assert [line["in_total"] for line in body["lines"]] == [True, True, False]
    assert (body["start_date"], body["end_date"]) == ("2020-01-01", None)


def test_what_the_tariff_needs_and_is_not_given_is_named(caller):
    given = {**GIVEN, "tariff": "commercial-capacity", "used_kwh": {"peak": "80000", "flat": "90000", "valley": "x"}}
    given.pop("before_kwh"), given.pop("household")
    problem = assert_problem(caller.post("rate-checks", given), 422, "invalid_case")
    assert {error["where"] for error in problem["errors"]} == {
        "used_kwh.valley", "inputs.capacity_kva", "inputs.reactive_kvarh"
    }  # fmt: skip
    given["used_kwh"]["valley"] = "70000"
    given["inputs"] = {"capacity_kva": "800", "reactive_kvarh": "100000"}
    assert caller.post("rate-checks", given).json()["total"]["text"] == "180423.53"


@pytest.mark.parametrize(
    ("changed", "status", "code"),
    [
        ({"tariff": "none"}, 404, "unknown_tariff"),
        ({"on_date": "2019-12-31"}, 422, "no_price"),
        ({"months": "-1"}, 422, "invalid_case"),
        ({"colour": 1}, 422, "invalid_request"),
        ({"used_kwh": {"peak": "1"}}, 422, "invalid_case"),
        ({"inputs": ["x"]}, 422, "invalid_case"),
    ],
)
def test_what_cannot_be_rated_is_a_problem(caller, changed, status, code):
    assert_problem(caller.post("rate-checks", {**GIVEN, **changed}), status, code)


def test_a_key_without_the_scope_is_refused(world):
    assert_problem(Caller("bills:read").post("rate-checks", GIVEN), 403, "permission_denied")
