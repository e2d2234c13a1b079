"""What usage rules mean for the last approved month: dealt as the run deals it, and nothing of a trial is kept."""

from datetime import date
from fractions import Fraction

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from billing.operations import rule_trials
from billing.queries import dealt
from cis.kernel.actors import SYSTEM
from cis.kernel.periods import Period
from cis.platform.models import AuditEvent
from metering.domain.usage_rules import Rule, RuleKind
from metering.models.rule import UsageRule
from metering.operations import usage_rules
from metering.operations.usage_rules import InvalidUsageRule, RuleNotInForce
from metering.queries import usage_rules as queries
from tests.db.billing.night import FEBRUARY, JANUARY, bill
from tests.db.billing.test_usage_rules import begin, billed, supplied
from tests.factories import accounts, metering, tariffs

pytestmark = pytest.mark.django_db

TODAY = date(2025, 3, 10)
MARCH = Period(date(2025, 3, 1), date(2025, 4, 1))


@pytest.fixture(autouse=True)
def _supplier():
    accounts.supplier()


@pytest.fixture
def flat():
    return tariffs.version(source=tariffs.FLAT).tariff


def now(*points, on=JANUARY.start, month=JANUARY):
    ids = [point.id for point in points]
    return dealt.of_month(rules=queries.holding(service_point_ids=ids, on=on), month=month, service_point_ids=ids)


def of(found, point):
    return next(place for place in found.places if place.service_point_id == point.id)


def test_what_the_page_shows_is_what_the_run_bills(flat):
    main, sub, shop, home = supplied(flat, kwh=1_000), supplied(flat, kwh=200), supplied(flat), supplied(flat)
    begin("submeter", sub, main)
    begin("quantity", shop, main, quantity_wh=300_000)
    begin("share", home, main, share_e6=400_000)
    found = now(main)
    bill()
    assert [[of(found, point).billed_wh] for point in (main, sub, shop, home)] == [
        billed(point) for point in (main, sub, shop, home)
    ]
    assert (found.counted_wh, found.billed_wh, found.is_known) == (1_200_000, 1_000_000, True)
    at_main, at_home = of(found, main), of(found, home)
    # 300 agreed and 40 % of the 700 that the meter still has; the share is less its part of the sub-meter.
    assert (at_main.counted_wh, at_main.taken_wh) == (1_000_000, 300_000 + 280_000)
    assert (at_home.counted_wh, at_home.given_wh) == (0, 200_000)
    assert sum(percent for _place, percent in found.rows) == 10_000


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    kwh=st.integers(0, 5_000), shares=st.lists(st.integers(1, 300_000), min_size=1, max_size=3),
    quantity=st.integers(1, 400_000),
)  # fmt: skip
def test_parts_are_those_of_plain_fractions_and_sum_to_the_meter(kwh, shares, quantity):
    main = metering.service_point()
    (register,) = metering.metered(at=main)
    metering.usage(of=register, kwh=kwh, start_date=JANUARY.start, end_date=JANUARY.end, at=main)
    takers = [metering.service_point() for _ in shares]
    fixed = metering.service_point()
    held = [
        Rule(id=n + 1, kind=RuleKind.SHARE, service_point=taker.id, source=main.id, share_e6=share, start_date=TODAY)
        for n, (taker, share) in enumerate(zip(takers, shares, strict=True))
    ]
    held.append(
        Rule(id=99, kind=RuleKind.QUANTITY, service_point=fixed.id, source=main.id, quantity_wh=quantity, per="month",
             excess="in_order", start_date=TODAY)
    )  # fmt: skip
    found = dealt.of_month(rules=held, month=JANUARY, service_point_ids=[main.id])
    filled = min(quantity, kwh * 1_000)
    left = kwh * 1_000 - filled
    assert of(found, fixed).billed_wh == filled
    for taker, share in zip(takers, shares, strict=True):
        assert abs(of(found, taker).billed_wh - Fraction(left * share, 10**6)) < 1
    assert found.billed_wh == kwh * 1_000


