"""Deposits: held as far as paid, interest once a due date, back once; what bounces was never here; the end of an account."""

from datetime import date

import pytest
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext

from billing.domain.channels import ReturnKind
from billing.domain.deposits import BadDeposit
from billing.models.bill import Bill
from billing.models.deposit import Deposit, DepositMove
from billing.models.ledger import Transfer
from billing.models.settlement import Refund
from billing.operations import deposit_nights, deposit_requests, deposits, final_accounts, payments, proof
from billing.operations.deposit_requests import OwnRequest, RequestWaits
from billing.operations.deposits import DepositOpen
from billing.queries import balances
from billing.queries.deposits import UnknownDeposit
from cis.kernel.actors import SYSTEM
from cis.kernel.workflow import NotAllowed
from cis.platform.packs import MissingRule
from tests.db.billing.test_changes_of_use import MIDDLE, NIGHT, TODAY, home
from tests.factories import accounts, billing, contracts
from tests.factories.changes import done
from tests.factories.deposits import BILLER, CLERK, agreed, asked, demanded, night, shown
from tests.factories.refunds import paid_in

pytestmark = pytest.mark.django_db
BEGIN = date(2024, 1, 10)
PAID = date(2024, 1, 15)


@pytest.fixture
def world(settings):
    settings.PACK = "us-example"
    accounts.supplier()
    return contracts.world()


def _owed(world, on=PAID):
    return balances.of_account(account_id=world.account.id, today=on).balance_minor


def _liability():
    moved = (
        Transfer.objects.filter(credit__code="liability.deposit"),
        Transfer.objects.filter(debit__code="liability.deposit"),
    )
    return sum(t.amount_minor for t in moved[0]) - sum(t.amount_minor for t in moved[1])


def _interest():
    rows = DepositMove.objects.filter(kind="interest").order_by("id")
    return list(rows.values_list("due_date", "amount_minor"))


@pytest.fixture
def held(world):
    """150.00, demanded on 10 January 2024, paid on the 15th: 4.87 % in 2024, 4.25 % in 2025, 3.75 % after."""
    deposit_id = demanded(world.account.id, on=BEGIN)
    paid_in(world.account.id, 15_000, on=PAID)
    return deposit_id


def test_it_is_a_debt_until_it_is_paid_and_never_revenue(world):
    deposit_id = demanded(world.account.id, on=BEGIN)
    card = shown(deposit_id, on=BEGIN).card
    assert (card.standing, card.open_minor, card.due_date, _owed(world)) == (
        "demanded",
        15_000,
        date(2024, 1, 25),
        15_000,
    )
    assert not Transfer.objects.filter(credit__code__startswith="revenue").exists()
    assert Bill.objects.get().tax_minor == 0
    paid_in(world.account.id, 9_000, on=PAID)
    assert shown(deposit_id, on=PAID).card.standing == "partly_held"
    paid_in(world.account.id, 6_000, on=PAID)
    found = shown(deposit_id, on=PAID)
    assert (found.card.standing, found.card.held_minor, found.since, _liability()) == ("held", 15_000, PAID, 15_000)
    assert proof.verify() == ()


def test_who_may_demand_what(world):
    given = {"account_id": world.account.id, "on": BEGIN}
    with pytest.raises(NotAllowed):
        demanded(**given, actor=SYSTEM)
    with pytest.raises(BadDeposit):
        demanded(**given, cause="because")
    with pytest.raises(BadDeposit, match="more than the place allows"):
        demanded(**given, amount_minor=15_001)
    with pytest.raises(BadDeposit, match="reason"):
        demanded(**given, amount_minor=10_000)
    first = demanded(**given, amount_minor=10_000, reason="agreed with the customer")
    assert demanded(**given) == first  # the same key
    with pytest.raises(DepositOpen):
        demanded(**given, key="another")
    with pytest.raises(BadDeposit, match="more than"):
        deposits.increase(deposit_id=first, amount_minor=5_001, reason="more", today=BEGIN, actor=CLERK)
    deposits.increase(deposit_id=first, amount_minor=5_000, reason="paid late", today=BEGIN, actor=CLERK)
    assert (_owed(world), shown(first, on=BEGIN).card.amount_minor) == (15_000, 15_000)
    assert proof.verify() == ()


