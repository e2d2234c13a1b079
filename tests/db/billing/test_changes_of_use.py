"""Changes of use in money: each kind cuts the month where it takes hold, and both sides pay what is theirs."""

from datetime import UTC, date, datetime

import pytest
from django.db import transaction

from billing.models.bill import Bill, BillLine, BillSegment
from billing.models.charge import BillCharge
from billing.models.payment import Allocation, Payment
from billing.models.rebill import Rebill
from billing.models.settlement import FinalAccount, Refund
from billing.operations import allocation, change_previews, final_accounts, payments, proof, refunds
from billing.operations.payments import PaymentChannel
from billing.queries import balances
from billing.queries import payments as payment_queries
from cis.kernel.actors import SYSTEM
from contracts.domain.changes import ChangeState, Part
from contracts.models.agreement import ServiceAgreement
from contracts.models.change import ChangeSet
from contracts.models.opening import OpeningValue
from contracts.operations import change_reversals, changes, programs
from metering.models.place import ServicePoint
from metering.operations import reads
from tests.db.billing.night import FEBRUARY, JANUARY, bill, prove
from tests.factories import accounts, contracts, metering, tariffs
from tests.factories.changes import BILLER, CLERK, done, drafted, wanted
from tests.factories.programs import LEASE, joined, published
from tests.factories.refunds import ASKER, pay_final

pytestmark = pytest.mark.django_db

MIDDLE = date(2025, 1, 11)
TODAY = date(2025, 2, 3)
COOLED = date(2025, 2, 10)
"""When money that came on that day by any way may be paid out."""
NIGHT = datetime(2025, 2, 3, 18, 0, tzinfo=UTC)
RULED = '[proration]\nusage = "days"\nsource = "x"\n[suspension]\nleast_days = 15\nsource = "x"\n[labels.energy]'
CAPACITY = (
    tariffs.FLAT.replace('"flat"', '"capacity"')
    .replace(
        "[[vector]]",
        '[labels.capacity]\nzh = "容量"\nen = "Capacity"\n[[component]]\nkind = "capacity"\ncode = "capacity"\n'
        'unit = "yuan/kVA"\nprice = "30"\nproration = "thirtieths"\n[[vector]]\ninputs = { capacity_kva = "0" }',
    )
    .replace("[labels.energy]", RULED)
)
DEAR = tariffs.FLAT.replace('"flat"', '"dear"').replace("0.617", "0.717").replace('"61.70"', '"71.70"')
STEPS = """
schema = 1
code = "steps"
name_zh = "居民阶梯电价"
name_en = "Homes, steps a year"
customer_class = "residential"
legal_source = "none: made for tests"
valid_from = 2020-01-01
currency = "CNY"
decimals = 2
rounding = "line"

[tier_cycle]
every = "year"

[labels.energy]
zh = "电度电费"
en = "Energy"

[[component]]
kind = "tiered_energy"
code = "energy"
unit = "yuan/kWh"
limits_kwh = ["150"]
prices = ["0.50", "0.80"]
household = { from_persons = 5, grow_kwh = ["1200"] }
"""


@pytest.fixture(autouse=True)
def _supplier(settings, tmp_path):
    settings.DOCUMENTS_DIR = tmp_path / "documents"
    accounts.supplier()


def read(agreement, *shown):
    """What the only counter shows on some dates, usage approved."""
    hung = agreement.service_point.installations.get(period__endswith=None)
    for on, kwh in shown:
        reads.enter(serial=hung.meter.serial, read_date=on, reading_wh=kwh * 1_000, actor=SYSTEM, today=TODAY)


def home(source=tariffs.FLAT, *, since=JANUARY.start):
    """A supply with one counter that showed 1,000 kWh on its first day."""
    version = tariffs.version(source=source)
    point = metering.service_point()
    metering.metered(at=point)
    holder = accounts.customer()
    account = accounts.account(holder=holder, opened_date=since)
    agreement = contracts.agreement(account=account, service_point=point, tariff=version.tariff, start_date=since)
    read(agreement, (since, 1_000))
    return agreement


def factory(source=CAPACITY, *, kva=1_000):
    agreement = home(source)
    agreement.terms.update(capacity_va=kva * 1_000)
    read(agreement, (FEBRUARY.start, 1_100))
    return agreement


def lines(agreement, code="energy"):
    """(first day, amount) of the lines in force."""
    rows = BillLine.objects.filter(
        code=code, segment__agreement=agreement, segment__cancels=None, segment__cancelled_by=None
    )
    return [
        (day.day, amount)
        for day, amount in rows.order_by("segment__start_date").values_list("segment__start_date", "amount_minor")
    ]


