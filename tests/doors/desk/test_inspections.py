"""Pages of safety inspections, defects and the register: listed, ordered, handed over on the phone, looked at."""

import base64

import pytest
from django.test import Client

from cis.kernel.enums import Role
from cis.platform.models import AuditEvent
from contracts.models.inspection import Defect, RectificationNotice, SafetyInspection
from contracts.operations import important
from tests import factories
from tests.doors.desk.conftest import TODAY, sign_in
from tests.factories import inspections as made

pytestmark = pytest.mark.django_db


@pytest.fixture
def world(supplier):
    return made.supply()


def text(answer):
    assert answer.status_code == 200, answer
    return b"".join(answer.streaming_content).decode() if answer.streaming else answer.content.decode()


def test_an_inspection_is_planned_from_the_account_ordered_from_the_list_and_shown(desk, world):
    place = f"/desk/customers/{world.account.id}/supply/{world.agreement.id}/inspect/"
    assert "To be done by" in text(desk.get(place))
    assert "Why now" in text(desk.post(place, {"due_date": "2026-03-20", "reason": ""}))
    desk.post(place, {"due_date": "2026-03-20", "reason": "smell of fire"})
    row = SafetyInspection.objects.get()
    assert world.customer.name in text(desk.get("/desk/inspections/"))
    desk.post("/desk/inspections/order/", {"inspection": [str(row.id), "x", "9" * 40]})
    row.refresh_from_db()
    assert row.state == "ordered"
    shown = text(desk.get(f"/desk/inspections/{row.id}/"))
    assert "smell of fire" in shown
    assert "Ordered" in shown
    assert "2026-03-20" in text(desk.get("/desk/inspections.csv?state=ordered"))
    assert "No inspection fits" in text(desk.get("/desk/inspections/?state=failed"))
    assert "No crew" in text(desk.get("/desk/inspections/calendar/?month=2026-03"))
    for odd in ("0000-00", "2026-13", "x", "9999-12"):
        text(desk.get(f"/desk/inspections/calendar/?month={odd}"))
    assert f"/desk/inspections/{row.id}/" in text(desk.get(f"/desk/customers/{world.account.id}/"))


def test_a_defect_goes_its_way_on_its_page(desk, world):
    made.made(of=world, grounding="9.00")
    row = Defect.objects.get()
    listed = text(desk.get("/desk/inspections/defects/"))
    assert "Earthing resistance above 4" in listed
    assert "state-ok" in listed
    assert "2026-03-24" in text(desk.get("/desk/inspections/defects.csv"))
    place = f"/desk/inspections/defects/{row.id}/"
    desk.post(place + "decide/", {"action": "claim", "reason": "new rod", "photos": factories.work.photo()})
    shown = text(desk.get(place))
    assert "new rod" in shown
    photo = row.photos.get()
    assert desk.get(f"/desk/inspections/photos/{photo.id}/")["Content-Type"] == "image/jpeg"
    assert desk.get(f"/desk/inspections/photos/{photo.id + 1}/").status_code == 404
    desk.post(place + "decide/", {"action": "reject", "reason": "8 Ω"})
    desk.post(place + "decide/", {"action": "waive", "reason": ""})
    assert Defect.objects.get().state == "open"
    desk.post(place + "decide/", {"action": "rectify", "reason": "measured"})
    assert Defect.objects.get().state == "rectified"
    assert desk.get("/desk/inspections/defects/999999/").status_code == 404


def test_who_asked_for_a_waiver_has_no_button_to_agree(desk, world):
    made.made(of=world, cabinet_closed="no")
    place = f"/desk/inspections/defects/{Defect.objects.get().id}/"
    desk.post(place + "decide/", {"action": "waive", "reason": "dead plant"})
    assert 'value="agree"' not in text(desk.get(place))
    other = sign_in(Client(), Role.METERING)
    assert 'value="agree"' in text(other.get(place))
    other.post(place + "decide/", {"action": "agree"})
    assert Defect.objects.get().state == "waived"


def test_the_crew_hands_over_on_the_phone_with_photo_and_signature(client, world):
    made.made(of=world, grounding="9.00")
    inspection = SafetyInspection.objects.get()
    crew = inspection.work_order.crew
    client.force_login(crew.members.get().user, backend="django.contrib.auth.backends.ModelBackend")
    client.cookies["django_language"] = "en"
    place = f"/desk/field/{inspection.work_order_id}/hand-over/"
    assert "Earthing" in text(client.get(place))
    row = Defect.objects.get()
    client.post(f"{place}{row.id}/photo/", {"photo": factories.work.photo()})
    assert row.photos.count() == 1
    client.post(place, {"code": "safety_tools", "note": "cabinet 3", "severity": "general"})
    assert Defect.objects.count() == 2
    client.post(place + "issue/", {"receipt": "signed", "signer_name": "Li"})  # nothing was drawn
    client.post(place + "issue/", {"receipt": "refused", "refusal": " "})
    assert not RectificationNotice.objects.exists()
    drawn = "data:image/png;base64," + base64.b64encode(factories.work.photo(kind="PNG").getvalue()).decode()
    client.post(place + "issue/", {"receipt": "signed", "signer_name": "Li", "signature": drawn})
    notice = RectificationNotice.objects.get()
    assert (notice.signer_name, notice.signature_id is None) == ("Li", False)
    assert notice.number in text(client.get(place))
    paper = client.get(f"/desk/inspections/{inspection.id}/notice.pdf")
    assert paper.content.startswith(b"%PDF")
    stranger = sign_in(Client(), Role.FIELD)
    assert stranger.get(place).status_code == 404
    assert stranger.post(f"{place}{row.id}/photo/", {"photo": factories.work.photo()}).status_code == 404


def test_the_register_is_for_few_and_every_look_is_recorded(desk, world):
    given = {
        "service_point": world.service_point.external_id, "grade": "first", "reason": "hospital",
        "backup": "generator", "backup_va": "100", "security_va": "200", "start_date": "2026-03-10", "end_date": "",
    }  # fmt: skip
    assert "is-invalid" in text(desk.post("/desk/inspections/important/new/", {**given, "service_point": "x"}))
    desk.post("/desk/inspections/important/new/", given)
    listed = text(desk.get("/desk/inspections/important/"))
    assert "Grade 1" in listed
    assert "too weak" in listed
    entry_id = AuditEvent.objects.get(subject="important_customer", action="enter").subject_id
    place = f"/desk/inspections/important/{entry_id}/"
    assert "hospital" in text(desk.get(place))
    assert "hospital" in text(desk.get("/desk/inspections/important.csv"))
    looks = AuditEvent.objects.filter(subject="important_customer", action="look")
    assert looks.count() == 3
    desk.post(place + "change/", {**given, "grade": "second"})
    assert "Grade 2" in text(desk.get("/desk/inspections/important/"))
    for role, status in {Role.CASHIER: 403, Role.BILLING: 403, Role.AUDITOR: 200}.items():
        assert sign_in(Client(), role).get("/desk/inspections/important/").status_code == status


def test_a_place_is_reviewed_and_its_entry_ends(desk, world):
    entry_id = important.enter(entry=made.entry(world), today=TODAY, actor=factories.work.DESK)
    place = f"/desk/inspections/important/{entry_id}/act/"
    desk.post(place, {"action": "review"})
    desk.post(place, {"action": "end", "end_date": "2026-03-12"})
    assert AuditEvent.objects.filter(subject="important_customer", action="review").count() == 1
    assert "2026" in text(desk.get(f"/desk/inspections/important/{entry_id}/"))
