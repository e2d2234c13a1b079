"""What money pays what debt: as the payer says, else by the rule; freed when money or debt goes."""

from datetime import date

import pytest
from django.db import IntegrityError, transaction

from billing.domain.channels import PaymentChannel, ReturnKind
from billing.domain.entries import CUSTOMER, BadEntry, Entry, TransferKind
from billing.models.bill import BillKind
from billing.models.ledger import LedgerAccount, Transfer
from billing.models.payment import Allocation
from billing.operations import allocation, ledger, notes, payments, proof
from billing.operations.allocation import BadDirection
from billing.operations.bills import BillNotCancellable
from billing.operations.notes import NotBillable
from billing.operations.payments import BadReturn
from billing.queries import balances, bills
from cis.kernel.actors import SYSTEM
from cis.platform import packs
from contracts.domain.charge_kinds import ChargeKind
from contracts.models.charge import OneOffCharge
from contracts.operations import charges
from tests.db.billing.night import FEBRUARY, JANUARY, bill, issue, prove, rate
from tests.factories import billing, contracts, mass

pytestmark = pytest.mark.django_db
TODAY = date(2026, 3, 10)
FEBRUARY_2026 = {"start_date": date(2026, 2, 1), "end_date": date(2026, 3, 1)}


@pytest.fixture
def world():
    return contracts.world()


def pay(world, amount_minor, reference="r1", **changes):
    given = {
        "account_id": world.account.id,
        "amount_minor": amount_minor,
        "channel": PaymentChannel.BANK,
        "reference": reference,
        "received_date": TODAY,
        "today": TODAY,
        "actor": SYSTEM,
        **changes,
    }
    return payments.receive(**given).payment_id


def take_back(payment_id, kind=ReturnKind.BOUNCED, reason="no money", on=TODAY):
    with transaction.atomic():
        payments.take_back_step(payment_id=payment_id, kind=kind, returned_date=on, reason=reason, actor=SYSTEM)


def open_of(world):
    return {card.start_date.month: card.open_minor for card in bills.of_account(account_id=world.account.id)}


def owed(world):
    return balances.of_account(account_id=world.account.id, today=TODAY).balance_minor


def credit_of(world, kwh, **days):
    """A regular bill below 0, as a correction makes it."""
    return billing.issued(world=world, kwh=-kwh, **days)


def test_a_payer_says_which_bill_he_pays_and_the_rest_goes_to_the_oldest(world):
    billing.issued(world=world)
    later = billing.issued(world=world, **FEBRUARY_2026)
    pay(world, 7_000, for_bills={later.id: 6_000})
    assert open_of(world) == {1: 5_170, 2: 170}
    assert proof.verify() == ()


@pytest.mark.parametrize("parts", [{"own": 6_171}, {"own": 0}, {"own": -1}, {"own": 5_001}, {"other": 1}])
def test_a_payment_cannot_be_directed_past_what_is_open(world, parts):
    other = contracts.world()
    ids = {"own": billing.issued(world=world).id, "other": billing.issued(world=other).id}
    with pytest.raises(BadDirection):
        pay(world, 5_000 if parts != {"own": 6_171} else 9_000, for_bills={ids[k]: v for k, v in parts.items()})
    assert owed(world) == 6_170
    assert not Allocation.objects.exists()


def test_a_payment_that_goes_back_is_owed_again_and_stays_in_the_books(world):
    billing.issued(world=world)
    payment_id = pay(world, 6_170)
    assert (owed(world), open_of(world)) == (0, {1: 0})
    take_back(payment_id)
    take_back(payment_id)
    assert (owed(world), open_of(world)) == (6_170, {1: 6_170})
    assert Transfer.objects.filter(kind="payment", source_id=payment_id).count() == 2
    with pytest.raises(BadReturn):
        take_back(payment_id, kind=ReturnKind.MOVED)
    assert proof.verify() == ()


