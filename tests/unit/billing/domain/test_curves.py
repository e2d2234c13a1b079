"""Demand, hourly prices and steps in order of time out of interval values, against counting slot by slot."""

from collections import defaultdict
from datetime import UTC, date, datetime, timedelta
from fractions import Fraction
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from billing.domain import curves as sheets
from cis.kernel.calendar import local_clock
from cis.kernel.periods import Period
from tariffs.domain.components.dynamic import DynamicEnergy, NegativePrices
from tariffs.domain.components.tiers import Convention, Cycle, TierCycle, TieredTimeOfUse
from tariffs.domain.inputs import Input
from tariffs.domain.lines import LedgerClass
from tariffs.domain.plan import DemandMetering, SeveralFeeds, compile_plan
from tariffs.domain.price_series import PriceDay
from tests.unit.billing.domain import books
from tests.unit.billing.domain.meters import Chunk, Curve
from tests.unit.tariffs.domain.test_measuring import DEMAND_HOURS, Asks
from tests.unit.tariffs.domain.test_time_of_use import SHANGHAI_HOURS, calendar

HEAD = {"code": "asks", "label": "asks", "ledger": LedgerClass.ENERGY}
QUIET = settings(max_examples=10, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
ZONES = ["Asia/Shanghai", "Australia/Sydney", "America/New_York", "Europe/Berlin"]
JUNE = Period(date(2025, 6, 1), date(2025, 7, 1))
MIDDLE = date(2025, 6, 11)


@pytest.fixture
def chunk(monkeypatch):
    return Chunk(monkeypatch)


def demand_plan(window=15, feeds=None, periods=True):
    hours = calendar(DEMAND_HOURS) if periods else None
    return compile_plan(
        components=(Asks(**HEAD, wants=(Input.PEAK_W,)),),
        demand=DemandMetering(
            window_minutes=window,
            periods=("any", *(hours.periods if hours else ())),
            calendar=hours,
            several_feeds=feeds,
        ),
    )


def peaks_of(energies, zone, start, window, unit=1):
    """Largest mean power of the windows of local days: of all, of working hours and of the others. [W]"""
    since, step = local_clock(zone).day_start_utc(start), timedelta(minutes=window)
    sums = defaultdict(int)
    for at, value in energies.items():
        sums[(at - since) // step] += value
    found = [0, 0, 0]
    for place, energy in sums.items():
        power = int(Fraction(energy * 60, window * unit) + Fraction(1, 2))
        local = (since + place * step).astimezone(ZoneInfo(zone))
        for period in (0, 1 if local.weekday() < 5 and 8 <= local.hour < 22 else 2):
            found[period] = max(found[period], power)
    return found


def random_values(seed, most=4_000):
    draws = np.random.default_rng(seed).integers(0, most, 50_000)
    return lambda at: int(draws[(at - datetime(2024, 1, 1, tzinfo=UTC)) // timedelta(minutes=5) % len(draws)])


@pytest.mark.parametrize("zone", ZONES)
@QUIET
@given(
    month=st.sampled_from([3, 4, 10, 11]),
    shape=st.sampled_from([(5, 15), (15, 15), (15, 30), (15, 60), (30, 30), (30, 60), (10, 60)]),
    multiplier=st.sampled_from([1, 40]),
    exponent=st.sampled_from([0, -2]),
    seed=st.integers(0, 2**32),
)
def test_demand_is_that_of_counting_windows_one_by_one(chunk, zone, month, shape, multiplier, exponent, seed):
    chunk.zone = zone
    interval, window = shape
    period = Period(date(2025, month, 1), date(2025, month + 1, 1))
    curve = Curve(7, interval, period.start, period.end, multiplier=multiplier, exponent=exponent)
    curve.fill(zone, random_values(seed))
    found = chunk.measure(demand_plan(window), [curve], curve.usage(zone, period.start, period.end), period=period)
    assert not found.held
    wanted = peaks_of(curve.inside(zone, *_ends(period)), zone, period.start, window, unit=10**-exponent)
    assert found.inputs[Input.PEAK_W].tolist() == [wanted]


def _ends(period):
    return period.start, period.end


@QUIET
@given(seed=st.integers(0, 2**32), feeds=st.sampled_from(SeveralFeeds), minutes=st.sampled_from([5, 15]))
def test_demand_of_several_feeds_is_counted_as_the_tariff_says(chunk, seed, feeds, minutes):
    zone = chunk.zone = "Europe/Berlin"
    mine = [Curve(n, minutes if n == 2 else 15, JUNE.start, JUNE.end, meter=n, multiplier=n) for n in (1, 2, 3)]
    for n, curve in enumerate(mine):
        curve.fill(zone, random_values(seed + n))
    usage = [curve.usage(zone, JUNE.start, JUNE.end) for curve in mine]
    found = chunk.measure(demand_plan(feeds=feeds), mine, *usage, period=JUNE)
    assert not found.held
    inside = [curve.inside(zone, *_ends(JUNE)) for curve in mine]
    if feeds is SeveralFeeds.TOGETHER:
        instants = {at for one in inside for at in one}
        wanted = peaks_of({at: sum(one.get(at, 0) for one in inside) for at in instants}, zone, JUNE.start, 15)
    else:
        wanted = [sum(column) for column in zip(*(peaks_of(one, zone, JUNE.start, 15) for one in inside), strict=True)]
    assert found.inputs[Input.PEAK_W].tolist() == [wanted]


def test_two_channels_of_one_meter_are_one_feed(chunk):
    mine = [Curve(n, 15, JUNE.start, JUNE.end, meter=1).fill(chunk.zone, random_values(n)) for n in (1, 2)]
    usage = [curve.usage(chunk.zone, *_ends(JUNE)) for curve in mine]
    found = chunk.measure(demand_plan(), mine, *usage, period=JUNE)
    assert not found.held
    inside = [curve.inside(chunk.zone, *_ends(JUNE)) for curve in mine]
    wanted = peaks_of({at: inside[0][at] + inside[1][at] for at in inside[0]}, chunk.zone, JUNE.start, 15)
    assert found.inputs[Input.PEAK_W].tolist() == [wanted]


def exchanged(chunk, seed=5):
    """An old meter of half hours until the eleventh, then a new one of quarter hours."""
    old = Curve(1, 30, JUNE.start, MIDDLE, meter=1).fill(chunk.zone, random_values(seed), after=0)
    new = Curve(2, 15, MIDDLE, JUNE.end, meter=2).fill(chunk.zone, random_values(seed + 1), before=0)
    return [old, new], [old.usage(chunk.zone, JUNE.start, MIDDLE), new.usage(chunk.zone, MIDDLE, JUNE.end)]


def test_a_meter_exchange_in_the_month_is_one_feed_and_the_larger_of_both_demands(chunk):
    mine, usage = exchanged(chunk)
    found = chunk.measure(demand_plan(30), mine, *usage, period=JUNE)
    assert not found.held
    parts = [
        peaks_of(mine[0].inside(chunk.zone, JUNE.start, MIDDLE), chunk.zone, JUNE.start, 30),
        peaks_of(mine[1].inside(chunk.zone, MIDDLE, JUNE.end), chunk.zone, MIDDLE, 30),
    ]
    assert found.inputs[Input.PEAK_W].tolist() == [[max(pair) for pair in zip(*parts, strict=True)]]


def test_a_change_of_terms_parts_the_demand_at_midnight(chunk):
    curve = Curve(1, 15, JUNE.start, JUNE.end).fill(chunk.zone, random_values(9))
    terms = books.agreements((1, 1, 1, 1, 1, date(2024, 1, 1), MIDDLE), (2, 2, 1, 1, 1, MIDDLE, books.NEVER))
    found = chunk.measure(demand_plan(), [curve], curve.usage(chunk.zone, *_ends(JUNE)), period=JUNE, terms=terms)
    assert not found.held
    wanted = [
        peaks_of(curve.inside(chunk.zone, start, end), chunk.zone, start, 15)
        for start, end in ((JUNE.start, MIDDLE), (MIDDLE, JUNE.end))
    ]
    assert found.inputs[Input.PEAK_W].tolist() == wanted


def test_a_piece_of_several_months_has_the_largest_demand_of_all(chunk):
    period = Period(date(2025, 1, 9), date(2025, 4, 1))
    curve = Curve(1, 30, *_ends(period)).fill(chunk.zone, random_values(3))
    found = chunk.measure(demand_plan(30), [curve], curve.usage(chunk.zone, *_ends(period)), period=period)
    assert not found.held
    wanted = peaks_of(curve.inside(chunk.zone, *_ends(period)), chunk.zone, period.start, 30)
    assert found.inputs[Input.PEAK_W].tolist() == [wanted]


def test_many_customers_are_measured_as_each_alone(chunk, monkeypatch):
    monkeypatch.setattr(sheets, "LINES", 3)
    day = Period(date(2025, 6, 1), date(2025, 6, 3))
    mine = [
        Curve(100 + n, (15, 30)[n % 2], *_ends(day), meter=n, point=n, multiplier=1 + n % 3).fill(
            chunk.zone, random_values(n)
        )
        for n in range(1, 12)
    ]
    terms = books.agreements(*((n, n, n, 1, 1, date(2024, 1, 1), books.NEVER) for n in range(1, 12)))
    usage = [curve.usage(chunk.zone, *_ends(day)) for curve in mine]
    found = chunk.measure(demand_plan(30), mine, *usage, period=day, terms=terms)
    assert not found.held
    wanted = [peaks_of(c.inside(chunk.zone, *_ends(day)), chunk.zone, day.start, 30) for c in mine]
    assert found.inputs[Input.PEAK_W].tolist() == wanted


def missing_value(curve, zone):
    del curve.values[local_clock(zone).day_start_utc(MIDDLE)]
    return curve


@pytest.mark.parametrize(
    ("window", "minutes", "change", "feeds", "code"),
    [
        (15, 30, None, None, "window_too_fine"),
        (60, 15, missing_value, None, "missing_read"),
        (15, 15, None, "two", "feeds_undeclared"),
    ],
)
def test_a_demand_that_cannot_be_told_holds_the_account(chunk, window, minutes, change, feeds, code):
    curve = Curve(1, minutes, JUNE.start, JUNE.end, meter=1).fill(chunk.zone, random_values(1))
    usage = [curve.usage(chunk.zone, *_ends(JUNE))]
    mine = [curve if change is None else change(curve, chunk.zone)]
    if feeds:
        mine.append(Curve(2, 15, JUNE.start, JUNE.end, meter=2).fill(chunk.zone, random_values(2)))
        usage.append(mine[1].usage(chunk.zone, *_ends(JUNE)))
    plan = demand_plan(window, periods=False)
    found = chunk.measure(plan, mine, *usage, period=JUNE)
    # A flat tariff needs no split of its energy, so it is the demand that finds a missing value.
    assert found.held[1].code == ("not_measured" if code == "missing_read" else code)


def test_values_that_changed_after_approval_hold_the_account(chunk):
    curve = Curve(1, 15, JUNE.start, JUNE.end).fill(chunk.zone, random_values(1))
    usage = curve.usage(chunk.zone, *_ends(JUNE), outdated_wh=3)
    assert chunk.measure(demand_plan(), [curve], usage, period=JUNE).held[1].code == "usage_outdated"


def test_interval_values_measure_demand_beside_registers_that_count_the_energy(chunk):
    curve = Curve(1, 15, JUNE.start, JUNE.end).fill(chunk.zone, random_values(1))
    usage = curve.usage(chunk.zone, *_ends(JUNE))
    plan = compile_plan(
        components=(Asks(**HEAD, wants=(Input.PEAK_W,)),),
        periods=("peak", "valley"),
        calendar=calendar(SHANGHAI_HOURS),
    )
    counters = [(1, n, code, JUNE.start, JUNE.end, 1_000_000) for n, code in ((2, "peak"), (3, "valley"))]
    found = chunk.measure(plan, [curve], usage, *counters, period=JUNE)
    assert not found.held
    assert found.energy.sum() == 2_000_000
    wanted = peaks_of(curve.inside(chunk.zone, *_ends(JUNE)), chunk.zone, JUNE.start, 15)
    assert found.inputs[Input.PEAK_W].tolist() == [wanted[:1]]
    late = curve.usage(chunk.zone, *_ends(JUNE), outdated_wh=50)
    assert chunk.measure(plan, [curve], late, *counters, period=JUNE).held[1].code == "usage_outdated"
    short = curve.usage(chunk.zone, JUNE.start, MIDDLE)
    assert chunk.measure(plan, [curve], short, *counters, period=JUNE).held[1].code == "not_measured"


class TestRegisters:
    """Demand that registers show."""

    plan = demand_plan(feeds=SeveralFeeds.ADDED, periods=False)
    curve = (1, 1, "", JUNE.start, JUNE.end, 500_000)

    def measure(self, chunk, *shown, demands=(), plan=None, usage=None):
        return chunk.measure(plan or self.plan, [], *(usage or [self.curve]), period=JUNE, demands=demands, shown=shown)

    def test_the_largest_of_the_spans_of_a_month_counts(self, chunk):
        demands = [(1, 1, 9, "", JUNE.start, JUNE.end)]
        shown = [(1, 9, "", JUNE.start, MIDDLE, 41_000), (1, 9, "", MIDDLE, JUNE.end, 38_500)]
        found = self.measure(chunk, *shown, demands=demands)
        assert (found.held, found.inputs[Input.PEAK_W].tolist()) == ({}, [[41_000]])

    def test_registers_by_period_make_up_the_whole_time(self, chunk):
        demands = [(1, 1, 8, "on", JUNE.start, JUNE.end), (1, 1, 9, "off", JUNE.start, JUNE.end)]
        shown = [(1, 8, "on", *_ends(JUNE), 300), (1, 9, "off", *_ends(JUNE), 500)]
        found = self.measure(chunk, *shown, demands=demands, plan=demand_plan())
        assert (found.held, found.inputs[Input.PEAK_W].tolist()) == ({}, [[500, 300, 500]])

    def test_feeds_are_added(self, chunk):
        demands = [(1, 1, 8, "", JUNE.start, JUNE.end), (1, 2, 9, "", JUNE.start, JUNE.end)]
        shown = [(1, 8, "", *_ends(JUNE), 300), (1, 9, "", *_ends(JUNE), 500)]
        found = self.measure(chunk, *shown, demands=demands)
        assert (found.held, found.inputs[Input.PEAK_W].tolist()) == ({}, [[800]])

    def test_an_exchange_is_no_second_feed(self, chunk):
        demands = [(1, 1, 8, "", JUNE.start, MIDDLE), (1, 2, 9, "", MIDDLE, JUNE.end)]
        shown = [(1, 8, "", JUNE.start, MIDDLE, 300), (1, 9, "", MIDDLE, JUNE.end, 500)]
        found = self.measure(chunk, *shown, demands=demands)
        assert (found.held, found.inputs[Input.PEAK_W].tolist()) == ({}, [[500]])

    @pytest.mark.parametrize(
        ("shown", "demands", "plan", "code"),
        [
            ([], [(1, 1, 9, "", *_ends(JUNE))], None, "not_measured"),
            ([(1, 9, "", JUNE.start, MIDDLE, 5)], [(1, 1, 9, "", *_ends(JUNE))], None, "not_measured"),
            ([(1, 8, "on", *_ends(JUNE), 5)], [(1, 1, 8, "on", *_ends(JUNE))], demand_plan(), "not_measured"),
            ([], [], None, "not_measured"),
            (
                [(1, 8, "", *_ends(JUNE), 5), (1, 9, "", *_ends(JUNE), 5)],
                [(1, 1, 8, "", *_ends(JUNE)), (1, 2, 9, "", *_ends(JUNE))],
                demand_plan(feeds=SeveralFeeds.TOGETHER, periods=False),
                "not_measured",
            ),
            (
                [],
                [
                    (1, n, 10 + n, "", *days)
                    for n, days in enumerate(2 * [(JUNE.start, MIDDLE)] + 2 * [(MIDDLE, JUNE.end)])
                ],
                None,
                "feeds_unclear",
            ),
        ],
    )
    def test_a_demand_that_no_register_tells_holds_the_account(self, chunk, shown, demands, plan, code):
        assert self.measure(chunk, *shown, demands=demands, plan=plan).held[1].code == code

    def test_one_feed_by_register_and_another_by_intervals_are_added(self, chunk):
        curve = Curve(1, 15, JUNE.start, JUNE.end, meter=1).fill(chunk.zone, random_values(1))
        usage = [curve.usage(chunk.zone, *_ends(JUNE)), (1, 2, "", *_ends(JUNE), 1_000)]
        found = chunk.measure(
            self.plan,
            [curve],
            *usage,
            period=JUNE,
            demands=[(1, 2, 9, "", *_ends(JUNE))],
            shown=[(1, 9, "", *_ends(JUNE), 700)],
        )
        assert not found.held
        wanted = peaks_of(curve.inside(chunk.zone, *_ends(JUNE)), chunk.zone, JUNE.start, 15)[0] + 700
        assert found.inputs[Input.PEAK_W].tolist() == [[wanted]]


def dynamic_plan(**bounds):
    parts = [
        DynamicEnergy(
            code=code, label="asks", ledger=LedgerClass.ENERGY, series=code, margin_e6=0,
            negative=NegativePrices.KEEP, **bounds,
        )
        for code in ("spot", "grid")
    ]  # fmt: skip
    return compile_plan(components=tuple(parts))


def price_days(zone, period, price_of, minutes=60):
    clock = local_clock(zone)
    found = {}
    for day in period.each_day():
        start = clock.day_start_utc(day)
        slots = clock.minutes_in_day(day) // minutes
        prices = [price_of(start + n * timedelta(minutes=minutes)) for n in range(slots)]
        found[day] = PriceDay(
            day=day, start_at=start, interval_minutes=minutes, prices_e6=np.array(prices, dtype=np.int64)
        )
    return found


@pytest.mark.parametrize("zone", ZONES)
@QUIET
@given(
    month=st.sampled_from([3, 4, 10, 11]),
    exponent=st.sampled_from([0, -3]),
    multiplier=st.sampled_from([1, 30]),
    seed=st.integers(0, 2**32),
)
def test_energy_at_hourly_prices_is_summed_slot_by_slot(chunk, zone, month, exponent, multiplier, seed):
    chunk.zone = zone
    period = Period(date(2025, month, 1), date(2025, month + 1, 1))
    curve = Curve(1, 15, *_ends(period), multiplier=multiplier, exponent=exponent).fill(zone, random_values(seed))
    draws = random_values(seed + 1, most=2 * 10**8)

    def price_of(at):
        return draws(at.replace(minute=0)) - 10**7

    series = {code: price_days(zone, period, price_of) for code in ("spot", "grid")}
    plan = dynamic_plan(floor_e6=0, cap_e6=15 * 10**7)
    found = chunk.measure(plan, [curve], curve.usage(zone, *_ends(period)), period=period, series=series)
    assert not found.held
    exact = sum(
        Fraction(value) * Fraction(10) ** exponent * min(max(price_of(at), 0), 15 * 10**7)
        for at, value in curve.inside(zone, *_ends(period)).items()
    )
    wanted = int(exact + Fraction(1, 2))
    assert found.inputs[Input.SERIES_E9].tolist() == [[wanted, wanted]]


def test_a_missing_price_holds_the_account_and_names_the_day(chunk):
    curve = Curve(1, 15, *_ends(JUNE)).fill(chunk.zone, random_values(1))
    days = price_days(chunk.zone, JUNE, lambda _: 1)
    del days[MIDDLE]
    found = chunk.measure(
        dynamic_plan(), [curve], curve.usage(chunk.zone, *_ends(JUNE)), period=JUNE, series={"spot": days, "grid": days}
    )
    assert found.held[1].code == "prices_missing"
    assert "2025-06-11" in found.held[1].message


def test_prices_of_quarter_hours_need_quarter_hourly_values(chunk):
    curve = Curve(1, 30, *_ends(JUNE)).fill(chunk.zone, random_values(1))
    days = price_days(chunk.zone, JUNE, lambda _: 1, minutes=15)
    found = chunk.measure(
        dynamic_plan(), [curve], curve.usage(chunk.zone, *_ends(JUNE)), period=JUNE, series={"spot": days, "grid": days}
    )
    assert found.held[1].code == "prices_too_fine"


def test_energy_of_a_plain_counter_has_no_hourly_price(chunk):
    days = price_days(chunk.zone, JUNE, lambda _: 1)
    found = chunk.measure(
        dynamic_plan(), [], (1, 1, "", *_ends(JUNE), 5_000), period=JUNE, series={"spot": days, "grid": days}
    )
    assert found.held[1].code == "not_measured"


def ordered_plan(cycle, limits_wh=(900_000, 1_500_000)):
    made = calendar(SHANGHAI_HOURS)
    steps = TieredTimeOfUse(
        code="energy",
        label="energy",
        ledger=LedgerClass.ENERGY,
        limits_wh=limits_wh,
        periods=made.periods,
        prices_e6=((1, 2), (3, 4), (5, 6)),
        convention=Convention.TIME_ORDER,
    )
    return compile_plan(components=(steps,), periods=made.periods, calendar=made, tier_cycle=cycle)


def by_hand(energies, before, limits_wh, zone):
    """Fill the steps interval by interval; energies in order of time. [Wh]"""
    cells = [[0, 0] for _ in range(3)]
    filled = before
    for at, value in sorted(energies.items()):
        period = 0 if 6 <= at.astimezone(ZoneInfo(zone)).hour < 22 else 1
        left = value
        for step, limit in enumerate((*limits_wh, None)):
            part = left if limit is None else max(0, min(left, limit - filled))
            cells[step][period] += part
            filled += part
            left -= part
    return cells


@pytest.mark.parametrize("zone", ZONES)
@QUIET
@given(month=st.sampled_from([3, 4, 10, 11]), seed=st.integers(0, 2**32), most=st.integers(100, 3_000))
def test_steps_fill_in_order_of_time_from_what_was_used_before(chunk, zone, month, seed, most):
    chunk.zone = zone
    period = Period(date(2025, month - 1, 1), date(2025, month + 1, 1))
    curve = Curve(1, 30, *_ends(period)).fill(zone, random_values(seed, most))
    usage = [curve.usage(zone, part.start, part.end) for part in period.months()]
    terms = books.agreements((1, 1, 1, 1, 1, period.start, books.NEVER))
    mine = Period(date(2025, month, 1), date(2025, month + 1, 1))
    found = chunk.measure(ordered_plan(TierCycle(Cycle.YEAR, 1)), [curve], *usage, period=mine, terms=terms)
    assert not found.held
    before = usage[0][5]
    wanted = by_hand(curve.inside(zone, *_ends(mine)), before, (900_000, 1_500_000), zone)
    assert found.inputs[Input.ORDERED_WH][-1].tolist() == wanted
    assert found.inputs[Input.ORDERED_WH][-1].sum() == found.energy[-1].sum()


def test_steps_in_order_of_time_go_on_through_the_months_of_a_piece(chunk):
    period = Period(date(2025, 2, 10), date(2025, 5, 1))
    curve = Curve(1, 30, *_ends(period)).fill(chunk.zone, random_values(4, 800))
    terms = books.agreements((1, 1, 1, 1, 1, period.start, books.NEVER))
    found = chunk.measure(
        ordered_plan(TierCycle(Cycle.YEAR, 1)),
        [curve],
        curve.usage(chunk.zone, *_ends(period)),
        period=period,
        terms=terms,
    )
    assert not found.held
    wanted = by_hand(curve.inside(chunk.zone, *_ends(period)), 0, (900_000, 1_500_000), chunk.zone)
    assert found.inputs[Input.ORDERED_WH].tolist() == [wanted]


def test_values_finer_than_a_wh_are_dealt_to_the_steps_without_a_rest(chunk):
    curve = Curve(1, 30, *_ends(JUNE), exponent=-3).fill(chunk.zone, random_values(4, 10**6))
    found = chunk.measure(
        ordered_plan(TierCycle(Cycle.MONTH), (300_000, 500_000)),
        [curve],
        curve.usage(chunk.zone, *_ends(JUNE)),
        period=JUNE,
    )
    assert not found.held
    cells = found.inputs[Input.ORDERED_WH][0]
    assert cells.sum() == found.energy.sum()
    exact = by_hand(curve.inside(chunk.zone, *_ends(JUNE)), 0, (300_000_000, 500_000_000), chunk.zone)
    assert np.abs(cells - np.array(exact) / 1000).max() <= 1
