"""Visits that follow a complaint and an outage: whom the rules name, once, and never what is kept from somebody."""

from datetime import timedelta

import pytest
import time_machine
from django.db import transaction
from django.utils import timezone

from accounts.domain.protections import ProtectionKind
from accounts.models.care import FollowUpVisit
from accounts.operations import protections, segments, visit_events
from accounts.operations.visit_events import Met
from cis.platform import jobs
from complaints.domain.kinds import CaseKind, Satisfaction
from complaints.operations import replies
from metering.domain.outages import Cause
from metering.operations import outage_decisions, outages
from tests.factories import accounts, contracts
from tests.factories import cases as made
from tests.factories.outages import CLERK, new, street

pytestmark = pytest.mark.django_db
AT, DAY = made.AT, timedelta(days=1)


@pytest.fixture(autouse=True)
def _quiet(monkeypatch):
    monkeypatch.setattr(jobs, "send", lambda *_, **__: None)
    accounts.supplier()


def closed(**values):
    person = made.person()
    world = contracts.world()
    with time_machine.travel(AT, tick=False):
        row = made.in_hand(person, team_id=made.team(person), account_id=world.account.id, **values)
        made.answered(row, person)
        row.refresh_from_db()
        if row.state != "closed":
            replies.call_back(
                case_id=row.id, result=Satisfaction.SATISFIED, stars=5, note="", key="k", at=AT, actor=person
            )
    return row


def test_a_complaint_that_is_closed_is_followed_and_a_question_is_not():
    row = closed()
    visit = FollowUpVisit.objects.get()
    assert (visit.key, visit.plan, visit.account_id) == (f"complaint_closed:{row.id}", "complained", row.account_id)
    assert visit.start_date == AT.date() + 14 * DAY
    closed(kind=CaseKind.QUESTION)
    closed(about_team_id=made.team(made.person()))
    assert FollowUpVisit.objects.count() == 1, "what is said of somebody leaves no visit"


def test_after_an_outage_those_are_asked_whom_the_rules_name():
    dark = street(transformers=1, supplies=4)
    account = dark.points[0][2].agreements.get().account
    asked = protections.NewProtection(account_id=account.id, kind=ProtectionKind.VULNERABLE, told="old")
    protections.register(new=asked, at=timezone.now(), actor=CLERK)
    segments.give(today=timezone.localdate())
    for point in dark.points[0][:2]:
        outage_id = outages.report(new=new(point), actor=CLERK).outage_id
    outage_decisions.restore(outage_id=outage_id, cause=Cause.CABLE, note="", at=None, actor=CLERK)
    visit = FollowUpVisit.objects.get()
    assert (visit.account_id, visit.plan, visit.segment) == (account.id, "dark_protected", "protected")
    assert visit.key == f"outage_ended:{outage_id}:{account.id}"
    assert visit.place_id == dark.points[0][2].id
    with transaction.atomic():
        met = [Met(account_id=account.id, place_id=1)]
        assert visit_events.plan_many_step(event="outage_ended", source_id=outage_id, met=met, day=AT.date()) == 0
