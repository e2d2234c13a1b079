"""What an erasure must not miss: who never became a customer, who cannot be done, what is written afterwards, late owners."""

from datetime import UTC, date, datetime, timedelta

import pytest
from django.db import connection, transaction

from accounts.domain.customer import NewCustomer
from accounts.domain.surveys import SurveyEvent
from accounts.models.customer import Customer
from accounts.models.notice import Notice
from accounts.models.privacy import DataExport, Erasure
from accounts.models.survey import Survey
from accounts.operations import contacts, customers, data_exports, erasures, notices, surveys
from accounts.operations.notice_drafts import Recipient
from accounts.operations.surveys import UnknownQuestion
from accounts.queries import notice_people, privacy
from accounts.queries.customers import CustomerErased
from cis.kernel.actors import SYSTEM, Actor, ActorKind
from cis.kernel.enums import Role
from cis.kernel.workflow import NotAllowed
from cis.platform import api, documents, personal, sealed_documents
from cis.platform.documents import DocumentErased
from cis.platform.models import AuditEvent, Document
from complaints.domain.calls import CallSource
from complaints.models.call import CallRequest
from complaints.models.case import Case
from complaints.models.mail import CaseMail
from complaints.models.work import CasePhoto
from complaints.operations import call_requests
from complaints.operations.call_requests import NewCall
from contracts.models.application import ApplicationMessage, ApplicationPaper, ServiceApplication
from metering.models.outage import FaultReport
from tests.factories import accounts, applications, cases, contracts, corrections, mails, metering, work

pytestmark = pytest.mark.django_db
AT, LATER = datetime(2026, 3, 2, 2, 0, tzinfo=UTC), date(2037, 1, 2)
CLERK = Actor(ActorKind.STAFF, 21, "Clerk", frozenset({Role.CLERK}))
CHIEF = Actor(ActorKind.STAFF, 22, "Chief", frozenset({Role.SUPERVISOR}))


@pytest.fixture(autouse=True)
def _place(settings, tmp_path):
    settings.DOCUMENTS_DIR = tmp_path / "documents"
    accounts.supplier()


def old(**values) -> Customer:
    """A customer of long ago who has nothing."""
    made = accounts.customer(**values)
    Customer.objects.filter(id=made.id).update(created_at=datetime(2010, 1, 1, tzinfo=UTC))
    return made


def released(made: Customer) -> Erasure:
    erasures.find(today=LATER)
    row = Erasure.objects.get(customer=made)
    erasures.release(erasure_id=row.id, today=LATER, actor=CHIEF)
    return row


def gone(made: Customer, commit) -> None:
    row = released(made)
    with commit(execute=True):
        erasures.erase(erasure_id=row.id, today=LATER)


def nobody() -> dict[str, int]:
    """Leave something of people who are no customers, wherever they can."""
    filed = applications.filed(note="NOBODY note")
    row = ServiceApplication.objects.get(number=filed.number)
    ServiceApplication.objects.filter(id=row.id).update(name="NOBODY", state="withdrawn", ended_at=AT)
    ApplicationMessage.objects.create(application=row, text="NOBODY asks", is_from_applicant=True)
    case = cases.taken(caller_name="NOBODY", text="NOBODY", title="NOBODY")
    for place, sender in enumerate(("one@example.com", "two@example.com")):
        mails.taken(mails.mail(sender=f"NOBODY <{sender}>", subject="NOBODY", text="NOBODY"), uid=str(place))
    CaseMail.objects.filter(sender_address="two@example.com").update(case=None, fate="left", reason="automatic")
    Case.objects.update(state="withdrawn", state_since=AT, closed_at=AT)
    new = NewCall(phone="13912345678", name="NOBODY", about="NOBODY", source=CallSource.DESK)
    call_requests.ask(new=new, at=AT, actor=CLERK)
    CallRequest.objects.update(state="done", ended_at=AT)
    with transaction.atomic():
        notices.queue_step(
            event="one_time_code", recipient=Recipient(name="NOBODY", mobile="+8613912345678"), key="n", actor=SYSTEM,
            facts={"code": "123456", "purpose": "NOBODY", "minutes": 10},
        )  # fmt: skip
    Notice.objects.update(created_at=AT)
    FaultReport.objects.create(
        kind="no_power", channel="phone", answer="new", address="NOBODY", name="NOBODY", reported_at=AT
    )  # fmt: skip
    return {"application": row.id, "case": case.id}


