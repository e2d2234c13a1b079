"""
Bills, notes, payments and all that takes them back, in any order, against a small model of what they must leave.

Each step is done on the real database and in the model, then compared: balance, what is open of each debt, and the
money of each channel. What money pays is worked out in the model by walking along both, without a window in SQL. The
laws of the books are asked after each history. WATTLINE_PROOF=1 does 1,000,000 steps instead of 10,000.
"""

import os
from collections import Counter
from dataclasses import dataclass, field
from datetime import date, timedelta
from itertools import count

import pytest
from django.db import connection, transaction
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from billing.domain.channels import PaymentChannel, ReturnKind
from billing.models.bill import Bill, BillKind
from billing.models.ledger import LedgerAccount, Transfer
from billing.models.payment import Allocation
from billing.models.write_off import WriteOff, WriteOffReturn
from billing.operations import bills, notes, payments, proof, write_offs
from billing.operations.allocation import BadDirection
from billing.operations.payments import ReferenceReused
from billing.operations.write_offs import NewWriteOff
from billing.queries import write_offs as written_off
from cis.kernel.actors import SYSTEM
from cis.platform.models import Document
from contracts.domain.charge_kinds import ChargeKind
from contracts.operations import charges
from tests.db.billing.test_adjustments import BILLER, BOSS
from tests.factories import billing, contracts

pytestmark = pytest.mark.django_db
STEPS = 50
SHARDS = 4  # so that several processes share the work
STEPS_WANTED = (1_000_000 if os.environ.get("WATTLINE_PROOF") else 10_000) // SHARDS
HISTORIES = STEPS_WANTED // STEPS // 4  # at a time; a history does not always take all its steps
TODAY = date(2026, 3, 10)
RANKS = {"late_fee": 1, "regular": 2, "note": 3}
_key = count(1)
amounts = st.integers(1, 9_000)
days = st.integers(0, 60).map(lambda back: TODAY - timedelta(days=back))


@dataclass
class Debt:
    kind: str
    amount: int
    due: date
    is_owed: bool = True


@dataclass
class Money:
    amount: int
    since: date
    channel: str
    reference: str = ""
    is_here: bool = True


@dataclass
class GivenUp:
    """A write-off: its note, what came in for it by the note that says so, and the notes of what was cancelled."""

    note_id: int
    amount: int
    recovered: dict[int, int] = field(default_factory=dict)
    cancelled: dict[int, int] = field(default_factory=dict)

    @property
    def left(self):
        return self.amount - sum(self.recovered.values()) - sum(self.cancelled.values())


@dataclass
class Books:
    """What one account owes, and what pays it; debts below 0 are money."""

    debts: dict[int, Debt] = field(default_factory=dict)
    moneys: dict[int, Money] = field(default_factory=dict)
    paid: Counter = field(default_factory=Counter)  # (("payment" | "credit", id), id of the debt) -> amount
    given_up: dict[int, "GivenUp"] = field(default_factory=dict)

    def open_of(self, debt_id):
        return self.debts[debt_id].amount - sum(v for (_, debt), v in self.paid.items() if debt == debt_id)

    def free_of(self, source, amount):
        return amount - sum(v for (money, _), v in self.paid.items() if money == source)

    def walk(self):
        """Let the oldest money pay the oldest debt until one of them is used up."""
        sources = [
            (one.since, 0, key, ("payment", key), one.amount) for key, one in self.moneys.items() if one.is_here
        ] + [
            (one.due, 1, key, ("credit", key), -one.amount)
            for key, one in self.debts.items()
            if one.is_owed and one.amount < 0
        ]
        owed = sorted(
            (one.due, RANKS[one.kind], key) for key, one in self.debts.items() if one.is_owed and one.amount > 0
        )
        for *_, source, amount in sorted(sources):
            for _due, _rank, key in owed:
                part = min(self.free_of(source, amount), self.open_of(key))
                if part:
                    self.paid[source, key] += part

    def is_of_a_write_off(self, key):
        return any(key in (one.note_id, *one.recovered, *one.cancelled) for one in self.given_up.values())

    def forget(self, *, source=None, debt=None):
        for pair in [pair for pair in self.paid if pair[0] == source or pair[1] == debt]:
            del self.paid[pair]

    def balance(self):
        owed = sum(one.amount for one in self.debts.values() if one.is_owed)
        return owed - sum(one.amount for one in self.moneys.values() if one.is_here)


