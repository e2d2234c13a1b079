"""One-off charges on bills: once, whatever runs; taken back when they are cancelled; posted under their class."""

from datetime import date

import pytest
from django.db import connection, transaction

from billing.models.bill import Bill
from billing.models.charge import BillCharge
from billing.models.ledger import Transfer
from billing.models.run import HeldBill, RunChunk
from billing.operations import bills, breach_cases, held, proof, runs
from billing.operations import documents as printing
from billing.operations.charging import ChargeMoved
from billing.queries import bills as bill_queries
from billing.queries import documents
from cis.kernel.actors import SYSTEM, Actor, ActorKind
from cis.kernel.enums import Role
from contracts.domain.breach_claims import Claim, Tampering
from contracts.domain.breaches import BreachKind
from contracts.domain.charge_kinds import ChargeKind
from contracts.models.agreement import AgreementTerm, ServiceAgreement
from contracts.operations import charges
from tests.db.billing.night import FEBRUARY, JANUARY, MARCH, bill, forget, issue, prove, rate
from tests.db.billing.proven import told
from tests.factories import accounts, mass

pytestmark = pytest.mark.django_db

FIRST = Actor(ActorKind.STAFF, 1, "first", frozenset({Role.METERING}))
SECOND = Actor(ActorKind.STAFF, 2, "second", frozenset({Role.SUPERVISOR}))
THIRD = Actor(ActorKind.STAFF, 3, "third", frozenset({Role.BILLING}))
TODAY = date(2025, 2, 1)


@pytest.fixture
def ids():
    return mass.supply(count=3, months=[JANUARY, FEBRUARY, MARCH])


def agreed(account, *, key="k", count=1):
    """A penalty of 500 yuan, or so many times."""
    found = breach_cases.propose(
        claim=Claim(
            agreement_id=account, kind=BreachKind.TAMPERING, found_date=TODAY, evidence="seal broken",
            fact=Tampering(is_home=True, count=count),
        ),
        order=None, request_key=key, today=TODAY, actor=FIRST,
    )  # fmt: skip
    breach_cases.agree(case_id=found, today=TODAY, actor=SECOND)
    return found


def cancelled(case_id):
    breach_cases.ask_cancel(case_id=case_id, reason="mistaken", actor=FIRST)
    breach_cases.cancel(case_id=case_id, actor=SECOND)


def charged(account):
    rows = BillCharge.objects.filter(bill__account_id=account).order_by("id")
    return [(row.bill.state, row.amount_minor, row.tax_minor) for row in rows]


def test_a_charge_is_on_the_next_bill_and_on_no_other(ids):
    bill()
    before = sum(Bill.objects.filter(account_id=ids[0]).values_list("amount_minor", flat=True))
    agreed(ids[0])
    run_id = bill(FEBRUARY)
    one = Bill.objects.get(run_id=run_id, account_id=ids[0])
    energy = one.segments.get().amount_minor
    assert (one.amount_minor, charged(ids[0])) == (energy + 50_000, [("issued", 50_000, 5_752)])
    assert RunChunk.objects.get(run_id=run_id).amount_minor == sum(
        Bill.objects.filter(run_id=run_id).values_list("amount_minor", flat=True)
    )
    posted = {row.part: row.amount_minor for row in Transfer.objects.filter(kind="bill", source_id=one.id)}
    assert posted["penalty"] == 50_000 - 5_752
    assert posted["vat"] == one.tax_minor
    assert sum(posted.values()) == one.amount_minor
    bill(FEBRUARY)
    bill(MARCH)
    assert len(charged(ids[0])) == 1
    assert before > 0
    prove()


def test_a_charge_alone_makes_a_bill_that_can_be_printed(ids, settings, tmp_path):
    settings.DOCUMENTS_DIR = tmp_path / "documents"
    bill()
    agreed(ids[0])
    run_id = bill(JANUARY)
    one = Bill.objects.get(run_id=run_id)
    assert (one.account_id, one.amount_minor, one.energy_wh, one.number is not None) == (ids[0], 50_000, 0, True)
    chunk = RunChunk.objects.get(run_id=run_id)
    assert (chunk.bills, chunk.unchanged, chunk.amount_minor) == (1, 2, 50_000)
    assert not Bill.objects.filter(run_id=bill(JANUARY)).exists()
    assert documents.of_bill(bill_id=one.id).addresses == (f"示范路{ids[0]}号",)
    assert printing.pdf(bill_id=one.id).startswith(b"%PDF-")
    prove()