def test_a_transfer_gives_each_of_both_their_part_of_the_month():
    agreement = home()
    new = accounts.customer(name="李四")
    change_id = done("transfer", agreement, MIDDLE, today=TODAY, kwh=1_100, customer_id=new.id)
    change = ChangeSet.objects.get(id=change_id)
    assert change.state == ChangeState.EFFECTIVE
    successor = change.new_agreement
    read(successor, (FEBRUARY.start, 1_310))
    assert (successor.account_id != agreement.account_id, successor.service_point_id) == (
        True, agreement.service_point_id,
    )  # fmt: skip

    final_accounts.work(NIGHT)
    assert lines(agreement) == [(1, 6_170)]
    bill(account_ids=[successor.account_id])
    assert lines(successor) == [(11, 12_957)]  # 210 kWh
    # Nobody has paid the final bill, so the account stays open; then it is closed with the change.
    final = FinalAccount.objects.get()
    assert (final.state, final.bill.amount_minor) == ("billed", 6_170)
    pay(agreement.account_id, 6_170)
    final_accounts.work(NIGHT)
    agreement.account.refresh_from_db()
    change.refresh_from_db()
    assert (agreement.account.state, agreement.account.closed_date, change.state) == ("closed", MIDDLE, "done")
    prove()


def pay(account_id, minor):
    payments.receive(
        account_id=account_id, amount_minor=minor, channel=PaymentChannel.BANK, reference=f"p{account_id}-{minor}",
        received_date=TODAY, today=TODAY, actor=SYSTEM,
    )  # fmt: skip


def test_a_transfer_is_refused_while_the_account_owes_and_goes_through_once_it_is_paid():
    agreement = home()
    read(agreement, (FEBRUARY.start, 1_100))
    bill()
    new = accounts.customer(name="李四")
    change_id = drafted(wanted("transfer", agreement, TODAY, kwh=1_110, customer_id=new.id), today=TODAY)
    with pytest.raises(changes.ArrearsOwed) as refused:
        changes.confirm(change_id=change_id, today=TODAY, actor=CLERK)
    assert refused.value.detail["owed_minor"] == 6_170
    assert ServiceAgreement.objects.count() == 1
    pay(agreement.account_id, 6_170)
    changes.confirm(change_id=change_id, today=TODAY, actor=CLERK)
    final_accounts.work(NIGHT)
    assert lines(agreement)[-1] == (1, 617)  # 10 kWh of February
    prove()


@pytest.mark.parametrize(("rule", "fen"), [("restart", 100 * 50), ("carry", 50 * 50 + 50 * 80)])
def test_steps_begin_anew_or_go_on_as_the_place_says(monkeypatch, rule, fen):
    """100 kWh before and 100 after, 150 in the lower step: 50.00, or 25.00 and 40.00."""
    from cis.platform import packs

    held = packs.rule
    monkeypatch.setattr(packs, "rule", lambda key, *, at: rule if key == "change_blocks" else held(key, at=at))
    agreement = home(STEPS)
    change_id = done("transfer", agreement, MIDDLE, today=TODAY, kwh=1_100, customer_id=accounts.customer().id)
    successor = ChangeSet.objects.get(id=change_id).new_agreement
    read(successor, (FEBRUARY.start, 1_200))
    final_accounts.work(NIGHT)
    bill(account_ids=[successor.account_id])
    assert sum(amount for _, amount in lines(successor)) == fen
    assert list(OpeningValue.objects.values_list("value", flat=True)) == ([100_000] if rule == "carry" else [])
    prove()