@pytest.mark.parametrize("wrong", [{"reason": " "}, {"on": date(2026, 3, 9)}])
def test_a_return_without_reason_or_before_the_payment_is_refused(world, wrong):
    payment_id = pay(world, 100)
    with pytest.raises(BadReturn):
        take_back(payment_id, **wrong)
    assert owed(world) == -100


def test_other_money_pays_what_a_returned_payment_had_paid(world):
    billing.issued(world=world)
    first = pay(world, 6_170)
    pay(world, 6_000, reference="r2")
    assert owed(world) == -6_000
    take_back(first)
    assert (owed(world), open_of(world)) == (170, {1: 170})
    assert proof.verify() == ()


def test_a_credit_bill_pays_other_bills(world):
    """Without it, the oldest bill would be overdue although the customer owes nothing."""
    billing.issued(world=world)
    credit_of(world, 40, **FEBRUARY_2026)
    with transaction.atomic():
        allocation.allocate(account_ids=[world.account.id], today=TODAY)
    assert open_of(world)[1] == 6_170 - 2_468
    pay(world, 3_702)
    assert (owed(world), open_of(world)[1]) == (0, 0)
    assert proof.verify() == ()


def test_late_fees_are_paid_in_the_order_of_the_rule(world):
    billing.issued(world=world)
    with transaction.atomic():
        _note(world.account.id, 1_000, kind=BillKind.LATE_FEE, due_date=date(2026, 2, 1))
        allocation.allocate(account_ids=[world.account.id], today=TODAY)
    pay(world, 1_500)
    assert sorted(Allocation.objects.values_list("bill__kind", "amount_minor")) == [
        ("late_fee", 1_000),
        ("regular", 500),
    ]
    assert proof.verify() == ()


def _note(account_id, amount_minor, *, kind=BillKind.NOTE, due_date=None, key="n1"):
    """A note of one charge; call it in a transaction."""
    charge_id = charges.agree_step(
        account_id=account_id, kind=ChargeKind.SERVICE, amount_minor=amount_minor, reason="visit", subject="visit",
        subject_id=1, key=key, today=TODAY, actor=SYSTEM,
    )  # fmt: skip
    return notes.bill_now_step(
        account_id=account_id, charge_ids=[charge_id], kind=kind, issue_date=TODAY, due_date=due_date, actor=SYSTEM
    )


@pytest.mark.parametrize(
    ("first", "kinds", "paid"),
    [
        ("oldest", ("late_fee", "regular", "note"), "regular"),
        ("kind", ("late_fee", "regular", "note"), "late_fee"),
        ("kind", ("note", "late_fee", "regular"), "note"),
    ],
)
def test_which_debt_is_paid_first_is_what_the_pack_says(world, monkeypatch, first, kinds, paid):
    """The bill is the oldest, the late fee is due after it and the note last: age and kind say different things."""
    rule = packs.rule
    value = {"first": first, "kinds": list(kinds)}
    monkeypatch.setattr(packs, "rule", lambda key, *, at: value if key == "payment_order" else rule(key, at=at))
    billing.issued(world=world, kwh=100)
    with transaction.atomic():
        _note(world.account.id, 6_170, kind=BillKind.LATE_FEE, due_date=date(2026, 3, 20), key="fee")
        _note(world.account.id, 6_170, due_date=date(2026, 4, 1), key="note")
    pay(world, 100)
    assert Allocation.objects.get().bill.kind == paid
    assert proof.verify() == ()


def test_a_note_bills_a_charge_at_once_and_takes_it_back_whole(world):
    with transaction.atomic():
        note_id = _note(world.account.id, 1_130)
    card = next(iter(bills.of_account(account_id=world.account.id)))
    assert (card.id, card.amount_minor, card.number is not None) == (note_id, 1_130, True)
    assert owed(world) == 1_130
    with transaction.atomic():
        notes.take_back_step(note_id=note_id, reason="not done", as_of_date=TODAY, actor=SYSTEM)
    assert owed(world) == 0
    assert OneOffCharge.objects.get().state == "cancelled"
    assert proof.verify() == ()


