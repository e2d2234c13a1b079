"""Supply contracts: issued without gaps, signed by code or on paper, frozen, replaced, renewed, ended, found, verified."""

import re
from datetime import date, timedelta

import pytest
from django.db import DatabaseError, connection, transaction
from django.utils import timezone

from accounts.models.contact import ContactPoint
from accounts.models.notice import Notice
from accounts.operations.notice_drafts import Recipient
from cis.kernel.actors import SYSTEM, Actor, ActorKind
from cis.kernel.enums import Role
from cis.kernel.workflow import IllegalMove, NotAllowed
from cis.platform import db, documents, events
from contracts.domain import signing
from contracts.domain.announcements import ContractEnded, ContractSigned
from contracts.domain.contract_workflow import ContractState, SigningWay
from contracts.domain.signing import CodeRefused, NoWayToSendCode, TooManyCodes
from contracts.domain.terms import BadTerms, IncompleteContract, SupplyMode, UseClass
from contracts.models.offer import Offer, OfferFee
from contracts.models.supply_contract import ContractClause, SigningCode, SupplyContract
from contracts.operations import contract_ends, contract_signing, signing_codes, supply_contracts
from contracts.operations.contract_signing import BadScan
from contracts.operations.supply_contracts import NoEndReason, NotSignable
from contracts.queries import charges as charge_queries
from contracts.queries import supply_contracts as queries
from contracts.queries.supply_contracts import EXPIRING, WAITING, UnknownContract, WantedContracts
from tests.factories import accounts, contracts, papers_signed, work
from tests.factories.papers_signed import TODAY

pytestmark = pytest.mark.django_db
CLERK = Actor(ActorKind.STAFF, 1, "clerk", frozenset({Role.CLERK}))
CASHIER = Actor(ActorKind.STAFF, 2, "cashier", frozenset({Role.CASHIER}))
CUSTOMER = Actor(ActorKind.CUSTOMER, 3, "zhang", frozenset({Role.CUSTOMER}))
HEAD = Actor(ActorKind.STAFF, 4, "head", frozenset({Role.SUPERVISOR}))


@pytest.fixture(autouse=True)
def _kept(settings, tmp_path):
    settings.DOCUMENTS_DIR = tmp_path / "documents"


@pytest.fixture
def world():
    accounts.supplier()
    found = contracts.world()
    accounts.contact_point(of=found.customer, is_proven=True)
    return found


def issue(contract_id, actor=CLERK):
    return supply_contracts.issue_step(contract_id=contract_id, today=TODAY, actor=actor)


def state_of(row):
    return SupplyContract.objects.get(id=row.id if hasattr(row, "id") else row).state


def test_numbers_have_no_gaps_whatever_fails_or_is_withdrawn(world):
    first = papers_signed.draft(world)
    assert issue(first) == "0000000001"
    broken = papers_signed.draft(world, terms=papers_signed.terms(boundary_zh=""))
    with pytest.raises(IncompleteContract) as caught, transaction.atomic():
        issue(broken)
    assert [one.where for one in caught.value.detail["findings"]] == ["boundary"]
    assert issue(papers_signed.draft(world)) == "0000000002"
    assert SupplyContract.objects.get(id=broken).number is None
    detail = queries.one(contract_id=first)
    assert [one.number for one in detail.clauses] == list(range(1, len(detail.clauses) + 1))
    assert len(detail.card.content_sha256) == 64


def test_who_may_not_write_contracts_does_not(world):
    with pytest.raises(NotAllowed):
        supply_contracts.draft_step(new=papers_signed.new(world), today=TODAY, actor=CASHIER)
    with pytest.raises(BadTerms):
        papers_signed.draft(world, terms=papers_signed.terms(supply_mode=SupplyMode.HIGH_DUAL_SOURCE))


def test_a_signed_contract_is_owed_its_fees_and_announced(world, monkeypatch):
    heard = []
    offer = Offer.objects.create(
        subject="application", subject_id=7, recipient="张三", month_wh=1, valid_until=TODAY,
        **papers_signed.terms().columns(),
    )  # fmt: skip
    OfferFee.objects.create(offer=offer, seq=1, kind="connection", amount_minor=11_300, reason="8 kVA")
    row = papers_signed.issued(world, account_id=None, offer_id=offer.id, subject="application", subject_id=7)
    monkeypatch.setattr(events, "LISTENERS", {ContractSigned: [heard.append]})
    supply_contracts.sign_step(contract_id=row.id, way=SigningWay.PORTAL, signed_by="张三", today=TODAY, actor=CUSTOMER)
    row.refresh_from_db()
    assert row.account_id not in {None, world.account.id}
    (fee,) = charge_queries.of_subject(subject="offer", subject_id=offer.id)
    assert (fee.account_id, fee.amount_minor, fee.tax_minor) == (row.account_id, 11_300, 1_300)
    assert [(one.contract_id, one.subject, one.subject_id, one.account_id) for one in heard] == [
        (row.id, "application", 7, row.account_id)
    ]
    with pytest.raises(IllegalMove):
        supply_contracts.sign_step(contract_id=row.id, way=SigningWay.PORTAL, signed_by="x", today=TODAY, actor=CLERK)