def test_moving_out_ends_with_a_final_bill_and_the_credit_is_paid_back():
    agreement = home()
    pay(agreement.account_id, 10_000)
    change_id = done("move_out", agreement, MIDDLE, today=TODAY, kwh=1_100)
    final_accounts.work(NIGHT)
    refund = Refund.objects.get()
    assert (refund.amount_minor, refund.due_by_date) == (
        3_830,
        date(2025, 2, 10),
    )  # 5 working days: 5, 6, 7, 8 (worked), 10
    with pytest.raises(refunds.BadRefund):
        pay_final(refund.id, reference=" ", today=COOLED)
    given = {"refund_id": refund.id, "paid_date": COOLED, "today": COOLED, "actor": ASKER}
    refunds.pay_back(**given, reference="B-1")
    with pytest.raises(refunds.RefundPaid):
        refunds.pay_back(**given, reference="B-1")
    assert balances.of_account(account_id=agreement.account_id, today=TODAY).balance_minor == 0
    agreement.account.refresh_from_db()
    assert (agreement.account.state, ChangeSet.objects.get(id=change_id).state) == ("closed", "done")
    prove()
    # Of the 100.00 the bill took 61.70 and the bank 38.30: nothing is left that could pay a later bill.
    paid = payment_queries.one(payment_id=Payment.objects.get().id)
    assert ([minor for _, minor in paid.paid], paid.refunded_minor) == ([6_170], 3_830)
    with transaction.atomic():
        allocation.allocate(account_ids=[agreement.account_id], today=TODAY)
    assert Allocation.objects.count() == 2
    Allocation.objects.exclude(refund=None).update(amount_minor=3_829)
    assert [broken.law.name for broken in proof.verify()] == ["free_money_is_credit"]
    Allocation.objects.exclude(refund=None).update(amount_minor=3_830)
    Refund.objects.update(amount_minor=3_829)
    assert [broken.law.name for broken in proof.verify()] == [
        "refund_is_posted_once",
        "allocations_fit",
        "balance_is_open_debt_less_free_money",
    ]


def test_an_account_is_not_closed_over_a_programme_that_goes_on():
    agreement = home()
    signed = joined(published(LEASE), account_id=agreement.account_id, start=TODAY)
    pay(agreement.account_id, 6_170)
    done("move_out", agreement, MIDDLE, today=TODAY, kwh=1_100)
    final_accounts.work(NIGHT)
    final_accounts.work(NIGHT)
    final = FinalAccount.objects.get()
    assert (final.state, final.waits_for) == ("billed", final_accounts.PROGRAMME_RUNS)
    programs.cancel(enrollment_id=signed, reason="moves out", today=TODAY, actor=CLERK)
    final_accounts.work(NIGHT)
    final.refresh_from_db()
    assert (final.state, final.waits_for) == ("settled", "")


def test_a_refund_of_two_payments_and_of_a_corrected_bill_leaves_no_free_money():
    """191.27 billed and paid, 20.00 paid in advance; of the bill 129.57 come back: 149.57 are paid back, 20.00 of it free."""
    agreement = home()
    read(agreement, (FEBRUARY.start, 1_310))
    bill()
    pay(agreement.account_id, 19_127)
    pay(agreement.account_id, 2_000)
    done("move_out", agreement, MIDDLE, today=TODAY, kwh=1_100)
    final_accounts.work(NIGHT)
    refund = Refund.objects.get()
    assert refund.amount_minor == 14_957
    pay_final(refund.id, reference="B-2", today=COOLED)
    assert balances.of_account(account_id=agreement.account_id, today=TODAY).balance_minor == 0
    prove()


def test_a_final_bill_without_a_read_says_what_it_waits_for():
    agreement = home()
    done("move_out", agreement, MIDDLE, today=TODAY)
    final_accounts.work(NIGHT)
    final = FinalAccount.objects.get()
    assert (final.state, Bill.objects.count()) == ("open", 0)
    assert "2025-01-01" in final.waits_for
    read(agreement, (MIDDLE, 1_100))
    final_accounts.work(NIGHT)
    final.refresh_from_db()
    assert (final.state, final.bill.amount_minor, final.waits_for) == ("billed", 6_170, "")
    final_accounts.work(NIGHT)
    assert Bill.objects.count() == 1
    prove()


def test_moving_out_after_the_month_was_billed_gives_the_days_back():
    agreement = home()
    read(agreement, (FEBRUARY.start, 1_310))
    bill()
    done("move_out", agreement, MIDDLE, today=TODAY, kwh=1_100)
    assert Rebill.objects.get().from_date == MIDDLE
    final_accounts.work(NIGHT)
    assert balances.of_account(account_id=agreement.account_id, today=TODAY).balance_minor == 6_170
    prove()


def test_moving_in_bills_from_that_day_on():
    empty = home()
    done("move_out", empty, MIDDLE, today=TODAY, kwh=1_100)
    tariff = empty.terms.get().tariff_id
    who = accounts.customer(name="王五")
    one = wanted(
        "move_in", None, date(2025, 1, 21), customer_id=who.id, service_point_id=empty.service_point_id,
        tariff_id=tariff, reads=wanted("move_out", empty, MIDDLE, kwh=1_105).reads,
    )  # fmt: skip
    change_id = drafted(one, today=TODAY)
    changes.confirm(change_id=change_id, today=TODAY, actor=CLERK)
    new = ChangeSet.objects.get(id=change_id).new_agreement
    read(new, (FEBRUARY.start, 1_205))
    bill(account_ids=[new.account_id])
    # 5 kWh were used while nobody lived there: nobody pays them here.
    assert lines(new) == [(21, 6_170)]


