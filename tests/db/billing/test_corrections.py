"""From a finding at a meter to the bill that corrects each month at its own price, and back."""

from datetime import date
from fractions import Fraction

import pytest
from django.db.backends.postgresql.psycopg_any import DateRange

from billing.models.bill import Bill
from billing.models.rebill import Rebill
from billing.models.run import HeldBill
from billing.operations import held, trials
from cis.kernel.actors import Actor, ActorKind
from cis.kernel.enums import Role
from cis.kernel.periods import Period, add_months
from metering.domain.correction_orders import Order, Scale
from metering.domain.corrections import Cause
from metering.models.correction import UsageCorrection
from metering.models.read import IntervalDay
from metering.models.usage import Usage
from metering.operations import corrections
from tariffs.models.tariff import TariffVersion
from tests.db.billing.night import bill, issue, prove, rate
from tests.factories import accounts, contracts, mass, metering, tariffs

pytestmark = pytest.mark.django_db

F = Fraction
MONTHS = [Period(add_months(date(2023, 1, 1), n), add_months(date(2023, 1, 1), n + 1)) for n in range(27)]
BILLED = (*MONTHS[:4], *MONTHS[24:26])
LAST = MONTHS[25]
NEXT = MONTHS[26]
TODAY = NEXT.end
FIRST = Actor(ActorKind.STAFF, 1, "first", frozenset({Role.METERING}))
SECOND = Actor(ActorKind.STAFF, 2, "second", frozenset({Role.SUPERVISOR}))


def supplied(source, registers=("total",), kwh=300, dearer=None):
    """An account whose registers counted so much each month, and a bit more each time; ``dearer`` from a month on."""
    accounts.supplier()
    version = tariffs.version(source=source)
    if dearer:
        TariffVersion.objects.update(period=DateRange(date(2020, 1, 1), dearer[0]))
        tariffs.version(of=version.tariff, source=dearer[1], start_date=dearer[0])
    account = accounts.account(opened_date=MONTHS[0].start)
    found = metering.metered(registers=registers, start_date=MONTHS[0].start)
    point = found[0].meter.installations.get().service_point
    contracts.agreement(account=account, service_point=point, tariff=version.tariff, start_date=MONTHS[0].start)
    for n, month in enumerate(MONTHS):
        for place, register in enumerate(found):
            metering.usage(
                of=register, at=point, start_date=month.start, end_date=month.end, kwh=kwh + 7 * n + 100 * place
            )
    for month in BILLED:
        issue(rate(month))
    return account, point, found[0].meter_id


ONE_AND_A_HALF = F(3, 2)


def order(point, meter_id, *, factor=ONE_AND_A_HALF, since=MONTHS[1].start, until=MONTHS[3].start, cause=Cause.WIRING):
    return Order(
        service_point_id=point.id,
        meter_id=meter_id,
        cause=cause,
        since_date=since,
        until_date=until,
        amount=Scale(factor=factor),
        evidence="report 17",
    )


def propose(wanted, key="k"):
    found = corrections.propose(order=wanted, request_key=key, today=TODAY, actor=FIRST)
    if UsageCorrection.objects.get(id=found).state == "proposed":
        corrections.apply(correction_id=found, actor=SECOND)
    return found


def undo(found):
    corrections.undo(correction_id=found, reason="no", today=TODAY, actor=FIRST)
    if UsageCorrection.objects.get(id=found).state == "undoing":
        corrections.confirm_undo(correction_id=found, actor=SECOND)


def owed(account):
    return sum(Bill.objects.filter(account=account, state="issued").values_list("amount_minor", flat=True))


def test_a_correction_bills_each_month_at_the_price_of_that_month():
    dear = tariffs.FLAT.replace("0.617", "0.717").replace("61.70", "71.70")
    account, point, meter_id = supplied(tariffs.FLAT, dearer=(MONTHS[2].start, dear))
    before = owed(account)
    propose(order(point, meter_id))
    run_id = bill(NEXT)
    one = Bill.objects.get(run_id=run_id)
    corrected = {s.start_date: s for s in one.segments.filter(cancels=None)}
    for month, price in ((MONTHS[1], F(61_700_000)), (MONTHS[2], F(71_700_000))):
        used = Usage.objects.get(start_date=month.start, is_current=True).energy_wh
        segment = corrected[month.start]
        assert (segment.used_wh, segment.amount_minor) == (used, int(used * price / 10**9 + F(1, 2)))
    assert set(corrected) == {MONTHS[1].start, MONTHS[2].start, NEXT.start}
    assert owed(account) - before == one.amount_minor
    prove()


