"""Late fees of bills in the database: what is charged when, by hand-worked money."""

from datetime import UTC, date, datetime, timedelta

import pytest
from django.db import IntegrityError, transaction
from django.db.backends.postgresql.psycopg_any import DateRange

from arrears.models.late_fee import LateFee, LateFeeNight, LateFeeWaiver
from arrears.operations import late_fee_waivers, late_fees
from arrears.operations.late_fee_waivers import BadWaiver, OwnWaiver
from arrears.queries import late_fees as queries
from billing.domain.channels import PaymentChannel, ReturnKind
from billing.models.bill import Bill
from billing.operations import bills as bill_operations
from billing.operations import payments, proof
from billing.queries import balances
from billing.queries import charges as carried
from cis.kernel.actors import SYSTEM, Actor, ActorKind
from cis.kernel.enums import Role
from cis.kernel.workflow import NotAllowed
from contracts.models.charge import OneOffCharge
from contracts.operations import charges
from contracts.operations.charges import NotReversible
from tests.factories import accounts, billing, contracts

pytestmark = pytest.mark.django_db
DUE = date(2026, 2, 21)
"""Of the bill of January, 617.00: 0.617 a day at 1 per mille."""
BILLER = Actor(ActorKind.STAFF, 11, "Li", frozenset({Role.BILLING}))
OTHER = Actor(ActorKind.STAFF, 12, "Wang", frozenset({Role.SUPERVISOR}))
CLERK = Actor(ActorKind.STAFF, 13, "Zhao", frozenset({Role.CLERK}))


@pytest.fixture
def world():
    made = contracts.world()
    accounts.supplier()
    return made


def pay(world, amount_minor, on, reference=None):
    return payments.receive(
        account_id=world.account.id, amount_minor=amount_minor, channel=PaymentChannel.BANK,
        reference=reference or f"{on}-{amount_minor}", received_date=on, today=on, actor=SYSTEM,
    ).payment_id  # fmt: skip


def bounce(payment_id, on):
    with transaction.atomic():
        payments.take_back_step(
            payment_id=payment_id, kind=ReturnKind.BOUNCED, returned_date=on, reason="no money", actor=SYSTEM
        )


def charge(world, on):
    return late_fees.charge(account_ids=[world.account.id], today=on, actor=SYSTEM)


def fees(world):
    rows = LateFee.objects.filter(account=world.account).order_by("id")
    return [(row.period.lower, row.period.upper - timedelta(days=1), row.amount_minor, row.state) for row in rows]


def accrued(world, on):
    return queries.accrued_minor(account_id=world.account.id, today=on)


def owed(world, on=DUE):
    return balances.of_account(account_id=world.account.id, today=on).balance_minor


def test_a_bill_that_is_paid_late_bears_a_fee_of_each_day_up_to_its_payment(world):
    billing.issued(world=world, kwh=1_000)
    assert accrued(world, DUE) == 0
    assert accrued(world, date(2026, 2, 24)) == 185  # 3 x 0.617 = 1.851
    pay(world, 61_700, date(2026, 2, 25))
    assert accrued(world, date(2026, 2, 27)) == 247  # 4 x 0.617 = 2.468
    assert charge(world, date(2026, 2, 26)).charged == 1
    assert fees(world) == [(date(2026, 2, 22), date(2026, 2, 25), 247, "charged")]
    assert charge(world, date(2026, 2, 26)).charged == charge(world, date(2026, 4, 26)).charged == 0
    assert (accrued(world, date(2026, 2, 27)), owed(world)) == (0, 247)
    assert proof.verify() == ()


def test_the_note_says_how_the_fee_comes_about_and_contains_its_tax(world):
    bill = billing.issued(world=world, kwh=1_000)
    pay(world, 61_700, date(2026, 2, 25))
    charge(world, date(2026, 2, 26))
    note = Bill.objects.get(kind="late_fee")
    (line,) = carried.of_bill(bill_id=note.id)
    assert line.reason == f"账单 Bill {bill.number}: 4 天 d (2026-02-22–2026-02-25) × 1‰ × 617.00"
    assert line.labels == {"zh": "电费违约金", "en": "Late fee"}
    assert (line.amount_minor, line.tax_minor) == (247, 28)  # 2.47 x 13 / 113 = 0.284
    assert "第三十九条" in line.legal_source