class Machine(RuleBasedStateMachine):
    steps = histories = 0

    @initialize()
    def begin(self):
        # All is one transaction, which nobody else looks at: without this, tables are planned for as if they were empty.
        # It takes longer than a history, so it is done each time that they have grown to twice as much; by name, since
        # the tables that all databases share stay locked till the end, and the other processes would wait for it.
        Machine.histories += 1
        if Machine.histories.bit_count() == 1:
            with connection.cursor() as cursor:
                names = connection.introspection.django_table_names(only_existing=True, include_views=False)
                cursor.execute(f"ANALYZE {', '.join(sorted(names))}")
        self.worlds = [contracts.world(), contracts.world()]
        self.paper, _ = Document.objects.get_or_create(sha256="0" * 64, name="court.pdf", media_type="x", size=1)
        self.books = {world.account.id: Books() for world in self.worlds}
        self.starts = {world.account.id: date(2024, 1, 1) for world in self.worlds}

    def of(self, place):
        """Return one of the two accounts and its books."""
        world = self.worlds[place]
        return world, self.books[world.account.id]

    def pick(self, data, keys):
        return data.draw(st.sampled_from(sorted(keys)))

    @rule(place=st.integers(0, 1), kwh=st.integers(-80, 120).filter(bool))
    def bill(self, place, kwh):
        world, books = self.of(place)
        start = self.starts[world.account.id]
        end = self.starts[world.account.id] = start + timedelta(days=5)
        made = billing.issued(world=world, kwh=kwh, start_date=start, end_date=end)
        # Credits are money since the day of their issue.
        books.debts[made.id] = Debt("regular", made.amount_minor, made.due_date if kwh > 0 else made.issue_date)
        books.walk()

    @rule(place=st.integers(0, 1), amount=amounts, due=days, kind=st.sampled_from(["note", "late_fee"]))
    def note(self, place, amount, due, kind):
        world, books = self.of(place)
        with transaction.atomic():
            charge_id = charges.agree_step(
                account_id=world.account.id, kind=ChargeKind.SERVICE, amount_minor=amount, reason="visit",
                subject="visit", subject_id=1, key=f"m{next(_key)}", today=TODAY, actor=SYSTEM,
            )  # fmt: skip
            note_id = notes.bill_now_step(
                account_id=world.account.id, charge_ids=[charge_id], kind=BillKind(kind), issue_date=TODAY,
                due_date=due, actor=SYSTEM,
            )  # fmt: skip
        books.debts[note_id] = Debt(kind, amount, due)
        books.walk()

    @rule(place=st.integers(0, 1), amount=amounts, on=days, channel=st.sampled_from(["bank", "cash"]))
    def pay(self, place, amount, on, channel):
        world, books = self.of(place)
        reference = f"m{next(_key)}"
        received = self._pay(world, amount, on, channel, reference)
        assert received.is_new
        books.moneys[received.payment_id] = Money(amount, on, channel, reference)
        books.walk()
        self.recover(books)

    def recover(self, books):
        """Let free money take back what was given up, the oldest first; the notes are found where they were made."""
        free = -books.balance()
        for key, one in books.given_up.items():
            part = min(free, one.left)
            if part > 0:
                note = self.new_note(books, key, "recovered", part)
                one.recovered[note] = part
                books.debts[note] = Debt("note", part, TODAY)
                free -= part
                books.walk()

    def new_note(self, books, key, why, amount):
        known = books.given_up[key]
        rows = WriteOffReturn.objects.filter(write_off_id=key, why=why, undone_date=None)
        rows = rows.exclude(note_id__in=[*known.recovered, *known.cancelled])
        (found,) = rows.filter(amount_minor=amount).values_list("note_id", flat=True)[:1]
        return found

    @precondition(lambda self: any(self.may_be_given_up(place) for place in (0, 1)))
    @rule(data=st.data())
    def give_up(self, data):
        places = [place for place in (0, 1) if self.may_be_given_up(place)]
        found = {key: place for place in places for key in (*self.late_debts(place), -place)}
        one = self.pick(data, found)
        place = found[one]
        world, books = self.of(place)
        keys = [one] if one > 0 else self.late_debts(place)
        new = NewWriteOff(
            account_id=world.account.id, reason="bankrupt", evidence="court", key=f"m{next(_key)}", bill_ids=keys,
            paper_id=self.paper.id,
        )  # fmt: skip
        made = write_offs.propose(new=new, today=TODAY, actor=BILLER)
        write_offs.decide(write_off_id=made, is_agreed=True, today=TODAY, actor=BOSS)
        card = written_off.one(write_off_id=made)
        parts = {key: books.open_of(key) for key in keys}
        assert card.amount_minor == sum(parts.values())
        books.given_up[made] = GivenUp(card.note_id, card.amount_minor)
        books.debts[card.note_id] = Debt("note", -card.amount_minor, TODAY)
        for key, part in parts.items():
            books.paid[("credit", card.note_id), key] = part

    def may_be_given_up(self, place):
        return bool(self.late_debts(place))

    def late_debts(self, place):
        return [key for key in self.open_debts(place) if self.of(place)[1].debts[key].due < TODAY]

    @precondition(lambda self: any(books.given_up for books in self.books.values()))
    @rule(data=st.data())
    def take_write_off_back(self, data):
        books = data.draw(st.sampled_from([books for books in self.books.values() if books.given_up]))
        key = self.pick(data, books.given_up)
        write_offs.reverse(write_off_id=key, reason="mistake", today=TODAY, actor=BOSS)
        one = books.given_up.pop(key)
        for note in (one.note_id, *sorted((*one.recovered, *one.cancelled), reverse=True)):
            self.cancel(books, note)

    def cancel(self, books, key):
        """What is left of the books when a bill or note is gone: write-offs that had paid it shrink."""
        books.debts[key].is_owed = False
        books.forget(source=("credit", key), debt=key)
        for made, one in books.given_up.items():
            source = ("credit", one.note_id)
            while (free := books.free_of(source, one.amount)) > 0:
                if free > one.left:
                    note = max(one.recovered)
                    del one.recovered[note]
                    self.cancel(books, note)
                    self.recover(books)
                else:
                    note = self.new_note(books, made, "cancelled", free)
                    one.cancelled[note] = free
                    books.debts[note] = Debt("note", free, TODAY)
                    books.paid[source, note] = free
        books.walk()

    def _pay(self, world, amount, on, channel, reference, parts=None):
        with transaction.atomic():
            return payments.book(
                account_id=world.account.id, amount_minor=amount, channel=PaymentChannel(channel), reference=reference,
                received_date=on, today=TODAY, actor=SYSTEM, for_bills=parts,
            )  # fmt: skip

    @precondition(lambda self: any(books.moneys for books in self.books.values()))
    @rule(data=st.data(), more=st.integers(0, 1))
    def pay_again(self, data, more):
        world, books = data.draw(st.sampled_from([self.of(place) for place in (0, 1) if self.of(place)[1].moneys]))
        key = self.pick(data, books.moneys)
        one = books.moneys[key]
        if more:
            with pytest.raises(ReferenceReused):
                self._pay(world, one.amount + 1, one.since, one.channel, one.reference)
        else:
            again = self._pay(world, one.amount, one.since, one.channel, one.reference)
            assert (again.payment_id, again.is_new) == (key, False)

    @precondition(lambda self: any(self.open_debts(place) for place in (0, 1)))
    @rule(data=st.data(), part=amounts, rest=st.integers(-5, 500))
    def pay_as_told(self, data, part, rest):
        place = self.pick(data, [place for place in (0, 1) if self.open_debts(place)])
        world, books = self.of(place)
        key = self.pick(data, self.open_debts(place))
        amount, reference = max(1, part + rest), f"m{next(_key)}"
        if part > min(amount, books.open_of(key)):
            with pytest.raises(BadDirection):
                self._pay(world, amount, TODAY, "bank", reference, {key: part})
            return
        received = self._pay(world, amount, TODAY, "bank", reference, {key: part})
        books.moneys[received.payment_id] = Money(amount, TODAY, "bank", reference)
        books.paid[("payment", received.payment_id), key] = part
        books.walk()
        self.recover(books)

    def open_debts(self, place):
        _, books = self.of(place)
        return [key for key, one in books.debts.items() if one.is_owed and one.amount > 0 and books.open_of(key) > 0]

    @precondition(lambda self: any(books.moneys for books in self.books.values()))
    @rule(data=st.data())
    def payment_goes_back(self, data):
        _, books = data.draw(st.sampled_from([self.of(place) for place in (0, 1) if self.of(place)[1].moneys]))
        key = self.pick(data, books.moneys)
        with transaction.atomic():
            payments.take_back_step(
                payment_id=key, kind=ReturnKind.BOUNCED, returned_date=TODAY, reason="no money", actor=SYSTEM
            )
        if books.moneys[key].is_here:
            books.moneys[key].is_here = False
            books.forget(source=("payment", key))
            books.walk()

    @precondition(lambda self: any(one.is_owed for books in self.books.values() for one in books.debts.values()))
    @rule(data=st.data())
    def bill_is_cancelled(self, data):
        owed = {
            key: books
            for books in self.books.values()
            for key, one in books.debts.items()
            if one.is_owed and not books.is_of_a_write_off(key)
        }
        if not owed:
            return
        key = self.pick(data, owed)
        books = owed[key]
        if books.debts[key].kind == "regular":
            bills.cancel(bill_id=key, reason="wrong", as_of_date=TODAY, actor=SYSTEM)
        else:
            with transaction.atomic():
                notes.take_back_step(note_id=key, reason="wrong", as_of_date=TODAY, actor=SYSTEM)
        self.cancel(books, key)

    @invariant()
    def books_are_those_of_the_model(self):
        if not hasattr(self, "books"):
            return
        Machine.steps += 1
        ids = list(self.books)
        owed = dict(LedgerAccount.objects.filter(account_id__in=ids).values_list("account_id", "balance_minor"))
        paid = Counter()
        rows = Allocation.objects.filter(bill__account_id__in=ids)
        for payment_id, credit_id, bill_id, amount in rows.values_list(
            "payment_id", "credit_id", "bill_id", "amount_minor"
        ):
            paid[("payment", payment_id) if payment_id else ("credit", credit_id), bill_id] += amount
        wanted = Counter()
        left = dict(WriteOff.objects.filter(account_id__in=ids, state="made").values_list("id", "back_minor"))
        for account_id, books in self.books.items():
            assert owed.get(account_id, 0) == books.balance()
            for key, one in books.given_up.items():
                assert left[key] == one.amount - one.left
            wanted += books.paid
        assert +paid == wanted

    def teardown(self):
        if not hasattr(self, "books"):
            return
        ids = list(self.books)
        assert Bill.objects.filter(account_id__in=ids, state="draft").count() == 0
        here = Counter()
        for books in self.books.values():
            for one in books.moneys.values():
                here[one.channel] += one.amount if one.is_here else 0
        cash = Counter()
        moves = Transfer.objects.filter(account_id__in=ids, kind="payment")
        for debit, credit, amount in moves.values_list("debit__code", "credit__code", "amount_minor"):
            cash[debit.removeprefix("cash.")] += amount
            cash[credit.removeprefix("cash.")] -= amount
        assert {name: total for name, total in cash.items() if "." not in name and total} == +here


@pytest.fixture
def planned_seldom():
    """Plan each statement once, and anew when the tables were analysed: it is asked thousands of times."""
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL plan_cache_mode = force_generic_plan")


@pytest.mark.parametrize("shard", range(SHARDS))
@pytest.mark.usefixtures("planned_seldom")
def test_the_books_are_those_of_a_small_model_whatever_is_done(shard):
    Machine.steps = Machine.histories = 0
    while Machine.steps < STEPS_WANTED:
        run_state_machine_as_test(
            Machine,
            settings=settings(
                max_examples=HISTORIES, stateful_step_count=STEPS, deadline=None, phases=[Phase.generate],
                suppress_health_check=list(HealthCheck),
            ),
        )  # fmt: skip
    assert proof.verify() == ()
