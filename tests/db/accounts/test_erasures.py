"""
Personal data are overwritten, and nothing of them is left: every column of every table and every file is searched.

The customer here left marks wherever the house keeps texts: name, numbers, notes, notices, cases, papers, bank accounts.
"""

from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from django.conf import settings as django_settings
from django.db import IntegrityError, connection, transaction

from accounts.domain.customer import NewCustomer
from accounts.domain.notice_events import Money
from accounts.domain.privacy import ErasureReason, ErasureState
from accounts.domain.protections import ProtectionKind
from accounts.domain.tax_profiles import ConsentWay, TaxData
from accounts.models.customer import Customer
from accounts.models.privacy import Erasure
from accounts.operations import accounts as account_operations
from accounts.operations import customers, data_exports, erasures, notices, protections, tax_profiles
from accounts.operations.erasures import ErasureDecided, ErasureExists, ErasureRefused
from accounts.operations.protections import NewProtection
from accounts.queries import privacy, search
from accounts.queries.customers import CustomerErased
from billing.models.bill import PrintedBill
from cashiering.models.bank import BankStatement, LinePart, StatementFile, StatementLine
from cashiering.models.debit import Mandate
from cashiering.operations import mandates
from cis.kernel.actors import SYSTEM, Actor, ActorKind
from cis.kernel.enums import Role
from cis.kernel.workflow import NotAllowed
from cis.platform import documents, personal, sealed_documents
from cis.platform.documents import DocumentErased
from cis.platform.models import AuditEvent, Document, OutboxMessage, PersonKey
from complaints.domain.kinds import CaseChannel, CaseKind
from complaints.operations import cases as case_operations
from contracts.domain.applications import Applicant
from contracts.models.application import ServiceApplication
from tests.factories import accounts, applications, billing, cases, contracts, debits, papers_signed, refunds

pytestmark = pytest.mark.django_db
OPENED, CLOSED, LATER = date(2026, 1, 1), date(2026, 7, 1), date(2037, 1, 2)
AT = datetime(2026, 3, 2, 2, 0, tzinfo=UTC)
NAME, PHONE, EMAIL = "鱻龘靐", "13987651234", "biaoji-marker@example.org"
STREET, NOTE, BANK = "犇犇路777号", "备注标记鱻鱻", "6222029876543210987"
TEXT = "投诉标记龘龘"
PAPER = b"%PDF-1.4\n1 0 obj\n<< /Marker (SCANMARKER-4711) >>\nendobj\n%%EOF\n"
MARKS = ("鱻", "龘", "靐", "xian da", "13987651234", "biaoji-marker", "犇犇", BANK, "SCANMARKER", "FILLED-IN")
CLERK = Actor(ActorKind.STAFF, 21, "Clerk", frozenset({Role.CLERK}))
CHIEF = Actor(ActorKind.STAFF, 22, "Chief", frozenset({Role.SUPERVISOR}))


@pytest.fixture(autouse=True)
def _place(settings, tmp_path):
    settings.DOCUMENTS_DIR = tmp_path / "documents"
    accounts.supplier()


def take_on(world: contracts.World) -> int:
    """Make the customer of a world one with marks."""
    made = world.customer
    new = NewCustomer(
        name=NAME, id_number=applications.resident_id(77), note=NOTE, phone=PHONE, email=EMAIL, postal_address=STREET
    )
    customers.edit(customer_id=made.id, version=made.version, customer=new, actor=CLERK)
    made.refresh_from_db()
    return made.id