def test_a_bill_paid_in_time_bears_none_however_late_it_is_booked(world):
    billing.issued(world=world, kwh=1_000)
    payments.receive(
        account_id=world.account.id, amount_minor=61_700, channel=PaymentChannel.BANK, reference="r",
        received_date=DUE, today=date(2026, 3, 5), actor=SYSTEM,
    )  # fmt: skip
    assert queries.of_accounts(account_ids=[world.account.id], today=date(2026, 3, 5)) == ()
    assert charge(world, date(2026, 3, 5)).charged == 0


def test_part_payments_lower_what_bears_it(world):
    billing.issued(world=world, kwh=1_000)
    pay(world, 31_700, date(2026, 2, 25))
    pay(world, 30_000, date(2026, 2, 27))
    charge(world, date(2026, 2, 28))
    # 4 x 0.617 + 2 x 0.300 = 3.068
    assert fees(world) == [(date(2026, 2, 22), date(2026, 2, 27), 307, "charged")]
    assert (
        Bill.objects.get(kind="late_fee")
        .charges.get()
        .charge.reason.endswith(
            "4 天 d (2026-02-22–2026-02-25) × 1‰ × 617.00 + 2 天 d (2026-02-26–2026-02-27) × 1‰ × 300.00"
        )
    )


def test_what_stays_open_is_charged_at_the_end_of_each_month_and_the_sum_is_rounded_once(world):
    billing.issued(world=world, kwh=1_000)
    assert charge(world, date(2026, 2, 28)).charged == 0
    charge(world, date(2026, 3, 1))
    charge(world, date(2026, 3, 20))
    charge(world, date(2026, 4, 2))
    pay(world, 61_700, date(2026, 4, 3))
    charge(world, date(2026, 4, 4))
    # up to then 4.319, 23.446 (38 days), 25.297 (41 days)
    assert fees(world) == [
        (date(2026, 2, 22), date(2026, 2, 28), 432, "charged"),
        (date(2026, 3, 1), date(2026, 3, 31), 2_345 - 432, "charged"),
        (date(2026, 4, 1), date(2026, 4, 3), 2_530 - 2_345, "charged"),
    ]
    assert accrued(world, date(2026, 5, 1)) == 0
    assert proof.verify() == ()


def test_a_late_fee_bears_none_itself(world):
    billing.issued(world=world, kwh=1_000)
    pay(world, 61_700, date(2026, 2, 25))
    charge(world, date(2026, 2, 26))
    later = date(2026, 6, 1)
    assert Bill.objects.get(kind="late_fee").due_date < later
    assert (charge(world, later).charged, accrued(world, later), owed(world)) == (0, 0, 247)


def test_money_that_bounces_is_not_paid_from_its_return_on(world):
    billing.issued(world=world, kwh=1_000)
    payment_id = pay(world, 61_700, date(2026, 2, 25))
    charge(world, date(2026, 2, 26))
    bounce(payment_id, date(2026, 3, 2))
    assert accrued(world, date(2026, 3, 3)) == 309 - 247  # 5 days: 3.085
    assert charge(world, date(2026, 3, 4)).charged == 0
    pay(world, 61_700, date(2026, 3, 5))
    charge(world, date(2026, 3, 6))
    # 3, 4 and 5 March: 7 days together, 4.319
    assert fees(world) == [
        (date(2026, 2, 22), date(2026, 2, 25), 247, "charged"),
        (date(2026, 2, 26), date(2026, 3, 5), 432 - 247, "charged"),
    ]
    assert proof.verify() == ()


def test_a_bill_paid_in_time_by_money_that_bounced_bears_a_fee_since_then(world):
    billing.issued(world=world, kwh=1_000)
    payment_id = pay(world, 61_700, date(2026, 2, 20))
    bounce(payment_id, date(2026, 2, 23))
    assert accrued(world, date(2026, 2, 26)) == 185


def test_the_days_are_charged_anew_when_money_turns_out_to_have_come_earlier(world):
    billing.issued(world=world, kwh=1_000)
    charge(world, date(2026, 3, 1))
    payments.receive(
        account_id=world.account.id, amount_minor=61_700, channel=PaymentChannel.BANK, reference="late file",
        received_date=date(2026, 2, 25), today=date(2026, 3, 5), actor=SYSTEM,
    )  # fmt: skip
    done = charge(world, date(2026, 3, 6))
    assert (done.charged, done.taken_back) == (1, 1)
    assert fees(world) == [
        (date(2026, 2, 22), date(2026, 2, 28), 432, "taken_back"),
        (date(2026, 2, 22), date(2026, 2, 25), 247, "charged"),
    ]
    assert owed(world) == 247
    assert proof.verify() == ()


