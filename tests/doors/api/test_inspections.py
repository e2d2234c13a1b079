"""Inspections and defects of a place by API: read, by who may."""

import pytest
import time_machine
from django.db import connection
from django.test.utils import CaptureQueriesContext

from tests.doors.api.calls import Caller, assert_problem
from tests.factories import accounts
from tests.factories import inspections as made

pytestmark = pytest.mark.django_db
READ = "inspections:read"


@pytest.fixture(autouse=True)
def _clock(settings, tmp_path):
    settings.DOCUMENTS_DIR = tmp_path / "documents"
    accounts.supplier()
    with time_machine.travel("2026-03-10T02:00:00Z", tick=False):
        yield


def test_a_program_reads_inspections_and_defects_of_a_place():
    world = made.supply()
    made.made(of=world, grounding="9.00")
    place = f"places/{world.service_point.external_id}/inspections"
    (one,) = Caller(READ).get(place).json()["results"]
    assert (one["state"], one["done_date"], one["account"]) == ("failed", "2026-03-10", world.account.number)
    (defect,) = one["defects"]
    assert (defect["code"], defect["severity"], defect["due_date"]) == ("grounding", "serious", "2026-03-24")
    assert defect["text"] == {"zh": "接地电阻超过 4 Ω", "en": "Earthing resistance above 4 Ω"}


def test_who_may_not_and_what_is_not_there():
    world = made.supply()
    assert Caller("bills:read").get(f"places/{world.service_point.external_id}/inspections").status_code == 403
    assert Caller().get(f"places/{world.service_point.external_id}/inspections").status_code == 401
    assert_problem(Caller(READ).get("places/nowhere/inspections"), 404, "unknown_service_point")


def test_a_constant_number_of_statements():
    world = made.supply()
    caller = Caller(READ)
    counts = []
    for _ in range(2):
        made.made(of=world, grounding="9.00", safety_tools="no")
        with CaptureQueriesContext(connection) as taken:
            caller.get(f"places/{world.service_point.external_id}/inspections")
        counts.append(len(taken))
    assert counts[0] == counts[1]
