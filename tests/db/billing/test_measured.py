"""Demand, exports by period, hourly prices and steps in order of time in the billing run, from tables to bills."""

from datetime import date, datetime, time, timedelta
from fractions import Fraction
from pathlib import Path
from zoneinfo import ZoneInfo

import psycopg
import pytest
from django.utils import timezone

from billing.models.bill import Bill, BillLine, BillSegment
from billing.models.run import HeldBill
from billing.operations import chunks, held, runs
from cis.kernel.actors import SYSTEM, Actor, ActorKind
from cis.kernel.calendar import local_clock
from cis.kernel.enums import Role
from cis.kernel.periods import Period
from contracts.models.agreement import AgreementTerm
from metering.domain.correction_orders import Order, Scale
from metering.domain.corrections import Cause
from metering.models.correction import UsageCorrection
from metering.operations import corrections
from metering.operations import reads as meter_reads
from metering.operations import usage as approval
from tariffs.operations import prices
from tests.db.billing.night import FEBRUARY, JANUARY, bill, prove
from tests.factories import accounts, contracts, metering, tariffs

pytestmark = pytest.mark.django_db
PACKS = Path(__file__).parents[3] / "cis" / "packs"
METERER = Actor(ActorKind.STAFF, 1, "first", frozenset({Role.METERING}))
SUPERVISOR = Actor(ActorKind.STAFF, 2, "second", frozenset({Role.SUPERVISOR}))
SHANGHAI = ZoneInfo("Asia/Shanghai")
HEAD = """
schema = 1
code = "{code}"
name_zh = "测量"
name_en = "Measured"
legal_source = "none: made for tests"
valid_from = 2020-01-01
currency = "CNY"
decimals = 2
rounding = "line"
"""
PERIODS = """
[time_of_use]
periods = ["peak", "valley"]
[[time_of_use.season]]
name = "year"
dates = ["01-01..12-31"]
[[time_of_use.season.hours]]
days = ["all"]
peak = ["08:00-22:00"]
valley = ["22:00-08:00"]
[[time_of_use.event]]
code = "heat"
announced_by = "forecast"
peak = ["00:00-24:00"]
[labels.peak]
zh = "峰"
en = "Peak"
[labels.valley]
zh = "谷"
en = "Valley"
"""


def document(code, *parts, labels=(), periods=False, inputs=""):
    """A tariff of some parts, with a vector of no energy."""
    words = "".join(f'[labels.{label}]\nzh = "{label}"\nen = "{label}"\n' for label in labels)
    used = '{ peak = "0", valley = "0" }' if periods else '"0"'
    vector = f'[[vector]]\nname = "none"\nused_kwh = {used}\n{inputs}\ntotal = "0"\n'
    return HEAD.format(code=code) + (PERIODS if periods else "") + words + "".join(parts) + vector


ENERGY = '[[component]]\nkind = "energy"\ncode = "energy"\nunit = "yuan/kWh"\nprice = "0.5"\n'
DEMAND = """[[component]]
kind = "measured_demand"
code = "demand"
unit = "yuan/kW"
price = "30"
proration = "whole"
billed_before = "ignore"
"""
DEMAND_TARIFF = document(
    "demand",
    ENERGY,
    '[demand]\nwindow_minutes = 15\nseveral_feeds = "added"\n',
    DEMAND,
    labels=("energy", "demand"),
    inputs='inputs = { peak_kw = "0" }',
)
REACTIVE_TARIFF = document(
    "kvar",
    ENERGY,
    "[demand]\nwindow_minutes = 30\n",
    '[[component]]\nkind = "reactive_demand"\ncode = "kvar"\nunit = "yuan/kvar"\nprice = "30"\nproration = "whole"\n',
    labels=("energy", "kvar"),
    inputs='inputs = { reactive_peak_kvar = "0" }',
)


