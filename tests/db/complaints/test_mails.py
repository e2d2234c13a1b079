"""Mails become cases: once, for whom they belong to, and nothing is lost that cannot be taken."""

from datetime import timedelta
from io import BytesIO

import pytest
from PIL import Image

from accounts.models.notice import Notice
from cis.kernel.enums import Role
from cis.kernel.workflow import NotAllowed
from cis.platform.models import AuditEvent
from complaints.domain.kinds import CaseKind
from complaints.domain.mail_fates import MailFate
from complaints.models.case import Case
from complaints.models.mail import CaseMail
from complaints.operations import cases, intake, mails
from complaints.queries import mails as queries
from complaints.queries.mails import WantedMails
from metering.models.outage import FaultReport
from tests.factories import accounts, class_texts, contracts
from tests.factories import cases as made
from tests.factories.mails import AT, mail, taken

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _here(settings, tmp_path):
    settings.DOCUMENTS_DIR = tmp_path
    accounts.supplier()


def picture(colour="red"):
    kept = BytesIO()
    Image.new("RGB", (300, 200), colour).save(kept, "PNG")
    return kept.getvalue()


def test_a_mail_is_a_case_with_its_number_in_the_senders_mailbox_at_once():
    assert taken(mail(message_id="<a@x>")) is MailFate.CASE
    row = Case.objects.get()
    assert (row.channel, row.kind, row.title, row.text) == ("email", "question", "电费太高", "上月电费是估抄的。")
    assert (row.caller_name, row.caller_email, row.customer_id) == ("王芳", "fang@example.com", None)
    told = Notice.objects.get()
    assert (told.channel, told.address, told.event) == ("email", "fang@example.com", "case_taken")
    assert row.number in told.subject
    assert taken(mail(message_id="<a@x>"), uid="2") is MailFate.CASE  # delivered once more
    assert taken(mail(message_id="<a@x>"), uid="1", validity=2) is MailFate.CASE  # the mailbox numbers anew
    assert (Case.objects.count(), CaseMail.objects.count(), Notice.objects.count()) == (1, 1, 1)


def test_the_sender_is_found_by_the_mailbox_and_the_account_where_there_is_one():
    world = contracts.world()
    accounts.contact_point(of=world.customer, kind="email", value="fang@example.com")
    taken(mail())
    row = Case.objects.get()
    assert (row.customer_id, row.account_id) == (world.customer.id, world.account.id)
    ways = set(Notice.objects.values_list("channel", "address"))
    assert ways == {("email", "fang@example.com"), ("inbox", "")}  # the mailbox they wrote from, and the portal
    other = accounts.customer()
    accounts.contact_point(of=other, kind="email", value="fang@example.com")
    taken(mail(subject="另一件"), uid="2")
    assert Case.objects.latest("id").customer_id is None  # two have it: nobody is guessed


SURE = {"subject": "停电", "text": "整条街都没电了，变压器爆炸，整个小区停电"}


def test_a_mail_whose_words_are_sure_is_of_the_kind_and_class_that_they_say():
    class_texts.model()
    taken(mail(**SURE))
    row = Case.objects.get()
    assert (row.kind, row.class_code, row.state, row.severity) == (
        "fault",
        "supply/outage/area",
        "classified",
        "urgent",
    )
    taken(mail(sender="li@example.com", subject="你们好", text="你们好"), uid="2")
    assert (Case.objects.latest("id").kind, Case.objects.latest("id").state) == ("question", "received")


def test_a_mail_sends_a_crew_only_when_a_person_has_said_that_it_tells_of_a_fault():
    """Anybody writes under any address."""
    class_texts.model()
    accounts.contact_point(of=contracts.world().customer, kind="email", value="fang@example.com")
    taken(mail(**SURE))
    row = Case.objects.get()
    assert (row.kind, row.service_point_id is None, FaultReport.objects.exists()) == ("fault", False, False)
    cases.classify(case_id=row.id, class_code=row.class_code, at=AT, actor=made.person())
    assert FaultReport.objects.get().service_point_id == row.service_point_id


