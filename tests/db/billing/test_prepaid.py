"""Prepaid accounts: nights that rate what is on no bill, balances that cross lines, and what waits for a person."""

from datetime import date, datetime
from fractions import Fraction
from zoneinfo import ZoneInfo

import pytest
import time_machine
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.models.account import AccountHolder
from accounts.models.notice import Notice
from billing.domain.channels import PaymentChannel
from billing.models.bill import Bill
from billing.models.ledger import Transfer
from billing.models.prepay import PrepaidDay, PrepaidMove, Prepayment
from billing.operations import money_moves, payments, prepaid, prepaid_nights
from billing.operations.money_moves import NewMove
from billing.operations.prepaid import BadSwitch, NothingToAccept, StillOwes
from billing.queries import prepaid as queries
from billing.queries import refunds
from cis.kernel.actors import SYSTEM, Actor, ActorKind
from cis.kernel.enums import Role
from cis.kernel.periods import Period
from cis.kernel.workflow import NotAllowed
from metering.models.read import RegisterRead
from metering.models.usage import Usage
from metering.operations import usage
from tariffs.models.tariff import TariffVersion
from tariffs.queries import plans
from tests.db.billing.night import bill, prove
from tests.factories import accounts
from tests.factories.prepaid import CLERK, DAY, home, read_daily, switched_on

pytestmark = pytest.mark.django_db(transaction=True)
ZONE = ZoneInfo("Asia/Shanghai")
FEBRUARY = date(2026, 2, 1)
CASHIER = Actor(ActorKind.STAFF, 21, "Zhou", frozenset({Role.CASHIER}))
BILLER = Actor(ActorKind.STAFF, 22, "Sun", frozenset({Role.BILLING}))
BLOCKS = ((3_120, Fraction(617)), (4_800, Fraction(667)), (10**9, Fraction(917)))


def cost_of(kwh):
    """The oracle: what a year costs by the blocks of Shanghai, in fen, from the published table alone."""
    left, before, sum_fen = Fraction(kwh), 0, Fraction(0)
    for limit, milli_yuan in BLOCKS:
        part = max(min(left, limit - before), 0)
        sum_fen, left, before = sum_fen + part * milli_yuan / 10, left - part, limit
    return int(sum_fen + Fraction(1, 2))


def night(day):
    at = datetime(day.year, day.month, day.day, 2, 40, tzinfo=ZONE)
    with time_machine.travel(at, tick=False):
        prepaid_nights.night(at)


def pay(world, fen, on, reference):
    with time_machine.travel(datetime(on.year, on.month, on.day, 10, tzinfo=ZONE), tick=False):
        payments.receive(
            account_id=world.account.id, amount_minor=fen, channel=PaymentChannel.CASH, reference=reference,
            received_date=on, today=on, actor=SYSTEM,
        )  # fmt: skip


def standing(world, on):
    return queries.of_account(account_id=world.account.id, today=on)


def bill_month(period):
    usage.approve(start_date=period.start, end_date=period.end)
    bill(period)


@pytest.fixture
def flat():
    """3,000 kWh of January are billed and paid with 149.00 over; from February on each day takes 50 kWh more."""
    accounts.supplier()
    world, register = home()
    read_daily(register, since=date(2026, 1, 1), values_kwh=[0])
    read_daily(register, since=FEBRUARY, values_kwh=[3_000 + 50 * place for place in range(29)])
    RegisterRead.objects.filter(read_date__gt=FEBRUARY).delete()
    pay(world, 200_000, date(2026, 1, 15), "p0")
    bill_month(Period(date(2026, 1, 1), FEBRUARY))
    switched_on(world, since=FEBRUARY)
    return world, register


def test_each_night_takes_off_what_the_bill_of_the_month_will_cost(flat):
    world, register = flat
    told, paid, kwh = [], 200_000, 3_000
    for place, used in enumerate([0, 50, 50, 50, 50, 50, 7, 0, 90]):
        day = FEBRUARY + place * DAY
        kwh += used
        if place:
            read_daily(register, since=day, values_kwh=[kwh])
        night(day)
        one = standing(world, day)
        assert one.balance_minor == paid - cost_of(kwh), day
        assert one.rated_until == day
        told.append(one.level.value)
        if place == 6:
            pay(world, 10_000, day, "p1")
            paid += 10_000
            told[-1] = standing(world, day).level.value
    # 50 yuan and 0 are crossed on the 5th and the 6th; 100 yuan on the 7th bring it back above both.
    assert told == ["ok", "ok", "ok", "ok", "low", "pending", "ok", "ok", "low"]
    assert list(PrepaidMove.objects.order_by("id").values_list("level", flat=True)) == ["low", "pending", "ok", "low"]
    sent = list(Notice.objects.filter(channel="inbox", event__startswith="prepaid").order_by("id"))
    assert [one.event for one in sent] == ["prepaid_low", "prepaid_pending", "prepaid_low"]
    assert "−¥11.75" in sent[1].body
    # Nothing was posted, approved or drafted for it.
    assert Transfer.objects.exclude(kind__in=["bill", "payment"]).count() == 0
    assert (Bill.objects.count(), Usage.objects.filter(start_date__gte=FEBRUARY).count()) == (1, 0)
    prove()


