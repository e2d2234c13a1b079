"""My inspections in the portal: open defects in plain words, evidence, nothing of others."""

import pytest
import time_machine
from django.test import Client

from contracts.models.inspection import Defect, SafetyInspection
from contracts.operations import inspection_notices
from tests import factories
from tests.factories import accounts
from tests.factories import inspections as made

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _clock(settings, tmp_path):
    settings.DOCUMENTS_DIR = tmp_path / "documents"
    accounts.supplier()
    with time_machine.travel("2026-03-10T02:00:00Z", tick=False):
        yield


def browser(customer):
    client = Client()
    client.force_login(accounts.portal_user(of=customer), backend="django.contrib.auth.backends.ModelBackend")
    client.cookies["django_language"] = "en"
    return client


def test_a_customer_sees_defects_and_shows_that_they_are_rectified():
    world = made.supply()
    made.made(of=world, grounding="9.00")
    inspection_notices.issue(inspection_id=SafetyInspection.objects.get().id, refusal="no", actor=factories.work.DESK)
    client = browser(world.customer)
    shown = client.get("/portal/safety").content.decode()
    assert "Improve the earthing" in shown
    assert "ZG2026000001" in shown
    row = Defect.objects.get()
    place = f"/portal/safety/defects/{row.id}/done"
    client.post(place, {"note": ""})
    assert Defect.objects.get().state == "open"
    client.post(place, {"note": "new rod", "photos": factories.work.photo()})
    assert Defect.objects.get().state == "claimed"
    assert "does not run" in client.get("/portal/safety").content.decode()
    assert client.get(f"/portal/safety/defects/{row.id}/photos/{row.photos.get().id}").status_code == 200
    assert client.get(f"/portal/safety/{SafetyInspection.objects.get().id}/notice.pdf").content.startswith(b"%PDF")


def test_what_is_of_others_is_not_there():
    world = made.supply()
    made.made(of=world, grounding="9.00")
    inspection_notices.issue(inspection_id=SafetyInspection.objects.get().id, refusal="no", actor=factories.work.DESK)
    row = Defect.objects.get()
    stranger = browser(made.supply().customer)
    assert "grounding" not in stranger.get("/portal/safety").content.decode()
    assert stranger.post(f"/portal/safety/defects/{row.id}/done", {"note": "x"}).status_code == 404
    assert stranger.get(f"/portal/safety/defects/{row.id}/photos/1").status_code == 404
    assert stranger.get(f"/portal/safety/{row.inspection_id}/notice.pdf").status_code == 404
    assert "Nothing is to be rectified" in stranger.get("/portal/safety").content.decode()