def test_a_trial_shows_before_and_after_and_keeps_nothing(flat):
    main, home = supplied(flat, kwh=1_000, months=(JANUARY, FEBRUARY)), supplied(flat)
    rule = Rule(kind=RuleKind.SHARE, service_point=home.id, source=main.id, share_e6=300_000, start_date=MARCH.start)
    events = AuditEvent.objects.count()
    trial = rule_trials.of_begin(rule=rule, today=TODAY, actor=SYSTEM)
    assert trial.before.month == trial.after.month == FEBRUARY
    assert [of(one, main).billed_wh for one in (trial.before, trial.after)] == [1_000_000, 700_000]
    assert of(trial.after, home).billed_wh == 300_000
    assert of(trial.before, home).billed_wh == 0
    assert (UsageRule.objects.count(), AuditEvent.objects.count()) == (0, events)


def test_changes_and_ends_are_tried_out_too(flat):
    main, home = supplied(flat, kwh=1_000), supplied(flat)
    rule_id = begin("share", home, main, share_e6=300_000)
    change = {"rule_id": rule_id, "quantity_wh": None, "per": "", "today": TODAY, "actor": SYSTEM}
    trial = rule_trials.of_change(from_date=MARCH.start, share_e6=500_000, **change)
    assert [of(one, home).billed_wh for one in (trial.before, trial.after)] == [300_000, 500_000]
    trial = rule_trials.of_end(rule_id=rule_id, end_date=MARCH.start, today=TODAY, actor=SYSTEM)
    assert [of(one, main).billed_wh for one in (trial.before, trial.after)] == [700_000, 1_000_000]
    assert UsageRule.objects.get().share_e6 == 300_000


def test_a_trial_is_refused_by_what_refuses_the_rule(flat):
    main, home, shop = supplied(flat, kwh=1_000), supplied(flat), supplied(flat)
    rule_id = begin("share", home, main, share_e6=700_000)
    rule = Rule(kind=RuleKind.SHARE, service_point=shop.id, source=main.id, share_e6=400_000, start_date=MARCH.start)
    with pytest.raises(InvalidUsageRule):
        rule_trials.of_begin(rule=rule, today=TODAY, actor=SYSTEM)
    with pytest.raises(RuleNotInForce):
        rule_trials.of_end(rule_id=rule_id, end_date=date(2024, 1, 1), today=TODAY, actor=SYSTEM)
    assert UsageRule.objects.count() == 1


def test_quantities_above_the_meter_are_told_in_place_of_numbers(flat):
    main, home = supplied(flat, kwh=100), supplied(flat)
    begin("quantity", home, main, quantity_wh=300_000)
    found = now(main)
    assert of(found, home).obstacle.code == of(found, main).obstacle.code == "quantities_do_not_fit"
    assert not found.is_known
    assert {percent for _place, percent in found.rows} == {None}


def test_check_meters_and_agreed_loads(flat):
    main, lamp = supplied(flat, kwh=1_000), supplied(flat)
    (check,) = metering.metered(at=main)
    metering.usage(of=check, kwh=990, start_date=JANUARY.start, end_date=JANUARY.end, at=main)
    assert of(now(main), main).counted_wh == 1_990_000
    usage_rules.begin(
        rule=Rule(kind=RuleKind.LEFT_OUT, service_point=main.id, meter=check.meter_id, start_date=JANUARY.start),
        actor=SYSTEM,
    )
    assert of(now(main), main).counted_wh == 1_000_000
    begin("unmetered", lamp, quantity_wh=120_000)
    found = of(now(lamp), lamp)
    assert (found.counted_wh, found.given_wh, found.billed_wh) == (0, 120_000, 120_000)


def test_counters_of_periods_count_once_beside_one_of_all_hours(flat):
    main, home = supplied(flat, kwh=(1_000, 600, 400), registers=("total", "peak", "valley")), supplied(flat)
    begin("share", home, main, share_e6=250_000)
    found = now(main)
    assert (of(found, main).counted_wh, of(found, home).billed_wh) == (1_000_000, 250_000)


def test_the_month_is_the_last_one_that_all_of_them_have(flat):
    main = supplied(flat, kwh=1_000, months=(JANUARY, FEBRUARY))
    sub = supplied(flat, kwh=200, months=(JANUARY,))
    none = supplied(flat)

    def last(*points):
        return dealt.last_month(service_point_ids=[point.id for point in points], today=TODAY)

    assert last(main) == FEBRUARY
    assert last(main, sub, none) == JANUARY
    assert last(none) == FEBRUARY
