"""Interval days cut by local day and period of use, on days of 23, 24 and 25 hours."""

from datetime import UTC, date, datetime, timedelta

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from billing.domain import daily, measured, segments
from billing.domain.findings import Obstacles
from billing.domain.pieces import cut
from cis.kernel.calendar import local_clock
from cis.kernel.periods import Period
from metering.domain.intervals import IntervalColumns
from tariffs.domain import document
from tests.unit.billing.domain import books, plans

TOU = """
schema = 1
code = "tou"
name_zh = "分时"
name_en = "Time of use"
legal_source = "none: made for tests"
valid_from = 2020-01-01
currency = "CNY"
decimals = 2
rounding = "line"

[time_of_use]
periods = ["peak", "valley"]
[[time_of_use.season]]
name = "year"
dates = ["01-01..12-31"]
[[time_of_use.season.hours]]
days = ["all"]
peak = ["06:00-22:00"]
valley = ["22:00-06:00"]

[labels.energy]
zh = "电费"
en = "Energy"
[labels.peak]
zh = "峰"
en = "Peak"
[labels.valley]
zh = "谷"
en = "Valley"

[[component]]
kind = "time_of_use"
code = "energy"
unit = "yuan/kWh"
[component.prices]
peak = "0.60"
valley = "0.30"

[[vector]]
name = "one"
used_kwh = { peak = "1", valley = "1" }
total = "0.90"
"""
PLAN = document.parse(text=TOU).plan
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MARKET = timedelta(hours=10)


