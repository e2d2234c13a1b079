"""VENs on the desk: listed, shown with their resources and callbacks, linked and blocked by an administrator."""

import pytest
import time_machine
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from cis.kernel.enums import Role
from cis.platform import jobs
from contracts.models.openadr import OpenAdrObject
from metering.gateways import head_end
from tests.doors.desk.conftest import sign_in
from tests.factories import accounts, demand
from tests.factories.demand import NOW
from tests.factories.openadr import Caller, enrolment_of

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _clock(monkeypatch, settings):
    settings.LANGUAGE_CODE = "en"
    monkeypatch.setattr(jobs, "send", lambda *_, **__: None)
    monkeypatch.setattr(head_end, "_bound", [])
    with time_machine.travel(NOW, tick=False):
        accounts.supplier()
        yield


@pytest.fixture
def admin(client):
    return sign_in(client, Role.ADMIN)


def text(desk, name, *args):
    return desk.get(reverse(f"desk:{name}", args=args)).content.decode()


def act(desk, name, row_id, **data):
    return desk.post(reverse(f"desk:{name}", args=[row_id]), data, follow=True).content.decode()


def row_of(object_id):
    return OpenAdrObject.objects.get(object_id=object_id)


def test_an_administrator_links_a_resource_and_blocks_a_ven(admin):
    assert "No VEN yet" in text(admin, "vens")
    program = demand.program()
    world, _register = demand.home(program)
    caller = Caller(name="charger 5")
    resource = row_of(caller.with_resource("wallbox")["id"])
    wish = {"objects": ["EVENT"], "operations": ["CREATE"], "callbackUrl": "https://ven.example/secret-path",
            "bearerToken": "secret-token"}  # fmt: skip
    caller.post("subscriptions", {"clientName": "me", "objectOperations": [wish]})
    demand.announced(program)
    assert "charger 5 ven" in text(admin, "vens")
    page = text(admin, "ven", resource.ven_id)
    assert "wallbox" in page
    assert "ven.example" in page
    assert "secret" not in page
    assert "Give the number" in act(admin, "act_on_resource", resource.id, action="link", enrolment="x")
    assert "There is no enrolment" in act(admin, "act_on_resource", resource.id, action="link", enrolment="999999")
    page = act(admin, "act_on_resource", resource.id, action="link", enrolment=str(enrolment_of(world)))
    assert "Linked:" in page
    assert world.account.number in page
    assert len(caller.get("events")) == 1
    page = act(admin, "act_on_resource", resource.id, action="unlink")
    assert "answers for nobody" in page
    assert caller.get("events") == []
    assert "Blocked: it is refused." in act(admin, "act_on_ven", resource.ven_id, action="block")
    assert caller.ask("GET", "events").status_code == 403
    assert "It is let in again." in act(admin, "act_on_ven", resource.ven_id, action="unblock")
    for name, row_id in (("act_on_ven", resource.ven_id), ("act_on_resource", resource.id), ("act_on_ven", 999_999)):
        assert admin.post(reverse(f"desk:{name}", args=[row_id]), {"action": "x"}).status_code == 404
    assert admin.get(reverse("desk:ven", args=[resource.id])).status_code == 404


def test_who_only_looks_sees_no_buttons(client):
    resource = row_of(Caller().with_resource()["id"])
    desk = sign_in(client, Role.METERING)
    page = text(desk, "ven", resource.ven_id)
    assert "charger" in page
    assert "<form" not in page.split("page-head")[1].split("</main>")[0]


def test_the_pages_ask_the_same_number_of_statements_for_few_and_many(admin):
    first = Caller()
    ven_id = row_of(first.with_resource()["id"]).ven_id
    counts = []
    for _ in range(2):
        for name, args in (("vens", ()), ("ven", (ven_id,))):
            text(admin, name, *args)
            with CaptureQueriesContext(connection) as asked:
                text(admin, name, *args)
            counts.append(len(asked))
        for place in range(3):
            Caller().with_resource()
            ven = row_of(OpenAdrObject.objects.get(id=ven_id).object_id)
            resource = {"objectType": "VEN_RESOURCE_REQUEST", "resourceName": f"r{place}", "venID": ven.object_id}
            first.ask("POST", "resources", resource)
    assert counts[:2] == counts[2:]
