"""Work orders and the network for other programs."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from tests.doors.api.calls import Caller, assert_problem
from tests.factories import accounts, metering, work

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def supplier(db):
    return accounts.supplier()


def test_work_orders_are_listed_by_case_kind_and_day_with_their_appointment():
    crew = work.crew()
    first = work.order(crew=crew, kind="repair", subject="application", subject_id=7, facts={"reason": "dark"})
    second = work.order()
    caller = Caller("work:read")
    ids = lambda query: [row["id"] for row in caller.get(f"work-orders?{query}").json()["results"]]  # noqa: E731
    assert ids("") == [second.id, first.id]
    assert ids("kind=repair") == ids("subject=application&subject_id=7") == ids(f"planned_date={first.planned_date}")
    assert ids("state=open") == [second.id]
    one = caller.get(f"work-orders/{first.id}").json()
    assert (one["state"], one["crew"], one["facts"], one["appointment"]) == (
        "assigned",
        crew.name,
        {"reason": "dark"},
        None,
    )
    assert_problem(caller.get("work-orders/999999"), 404, "unknown_work_order")
    assert_problem(caller.get("work-orders?kind=nothing"), 422, "invalid_request")


def test_transformers_are_listed_with_their_load_in_a_constant_number_of_statements():
    caller = Caller("network:read")
    counts = []
    for _ in range(3):
        bank = metering.transformer(district="徐汇区")
        metering.service_point(transformer=bank, capacity_w=50_000)
        with CaptureQueriesContext(connection) as taken:
            page = caller.get("transformers?district=徐汇区").json()["results"]
        counts.append(len(taken))
        assert page[0]["transformer"] == bank.external_id
    assert counts[1] == counts[2]
    one = caller.get(f"transformers/{bank.external_id}").json()
    assert (one["capacity_va"], one["connected_va"], one["free_va"]) == (400_000, 20_000, 300_000)
    assert caller.get("transformers/none").status_code == 404


@pytest.mark.parametrize("path", ["work-orders", "work-orders/1", "transformers", "transformers/T1"])
def test_each_needs_its_scope(path):
    assert_problem(Caller("bills:read").get(path), 403, "permission_denied")
