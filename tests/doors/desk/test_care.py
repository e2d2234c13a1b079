"""Care at the desk: protections, points, visits with their answers, service plans, segments; lists, files, tasks."""

from datetime import date, timedelta

import pytest
import time_machine
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.domain.loyalty import Earned
from accounts.models.care import CarePlan, FollowUpVisit, PointsRedemption, Protection
from accounts.models.notice import Notice
from accounts.models.survey import Survey
from accounts.operations import care_plans, points, protections, segments, surveys, visits
from billing.queries import mailing_targets
from billing.queries.mailing_targets import Choice
from cis.kernel.actors import Actor, ActorKind
from cis.kernel.enums import Role
from metering.models.work import WorkOrder
from tests.doors.desk.conftest import TODAY, sign_in
from tests.factories import accounts, billing, contracts

pytestmark = pytest.mark.django_db


def text(answer):
    return answer.content.decode()


def csv(desk, url):
    return b"".join(desk.get(url).streaming_content).decode()


@pytest.fixture
def world(supplier):
    return contracts.world()


def test_life_support_from_the_call_to_the_paper_to_its_end(desk, world, client):
    account = f"/desk/customers/{world.account.id}/"
    assert f"{account}protect/" in text(desk.get(account))
    assert "is-invalid" in text(desk.post(f"{account}protect/", {"kind": "life_support", "told": ""}))
    typed = {"kind": "life_support", "told": "oxygen at home", "person": "mother", "place": world.service_point.id}
    page = text(desk.post(f"{account}protect/", typed, follow=True))
    assert "It holds from now on" in page
    assert "still to come" in page
    one = Protection.objects.get()
    assert "The register has it already" in text(desk.post(f"{account}protect/", typed))
    url = f"/desk/care/protections/{one.id}/"
    assert "Life support" in text(desk.get(account))
    assert "is-invalid" in text(desk.post(f"{url}act/", {"action": "prove", "evidence": "medical_certificate"}))
    desk.post(f"{url}act/", {"action": "prove", "evidence": "medical_certificate", "text": "No. 7"})
    assert "No. 7" in text(desk.get(url))
    assert "second person" in text(desk.post(f"{url}act/", {"action": "end", "reason": "moved"}, follow=True))
    assert "another person decides" in text(desk.get(url))
    sign_in(client, Role.SUPERVISOR)
    assert "The protection has ended" in text(
        client.post(f"{url}act/", {"action": "end", "reason": "moved"}, follow=True)
    )
    assert desk.post(f"{url}act/", {"action": "nonsense"}).status_code == 404
    assert csv(desk, "/desk/care/protections.csv?state=all").count("\n") == 2
    assert "mother" not in text(desk.get("/desk/care/protections/"))
    assert "mother" in text(desk.get("/desk/care/protections/?state=ended"))


def test_points_are_redeemed_and_reported(desk, world):
    billing.issued(world=world)
    url = f"/desk/customers/{world.account.id}/points/"
    assert "From 100 points on" in text(desk.get(url))
    with transaction.atomic():
        points.earn_step(
            source="self_read", earned=[Earned(world.account.id, 202603, TODAY, TODAY)], points=350,
            expires_date=date(2026, 4, 1),
        )  # fmt: skip
    page = text(desk.get(url))
    assert "350" in page
    assert "Meter read by yourself" in page
    assert "350 expire soon" in text(desk.get(f"/desk/customers/{world.account.id}/"))
    assert "steps of 100" in text(desk.post(url, {"points": "150", "request_key": "k"}))
    for _ in range(2):
        desk.post(url, {"points": "300", "request_key": "k"})
    row = PointsRedemption.objects.get()
    assert f"/desk/bills/{row.note_id}/" in text(desk.get(url))
    assert "Loyalty points" in text(desk.get(f"/desk/bills/{row.note_id}/"))
    report = text(desk.get("/desk/care/points/"))
    assert "¥3.00" in report
    assert csv(desk, "/desk/care/points.csv").count("\n") == 2
    assert csv(desk, f"/desk/customers/{world.account.id}/points.csv").count("\n") == 3


