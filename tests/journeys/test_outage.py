"""
A power fault from the first call to the index: thirty neighbours report it, it is one outage with one crew, everybody is
told once, the crew repairs it, and it counts in SAIDI.
"""

from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from django.test import Client

from accounts.models.notice import Notice
from cis.kernel.enums import Role
from cis.platform import outbox
from metering.models.outage import FaultReport, Outage
from metering.models.work import WorkOrder
from tests.doors.desk.conftest import sign_in
from tests.factories import accounts, work
from tests.factories.outages import street

pytestmark = pytest.mark.django_db
EVENING = datetime(2026, 7, 6, 10, 0, tzinfo=UTC)  # 18:00 in Shanghai


@pytest.fixture
def clock(settings):
    settings.LANGUAGE_CODE = "en"
    with time_machine.travel(EVENING, tick=False) as traveller:
        accounts.supplier()
        yield traveller


def deliver():
    while outbox.deliver_due():
        pass


def text(answer):
    return " ".join(answer.content.decode().split())


def test_thirty_neighbours_report_one_outage_which_one_crew_repairs(clock):
    made = street(transformers=2, supplies=16)
    crew = work.crew()
    phone, desk, home = Client(), sign_in(Client(), Role.CLERK), Client()
    phone.force_login(crew.members.get().user, backend="django.contrib.auth.backends.ModelBackend")
    phone.cookies["django_language"] = "en"

    # The first ones call; the clerk finds the place while typing.
    first = made.points[0][0]
    hits = desk.get("/desk/outages/report/", {"q": first.premises.address}, headers={
        "HX-Request": "true", "HX-Target": "fault-hits",
    })  # fmt: skip
    assert f"point={first.id}" in hits.content.decode()
    typed = {"kind": "no_power", "channel": "phone", "name": "", "phone": "", "note": ""}
    for place, point in enumerate([*made.points[0][:16], *made.points[1][:13]]):
        clock.move_to(EVENING + timedelta(seconds=20 * place))
        answer = desk.post("/desk/outages/report/", {**typed, "point": point.id, "request_key": f"call-{point.id}"})
        assert answer.status_code == 302, text(answer)

    # The thirtieth reports it in the portal.
    neighbour = made.points[1][13]
    customer = neighbour.agreements.get().account.holders.get().customer
    home.force_login(accounts.portal_user(of=customer), backend="django.contrib.auth.backends.ModelBackend")
    home.cookies["django_language"] = "en"
    assert "Power cut at your place" in text(home.get("/portal/power")), "it is dark there, though nobody there said so"
    home.post("/portal/power", {"place": neighbour.id, "kind": "no_power", "phone": "", "note": ""})

    outage = Outage.objects.get(state="supposed")
    order = WorkOrder.objects.get()
    assert (FaultReport.objects.filter(outage=outage).count(), outage.scope, outage.supplies.count()) == (
        30,
        "feeder",
        32,
    )
    assert (order.kind, order.state, order.crew, order.priority) == ("repair", "assigned", crew, "urgent")
    page = text(desk.get(f"/desk/outages/{outage.id}/"))
    assert made.transformers[1].name in page
    assert "Crew there, city" in page

    # The desk says when it is back: everybody is told once, though it is said twice.
    clock.move_to(EVENING + timedelta(minutes=15))
    said = {"cause": "cable", "day": "2026-07-06", "time": "20:30", "note": ""}
    desk.post(f"/desk/outages/{outage.id}/act/", {**said, "action": "confirm"})
    desk.post(f"/desk/outages/{outage.id}/act/", {**said, "action": "expect"})
    deliver()
    told = Notice.objects.filter(event="outage_expected", channel="sms")
    assert told.count() == 32
    assert "2026-07-06 20:30" in told.first().body
    assert "Power is expected back at" in text(home.get("/portal/power"))

    # The crew comes in time, and finishes on its phone.
    clock.move_to(EVENING + timedelta(minutes=40))
    assert "Tell everybody when it is back" in text(phone.get(f"/desk/field/{order.id}/"))
    phone.post(f"/desk/field/{order.id}/start/", {"request_key": "s"})
    assert "A crew is there." in text(home.get("/portal/power"))
    clock.move_to(EVENING + timedelta(minutes=90))
    phone.post(f"/desk/field/{order.id}/", {"note": "joint", "request_key": "f", "outcome": "done"})
    deliver()
    outage.refresh_from_db()
    assert (outage.state, outage.cause) == ("restored", "cable")
    assert Notice.objects.filter(event="outage_restored", channel="sms").count() == 32
    assert "We know of no power cut here." in text(home.get("/portal/power"))
    assert text(desk.get(f"/desk/outages/{outage.id}/")).count("in time") == 2

    # It counts: 90 minutes for each of 32 supplies.
    answer = desk.get("/desk/outages/reliability/")
    assert answer.context["total"] == {
        "served": 32, "interruptions": 32, "momentary": 0, "saifi": "1.0000", "saidi": "90.00", "caidi": "90.00",
    }  # fmt: skip
    assert "2026-07,32,32,0,1.0000,90.00,90.00" in b"".join(
        desk.get("/desk/outages/reliability.csv").streaming_content
    ).decode("utf-8-sig")