def left() -> set[str]:
    """Return in which columns the mark still stands."""
    hits = set()
    with connection.cursor() as cursor:
        cursor.execute("SELECT table_name FROM information_schema.tables WHERE table_schema = 'public'")
        for (table,) in cursor.fetchall():
            cursor.execute(f'SELECT * FROM "{table}" t WHERE t::text LIKE %s', ["%NOBODY%"])
            hits |= {table for _row in cursor.fetchall()}
    return hits


def test_who_never_became_a_customer_is_overwritten_once_the_time_is_over(django_capture_on_commit_callbacks):
    made = nobody()
    papers = list(ApplicationPaper.objects.values_list("document_id", flat=True))
    assert {
        "contracts_serviceapplication", "contracts_applicationmessage", "complaints_case", "complaints_casemail",
        "complaints_callrequest", "accounts_notice", "metering_faultreport", "platform_auditevent",
    } - left() <= {"platform_auditevent"}  # fmt: skip
    waiting = applications.filed()
    assert erasures.forget_nobodys(today=date(2036, 1, 1)) == 0
    with django_capture_on_commit_callbacks(execute=True):
        assert erasures.forget_nobodys(today=LATER) >= len({one.table for one in personal.all_held() if one.nobody})
        assert erasures.forget_nobodys(today=LATER) == 0, "twice is once"
    assert left() == set()
    assert ServiceApplication.objects.get(id=made["application"]).state == "withdrawn"
    assert ServiceApplication.objects.get(number=waiting.number).name == "王芳", "what is open stays"
    for document_id in papers:
        with pytest.raises(DocumentErased):
            documents.open(document_id)
    assert AuditEvent.objects.filter(subject="erasure", action="forget").exists()


def test_a_paper_of_an_applicant_who_was_a_customer_too_stays_the_customers(django_capture_on_commit_callbacks):
    made = applications.filed()
    ServiceApplication.objects.filter(number=made.number).update(customer=accounts.customer())
    paper = ApplicationPaper.objects.filter(application__number=made.number).first()
    other = applications.filed()
    row = ServiceApplication.objects.get(number=other.number)
    ServiceApplication.objects.filter(id=row.id).update(state="rejected", ended_at=AT, customer=None)
    ApplicationPaper.objects.filter(application=row, kind=paper.kind).update(document_id=paper.document_id)
    with django_capture_on_commit_callbacks(execute=True):
        erasures.forget_nobodys(today=LATER)
    with documents.open(paper.document_id) as file:
        assert file.read()


def test_a_paper_of_long_ago_stays_while_somebody_else_hands_it_in(django_capture_on_commit_callbacks):
    first, second = (ServiceApplication.objects.get(number=applications.filed().number) for _ in range(2))
    licence, picture = ApplicationPaper.objects.filter(application=first).order_by("id")
    ApplicationPaper.objects.filter(application=second, kind=licence.kind).update(document_id=licence.document_id)
    case = cases.taken()
    CasePhoto.objects.create(case=case, document_id=picture.document_id)
    over = {"state": "withdrawn", "ended_at": AT}
    ServiceApplication.objects.filter(id=first.id).update(**over)
    with django_capture_on_commit_callbacks(execute=True):
        erasures.forget_nobodys(today=LATER)
    assert ServiceApplication.objects.get(id=first.id).name == "–"
    for one in (licence, picture):
        with documents.open(one.document_id) as file:
            assert file.read()
    ServiceApplication.objects.filter(id=second.id).update(**over)
    Case.objects.update(state="withdrawn", state_since=AT, closed_at=AT)
    with django_capture_on_commit_callbacks(execute=True):
        erasures.forget_nobodys(today=LATER)
    for one in (licence, picture):
        with pytest.raises(DocumentErased):
            documents.open(one.document_id)