def test_a_visit_is_planned_assigned_made_and_answered_without_a_login(desk, world, client):
    accounts.contact_point(of=world.customer)
    with transaction.atomic():
        planned = {"event": "supply_began", "source_id": 1, "account_id": world.account.id, "day": TODAY}
        made = visits.plan_step(**planned)
        assert visits.plan_step(**planned) is None
    one = FollowUpVisit.objects.get()
    assert (one.plan, one.way, one.due_date) == ("new_supply", "phone", TODAY + timedelta(days=21))
    assert "No visit is to be made now" in text(desk.get("/desk/care/visits/"))
    assert "New supply" in text(desk.get("/desk/care/visits/?state=coming"))
    url = f"/desk/care/visits/{made}/"
    person = accounts.staff(Role.CLERK, first_name="Zhou")
    desk.post(f"{url}act/", {"action": "assign", "person": str(person.id)})
    assert "Zhou" in text(desk.get(url))
    given = {"action": "finish", "outcome": "not_reached", "next_step": "none"}
    assert "tried again" in text(desk.post(f"{url}act/", given, follow=True))
    assert "is-invalid" in text(desk.post(f"{url}act/", {**given, "outcome": "problem"}))
    given |= {"outcome": "wish", "note": "wants a bill on paper", "next_step": "again", "next_date": "2026-04-01"}
    desk.post(f"{url}act/", given)
    again = FollowUpVisit.objects.get(follows_id=made)
    assert (again.start_date, again.assignee_name) == (date(2026, 4, 1), "Zhou")
    survey = Survey.objects.get(visit_id=made)
    link = f"/survey/{surveys.token_of(survey.id)}"
    assert link in Notice.objects.get(event="satisfaction_asked", channel="sms").body
    assert desk.post(link, {"score": "10"}).status_code == 404  # staff can read the link, and do not answer by it
    client.logout()
    assert client.get(link[:-1] + ("0" if link[-1] != "0" else "1")).status_code == 404
    assert client.get(f"/survey/{surveys.token_of(survey.id + 1)}").status_code == 404
    assert "choose a number" in text(client.post(link, {"score": "11"}))
    assert "Thank you" in text(client.post(link, {"score": "9", "text": "friendly"}))
    assert "was answered" in text(client.post(link, {"score": "0"}))
    survey.refresh_from_db()
    assert (survey.score, survey.text) == (9, "friendly")
    sign_in(client, Role.CLERK)
    assert "9</strong> / 10 · friendly" in text(client.get(url))
    page = text(client.get("/desk/care/answers/"))
    assert "friendly" in page
    assert csv(client, "/desk/care/answers.csv").splitlines()[1].endswith("1,1,0,0,100")
    assert "wants a bill on paper" in csv(client, "/desk/care/visits.csv?state=all")


def test_a_visit_at_the_place_is_work_and_one_that_is_late_is_a_task(desk, world):
    url = f"/desk/customers/{world.account.id}/visit/"
    typed = {"reason": "new machines", "way": "site", "start_date": "2026-03-10", "due_date": "2026-03-12",
             "request_key": "k"}  # fmt: skip
    assert "is-invalid" in text(desk.post(url, {**typed, "due_date": "2026-03-01"}))
    for _ in range(2):
        desk.post(url, typed)
    one, order = FollowUpVisit.objects.get(), WorkOrder.objects.get()
    assert (order.kind, order.service_point_id, one.work_order_id) == (
        "customer_visit",
        world.service_point.id,
        order.id,
    )
    with time_machine.travel("2026-03-13T02:00:00Z", tick=False):
        now = timezone.now()
        visits.night(now)
        assert visits.late(at=now) == 0
        assert "Follow-up visit" in text(desk.get("/desk/deadlines/?queue=care"))
        desk.post(f"/desk/care/visits/{one.id}/act/", {"action": "drop", "reason": "moved"})
        order.refresh_from_db()
        assert order.state == "cancelled"
        assert f"/care/visits/{one.id}/" not in text(desk.get("/desk/deadlines/?queue=care"))


def test_a_visit_that_was_made_calls_its_crew_back(desk, world):
    typed = {"reason": "new machines", "way": "site", "start_date": "2026-03-10", "due_date": "2026-03-12",
             "request_key": "k"}  # fmt: skip
    desk.post(f"/desk/customers/{world.account.id}/visit/", typed)
    desk.post(f"/desk/care/visits/{FollowUpVisit.objects.get().id}/act/", {
        "action": "finish", "outcome": "content", "note": "rang us", "next_step": "none",
    })  # fmt: skip
    assert (FollowUpVisit.objects.get().state, WorkOrder.objects.get().state) == ("done", "cancelled")