def test_a_cancelled_bill_takes_its_late_fees_with_it(world):
    bill = billing.issued(world=world, kwh=1_000)
    charge(world, date(2026, 3, 1))
    bill_operations.cancel(bill_id=bill.id, reason="wrong read", as_of_date=date(2026, 3, 2), actor=SYSTEM)
    assert accrued(world, date(2026, 3, 3)) == 0
    late_fees.night(datetime(2026, 3, 2, 18, tzinfo=UTC))
    assert fees(world) == [(date(2026, 2, 22), date(2026, 2, 28), 432, "taken_back")]
    assert owed(world) == 0
    assert proof.verify() == ()


def test_others_than_homes_bear_two_per_mille_and_three_after_the_year():
    customer = accounts.customer(name="某公司", kind="company")
    world = contracts.world()
    accounts.supplier()
    world.account.holders.update(customer=customer)
    billing.issued(world=world, kwh=1_000, start_date=date(2025, 11, 1), end_date=date(2025, 11, 25))
    pay(world, 61_700, date(2026, 1, 20))
    charge(world, date(2026, 1, 21))
    # from 16 December: 16 x 1.234 + 20 x 1.851 = 56.764
    assert fees(world) == [(date(2025, 12, 16), date(2026, 1, 20), 5_676, "charged")]


def test_the_least_fee_is_that_of_the_text_on_the_due_date(world):
    billing.issued(world=world, start_date=date(2023, 1, 1), end_date=date(2023, 2, 1))
    pay(world, 6_170, date(2023, 2, 24))
    charge(world, date(2023, 2, 25))
    assert [amount for *_, amount, _state in fees(world)] == [100]  # 3 x 0.0617 = 0.19


def test_where_the_place_has_no_late_fee_none_is_charged(world, settings):
    settings.PACK = "gb-example"
    billing.issued(world=world, kwh=1_000)
    assert (accrued(world, date(2026, 4, 1)), charge(world, date(2026, 4, 1)).charged) == (0, 0)


def test_no_day_of_a_debt_is_charged_twice_whoever_writes_it(world):
    bill = billing.issued(world=world, kwh=1_000)
    charge(world, date(2026, 3, 1))
    other = billing.issued(world=world, start_date=date(2026, 2, 1), end_date=date(2026, 3, 1))
    with pytest.raises(IntegrityError), transaction.atomic():
        LateFee.objects.create(
            account=world.account, bill=bill, note=other, amount_minor=1,
            period=DateRange(date(2026, 2, 28), date(2026, 3, 2)),
        )  # fmt: skip


def test_reading_takes_as_many_statements_for_many_accounts_as_for_one(django_assert_num_queries):
    accounts.supplier()
    worlds = [contracts.world() for _ in range(4)]
    for one in worlds:
        billing.issued(world=one, kwh=1_000)
        pay(one, 1_000, date(2026, 2, 25), reference=f"r{one.account.id}")
    queries.of_accounts(account_ids=[worlds[0].account.id], today=DUE)
    for part in (worlds[:1], worlds):
        with django_assert_num_queries(2):
            found = queries.of_accounts(account_ids=[one.account.id for one in part], today=date(2026, 3, 1))
        assert [bill.open_minor for bill in found] == [60_700] * len(part)


class TestNight:
    AT = datetime(2026, 3, 1, 18, 45, tzinfo=UTC)  # 2 March in Shanghai

    def test_it_charges_once_however_often_it_runs(self, world):
        billing.issued(world=world, kwh=1_000)
        for _ in range(2):
            late_fees.night(self.AT)
        late_fees.night(self.AT - timedelta(hours=2))
        assert [amount for *_, amount, _state in fees(world)] == [432]
        assert LateFeeNight.objects.get().notes == 1

    def test_it_finds_a_bill_that_was_paid_since_the_last_one(self, world):
        billing.issued(world=world, kwh=1_000)
        late_fees.night(self.AT - timedelta(days=5))
        pay(world, 61_700, date(2026, 2, 25))
        assert owed(world) == 0
        late_fees.night(self.AT)
        assert [amount for *_, amount, _state in fees(world)] == [247]

    def test_an_account_that_cannot_be_charged_keeps_no_other_waiting(self, world, monkeypatch):
        bad = contracts.world()
        for one in (bad, world):
            billing.issued(world=one, kwh=1_000)
        agree = charges.agree_step

        def refuse(**values):
            if values["account_id"] == bad.account.id:
                raise charges.BadCharge("no")
            return agree(**values)

        monkeypatch.setattr(late_fees.charges, "agree_step", refuse)
        late_fees.night(self.AT)
        assert (len(fees(world)), len(fees(bad))) == (1, 0)
        monkeypatch.undo()
        late_fees.night(self.AT)
        assert (len(fees(world)), len(fees(bad))) == (1, 1)


