"""What customers tell us in the portal: taken in with photos, followed, answered, rated; nothing of others."""

import pytest
import time_machine
from django.test import Client

from cis.platform import jobs
from complaints.models.case import Case
from complaints.operations import findings
from tests.factories import accounts, billing, contracts, work
from tests.factories import cases as made

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _clock(monkeypatch, settings, tmp_path):
    settings.DOCUMENTS_DIR = tmp_path / "documents"
    monkeypatch.setattr(jobs, "send", lambda *_, **__: None)
    accounts.supplier()
    with time_machine.travel(made.AT, tick=False):
        yield


def browser(customer):
    client = Client()
    client.force_login(accounts.portal_user(of=customer), backend="django.contrib.auth.backends.ModelBackend")
    client.cookies["django_language"] = "en"
    return client


def text(answer):
    return answer.content.decode()


def test_a_wrong_bill_is_told_with_a_photo_followed_and_rated():
    world = contracts.world()
    bill = billing.issued(world=world, kwh=100)
    client = browser(world.customer)
    assert bill.number in text(client.get("/portal/cases/new"))
    given = {"kind": "complaint", "text": "Too high", "class_code": made.ESTIMATED, "bill": str(bill.id),
             "request_key": "k"}  # fmt: skip
    assert "is-invalid" in text(client.post("/portal/cases/new", {**given, "text": ""}))
    page = text(client.post("/portal/cases/new", {**given, "photos": work.photo()}, follow=True))
    client.post("/portal/cases/new", given)  # the button was pressed twice
    row = Case.objects.get()
    assert (row.customer_id, row.account_id, row.bill_id, row.channel) == (
        world.customer.id, world.account.id, bill.id, "portal",
    )  # fmt: skip
    assert f"Its number is {row.number}" in page
    assert "We have it." in page
    assert client.get(f"/portal/cases/{row.id}/photos/{row.photos.get().id}").status_code == 200
    clerk = made.person()
    findings.add_photo(case_id=row.id, source=work.photo(size=(32, 32)), at=made.AT, actor=clerk)
    ours = row.photos.latest("id")
    assert f"/photos/{ours.id}" not in text(client.get(f"/portal/cases/{row.id}"))
    assert client.get(f"/portal/cases/{row.id}/photos/{ours.id}").status_code == 404
    team = made.team(clerk)
    other = made.in_hand(clerk, team_id=team, account_id=world.account.id)
    made.answered(other, clerk, text="It was estimated; we have billed it anew.")
    page = text(client.get(f"/portal/cases/{other.id}"))
    assert "billed it anew" in page
    assert "Is our answer good?" in page
    client.post(f"/portal/cases/{other.id}/act", {"action": "good", "stars": "4"})
    other.refresh_from_db()
    assert (other.state, other.stars) == ("closed", 4)
    client.post(f"/portal/cases/{row.id}/act", {"action": "withdraw", "note": "understood"})
    row.refresh_from_db()
    assert row.state == "withdrawn"
    shown, url = row.photos.count(), f"/portal/cases/{row.id}/act"
    page = text(client.post(url, {"action": "photos", "photos": work.photo()}, follow=True))
    assert "The case has ended." in page
    assert row.photos.count() == shown
    assert "You took it back." in text(client.get("/portal/cases/"))


def test_what_is_of_others_is_not_there():
    world, stranger = contracts.world(), accounts.customer()
    row = made.taken(account_id=world.account.id)
    client = browser(stranger)
    assert row.number not in text(client.get("/portal/cases/"))
    assert client.get(f"/portal/cases/{row.id}").status_code == 404
    assert client.post(f"/portal/cases/{row.id}/act", {"action": "withdraw", "note": "x"}).status_code == 404
    assert client.get(f"/portal/cases/{row.id}/photos/1").status_code == 404