def test_a_dropped_run_leaves_the_charge_to_the_next(ids):
    agreed(ids[0])
    dropped = rate()
    assert charged(ids[0]) == [("draft", 50_000, 5_752)]
    runs.drop(run_id=dropped, actor=SYSTEM)
    assert charged(ids[0]) == []
    bill()
    assert charged(ids[0]) == [("issued", 50_000, 5_752)]
    prove()


def test_a_cancelled_charge_is_taken_back_by_the_next_bill_and_once(ids):
    case = agreed(ids[0])
    bill()
    cancelled(case)
    run_id = bill(FEBRUARY)
    one = Bill.objects.get(run_id=run_id, account_id=ids[0])
    assert one.amount_minor == one.segments.get().amount_minor - 50_000
    assert [amount for _, amount, _ in charged(ids[0])] == [50_000, -50_000]
    bill(MARCH)
    assert len(charged(ids[0])) == 2
    prove()


def test_a_charge_that_is_cancelled_while_it_stands_on_a_draft_is_not_issued(ids):
    """The run holds the account by name; all else of its bill is kept, and a retry rates it without the charge."""
    case = agreed(ids[0])
    run_id = rate()
    cancelled(case)
    issue(run_id)
    assert charged(ids[0]) == [("held", 50_000, 5_752)]
    assert set(Bill.objects.filter(state="issued").values_list("account_id", flat=True)) == set(ids[1:])
    one = HeldBill.objects.get()
    assert (one.account_id, one.code) == (ids[0], "charge_moved")
    with pytest.raises(ChargeMoved):
        held.release(held_id=one.id, today=TODAY, actor=SECOND)
    held.retry(held_id=one.id, actor=SECOND)
    while runs.rate_chunk(run_id=run_id):
        pass
    issue(run_id)
    mine = Bill.objects.get(account_id=ids[0])
    assert (mine.state, mine.amount_minor) == ("issued", mine.segments.get().amount_minor)
    assert charged(ids[0]) == []
    prove()


def test_a_charge_is_issued_while_one_person_alone_wants_it_cancelled(ids):
    case = agreed(ids[0])
    run_id = rate()
    breach_cases.ask_cancel(case_id=case, reason="doubt", actor=SECOND)
    issue(run_id)
    assert charged(ids[0]) == [("issued", 50_000, 5_752)]
    breach_cases.cancel(case_id=case, actor=THIRD)
    bill(FEBRUARY)
    assert [amount for _, amount, _ in charged(ids[0])] == [50_000, -50_000]
    prove()


def test_a_charge_that_is_cancelled_before_a_bill_is_on_none(ids):
    cancelled(agreed(ids[0]))
    bill()
    assert charged(ids[0]) == []


def test_a_cancelled_bill_gives_its_charge_to_the_next(ids):
    agreed(ids[0])
    bill()
    wrong = Bill.objects.get(account_id=ids[0])
    bills.cancel(bill_id=wrong.id, reason="wrong meter", as_of_date=TODAY, actor=SYSTEM)
    prove()
    bill(FEBRUARY)
    assert [amount for _, amount, _ in charged(ids[0])] == [50_000, -50_000, 50_000]
    prove()


def test_a_bill_that_takes_a_charge_back_is_not_cancelled_as_a_whole(ids):
    case = agreed(ids[0])
    bill()
    first = Bill.objects.get(account_id=ids[0])
    cancelled(case)
    run_id = bill(FEBRUARY)
    second = Bill.objects.get(run_id=run_id, account_id=ids[0])
    for one in (first, second):
        with pytest.raises(bills.BillNotCancellable):
            bills.cancel(bill_id=one.id, reason="x", as_of_date=TODAY, actor=SYSTEM)


def test_an_account_that_cannot_be_rated_keeps_its_charge_for_later(ids):
    agreed(ids[0])
    forget(ids[0], JANUARY)
    bill()
    assert charged(ids[0]) == []
    prove()


def test_who_moved_out_long_ago_is_charged_by_the_run_of_all(ids):
    bill()
    ServiceAgreement.objects.filter(id=ids[0]).update(period=(JANUARY.start, FEBRUARY.start))
    AgreementTerm.objects.filter(agreement=ids[0]).update(period=(JANUARY.start, FEBRUARY.start))
    agreed(ids[0])
    later = JANUARY.__class__(date(2027, 1, 1), date(2027, 2, 1))
    ServiceAgreement.objects.exclude(id=ids[0]).update(period=(JANUARY.start, FEBRUARY.start))
    AgreementTerm.objects.exclude(agreement=ids[0]).update(period=(JANUARY.start, FEBRUARY.start))
    run_id = bill(later)
    assert Bill.objects.get(run_id=run_id).account_id == ids[0]
    assert charged(ids[0]) == [("issued", 50_000, 5_752)]
    prove()


