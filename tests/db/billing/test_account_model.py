"""Whatever people do about the money of two accounts, a small model knows what is owed, and the laws hold."""

from dataclasses import dataclass, field
from datetime import date, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from billing.operations import adjustments, money_moves, proof, refunds
from billing.operations.adjustments import NewAdjustment
from billing.operations.money_moves import BadMove, NewMove
from billing.operations.refunds import BadRefund, NotFree
from billing.queries import balances
from tests.db.billing.test_adjustments import BILLER, BOSS
from tests.factories import accounts, billing, contracts
from tests.factories.refunds import APPROVER, ASKER, asked, paid_in

pytestmark = pytest.mark.django_db
TODAY = date(2026, 3, 10)
STEPS = st.lists(
    st.tuples(
        st.sampled_from(
            ["bill", "pay", "refund", "back", "move_payment", "move_credit", "adjust", "reverse", "reverse_move"]
        ),
        st.integers(0, 1),
        st.integers(100, 20_000),
    ),
    min_size=3,
    max_size=12,
)


@dataclass
class Model:
    """What two accounts owe, by signs alone: a debt raises it, money lowers it."""

    worlds: list
    owed: list[int] = field(default_factory=lambda: [0, 0])
    payments: list[tuple[int, int, int]] = field(default_factory=list)
    refunds: list[tuple[int, int, int]] = field(default_factory=list)
    adjusted: list[tuple[int, int, int]] = field(default_factory=list)
    moved: list[tuple[int, int, int]] = field(default_factory=list)
    months: list[int] = field(default_factory=lambda: [0, 0])
    step: int = 0

    def bill(self, side, amount):
        start = date(2024, 1, 1) + timedelta(days=31 * self.months[side])
        self.months[side] += 1
        self.owed[side] += billing.issued(
            world=self.worlds[side], kwh=amount // 100, start_date=start, end_date=start + timedelta(days=31)
        ).amount_minor

    def pay(self, side, amount):
        made = paid_in(self._id(side), amount, on=TODAY, reference=f"p{self._id(side)}-{self.step}")
        self.payments.append((made, side, amount))
        self.owed[side] -= amount

    def refund(self, side, amount):
        key = f"r{self._id(side)}-{self.step}"
        if amount > -self.owed[side]:
            with pytest.raises(NotFree):
                asked(self._id(side), amount, today=TODAY, key=key)
            return
        made = asked(self._id(side), amount, today=TODAY, key=key)
        refunds.approve(refund_id=made, today=TODAY, actor=APPROVER)
        refunds.pay_back(refund_id=made, reference=key, paid_date=TODAY, today=TODAY, actor=ASKER)
        with pytest.raises(BadRefund):
            refunds.take_back(refund_id=made, returned_date=TODAY, reason="", today=TODAY, actor=ASKER)
        self.refunds.append((made, side, amount))
        self.owed[side] += amount

    def back(self, _side, _amount):
        if self.refunds:
            made, side, amount = self.refunds.pop()
            refunds.take_back(refund_id=made, returned_date=TODAY, reason="AC04", today=TODAY, actor=ASKER)
            self.owed[side] -= amount

    def move_payment(self, _side, _amount):
        if self.payments:
            made, side, amount = self.payments.pop()
            new = NewMove(payment_id=made, to_account_id=self._id(1 - side), reason="wrong", key=self._key())
            self.moved.append((money_moves.propose(new=new, today=TODAY, actor=BILLER), side, amount))
            self._shift(side, amount)

    def move_credit(self, side, amount):
        new = NewMove(
            from_account_id=self._id(side), to_account_id=self._id(1 - side), amount_minor=amount, reason="wrong",
            key=self._key(),
        )  # fmt: skip
        if amount > -self.owed[side]:
            with pytest.raises(BadMove):
                money_moves.propose(new=new, today=TODAY, actor=BILLER)
            return
        self.moved.append((money_moves.propose(new=new, today=TODAY, actor=BILLER), side, amount))
        self._shift(side, amount)

    def reverse_move(self, _side, _amount):
        if self.moved:
            made, side, amount = self.moved.pop()
            money_moves.reverse(move_id=made, reason="right after all", today=TODAY, actor=BILLER)
            self._shift(1 - side, amount)

    def adjust(self, side, amount):
        signed = amount if amount % 2 else -amount
        new = NewAdjustment(
            account_id=self._id(side), amount_minor=signed, reason="correction", text="x", key=self._key()
        )
        self.adjusted.append((adjustments.propose(new=new, today=TODAY, actor=BOSS), side, signed))
        self.owed[side] += signed

    def reverse(self, _side, _amount):
        if self.adjusted:
            made, side, signed = self.adjusted.pop()
            adjustments.reverse(adjustment_id=made, reason="wrong", today=TODAY, actor=BILLER)
            self.owed[side] -= signed

    def _shift(self, side, amount):
        self.owed[side] += amount
        self.owed[1 - side] -= amount

    def _id(self, side):
        return self.worlds[side].account.id

    def _key(self):
        return f"{self._id(0)}:{self.step}"


@settings(max_examples=8)
@given(steps=STEPS)
def test_two_accounts_owe_what_a_small_model_says(db, steps):
    accounts.supplier()
    model = Model([contracts.world(), contracts.world()])
    for number, (what, side, amount) in enumerate(steps):
        model.step = number
        getattr(model, what)(side, amount)
        for place in (0, 1):
            account_id = model.worlds[place].account.id
            assert balances.of_account(account_id=account_id, today=TODAY).balance_minor == model.owed[place]
    assert proof.verify() == ()