def test_two_average_months_of_its_own_bills_are_the_most(world):
    """61.70 in 31 days: 2 months of 365/12 days are 121.06, rounded down."""
    billing.issued(world=world, start_date=date(2023, 12, 1), end_date=date(2024, 1, 1))
    with pytest.raises(BadDeposit):
        demanded(world.account.id, on=BEGIN, amount_minor=12_107)
    assert shown(demanded(world.account.id, on=BEGIN), on=BEGIN).card.amount_minor == 12_106


def test_a_place_without_the_rule_demands_none(world, settings):
    settings.PACK = "gb-example"
    with pytest.raises(MissingRule):
        demanded(world.account.id, on=BEGIN)


def test_interest_is_credited_once_a_due_date_and_caught_up(held, world):
    """2024 from 15 January: 352 days; then 9 days of 2025. Up to 10 January 2025: 7.05 + 0.16; a year on: 6.37 more."""
    night(date(2025, 1, 9))
    assert _interest() == []
    night(date(2025, 1, 10))
    night(date(2025, 1, 10))
    night(date(2025, 1, 9))
    first = round((352 * 487 + 9 * 425) * 15_000 / 365 / 10_000)
    assert _interest() == [(date(2025, 1, 10), first)]
    assert _owed(world) == -first
    # Back for good payment: held since 15 January, so not before the 15th.
    Deposit.objects.update(look_date=None)
    night(date(2027, 3, 1))
    later = round((352 * 487 + 365 * 425 + 9 * 375) * 15_000 / 365 / 10_000)
    last = round((352 * 487 + 365 * 425 + 374 * 375) * 15_000 / 365 / 10_000)
    assert _interest()[1:] == [(date(2026, 1, 10), later - first), (date(2027, 1, 10), last - later)]
    assert proof.verify() == ()
    with pytest.raises(IntegrityError), transaction.atomic():
        DepositMove.objects.create(
            deposit_id=held, kind="interest", amount_minor=0, day=BEGIN, due_date=date(2026, 1, 10)
        )


def test_after_twelve_good_months_it_goes_back_once_and_pays_what_is_owed(held, world):
    night(date(2025, 1, 14))
    assert shown(held, on=date(2025, 1, 14)).card.standing == "held"
    bill = billing.issued(world=world, start_date=date(2025, 1, 1), end_date=date(2025, 1, 15))
    night(date(2025, 1, 15))
    night(date(2025, 1, 16))
    card = shown(held, on=date(2025, 1, 16)).card
    assert (card.state, card.returned_minor, card.ended_date) == ("returned", 15_000, date(2025, 1, 15))
    interest = sum(amount for _, amount in _interest())
    assert interest == round((352 * 487 + 14 * 425) * 15_000 / 365 / 10_000)
    assert sum(bill.allocations.values_list("amount_minor", flat=True)) == 6_170
    assert (_owed(world), _liability()) == (6_170 - 15_000 - interest, 0)
    assert proof.verify() == ()
    with pytest.raises(UnknownDeposit):
        asked(held, "return", on=date(2025, 1, 17), actor=BILLER)
    with pytest.raises(IntegrityError), transaction.atomic():
        Deposit.objects.update(returned_minor=15_001)
    note = Bill.objects.order_by("id").first()
    with pytest.raises(IntegrityError), transaction.atomic():
        DepositMove.objects.create(deposit_id=held, kind="return", amount_minor=1, day=BEGIN, note=note, is_final=True)


