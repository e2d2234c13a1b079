"""A till: what it should hold, what it posts, and nothing twice."""

from datetime import date
from io import BytesIO
from itertools import count
from threading import Barrier, Thread

import pytest
from django.db import connection
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from accounts.models.notice import Notice
from billing.models.ledger import LedgerAccount, Transfer
from billing.models.payment import Payment, PaymentReturn
from billing.operations import payments, proof
from billing.queries import balances, bills
from cashiering.domain.tills import BadCount, BadTill, CashMove, Means, NotEnoughCash, deposit_name
from cashiering.models.bank import StatementLine
from cashiering.models.till import BankDeposit, Receipt, TillSession
from cashiering.operations import deposits, posting, receipts, statements, tills
from cashiering.operations.receipts import NotCancellable, Part
from cashiering.operations.suspense import ReasonMissing, SamePerson
from cashiering.operations.tills import CancelWaits, TillClosed, TillTaken
from cashiering.queries import tills as queries
from cis.kernel.actors import Actor, ActorKind
from cis.platform import outbox
from tests.factories import accounts, bank_files, billing, contracts
from tests.factories.bank_files import Movement

TODAY = date(2026, 3, 10)
CASHIER = Actor(kind=ActorKind.STAFF, id=11, name="Cashier")
SECOND = Actor(kind=ActorKind.STAFF, id=12, name="Second")
FLOAT = {10_000: 2, 1_000: 5}  # ¥250
_serial = count(1)


@pytest.fixture
def world(db):
    accounts.supplier()
    made = contracts.world()
    billing.issued(world=made)  # 61.70 are open
    return made


def _open(actor=CASHIER, pieces=None):
    till_id = tills.add(code=f"T{next(_serial)}", name="Counter", place="", actor=SECOND)
    return tills.open_session(till_id=till_id, pieces=FLOAT if pieces is None else pieces, today=TODAY, actor=actor)


def _take(session_id, account_id, amount=6_170, *, actor=CASHIER, **values):
    given = {"means": Means.CASH, "tendered_minor": None, "reference": "", "form": f"F{next(_serial)}", **values}
    for_bills = given.pop("for_bills", {})
    parts = given.pop("parts", [Part(account_id, amount, for_bills)])
    return receipts.take(session_id=session_id, parts=parts, today=TODAY, actor=actor, **given)


def _close(session_id, pieces, *, deposit=0, reason="", actor=CASHIER):
    return tills.count(
        session_id=session_id, pieces=pieces, deposit_minor=deposit, reason=reason, today=TODAY, actor=actor
    )


def _ledger(code):
    """Debits less credits of a ledger account."""
    account = LedgerAccount.objects.filter(code=code).first()
    return sum(
        amount * ((debit == account.id) - (credit == account.id))
        for debit, credit, amount in Transfer.objects.values_list("debit_id", "credit_id", "amount_minor")
    ) if account else 0  # fmt: skip


def _all_cash():
    """What open tills hold by the books is what they should hold."""
    open_ids = TillSession.objects.exclude(state="closed").values_list("id", flat=True)
    assert _ledger("cash.cash") == sum(queries.flow(session_id=one).expected_minor for one in open_ids)
    assert proof.verify() == ()


