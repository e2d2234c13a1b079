"""Outages at the desk: lists, decisions, plans; a constant number of statements, however many there are."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from accounts.models.notice import Mailing
from cis.kernel.actors import SYSTEM
from cis.kernel.enums import Role
from metering.domain.meter_alarms import AlarmKind, NewAlarm
from metering.models.outage import Outage, PlannedOutage
from metering.operations import meter_alarms, outages
from tests.doors.desk.conftest import sign_in
from tests.factories import metering
from tests.factories.outages import CLERK, new, street

pytestmark = pytest.mark.django_db


def text(answer):
    return " ".join(answer.content.decode().split())


@pytest.fixture
def planner(supplier):
    return sign_in(Client(), Role.METERING)


def test_the_list_takes_as_many_statements_for_many_as_for_few_and_filters(desk):
    counts = []
    for _ in range(3):
        for _ in range(2):
            outages.report(new=new(street(transformers=1, supplies=2, lived_in=False).all_points[0]), actor=CLERK)
        with CaptureQueriesContext(connection) as taken:
            assert desk.get("/desk/outages/").status_code == 200
        counts.append(len(taken))
    assert counts[1] == counts[2]
    assert "No outage fits these filters" in text(desk.get("/desk/outages/?state=restored"))
    file = b"".join(desk.get("/desk/outages.csv?state=open").streaming_content).decode()
    assert file.count("Supposed") == 6


def test_an_outage_is_decided_on_and_what_does_not_fit_is_said_beside_its_field(desk):
    made = street(lived_in=False)
    outage_id = outages.report(new=new(made.points[0][0]), actor=CLERK).outage_id
    outages.report(new=new(made.points[1][0]), actor=CLERK)
    act = f"/desk/outages/{outage_id}/act/"
    assert "within the next 30 days" in text(desk.post(act, {"action": "expect", "day": "2020-01-01", "time": "10:00"}))
    assert "Say why it is none." in text(desk.post(act, {"action": "cancel", "note": ""}))
    part = str(made.transformers[0].id)
    desk.post(act, {"action": "part", "part": part})
    page = desk.get(f"/desk/outages/{outage_id}/")
    assert [branch.dark for branch in page.context["branches"]] == [0, 3]
    desk.post(act, {"action": "restore", "cause": "weather", "note": "storm"})
    assert Outage.objects.get(id=outage_id).state == "restored"
    assert "Next step" not in text(desk.get(f"/desk/outages/{outage_id}/"))


def test_an_outage_is_planned_with_a_preview_let_go_moved_and_called_off(planner, desk):
    made = street(transformers=1)
    start = timezone.localtime() + timedelta(days=9)
    typed = {
        "asset": f"transformer:{made.transformers[0].id}", "notice": "planned", "work": "New cable", "reason": "",
        "start_day": f"{start:%Y-%m-%d}", "start_time": "09:00", "end_day": f"{start:%Y-%m-%d}", "end_time": "12:00",
    }  # fmt: skip
    seen = planner.post("/desk/outages/planned/new/", {**typed, "do": "preview"})
    assert (seen.context["preview"].customers, PlannedOutage.objects.count()) == (3, 0)
    soon = {**typed, "start_day": f"{timezone.localtime() + timedelta(days=2):%Y-%m-%d}", "do": "propose"}
    assert "People hear of it at least 168 hours before" in text(planner.post("/desk/outages/planned/new/", soon))
    planner.post("/desk/outages/planned/new/", {**typed, "do": "propose"})
    plan = PlannedOutage.objects.get()
    mailing = Mailing.objects.get()
    assert "New cable" in text(desk.get(reverse("desk:mailing", args=[mailing.id])))
    desk.post(reverse("desk:mailing", args=[mailing.id]), {"do": "approve"})
    plan.refresh_from_db()
    assert plan.state == "announced"
    act = f"/desk/outages/planned/{plan.id}/act/"
    assert "Say why it is moved." in text(planner.post(act, {**typed, "action": "move"}))
    planner.post(act, {**typed, "action": "move", "end_time": "14:00", "reason": "more to do"})
    planner.post(act, {"action": "cancel", "reason": "rain"})
    plan.refresh_from_db()
    assert (plan.state, Mailing.objects.count()) == ("cancelled", 3)
    assert "Called off" in text(planner.get("/desk/outages/planned/?state="))
    assert "New cable" in b"".join(planner.get("/desk/outages/planned.csv?state=").streaming_content).decode()


def test_where_the_rules_have_nothing_on_outages_it_is_said(desk, settings):
    settings.PACK = "gb-example"
    for page in ("", "report/", "planned/", "planned/new/", "reliability/"):
        assert "The rules of this place have nothing on outages" in text(desk.get(f"/desk/outages/{page}"))
    point = street(transformers=1, supplies=1, lived_in=False).all_points[0]
    typed = {"kind": "no_power", "channel": "phone", "point": point.id}
    assert "The rules of this place have nothing on outages." in text(desk.post("/desk/outages/report/", typed))


def test_alarms_of_meters_are_listed_with_what_came_of_them(desk):
    counts = []
    desk.get("/desk/outages/alarms/")
    for supplies in (2, 5):
        made = street(transformers=1, supplies=supplies, lived_in=False)
        serials = [metering.installation(at=point).meter.serial for point in made.all_points]
        now = timezone.now()
        alarms = [NewAlarm(serial=serial, kind=AlarmKind.POWER_OFF, occurred_at=now) for serial in serials]
        [outage_id] = meter_alarms.take(alarms=alarms, actor=SYSTEM).outages
        with CaptureQueriesContext(connection) as asked:
            page = desk.get("/desk/outages/alarms/?kind=power_off").content.decode()
        counts.append(len(asked))
    assert counts[0] == counts[1]
    assert serials[0] in page
    for wanted, count in (("", 5), (f"&text={serials[0]}", 1)):
        only = desk.get(f"/desk/outages/alarms/?outage={outage_id}{wanted}").content.decode()
        assert only.count(f"/desk/outages/{outage_id}/") == count
    file = b"".join(desk.get(f"/desk/outages/alarms.csv?outage={outage_id}").streaming_content).decode("utf-8-sig")
    assert len(file.splitlines()) == 6
    assert "No alarm fits" in desk.get("/desk/outages/alarms/?answer=planned").content.decode()
    shown = desk.get(f"/desk/outages/{outage_id}/").content.decode()
    assert "The meters of 5 supplies said so themselves." in shown
