"""Cases that tell of a fault of the supply: the crew is sent as if it had been reported as such, once for each case."""

from datetime import timedelta

import pytest
from django.db import transaction

from accounts.models.account import AccountHolder
from cis.kernel.enums import Role
from cis.platform import db
from complaints.domain.kinds import SEQUENCE, CaseKind
from complaints.models.work import CaseLink
from complaints.operations import cases
from metering.models.outage import FaultReport, Outage
from metering.models.work import WorkOrder
from metering.operations import outages
from tests.factories import accounts
from tests.factories import cases as made
from tests.factories.outages import street
from tests.killed import while_waiting

pytestmark = pytest.mark.django_db(transaction=True)
SINGLE, VOLTAGE = "supply/outage/single", "supply/quality/voltage"


@pytest.fixture(autouse=True)
def supplier(db):
    return accounts.supplier()


def told(point, *, class_code=SINGLE, kind=CaseKind.FAULT, **values):
    account_id = AccountHolder.objects.get(account__agreements__service_point=point).account_id
    return made.taken(
        kind=kind, class_code=class_code, account_id=account_id, text="家里没电了", actor=made.person(), **values
    )


def test_cases_of_neighbours_are_one_outage_with_its_crew_and_each_is_linked_to_its_report():
    points = street(transformers=1).points[0]
    rows = [told(point) for point in points]
    outage = Outage.objects.get(state="supposed")
    orders = WorkOrder.objects.filter(subject="outage", subject_id=outage.id)
    assert (outage.scope, orders.count()) == ("transformer", 1)
    links = CaseLink.objects.order_by("case_id").values_list("case_id", "fault_report__service_point_id")
    assert list(links) == [(row.id, point.id) for row, point in zip(rows, points, strict=True)]
    assert set(FaultReport.objects.values_list("channel", "kind", "note")) == {("phone", "no_power", "家里没电了")}


def test_a_class_that_somebody_gives_later_reports_it_once():
    clerk = made.person()
    row = told(street(transformers=1).points[0][0], class_code="")
    assert not FaultReport.objects.exists()
    for code in (VOLTAGE, VOLTAGE, SINGLE):
        cases.classify(case_id=row.id, class_code=code, at=made.AT, actor=clerk)
    assert list(FaultReport.objects.values_list("kind", flat=True)) == ["voltage"]


def test_no_crew_is_sent_for_questions_for_unknown_places_and_where_no_outages_are_kept(monkeypatch):
    point = street(transformers=1).points[0][0]
    told(point, kind=CaseKind.QUESTION)
    made.taken(kind=CaseKind.FAULT, class_code=SINGLE, text="路灯不亮", place="人民路口")
    monkeypatch.setattr("metering.queries.outage_places.is_offered", lambda *, at: False)
    told(point)
    assert not FaultReport.objects.exists()


def test_what_is_said_of_one_of_us_is_no_note_for_the_crew():
    colleague = made.person()
    told(street(transformers=1).points[0][0], about_user_id=colleague.id)
    assert FaultReport.objects.get().note == ""


def test_nor_is_what_somebody_names_one_of_us_in_later():
    chief = made.person(Role.SUPERVISOR)
    row = told(street(transformers=1).points[0][0])
    order = WorkOrder.objects.get(subject="outage")
    assert order.facts["reason"] == FaultReport.objects.get().note == "家里没电了"
    cases.concern(case_id=row.id, actor=chief)
    assert FaultReport.objects.get().note  # nobody is named
    cases.concern(case_id=row.id, about_team_id=made.team(made.person()), actor=chief)
    order.refresh_from_db()
    assert (FaultReport.objects.get().note, "reason" in order.facts) == ("", False)
    assert order.facts["phone"] == row.caller_phone


def test_a_case_of_last_week_that_becomes_a_fault_sends_nobody_now():
    row = told(street(transformers=1).points[0][0], class_code="")
    cases.classify(case_id=row.id, class_code=SINGLE, at=made.AT + timedelta(days=1, minutes=1), actor=made.person())
    assert not FaultReport.objects.exists()
    cases.classify(case_id=row.id, class_code=SINGLE, at=made.AT + timedelta(days=1), actor=made.person())
    assert FaultReport.objects.exists()


def test_who_waits_for_a_feeder_keeps_nobody_from_a_number():
    made.taken()  # there is a row of numbers
    point = street(transformers=1).points[0][0]
    with transaction.atomic():
        outages.lock_step(service_point_id=point.id)
        waiting = while_waiting(
            lambda: told(point),
            lambda: db.fetch("SELECT 1 FROM platform_sequence WHERE name = %s FOR UPDATE NOWAIT", [SEQUENCE]),
        )
    waiting.end()
    assert FaultReport.objects.exists()
