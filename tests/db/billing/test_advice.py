"""Advice from the tables of all rooms: the same use on each tariff that a customer may choose."""

from datetime import date, timedelta
from fractions import Fraction
from itertools import pairwise

import pytest
from django.conf import settings
from django.db import connection
from django.test.utils import CaptureQueriesContext

from billing.queries import advice
from cis.platform import db
from tests.factories import accounts, contracts, mass, metering, tariffs

pytestmark = pytest.mark.django_db
TODAY = date(2026, 3, 10)
MONTHS = [date(2025, month, 1) for month in range(1, 13)] + [date(2026, 1, 1), date(2026, 2, 1), date(2026, 3, 1)]
OPEN = '[choice]\nkinds = ["resident"]\n\n'


def is_offered(source):
    return source.replace("[tier_cycle]", f"{OPEN}[tier_cycle]") if "[tier_cycle]" in source else source.replace(
        "[labels.energy]", f"{OPEN}[labels.energy]", 1
    )  # fmt: skip


def flat(code, price):
    return is_offered(tariffs.FLAT.replace('"flat"', f'"{code}"').replace('"0.617"', f'"{price}"'))


def book(source):
    return tariffs.version(of=tariffs.tariff(code=source.split('code = "')[1].split('"')[0]), source=source)


@pytest.fixture
def home():
    """A home that uses 100 kWh a month on a meter of one counter since 2025, at 0.617 yuan/kWh."""
    return make_home()


def make_home(*, kind="resident", months=MONTHS, registers=("total",), source=tariffs.FLAT):
    accounts.supplier()
    world = contracts.world(source=source, start_date=date(2025, 1, 1))
    world.customer.kind = kind
    world.customer.save()
    for register in metering.metered(registers=registers, at=world.service_point):
        for start, end in pairwise(months):
            metering.usage(of=register, start_date=start, end_date=end, kwh=100, at=world.service_point)
    return world


def of(world, **more):
    (found,) = advice.of_account(account_id=world.account.id, today=TODAY, **more)
    return found


def test_each_tariff_costs_what_its_price_times_the_use_is(home):
    book(flat("cheap", "0.5"))
    book(flat("dear", "0.7"))
    book(tariffs.FLAT.replace('"flat"', '"closed"').replace('"0.617"', '"0.1"'))
    found = of(home).advice
    assert [(row.option.code, row.option.cost_minor, row.saving_minor) for row in found.rows] == [
        ("cheap", 12 * 5_000, 12 * 1_170), (home.tariff.code, 12 * 6_170, None), ("dear", 12 * 7_000, -12 * 830),
    ]  # fmt: skip
    assert (found.period.start, found.period.end, found.used_wh) == (date(2025, 3, 1), date(2026, 3, 1), 1_200_000)
    assert [row.option.is_current for row in found.rows] == [False, True, False]


def test_steps_count_the_year_to_date_before_the_months(home):
    text = (settings.BASE_DIR / "cis/packs/cn-shanghai/tariffs/residential-tiered.toml").read_text()
    book(text.replace('"3120", "4800"', '"500", "800"').replace('["1200", "1200"]', '["1", "1"]'))
    (row,) = [row for row in of(home).advice.rows if not row.option.is_current]
    # 100 kWh a month: of 2025 the months from March on, with January and February before them; then 2026 from 0.
    prices = [Fraction(price) for price in ("0.617", "0.667", "0.917")]
    year = [prices[0]] * 5 + [prices[1]] * 3 + [prices[2]] * 4
    assert row.option.cost_minor == sum(int(price * 10_000) for price in [*year[2:], *year[:2]])


def test_a_tariff_whose_hours_the_meter_does_not_tell_is_listed_with_the_reason(home):
    book(is_offered(mass.SIX_LINES))
    (row,) = [row for row in of(home).advice.rows if not row.option.is_current]
    assert (row.option.code, row.option.cost_minor, row.saving_minor) == ("six-lines", None, None)
    assert row.option.obstacle.code == "no_such_hours"


def test_counters_of_peak_and_valley_are_added_up_for_a_flat_tariff():
    home = make_home(registers=("peak", "valley"), source=mass.SIX_LINES)
    book(flat("cheap", "0.1"))
    found = of(home).advice
    assert found.cheapest.code == "cheap"
    assert found.cheapest.cost_minor == 12 * 2_000
    assert found.used_wh == 2_400_000
    assert found.current.cost_minor > found.cheapest.cost_minor