def test_who_pays_late_twice_waits_until_that_is_long_ago(held, world):
    for month in (3, 4):
        billing.issued(world=world, start_date=date(2024, month, 1), end_date=date(2024, month + 1, 1))
        paid_in(world.account.id, 6_170, on=date(2024, month + 2, 28))
    night(date(2025, 1, 15))
    found = shown(held, on=date(2025, 1, 15))
    assert (found.card.state, found.verdict.late, len(found.verdict.months)) == ("open", 2, 12)
    assert [one.late for one in found.verdict.months].count(1) == 2
    assert found.card.look_date == date(2025, 2, 15)
    for month in (2, 3, 4, 5):
        night(date(2025, month, 15))
    assert shown(held, on=date(2025, 5, 15)).card.state == "returned"
    assert proof.verify() == ()


def test_a_payment_that_bounces_opens_it_and_what_it_earned_is_taken_back(held, world):
    Deposit.objects.update(look_date=None)
    night(date(2025, 1, 10))
    credited = _interest()[0][1]
    payment_id = world.account.payments.get().id
    with transaction.atomic():
        payments.take_back_step(
            payment_id=payment_id, kind=ReturnKind.BOUNCED, returned_date=date(2025, 2, 1), reason="R01", actor=SYSTEM
        )
    card = shown(held, on=date(2025, 2, 1)).card
    # What was credited as interest has paid a part of it meanwhile.
    assert (card.standing, card.held_minor, card.open_minor) == ("partly_held", credited, 15_000 - credited)
    assert proof.verify() == ()
    paid_in(world.account.id, 15_000 - credited, on=date(2025, 3, 1))
    night(date(2026, 1, 10))
    # Interest of 2025: on the credit from the day of its note, on the rest from 1 March; what was credited comes off.
    earned = round((credited * (356 * 425 + 9 * 375) + (15_000 - credited) * (306 * 425 + 9 * 375)) / 365 / 10_000)
    assert _interest()[1] == (date(2026, 1, 10), earned - credited)
    assert proof.verify() == ()


def test_two_persons_give_back_what_is_held_and_forget_what_is_not(world):
    deposit_id = demanded(world.account.id, on=BEGIN)
    paid_in(world.account.id, 9_000, on=PAID)
    request_id = asked(deposit_id, "return", on=PAID, actor=BILLER)
    with pytest.raises(RequestWaits):
        asked(deposit_id, "waive", on=PAID)
    with pytest.raises(OwnRequest):
        deposit_requests.decide(request_id=request_id, is_agreed=True, today=PAID, actor=BILLER)
    with pytest.raises(NotAllowed):
        deposit_requests.decide(request_id=request_id, is_agreed=True, today=PAID, actor=CLERK)
    deposit_requests.decide(request_id=request_id, is_agreed=False, today=PAID, actor=BILLER)
    agreed(deposit_id, "return", on=date(2024, 1, 16))
    card = shown(deposit_id, on=PAID).card
    assert (card.state, card.returned_minor, card.open_minor, card.held_minor) == ("returned", 9_000, 0, 0)
    assert (_owed(world), _liability()) == (-9_001, 0)  # a day of interest: 1.2, rounded once
    assert proof.verify() == ()


def test_it_becomes_smaller_first_by_what_is_not_paid(world):
    deposit_id = demanded(world.account.id, on=BEGIN)
    other = billing.issued(world=world, start_date=date(2023, 11, 1), end_date=date(2023, 12, 1))
    Bill.objects.filter(id=other.id).update(due_date=date(2024, 3, 1))
    paid_in(world.account.id, 9_000, on=PAID)
    agreed(deposit_id, "reduce", on=PAID, amount_minor=8_000)
    card = shown(deposit_id, on=PAID).card
    assert (card.standing, card.amount_minor, card.held_minor, card.returned_minor) == ("held", 9_000, 7_000, 2_000)
    # What went back pays the bill; what was reduced paid nothing but the demand.
    assert sum(other.allocations.values_list("amount_minor", flat=True)) == 2_000
    assert (_owed(world), _liability()) == (4_170, 7_000)
    assert proof.verify() == ()


