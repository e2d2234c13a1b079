"""
What customers bring to us, each by a way of their own, to its reply: a mail that is an answer to nobody yet, a call that
hung up, and a mail back. Nothing is lost on the way, nothing counts twice.
"""

from datetime import timedelta

import pytest
import time_machine
from django.test import Client

from accounts.models.notice import Notice
from accounts.operations import telephone_pins
from cis.kernel.actors import SYSTEM
from cis.kernel.enums import Role
from cis.platform import jobs
from complaints.models.call import CallRequest
from complaints.models.case import Case
from complaints.models.mail import CaseMail
from complaints.operations import inbox
from tests.doors.api.calls import Caller
from tests.doors.desk.conftest import sign_in
from tests.factories import accounts, billing, class_texts, contracts
from tests.factories import cases as made
from tests.factories.mails import mail

pytestmark = pytest.mark.django_db
AT, HOUR = made.AT, timedelta(hours=1)
PIN = "480213"


@pytest.fixture
def clock(monkeypatch, settings, tmp_path):
    settings.DOCUMENTS_DIR = settings.VAR_DIR = tmp_path
    settings.LANGUAGE_CODE, settings.CASE_MAILBOX = "en", "sandbox"
    monkeypatch.setattr(jobs, "send", lambda *_, **__: None)
    (tmp_path / "inbox").mkdir()
    with time_machine.travel(AT, tick=False) as traveller:
        accounts.supplier()
        class_texts.model()
        yield traveller


class Story:
    """A customer with a mailbox, a mobile and a PIN, and Wang of the billing team."""

    def __init__(self, box) -> None:
        self.box, self.world = box, contracts.world()
        accounts.contact_point(of=self.world.customer, kind="email", value="fang@example.com")
        accounts.contact_point(of=self.world.customer, kind="mobile", value="+8613812345678")
        telephone_pins.set_pin(
            account_id=self.world.account.id, customer_id=self.world.customer.id, pin=PIN, digits=6, actor=SYSTEM
        )
        self.bill = billing.issued(world=self.world, kwh=100)
        self.wang = sign_in(Client(), Role.CLERK)
        made.team(made.Actor(made.ActorKind.STAFF, int(self.wang.session["_auth_user_id"]), "wang"))

    def writes(self, name: str, **written) -> None:
        (self.box / f"{name}.eml").write_bytes(mail(message_id=f"<{name}@x>", **written).as_bytes())
        inbox.empty()

    def acts(self, row: Case, **given) -> None:
        answer = self.wang.post(f"/desk/cases/{row.id}/act/", given)
        assert answer.status_code == 302, answer.content.decode()


def told(event: str, **by) -> list[str]:
    return list(Notice.objects.filter(event=event, **by).order_by("id").values_list("body", flat=True))


def page(client, url, **data):
    answer = client.post(url, data, follow=True) if data else client.get(url)
    assert answer.status_code == 200
    return answer.content.decode()


def test_a_mail_and_a_call_become_cases_with_their_replies(clock, tmp_path):
    story = Story(tmp_path / "inbox")
    wang = story.wang

    # Monday, ten o'clock: a mail. It is a case at once, of the customer of that mailbox, and its words say what it is.
    story.writes("first", subject="电费", text="上月电费是估抄的，没人抄表就估算电费，账单按估计读数")
    row = Case.objects.get()
    assert (row.channel, row.customer_id, row.account_id) == ("email", story.world.customer.id, story.world.account.id)
    assert (row.kind, row.class_code, row.suggestion.is_automatic) == ("complaint", made.ESTIMATED, True)
    assert [row.number in body for body in told("case_taken", address="fang@example.com")] == [True]

    # Wang finds it in the queue, lets it go to the team that fits, which is hers, and looks into it.
    clock.move_to(AT + HOUR)
    assert row.number in page(wang, "/desk/cases/")
    wang.post("/desk/cases/bulk/", {"action": "dispatch", "case": [row.id]})
    for action in ("accept", "investigate"):
        story.acts(row, action=action)
    story.acts(row, action="link", thing=f"bill:{story.bill.id}")
    story.acts(row, action="find", text="1 月估抄", evidence="bill", shown_by=story.bill.number)

    # She asks for the reading; the clocks stand still until the customer writes back, which goes to the same case.
    story.acts(row, action="wait", reason="asks for a photo of the meter")
    clock.move_to(AT + 30 * HOUR)
    story.writes("second", subject=f"Re: 【{row.number}】", text="表上现在 5120")
    row.refresh_from_db()
    assert (Case.objects.count(), row.waits_since) == (1, None)
    assert "5120" in page(wang, f"/desk/cases/{row.id}/")

    # The answer goes by the way they wrote, and whoever answers is asked whether it is good: they are content.
    story.acts(row, action="reply", text="已按 5120 重新计费。", way="notice", cause="ours/read", liable="yes")
    assert any("5120" in body for body in told("case_answered"))
    story.acts(row, action="call", result="satisfied", stars="5", key="one")
    row.refresh_from_db()
    assert (row.state, row.stars) == ("closed", 5)

    # Another mail to a case that has ended is nobody's answer: it waits for a person, who takes it in as a case.
    story.writes("third", subject=row.number, text="谢谢")
    assert (CaseMail.objects.latest("id").fate, Case.objects.count()) == ("task", 1)

    # Later somebody hangs up before we answer; the telephone system says so twice, and they are called once.
    program, url = Caller("calls:write"), "call-requests"
    first = program.post(url, {"phone": "13812345678", "reference": "t-1"}, idempotency_key="1").json()
    for key in ("2", "3"):
        program.post(url, {"phone": "13812345678", "reference": "t-2"}, idempotency_key=key)
    call = CallRequest.objects.get()
    assert (call.id, call.times) == (first["id"], 2)
    page(wang, f"/desk/calls/{call.id}/act/", action="claim")

    # A number proves nobody: the name is masked until they say their PIN. Then a case is taken in while they talk.
    shown = page(wang, f"/desk/calls/{call.id}/")
    assert story.world.customer.name not in shown
    assert story.world.customer.name in page(wang, f"/desk/calls/check/{story.world.account.id}/", pin=PIN)
    given = {
        "kind": "question", "channel": "phone", "text": "电费太高了", "class_code": "billing/amount/too_high",
        "account": str(story.world.account.id), "caller_phone": "13812345678", "request_key": "form",
    }  # fmt: skip
    said = [page(wang, "/desk/cases/new/", **given) for _ in range(2)]  # the button was pressed twice
    second = Case.objects.latest("id")
    assert Case.objects.count() == 2
    assert all(second.number in one for one in said)
    page(wang, f"/desk/calls/{call.id}/act/", action="note", result="reached", case_number=second.number, key="k")
    assert program.get(f"call-requests/{call.id}").json()["state"] == "done"
    assert (
        program.post(url, {"phone": "13812345678", "reference": "t-2"}, idempotency_key="4").json()["is_new"] is False
    )

    # A question that is answered is closed with it.
    wang.post("/desk/cases/bulk/", {"action": "dispatch", "case": [second.id]})
    story.acts(second, action="accept")
    story.acts(second, action="reply", text="已核对，用量正确。", way="notice", cause="", liable="")
    second.refresh_from_db()
    assert second.state == "closed"