def test_intervals_tell_the_hours_of_every_tariff():
    home = contracts.world(start_date=date(2025, 1, 1))
    accounts.supplier()
    (register,) = metering.metered(is_interval=True, at=home.service_point)
    days = metering.days(date(2024, 12, 31), MONTHS[-1] + timedelta(days=1))
    metering.interval_days(of=register, values_wh=dict.fromkeys(days))
    for start, end in pairwise(MONTHS):
        metering.usage(
            of=register, start_date=start, end_date=end, energy_wh=(end - start).days * 4_800, at=home.service_point
        )
    plain = mass.SIX_LINES.replace('[tier_cycle]\nevery = "year"\n', "").replace("tiered_time_of_use", "time_of_use")
    plain = plain.replace('limits_kwh = ["150", "9000"]\nconvention = "proportional"\n', "")
    plain = plain.replace('["0.617", "0.677", "0.977"]', '"0.6"').replace('["0.307", "0.337", "0.487"]', '"0.3"')
    book(plain.replace("[time_of_use]", f"{OPEN}[time_of_use]", 1))
    (row,) = [row for row in of(home).advice.rows if not row.option.is_current]
    cost = 0
    for start, end in pairwise(MONTHS[2:]):
        days = (end - start).days
        parts = ((days * 3_200, "0.6"), (days * 1_600, "0.3"), (days * 4_800, "0.02"), (days * 4_800, "0.0062"))
        cost += sum(int(Fraction(wh, 10) * Fraction(price) + Fraction(1, 2)) for wh, price in parts)
    assert row.option.cost_minor == cost


def test_too_short_a_history_is_refused_and_says_from_when_it_is_enough():
    found = of(make_home(months=MONTHS[6:]))
    assert found.advice is None
    assert (found.span.months, found.least, found.span.ready_on) == (8, 12, date(2026, 7, 1))


def test_use_of_the_customer_before_is_not_looked_at(home):
    found = of(home, since_date=date(2025, 6, 15))
    assert (found.advice, found.span.months, found.span.ready_on) == (None, 8, date(2026, 7, 1))


def test_a_month_that_is_missing_is_named(home):
    home.service_point.usages.filter(start_date=date(2025, 7, 1)).delete()
    (row,) = of(home).advice.rows
    assert (row.option.cost_minor, row.option.obstacle.code) == (None, "missing_read")


def test_without_a_price_today_the_present_tariff_is_listed_with_the_reason(home):
    book(flat("cheap", "0.5"))
    home.version.period = type(home.version.period)(date(2020, 1, 1), date(2026, 1, 1))
    home.version.save()
    found = of(home).advice
    assert found.current.obstacle.code == "no_price"
    assert found.best_saving_minor == 0


def test_a_company_is_not_offered_the_tariffs_of_homes():
    home = make_home(kind="company")
    book(flat("cheap", "0.5"))
    assert [row.option.code for row in of(home).advice.rows] == [home.tariff.code]


def test_an_account_without_a_supply_in_force_has_no_advice(home):
    home.agreement.period = type(home.version.period)(date(2025, 1, 1), date(2026, 1, 1))
    home.agreement.save()
    home.agreement.terms.update(period=home.agreement.period)
    assert advice.of_account(account_id=home.account.id, today=TODAY) == ()


def test_many_tariffs_cost_as_many_statements_as_one(home):
    def statements():
        with CaptureQueriesContext(connection) as taken:
            of(home)
        return len(taken)

    book(flat("x0", "0.5"))
    book(is_offered(mass.SIX_LINES))
    statements()
    one = statements()
    for number in range(1, 12):
        book(flat(f"x{number}", f"0.5{number}"))
    statements()
    assert statements() == one <= 12


def test_answers_are_kept_for_one_computation_alone():
    with db.asked_once(), CaptureQueriesContext(connection) as taken:
        assert db.fetch("SELECT 1") == db.fetch("SELECT 1") == [(1,)]
        assert db.fetch("SELECT %s", [2]) == [(2,)]
        assert db.read_columns("SELECT 3::bigint", columns=1).tolist() == [[3]]
        with pytest.raises(RuntimeError):
            db.execute("SELECT 1")
    assert len(taken) == 2
    with CaptureQueriesContext(connection) as taken:
        db.fetch("SELECT 1")
    assert len(taken) == 1