@pytest.mark.parametrize("is_sealed", [True, False])
def test_a_paper_of_who_is_erased_stays_while_an_applicant_names_it(is_sealed, django_capture_on_commit_callbacks):
    made, soon = old(), datetime.now(tz=UTC) + timedelta(hours=1)
    first, second = (ServiceApplication.objects.get(number=applications.filed().number) for _ in range(2))
    ServiceApplication.objects.filter(id=first.id).update(customer=made, state="withdrawn", ended_at=AT)
    shared, own = ApplicationPaper.objects.filter(application=first).order_by("id")
    ApplicationPaper.objects.filter(application=second, kind=shared.kind).update(document_id=shared.document_id)
    with django_capture_on_commit_callbacks(execute=True):
        if is_sealed:
            sealed_documents.seal_new(soon)
    assert bool(Document.objects.get(id=shared.document_id).sealed_name) is is_sealed
    gone(made, django_capture_on_commit_callbacks)
    with documents.open(shared.document_id) as file:
        assert file.read()
    left = Document.objects.get(id=shared.document_id)
    assert (left.name, left.sealed_name) == (sealed_documents.NAMELESS, "")
    with pytest.raises(DocumentErased):
        documents.open(own.document_id)
    ServiceApplication.objects.filter(id=second.id).update(customer=accounts.customer())
    with django_capture_on_commit_callbacks(execute=True):
        sealed_documents.seal_new(soon)
    assert Document.objects.get(id=shared.document_id).sealed_name, "it is another customer's now"


def test_what_is_a_customers_stays_beside_what_was_nobodys():
    who = accounts.customer()
    accounts.contact_point(of=who, kind="email", value="fang@example.com")
    case = cases.taken(title="NOBODY")
    Case.objects.update(state="withdrawn", state_since=AT, closed_at=AT)
    for serial, name in enumerate(("王芳", "NOBODY")):
        new = NewCall(phone=f"1391234567{serial}", name=name, about="x", source=CallSource.DESK)
        call_requests.ask(new=new, at=AT, actor=CLERK)
    CallRequest.objects.update(state="done", ended_at=AT, case=case)
    CallRequest.objects.filter(name="王芳").update(customer=who)
    for mailbox, name in (("fang@example.com", "王芳"), ("other@example.com", "NOBODY")):
        with transaction.atomic():
            notices.queue_step(
                event="one_time_code", recipient=Recipient(name=name, email=mailbox), key=name, actor=SYSTEM,
                facts={"code": "123456", "purpose": "x", "minutes": 10},
            )  # fmt: skip
    Notice.objects.update(created_at=AT)
    erasures.forget_nobodys(today=LATER)
    assert set(CallRequest.objects.values_list("name", flat=True)) == {"王芳", "–"}
    assert set(Notice.objects.values_list("name", flat=True)) == {"王芳", "–"}
    assert Case.objects.get().title == "–"


def test_a_paper_is_encrypted_when_its_applicant_becomes_a_customer(django_capture_on_commit_callbacks):
    made = applications.filed()
    paper = ApplicationPaper.objects.filter(application__number=made.number).first().document
    soon = datetime.now(tz=UTC) + timedelta(hours=1)
    with django_capture_on_commit_callbacks(execute=True):
        sealed_documents.seal_new(soon)
    assert Document.objects.get(id=paper.id).sealed_name == ""
    ServiceApplication.objects.filter(number=made.number).update(customer=accounts.customer())
    with django_capture_on_commit_callbacks(execute=True):
        sealed_documents.seal_new(soon)
        sealed_documents.look_again(soon)
        sealed_documents.seal_new(soon)
    assert Document.objects.get(id=paper.id).sealed_name
    assert not documents.path_of(paper.sha256).exists()


def test_one_that_cannot_be_done_keeps_no_other_waiting(django_capture_on_commit_callbacks):
    first, second = old(), old()
    rows = [released(one) for one in (first, second)]
    other = accounts.customer()
    Customer.objects.filter(id=first.id).update(merged_into=other)  # as an older version left it
    with django_capture_on_commit_callbacks(execute=True):
        erasures.work(datetime(2037, 1, 2, tzinfo=UTC))
    assert [Erasure.objects.get(id=one.id).state for one in rows] == ["released", "done"]
    assert Customer.objects.get(id=second.id).erased_at is not None


