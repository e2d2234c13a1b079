"""What billing expects, read from the tables of all rooms: interval meters, moves, new prices."""

from datetime import date, timedelta

import pytest
from django.db.backends.postgresql.psycopg_any import DateRange
from django.db.models import Sum

from billing.models.bill import Bill, BillLine, BillSegment
from billing.models.run import HeldBill
from billing.queries import bills
from metering.models.usage import Usage
from metering.queries import intervals
from tests.db.billing.night import FEBRUARY, JANUARY, bill, prove, use
from tests.factories import accounts, contracts, mass, metering, tariffs

pytestmark = pytest.mark.django_db

START = date(2024, 12, 1)


def interval_account(source=mass.SIX_LINES, months=(JANUARY,), multiplier=1):
    """An account on an interval meter; each half hour of its UTC+10 days takes 100 Wh."""
    accounts.supplier()
    version = tariffs.version(source=source)
    account = accounts.account()
    point = metering.service_point()
    (register,) = metering.metered(is_interval=True, at=point, multiplier=multiplier)
    contracts.agreement(account=account, service_point=point, tariff=version.tariff, start_date=JANUARY.start)
    days = metering.days(START + timedelta(days=30), months[-1].end + timedelta(days=1))
    metering.interval_days(of=register, values_wh=dict.fromkeys(days))
    for month in months:
        metering.usage(
            of=register,
            at=point,
            start_date=month.start,
            end_date=month.end,
            energy_wh=month.days * 4_800 * multiplier,
            multiplier=multiplier,
        )
    return account, register


def test_interval_energy_is_split_by_the_calendar_of_the_tariff():
    interval_account()
    bill()
    sums = {}
    for period, quantity in BillLine.objects.filter(code="energy").values_list("period_of_use", "quantity"):
        sums[period] = sums.get(period, 0) + quantity
    assert sums == {"peak": 31 * 3_200, "valley": 31 * 1_600}
    assert not HeldBill.objects.exists()
    prove()


def test_the_multiplier_is_in_the_split_energy():
    interval_account(multiplier=2)
    bill()
    assert Bill.objects.get().energy_wh == 31 * 9_600


def test_months_that_were_billed_are_not_split_again(monkeypatch):
    interval_account(months=(JANUARY, FEBRUARY))
    bill()
    asked = []
    days = intervals.days

    def spy(*, register_ids, start_date, end_date):
        asked.append(start_date)
        return days(register_ids=register_ids, start_date=start_date, end_date=end_date)

    monkeypatch.setattr(intervals, "days", spy)
    bill(FEBRUARY)
    assert min(asked) >= FEBRUARY.start - timedelta(days=1)
    assert Bill.objects.count() == 2
    asked.clear()
    bill(FEBRUARY)
    assert asked == []
    prove()


def test_a_correction_of_an_interval_month_rebills_it_and_the_later_ones():
    _, register = interval_account(months=(JANUARY, FEBRUARY))
    bill()
    for day in range(31):
        metering.interval_day(of=register, on=JANUARY.start + timedelta(days=day), version=2, values_wh=[200] * 48)
    # Local midnight is 02:00 on the UTC+10 clock, so the last two hours of January lie in its day of 1 February.
    energy = sum(200 if date(2025, 1, 1) <= utc10_day(hour) <= date(2025, 1, 31) else 100 for hour in range(31 * 48))
    Usage.objects.filter(register=register, start_date=JANUARY.start).update(energy_wh=energy)
    bill(FEBRUARY)
    assert sorted(BillSegment.objects.values_list("start_date", "used_wh")) == sorted(
        [
            (JANUARY.start, 31 * 4_800),
            (JANUARY.start, -31 * 4_800),
            (JANUARY.start, energy),
            (FEBRUARY.start, 28 * 4_800),
        ]
    )
    prove()


def test_energy_that_moved_between_periods_of_use_at_an_equal_total_is_rebilled(monkeypatch):
    """A newer delivery of a day with the same total leaves the approved usage as it is."""
    _, register = interval_account(months=(JANUARY, FEBRUARY))
    bill()
    night_to_noon = [0] * 12 + [100] * 12 + [200] * 12 + [100] * 12
    for day in (date(2025, 1, 10), date(2025, 1, 11)):
        metering.interval_day(of=register, on=day, version=2, values_wh=night_to_noon)
    bill(FEBRUARY)
    first = Bill.objects.order_by("id").first()
    corrected = Bill.objects.order_by("id").last()
    assert corrected.segments.filter(cancels__bill=first).count() == 1
    lines = corrected.lines.filter(code="energy").values_list("period_of_use").annotate(Sum("quantity"))
    # 12 half hours of two nights went into the day.
    assert dict(lines) == {"peak": 28 * 3_200 + 2_400, "valley": 28 * 1_600 - 2_400}
    prove()
    asked = []
    monkeypatch.setattr(intervals, "days", lambda **given: asked.append(given) or ())
    bill(FEBRUARY)
    assert (asked, Bill.objects.count()) == ([], 2)


def utc10_day(half_hours):
    """The UTC+10 date of a half hour counted from local (UTC+8) midnight of 1 January."""
    return date(2025, 1, 1) + timedelta(days=(half_hours + 4) // 48)


def test_values_that_changed_after_approval_hold_the_account():
    _, register = interval_account()
    metering.interval_day(of=register, on=date(2025, 1, 10), version=2, values_wh=[300] * 48)
    bill()
    assert HeldBill.objects.get().code == "usage_outdated"


def test_a_new_price_in_the_month_cuts_interval_usage_by_day():
    interval_account(source=tariffs.FLAT)
    middle = date(2025, 1, 11)
    old = Bill._meta.apps.get_model("tariffs", "TariffVersion").objects.get()
    old.period = DateRange(old.period.lower, middle)
    old.save()
    tariffs.version(of=old.tariff, source=tariffs.FLAT.replace("0.617", "0.717"), start_date=middle)
    bill()
    assert list(BillSegment.objects.order_by("start_date").values_list("used_wh", "amount_minor")) == [
        (48_000, 2_962),
        (100_800, 7_227),
    ]
    prove()


def test_a_new_price_in_the_month_needs_a_read_of_plain_registers():
    ids = mass.supply(count=1, months=[JANUARY])
    middle = date(2025, 1, 11)
    version = Bill._meta.apps.get_model("tariffs", "TariffVersion").objects.get()
    version.period = DateRange(version.period.lower, middle)
    version.save()
    tariffs.version(of=version.tariff, source=mass.SIX_LINES.replace("0.617", "0.717"), start_date=middle)
    bill()
    one = HeldBill.objects.get()
    assert (one.account_id, one.code) == (ids[0], "missing_read")
    assert "2025-01-11" in one.advice


def test_a_month_is_no_longer_estimated_once_the_real_read_is_billed():
    ids = mass.supply(count=1, months=[JANUARY, FEBRUARY])
    Usage.objects.filter(start_date=JANUARY.start).update(is_estimated=True)
    bill()
    assert [month.is_estimated for month in bills.usage_by_month(account_id=ids[0], end_date=FEBRUARY.end)] == [True]
    Usage.objects.filter(start_date=JANUARY.start).update(is_estimated=False)
    use(ids[0], JANUARY, 170_000)
    bill(FEBRUARY)
    months = bills.usage_by_month(account_id=ids[0], end_date=FEBRUARY.end)
    assert [month.is_estimated for month in months] == [False, False]
