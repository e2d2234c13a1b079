"""Usage inspections by API: suspected once a reference, read in constant statements, without who told."""

import pytest
import time_machine
from django.db import connection
from django.test.utils import CaptureQueriesContext

from contracts.models.usage_inspection import UsageInspection, UsageSuspicion
from tests.doors.api.calls import Caller, assert_problem
from tests.factories import accounts, contracts
from tests.factories import usage_inspections as made

pytestmark = pytest.mark.django_db
READ, WRITE = "usage-inspections:read", "usage-inspections:write"


@pytest.fixture
def world(settings, tmp_path):
    settings.DOCUMENTS_DIR = tmp_path / "documents"
    accounts.supplier()
    with time_machine.travel("2026-03-10T02:00:00Z", tick=False):
        yield contracts.world()


def test_a_program_suspects_once_a_reference_and_reads_what_became_of_it(world):
    caller = Caller(READ, WRITE)
    body = {
        "place": world.service_point.external_id, "source": "anomaly", "words": "night use fell by half",
        "reference": "model:17",
    }  # fmt: skip
    taken = caller.post("usage-inspections", body, idempotency_key="a")
    assert taken.status_code == 201
    again = caller.post("usage-inspections", body, idempotency_key="b").json()
    assert again == taken.json() == {"inspection": UsageInspection.objects.get().id}
    assert UsageSuspicion.objects.count() == 1
    (row,) = caller.get("usage-inspections").json()["results"]
    assert row == caller.get(f"usage-inspections/{again['inspection']}").json()
    assert (row["state"], row["sources"], row["account"], row["finding"]) == (
        "suspected", ["anomaly"], world.account.number, None,
    )  # fmt: skip
    assert caller.get("usage-inspections?state=found").json()["results"] == []


def test_what_cannot_be_is_refused(world):
    caller = Caller(WRITE)
    body = {"place": world.service_point.external_id, "source": "crew", "words": "seal open"}
    for wrong in ({"source": "tip"}, {"source": "alarm"}, {"words": ""}, {"reference": "x" * 41}, {"name": "Li"}):
        assert_problem(caller.post("usage-inspections", {**body, **wrong}, idempotency_key="c"), 422, "invalid_request")
    reply = caller.post("usage-inspections", {**body, "place": "nowhere"}, idempotency_key="d")
    assert_problem(reply, 404, "unknown_service_point")


def test_the_list_takes_a_constant_number_of_statements(world):
    caller, counts = Caller(READ), []
    made.suspected(world.service_point)
    for _ in range(2):
        with CaptureQueriesContext(connection) as asked:
            rows = caller.get("usage-inspections").json()["results"]
        counts.append(len(asked))
        made.suspected(contracts.world().service_point)
    assert (counts[0], len(rows)) == (counts[1], 2)
