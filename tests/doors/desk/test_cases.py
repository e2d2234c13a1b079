"""Cases at the desk: taken in while somebody talks, worked on to the end; and kept from those they are about."""

import re
from datetime import timedelta

import pytest
import time_machine
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from accounts.models.notice import Notice
from accounts.models.user import User
from accounts.operations import teams
from cis.kernel.actors import SYSTEM, Actor, ActorKind
from cis.kernel.enums import Role
from cis.platform import deadlines, jobs, queues
from cis.platform.models import AuditEvent, Deadline
from complaints.domain.kinds import Evidence, ReplyWay
from complaints.models.call import CallRequest
from complaints.models.case import Case
from complaints.models.mail import CaseMail
from complaints.operations import cases, deeds, findings, replies
from tests.doors.desk.conftest import sign_in
from tests.factories import accounts, billing, contracts
from tests.factories import cases as made

pytestmark = pytest.mark.django_db
AT, HOUR = made.AT, timedelta(hours=1)


@pytest.fixture(autouse=True)
def _quiet(monkeypatch, settings, tmp_path, supplier):
    settings.DOCUMENTS_DIR = tmp_path
    monkeypatch.setattr(jobs, "send", lambda *_, **__: None)
    with time_machine.travel(AT, tick=False):
        yield


def text(answer):
    return b"".join(answer.streaming_content).decode() if answer.streaming else answer.content.decode()


def actor_of(client):
    row = User.objects.get(id=client.session["_auth_user_id"])
    return Actor(ActorKind.STAFF, row.id, row.username, frozenset(map(Role, row.roles)))


@pytest.fixture
def clerk():
    return sign_in(Client(), Role.CLERK)


def test_the_account_is_found_while_typing_and_the_number_is_there_at_once(clerk):
    world = contracts.world()
    bill = billing.issued(world=world, kwh=100)
    typed = clerk.get("/desk/cases/caller/", {"who": world.account.number}, headers={"HX-Request": "true"})
    assert f'value="{world.account.id}" checked' in text(typed)
    page = text(clerk.get("/desk/cases/new/?caller=13812345678"))
    assert page.count("13812345678") >= 2  # looked for, and kept as the number of the caller
    given = {
        "kind": "complaint", "channel": "phone", "text": "估抄太高", "class_code": made.ESTIMATED,
        "account": str(world.account.id), "bill": bill.number, "who": world.account.number,
    }  # fmt: skip
    refused = clerk.post("/desk/cases/new/", {**given, "bill": "999"})
    assert 'id="id_bill_error"' in text(refused)
    answer = text(clerk.post("/desk/cases/new/", given, follow=True))
    row = Case.objects.get()
    assert f"<strong>{row.number}</strong>" in answer
    assert (row.account_id, row.bill_id, row.state) == (world.account.id, bill.id, "classified")
    assert row.number in text(clerk.get(f"/desk/customers/{world.account.id}/"))
    assert row.number in text(clerk.get(f"/desk/search/?q={row.number}"))


def test_what_comes_by_other_ways_is_taken_in_and_an_anonymous_report_names_nobody(clerk):
    given = {"kind": "report", "text": "有人窃电", "class_code": "conduct/use/theft"}
    unknown = {"is_anonymous": "on", "caller_name": "张", "caller_phone": "13912345678"}
    referred = {"channel": "regulator", "authority": "12398", "authority_number": "A-7", "reference": "A-7"}
    for more in ({"channel": "walk_in", **unknown}, {"channel": "letter"}, referred, referred):
        assert clerk.post("/desk/cases/new/", {**given, **more}).status_code == 302
    assert list(Case.objects.order_by("id").values_list("channel", "caller_name", "caller_phone", "authority")) == [
        ("walk_in", "", "", ""), ("letter", "", "", ""), ("regulator", "", "", "12398"),
    ]  # fmt: skip