def test_more_and_less_capacity_are_paid_by_their_days():
    more = factory()
    done("capacity_increase", more, MIDDLE, today=TODAY, capacity_va=1_500_000)
    less = factory()
    done("capacity_reduction", less, MIDDLE, today=TODAY, asked_date=date(2025, 1, 2), capacity_va=400_000)
    bill()
    # 10 thirtieths and 21, as the tariff counts them, at 30 yuan/kVA.
    assert lines(more, "capacity") == [(1, 1_000_000), (11, 3_150_000)]
    assert lines(less, "capacity") == [(1, 1_000_000), (11, 840_000)]
    prove()


def test_a_suspension_ends_by_itself_and_is_not_paid_for():
    agreement = factory()
    done(
        "suspension", agreement, date(2025, 1, 6), today=TODAY, asked_date=date(2024, 12, 27), suspended_va=400_000,
        until_date=date(2025, 1, 21),
    )  # fmt: skip
    bill()
    assert lines(agreement, "capacity") == [(1, 500_000), (6, 900_000), (21, 1_100_000)]
    assert ChangeSet.objects.get().state == "done"
    prove()


def test_fourteen_days_are_paid_for_all_the_same():
    agreement = factory()
    done(
        "suspension", agreement, date(2025, 1, 6), today=TODAY, asked_date=date(2024, 12, 27), suspended_va=400_000,
        until_date=date(2025, 1, 20),
    )  # fmt: skip
    bill()
    assert sum(amount for _, amount in lines(agreement, "capacity")) == 3_100_000


def test_resumed_early_capacity_is_paid_from_that_day():
    agreement = factory()
    given = {"today": TODAY, "asked_date": date(2024, 12, 20)}
    until = date(2025, 3, 1)
    done("suspension", agreement, date(2025, 1, 6), suspended_va=400_000, until_date=until, **given)
    done("resumption", agreement, date(2025, 1, 26), **given)
    bill()
    assert lines(agreement, "capacity") == [(1, 500_000), (6, 1_200_000), (26, 600_000)]
    assert not agreement.terms.filter(period__startswith__gte=date(2025, 1, 26), suspended_va__gt=0).exists()


def test_another_class_or_tariff_prices_the_rest_of_the_month():
    agreement = home()
    dear = tariffs.version(source=DEAR).tariff
    done("class_change", agreement, MIDDLE, today=TODAY, kwh=1_100, tariff_id=dear.id)
    read(agreement, (FEBRUARY.start, 1_310))
    bill()
    assert lines(agreement) == [(1, 6_170), (11, 15_057)]
    prove()


def test_a_change_is_taken_back_as_if_it_had_never_been():
    agreement = home()
    dear = tariffs.version(source=DEAR).tariff
    change_id = done("class_change", agreement, MIDDLE, today=TODAY, kwh=1_100, tariff_id=dear.id)
    read(agreement, (FEBRUARY.start, 1_310))
    bill()
    with pytest.raises(change_reversals.NoReason):
        change_reversals.reverse(change_id=change_id, reason=" ", today=TODAY, actor=BILLER)
    change_reversals.reverse(change_id=change_id, reason="never used otherwise", today=TODAY, actor=BILLER)
    assert agreement.terms.count() == 1
    bill()
    assert balances.of_account(account_id=agreement.account_id, today=TODAY).balance_minor == 19_127  # 310 kWh x 0.617
    prove()


def test_moving_out_is_taken_back_and_nothing_is_final():
    agreement = home()
    change_id = done("move_out", agreement, MIDDLE, today=TODAY, kwh=1_100)
    change_reversals.reverse(change_id=change_id, reason="stays after all", today=TODAY, actor=BILLER)
    read(agreement, (FEBRUARY.start, 1_310))
    final_accounts.work(NIGHT)
    bill()
    assert FinalAccount.objects.get().state == "dropped"
    assert sum(amount for _, amount in lines(agreement)) == 19_127