def test_a_waiver_is_alone_up_to_the_limit_of_the_role(world):
    deposit_id = demanded(world.account.id, on=BEGIN)
    asked(deposit_id, "waive", on=BEGIN, amount_minor=5_000)
    assert shown(deposit_id, on=BEGIN).card.open_minor == 10_000
    request_id = asked(deposit_id, "waive", on=PAID)
    assert shown(deposit_id, on=PAID).waiting.id == request_id
    deposit_requests.decide(request_id=request_id, is_agreed=True, today=PAID, actor=BILLER)
    assert (shown(deposit_id, on=PAID).card.state, _owed(world), _liability()) == ("waived", 0, 0)
    assert proof.verify() == ()


def test_what_was_demanded_by_mistake_is_cancelled_and_its_money_is_credit(held, world):
    Deposit.objects.update(look_date=None)
    night(date(2025, 1, 10))
    agreed(held, "cancel", on=date(2025, 2, 1))
    assert shown(held, on=date(2025, 2, 1)).card.state == "cancelled"
    assert (_owed(world), _liability()) == (-15_000 - _interest()[0][1], 0)
    assert proof.verify() == ()
    night(date(2026, 1, 10))
    assert len(_interest()) == 1


def test_who_wishes_has_it_paid_out_by_three_hands(held, world):
    deposits.wish(deposit_id=held, is_paid_out=True, actor=SYSTEM)
    night(date(2025, 1, 15))
    refund = Refund.objects.get()
    assert (refund.amount_minor, refund.state, refund.asker_id, shown(held, on=PAID).refund_id) == (
        15_000, "asked", None, refund.id,
    )  # fmt: skip
    night(date(2025, 1, 16))
    assert Refund.objects.count() == 1


def test_a_night_takes_no_more_statements_for_more_deposits(world):
    counts = []
    for many in (1, 1, 4):  # the first makes what is made once
        ids = []
        for _ in range(many):
            one = contracts.world()
            ids.append(demanded(one.account.id, on=BEGIN))
            paid_in(one.account.id, 15_000, on=PAID)
        with CaptureQueriesContext(
            connection,
        ) as caught:
            deposit_nights.work(deposit_ids=ids, today=date(2025, 1, 15))
        assert Deposit.objects.filter(id__in=ids, state="returned").count() == many
        counts.append(len(caught))
    assert counts[1] == counts[2]
    assert proof.verify() == ()


def test_at_the_end_of_the_account_it_pays_the_final_bill_and_the_rest_is_refunded():
    """2000.00 of a temporary supply at 0.35 % by 360, held from 8 January to 4 February 2025: 27 days are 0.53."""
    accounts.supplier()
    agreement = home()
    deposit_id = demanded(agreement.account_id, on=date(2025, 1, 3), cause="temporary_supply")
    paid_in(agreement.account_id, 200_000, on=date(2025, 1, 8))
    done("move_out", agreement, MIDDLE, today=TODAY, kwh=1_100)
    final_accounts.work(NIGHT)
    final_accounts.work(NIGHT)
    card = shown(deposit_id, on=TODAY).card
    assert (card.state, card.returned_minor, card.interest_minor, card.look_date) == ("used", 200_000, 53, None)
    refund = Refund.objects.get()
    assert (refund.amount_minor, refund.final_account_id is None) == (200_000 + 53 - 6_170, False)
    assert balances.of_account(account_id=agreement.account_id, today=TODAY).balance_minor == -refund.amount_minor
    assert proof.verify() == ()


@pytest.mark.parametrize(
    ("law", "wrong"),
    [
        ("deposits_go_back_once", lambda: {"amount_minor": 14_000}),
        ("deposits_are_what_is_held_and_demanded", lambda: {"account_id": accounts.account().id}),
    ],
)
def test_the_proof_finds_a_deposit_that_is_not_what_its_notes_say(held, law, wrong):
    Deposit.objects.filter(id=held).update(**wrong())
    assert law in {breach.law.name for breach in proof.verify()}