def test_a_note_is_not_cancelled_as_a_bill_nor_a_bill_as_a_note(world):
    regular = billing.issued(world=world)
    with pytest.raises(BillNotCancellable), transaction.atomic():
        notes.take_back_step(note_id=regular.id, reason="x", as_of_date=TODAY, actor=SYSTEM)


def test_a_charge_is_not_billed_twice_by_notes(world):
    with transaction.atomic():
        _note(world.account.id, 1_130)
    charge_id = OneOffCharge.objects.get().id
    with pytest.raises(NotBillable), transaction.atomic():
        notes.bill_now_step(
            account_id=world.account.id, charge_ids=[charge_id], kind=BillKind.NOTE, issue_date=TODAY, due_date=None,
            actor=SYSTEM,
        )  # fmt: skip


def test_a_run_that_drafted_a_charge_which_a_note_then_billed_does_not_bill_it_again(settings):
    (account_id,) = mass.supply(count=1, months=[JANUARY, FEBRUARY])
    with transaction.atomic():
        charge_id = charges.agree_step(
            account_id=account_id, kind=ChargeKind.SERVICE, amount_minor=500, reason="visit", subject="visit",
            subject_id=1, key="k", today=date(2025, 2, 1), actor=SYSTEM,
        )  # fmt: skip
    run_id = rate()
    with transaction.atomic():
        notes.bill_now_step(
            account_id=account_id, charge_ids=[charge_id], kind=BillKind.NOTE, issue_date=date(2025, 2, 1),
            due_date=None, actor=SYSTEM,
        )  # fmt: skip
    issue(run_id)
    bill(FEBRUARY)
    billed = OneOffCharge.objects.get().billed.filter(bill__state="issued")
    assert [row.bill.kind for row in billed] == ["note"]
    prove()


class TestPosting:
    ENTRY = {"source_id": 7, "part": "bank", "account_id": None, "amount_minor": 5, "occurred_date": TODAY}

    def post(self, *entries):
        with transaction.atomic():
            ledger.post(kind=TransferKind.SUSPENSE, entries=entries, actor=SYSTEM)

    def test_money_of_nobody_known_moves_no_customer(self, world):
        billing.issued(world=world)
        self.post(Entry(debit="cash.bank", credit="liability.suspense", **self.ENTRY))
        assert owed(world) == 6_170
        assert Transfer.objects.filter(kind="suspense", account=None).count() == 1
        assert proof.verify() == ()

    def test_the_same_entry_is_posted_once(self):
        entry = Entry(debit="cash.bank", credit="liability.suspense", **self.ENTRY)
        self.post(entry)
        with pytest.raises(IntegrityError):
            self.post(entry)

    def test_nothing_is_posted_of_nothing(self, django_assert_num_queries):
        with transaction.atomic(), django_assert_num_queries(0):
            ledger.post(kind=TransferKind.SUSPENSE, entries=[], actor=SYSTEM)

    def test_many_entries_take_a_constant_number_of_statements(self, django_assert_max_num_queries):
        with django_assert_max_num_queries(6):
            self.post(
                *(
                    Entry(debit="cash.bank", credit="liability.suspense", **{**self.ENTRY, "source_id": n})
                    for n in range(50)
                )
            )
        assert Transfer.objects.count() == 50
        assert set(LedgerAccount.objects.values_list("code", flat=True)) >= {"cash.bank", "liability.suspense"}

    @pytest.mark.parametrize(
        "wrong",
        [{"amount_minor": 0}, {"amount_minor": -1}, {"debit": "a", "credit": "a"}, {"debit": ""},
         {"debit": CUSTOMER, "credit": "cash.bank"}],
    )  # fmt: skip
    def test_what_moves_nothing_is_no_entry(self, wrong):
        with pytest.raises(BadEntry):
            Entry(**{**self.ENTRY, "debit": "cash.bank", "credit": "liability.suspense", **wrong})