def live(world: contracts.World, commit) -> dict[str, object]:
    """Let a customer live with us for half a year: everything they leave behind has a mark; then it is all closed."""
    customer_id, account_id = take_on(world), world.account.id
    user = accounts.portal_user(of=world.customer, username="xianda-marker", first_name=NAME, email=EMAIL)
    with transaction.atomic():
        paid = {"amount": Money(12_00), "received": OPENED, "reference": "r"}
        notices.queue_step(event="payment_received", facts=paid, key="k", actor=SYSTEM, customer_id=customer_id)
    OutboxMessage.objects.filter(kind="notice.send").update(last_error=f"550 <{EMAIL}>: no such user")
    protection = protections.register(
        new=NewProtection(account_id=account_id, kind=ProtectionKind.VULNERABLE, told=NOTE, person=NAME), at=AT, actor=CLERK
    )  # fmt: skip
    for who in (Actor(ActorKind.STAFF, 24, "Biller", frozenset({Role.BILLING})), CHIEF):
        protections.end(protection_id=protection, reason=NOTE, at=AT, actor=who)
    tax_profiles.save(
        account_id=account_id, data=TaxData(name=NAME, address=STREET, phone=PHONE, bank_account=BANK),
        way=ConsentWay.DESK, from_date=OPENED, actor=CLERK,
    )  # fmt: skip
    mandate_id = mandates.enter_paper(
        new=debits.new(world, bank_account=BANK, holder_name=NAME), signed_date=OPENED, signed_by=NAME, scan=PAPER,
        name=f"{NAME}.pdf", today=OPENED, actor=CLERK,
    )  # fmt: skip
    Mandate.objects.filter(id=mandate_id).update(state="ended", ended_date=CLOSED)
    customer = Actor(ActorKind.CUSTOMER, user.id, NAME, frozenset({Role.CUSTOMER}))
    case = cases.taken(
        kind=CaseKind.QUESTION, channel=CaseChannel.PORTAL, title=TEXT, text=f"{TEXT} {PHONE}", class_code="", actor=customer,
        caller_name=NAME, caller_phone=PHONE, caller_email=EMAIL, customer_id=customer_id, account_id=account_id,
    )  # fmt: skip
    case_operations.withdraw(case_id=case.id, reason=NOTE, at=AT, actor=CLERK)
    applicant = Applicant(kind="resident", name=NAME, id_number=applications.resident_id(77), phone=PHONE)
    applied = applications.filed(applicant=applicant, customer_id=customer_id, note=NOTE, address=f"{STREET}二栋")
    ServiceApplication.objects.filter(number=applied.number).update(
        state="withdrawn", ended_at=AT, customer_id=customer_id
    )
    contract = papers_signed.signed(world)
    bill = billing.issued(world=world)
    kept = documents.keep(PAPER + NAME.encode(), name=f"{NAME}.pdf", media_type="application/pdf")
    PrintedBill.objects.create(bill=bill, content_sha256="0" * 64, document_id=kept)
    payment = refunds.paid_in(account_id, bill.amount_minor, on=CLOSED - timedelta(days=10), channel="cash")
    bank_line(payment)
    with commit(execute=True):
        sealed_documents.seal_new(datetime.now(tz=UTC) + timedelta(hours=1))
    return {
        "customer": customer_id,
        "contract": contract,
        "scan": Mandate.objects.get(id=mandate_id).scan_id,
        "bill": kept,
    }


def bank_line(payment_id: int) -> None:
    """What the bank said of a payment."""
    file = StatementFile.objects.create(sha256="1" * 64, name="s.xml", document_id=documents.keep(
        f"<Nm>{NAME}</Nm><IBAN>{BANK}</IBAN>".encode(), name="s.xml", media_type="application/xml"))  # fmt: skip
    statement = BankStatement.objects.create(
        file=file, format="camt.053", reference="S1", bank_account="100100", currency="CNY", statement_date=CLOSED,
        opening_minor=0, moved_minor=1, closing_minor=1, line_count=1,
    )  # fmt: skip
    line = StatementLine.objects.create(
        statement=statement, line_no=1, bank_account="100100", is_credit=True, amount_minor=1, booking_date=CLOSED,
        value_date=CLOSED, payer_name=NAME, payer_account=BANK, remittance=NOTE, state="booked", entry_minor=1,
    )  # fmt: skip
    LinePart.objects.create(line=line, payment_id=payment_id, amount_minor=1)


def end(world: contracts.World) -> None:
    """Close the account: the customer is gone."""
    with transaction.atomic():
        account_operations.close(account_id=world.account.id, closed_date=CLOSED, actor=SYSTEM)


@contextmanager
def history_open():
    """Write into histories, as only this test may."""
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL session_replication_role = replica")
        yield cursor
        cursor.execute("SET LOCAL session_replication_role = origin")


def fill(customer_id: int) -> int:
    """Write a mark into each declared text of each row of the customer that has none; return in how many tables."""
    filled = 0
    with history_open() as cursor:
        for one in personal.all_held():
            texts = [name for name, put in one.erased.items() if "THEN '' ELSE" in put]
            if not texts or (not one.way.owner and one.table.startswith("axes")):
                continue
            columns = ", ".join(f"{name} = left('FILLED-IN', {width(one.table, name)})" for name in texts)
            cursor.execute(f"UPDATE {one.table} t SET {columns} WHERE {one.way.mine()}", {"customer": customer_id})
            filled += bool(cursor.rowcount)
    return filled