def market_days(first, last, values_of, minutes=30, register=1):
    """Days on the NEM12 clock (UTC+10) as one block; ``values_of`` an instant gives the Wh of its interval."""
    slots = 24 * 60 // minutes
    days = [first + timedelta(days=n) for n in range((last - first).days)]
    starts = [datetime(d.year, d.month, d.day, tzinfo=UTC) - MARKET for d in days]
    values = [[values_of(s + n * timedelta(minutes=minutes)) for n in range(slots)] for s in starts]
    return IntervalColumns(
        minutes,
        0,
        np.full(len(days), register, dtype=np.int64),
        books.column(d.toordinal() for d in days),
        books.column((s - EPOCH) // timedelta(microseconds=1) for s in starts),
        np.array(values, dtype=np.int64).reshape(len(days), slots),
        np.full((len(days), 1), ord("A"), dtype=np.uint8),
    )


def split(usage, blocks, *, plan=PLAN, zone="Australia/Sydney", terms=None, versions=None, period):
    versions = versions or [books.version(plan)]
    terms = terms or books.agreements((1, 1, 1, 1, 1, date(2024, 1, 1), books.NEVER))
    pieces = cut(agreements=terms, versions=versions, billed=books.no_periods(), period=period)
    obstacles = Obstacles()
    segments.note_unpriced(pieces=pieces, obstacles=obstacles)
    lanes = measured.lanes_of(period_codes=usage.period_codes, versions=versions)
    located = measured.locate(pieces=pieces, usage=usage, lanes=lanes, versions=versions, obstacles=obstacles)
    windows = daily.windows_of(pieces=pieces, usage=usage, located=located, lanes=lanes)
    windows = daily.check_plans(
        windows=windows, pieces=pieces, lanes=lanes, located=located, versions=versions, obstacles=obstacles
    )
    sums, exponent, clock = daily.no_sums(windows=windows, lanes=lanes), 0, local_clock(zone)
    for block in blocks:
        exponent = daily.align(sums=sums, exponent=exponent, block=block)
        daily.add_block(
            sums=sums,
            exponent=exponent,
            block=block,
            windows=windows,
            pieces=pieces,
            lanes=lanes,
            versions=versions,
            local=daily.LocalDays(clock=clock),
        )
    dealt = daily.deal(
        windows=windows,
        sums=sums,
        exponent=exponent,
        pieces=pieces,
        usage=usage,
        approved_wh=usage.energy_wh,
        clock=clock,
        obstacles=obstacles,
    )
    energy = measured.energy_by_lane(pieces=pieces, usage=usage, located=located, lanes=lanes) + dealt.energy_wh
    covers = dealt.complete & (windows.piece >= 0)
    days = windows.piece[covers], windows.start_day[covers], windows.end_day[covers]
    measured.note_gaps(pieces=pieces, usage=usage, located=located, lanes=lanes, days=days, obstacles=obstacles)
    return pieces, lanes, energy, obstacles.of_account


def by_wall_clock(period, values_of, zone, minutes=30):
    """Peak and valley energy by asking each interval for the time on the wall."""
    clock = local_clock(zone)
    at, end = clock.day_start_utc(period.start), clock.day_start_utc(period.end)
    sums = {"peak": 0, "valley": 0}
    while at < end:
        hour = at.astimezone(clock.zone).hour
        sums["peak" if 6 <= hour < 22 else "valley"] += values_of(at)
        at += timedelta(minutes=minutes)
    return sums


@pytest.mark.parametrize("zone", ["Australia/Sydney", "Asia/Shanghai", "Europe/Berlin", "America/St_Johns"])
@pytest.mark.parametrize("month", [3, 4, 10, 11])
@given(seed=st.integers(0, 2**32))
@settings(max_examples=8)
def test_periods_of_use_follow_the_clock_on_the_wall_and_sum_to_the_total(zone, month, seed):
    period = Period(date(2025, month, 1), date(2025, month + 1, 1))
    draws = np.random.default_rng(seed).integers(0, 2_000, 40 * 96)

    def values_of(at):
        return int(draws[int((at - datetime(2025, month, 1, tzinfo=UTC)) / timedelta(minutes=30)) % len(draws)])

    block = market_days(period.start - timedelta(days=1), period.end + timedelta(days=1), values_of)
    wanted = by_wall_clock(period, values_of, zone)
    usage = books.usage((1, 1, "", period.start, period.end, sum(wanted.values()), True))
    _, lanes, energy, held = split(usage, [block], zone=zone, period=period)
    assert not held
    assert {code: int(energy[0, place]) for place, code in enumerate(lanes.codes)} == wanted
    assert energy[0, lanes.total] == 0


def constant(_):
    return 100


JUNE = Period(date(2025, 6, 1), date(2025, 7, 1))
AROUND = (date(2025, 5, 31), date(2025, 7, 2))


def test_a_multiplier_is_kept_and_the_parts_sum_to_what_was_approved():
    usage = books.usage((1, 1, "", JUNE.start, JUNE.end, 30 * 48 * 100 * 40, True))
    _, _lanes, energy, held = split(usage, [market_days(*AROUND, constant)], period=JUNE)
    assert not held
    assert energy.tolist() == [[30 * 32 * 100 * 40, 30 * 16 * 100 * 40, 0]]


def test_values_that_changed_after_approval_hold_the_account():
    usage = books.usage((1, 1, "", JUNE.start, JUNE.end, 30 * 48 * 100 + 5_000, True))
    _, _, _, held = split(usage, [market_days(*AROUND, constant)], period=JUNE)
    assert held[1].code == "usage_outdated"


def test_values_that_came_after_nothing_was_approved_hold_the_account():
    usage = books.usage((1, 1, "", JUNE.start, JUNE.end, 0, True))
    _, _, _, held = split(usage, [market_days(*AROUND, constant)], period=JUNE)
    assert held[1].code == "usage_outdated"


def test_a_meter_that_counts_nothing_is_billed_nothing():
    usage = books.usage((1, 1, "", JUNE.start, JUNE.end, 0, True))
    _, _, energy, held = split(usage, [market_days(*AROUND, lambda _: 0)], period=JUNE)
    assert (held, energy.sum()) == ({}, 0)


def test_a_missing_interval_day_holds_the_account():
    usage = books.usage((1, 1, "", JUNE.start, JUNE.end, 20 * 48 * 100, True))
    block = market_days(date(2025, 6, 1), date(2025, 6, 21), constant)
    _, _, _, held = split(usage, [block], zone="Australia/Brisbane", period=JUNE)
    assert held[1].code == "missing_read"


def test_interval_usage_is_cut_by_day_where_the_price_changes():
    middle = date(2025, 6, 11)
    versions = [
        books.version(plans.flat(), end=middle),
        books.version(plans.flat(70_000_000), version_id=2, start=middle),
    ]
    usage = books.usage((1, 1, "", JUNE.start, JUNE.end, 30 * 48 * 100, True))
    _pieces, lanes, energy, held = split(usage, [market_days(*AROUND, constant)], versions=versions, period=JUNE)
    assert not held
    assert energy[:, lanes.total].tolist() == [10 * 48 * 100, 20 * 48 * 100]


def test_interval_usage_over_a_move_is_dealt_to_both_customers():
    middle = date(2025, 6, 11)
    terms = books.agreements((1, 1, 1, 1, 1, date(2024, 1, 1), middle), (2, 2, 1, 1, 1, middle, books.NEVER))
    usage = books.usage((1, 1, "", JUNE.start, JUNE.end, 30 * 48 * 100, True))
    pieces, _, energy, held = split(usage, [market_days(*AROUND, constant)], terms=terms, period=JUNE)
    assert not held
    assert dict(zip(pieces.account_id.tolist(), energy.sum(axis=1).tolist(), strict=True)) == {1: 48_000, 2: 96_000}


def test_energy_outside_the_agreement_is_nobodys():
    terms = books.agreements((1, 1, 1, 1, 1, date(2025, 6, 11), books.NEVER))
    usage = books.usage((1, 1, "", JUNE.start, JUNE.end, 30 * 48 * 100, True))
    _, _, energy, held = split(usage, [market_days(*AROUND, constant)], terms=terms, period=JUNE)
    assert not held
    assert energy.sum() == 20 * 48 * 100


def test_intervals_are_only_a_check_where_registers_suit_the_tariff():
    usage = books.usage(
        (1, 1, "", JUNE.start, JUNE.end, 30 * 48 * 100, True),
        (1, 2, "peak", JUNE.start, JUNE.end, 90_000),
        (1, 3, "valley", JUNE.start, JUNE.end, 50_000),
    )
    _, _, energy, held = split(usage, [market_days(*AROUND, constant)], period=JUNE)
    assert not held
    assert energy.tolist() == [[90_000, 50_000, 0]]


def test_an_exchange_from_registers_to_intervals_in_the_month_is_summed():
    middle = date(2025, 6, 11)
    usage = books.usage(
        (1, 2, "peak", JUNE.start, middle, 30_000),
        (1, 3, "valley", JUNE.start, middle, 20_000),
        (1, 1, "", middle, JUNE.end, 20 * 48 * 100, True),
    )
    _, _, energy, held = split(usage, [market_days(*AROUND, constant)], period=JUNE)
    assert not held
    assert energy.tolist() == [[30_000 + 20 * 3_200, 20_000 + 20 * 1_600, 0]]


def test_a_tariff_without_a_calendar_cannot_split_intervals():
    usage = books.usage((1, 1, "", JUNE.start, JUNE.end, 30 * 48 * 100, True))
    _, _, _, held = split(usage, [market_days(*AROUND, constant)], plan=plans.periods(), period=JUNE)
    assert held[1].code == "missing_calendar"


def test_hourly_and_quarter_hourly_meters_are_split_alike():
    for minutes, wh in ((60, 200), (15, 50)):
        block = market_days(*AROUND, lambda _, wh=wh: wh, minutes=minutes)
        usage = books.usage((1, 1, "", JUNE.start, JUNE.end, 144_000, True))
        _, _, energy, held = split(usage, [block], period=JUNE)
        assert not held
        assert energy.tolist() == [[96_000, 48_000, 0]]
