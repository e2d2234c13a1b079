"""
From files to bills, the way `make demo` goes: a supplier is loaded, its meter files are imported, two months are billed,
bills are paid. Then every bill is computed a second time from the files themselves, by other arithmetic.
"""

from collections import defaultdict
from datetime import date, timedelta
from fractions import Fraction

import pytest
import time_machine
from django.utils import timezone

from billing.models.bill import Bill, BillSegment
from billing.models.completeness import CompletenessMonth
from billing.models.run import HeldBill
from billing.models.sales_forecast import SalesForecast
from billing.operations import completeness, proof
from billing.queries import balances
from cis.demo import building, foretelling, readings, world
from cis.demo.world import Scale
from cis.kernel.periods import Period
from metering.models.forecast import LoadForecast
from metering.models.read import ReadRejection
from metering.queries import forecasts as queries

pytestmark = pytest.mark.django_db(transaction=True)
TODAY = date(2026, 3, 20)
MONTHS = (Period(start=date(2026, 1, 1), end=date(2026, 2, 1)), Period(start=date(2026, 2, 1), end=date(2026, 3, 1)))
ACCOUNTS = 66
LIMITS_KWH = (3_120, 4_800)
ALLOWANCE_KWH = 1_200
FLAT = tuple(Fraction(price) for price in ("0.617", "0.667", "0.917"))
PEAK = tuple(Fraction(price) for price in ("0.617", "0.677", "0.977"))
VALLEY = tuple(Fraction(price) for price in ("0.307", "0.337", "0.487"))
NON_HOUSEHOLD = Fraction("0.641")
WORKS_RATIOS = {"peak": "1.7", "flat": "1", "valley": "0.38"}
FUNDS = tuple(Fraction(price) for price in ("0.02", "0.00196875", "0.0062", "0.019"))


@pytest.fixture
def billed(tmp_path, settings):
    settings.DOCUMENTS_DIR = tmp_path / "documents"
    scale = Scale(accounts=ACCOUNTS, months=MONTHS, seed=5)
    building.seed(scale=scale, folder=tmp_path, today=TODAY, say=_quiet, bar=_quiet)
    runs = []
    for month in MONTHS:
        run = building.bill(month=month, bar=_quiet)
        building.release_held(billed=run, today=TODAY)
        building.pay(billed=run, today=TODAY)
        runs.append(run)
    return scale, runs


def _quiet(*_args):
    """Say nothing."""


def test_each_account_is_billed_what_its_meter_files_say(billed):
    scale, runs = billed
    assert proof.verify() == ()
    assert {rejection.code for rejection in ReadRejection.objects.all()} == {
        "unknown_meter", "not_a_number", "date_in_future",
    }  # fmt: skip
    assert not HeldBill.objects.filter(state="open").exists()
    assert runs[-1].totals.issued == ACCOUNTS
    _each_day_has_its_place()
    checked = 0
    amounts = _amounts_by_service_point()
    for home in world.households(scale):
        expected = _expected(home, scale)
        for month, minor in expected.items():
            # The proportional split of steps and periods is made to the Wh, so a line may differ by a fen.
            slack = 0 if home.tariff != world.TARIFF_TOU else 3
            assert abs(amounts[home.number, month] - minor) <= slack, (home.number, month, home.tariff)
            checked += 1
    assert checked == len(amounts) >= ACCOUNTS * 2 - 5


@pytest.mark.usefixtures("billed")
def test_running_again_bills_nothing_and_money_is_where_it_belongs():
    before = (Bill.objects.count(), BillSegment.objects.count(), balances.total_owed_minor())
    again = building.bill(month=MONTHS[0], bar=_quiet)
    assert again.totals.bills == 0
    assert (Bill.objects.count(), BillSegment.objects.count(), balances.total_owed_minor()) == before
    assert proof.verify() == ()


def test_one_bill_is_a_pdf_and_what_comes_is_foretold(billed, tmp_path):
    path = building.one_pdf(billed=billed[1][-1], folder=tmp_path)
    assert path.read_bytes().startswith(b"%PDF-")
    with time_machine.travel("2026-03-20T04:00:00Z", tick=False):
        assert foretelling.build(scale=billed[0], at=timezone.now()) >= 1
    loads = LoadForecast.objects.filter(feeder=None).order_by("target_date")
    assert [row.target_date for row in loads] == [date(2026, 2, 28), date(2026, 3, 1)]
    (before,) = queries.listed(wanted=queries.Wanted(area="", until=date(2026, 2, 28)))
    assert 0 < before.was_error_e4 < 10_000
    assert {row.month for row in SalesForecast.objects.all()} == {date(2026, month, 1) for month in (3, 4, 5)}