def test_nobody_signs_what_nobody_has_seen(world):
    contract_id = papers_signed.draft(world)
    issue(contract_id)
    with pytest.raises(NotSignable):
        supply_contracts.sign_step(
            contract_id=contract_id, way=SigningWay.PORTAL, signed_by="张三", today=TODAY, actor=CUSTOMER
        )


@pytest.mark.parametrize(
    "damage",
    [
        "UPDATE contracts_supplycontract SET address = 'elsewhere'",
        "UPDATE contracts_supplycontract SET content_sha256 = repeat('0', 64)",
        "UPDATE contracts_supplycontract SET tariff_id = tariff_id + 1",
        "UPDATE contracts_supplycontract SET signed_by = 'somebody'",
        "UPDATE contracts_supplycontract SET signed_at = NULL",
        "UPDATE contracts_supplycontract SET account_id = NULL",
        "UPDATE contracts_supplycontract SET document_id = NULL",
        "UPDATE contracts_supplycontract SET start_date = start_date - 1",
        "DELETE FROM contracts_supplycontract",
        "UPDATE contracts_contractclause SET body_zh = ''",
        "DELETE FROM contracts_contractclause",
    ],
)
def test_the_database_lets_nobody_change_what_was_signed(world, damage):
    papers_signed.signed(world)
    with pytest.raises(DatabaseError), transaction.atomic():
        connection.cursor().execute(damage)


@pytest.mark.django_db(transaction=True)
def test_a_customer_signs_by_the_code_that_was_sent(world):
    row = papers_signed.issued(world)
    send = {"contract_id": row.id, "customer_id": world.customer.id, "actor": CUSTOMER}
    contract_signing.send_code(**send)
    code = re.search(r"\d{6}", Notice.objects.filter(event="one_time_code").latest("id").body)[0]
    kept = SigningCode.objects.get()
    assert code not in kept.code_hash
    wrong = f"{(int(code) + 1) % 10**6:06d}"
    for attempt in (1, 2):
        with pytest.raises(CodeRefused):
            contract_signing.sign_by_code(**send, code=wrong, signed_by="张三", today=TODAY)
        kept.refresh_from_db()
        assert kept.attempts == attempt
    with pytest.raises(UnknownContract):
        contract_signing.sign_by_code(**send | {"customer_id": 10**9}, code=code, signed_by="张三", today=TODAY)
    contract_signing.sign_by_code(**send, code=f" {code} ", signed_by="张三", today=TODAY)
    row.refresh_from_db()
    assert (row.state, row.signed_way, row.signed_by, row.signer_id) == ("signed", "portal", "张三", CUSTOMER.id)
    with pytest.raises(CodeRefused):
        contract_signing.sign_by_code(**send, code=code, signed_by="张三", today=TODAY)


@pytest.mark.django_db(transaction=True)
def test_no_code_goes_to_a_number_that_nobody_proved(world):
    row = papers_signed.issued(world)
    send = {"contract_id": row.id, "customer_id": world.customer.id, "actor": CUSTOMER}
    ContactPoint.objects.filter(customer=world.customer).delete()
    accounts.contact_point(of=world.customer)
    with pytest.raises(NoWayToSendCode):
        contract_signing.send_code(**send)
    accounts.contact_point(of=world.customer, is_preferred=False, is_proven=True, value="+8613700000001")
    contract_signing.send_code(**send)
    assert list(Notice.objects.filter(event="one_time_code").values_list("address", flat=True)) == ["+8613700000001"]


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("spoil", ["old", "tried", "replaced"])
def test_a_code_that_is_old_tried_too_often_or_replaced_serves_no_more(world, spoil):
    row = papers_signed.issued(world)
    send = {"contract_id": row.id, "customer_id": world.customer.id, "actor": CUSTOMER}
    contract_signing.send_code(**send)
    code = re.search(r"\d{6}", Notice.objects.filter(event="one_time_code").latest("id").body)[0]
    if spoil == "old":
        SigningCode.objects.update(expires_at=timezone.now())
    elif spoil == "tried":
        SigningCode.objects.update(attempts=signing.TRIES)
    else:
        contract_signing.send_code(**send)
        if re.search(r"\d{6}", Notice.objects.filter(event="one_time_code").latest("id").body)[0] == code:
            pytest.skip("the same code was drawn twice")
    with pytest.raises(CodeRefused):
        contract_signing.sign_by_code(**send, code=code, signed_by="张三", today=TODAY)
    assert state_of(row) == "issued"