def test_the_bill_of_the_month_takes_the_place_of_its_days(flat):
    world, register = flat
    pay(world, 100_000, FEBRUARY, "p1")
    read_daily(register, since=FEBRUARY + DAY, values_kwh=[3_000 + 40 * place for place in range(1, 32)])
    for day in (date(2026, 2, 27), date(2026, 2, 28), date(2026, 3, 1)):
        night(day)
    before = standing(world, date(2026, 3, 1))
    assert before.unbilled_minor == cost_of(4_120) - cost_of(3_000)
    bill_month(Period(FEBRUARY, date(2026, 3, 1)))
    after = standing(world, date(2026, 3, 1))
    # The same instant the bill stands in the place of the days, and was paid from the credit.
    assert Bill.objects.latest("id").amount_minor == before.unbilled_minor
    assert (after.balance_minor, after.open_cost_minor) == (before.balance_minor, 0)
    assert after.owed_minor == -(300_000 - cost_of(4_120))
    night(date(2026, 3, 2))
    one = standing(world, date(2026, 3, 2))
    assert one.unbilled_minor == cost_of(4_160) - cost_of(4_120)
    assert one.balance_minor == 300_000 - cost_of(4_160)
    prove()


def test_what_is_used_and_not_billed_is_not_paid_out(flat):
    world, register = flat
    on = date(2026, 2, 20)
    assert refunds.offer(account_id=world.account.id, today=on).credit.free_minor == 0  # nobody knows yet
    pay(world, 100_000, FEBRUARY, "p1")
    read_daily(register, since=FEBRUARY + DAY, values_kwh=[3_000 + 40 * place for place in range(1, 20)])
    night(on)
    credit = refunds.offer(account_id=world.account.id, today=on).credit
    assert credit.used_minor == cost_of(3_760) - cost_of(3_000)
    assert credit.free_minor == standing(world, on).balance_minor == 300_000 - cost_of(3_760)
    other = accounts.account(holder=world.customer)
    too_much = NewMove(
        to_account_id=other.id, from_account_id=world.account.id, reason="other flat", key="m",
        amount_minor=credit.free_minor + 1,
    )  # fmt: skip
    with pytest.raises(money_moves.BadMove):
        money_moves.propose(new=too_much, today=on, actor=BILLER)


def test_a_night_looks_once_a_day_and_goes_on_where_it_was(flat):
    world, _ = flat
    night(FEBRUARY)
    night(FEBRUARY)
    night(FEBRUARY - DAY)
    assert PrepaidDay.objects.count() == 1
    night(FEBRUARY + DAY)
    assert PrepaidDay.objects.count() == 2
    assert standing(world, FEBRUARY + DAY).rated_until == FEBRUARY


def reviews(world):
    rows = PrepaidDay.objects.filter(prepayment__account=world.account).order_by("day")
    return list(rows.values_list("review", flat=True))


def test_what_is_not_certain_waits_for_a_person_and_tells_nobody(flat):
    world, register = flat
    night(FEBRUARY)
    # No read comes for four days.
    for place in range(1, 5):
        night(FEBRUARY + place * DAY)
    assert reviews(world) == ["", "", "", "", "stale"]
    one = standing(world, FEBRUARY + 4 * DAY)
    assert (one.review, one.balance_minor) == ("stale", 200_000 - cost_of(3_000))
    # A read comes that nobody believes.
    read_daily(register, since=FEBRUARY + 5 * DAY, values_kwh=[3_900])
    night(FEBRUARY + 5 * DAY)
    assert reviews(world)[-1] == "jump"
    assert (Prepayment.objects.get().level, PrepaidMove.objects.count(), Notice.objects.filter(
        event__startswith="prepaid").count()) == ("ok", 0, 0)  # fmt: skip
    night_id = PrepaidDay.objects.latest("day").id
    given = {"night_id": night_id, "at": datetime(2026, 2, 6, 9, tzinfo=ZONE)}
    with pytest.raises(NotAllowed):
        prepaid.accept(**given, reason="meter was read again", actor=CASHIER)
    with time_machine.travel(given["at"], tick=False):
        prepaid.accept(**given, reason="meter was read again", actor=CLERK)
    assert Prepayment.objects.get().level == "pending"
    assert standing(world, FEBRUARY + 5 * DAY).balance_minor == 200_000 - cost_of(3_900)
    with pytest.raises(NothingToAccept):
        prepaid.accept(**given, reason="again", actor=CLERK)