def _amounts_by_service_point():
    rows = BillSegment.objects.filter(bill__state="issued", cancels=None).values_list(
        "agreement__service_point__external_id", "start_date", "amount_minor"
    )
    found = defaultdict(int)
    for point, start, amount in rows:
        found[int(point[-5:]), start.replace(day=1)] += amount
    return found


def _expected(home, scale):
    """Return what each month costs, computed from the counter values and half hours of the files. [fen]"""
    before = Fraction(0)
    costs = {}
    for month in scale.months:
        if month.end <= home.start:
            continue
        if home.tariff == world.TARIFF_WORKS:
            costs[month.start] = _works_cost(*_turned(home, scale, month))
            continue
        peak, valley = _used_kwh(home, scale, month)
        costs[max(month.start, home.start).replace(day=1)] = _rounded(_cost(home, before, peak, valley))
        before += peak + valley
    return costs


def _used_kwh(home, scale, month):
    if home.metering == world.INTERVAL:
        origin = scale.start - timedelta(days=1)
        days = home.half_hours_wh[(max(month.start, home.start) - origin).days : (month.end - origin).days]
        peak = int(days[:, world.PEAK_SLOTS].sum())
        return Fraction(peak, 1000), Fraction(int(days.sum()) - peak, 1000)
    used, _ = _turned(home, scale, month)
    return used.get("peak", used.get("total", Fraction(0))), used.get("valley", Fraction(0))


def _turned(home, scale, month):
    """Return what each register counted in a month, and what that of demand showed at its end. [kWh, kW]"""
    turned, shown_kw = defaultdict(int), None
    last = {}
    for value in readings.counter_values(home, scale=scale):
        key = (value.serial, value.register)
        if value.register == "demand":
            shown_kw = Fraction(value.reading_wh * home.multiplier, 1000) if value.read_date == month.end else shown_kw
            continue
        if key in last and month.start < value.read_date <= month.end:
            turned[value.register] += (value.reading_wh - last[key]) % world.FULL_TURN_WH
        last[key] = value.reading_wh
    return {register: Fraction(wh * home.multiplier, 1000) for register, wh in turned.items()}, shown_kw


def _works_cost(used, demand_kw):
    """Return a month of a works: two parts, power factor 0.92 of 0.90, funds; each line is rounded. [fen]"""
    active = used["peak"] + used["flat"] + used["valley"]
    assert Fraction(4, 10) < used["reactive"] / active < Fraction(44, 100)
    assert active < 260 * world.WORKS_CAPACITY_KVA
    priced = [
        *(used[period] * Fraction("0.55") * Fraction(ratio) for period, ratio in WORKS_RATIOS.items()),
        active * Fraction("0.40") * Fraction("0.035") / Fraction("0.965"),
        active * Fraction("0.03"),
        demand_kw * 40,
    ]
    base = sum(map(_rounded, priced))
    earned = _rounded(Fraction(base, 100) * Fraction("0.003"))
    return base - earned + sum(_rounded(active * fund) for fund in FUNDS)


def _cost(home, before, peak, valley):
    used = peak + valley
    if home.tariff == world.TARIFF_COLLECTIVE:
        return used * NON_HOUSEHOLD
    grow = ALLOWANCE_KWH if home.persons >= 5 else 0
    edges = [Fraction(-(10**9)), *(Fraction(limit + grow) for limit in LIMITS_KWH), Fraction(10**9)]
    cost = Fraction(0)
    for step in range(3):
        inside = max(Fraction(0), min(before + used, edges[step + 1]) - max(before, edges[step]))
        if home.tariff == world.TARIFF_FLAT:
            cost += inside * FLAT[step]
        elif used:
            cost += inside * (peak * PEAK[step] + valley * VALLEY[step]) / used
    return cost


def _rounded(yuan):
    """Half away from zero; use is never negative here. [fen]"""
    return int(yuan * 100 + Fraction(1, 2))


def _each_day_has_its_place():
    """No energy is lost: of each month measured is billed, changed, dealt by rules, or waits."""
    tally = completeness.check(today=TODAY)
    assert dict(tally.found) == {}
    for month in CompletenessMonth.objects.filter(month__gte=MONTHS[0].start):
        assert month.billed_days > 0
        assert month.changed_wh == 0
        assert month.measured_wh == month.billed_wh + month.dealt_wh + month.idle_wh + month.to_bill_wh + month.held_wh
    assert CompletenessMonth.objects.count() == completeness.MONTHS
