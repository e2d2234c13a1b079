"""Suggested classes at the desk: while a case is typed, and how good they were."""

import pytest
import time_machine
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from cis.kernel.enums import Role
from cis.platform import jobs
from complaints.domain.kinds import CaseKind
from complaints.domain.mail_fates import MailFate
from complaints.models.case import Case
from complaints.models.mail import CaseMail
from complaints.models.suggestion import CaseSuggestion
from complaints.operations import cases
from tests.doors.desk.conftest import sign_in
from tests.factories import billing, class_texts, contracts
from tests.factories import cases as made
from tests.factories.mails import mail, taken

pytestmark = pytest.mark.django_db
AREA, SINGLE = "supply/outage/area", "supply/outage/single"
TYPED = {"text": "整条街都没电了", "kind": "complaint"}


@pytest.fixture(autouse=True)
def _quiet(monkeypatch, settings, tmp_path, supplier):
    settings.DOCUMENTS_DIR = tmp_path
    monkeypatch.setattr(jobs, "send", lambda *_, **__: None)
    with time_machine.travel(made.AT, tick=False):
        yield


@pytest.fixture
def clerk():
    return sign_in(Client(), Role.CLERK)


def suggested(client, **given):
    return client.post("/desk/cases/suggest/", {**TYPED, **given}).content.decode()


def test_classes_come_with_confidence_team_and_facts_and_nothing_is_kept(clerk):
    class_texts.model()
    world = contracts.world()
    bill = billing.issued(world=world, kwh=100)
    bill.segments.update(is_estimated=True)
    made.team(made.person(), skills=("supply",))
    page = suggested(clerk, account=world.account.id)
    assert page.index(f'data-class="{AREA}"') < page.index('aria-keyshortcuts="F2"')
    assert page.count("data-class=") == 3
    assert " %</span>" in page
    assert "Team " in page
    assert bill.number in page
    assert 'data-kind="' not in page.split("</li>")[0]
    assert 'data-kind="fault"' in suggested(clerk, kind="praise")
    assert not Case.objects.exists()
    assert not CaseSuggestion.objects.exists()


def test_the_page_of_a_new_case_asks_for_suggestions_and_knows_their_key(clerk):
    page = clerk.get("/desk/cases/new/").content.decode()
    assert 'hx-post="/desk/cases/suggest/"' in page
    assert "delay:400ms" in page
    assert "<kbd>F2</kbd>" in page
    assert "cases.js" in page


@pytest.mark.parametrize(
    "given", [{"text": ""}, {"text": "你好"}, {"account": "x"}, {"account": "999"}, {"about_user": "7"}]
)
def test_without_words_or_with_odd_numbers_the_answer_is_still_one(clerk, given):
    assert clerk.post("/desk/cases/suggest/", {**TYPED, **given}).status_code == 200
    class_texts.model()
    assert clerk.post("/desk/cases/suggest/", {**TYPED, **given}).status_code == 200


def test_only_clerks_ask_and_only_by_post(clerk):
    assert clerk.get("/desk/cases/suggest/").status_code == 405
    assert sign_in(Client(), Role.FIELD).post("/desk/cases/suggest/", TYPED).status_code in {403, 404}


def test_an_open_dispute_that_is_kept_from_somebody_is_not_said(clerk):
    class_texts.model()
    world = contracts.world()
    bill = billing.issued(world=world, kwh=100)
    hidden = made.taken(account_id=world.account.id, bill_id=bill.id, about_team_id=made.team(made.person()))
    assert hidden.number not in suggested(clerk, account=world.account.id)
    shown = made.taken(account_id=world.account.id, bill_id=bill.id, class_code="billing/amount/too_high")
    assert shown.number in suggested(clerk, account=world.account.id)


def judged(count, **values):
    person = made.person()
    for _ in range(count):
        row = made.taken(text="整条街都没电了", class_code="", kind=CaseKind.FAULT)
        cases.classify(case_id=row.id, class_code=SINGLE, at=made.AT, actor=person)
        Case.objects.filter(id=row.id).update(**values)


def test_how_good_they_were_is_shown_without_what_is_kept_from_who_looks(clerk):
    url = "/desk/cases/suggestions/"
    assert "manage.py train_class_model" in clerk.get(url).content.decode()
    class_texts.model()
    judged(1)
    made.taken(text="整条街都没电了", class_code=AREA, kind=CaseKind.FAULT)
    with CaptureQueriesContext(connection) as first:
        page = clerk.get(url).content.decode()
    assert "50 %" in page
    assert "100 %" in page
    mine = made.team(made.person())
    team_mate = sign_in(Client(), Role.CLERK)
    made.teams.set_members(
        team_id=mine, user_ids=[int(team_mate.session["_auth_user_id"])], at=made.AT, actor=made.SYSTEM
    )
    judged(3, about_team_id=mine)
    with CaptureQueriesContext(connection) as more:
        assert "20 %" in clerk.get(url).content.decode()
    assert len(more) == len(first)
    assert "50 %" in team_mate.get(url).content.decode()


def test_a_case_without_a_class_offers_the_suggested_one(clerk):
    class_texts.model()
    row = made.taken(text="整条街都没电了", class_code="", kind=CaseKind.FAULT)
    assert f'<option value="{AREA}" selected' in clerk.get(f"/desk/cases/{row.id}/").content.decode()


def test_a_mail_that_is_not_sure_offers_the_kind_that_goes_with_the_suggested_class(clerk):
    class_texts.model()
    taken(mail(subject="没电", text="没电"))
    row = Case.objects.get()
    assert (row.kind, row.class_code, row.suggestion.class_code) == ("question", "", SINGLE)
    page = clerk.get(f"/desk/cases/{row.id}/").content.decode()
    assert '<option value="fault" selected' in page
    assert "Suggested by its words" in page
    assert taken(b"\x00 no mail", uid="2") is MailFate.TASK
    CaseMail.objects.filter(fate="task").update(subject="停电", text="整条街都没电了")
    url = f"/desk/inbox/{CaseMail.objects.get(fate='task').id}/"
    assert '<option value="fault" selected' in clerk.get(url).content.decode()


def test_mistakes_are_a_matrix_of_the_classes_that_were_mistaken(clerk):
    class_texts.model()
    judged(2)
    page = clerk.get("/desk/cases/suggestions/").content.decode()
    assert page.count('<th scope="row">') == 2
    assert 'is-wrong-3"' in page
    for _ in range(9):
        made.taken(text="整条街都没电了", class_code=AREA, kind=CaseKind.FAULT)
    assert 'is-wrong-3"' in clerk.get("/desk/cases/suggestions/").content.decode()  # however many were right
