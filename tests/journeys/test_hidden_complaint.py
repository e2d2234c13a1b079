"""
A complaint about a clerk, from the call to its end: the clerk and the whole team see nothing of it, by any door, on any
day of its way, while others answer it; and nothing that follows from it tells them either.
"""

import re
from datetime import timedelta

import pytest
import time_machine
from django.test import Client

from accounts.models.care import FollowUpVisit
from accounts.models.notice import Notice
from accounts.models.user import User
from cis.kernel.enums import Role
from cis.platform import deadlines, jobs, outbox
from complaints.models.case import Case
from tests.doors.api.calls import Caller, assert_problem
from tests.doors.desk.conftest import sign_in
from tests.factories import accounts, billing, contracts
from tests.factories import cases as made

pytestmark = pytest.mark.django_db
AT, HOUR = made.AT, timedelta(hours=1)
RUDE, ANSWER = "柜台小李态度恶劣", "已对当事人进行教育，向您致歉。"


@pytest.fixture
def clock(monkeypatch, settings, tmp_path):
    settings.DOCUMENTS_DIR = settings.VAR_DIR = tmp_path
    settings.LANGUAGE_CODE = "en"
    monkeypatch.setattr(jobs, "send", lambda *_, **__: None)
    with time_machine.travel(AT, tick=False) as traveller:
        accounts.supplier()
        yield traveller


def text(answer):
    return b"".join(answer.streaming_content).decode() if answer.streaming else answer.content.decode()


def actor(client):
    row = User.objects.get(id=client.session["_auth_user_id"])
    return made.Actor(made.ActorKind.STAFF, row.id, row.username, frozenset(map(Role, row.roles)))


class Story:
    """One complaint, who it is about, who works on it, and a look through every door at each of its stations."""

    def __init__(self) -> None:
        self.world = contracts.world()
        accounts.contact_point(of=self.world.customer)
        billing.issued(world=self.world, kwh=100)
        self.li = sign_in(Client(), Role.CLERK)
        self.colleague = sign_in(Client(), Role.CLERK, Role.AUDITOR, Role.ADMIN, is_staff=True)
        self.wang, self.chief = sign_in(Client(), Role.CLERK), sign_in(Client(), Role.SUPERVISOR)
        self.counter = made.team(actor(self.li), actor(self.colleague), skills=("service",))
        self.office = made.team(actor(self.wang), skills=("service", "billing"))
        self.account = f"/desk/customers/{self.world.account.id}/"

    @property
    def case(self) -> Case:
        return Case.objects.get()

    def doors(self):
        """Lists, files, search, timeline, notices, tasks and the audit trail, as the desk has them."""
        number = self.case.number
        return [
            "/desk/cases/?state=all", "/desk/cases.csv?state=all", f"/desk/search/?q={number}", f"/desk/search/?q={RUDE}",
            self.account, "/desk/notices/", "/desk/notices.csv", "/desk/deadlines/?queue=cases", "/desk/care/visits/?state=all",
            "/admin/platform/auditevent/?q=case", "/admin/complaints/case/",
        ]  # fmt: skip

    def check_nobody_of_the_counter_knows(self) -> None:
        case = self.case
        marks = (case.number, RUDE, ANSWER, f"/desk/cases/{case.id}/")
        for who in (self.li, self.colleague):
            for url in self.doors():
                answer = who.get(url)
                assert answer.status_code == 200 or (who is self.li and url.startswith("/admin/")), url
                # What somebody looks for stands in the field, the title and the links of the answer; that is no hit.
                shown = re.sub(r'value="[^"]*"|<title>.*?</title>|<h1>.*?</h1>|q=[^"&]*', "", text(answer))
                assert not [mark for mark in marks if mark in shown], url
            assert who.get(f"/desk/cases/{case.id}/").status_code == 404
            for notice_id in Notice.objects.filter(event__startswith="case_").values_list("id", flat=True):
                assert who.get(f"/desk/notices/{notice_id}/").status_code == 404
            assert who.post(f"/desk/cases/{case.id}/act/", {"action": "accept"}).status_code == 404
        program = Caller("cases:read", "notices:read")
        assert_problem(program.get(f"cases/{case.number}"), 404, "unknown_case")
        assert program.get("cases?state=all").json()["cases"] == []
        notices = program.get(f"accounts/{self.world.account.number}/notices").json()["results"]
        assert not [one for one in notices if one["event"].startswith("case_")]

    def check_others_find_it(self) -> None:
        for url in self.doors()[:4]:
            assert self.case.number in text(self.chief.get(url)), url


def test_a_complaint_about_a_clerk_is_answered_and_neither_the_clerk_nor_the_team_hears_of_it(clock):
    story = Story()

    # Monday morning: the customer calls, Wang takes it in and says whom it is about.
    given = {
        "kind": "complaint", "channel": "phone", "text": RUDE, "class_code": made.MANNER,
        "account": str(story.world.account.id), "who": story.world.account.number, "caller_phone": "13812345678",
        "about_user": str(actor(story.li).id), "about_team": "",
    }  # fmt: skip
    answer = story.wang.post("/desk/cases/new/", given, follow=True)
    assert story.case.number in text(answer)
    assert (story.case.about_user_id, story.case.about_team_id) == (actor(story.li).id, story.counter)
    story.check_nobody_of_the_counter_knows()
    story.check_others_find_it()

    # It goes by itself to the office, not to the counter, though the counter knows its matter too. Wang looks into it.
    url = f"/desk/cases/{story.case.id}/act/"
    clock.move_to(AT + HOUR)
    story.wang.post("/desk/cases/bulk/", {"action": "dispatch", "case": [story.case.id]})
    assert story.case.team_id == story.office
    for action in ("accept", "investigate"):
        story.wang.post(url, {"action": action})
    story.wang.post(url, {"action": "find", "text": "录音证实", "evidence": "call"})
    story.check_nobody_of_the_counter_knows()

    # The clocks run late: whoever sees what is late sees it, but they do not.
    clock.move_to(AT + 300 * HOUR)
    deadlines.sweep(AT + 300 * HOUR)
    story.check_nobody_of_the_counter_knows()

    # The customer is answered in writing and called back; the case ends.
    story.wang.post(url, {"action": "reply", "text": ANSWER, "way": "notice", "cause": "ours/staff", "liable": "yes"})
    assert story.case.state == "replied", text(story.wang.get(f"/desk/cases/{story.case.id}/"))
    story.wang.post(url, {"action": "call", "result": "satisfied", "stars": "4", "key": "one"})
    while outbox.deliver_due():
        pass
    assert story.case.state == "closed"
    assert Notice.objects.filter(event="case_answered").exists()
    story.check_nobody_of_the_counter_knows()
    story.check_others_find_it()

    # No visit follows that somebody of the counter might be given.
    assert not FollowUpVisit.objects.exists()