def width(table: str, column: str) -> int:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT coalesce(character_maximum_length, 100) FROM information_schema.columns "
            "WHERE table_name = %s AND column_name = %s", [table, column],
        )  # fmt: skip
        return cursor.fetchone()[0]


def found() -> set[str]:
    """Search every column of every table, and every file, for the marks; return where they are."""
    hits = set()
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT table_name FROM information_schema.tables WHERE table_schema = 'public' AND table_type = 'BASE TABLE'"
        )
        for (table,) in cursor.fetchall():
            cursor.execute(f'SELECT * FROM "{table}"')
            names = [one.name for one in cursor.description]
            for row in cursor.fetchall():
                for name, value in zip(names, row, strict=True):
                    text = (
                        bytes(value).decode(errors="replace") if isinstance(value, memoryview | bytes) else str(value)
                    )
                    hits |= {f"{table}.{name}: {mark}" for mark in MARKS if mark in text}
    for path in Path(django_settings.DOCUMENTS_DIR).rglob("*"):
        if path.is_file():
            data = path.read_bytes()
            hits |= {f"file {path.name}: {mark}" for mark in MARKS if mark.encode() in data}
    return hits


def ledger() -> list[tuple]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT * FROM billing_transfer ORDER BY id")
        moved = cursor.fetchall()
        cursor.execute("SELECT id, code, account_id, balance_minor FROM billing_ledgeraccount ORDER BY id")
        return [*moved, *cursor.fetchall()]


def gone(world, commit) -> Erasure:
    """The night finds the customer, a supervisor releases it, and the worker does it."""
    erasures.find(today=LATER)
    row = Erasure.objects.get(customer=world.customer)
    erasures.release(erasure_id=row.id, today=LATER, actor=CHIEF)
    with commit(execute=True):
        erasures.erase(erasure_id=row.id, today=LATER)
    row.refresh_from_db()
    return row


def test_nothing_of_a_person_is_left_in_tables_and_files_and_the_ledger_is_as_it_was(
    django_capture_on_commit_callbacks,
):
    commit = django_capture_on_commit_callbacks
    world = contracts.world(start_date=OPENED)
    other = contracts.world(start_date=OPENED)
    made = live(world, commit)
    end(world)
    assert fill(made["customer"]) >= 15
    before, kept = ledger(), found()
    assert {"accounts_customer.name: 鱻", "platform_auditevent.detail: 鱻", "accounts_notice.body: FILLED-IN"} <= kept
    assert any(one.startswith("file ") for one in kept), "the file of the bank stands plain"
    row = gone(world, commit)
    assert found() == set()
    assert ledger() == before
    assert row.state == ErasureState.DONE
    assert sum(row.counts.values()) > 20
    for name in ("scan", "bill"):
        with pytest.raises(DocumentErased):
            documents.open(made[name])
    assert PersonKey.objects.get(customer_id=made["customer"]).wrapped == ""
    assert search.find(text="鱻龘", at_date=LATER) == ()
    assert Customer.objects.get(id=other.customer.id).name == other.customer.name
    assert AuditEvent.objects.filter(subject="customer", subject_id=made["customer"], action="erase").count() == 1


def test_a_document_of_two_customers_stays_the_others_document(django_capture_on_commit_callbacks):
    world, other = contracts.world(start_date=OPENED), contracts.world(start_date=OPENED)
    for one in (world, other):
        mandates.enter_paper(
            new=debits.new(one), signed_date=OPENED, signed_by="", scan=PAPER, name="m.pdf", today=OPENED, actor=CLERK
        )
    Mandate.objects.filter(customer=world.customer).update(state="ended", ended_date=CLOSED)
    scan = Document.objects.get()
    end(world)
    gone(world, django_capture_on_commit_callbacks)
    scan.refresh_from_db()
    assert scan.sealed_name
    with documents.open(scan.id) as file:
        assert file.read() == PAPER
    assert not documents.path_of(scan.sha256).exists()