def test_a_case_is_worked_on_to_its_end(clerk):
    me = actor_of(clerk)
    team = made.team(me)
    row = made.taken()
    url = f"/desk/cases/{row.id}/act/"
    listed = text(clerk.get("/desk/cases/"))
    assert row.number in listed
    assert 'data-key="n"' in listed
    for hours, colour in ((0, ""), (1.5, "state-warn"), (3, "state-bad")):  # by the clock that ends first
        with time_machine.travel(AT + hours * HOUR, tick=False):
            due = re.search(r'<td class="nowrap">(.*?)</td>', text(clerk.get("/desk/cases/"))).group(1)
        assert re.findall("state-[a-z]+", due) == [colour][: bool(colour)], (hours, due)
    clerk.post("/desk/cases/bulk/", {"action": "dispatch", "case": [row.id]})
    clerk.post("/desk/cases/bulk/", {"action": "accept", "case": [row.id]})
    clerk.post(url, {"action": "investigate"})
    ids = re.findall(r'\sid="([^"]+)"', text(clerk.get(f"/desk/cases/{row.id}/")))
    assert len(ids) == len(set(ids))  # each label leads to its own field
    clerk.post(url, {"action": "raise", "reason": "The caller insists"})
    chief = sign_in(Client(), Role.SUPERVISOR)
    assert row.number in text(chief.get("/desk/cases/?state=raised"))
    assert "The caller insists" in text(chief.get(f"/desk/cases/{row.id}/"))
    refused = text(clerk.post(url, {"action": "reply", "text": "Mended.", "way": "phone"}))
    assert "Nothing was found out yet" in refused
    clerk.post(url, {"action": "find", "text": "估抄", "evidence": "reads"})
    clerk.post(url, {"action": "reply", "text": "Mended.", "way": "phone", "cause": "ours/read", "liable": "yes"})
    clerk.post(url, {"action": "call", "result": "satisfied", "stars": "5", "key": "one"})
    row.refresh_from_db()
    assert (row.state, row.team_id, row.owner_id, row.is_liable, row.stars) == ("closed", team, me.id, True, 5)
    assert clerk.post(url, {"action": "nonsense"}).status_code == 404
    page = text(clerk.get(f"/desk/cases/{row.id}/"))
    assert "Mended." in page
    assert row.number in text(clerk.get("/desk/cases.csv?state=closed"))


def test_each_finding_leads_to_what_shows_it(clerk):
    world, me = contracts.world(), actor_of(clerk)
    bill = billing.issued(world=world, kwh=100)
    row = made.in_hand(me, team_id=made.team(me), account_id=world.account.id, bill_id=bill.id)
    order_id = deeds.re_read(case_id=row.id, due_date=AT.date(), key="k", at=AT, actor=me)
    for evidence, said in (
        ("reads", "2026-01-31"), ("bill", ""), ("bill", bill.number), ("bill", "999"), ("visit", f"#{order_id}"),
        ("visit", "#999999"), ("call", "王芳说"),
    ):  # fmt: skip
        findings.note(case_id=row.id, text="x", evidence=Evidence(evidence), shown_by=said, at=AT, actor=me)
    proof = f"/desk/bills/{bill.id}/explain/"
    shown = [f"/desk/customers/{world.account.id}/#usage", proof, proof, f"/desk/work/{order_id}/"]
    assert re.findall(r'x <a href="([^"]+)">', text(clerk.get(f"/desk/cases/{row.id}/"))) == shown
    assert [clerk.get(url).status_code for url in shown] == [200] * 4
    assert 'id="usage"' in text(clerk.get(shown[0]))


def test_lists_and_pages_take_the_same_statements_for_one_and_for_many(clerk):
    made.team(actor_of(clerk))

    def statements(url):
        with CaptureQueriesContext(connection) as asked:
            assert clerk.get(url).status_code == 200
        return len(asked)

    row = made.taken()
    counted = [statements(url) for url in ("/desk/cases/", f"/desk/cases/{row.id}/")]
    for _ in range(3):
        made.taken(about_team_id=made.team(made.person()))
    made.taken()
    assert [statements(url) for url in ("/desk/cases/", f"/desk/cases/{row.id}/")] == counted
    assert counted[0] <= 9
    assert counted[1] <= 32