def test_a_service_plan_is_kept_and_its_review_is_a_task(desk, world):
    url = f"/desk/customers/{world.account.id}/care-plan/"
    person = accounts.staff(Role.CLERK, first_name="Zhou")
    typed = {"title": "Fewer peaks", "goal": "A tenth less", "measures": "look at the curve\n\nmove the night shift",
             "responsible": person.id, "review_date": "2026-03-10"}  # fmt: skip
    assert "is-invalid" in text(desk.post(url, typed))
    desk.post(url, {**typed, "review_date": "2026-03-20"})
    plan = CarePlan.objects.get()
    first, _second = plan.measures.order_by("id")
    url = f"/desk/care/plans/{plan.id}/"
    assert "Fewer peaks" in text(desk.get(f"/desk/customers/{world.account.id}/"))
    desk.post(f"{url}act/", {"action": "finish", "measure": first.id, "result": "seen"})
    desk.post(f"{url}act/", {"action": "add", "text": "ask again", "due_date": "2026-03-15"})
    page = text(desk.get(url))
    assert "1 / 3" in page
    assert "seen" in page
    with time_machine.travel("2026-03-20T02:00:00Z", tick=False):
        now = timezone.now()
        assert [care_plans.ask(at=now), care_plans.ask(at=now)] == [1, 0]
        assert "Fewer peaks" in text(desk.get("/desk/deadlines/?queue=care"))
        assert "Fewer peaks" in text(desk.get("/desk/care/plans/?state=late"))
        desk.post(f"{url}act/", {"action": "review", "note": "on its way", "next_date": "2026-06-01"})
        assert "Fewer peaks" not in text(desk.get("/desk/deadlines/?queue=care"))
    desk.post(f"{url}act/", {"action": "reached", "reason": "done"})
    plan.refresh_from_db()
    assert (plan.state, plan.review_date) == ("reached", date(2026, 6, 1))
    assert "has ended" in text(desk.post(f"{url}act/", {"action": "add", "text": "more"}, follow=True))
    assert csv(desk, "/desk/care/plans.csv?state=all").count("\n") == 2


def test_segments_filter_customers_and_mailings(desk, world):
    other = contracts.world()
    new = protections.NewProtection(account_id=other.account.id, kind=protections.ProtectionKind.VULNERABLE, told="old")
    clerk = sign_in_actor()
    protections.register(new=new, at=timezone.now(), actor=clerk)
    assert segments.give(today=TODAY) >= 2
    assert segments.give(today=TODAY) == 0
    page = text(desk.get("/desk/customers/?segment=protected"))
    assert other.account.number in page
    assert world.account.number not in page
    assert "Protected" in text(desk.get(f"/desk/customers/{other.account.id}/"))
    everybody, protected = (
        mailing_targets.count(choice=Choice(segment=one), at_date=TODAY) for one in ("", "protected")
    )
    assert (everybody, protected) == (2, 1)
    assert "Segment" in text(desk.get("/desk/notices/mailings/new/"))


def sign_in_actor():
    return Actor(ActorKind.STAFF, 11, "Li", frozenset({Role.CLERK}))


@pytest.mark.parametrize("url", ["protections", "visits", "plans"])
def test_a_list_takes_as_many_statements_for_many_as_for_one(desk, world, url):
    actor, counts = sign_in_actor(), []
    for turn in range(3):
        place = world if not turn else contracts.world()
        new = protections.NewProtection(
            account_id=place.account.id, kind=protections.ProtectionKind.LIFE_SUPPORT, told="x"
        )
        protections.register(new=new, at=timezone.now(), actor=actor)
        visits.plan(
            new=visits.NewVisit(
                account_id=place.account.id, reason="x", way=visits.Way.PHONE, start_date=TODAY, due_date=TODAY,
                key=f"k{turn}",
            ),
            today=TODAY, actor=actor,
        )  # fmt: skip
        care_plans.make(
            new=care_plans.NewCarePlan(
                customer_id=place.customer.id, title="x", goal="y", responsible_id=accounts.staff(Role.CLERK).id,
                review_date=TODAY + timedelta(days=5), measures=[care_plans.NewMeasure("z")],
            ),
            today=TODAY, actor=actor,
        )  # fmt: skip
        desk.get(f"/desk/care/{url}/")
        with CaptureQueriesContext(connection) as seen:
            desk.get(f"/desk/care/{url}/")
        counts.append(len(seen))
    assert counts[0] == counts[1] == counts[2]
