"""From interval values to columns, against a slot-by-slot oracle on days of 23, 24 and 25 hours."""

from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cis.kernel.calendar import local_clock
from cis.kernel.fixed import Int64
from tariffs.domain import measuring
from tariffs.domain.batch import RatingBatch
from tariffs.domain.components.tiers import (
    Convention,
    Cycle,
    TierCycle,
    TieredEnergy,
    TieredTimeOfUse,
    UnevenOrder,
)
from tariffs.domain.inputs import Input
from tariffs.domain.lines import ALWAYS, Charge, LedgerClass, LineSlot, Named, Scoped, Unit
from tariffs.domain.measuring import MissingCalendar, MissingHistory, MixedSteps, Netting, WindowTooFine, measure
from tariffs.domain.plan import DemandMetering, compile_plan
from tariffs.domain.rating import rate
from tariffs.domain.runs import UnevenRun, local_run, plain_run
from tariffs.domain.time_of_use import IntervalTooCoarse
from tests.unit.tariffs.domain.test_time_of_use import YEAR, calendar

HEAD = {"code": "asks", "label": "asks", "ledger": LedgerClass.ENERGY}
HOLIDAY = date(2025, 1, 1)
TWO_SEASONS = {
    "periods": ["peak", "flat", "valley"],
    "season": [
        {
            "name": "cold",
            "dates": ["11-01..03-31"],
            "hours": [
                {"days": ["weekday"], "peak": ["17:00-20:00"], "flat": ["07:00-17:00"], "valley": ["20:00-07:00"]},
                {"days": ["weekend", "holiday"], "flat": ["07:00-20:00"], "valley": ["20:00-07:00"]},
            ],
        },
        {
            "name": "warm",
            "dates": ["04-01..10-31"],
            "hours": [{"days": ["all"], "peak": ["12:00-16:00"], "valley": ["16:00-12:00"]}],
        },
    ],
}
DEMAND_HOURS = {
    "periods": ["on", "off"],
    "season": [
        YEAR
        | {
            "hours": [
                {"days": ["weekday"], "on": ["08:00-22:00"], "off": ["22:00-08:00"]},
                {"days": ["weekend", "holiday"], "off": ["00:00-24:00"]},
            ]
        }
    ],
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Asks(Named):
    """A component that asks for inputs and charges nothing."""

    wants: tuple[Input, ...]

    @property
    def needs(self) -> tuple[Input, ...]:
        return self.wants

    def slots(self) -> tuple[LineSlot, ...]:
        return (self.slot(Unit.KW, 0),)

    def charge(self, batch: RatingBatch, base_minor: Int64) -> Charge:
        nothing = np.zeros((len(batch), 1), dtype=np.int64)
        return Charge(nothing, nothing)


def plan_of(*wants, times=TWO_SEASONS, demand=None, window=60, **more):
    made = None if times is None else calendar(times)
    hours = None if demand is None else calendar(demand)
    return compile_plan(
        components=(Asks(**HEAD, wants=wants),),
        periods=("total",) if made is None else made.periods,
        calendar=made,
        demand=DemandMetering(
            window_minutes=window, periods=("any", *(hours.periods if hours else ())), calendar=hours
        ),
        **more,
    )


ALL = plan_of(Input.PEAK_W, Input.EXPORT_WH, Input.MONTH, demand=DEMAND_HOURS)


def energy_period(at):
    busy = at.weekday() < 5 and at.date() != HOLIDAY
    if at.month in {11, 12, 1, 2, 3}:
        if busy and 17 <= at.hour < 20:
            return 0
        return 1 if 7 <= at.hour < (17 if busy else 20) else 2
    return 0 if 12 <= at.hour < 16 else 2


def demand_period(at):
    return 0 if at.weekday() < 5 and at.date() != HOLIDAY and 8 <= at.hour < 22 else 1


def oracle(walls, values, interval, window):
    """Return energy by month and period, and the peaks, of one customer, slot by slot."""
    used, peak = {}, {}
    per = window // interval
    for slot, (at, value) in enumerate(zip(walls, values, strict=True)):
        month = (at.year, at.month)
        used.setdefault(month, [0, 0, 0])[energy_period(at)] += value
        if slot % per == 0:
            mean_w = sum(values[slot : slot + per]) * 60 // window
            found = peak.setdefault(month, [0, 0, 0])
            for place in (0, 1 + demand_period(at)):
                found[place] = max(found[place], mean_w)
    return list(used.values()), list(peak.values())


def walls_of(zone, first_day, end_day, interval):
    at = datetime(first_day.year, first_day.month, first_day.day, tzinfo=ZoneInfo(zone)).astimezone(UTC)
    end = datetime(end_day.year, end_day.month, end_day.day, tzinfo=ZoneInfo(zone)).astimezone(UTC)
    found = []
    while at < end:
        found.append(at.astimezone(ZoneInfo(zone)))
        at += timedelta(minutes=interval)
    return found


@pytest.mark.parametrize("zone", ["Asia/Shanghai", "America/New_York", "Europe/Berlin"])
@settings(max_examples=12, deadline=None)
@given(
    first=st.dates(date(2024, 12, 20), date(2025, 11, 5)),
    days=st.integers(1, 70),
    shape=st.sampled_from([(60, 60), (30, 60), (15, 60), (15, 15), (15, 30)]),
    seed=st.integers(0, 2**32 - 1),
)
def test_columns_are_those_of_counting_slot_by_slot(zone, first, days, shape, seed):
    interval, window = shape
    plan = plan_of(Input.PEAK_W, demand=DEMAND_HOURS, window=window)
    end = first + timedelta(days=days)
    walls = walls_of(zone, first, end, interval)
    run = local_run(
        clock=local_clock(zone),
        first_day=first,
        end_day=end,
        interval_minutes=interval,
        holidays=frozenset({HOLIDAY}),
    )
    values = np.random.default_rng(seed).integers(-50, 10**6, (3, len(walls)))
    batches = measure(plan=plan, run=run, values_wh=values)
    for row in range(3):
        used, peak = oracle(walls, values[row].tolist(), interval, window)
        assert [batch.used_wh[row].tolist() for batch in batches] == used
        assert [batch.inputs[Input.PEAK_W][row].tolist() for batch in batches] == peak
    assert sum(batch.days[0] for batch in batches) == days


def test_more_customers_than_a_block_are_measured_as_each_alone():
    run = plain_run(first_day=date(2018, 1, 1), days=59, interval_minutes=60)
    count = 2 * measuring.BLOCK + 3
    values = np.random.default_rng(1).integers(0, 10**5, (count, 59 * 24))
    export = np.random.default_rng(2).integers(0, 10**5, (count, 59 * 24))
    together = measure(plan=ALL, run=run, values_wh=values, export_wh=export)
    for row in (0, measuring.BLOCK - 1, measuring.BLOCK, count - 1):
        part = slice(row, row + 1)
        for batch, alone in zip(
            together, measure(plan=ALL, run=run, values_wh=values[part], export_wh=export[part]), strict=True
        ):
            assert batch.used_wh[row].tolist() == alone.used_wh[0].tolist()
            for need in ALL.needs:
                assert batch.inputs[need][row].tolist() == alone.inputs[need][0].tolist()


def test_a_year_of_hours_has_twelve_batches_with_their_days_and_months():
    run = plain_run(first_day=date(2018, 1, 1), days=365, interval_minutes=60)
    batches = measure(plan=ALL, run=run, values_wh=np.ones((1, 8760), dtype=np.int64))
    assert [int(batch.days[0]) for batch in batches] == [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]
    assert [int(batch.inputs[Input.MONTH][0]) for batch in batches] == list(range(1, 13))
    assert {int(batch.month_share_e9[0]) for batch in batches} == {10**9}
    assert sum(int(batch.total_wh[0]) for batch in batches) == 8760


def test_import_and_export_meet_as_the_caller_says():
    run = plain_run(first_day=date(2018, 1, 1), days=1, interval_minutes=60)
    plan = plan_of(Input.EXPORT_WH, Input.PEAK_W, times=None)
    values, export = np.zeros((1, 24), dtype=np.int64), np.zeros((1, 24), dtype=np.int64)
    values[0, :2], export[0, 1:3] = [50, 40], [100, 10]
    (gross,) = measure(plan=plan, run=run, values_wh=values, export_wh=export)
    (net,) = measure(plan=plan, run=run, values_wh=values, export_wh=export, netting=Netting.INTERVAL)
    assert (gross.used_wh.tolist(), gross.inputs[Input.EXPORT_WH].tolist()) == ([[90]], [[110]])
    assert (net.used_wh.tolist(), net.inputs[Input.EXPORT_WH].tolist()) == ([[50]], [[70]])


def test_an_hourly_price_series_is_summed_interval_by_interval():
    run = plain_run(first_day=date(2018, 1, 31), days=2, interval_minutes=60)
    plan = plan_of(Input.SERIES_E9, times=None)
    prices = np.stack([np.arange(48), np.full(48, -7)], axis=1).astype(np.int64)
    values = np.arange(96, dtype=np.int64).reshape(2, 48)
    batches = measure(plan=plan, run=run, values_wh=values, series_e6=prices)
    for batch, hours in zip(batches, (range(24), range(24, 48)), strict=True):
        expected = [[sum(int(values[row, at] * prices[at, r]) for at in hours) for r in range(2)] for row in range(2)]
        assert batch.inputs[Input.SERIES_E9].tolist() == expected


@dataclass(frozen=True, slots=True, kw_only=True)
class InOrder(TieredEnergy):
    """Steps that fill in order of time."""

    @property
    def needs(self) -> tuple[Input, ...]:
        return (Input.ORDERED_WH,)


@given(limit=st.integers(1, 30_000), values=st.lists(st.integers(0, 2000), min_size=48, max_size=48))
def test_steps_in_order_of_time_fill_hour_by_hour(limit, values):
    made = calendar(DEMAND_HOURS)
    plan = compile_plan(
        components=(InOrder(**HEAD, limits_wh=(limit, 2 * limit), prices_e6=(1, 2, 3)),),
        periods=made.periods,
        calendar=made,
        tier_cycle=TierCycle(Cycle.MONTH),
    )
    run = plain_run(first_day=date(2025, 6, 30), days=2, interval_minutes=60)
    before = np.array([500, 0])
    batches = measure(plan=plan, run=run, values_wh=np.array([values, values]), before_wh=before)
    for place, batch in enumerate(batches):
        for row in range(2):
            cells = [[0, 0] for _ in range(3)]
            filled = int(before[row]) if place == 0 else 0
            for hour, value in enumerate(values[24 * place : 24 * place + 24]):
                for _ in range(value):
                    cells[min(filled // limit, 2)][0 if 8 <= hour < 22 else 1] += 1
                    filled += 1
            assert batch.inputs[Input.ORDERED_WH][row].tolist() == cells
            assert batch.inputs[Input.ORDERED_WH][row].sum(axis=0).tolist() == batch.used_wh[row].tolist()


def test_seasons_may_have_limits_of_their_own_in_order_of_time():
    made = calendar(DEMAND_HOURS)
    low = InOrder(**HEAD, limits_wh=(1000,), prices_e6=(1, 2), scope=Scoped(months=frozenset({6})))
    high = InOrder(**HEAD | {"code": "other"}, limits_wh=(5000,), prices_e6=(1, 2), scope=Scoped(months=frozenset({7})))
    run = plain_run(first_day=date(2025, 6, 30), days=2, interval_minutes=60)
    values = np.full((1, 48), 250)

    def first_steps(*steps):
        plan = compile_plan(components=steps, periods=made.periods, calendar=made, tier_cycle=TierCycle(Cycle.MONTH))
        batches = measure(plan=plan, run=run, values_wh=values, before_wh=np.array([0]))
        return [int(batch.inputs[Input.ORDERED_WH][0, 0].sum()) for batch in batches]

    assert first_steps(low, high) == [1000, 5000]
    # In a month that none of them holds, any order will do.
    assert first_steps(replace(low, scope=Scoped(months=frozenset({1})))) == [1000, 1000]
    with pytest.raises(MixedSteps):
        first_steps(low, replace(high, scope=ALWAYS))


def test_seasons_may_have_more_or_fewer_steps_in_order_of_time():
    made = calendar(DEMAND_HOURS)
    shared = {"label": "x", "ledger": LedgerClass.ENERGY, "convention": Convention.TIME_ORDER, "periods": made.periods}
    june = TieredTimeOfUse(
        code="june",
        **shared,
        limits_wh=(1000,),
        prices_e6=((10**6, 2 * 10**6),) * 2,
        scope=Scoped(months=frozenset({6})),
    )
    july = TieredTimeOfUse(
        code="july",
        **shared,
        limits_wh=(2000, 4000),
        prices_e6=((10**6, 2 * 10**6),) * 3,
        scope=Scoped(months=frozenset({7})),
    )
    plan = compile_plan(components=(june, july), periods=made.periods, calendar=made, tier_cycle=TierCycle(Cycle.MONTH))
    run = plain_run(first_day=date(2025, 6, 30), days=2, interval_minutes=60)
    batches = measure(plan=plan, run=run, values_wh=np.full((1, 48), 250), before_wh=np.array([0]))
    cells = [batch.inputs[Input.ORDERED_WH][0].sum(axis=1).tolist() for batch in batches]
    assert cells == [[1000, 5000, 0], [2000, 2000, 2000]]
    rated = [rate(plan=plan, batch=batch).quantity[0].reshape(-1, 2).sum(axis=1).tolist() for batch in batches]
    assert rated == [[1000, 5000, 0, 0, 0], [0, 0, 2000, 2000, 2000]]
    # Energy in a step that the season does not have is not left out of the bill.
    astray = np.roll(batches[0].inputs[Input.ORDERED_WH], 1, axis=1)
    with pytest.raises(UnevenOrder):
        rate(plan=plan, batch=replace(batches[0], inputs={**batches[0].inputs, Input.ORDERED_WH: astray}))


def test_energy_before_a_month_counts_from_the_start_of_the_tier_cycle():
    steps = TieredEnergy(**HEAD, limits_wh=(1000,), prices_e6=(1, 2))
    run = plain_run(first_day=date(2018, 5, 1), days=122, interval_minutes=60)
    values = np.ones((1, 122 * 24), dtype=np.int64)
    yearly = compile_plan(components=(steps,), tier_cycle=TierCycle(Cycle.YEAR, start_month=7))
    batches = measure(plan=yearly, run=run, values_wh=values, before_wh=np.array([100]))
    assert [int(batch.before_wh[0]) for batch in batches] == [100, 100 + 31 * 24, 0, 31 * 24]
    with pytest.raises(MissingHistory):
        measure(plan=yearly, run=run, values_wh=values)
    monthly = compile_plan(components=(steps,), tier_cycle=TierCycle(Cycle.MONTH))
    assert [int(batch.before_wh[0]) for batch in measure(plan=monthly, run=run, values_wh=values)] == [0, 0, 0, 0]


def test_what_intervals_cannot_show_is_refused():
    values = np.zeros((1, 24), dtype=np.int64)
    run = plain_run(first_day=date(2018, 1, 1), days=1, interval_minutes=60)
    with pytest.raises(WindowTooFine):
        measure(plan=plan_of(Input.PEAK_W, window=15), run=run, values_wh=values)
    with pytest.raises(MissingCalendar):
        measure(plan=compile_plan(components=(), periods=("peak", "valley")), run=run, values_wh=values)
    long = plain_run(first_day=date(2018, 1, 1), days=1, interval_minutes=120)
    with pytest.raises(IntervalTooCoarse):
        measure(plan=ALL, run=long, values_wh=values[:, :12])
    with pytest.raises(ValueError, match="24 slots"):
        measure(plan=plan_of(times=None), run=run, values_wh=values[:, :23])


def test_days_that_are_no_whole_number_of_intervals_are_refused():
    with pytest.raises(UnevenRun):
        plain_run(first_day=date(2018, 1, 1), days=1, interval_minutes=7)
    with pytest.raises(UnevenRun):
        local_run(
            clock=local_clock("Australia/Lord_Howe"),
            first_day=date(2025, 4, 6),
            end_day=date(2025, 4, 7),
            interval_minutes=60,
        )