@pytest.mark.parametrize("factor", [F(9, 8), F(10, 9), F(1000, 1037), F(3), F(1, 3)])
def test_a_preview_says_what_the_run_bills_and_undoing_brings_it_back(factor):
    account, point, meter_id = supplied(mass.SIX_LINES, registers=("peak", "valley"))
    before = owed(account)
    wanted = order(point, meter_id, factor=factor)
    trial = trials.of_order(order=wanted, today=TODAY, actor=FIRST)
    assert not UsageCorrection.objects.exists()
    assert not Usage.objects.filter(version__gt=1).exists()
    assert not Rebill.objects.exists()
    assert trial.is_billable
    # Steps of the tier year move with it: months after it are billed anew too.
    assert {month.start_date for month in trial.accounts[0].months} <= {month.start for month in MONTHS[1:4]}
    found = propose(wanted)
    settle(bill(LAST))
    assert owed(account) - before == trial.change_minor
    billed = {m.start_date: m.after_minor for m in trial.accounts[0].months}
    for start, amount in billed.items():
        standing = Bill.objects.latest("id").segments.filter(cancels=None, period_start_date=start)
        assert sum(standing.values_list("amount_minor", flat=True)) == amount
    prove()
    undo(found)
    settle(bill(LAST))
    assert owed(account) == before
    assert not Bill.objects.filter(run_id=bill(LAST)).exists()
    prove()


def settle(run_id):
    for one in HeldBill.objects.filter(run_id=run_id, state="open"):
        held.release(held_id=one.id, today=TODAY, actor=SECOND)


def test_two_runs_bill_one_correction_once():
    _account, point, meter_id = supplied(tariffs.FLAT)
    propose(order(point, meter_id))
    first, second = bill(LAST), bill(LAST)
    assert Bill.objects.filter(run_id=first).count() == 1
    assert not Bill.objects.filter(run_id=second).exists()
    assert not Bill.objects.filter(run_id=bill(NEXT)).filter(segments__cancels__isnull=False).exists()


def test_an_account_that_cannot_be_billed_says_so_in_the_preview():
    _account, point, meter_id = supplied(tariffs.FLAT)
    Usage.objects.filter(start_date=MONTHS[3].start).delete()
    trial = trials.of_order(order=order(point, meter_id), today=TODAY, actor=FIRST)
    assert not trial.is_billable
    assert trial.accounts[0].obstacle.code == "missing_read"
    assert trial.correction.card.change_wh > 0


def test_an_account_without_a_bill_has_no_money_to_show():
    _account, point, meter_id = supplied(tariffs.FLAT)
    Bill.objects.update(state="draft", number=None)
    trial = trials.of_order(order=order(point, meter_id), today=TODAY, actor=FIRST)
    assert (trial.accounts[0].months, trial.is_billable) == ((), True)


def test_interval_values_that_are_corrected_are_split_anew_by_period_of_use():
    accounts.supplier()
    version = tariffs.version(source=mass.SIX_LINES)
    account = accounts.account()
    (register,) = metering.metered(is_interval=True, start_date=date(2024, 1, 1))
    point = register.meter.installations.get().service_point
    january = Period(date(2025, 1, 1), date(2025, 2, 1))
    contracts.agreement(account=account, service_point=point, tariff=version.tariff, start_date=january.start)
    for day in range(34):
        metering.interval_day(of=register, on=date.fromordinal(january.start.toordinal() - 2 + day))
    metering.usage(of=register, at=point, start_date=january.start, end_date=january.end, energy_wh=31 * 4_800)
    bill(january)
    before = Bill.objects.get()
    wanted = order(point, register.meter_id, factor=F(2), since=date(2025, 1, 11), until=date(2025, 1, 21))
    trial = trials.of_order(order=wanted, today=TODAY, actor=FIRST)
    assert IntervalDay.objects.filter(version__gt=1).count() == 0
    propose(wanted)
    run_id = bill(january)
    anew = Bill.objects.get(run_id=run_id).segments.get(cancels=None)
    sums = {}
    for period, quantity in anew.lines.filter(code="energy").values_list("period_of_use", "quantity"):
        sums[period] = sums.get(period, 0) + quantity
    assert sums == {"peak": 41 * 3_200, "valley": 41 * 1_600}
    assert trial.change_minor == anew.amount_minor - before.amount_minor
    prove()