class TestWaivers:
    ON = date(2026, 3, 3)

    def charged(self, world, kwh=1_000):
        billing.issued(world=world, kwh=kwh)
        charge(world, date(2026, 3, 1))
        return LateFee.objects.get().id

    def propose(self, fee_id, actor, reason="goodwill"):
        return late_fee_waivers.propose(fee_id=fee_id, reason=reason, remark="", today=self.ON, actor=actor)

    def test_billing_waives_up_to_its_limit_and_the_days_are_not_charged_again(self, world):
        fee_id = self.charged(world)
        assert self.propose(fee_id, BILLER)
        assert owed(world) == 61_700
        pay(world, 61_700, self.ON)
        charge(world, date(2026, 3, 4))
        # 10 days together 6.17, of which 4.32 are waived
        assert [(amount, state) for *_, amount, state in fees(world)] == [(432, "waived"), (185, "charged")]
        assert proof.verify() == ()

    def test_above_the_limit_a_second_person_decides(self, world):
        fee_id = self.charged(world)
        assert not self.propose(fee_id, CLERK)
        assert owed(world) == 61_700 + 432
        waiver = LateFeeWaiver.objects.get()
        with pytest.raises(NotAllowed):
            late_fee_waivers.decide(waiver_id=waiver.id, is_agreed=True, today=self.ON, actor=CLERK)
        with pytest.raises(BadWaiver):
            self.propose(fee_id, OTHER)
        late_fee_waivers.decide(waiver_id=waiver.id, is_agreed=True, today=self.ON, actor=OTHER)
        assert owed(world) == 61_700

    def test_nobody_agrees_to_his_own_waiver(self, world):
        self.propose(self.charged(world, kwh=1_000_000), BILLER)
        waiver = LateFeeWaiver.objects.get()
        with pytest.raises(OwnWaiver):
            late_fee_waivers.decide(waiver_id=waiver.id, is_agreed=True, today=self.ON, actor=BILLER)
        with pytest.raises(IntegrityError), transaction.atomic():
            LateFeeWaiver.objects.update(state="agreed", decider_id=BILLER.id, agreed_date=self.ON)
        late_fee_waivers.decide(waiver_id=waiver.id, is_agreed=False, today=self.ON, actor=OTHER)
        assert fees(world)[0][3] == "charged"

    def test_slices_do_not_pass_the_limit_one_by_one(self, world):
        """Of 30,000 kWh 129.57 each: two of them are more than the 200.00 of billing."""
        billing.issued(world=world, kwh=30_000)
        billing.issued(world=world, kwh=30_000, start_date=date(2025, 12, 1), end_date=date(2026, 2, 1))
        charge(world, date(2026, 3, 1))
        first, second = LateFee.objects.order_by("id")
        assert first.amount_minor == second.amount_minor == 12_957
        assert [self.propose(one.id, BILLER) for one in (first, second)] == [True, False]

    @pytest.mark.parametrize("wrong", [{"reason": "because"}, {"actor": Actor(ActorKind.STAFF, 5, "x", frozenset())}])
    def test_without_a_reason_of_the_place_or_a_role_nothing_is_waived(self, world, wrong):
        with pytest.raises((BadWaiver, NotAllowed)):
            self.propose(self.charged(world), **{"actor": BILLER, **wrong})
        assert fees(world)[0][3] == "charged"

    def test_its_charge_is_not_reversed_by_hand(self, world):
        self.charged(world)
        with pytest.raises(NotReversible):
            charges.reverse(charge_id=OneOffCharge.objects.get().id, reason="x", actor=BILLER)

    def test_a_proposal_falls_with_its_fee(self, world):
        self.propose(self.charged(world), CLERK)
        bill_operations.cancel(
            bill_id=Bill.objects.get(kind="regular").id, reason="wrong", as_of_date=self.ON, actor=SYSTEM
        )
        charge(world, self.ON)
        assert LateFeeWaiver.objects.get().state == "dropped"