def customer(*registers, source, capacity_w=1_000_000, is_interval=True, zone="Asia/Shanghai", multiplier=1):
    """An account with one meter; returns the registers by code."""
    accounts.supplier(time_zone=zone)
    version = tariffs.version(source=source)
    point = metering.service_point(capacity_w=capacity_w)
    made = metering.metered(registers=registers or ("E1",), is_interval=is_interval, at=point, multiplier=multiplier)
    contracts.agreement(service_point=point, tariff=version.tariff, start_date=JANUARY.start)
    return {row.code: row for row in made}


def value_of(at):
    """Some energy of a quarter of an hour, another one at each. [Wh]"""
    minute = int(at.timestamp()) // 60
    return 10 + minute * 7919 % 1_499


def local(at, zone=SHANGHAI):
    return at.astimezone(zone)


def lines(**where):
    return {
        f"{one.code}{'/' + one.period_of_use if one.period_of_use else ''}{'/' + str(one.step) if one.step else ''}": one
        for one in BillLine.objects.filter(**where)
    }


def approve(period=JANUARY):
    return approval.approve(start_date=period.start, end_date=period.end)


def demands():
    """Largest demand and energy of the segments in force, by the month that they bill. [W, Wh]"""
    rows = BillSegment.objects.filter(cancels=None, cancelled_by=None).exclude(bill__state="cancelled")
    return {
        row.start_date: (BillLine.objects.get(bill_id=row.bill_id, segment=row, code="demand").quantity, row.used_wh)
        for row in rows
    }


def correct(register, cause, factor, *, since, until):
    """Correct a register by a factor, by two persons where that is needed."""
    wanted = Order(
        service_point_id=register.meter.installations.get().service_point_id,
        meter_id=register.meter_id,
        cause=Cause(cause),
        since_date=since,
        until_date=until,
        amount=Scale(factor=factor),
        evidence="report 17",
    )
    found = corrections.propose(order=wanted, request_key="k", today=until, actor=METERER)
    if UsageCorrection.objects.get(id=found).state == "proposed":
        corrections.apply(correction_id=found, actor=SUPERVISOR)
    return found


def undo(correction_id):
    corrections.undo(correction_id=correction_id, reason="no", today=date(2025, 3, 1), actor=METERER)
    if UsageCorrection.objects.get(id=correction_id).state == "undoing":
        corrections.confirm_undo(correction_id=correction_id, actor=SUPERVISOR)


def settle(run_id):
    for one in HeldBill.objects.filter(run_id=run_id, state="open"):
        assert one.code in ("negative_total", "usage_very_high")
        held.release(held_id=one.id, today=date(2025, 3, 1), actor=SUPERVISOR)