def test_a_price_or_an_agreement_that_is_missing_holds_the_account(flat):
    world, register = flat
    night(FEBRUARY)
    read_daily(register, since=FEBRUARY + DAY, values_kwh=[3_050, 3_100])
    TariffVersion.objects.update(period=("2020-01-01", "2026-02-01"))
    night(FEBRUARY + DAY)
    assert reviews(world)[-1] == "unrated"
    TariffVersion.objects.update(period=("2020-01-01", None))
    other = accounts.customer()
    AccountHolder.objects.filter(account=world.account).update(customer=other)
    night(FEBRUARY + 2 * DAY)
    assert reviews(world)[-1] == "no_agreement"


def test_one_account_that_cannot_be_rated_keeps_no_other_from_it(flat, monkeypatch):
    world, register = flat
    second, counter = home()
    read_daily(counter, since=date(2026, 1, 1), values_kwh=[0])
    read_daily(counter, since=FEBRUARY, values_kwh=[0])
    usage.approve(start_date=date(2026, 1, 1), end_date=FEBRUARY)
    bill(Period(date(2026, 1, 1), FEBRUARY), account_ids=[second.account.id])
    switched_on(second, since=FEBRUARY)
    read_daily(register, since=FEBRUARY + DAY, values_kwh=[3_050])
    read_daily(counter, since=FEBRUARY + DAY, values_kwh=[900_000])
    night(FEBRUARY + DAY)
    assert reviews(world) == [""]
    assert reviews(second) == ["unrated"]


def test_accounts_are_switched_by_date_and_back_only_when_they_are_paid(flat):
    world, register = flat
    with pytest.raises(BadSwitch):
        switched_on(world, since=FEBRUARY + DAY)
    given = {"account_id": world.account.id, "until_date": FEBRUARY + 3 * DAY, "reason": "asked", "actor": CLERK}
    read_daily(register, since=FEBRUARY + DAY, values_kwh=[3_300])
    night(FEBRUARY + DAY)
    assert Prepayment.objects.get().level == "pending"
    with pytest.raises(StillOwes):
        prepaid.switch_off(**given, today=FEBRUARY + DAY)
    pay(world, 20_000, FEBRUARY + DAY, "p1")
    prepaid.switch_off(**given, today=FEBRUARY + DAY)
    assert account_ids(world, FEBRUARY + 2 * DAY) == [world.account.id]
    assert account_ids(world, FEBRUARY + 3 * DAY) == []
    # Nothing of it has touched the account: it may be prepaid again, and its next bill bills all.
    switched_on(world, since=FEBRUARY + 3 * DAY, reference="YF-2")
    world.account.refresh_from_db()
    assert world.account.state == "open"


def account_ids(world, on):
    return list(queries.of_accounts(account_ids=[world.account.id], today=on))


@pytest.mark.parametrize(
    "given", [{"agreement_reference": " "}, {"since_date": FEBRUARY - DAY}, {"since_date": FEBRUARY + 93 * DAY}]
)
def test_a_switch_needs_a_signed_agreement_and_a_day_to_come(given):
    accounts.supplier()
    world, _ = home()
    wanted = {"account_id": world.account.id, "since_date": FEBRUARY, "agreement_reference": "YF-1"} | given
    with pytest.raises(BadSwitch):
        prepaid.switch_on(**wanted, today=FEBRUARY, actor=CLERK)
    with pytest.raises(NotAllowed):
        prepaid.switch_on(**wanted, today=FEBRUARY, actor=CASHIER)


def test_a_night_takes_the_same_statements_for_one_account_and_for_many():
    accounts.supplier()
    counts = []
    for place, count in enumerate((1, 2, 6)):
        for _ in range(count):
            world, register = home(start_date=date(2026, 1, 1))
            read_daily(register, since=date(2026, 1, 1), values_kwh=list(range(40)))
            switched_on(world, since=FEBRUARY + place * DAY)
        Prepayment.objects.exclude(since_date=FEBRUARY + place * DAY).update(until_date=FEBRUARY + place * DAY)
        for version_id in TariffVersion.objects.values_list("id", flat=True):
            plans.compiled(version_id)  # each world has a tariff of its own, read once a process
        with CaptureQueriesContext(connection) as found:
            night(FEBRUARY + place * DAY)
        counts.append([one["sql"].split("WHERE")[0][:60] for one in found.captured_queries])
        assert PrepaidDay.objects.filter(review="", day=FEBRUARY + place * DAY).count() == count
    assert counts[1] == counts[2]


def test_the_list_of_what_is_left_takes_one_statement(flat, django_assert_num_queries):
    world, _ = flat
    night(FEBRUARY)
    with django_assert_num_queries(1):
        assert queries.of_accounts(account_ids=[world.account.id], today=FEBRUARY)