class TestTaking:
    def test_money_pays_the_bill_and_gives_change_and_a_number(self, world):
        session_id = _open()
        taken = _take(session_id, world.account.id, tendered_minor=10_000)
        card = queries.receipt(receipt_id=taken.receipt_id)
        assert (card.number, card.change_minor, card.tendered_minor) == ("R0000000001", 3_830, 10_000)
        assert card.accounts == ((world.account.id, world.account.number),)
        assert Payment.objects.get().reference == "R0000000001"
        assert balances.of_account(account_id=world.account.id, today=TODAY).balance_minor == 0
        assert queries.flow(session_id=session_id).expected_minor == 25_000 + 6_170
        _all_cash()

    def test_the_customer_is_told_at_once(self, world):
        accounts.contact_point(of=world.customer)
        _take(_open(), world.account.id)
        outbox.deliver_due()
        told = Notice.objects.filter(event="payment_received")
        assert told.exists()
        assert {notice.account_id for notice in told} == {world.account.id}

    def test_several_accounts_in_one_go_and_the_bill_that_the_payer_names(self, world):
        other = contracts.world()
        late, early = (
            billing.issued(world=other),
            billing.issued(world=other, start_date=date(2026, 2, 1), end_date=date(2026, 3, 1)),
        )
        named = max(late, early, key=lambda bill: bill.due_date)
        taken = _take(
            _open(), 0, parts=[Part(world.account.id, 6_170), Part(other.account.id, 6_170, {named.id: 6_170})]
        )
        card = queries.receipt(receipt_id=taken.receipt_id)
        assert card.amount_minor == 12_340
        assert sorted(Payment.objects.values_list("reference", flat=True)) == ["R0000000001-1", "R0000000001-2"]
        open_of = {one.id: one.open_minor for one in bills.of_account(account_id=other.account.id)}
        assert open_of[named.id] == 0
        assert sum(open_of.values()) == 6_170
        _all_cash()

    def test_the_same_form_twice_is_one_receipt(self, world):
        session_id = _open()
        first = _take(session_id, world.account.id, form="F")
        again = _take(session_id, world.account.id, form="F")
        assert (again.receipt_id, again.is_new) == (first.receipt_id, False)
        assert Payment.objects.count() == 1
        with pytest.raises(payments.ReferenceReused):
            _take(session_id, world.account.id, 1, form="F")

    @pytest.mark.parametrize(
        ("values", "refusal"),
        [
            ({"tendered_minor": 6_000}, BadTill),
            ({"means": Means.CARD}, BadTill),  # no slip
            ({"means": Means.CARD, "reference": "1", "tendered_minor": 7_000}, BadTill),
            ({"amount": 0}, BadTill),
            ({"parts": []}, BadTill),
            ({"actor": SECOND}, TillClosed),
        ],
    )
    def test_what_cannot_be_takes_nothing(self, world, values, refusal):
        session_id = _open()
        with pytest.raises(refusal):
            _take(session_id, world.account.id, **values)
        assert (Receipt.objects.count(), Payment.objects.count()) == (0, 0)

    def test_a_refused_receipt_leaves_no_gap_in_the_numbers(self, world):
        session_id = _open()
        _take(session_id, world.account.id, 100)
        with pytest.raises(payments.Refused):
            _take(session_id, world.account.id, 100, for_bills={1: 5_000})
        _take(session_id, world.account.id, 100)
        assert list(Receipt.objects.order_by("id").values_list("number", flat=True)) == ["R0000000001", "R0000000002"]

    def test_a_closed_till_takes_nothing(self, world):
        session_id = _open()
        assert _close(session_id, FLOAT)
        with pytest.raises(TillClosed):
            _take(session_id, world.account.id)
        with pytest.raises(TillClosed):
            tills.move(
                session_id=session_id, kind=CashMove.FROM_SAFE, amount_minor=1, reason="x", form="f", today=TODAY,
                actor=CASHIER,
            )  # fmt: skip


class TestCancelling:
    def test_a_second_person_cancels_and_the_cash_goes_out(self, world):
        session_id = _open()
        receipt_id = _take(session_id, world.account.id).receipt_id
        receipts.ask_cancel(receipt_id=receipt_id, reason="wrong account", actor=CASHIER)
        with pytest.raises(CancelWaits):
            _close(session_id, FLOAT)
        with pytest.raises(SamePerson):
            receipts.cancel(receipt_id=receipt_id, today=TODAY, actor=CASHIER)
        receipts.cancel(receipt_id=receipt_id, today=TODAY, actor=SECOND)
        assert PaymentReturn.objects.get().kind == "corrected"
        assert queries.flow(session_id=session_id).expected_minor == 25_000
        assert balances.of_account(account_id=world.account.id, today=TODAY).balance_minor == 6_170
        with pytest.raises(NotCancellable):
            receipts.cancel(receipt_id=receipt_id, today=TODAY, actor=SECOND)
        _all_cash()

    def test_what_was_not_to_be_cancelled_stands_and_after_the_close_nothing_is_cancelled(self, world):
        session_id = _open()
        receipt_id = _take(session_id, world.account.id).receipt_id
        receipts.ask_cancel(receipt_id=receipt_id, reason="perhaps", actor=CASHIER)
        receipts.keep(receipt_id=receipt_id, actor=SECOND)
        assert _close(session_id, {**FLOAT, 5_000: 1, 1_000: 6, 100: 1, 50: 1, 10: 2})
        with pytest.raises(NotCancellable):
            receipts.ask_cancel(receipt_id=receipt_id, reason="too late", actor=CASHIER)

    def test_cash_that_is_at_the_safe_is_not_given_back(self, world):
        session_id = _open()
        receipt_id = _take(session_id, world.account.id).receipt_id
        tills.move(
            session_id=session_id, kind=CashMove.TO_SAFE, amount_minor=30_000, reason="full", form="f", today=TODAY,
            actor=CASHIER,
        )  # fmt: skip
        receipts.ask_cancel(receipt_id=receipt_id, reason="wrong account", actor=CASHIER)
        with pytest.raises(NotEnoughCash):
            receipts.cancel(receipt_id=receipt_id, today=TODAY, actor=SECOND)


