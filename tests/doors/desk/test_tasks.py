"""Deadlines on the desk: whoever acts sees what waits, takes it, gives it back; supervisors see what is late."""

from datetime import UTC, datetime, timedelta

import pytest

from cis.desk import tasks
from cis.kernel.enums import Role
from cis.platform import packs
from cis.platform.models import Deadline
from contracts.models.inspection import Defect
from tests.doors.desk.conftest import sign_in
from tests.factories import applications as factory
from tests.factories import inspections

LONG_AGO = datetime(2026, 2, 2, 2, tzinfo=UTC)
NOW = datetime(2026, 3, 10, 1, tzinfo=UTC)


def text(answer):
    return answer.content.decode()


def survey():
    return Deadline.objects.get(standard="connection_survey_home")


def test_every_role_sees_its_own_queue(supplier, client):
    factory.walked(to="documented", at=NOW)
    for role, sees in ((Role.CLERK, True), (Role.FIELD, True), (Role.METERING, True), (Role.BILLING, False)):
        sign_in(client, role)
        page = text(client.get("/desk/deadlines/"))
        assert ("/take/" in page, "Nothing waits here" in page) == (sees, not sees), role


def test_a_defect_is_called_by_its_name_and_leads_to_its_page(supplier, client):
    inspections.made(of=inspections.supply(), grounding="9.00")
    found = Defect.objects.get()
    sign_in(client, Role.METERING)
    page = text(client.get("/desk/deadlines/?queue=safety"))
    assert f"/desk/inspections/defects/{found.id}/" in page
    assert f"{found.severity.capitalize()} defect" in page
    assert found.text_en in page


def test_a_late_one_is_with_the_supervisor_and_on_the_first_page(supplier, client):
    application_id = factory.walked(to="documented", at=LONG_AGO)
    sign_in(client, Role.SUPERVISOR)
    page = text(client.get("/desk/deadlines/?queue=escalated"))
    assert page.count("state-bad") == 2  # survey, and all steps together
    assert f"/desk/applications/{application_id}/" in page
    assert "2 late, 0 soon due" in text(client.get("/"))
    assert b"".join(client.get("/desk/deadlines.csv").streaming_content).decode().count("\n") == 3
    sign_in(client, Role.CLERK)
    assert "1 late, 0 soon due" in text(client.get("/"))


def test_it_is_taken_given_back_and_taken_over(supplier, client):
    factory.walked(to="documented", at=NOW)
    url = f"/desk/deadlines/{survey().id}/take/"
    sign_in(client, Role.CLERK)
    answer = client.post(f"{url}?queue=survey", {"action": "take"})
    assert answer.headers["Location"] == "/desk/deadlines/?queue=survey"
    assert "Give back" in text(client.get("/desk/deadlines/"))
    first = survey().taken_by_id
    sign_in(client, Role.METERING)
    assert "taken it" in text(client.post(url, {"action": "take"}, follow=True))
    assert survey().taken_by_id == first
    sign_in(client, Role.BILLING)
    client.post(url, {"action": "take"})
    assert survey().taken_by_id == first
    sign_in(client, Role.SUPERVISOR)
    assert "Take over" in text(client.get("/desk/deadlines/?queue=survey"))
    client.post(url, {"action": "take"})
    assert survey().taken_by_id != first
    client.post(url, {"action": "give_back"})
    assert survey().taken_by_id is None


def test_every_standard_of_the_pack_that_we_must_keep_is_in_one_queue(supplier):
    known = packs.rule("service_standards", at=NOW.date())
    ours = {key for key in known if not key.startswith("defect_")}
    assert ours <= {standard for queue in tasks.QUEUES.values() for standard in queue.standards}


def test_the_page_takes_the_same_statements_however_many(desk, django_assert_max_num_queries):
    for _ in range(6):
        factory.walked(to="documented", at=NOW - timedelta(hours=1))
    with django_assert_max_num_queries(12):
        assert text(desk.get("/desk/deadlines/?queue=survey")).count("/take/") == 6


@pytest.mark.parametrize("query", ["queue=nonsense", "urgency=never", "page=99"])
def test_a_wrong_filter_shows_the_page(desk, query):
    assert desk.get(f"/desk/deadlines/?{query}").status_code == 200