def test_a_code_that_went_by_the_link_of_an_application_ends_with_the_number(world):
    row = papers_signed.issued(world)
    db.opens_transaction(signing_codes.send_step)(
        row, subject="supply_contract", customer_id=world.customer.id, purpose="x", actor=CUSTOMER,
        applicant=Recipient(name="张三", mobile="+8613700000001"),
    )  # fmt: skip
    assert Notice.objects.get(event="one_time_code").customer_id is None
    other = contracts.world()
    assert db.opens_transaction(signing_codes.end_step)(customer_id=other.customer.id) == 0
    assert db.opens_transaction(signing_codes.end_step)(customer_id=world.customer.id) == 1
    assert SigningCode.objects.get().expires_at <= timezone.now()


@pytest.mark.django_db(transaction=True)
def test_codes_are_not_sent_without_end(world):
    row = papers_signed.issued(world)
    send = {"contract_id": row.id, "customer_id": world.customer.id, "actor": CUSTOMER}
    for _ in range(signing.SENT_AN_HOUR):
        contract_signing.send_code(**send)
    with pytest.raises(TooManyCodes):
        contract_signing.send_code(**send)


@pytest.mark.django_db(transaction=True)
def test_a_contract_signed_on_paper_keeps_its_scan(world):
    row = papers_signed.issued(world)
    sign = {"contract_id": row.id, "name": "scan.pdf", "signed_by": "张三", "today": TODAY, "actor": CLERK}
    for wrong in (
        b"MZ not a scan", b"", b"<html>", b"%PDF-", b"%PDF-1.4 cut off", b"%PDF-1.4 /JavaScript (x) %%EOF",
        b"\xff\xd8\xff scan", b"\x89PNG\r\n\x1a\n",
    ):  # fmt: skip
        with pytest.raises(BadScan):
            contract_signing.sign_on_paper(**sign, scan=wrong)
    assert state_of(row) == "issued"
    contract_signing.sign_on_paper(**sign, scan=work.photo().read())
    row.refresh_from_db()
    assert (row.state, row.signed_way, documents.about(row.scan_id).media_type) == ("signed", "paper", "image/jpeg")


@pytest.mark.django_db(transaction=True)
def test_the_next_version_takes_the_place_of_the_signed_one(world):
    old = papers_signed.signed(world)
    change = papers_signed.new(world, terms=papers_signed.terms(capacity_va=12_000))
    draft = supply_contracts.amend(contract_id=old.id, new=change, today=TODAY, actor=CLERK)
    with pytest.raises(BadTerms):
        supply_contracts.amend(contract_id=old.id, new=change, today=TODAY, actor=CLERK)
    assert supply_contracts.issue(contract_id=draft, today=TODAY, actor=CLERK) == old.number
    row = SupplyContract.objects.get(id=draft)
    row.document_id = documents.keep(b"%PDF- two", name="c.pdf", media_type="application/pdf")
    row.save(update_fields=["document"])
    contract_signing.sign_on_paper(
        contract_id=draft, scan=b"%PDF-1.4 scan %%EOF", name="s.pdf", signed_by="张三", today=TODAY, actor=CLERK
    )
    assert (state_of(old), state_of(draft)) == ("replaced", "signed")
    detail = queries.one(contract_id=draft)
    assert [(one.version, one.state) for one in detail.versions] == [(2, "signed"), (1, "replaced")]
    assert queries.id_of_number(old.number) == draft


@pytest.mark.django_db(transaction=True)
def test_it_is_withdrawn_or_ended_for_a_reason(world, monkeypatch):
    waiting, running = papers_signed.issued(world), papers_signed.signed(world)
    with pytest.raises(NoEndReason):
        supply_contracts.withdraw(contract_id=waiting.id, reason=" ", actor=CLERK)
    supply_contracts.withdraw(contract_id=waiting.id, reason="moved away", actor=CLERK)
    end = {"contract_id": running.id, "reason": "moved out", "ended_date": TODAY + timedelta(days=30)}
    with pytest.raises(NotAllowed):
        supply_contracts.terminate(**end, actor=CLERK)
    with pytest.raises(NoEndReason):
        supply_contracts.terminate(**end | {"ended_date": TODAY - timedelta(days=1)}, actor=HEAD)
    heard = []
    monkeypatch.setattr(events, "LISTENERS", {ContractEnded: [heard.append]})
    supply_contracts.terminate(**end, actor=HEAD)
    assert (state_of(waiting), state_of(running)) == ("withdrawn", "ended")
    assert [(one.contract_id, one.end_date) for one in heard] == [(running.id, TODAY + timedelta(days=30))]