class TestClosing:
    def test_a_small_difference_is_explained_and_posted(self, world):
        session_id = _open()
        _take(session_id, world.account.id)
        with pytest.raises(ReasonMissing):
            _close(session_id, {10_000: 3, 1_000: 1, 100: 1, 50: 1})
        assert _close(session_id, {10_000: 3, 1_000: 1, 100: 1, 50: 1}, deposit=6_000, reason="a coin was lost")
        assert (_ledger("expense.cash_short"), _ledger("cash.transit"), _ledger("cash.cash")) == (20, 6_000, 0)
        assert _ledger("cash.safe") == 31_150 - 6_000 - 25_000
        _all_cash()

    def test_a_large_difference_waits_for_another_person(self, world):
        session_id = _open()
        assert not _close(session_id, {10_000: 3, 1_000: 1}, deposit=1_000, reason="too much in it")
        assert _ledger("income.cash_over") == 0
        with pytest.raises(TillClosed):
            _take(session_id, world.account.id)
        with pytest.raises(SamePerson):
            tills.confirm(session_id=session_id, today=TODAY, actor=CASHIER)
        tills.count_again(session_id=session_id, actor=SECOND)
        assert queries.session(session_id=session_id).difference_minor is None
        assert not _close(session_id, {10_000: 3, 1_000: 1}, deposit=1_000, reason="still too much")
        tills.confirm(session_id=session_id, today=TODAY, actor=SECOND)
        assert (_ledger("income.cash_over"), _ledger("cash.cash")) == (-6_000, 0)
        assert queries.session(session_id=session_id).difference_minor == 6_000

    @pytest.mark.parametrize(("pieces", "deposit"), [({7: 1}, 0), ({100: -1}, 0), ({100: 1}, 101), ({100: 1}, -1)])
    def test_an_impossible_count_is_refused(self, world, pieces, deposit):
        with pytest.raises(BadCount):
            _close(_open(), pieces, deposit=deposit, reason="x")

    def test_a_till_and_a_person_have_one_session(self, world):
        session_id = _open()
        till_id = TillSession.objects.get().till_id
        for actor, where in ((SECOND, till_id), (CASHIER, tills.add(code="B", name="B", place="", actor=SECOND))):
            with pytest.raises(TillTaken):
                tills.open_session(till_id=where, pieces={}, today=TODAY, actor=actor)
        _close(session_id, FLOAT)
        assert tills.open_session(till_id=till_id, pieces={}, today=TODAY, actor=SECOND)


class TestDeposits:
    def _line(self, text, amount):
        movement = Movement(amount_minor=amount, reference=text, text=text, on=TODAY)
        content = bank_files.camt([movement], reference=f"S{next(_serial)}")
        statements.take(source=BytesIO(content), name="bank.xml", today=TODAY, actor=SECOND)
        posting.post_chunk(today=TODAY)
        return StatementLine.objects.latest("id")

    def test_the_bank_says_that_it_came(self, world):
        session_id = _open()
        _take(session_id, world.account.id)
        _take(session_id, world.account.id, 500, means=Means.CARD, reference="slip 7")
        _close(session_id, {10_000: 3, 1_000: 1, 100: 1, 50: 1, 10: 2}, deposit=6_000)
        cash, card = BankDeposit.objects.order_by("id")
        assert (_ledger("cash.transit"), _ledger("cash.card")) == (6_500, 0)
        line = self._line(f"CASH {deposit_name(cash.id)}", 6_000)
        assert (line.state, line.reason) == ("settled", "deposit")
        assert (_ledger("cash.transit"), _ledger("cash.bank")) == (500, 6_000)
        # Cards come less a fee, and nobody writes our name.
        line = self._line("ACQUIRER 7731", 497)
        assert line.state == "suspense"
        with pytest.raises(SamePerson):
            deposits.arrive(line_id=line.id, deposit_id=card.id, reason="fee", actor=CASHIER)
        with pytest.raises(ReasonMissing):
            deposits.arrive(line_id=line.id, deposit_id=card.id, reason=" ", actor=SECOND)
        assert deposits.arrive(line_id=line.id, deposit_id=card.id, reason="fee", actor=SECOND) == 3
        assert [_ledger(code) for code in ("cash.transit", "liability.suspense", "expense.bank_fees", "cash.bank")] == [
            0, 0, 3, 6_497,
        ]  # fmt: skip
        assert queries.on_the_way_minor() == 0

    def test_another_amount_is_for_a_person(self, world):
        session_id = _open()
        _close(session_id, FLOAT, deposit=25_000)
        deposit = BankDeposit.objects.get()
        line = self._line(deposit_name(deposit.id), 24_000)
        assert line.state == "suspense"
        deposits.arrive(line_id=line.id, deposit_id=deposit.id, reason="a note was false", actor=SECOND)
        assert (_ledger("expense.cash_short"), _ledger("cash.transit")) == (1_000, 0)