def test_five_persons_get_their_allowance_from_the_month_on_and_lose_it_by_itself():
    """Five persons have 1,200 kWh a year more in the lower step; from February on it has ended."""
    agreement = home(STEPS)
    read(agreement, (FEBRUARY.start, 1_300))
    done("household", agreement, JANUARY.start, today=TODAY, household=5, until_date=FEBRUARY.start)
    bill()
    # 300 kWh at 0.50; without it 150 of them at 0.80: 195.00.
    assert lines(agreement) == [(1, 15_000)]
    assert list(agreement.terms.order_by("period").values_list("household", flat=True)) == [5, 1]
    prove()


def test_supply_for_a_time_ends_by_itself():
    agreement = home()
    point = metering.service_point()
    metering.metered(at=point)
    serial = point.installations.get().meter.serial
    one = wanted(
        "temporary", None, MIDDLE, account_id=agreement.account_id, service_point_id=point.id,
        tariff_id=agreement.terms.get().tariff_id, until_date=date(2025, 1, 21),
    )  # fmt: skip
    change_id = drafted(one, today=TODAY)
    changes.confirm(change_id=change_id, today=TODAY, actor=CLERK)
    for on, kwh in ((MIDDLE, 0), (date(2025, 1, 21), 40)):
        reads.enter(serial=serial, read_date=on, reading_wh=kwh * 1_000, actor=SYSTEM, today=TODAY)
    read(agreement, (FEBRUARY.start, 1_100))
    bill()
    new = ChangeSet.objects.get(id=change_id).new_agreement
    assert lines(new) == [(11, 2_468)]
    assert ChangeSet.objects.get(id=change_id).state == "done"


def test_split_and_merge_share_the_capacity():
    agreement = factory()
    point = metering.service_point()
    metering.metered(at=point)
    serial = point.installations.get().meter.serial
    owner = agreement.account.holders.get().customer
    part = Part(service_point_id=point.id, customer_id=owner.id, capacity_va=400_000)
    change_id = done("split", agreement, MIDDLE, today=TODAY, capacity_va=600_000, parts=(part,))
    new = ChangeSet.objects.get(id=change_id).new_agreement
    for on, kwh in ((MIDDLE, 0), (date(2025, 1, 21), 10)):
        reads.enter(serial=serial, read_date=on, reading_wh=kwh * 1_000, actor=SYSTEM, today=TODAY)
    together = done("merge", agreement, date(2025, 1, 21), today=TODAY, parts=(Part(agreement_id=new.id),))
    bill()
    assert lines(agreement, "capacity") == [(1, 1_000_000), (11, 600_000), (21, 1_100_000)]
    assert lines(new, "capacity") == [(11, 400_000)]
    assert point.installations.get().period.upper == date(2025, 1, 21)
    # The part's own account is settled, and closed once it has paid.
    final_accounts.work(NIGHT)
    pay(new.account_id, 400_617)
    final_accounts.work(NIGHT)
    assert ChangeSet.objects.get(id=together).state == "done"
    assert new.account.__class__.objects.get(id=new.account_id).state == "closed"
    prove()


@pytest.mark.parametrize(("voltage", "fen"), [("220V", 12_000), ("10kV", 150_000)])
def test_moving_a_meter_costs_the_fee_of_the_place_once(voltage, fen):
    """120.00 at low voltage, 1,500.00 above it, by the pack; 13 % of VAT are in it: 120.00 x 13/113 = 13.81."""
    agreement = home()
    ServicePoint.objects.update(voltage=voltage)
    one = wanted("relocation", agreement, TODAY, position="corridor")
    (account,) = change_previews.of_change(wanted=one, asked_date=TODAY, today=TODAY, actor=CLERK).accounts
    assert [(line.key, line.amount_minor) for line in account.months[0].after.charges] == [("relocation", fen)]
    assert account.months[0].before.charges == ()
    changes.confirm(change_id=drafted(one, today=TODAY), today=TODAY, actor=CLERK)
    read(agreement, (FEBRUARY.start, 1_310))
    bill()
    carried = BillCharge.objects.get()
    assert (carried.amount_minor, carried.tax_minor) == (fen, 1_381 if fen == 12_000 else 17_257)
    assert Bill.objects.get().amount_minor == 19_127 + fen
    bill()
    assert BillCharge.objects.count() == 1
    prove()


def test_removal_takes_the_meter_down_and_settles():
    agreement = home()
    done("removal", agreement, MIDDLE, today=TODAY, kwh=1_100)
    assert agreement.service_point.installations.get().period.upper == MIDDLE
    final_accounts.work(NIGHT)
    assert lines(agreement) == [(1, 6_170)]
    assert BillSegment.objects.get().end_date == MIDDLE
    prove()