def test_who_decides_is_another_person_whatever_they_came_in_by():
    program = Actor(ActorKind.CLIENT, CHIEF.id, "program")
    at_home = Actor(ActorKind.CUSTOMER, CHIEF.id, "王芳", frozenset({Role.CUSTOMER}))
    asked, own = (erasures.ask(customer_id=old().id, today=LATER, actor=one) for one in (program, at_home))
    for erasure_id, same in ((asked, program), (own, CHIEF)):
        with pytest.raises(NotAllowed):
            erasures.release(erasure_id=erasure_id, today=LATER, actor=same)
        with pytest.raises(NotAllowed):
            erasures.drop(erasure_id=erasure_id, actor=same)
    erasures.release(erasure_id=asked, today=LATER, actor=CHIEF)  # a key and a user of one number are two
    erasures.release(erasure_id=own, today=LATER, actor=program)
    cards = [privacy.one(erasure_id=one) for one in (asked, own)]
    assert [(card.asker_kind, card.decider_kind) for card in cards] == [("client", "staff"), ("customer", "client")]


def test_an_export_of_who_is_erased_meanwhile_is_not_made_and_holds_up_no_other(django_capture_on_commit_callbacks):
    made, other = old(), accounts.customer()
    for one in (made, other):
        data_exports.ask(customer_id=one.id, at=AT, actor=CLERK)
    gone(made, django_capture_on_commit_callbacks)
    data_exports.work(datetime.now(tz=UTC))
    assert dict(DataExport.objects.values_list("customer_id", "state")) == {made.id: "over", other.id: "ready"}


def test_nothing_is_written_on_a_customer_who_is_erased_and_nothing_goes_to_them(django_capture_on_commit_callbacks):
    made = old()
    accounts.contact_point(of=made)
    Survey.objects.create(
        customer=made, event=SurveyEvent.CASE_CLOSED.value, source_id=1, key="k", state="asked", asked_at=AT, send_at=AT
    )  # fmt: skip
    gone(made, django_capture_on_commit_callbacks)
    made.refresh_from_db()
    with pytest.raises(CustomerErased):
        contacts.add(customer_id=made.id, kind="email", value="back@example.com", actor=CLERK)
    with pytest.raises(CustomerErased):
        customers.edit(customer_id=made.id, version=made.version, customer=NewCustomer(name="王芳"), actor=CLERK)
    with pytest.raises(UnknownQuestion):
        surveys.answer(token=surveys.token_of(Survey.objects.get().id), score=3, text="It is me", at=AT)
    assert notice_people.of_customers(customer_ids=[made.id])[made.id].addresses == {}


def test_what_was_written_of_an_energy_that_was_counted_wrong_goes_with_the_customer(
    django_capture_on_commit_callbacks,
):
    world, other = contracts.world(), contracts.world()
    rows = [
        corrections.correction(
            meter_id=metering.meter().id, service_point_id=one.service_point.id,
            start_date=date(2026, 2, 1), end_date=date(2026, 3, 1), undo_reason="王芳 said so",
        )
        for one in (world, other)
    ]  # fmt: skip
    with transaction.atomic():
        personal.erase_step(customer_id=world.customer.id)
    for row in rows:
        row.refresh_from_db()
    assert [(row.evidence, row.undo_reason) for row in rows] == [("–", "–"), ("seen", "王芳 said so")]


def test_an_export_has_what_is_held_on_who_was_merged_into_the_customer():
    one, other = accounts.customer(name="王芳"), accounts.customer(name="王方")
    Customer.objects.filter(id=other.id).update(merged_into=one)
    accounts.contact_point(of=other, kind="email", value="twin@example.com")
    held = data_exports.contents(customer_id=one.id, hidden={})
    assert [row["name"] for row in held["accounts_customer"]] == ["王芳", "王方"]
    assert [row["value"] for row in held["accounts_contactpoint"]] == ["twin@example.com"]


def test_the_api_says_that_an_erased_document_is_gone():
    answer = api.problem(DocumentErased("Document 7 was erased.", document_id=7), {})
    assert (answer.status_code, answer.data["code"]) == (410, "document_erased")


def test_work_for_an_application_of_nobody_goes_with_it():
    made = applications.filed()
    row = ServiceApplication.objects.get(number=made.number)
    ServiceApplication.objects.filter(id=row.id).update(state="withdrawn", ended_at=AT)
    there = contracts.world().service_point
    orders = [
        work.order(subject="application", subject_id=one, note="NOBODY", service_point=there)
        for one in (row.id, row.id + 1)
    ]
    erasures.forget_nobodys(today=LATER)
    for order in orders:
        order.refresh_from_db()
    assert [order.note for order in orders] == ["–", "NOBODY"]