def test_two_held_drafts_of_one_charge_are_not_both_released(ids, monkeypatch):
    """January's draft is held, February's too: whoever is released first carries the charge."""
    agreed(ids[0])
    for month in (JANUARY, FEBRUARY):
        run_id = rate(month, account_ids=[ids[0]])
        draft = Bill.objects.get(run_id=run_id)
        draft.state = "held"
        draft.save()
        HeldBill.objects.create(
            run_id=run_id, account_id=ids[0], start_date=month.start, end_date=month.end, bill=draft, code="usage_above",
            message="", advice="",
        )  # fmt: skip
        issue(run_id)
    first, second = HeldBill.objects.order_by("id")
    held.release(held_id=first.id, today=TODAY, actor=SECOND)
    with pytest.raises(held.BilledMeanwhile):
        held.release(held_id=second.id, today=TODAY, actor=SECOND)
    assert [state for state, _, _ in charged(ids[0])] == ["issued", "held"]
    prove()


@pytest.mark.parametrize(
    "damage",
    [
        "UPDATE billing_billcharge SET charge_id = (SELECT min(charge_id) FROM billing_billcharge)",
        "UPDATE billing_billcharge SET amount_minor = amount_minor - 1 WHERE cancels_id IS NOT NULL",
    ],
)
def test_a_charge_that_is_billed_twice_or_not_mirrored_is_found(ids, damage):
    case = agreed(ids[0])
    for account in ids[1:]:
        agreed(account, key=str(account))
    bill()
    cancelled(case)
    bill(FEBRUARY)
    prove()
    with transaction.atomic():
        connection.cursor().execute(damage)
    assert "charge_is_billed_once" in {breach.law.name for breach in proof.verify()}


def test_a_bill_shows_its_charges_on_page_and_paper(ids):
    agreed(ids[0])
    bill()
    one = Bill.objects.get(account_id=ids[0])
    shown = bill_queries.one(bill_id=one.id)
    (charge,) = shown.charges
    assert (charge.amount_minor, charge.labels["zh"], charge.is_taken_back) == (50_000, "违约使用电费", False)
    assert "第一百条" in charge.legal_source
    paper = documents.of_bill(bill_id=one.id)
    assert charge.legal_source in paper.legal_sources


def connected(account, *, key="offer-1", agreement_id=None):
    return charges.agree_step(
        account_id=account, kind=ChargeKind.CONNECTION, amount_minor=11_300, reason="40 kVA", subject="offer",
        subject_id=1, key=key, today=TODAY, actor=SYSTEM, agreement_id=agreement_id,
    )  # fmt: skip


@pytest.mark.parametrize("with_agreement", [False, True])
def test_a_charge_without_a_case_is_billed_posted_shown_and_taken_back(ids, settings, tmp_path, with_agreement):
    settings.DOCUMENTS_DIR = tmp_path / "documents"
    charge = connected(ids[0], agreement_id=ids[0] if with_agreement else None)
    bill()
    one = Bill.objects.get(account_id=ids[0])
    assert charged(ids[0]) == [("issued", 11_300, 1_300)]
    posted = {row.part: row.amount_minor for row in Transfer.objects.filter(kind="bill", source_id=one.id)}
    assert posted["service"] == 10_000
    (told_charge,) = told(one)["charges"]
    assert (told_charge["kind"], told_charge["case"], told_charge["rule"]) == ("connection", None, None)
    (shown,) = bill_queries.one(bill_id=one.id).charges
    assert (shown.labels["zh"], shown.reason, bool(shown.address)) == ("接电费", "40 kVA", with_agreement)
    assert "" not in documents.of_bill(bill_id=one.id).addresses
    assert printing.pdf(bill_id=one.id).startswith(b"%PDF-")
    charges.reverse_step(charge_id=charge, reason="waived", actor=THIRD)
    bill(FEBRUARY)
    assert [amount for _, amount, _ in charged(ids[0])] == [11_300, -11_300]
    prove()


def test_who_has_no_supply_yet_is_billed_for_a_charge_by_the_run_of_all(ids):
    """An application that was withdrawn after works were done for it: nothing else will ever be billed."""
    waiting = accounts.account()
    connected(waiting.id)
    run_id = bill()
    one = Bill.objects.get(run_id=run_id, account_id=waiting.id)
    assert (one.state, one.amount_minor, charged(waiting.id)) == ("issued", 11_300, [("issued", 11_300, 1_300)])
    bill(FEBRUARY)
    assert len(charged(waiting.id)) == 1
    prove()