class TestReactiveDemand:
    """The largest mean reactive demand of a window, from reactive interval values."""

    def supplied(self, **values):
        registers = customer(source=REACTIVE_TARIFF)
        metering.curve(of=registers["E1"], start_date=JANUARY.start, end_date=JANUARY.end, value_of=value_of)
        return metering.register(
            of=registers["E1"].meter, code="Q1", quantity="reactive", **{"is_interval": True, **values}
        )

    def test_it_is_billed_by_its_own_register(self):
        drawn = self.supplied()
        given = metering.register(of=drawn.meter, code="K1", quantity="reactive", direction="export", is_interval=True)
        span = {"start_date": JANUARY.start, "end_date": JANUARY.end}
        inside = metering.curve(of=drawn, value_of=lambda at: value_of(at) * 2 // 3, **span)
        # What capacitors give back is no demand, however much it is.
        metering.curve(of=given, value_of=lambda _: 10_000, **span)
        assert approve().findings == []
        bill()
        assert not HeldBill.objects.exists()
        line = lines()["kvar"]
        windows = sorted(inside)
        peak = max(inside[one] + inside[two] for one, two in zip(windows[::2], windows[1::2], strict=True)) * 2
        assert (line.quantity, line.unit) == (peak, "kvar")
        assert line.amount_minor == int(Fraction(peak * 30 * 100, 1000) + Fraction(1, 2))
        prove()

    @pytest.mark.parametrize(
        ("values", "last", "code"),
        [
            ({"is_interval": False}, JANUARY.end, "not_measured"),
            ({}, date(2025, 1, 20), "not_measured"),
        ],
    )
    def test_what_is_not_measured_holds_the_account(self, values, last, code):
        drawn = self.supplied(**values)
        if drawn.is_interval:
            metering.curve(of=drawn, start_date=JANUARY.start, end_date=last, value_of=value_of)
        approve()
        bill()
        one = HeldBill.objects.get()
        assert (one.code, "Reactive demand" in one.message) == (code, True)

    def test_values_that_changed_since_they_were_approved_hold_the_account(self):
        drawn = self.supplied()
        metering.curve(of=drawn, start_date=JANUARY.start, end_date=JANUARY.end, value_of=value_of)
        approve()
        drawn.usages.update(energy_wh=5)
        bill()
        assert HeldBill.objects.get().code == "usage_outdated"


class TestDemandOfIntervals:
    """The largest mean demand of a window, from interval days."""

    def test_it_is_billed_with_the_energy(self):
        registers = customer(source=DEMAND_TARIFF)
        inside = metering.curve(of=registers["E1"], start_date=JANUARY.start, end_date=JANUARY.end, value_of=value_of)
        assert approve().findings == []
        bill()
        assert not HeldBill.objects.exists()
        found = lines()
        peak_w = max(inside.values()) * 4
        assert found["demand"].quantity == peak_w
        assert found["demand"].amount_minor == int(Fraction(peak_w * 30 * 100, 1000) + Fraction(1, 2))
        assert BillSegment.objects.get().used_wh == sum(inside.values())
        prove()

    @pytest.mark.parametrize(
        ("cause", "factor"), [("wiring", Fraction(3, 2)), ("meter_error", Fraction(1000, 1037)), ("fuse", Fraction(3))]
    )
    def test_values_that_are_corrected_bill_demand_and_energy_anew_and_back(self, cause, factor):
        registers = customer(source=DEMAND_TARIFF)
        last = Period(JANUARY.start, FEBRUARY.end)
        inside = metering.curve(of=registers["E1"], start_date=last.start, end_date=last.end, value_of=value_of)
        assert approve(last).findings == []
        bill()
        settle(bill(FEBRUARY))
        before = demands()
        # An odd number of days: half of a day is corrected where half of the time is.
        correction_id = correct(registers["E1"], cause, factor, since=date(2025, 1, 13), until=date(2025, 2, 11))
        settle(bill(FEBRUARY))
        assert not HeldBill.objects.filter(state="open").exists()
        found = UsageCorrection.objects.get(id=correction_id)
        begin = datetime.combine(found.start_date, time(), SHANGHAI)
        share, end = Fraction(found.first_share), datetime(2025, 2, 11, tzinfo=SHANGHAI)
        for month in (JANUARY, FEBRUARY):
            exact = [
                wh * (1 + (factor - 1) * (share if at < begin + timedelta(days=1) else 1) * (begin <= at < end))
                for at, wh in inside.items()
                if month.start <= local(at).date() < month.end
            ]
            peak_w, used_wh = demands()[month.start]
            assert abs(peak_w - max(exact) * 4) <= 2
            assert abs(used_wh - sum(exact)) <= 1
        assert demands() != before
        prove()
        undo(correction_id)
        settle(bill(FEBRUARY))
        assert demands() == before
        assert not HeldBill.objects.filter(state="open").exists()
        prove()

    def test_missing_intervals_hold_the_account_and_never_make_a_smaller_demand(self):
        registers = customer(source=DEMAND_TARIFF)
        metering.curve(of=registers["E1"], start_date=JANUARY.start, end_date=date(2025, 1, 20), value_of=value_of)
        approve()
        bill()
        assert [row.code for row in HeldBill.objects.all()] == ["missing_read"]

    def test_intervals_longer_than_the_window_hold_the_account_by_name(self):
        registers = customer(source=DEMAND_TARIFF)
        metering.curve(
            of=registers["E1"], start_date=JANUARY.start, end_date=JANUARY.end, value_of=value_of, minutes=30
        )
        approve()
        bill()
        assert [row.code for row in HeldBill.objects.all()] == ["window_too_fine"]

    def test_a_newer_delivery_with_another_peak_is_rebilled(self):
        registers = customer(source=DEMAND_TARIFF)
        metering.curve(of=registers["E1"], start_date=JANUARY.start, end_date=FEBRUARY.end, value_of=value_of)
        approve(Period(JANUARY.start, FEBRUARY.end))
        bill()
        before = lines()["demand"].quantity
        day = date(2025, 1, 10)
        total = 40_000
        values = [0] * 95 + [total]
        metering.interval_day(of=registers["E1"], on=day, version=2, values_wh=values)
        approve(Period(JANUARY.start, FEBRUARY.end))
        bill(FEBRUARY)
        assert BillSegment.objects.filter(cancels__isnull=False).count() == 1
        assert max(BillLine.objects.filter(code="demand", period_of_use="").values_list("quantity", flat=True)) > before
        assert 4 * total == max(
            BillLine.objects.filter(code="demand", period_of_use="").values_list("quantity", flat=True)
        )
        prove()

    def test_the_multiplier_of_its_usage_is_in_the_demand(self):
        registers = customer(source=DEMAND_TARIFF)
        inside = metering.curve(of=registers["E1"], start_date=JANUARY.start, end_date=JANUARY.end, value_of=value_of)
        metering.usage(
            of=registers["E1"], start_date=JANUARY.start, end_date=JANUARY.end, multiplier=40,
            energy_wh=40 * sum(inside.values()),
        )  # fmt: skip
        bill()
        assert BillLine.objects.filter(code="demand", period_of_use="").values_list("quantity", flat=True)[0] == (
            max(inside.values()) * 160
        )


class TestDemandOfRegisters:
    """The month's largest demand that a register shows."""

    def meter(self, resets="month", multiplier=10):
        (total,) = customer("total", source=DEMAND_TARIFF, is_interval=False, multiplier=multiplier).values()
        shown = metering.register(of=total.meter, code="demand", quantity="demand", resets=resets)
        return total, shown

    def deliver(self, *rows, tmp_path):
        file = tmp_path / f"reads-{len(list(tmp_path.iterdir()))}.csv"
        file.write_text("meter,register,read_at,reading,unit\n" + "".join(",".join(row) + "\n" for row in rows))
        today = date(2025, 3, 1)
        return meter_reads.import_file(source=file, name=file.name, actor=SYSTEM, today=today)

    def test_reads_of_a_file_are_approved_and_billed(self, tmp_path):
        total, _ = self.meter()
        serial = total.meter.serial
        imported = self.deliver(
            (serial, "total", "2025-01-01", "100.00", "kWh"), (serial, "total", "2025-02-01", "400.00", "kWh"),
            (serial, "最大需量", "2025-01-01", "9.5", "kW"), (serial, "最大需量", "2025-02-01", "0.0087", "MW"),
            (serial, "demand", "2025-01-15", "8.2", "kWh"),
            tmp_path=tmp_path,
        )  # fmt: skip
        assert (imported.reads, imported.rejected) == (4, 1)
        assert approve().findings == []
        bill()
        assert not HeldBill.objects.exists()
        assert lines()["demand"].quantity == 87_000
        prove()

    def test_a_demand_register_that_was_not_read_holds_the_account(self):
        total, shown = self.meter()
        for day, kwh in ((JANUARY.start, 100), (JANUARY.end, 200)):
            metering.read(of=total, on=day, kwh=kwh)
        metering.read(of=shown, on=JANUARY.start, kwh=30)
        approve()
        bill()
        assert [row.code for row in HeldBill.objects.all()] == ["not_measured"]

    def test_one_that_nobody_resets_is_billed_as_long_as_it_moves(self):
        total, shown = self.meter(resets="never", multiplier=1)
        for day, kwh, kw in ((JANUARY.start, 100, 30), (JANUARY.end, 200, 41), (FEBRUARY.end, 300, 41)):
            metering.read(of=total, on=day, kwh=kwh)
            metering.read(of=shown, on=day, reading_wh=kw * 1_000)
        found = approve(Period(JANUARY.start, FEBRUARY.end)).findings
        assert [one.code for one in found] == ["demand_unmoved"]
        bill()
        bill(FEBRUARY)
        assert lines()["demand"].quantity == 41_000
        assert [(row.start_date, row.code) for row in HeldBill.objects.all()] == [(FEBRUARY.start, "not_measured")]

    def test_a_corrected_read_of_demand_is_rebilled(self):
        total, shown = self.meter(multiplier=1)
        for day, kwh, kw in ((JANUARY.start, 100, 30), (JANUARY.end, 200, 41)):
            metering.read(of=total, on=day, kwh=kwh)
            metering.read(of=shown, on=day, reading_wh=kw * 1_000)
        approve()
        bill()
        metering.read(of=shown, on=JANUARY.end, reading_wh=44_000, version=2)
        approve()
        bill()
        assert sorted(BillLine.objects.filter(code="demand", period_of_use="").values_list("quantity", flat=True)) == [
            -41_000,
            41_000,
            44_000,
        ]
        prove()

    def test_a_wrong_multiplier_corrects_the_demand_that_its_register_showed_too(self):
        total, shown = self.meter(multiplier=1)
        for day, kwh, kw in ((JANUARY.start, 0, 0), (JANUARY.end, 5_000, 41)):
            metering.read(of=total, on=day, kwh=kwh)
            metering.read(of=shown, on=day, reading_wh=kw * 1_000)
        approve()
        bill()
        correct(total, "multiplier", Fraction(3, 2), since=JANUARY.start, until=JANUARY.end)
        settle(bill())
        assert demands() == {JANUARY.start: (61_500, 7_500_000)}
        assert not HeldBill.objects.filter(state="open").exists()
        prove()


EXPORT_TARIFF = document(
    "export",
    '[[component]]\nkind = "time_of_use"\ncode = "energy"\nunit = "yuan/kWh"\nprices = { peak = "0.6", valley = "0.3" }\n',
    '[[component]]\nkind = "export_credit"\ncode = "export"\nunit = "yuan/kWh"\nprices = { peak = "0.4", valley = "0.2" }\n',
    labels=("energy", "export"),
    periods=True,
    inputs='inputs = { export_kwh = { peak = "0", valley = "0" } }',
)


class TestExports:
    """Energy given to the grid, by period of use."""

    def test_it_is_split_by_the_calendar_out_of_export_intervals(self):
        (drawn,) = customer(source=EXPORT_TARIFF).values()
        given = metering.register(of=drawn.meter, code="B1", direction="export", is_interval=True)
        metering.curve(of=drawn, start_date=JANUARY.start, end_date=JANUARY.end, value_of=value_of)
        inside = metering.curve(
            of=given, start_date=JANUARY.start, end_date=JANUARY.end, value_of=lambda at: value_of(at) // 3
        )
        assert approve().findings == []
        bill()
        assert not HeldBill.objects.exists()
        wanted = {"peak": 0, "valley": 0}
        for at, value in inside.items():
            wanted["peak" if 8 <= local(at).hour < 22 else "valley"] += value
        assert {code: one.quantity for code, one in lines(code="export").items()} == {
            f"export/{code}": value for code, value in wanted.items()
        }
        assert all(one.amount_minor < 0 for one in lines(code="export").values())
        prove()
        bill()
        assert Bill.objects.count() == 1

    def test_export_registers_by_period_are_taken_as_they_are(self):
        registers = customer("peak", "valley", source=EXPORT_TARIFF, is_interval=False)
        meter = registers["peak"].meter
        for code, kwh in (("peak", 40), ("valley", 7)):
            metering.usage(of=registers[code], start_date=JANUARY.start, end_date=JANUARY.end, kwh=100)
            given = metering.register(of=meter, code=f"B-{code}", direction="export", period_of_use=code)
            metering.usage(of=given, start_date=JANUARY.start, end_date=JANUARY.end, kwh=kwh)
        bill()
        assert not HeldBill.objects.exists()
        assert {code: one.quantity for code, one in lines(code="export").items()} == {
            "export/peak": 40_000,
            "export/valley": 7_000,
        }
        prove()

    @pytest.mark.parametrize("kind", ["none", "half", "all hours"])
    def test_exports_that_are_not_wholly_told_hold_the_account(self, kind):
        registers = customer("peak", "valley", source=EXPORT_TARIFF, is_interval=False)
        for code in registers:
            metering.usage(of=registers[code], start_date=JANUARY.start, end_date=JANUARY.end, kwh=100)
        if kind != "none":
            code = "peak" if kind == "half" else ""
            given = metering.register(of=registers["peak"].meter, code="B1", direction="export", period_of_use=code)
            metering.usage(of=given, start_date=JANUARY.start, end_date=JANUARY.end, kwh=9)
        bill()
        assert [row.code for row in HeldBill.objects.all()] == ["not_measured"]


DYNAMIC_TARIFF = document(
    "dynamic",
    '[[component]]\nkind = "dynamic"\ncode = "spot"\nunit = "yuan/kWh"\nseries = "day-ahead"\nmargin = "0.02"\n'
    'negative_prices = "keep"\nfloor = "-0.05"\ncap = "0.60"\n',
    labels=("spot",),
    inputs='inputs = { series_amount = ["0"] }',
)


def price_of(at):
    """A price for each hour, sometimes below the floor or above the cap. [10^-3 yuan/kWh]"""
    return int(at.timestamp()) // 3600 * 7919 % 900 - 150


def price_file(period, change=0):
    clock = local_clock("Asia/Shanghai")
    at, until = clock.day_start_utc(period.start), clock.day_start_utc(period.end)
    rows = ["start_at,price"]
    while at < until:
        rows.append(f"{local(at).isoformat()},{(price_of(at) + change) / 1000:.3f}")
        at += timedelta(hours=1)
    return "\n".join(rows) + "\n"


def load(period, change=0, *, corrects=False):
    prices.load_prices(
        series="day-ahead", text=price_file(period, change), unit="CNY/kWh", source="exchange", corrects=corrects,
        actor=SYSTEM,
    )  # fmt: skip


def spot_amount(inside, change=0):
    """What energy costs at the price of each hour, between floor and cap, and the margin. [fen]"""
    exact = sum(
        Fraction(value, 1000)
        * (Fraction(min(max(price_of(at.replace(minute=0)) + change, -50), 600), 1000) + Fraction(2, 100))
        for at, value in inside.items()
    )
    return int(exact * 100 + Fraction(1, 2))


class TestHourlyPrices:
    """Energy at the prices of a published series."""

    def account(self, months=(JANUARY,)):
        (register,) = customer(source=DYNAMIC_TARIFF).values()
        whole = Period(months[0].start, months[-1].end)
        inside = metering.curve(of=register, start_date=whole.start, end_date=whole.end, value_of=value_of)
        approve(whole)
        return {
            month: {at: value for at, value in inside.items() if month.start <= local(at).date() < month.end}
            for month in months
        }

    def test_each_interval_has_the_price_of_its_hour(self):
        inside = self.account()
        load(JANUARY)
        bill()
        assert not HeldBill.objects.exists()
        assert Bill.objects.get().amount_minor == spot_amount(inside[JANUARY])
        prove()

    def test_a_missing_price_holds_the_account_and_names_the_day(self):
        self.account()
        load(Period(JANUARY.start, date(2025, 1, 20)))
        bill()
        held = HeldBill.objects.get()
        assert (held.code, "2025-01-20" in held.message) == ("prices_missing", True)
        load(Period(date(2025, 1, 20), JANUARY.end))
        bill()
        assert Bill.objects.filter(state="issued").count() == 1

    def test_a_corrected_price_series_rebills_the_months_it_touches(self):
        inside = self.account((JANUARY, FEBRUARY))
        load(Period(JANUARY.start, FEBRUARY.end))
        bill()
        first = BillSegment.objects.get()
        assert first.redelivered == 0
        load(Period(date(2025, 1, 5), date(2025, 1, 8)), 30, corrects=True)
        bill(FEBRUARY)
        assert BillSegment.objects.filter(cancels=first).count() == 1
        again = BillSegment.objects.get(start_date=JANUARY.start, cancels=None, bill__start_date=FEBRUARY.start)
        assert again.redelivered == 3
        changed = {date(2025, 1, day) for day in (5, 6, 7)}
        corrected = {at: value for at, value in inside[JANUARY].items() if local(at).date() in changed}
        rest = {at: value for at, value in inside[JANUARY].items() if local(at).date() not in changed}
        assert abs(again.amount_minor - spot_amount(corrected, 30) - spot_amount(rest)) <= 1
        prove()


ORDERED_TARIFF = document(
    "ordered",
    '[[component]]\nkind = "tiered_time_of_use"\ncode = "energy"\nunit = "yuan/kWh"\nlimits_kwh = ["1500", "3000"]\n'
    'convention = "time_order"\n[component.prices]\npeak = ["0.6", "0.65", "0.9"]\nvalley = ["0.3", "0.35", "0.6"]\n',
    '[tier_cycle]\nevery = "year"\n',
    labels=("energy",),
    periods=True,
    inputs='inputs = { ordered_kwh = { peak = ["0", "0", "0"], valley = ["0", "0", "0"] } }',
)


def test_steps_fill_in_order_of_time_month_after_month():
    (register,) = customer(source=ORDERED_TARIFF).values()
    inside = metering.curve(of=register, start_date=JANUARY.start, end_date=FEBRUARY.end, value_of=value_of)
    assert approve(Period(JANUARY.start, FEBRUARY.end)).findings == []
    bill()
    bill(FEBRUARY)
    assert not HeldBill.objects.exists()
    cells, filled = {}, 0
    for at, value in sorted(inside.items()):
        when = local(at)
        period = "peak" if 8 <= when.hour < 22 else "valley"
        for step, (low, high) in enumerate(((0, 1_500_000), (1_500_000, 3_000_000), (3_000_000, 10**12)), start=1):
            part = max(0, min(filled + value, high) - max(filled, low))
            if part:
                key = (when.month, f"energy/{period}/{step}")
                cells[key] = cells.get(key, 0) + part
        filled += value
    found = {
        (segment.start_date.month, code): one.quantity
        for segment in BillSegment.objects.all()
        for code, one in lines(segment=segment).items()
        if one.quantity
    }
    assert found == cells
    assert len({code for _, code in found}) > 4
    prove()


class TestEvents:
    """Hours that hold on announced days."""

    @pytest.fixture
    def account(self, monkeypatch):
        (register,) = customer(source=EXPORT_FREE).values()
        tariff = AgreementTerm.objects.get().tariff
        tariff.code = "tou"
        tariff.save()
        clock = local_clock("Asia/Shanghai")
        now = [clock.day_start_utc(date(2025, 1, 9))]
        monkeypatch.setattr(timezone, "now", lambda: now[0])
        inside = metering.curve(of=register, start_date=JANUARY.start, end_date=JANUARY.end, value_of=value_of)
        approve()
        return inside, now

    def announce(self, day):
        prices.announce(tariffs=("tou",), code="heat", event_date=day, source="forecast", actor=SYSTEM)

    def test_an_event_announced_the_day_before_is_in_the_split(self, account):
        inside, _ = account
        self.announce(date(2025, 1, 10))
        bill()
        peak = sum(
            value for at, value in inside.items() if 8 <= local(at).hour < 22 or local(at).date() == date(2025, 1, 10)
        )
        assert lines()["energy/peak"].quantity == peak
        prove()

    def test_an_event_for_days_that_are_billed_is_refused_and_bills_stay(self, account):
        _, now = account
        bill()
        now[0] = datetime(2025, 2, 2, tzinfo=SHANGHAI)
        with pytest.raises(prices.AnnouncedTooLate):
            self.announce(date(2025, 1, 10))
        bill()
        assert Bill.objects.count() == 1


EXPORT_FREE = document(
    "tou",
    '[[component]]\nkind = "time_of_use"\ncode = "energy"\nunit = "yuan/kWh"\nprices = { peak = "0.6", valley = "0.3" }\n',
    labels=("energy",),
    periods=True,
)


@pytest.mark.parametrize(("zone", "month"), [("Australia/Sydney", 4), ("Europe/Berlin", 3), ("America/New_York", 11)])
def test_local_days_of_23_and_25_hours_have_their_hours_in_demand_and_split(zone, month):
    source = document(
        "both",
        '[[component]]\nkind = "time_of_use"\ncode = "energy"\nunit = "yuan/kWh"\n'
        'prices = { peak = "0.6", valley = "0.3" }\n',
        "[demand]\nwindow_minutes = 60\n",
        DEMAND,
        labels=("energy", "demand"),
        periods=True,
        inputs='inputs = { peak_kw = "0" }',
    )
    (register,) = customer(source=source, zone=zone).values()
    period = Period(date(2025, month, 1), date(2025, month + 1, 1))
    inside = metering.curve(
        of=register, start_date=period.start, end_date=period.end, value_of=value_of, minutes=30, zone=zone
    )
    assert approve(period).findings == []
    bill(period)
    assert not HeldBill.objects.exists()
    hours = sorted(inside)
    peak = max(inside[at] + inside[at + timedelta(minutes=30)] for at in hours[::2])
    found = lines()
    assert found["demand"].quantity == peak
    in_peak = sum(value for at, value in inside.items() if 8 <= local(at, ZoneInfo(zone)).hour < 22)
    assert found["energy/peak"].quantity == in_peak
    prove()


@pytest.fixture
def statements(monkeypatch):
    """Every statement that goes over the wire."""
    sent = []
    execute = psycopg.Cursor.execute

    def count_execute(self, query, *args, **kwargs):
        sent.append(str(query))
        return execute(self, query, *args, **kwargs)

    monkeypatch.setattr(psycopg.Cursor, "execute", count_execute)
    return sent


def test_the_number_of_statements_of_a_chunk_does_not_grow_with_its_meters(statements):
    accounts.supplier()
    version = tariffs.version(source=DEMAND_TARIFF)

    def rated(count):
        made = []
        for _ in range(count):
            point = metering.service_point(capacity_w=1_000_000)
            (register,) = metering.metered(registers=("E1",), is_interval=True, at=point)
            agreement = contracts.agreement(service_point=point, tariff=version.tariff, start_date=JANUARY.start)
            metering.curve(of=register, start_date=JANUARY.start, end_date=JANUARY.end, value_of=value_of, minutes=15)
            made.append(agreement.account_id)
        approve()
        run_id = runs.open(period=JANUARY, as_of_date=JANUARY.end, actor=SYSTEM, account_ids=made)
        statements.clear()
        chunks.rate_chunk(run_id=run_id)
        return len(statements)

    rated(1)
    assert rated(1) == rated(4)
    assert not HeldBill.objects.exists()