COMMANDS = st.lists(
    st.one_of(
        st.tuples(st.just("take"), st.integers(1, 5_000), st.sampled_from(["cash", "card"])),
        st.tuples(st.just("again"), st.integers(0, 9), st.none()),
        st.tuples(st.just("cancel"), st.integers(0, 9), st.none()),
        st.tuples(st.just("move"), st.integers(1, 40_000), st.sampled_from(["from_safe", "to_safe", "to_bank"])),
    ),
    max_size=12,
)


@given(commands=COMMANDS, extra=st.integers(-300, 300))
@settings(max_examples=12, deadline=None, suppress_health_check=list(HealthCheck))
def test_a_till_should_hold_what_a_small_model_says(world, commands, extra):
    """Expected = float + in - out, whatever happens; every form twice; after the close the books hold none of it."""
    actor = Actor(kind=ActorKind.STAFF, id=1_000 + next(_serial), name="Cashier")
    before = {code: _ledger(code) for code in ("cash.cash", "cash.transit", "cash.safe", "cash.card")}
    session_id, held, card, banked = _open(actor), 25_000, 0, 0
    made = []  # receipt, cash part, form, amount, means
    for number, (what, value, word) in enumerate(commands):
        form = f"{session_id}-{number}"
        if what == "take":
            values = {"means": Means(word), "reference": "slip" if word == "card" else "", "form": form}
            ids = {_take(session_id, world.account.id, value, actor=actor, **values).receipt_id for _twice in (1, 2)}
            assert len(ids) == 1
            made.append((ids.pop(), value if word == "cash" else 0, values, value))
            held, card = held + (value if word == "cash" else 0), card + (value if word == "card" else 0)
        elif what == "again" and made:
            receipt_id, _cash, values, amount = made[value % len(made)]
            assert _take(session_id, world.account.id, amount, actor=actor, **values).receipt_id == receipt_id
        elif what == "cancel" and made:
            receipt_id, cash, _values, amount = made.pop(value % len(made))
            receipts.ask_cancel(receipt_id=receipt_id, reason="x", actor=actor)
            if cash > held:
                receipts.keep(receipt_id=receipt_id, actor=SECOND)
            else:
                receipts.cancel(receipt_id=receipt_id, today=TODAY, actor=SECOND)
                held, card = held - cash, card - (amount if not cash else 0)
        elif what == "move":
            sign = 1 if word == "from_safe" else -1
            if sign < 0 and value > held:
                continue
            for _twice in (1, 2):
                tills.move(
                    session_id=session_id, kind=CashMove(word), amount_minor=value, reason="x", form=form,
                    today=TODAY, actor=actor,
                )  # fmt: skip
            held, banked = held + sign * value, banked + (value if word == "to_bank" else 0)
        assert queries.flow(session_id=session_id).expected_minor == held
    assert _ledger("cash.cash") - before["cash.cash"] == held
    found = max(0, held + extra)
    is_closed = _close(session_id, {1: found}, deposit=found // 2, reason="counted twice", actor=actor)
    if not is_closed:
        tills.confirm(session_id=session_id, today=TODAY, actor=SECOND)
    assert _ledger("cash.cash") == before["cash.cash"]
    assert _ledger("cash.card") == before["cash.card"]
    assert _ledger("cash.transit") - before["cash.transit"] == banked + card + found // 2
    _all_cash()


@pytest.mark.django_db(transaction=True)
def test_two_cashiers_at_one_account_at_once_lose_nothing():
    accounts.supplier()
    made = contracts.world()
    billing.issued(world=made)
    cashiers = [Actor(kind=ActorKind.STAFF, id=number, name=str(number)) for number in (21, 22)]
    sessions = [_open(actor) for actor in cashiers]
    barrier, failed = Barrier(4), []

    def work(place, form):
        try:
            barrier.wait()
            for number in range(5):
                _take(sessions[place], made.account.id, 100, actor=cashiers[place], form=f"{place}-{number}")
        except Exception as error:  # noqa: BLE001 (told below)
            failed.append((form, error))
        finally:
            connection.close()

    threads = [Thread(target=work, args=(number % 2, number)) for number in range(4)]  # each form twice at once
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failed == []
    assert Payment.objects.count() == 10
    assert sorted(Receipt.objects.values_list("number", flat=True)) == [f"R{n:010d}" for n in range(1, 11)]
    assert balances.of_account(account_id=made.account.id, today=TODAY).balance_minor == 6_170 - 1_000
    _all_cash()