def test_a_caller_is_answered_in_their_language():
    taken(mail(subject="Bill", text="The bill for flat 5, 王府 road, is far too high. Please explain it to me."))
    assert (Case.objects.get().language, Notice.objects.get().language) == ("en", "en")
    taken(mail(sender="li@example.com"), uid="2")
    assert Case.objects.latest("id").language == "zh-hans"
    chinese = accounts.customer()
    accounts.contact_point(of=chinese, kind="email", value="bilingual@example.com")
    taken(mail(sender="bilingual@example.com", text="Please answer"), uid="3")
    assert Case.objects.latest("id").language == chinese.language


def test_an_answer_is_added_to_its_case_only_if_it_comes_from_the_case():
    taken(mail(message_id="<a@x>"))
    row = Case.objects.get()
    answer = {"subject": f"Re: 【{row.number.lower()}】", "text": "补充：电表号 42\n\n> 原文"}
    assert taken(mail(sender="mallory@evil.example", **answer), uid="2") is MailFate.CASE
    assert Case.objects.count() == 2
    assert taken(mail(**answer), uid="3") is MailFate.ADDED
    assert [one.text for one in queries.of_case(case_id=row.id)][1].startswith("补充：电表号 42")
    assert Case.objects.count() == 2
    assert Notice.objects.count() == 2  # two cases: an answer is not acknowledged


def test_a_case_that_waits_for_its_caller_goes_on_when_they_write():
    taken(mail())
    row, clerk = Case.objects.get(), made.person(Role.SUPERVISOR)
    cases.wait(case_id=row.id, reason="asked", at=AT + timedelta(hours=1), actor=clerk)
    taken(mail(subject=f"Re: {row.number}", text="是的"), uid="2", at=AT + timedelta(hours=2))
    row.refresh_from_db()
    assert row.waits_since is None


def test_what_answers_a_case_that_has_ended_waits_for_a_person():
    taken(mail())
    row, clerk = Case.objects.get(), made.person()
    cases.withdraw(case_id=row.id, reason="done", at=AT, actor=clerk)
    assert taken(mail(subject=f"Re: {row.number}", text="还有问题"), uid="2") is MailFate.TASK
    (waiting,) = queries.listed(wanted=WantedMails(), actor=clerk)
    assert (waiting.reason, waiting.case_id) == ("ended", row.id)
    mails.settle(mail_id=waiting.id, at=AT, actor=clerk)
    assert queries.count_waiting(actor=clerk) == 0
    with pytest.raises(mails.MailSettled):
        mails.settle(mail_id=waiting.id, at=AT, actor=clerk)


def test_pictures_of_a_mail_to_a_case_that_has_ended_go_with_the_new_case():
    first = mail()
    first.add_attachment(picture(), maintype="image", subtype="png", filename="表.png")
    taken(first)
    row, clerk = Case.objects.get(), made.person()
    cases.withdraw(case_id=row.id, reason="done", at=AT, actor=clerk)
    later = mail(subject=f"Re: {row.number}", text="还有问题")
    later.add_attachment(picture("blue"), maintype="image", subtype="png", filename="b.png")
    taken(later, uid="2", at=AT + timedelta(hours=1))
    assert row.photos.count() == 2, "reopened it has them"
    (waiting,) = queries.listed(wanted=WantedMails(), actor=clerk)
    new = mails.make_case(mail_id=waiting.id, kind=CaseKind.QUESTION, at=AT + timedelta(hours=2), actor=clerk)
    assert [Case.objects.get(id=one).photos.count() for one in (row.id, new.case_id)] == [1, 1]


def test_pictures_come_with_the_case_as_the_callers_and_all_else_is_named():
    written = mail()
    written.add_attachment(picture(), maintype="image", subtype="png", filename="表.png")
    written.add_attachment(b"GIF89a not one", maintype="image", subtype="png", filename="b.png")
    written.add_attachment(b"%PDF", maintype="application", subtype="pdf", filename="账单.pdf")
    assert taken(written) is MailFate.CASE
    photo = Case.objects.get().photos.get()
    assert photo.actor_kind == "customer"
    assert CaseMail.objects.get().left_out == "账单.pdf, not_a_photo"