@pytest.mark.django_db(transaction=True)
def test_ends_are_told_once_and_contracts_go_on_or_end(world):
    end = date(2026, 8, 31)
    goes_on = papers_signed.signed(world, end_date=end, renew_months=6)
    ends = papers_signed.signed(world, end_date=end)
    papers_signed.signed(world)
    assert contract_ends.run(today=date(2026, 7, 31)) == 0
    assert contract_ends.run(today=date(2026, 8, 1)) == 2
    assert contract_ends.run(today=date(2026, 8, 2)) == 0
    assert set(Notice.objects.values_list("event", flat=True)) == {"contract_issued", "contract_expiring"}
    assert contract_ends.run(today=end) == 2
    goes_on.refresh_from_db()
    assert (goes_on.state, goes_on.extended_to_date) == ("signed", date(2027, 2, 28))
    assert state_of(ends) == "ended"
    assert contract_ends.run(today=end) == 0
    contract_ends.run(today=date(2029, 3, 1))
    goes_on.refresh_from_db()
    assert goes_on.extended_to_date == date(2029, 8, 31)


def test_contracts_are_found_by_any_words_of_theirs(world):
    wanted = papers_signed.signed(world, special="充电桩 7 kW 另行计量").id
    other = papers_signed.draft(world, terms=papers_signed.terms(address="上海市静安区愚园路9号"))
    for text, found in {
        "充电桩": {wanted}, "另行计量 南京东路": {wanted}, "愚园": {other}, "产权分界点": {wanted}, "张三": {wanted, other},
        "property boundary": {wanted}, "0000000001": {wanted}, "桩充电": set(), "!!": set(),
    }.items():  # fmt: skip
        assert {one.id for one in queries.listed(wanted=WantedContracts(text=text))} == found, text
    assert queries.count(wanted=WantedContracts(state=WAITING)) == 1
    assert queries.count(wanted=WantedContracts(state="signed", use_class=UseClass.COMMERCIAL)) == 0
    ending = papers_signed.signed(world, end_date=date(2026, 9, 1)).id
    assert [one.id for one in queries.listed(wanted=WantedContracts(state=EXPIRING, until=date(2026, 9, 1)))] == [
        ending
    ]
    assert queries.count(wanted=WantedContracts(state=EXPIRING, until=date(2026, 8, 31))) == 0


def test_a_customer_sees_what_was_issued_to_them_and_no_draft(world):
    row, draft = papers_signed.signed(world), papers_signed.draft(world)
    mine = world.customer.id
    assert [one.id for one in queries.of_customer(customer_id=mine)] == [row.id]
    assert queries.one(contract_id=row.id, customer_id=mine).card.id == row.id
    for contract_id, customer_id in ((draft, mine), (row.id, mine + 10**6)):
        with pytest.raises(UnknownContract):
            queries.one(contract_id=contract_id, customer_id=customer_id)


def test_the_code_on_the_paper_tells_whether_the_text_is_the_kept_one(world):
    row = papers_signed.signed(world)
    found = queries.verified(token=row.verify_token)
    assert (found.number, found.is_intact, found.state) == (row.number, True, ContractState.SIGNED)
    assert found.paper_sha256 == supply_contracts.sha256_of(f"%PDF- {row.id}".encode())
    assert world.customer.name not in repr(found)
    draft = SupplyContract.objects.get(id=papers_signed.draft(world))
    for token in (draft.verify_token, "nothing"):
        with pytest.raises(UnknownContract):
            queries.verified(token=token)
    db.execute("SET CONSTRAINTS ALL IMMEDIATE")
    db.execute("ALTER TABLE contracts_contractclause DISABLE TRIGGER USER")  # until the test is rolled back
    ContractClause.objects.filter(contract=row, number=1).update(body_zh="other")
    assert not queries.verified(token=row.verify_token).is_intact


def test_hostile_words_reach_neither_files_nor_the_network_and_break_nothing(world):
    world.customer.name = '<img src="file:///etc/passwd">{address}<script>x</script>'
    world.customer.save()
    special = "<link rel=attachment href='http://127.0.0.1:1/x'> url(file:///etc/hosts) &#0; " + "无" * 3_000
    contract_id = papers_signed.draft(world, special=special)
    draft = supply_contracts.paper(contract_id=contract_id, actor=CLERK)
    assert draft.startswith(b"%PDF-")
    assert b"/EmbeddedFile" not in draft
    issue(contract_id)


@pytest.mark.django_db(transaction=True)
def test_the_paper_is_rendered_once_and_kept(world):
    contract_id = papers_signed.draft(world)
    with transaction.atomic():
        issue(contract_id)
    first = supply_contracts.paper(contract_id=contract_id, actor=SYSTEM)
    assert supply_contracts.paper(contract_id=contract_id, actor=SYSTEM) == first
    assert supply_contracts.sha256_of_paper(contract_id=contract_id) == supply_contracts.sha256_of(first)