def test_what_is_open_stands_against_it_and_is_named(django_capture_on_commit_callbacks):
    world = contracts.world(start_date=OPENED)
    with pytest.raises(ErasureRefused) as refusal:
        erasures.ask(customer_id=world.customer.id, today=LATER, actor=CLERK)
    assert ("account_open", None) in refusal.value.detail["obstacles"]
    billing.issued(world=world)
    case = cases.taken(customer_id=world.customer.id, account_id=world.account.id)
    end(world)
    with pytest.raises(ErasureRefused) as refusal:
        erasures.ask(customer_id=world.customer.id, today=CLOSED, actor=CLERK)
    against = dict(refusal.value.detail["obstacles"])
    assert {"balance_open", "matter_open", "retention"} == set(against)
    assert against["retention"] == date(2029, 7, 1)
    assert case.number not in str(refusal.value), "who may not know of the case learns nothing of it"
    assert erasures.find(today=LATER).due == 0
    erasures.work(datetime(2037, 1, 2, tzinfo=UTC))
    assert Customer.objects.get(id=world.customer.id).erased_at is None


def test_the_night_lists_once_and_the_second_person_decides(django_capture_on_commit_callbacks):
    world = contracts.world(start_date=OPENED)
    end(world)
    assert erasures.find(today=date(2036, 6, 30)).due == 0
    assert (erasures.find(today=LATER).due, erasures.find(today=LATER).due) == (1, 0)
    row = Erasure.objects.get()
    with pytest.raises(NotAllowed):
        erasures.release(erasure_id=row.id, today=LATER, actor=CLERK)
    erasures.drop(erasure_id=row.id, actor=CHIEF)
    with pytest.raises(ErasureDecided):
        erasures.release(erasure_id=row.id, today=LATER, actor=CHIEF)


def test_who_asks_for_a_customer_does_not_decide(django_capture_on_commit_callbacks):
    world = contracts.world(start_date=OPENED)
    end(world)
    made = erasures.ask(customer_id=world.customer.id, today=date(2029, 7, 1), actor=CHIEF)
    with pytest.raises(NotAllowed):
        erasures.release(erasure_id=made, today=LATER, actor=CHIEF)
    with pytest.raises(ErasureExists):
        erasures.ask(customer_id=world.customer.id, today=LATER, actor=CLERK)
    with pytest.raises(IntegrityError), transaction.atomic():
        Erasure.objects.filter(id=made).update(state="released", decider_id=CHIEF.id)
    other = Actor(ActorKind.STAFF, 23, "Second", frozenset({Role.SUPERVISOR}))
    erasures.release(erasure_id=made, today=LATER, actor=other)
    with django_capture_on_commit_callbacks(execute=True):
        erasures.erase(erasure_id=made, today=LATER)
    with pytest.raises(CustomerErased):
        data_exports.ask(customer_id=world.customer.id, at=AT, actor=CLERK)


def test_what_was_opened_since_the_release_puts_it_back(django_capture_on_commit_callbacks):
    world = contracts.world(start_date=OPENED)
    end(world)
    erasures.find(today=LATER)
    row = Erasure.objects.get()
    erasures.release(erasure_id=row.id, today=LATER, actor=CHIEF)
    cases.taken(customer_id=world.customer.id, account_id=world.account.id)
    erasures.erase(erasure_id=row.id, today=LATER)
    row.refresh_from_db()
    assert (row.state, row.stuck, row.decider_id) == ("due", "matter_open", None)
    assert privacy.waiting_count() == 1


def test_a_file_of_the_bank_keeps_the_customer_until_its_time_is_over(django_capture_on_commit_callbacks):
    world = contracts.world(start_date=OPENED)
    bill = billing.issued(world=world)
    bank_line(refunds.paid_in(world.account.id, bill.amount_minor, on=CLOSED - timedelta(days=10), channel="cash"))
    end(world)
    until = privacy.rule(at=LATER).shared_until(Document.objects.get().created_at.date())
    found_now = privacy.obstacles(customer_id=world.customer.id, reason=ErasureReason.REQUEST, today=date(2030, 1, 1))
    against = {one.code: one.until_date for one in found_now}
    assert against == {"shared_files": until}


def test_histories_are_closed_again_after_an_erasure(django_capture_on_commit_callbacks):
    world = contracts.world(start_date=OPENED)
    end(world)
    gone(world, django_capture_on_commit_callbacks)
    with pytest.raises(Exception, match="Cannot update"), transaction.atomic():
        AuditEvent.objects.update(actor_name="x")