@pytest.mark.parametrize(
    ("headers", "reason"),
    [
        ({"Auto_Submitted": "auto-replied"}, "automatic"),
        ({"subject": "自动回复：休假"}, "automatic"),
        ({"sender": "no-reply@shop.example"}, "automatic"),
        ({"sender": "MAILER-DAEMON@mx.example.com"}, "bounce"),
        ({"Return_Path": "<>"}, "bounce"),
        ({"List_Id": "<news.example>"}, "list"),
        ({"Precedence": "bulk"}, "list"),
        ({"sender": "Wattline <NoReply@power.example>"}, "ours"),
    ],
)
def test_what_no_person_wrote_is_left_and_nothing_answers_it(headers, reason):
    assert taken(mail(**headers)) is MailFate.LEFT
    assert CaseMail.objects.get().reason == reason
    assert (Case.objects.count(), Notice.objects.count()) == (0, 0)


def test_what_cannot_be_taken_waits_for_a_person_with_the_reason():
    assert taken(b"\x00\xff no mail") is MailFate.TASK
    assert taken(mail(text=" ", subject=""), uid="2") is MailFate.TASK
    assert taken(mail(message_id="<big@x>"), uid="3", is_whole=False) is MailFate.TASK
    taken(mail(message_id="<a@x>"), uid="4")
    assert taken(mail(message_id="<a@x>", text="etwas anderes"), uid="5") is MailFate.TASK
    reasons = set(CaseMail.objects.filter(fate="task").values_list("reason", flat=True))
    assert reasons == {"unreadable", "empty", "too_large", "same_id"}


def test_what_breaks_is_kept_and_what_is_refused_too(monkeypatch):
    def broken(**_):
        raise RuntimeError("broken")

    monkeypatch.setattr(intake, "take_step", broken)
    assert taken(mail()) is MailFate.TASK
    row = CaseMail.objects.get()
    assert (row.reason, row.detail, row.subject) == ("failed", "RuntimeError", "电费太高")
    monkeypatch.undo()
    clerk = made.person()
    told = mails.make_case(mail_id=row.id, kind=CaseKind.COMPLAINT, at=AT, actor=clerk)
    row.refresh_from_db()
    assert (row.fate, row.case.number, row.case.kind) == ("case", told.number, "complaint")
    made_it = AuditEvent.objects.get(subject="case_mail", action="make_case")
    assert told.number not in str(made_it.detail)  # the case may be kept from whoever reads the audit trail


def test_one_sender_does_not_fill_the_queue(monkeypatch):
    monkeypatch.setattr(mails, "SENDER_MOST", 2)
    fates = [taken(mail(text=f"{n}", message_id=f"<{n}@x>"), uid=str(n)) for n in range(3)]
    assert fates == [MailFate.CASE, MailFate.CASE, MailFate.TASK]
    assert taken(mail(message_id="<9@x>"), uid="9", at=AT + timedelta(days=2)) is MailFate.CASE


def test_mails_of_a_hidden_case_are_hidden_with_it():
    taken(mail())
    row, mine, other = Case.objects.get(), made.person(), made.person()
    team = made.team(mine)
    cases.concern(case_id=row.id, about_team_id=team, actor=other)
    everything = WantedMails(fate="all")
    assert queries.listed(wanted=everything, actor=mine) == ()
    assert len(queries.listed(wanted=everything, actor=other)) == 1
    mail_id = CaseMail.objects.get().id
    assert queries.one(mail_id=mail_id, actor=mine) is None
    with pytest.raises(mails.UnknownMail):
        mails.settle(mail_id=mail_id, at=AT, actor=mine)
    with pytest.raises(NotAllowed):
        mails.settle(mail_id=mail_id, at=AT, actor=made.person(Role.BILLING))