def test_what_is_said_of_a_clerk_is_kept_from_the_clerk_and_the_team_by_every_door(clerk, monkeypatch):
    """Pages, file, search, counts, account and timeline, notices, deadlines, mails, audit, holds, API, admin."""
    world = contracts.world()
    accounts.contact_point(of=world.customer)
    bill = billing.issued(world=world, kwh=100)
    colleague = sign_in(Client(), Role.CLERK, Role.AUDITOR, Role.ADMIN, is_staff=True)
    chief, other = sign_in(Client(), Role.SUPERVISOR), sign_in(Client(), Role.CLERK, Role.ADMIN, is_staff=True)
    about = made.team(actor_of(clerk), actor_of(colleague), skills=("service",))
    handlers = made.person(Role.CLERK)
    team = made.team(handlers, skills=("service", "billing"))
    row = made.taken(
        account_id=world.account.id, bill_id=bill.id, about_user_id=actor_of(clerk).id, title="态度恶劣",
        class_code=made.ESTIMATED,
    )  # fmt: skip
    assert (row.about_team_id, row.about_user_id) == (about, actor_of(clerk).id)
    cases.dispatch(case_id=row.id, team_id=team, at=AT, actor=SYSTEM)
    cases.accept(case_id=row.id, at=AT, actor=handlers)
    replies.first_word(case_id=row.id, text="在查", way=ReplyWay.NOTICE, at=AT, actor=handlers)
    event = AuditEvent.objects.filter(subject="case").latest("id")
    CaseMail.objects.create(
        key="m", digest="m", mailbox="m", uid_validity=1, uid="1", fate="added", case=row, subject=row.number,
        text="态度恶劣",
    )  # fmt: skip
    CallRequest.objects.create(
        phone="+8613912345678", about="态度恶劣", name=row.number, source="desk", state="done", ended_at=AT, due_at=AT,
        next_at=AT, taker_kind="staff", case=row,
    )  # fmt: skip
    notice_id = Notice.objects.get(event="case_interim", channel="sms").id
    deadline_id = deadlines.of_subject(subject="case", subject_ids=[row.id])[-1].id
    account = f"/desk/customers/{world.account.id}/"
    with time_machine.travel(AT + 300 * HOUR, tick=False):  # everything is late: supervisors would see it in any queue
        lists = [
            "/desk/cases/", "/desk/cases/?state=all", "/desk/cases.csv?state=all", f"/desk/search/?q={row.number}",
            "/desk/search/?q=态度恶劣", account, "/desk/notices/", "/desk/notices.csv", f"{reverse('desk:tasks')}?queue=cases",
            f"{reverse('desk:tasks_file')}?queue=cases", "/desk/inbox/?fate=all", "/desk/inbox.csv?fate=all",
            "/desk/calls/?state=all", "/desk/calls.csv?state=all", reverse("desk:customer_timeline", args=[world.account.id]),
            f"{reverse('desk:holds')}?state=all",
        ]  # fmt: skip
        marks = (row.number, "态度恶劣", "在查", f"/desk/cases/{row.id}/")
        for who in (clerk, colleague):
            for url in lists:
                # What is looked for stands in the field, in the title and in links of a page of results.
                page = who.get(url)
                assert page.status_code == 200, url
                shown = re.sub(r'value="[^"]*"|<title>.*?</title>|<h1>.*?</h1>|q=[^"&]*', "", text(page))
                found = [mark for mark in marks if mark in shown]
                assert not found, (url, found)
            told = [who.get(f"/api/v1/{path}") for path in ("cases?state=all", f"cases/{row.number}")]
            assert [reply.status_code for reply in told] == [200, 404]
            assert not [mark for mark in marks if mark in text(told[0])]
            assert "0" in re.findall(r"urgency=late.*?tile-value[^>]*>(\d+)<", text(who.get("/desk/cases/")))
            for url in (f"/desk/cases/{row.id}/", f"/desk/notices/{notice_id}/"):
                assert who.get(url).status_code == 404, url
            assert who.post(f"/desk/cases/{row.id}/act/", {"action": "accept"}).status_code == 404
            who.post(reverse("desk:take_task", args=[deadline_id]), {"action": "take"})
            assert Deadline.objects.get(id=deadline_id).taken_by_id is None
        assert row.number in text(other.get("/api/v1/cases?state=all"))
        assert not queues.urgent(at=AT + 300 * HOUR, until_at=AT + 400 * HOUR)
        # Those who may know of it find it by the same doors.
        for url in lists[:-1]:
            assert any(mark in text(chief.get(url)) for mark in marks), url
    assert deadlines.of_subject(subject="case", subject_ids=[row.id])[-1].id == deadline_id
    for url in (f"/admin/platform/auditevent/{event.id}/change/", f"/admin/complaints/case/{row.id}/change/"):
        gone = colleague.get(url)
        assert (gone.status_code, gone.url) == (302, "/admin/"), url  # where the admin sends whoever finds nothing
        assert other.get(url).status_code == 200, url


def test_who_joined_after_the_case_and_left_before_it_are_told_apart(clerk):
    later = made.person()
    about = made.team(actor_of(clerk))
    row = made.taken(about_team_id=about)
    with time_machine.travel(AT + HOUR, tick=False):
        teams.set_members(team_id=about, user_ids=[later.id], at=AT + HOUR, actor=SYSTEM)
    assert clerk.get(f"/desk/cases/{row.id}/").status_code == 404  # was there when it was taken
    fresh = made.taken(about_team_id=about, at=AT + 2 * HOUR)
    assert clerk.get(f"/desk/cases/{fresh.id}/").status_code == 200  # had left by then


def test_a_place_without_the_rule_says_so(clerk, settings):
    settings.PACK = "us-example"
    assert "no case is taken here" in text(clerk.get("/desk/cases/"))
    assert "no case is taken here" in text(clerk.get("/desk/cases/new/", follow=True))


def test_teams_are_made_and_changed_by_supervisors():
    chief, person = sign_in(Client(), Role.SUPERVISOR), made.person(name="Li")
    given = {"code": "north", "name": "North", "skills": ["billing"], "members": [str(person.id)], "is_active": "on"}
    chief.post("/desk/teams/new/", given)
    page = text(chief.get("/desk/teams/"))
    assert "North" in page
    assert "Li" in page
    assert "There is a team north already" in text(chief.post("/desk/teams/new/", given))


def test_a_refund_is_offered_to_whoever_holds_the_account_not_to_whoever_called(clerk):
    world = contracts.world()
    row = made.taken(account_id=world.account.id, caller_name="邻居")
    form = text(clerk.get(f"/desk/cases/{row.id}/")).partition('name="payee"')[2][:200]
    assert world.customer.name in form
    assert "邻居" not in form
