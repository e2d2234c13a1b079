"""Places that are billed on more, or less, than what their own meters count."""

from datetime import date, timedelta
from pathlib import Path

import pytest
from django.db.backends.postgresql.psycopg_any import DateRange

from billing.models.bill import Bill, BillLine, BillSegment
from billing.models.run import HeldBill
from billing.queries import segments
from cis.kernel.actors import SYSTEM
from contracts.models.agreement import AgreementTerm
from metering.domain.usage_rules import Rule, RuleKind
from metering.models.usage import Usage
from metering.operations import usage, usage_rules
from tests.db.billing.night import FEBRUARY, JANUARY, bill, prove
from tests.factories import accounts, contracts, mass, metering, tariffs

pytestmark = pytest.mark.django_db

MIDDLE = date(2025, 1, 15)
TWO_PRICES = (
    tariffs.FLAT.replace('"flat"', '"by-hours"')
    .replace(
        "[labels.energy]",
        """[time_of_use]
periods = ["peak", "valley"]
[[time_of_use.season]]
name = "year"
dates = ["01-01..12-31"]
[[time_of_use.season.hours]]
days = ["all"]
peak = ["06:00-22:00"]
valley = ["22:00-06:00"]
[labels.peak]
zh = "峰"
en = "Peak"
[labels.valley]
zh = "谷"
en = "Valley"
[labels.energy]""",
    )
    .replace('kind = "energy"', 'kind = "time_of_use"')
    .replace('price = "0.617"', '[component.prices]\npeak = "1"\nvalley = "0.5"')
    .replace('used_kwh = "100"\ntotal = "61.70"', 'used_kwh = { peak = "60", valley = "40" }\ntotal = "80.00"')
)


@pytest.fixture(autouse=True)
def _supplier():
    accounts.supplier()


@pytest.fixture
def flat():
    return tariffs.version(source=tariffs.FLAT).tariff


@pytest.fixture
def by_hours():
    return tariffs.version(source=TWO_PRICES).tariff


def supplied(tariff, *, kwh=None, registers=("total",), months=(JANUARY,), **values):
    """A place with an agreement from January on; with energy it has a meter, else none."""
    point = metering.service_point()
    contracts.agreement(service_point=point, tariff=tariff, start_date=JANUARY.start, account=accounts.account())
    if kwh is not None:
        hung = metering.metered(registers=registers, at=point)
        for month in months:
            for register, each in zip(hung, kwh if isinstance(kwh, tuple) else (kwh,), strict=True):
                metering.usage(of=register, kwh=each, start_date=month.start, end_date=month.end, at=point, **values)
    return point


def begin(kind, point, source=None, **values):
    given = {"start_date": JANUARY.start, **values}
    if kind == "quantity":
        given.setdefault("excess", "refuse")
    if "quantity_wh" in given:
        given.setdefault("per", "month")
    rule = Rule(kind=RuleKind(kind), service_point=point.id, source=source and source.id, **given)
    return usage_rules.begin(rule=rule, actor=SYSTEM)


def billed(point):
    """Energy of the segments in force at a place, in the order of time. [Wh]"""
    rows = BillSegment.objects.filter(
        agreement__service_point=point, bill__state="issued", cancels=None, cancelled_by=None
    )
    return list(rows.order_by("start_date").values_list("used_wh", flat=True))


def held():
    return {row.account_id: row for row in HeldBill.objects.all()}


def test_a_fixed_share_is_billed_where_it_is_used_and_the_rest_at_the_meter(flat):
    main, home, shop = supplied(flat, kwh=1_000), supplied(flat), supplied(flat)
    begin("share", home, main, share_e6=333_333)
    begin("share", shop, main, share_e6=333_333)
    bill()
    parts = [*billed(main), *billed(home), *billed(shop)]
    assert parts == [333_334, 333_333, 333_333]
    assert sum(parts) == 1_000_000
    assert not HeldBill.objects.exists()
    prove()


def test_a_rule_that_begins_in_the_past_is_billed_by_the_next_run(flat):
    months = (JANUARY, FEBRUARY)
    main, home = supplied(flat, kwh=1_000, months=months), supplied(flat)
    begin("unmetered", home, quantity_wh=1_000)
    bill()
    assert (billed(main), billed(home)) == ([1_000_000], [1_000])
    begin("share", home, main, share_e6=300_000)
    bill(FEBRUARY)
    assert (billed(main), billed(home)) == ([700_000, 700_000], [301_000, 301_000])
    prove()


def test_a_fixed_quantity_is_billed_in_full_and_the_rest_at_the_meter(flat):
    main, home = supplied(flat, kwh=1_000), supplied(flat)
    begin("quantity", home, main, quantity_wh=300_000)
    bill()
    assert (billed(main), billed(home)) == ([700_000], [300_000])
    prove()


def test_quantities_come_before_shares_and_sub_meters_before_both(flat):
    main, sub, shop, home = supplied(flat, kwh=1_000), supplied(flat, kwh=200), supplied(flat), supplied(flat)
    begin("submeter", sub, main)
    begin("quantity", shop, main, quantity_wh=300_000)
    begin("share", home, main, share_e6=400_000)
    bill()
    # 1,000 less 200 of the sub-meter, less 300 agreed: 40 % of 500.
    assert [billed(point) for point in (sub, shop, home, main)] == [[200_000], [300_000], [200_000], [300_000]]
    prove()


@pytest.mark.parametrize(
    ("excess", "parts"), [("in_proportion", ([150_000], [250_000], [0])), ("in_order", ([300_000], [100_000], [0]))]
)
def test_quantities_above_the_meter_are_cut_as_agreed(flat, excess, parts):
    main, first, second = supplied(flat, kwh=400), supplied(flat), supplied(flat)
    begin("quantity", first, main, quantity_wh=300_000, excess=excess)
    begin("quantity", second, main, quantity_wh=500_000, excess=excess)
    bill()
    assert (billed(first), billed(second), billed(main)) == parts


def test_quantities_above_the_meter_hold_all_of_its_accounts_where_that_is_agreed(flat):
    main, home = supplied(flat, kwh=200), supplied(flat)
    begin("quantity", home, main, quantity_wh=300_000)
    bill()
    assert {row.code for row in held().values()} == {"quantities_do_not_fit"}
    assert len(held()) == 2
    assert not Bill.objects.filter(state="issued").exists()


def test_registers_by_period_are_shared_period_by_period(flat, by_hours):
    main, home, shop = (
        supplied(by_hours, kwh=(601, 399), registers=("peak", "valley")),
        supplied(by_hours),
        supplied(flat),
    )
    begin("share", home, main, share_e6=300_000)
    begin("quantity", shop, main, quantity_wh=100_000)
    bill()
    lines = {}
    for point, period, quantity in BillLine.objects.values_list(
        "segment__agreement__service_point", "period_of_use", "quantity"
    ):
        lines.setdefault(point, {})[period] = quantity
    # The quantity lies in the mix of the meter: 60,100 of the peak and 39,900 of the valley.
    assert lines[shop.id] == {"": 100_000}
    assert lines[home.id] == {"peak": 162_270, "valley": 107_730}
    assert lines[main.id] == {"peak": 378_630, "valley": 251_370}
    prove()


def test_a_main_meter_is_billed_without_its_sub_meters(flat):
    main, first, second = supplied(flat, kwh=1_000), supplied(flat, kwh=250), supplied(flat, kwh=100)
    begin("submeter", first, main)
    begin("submeter", second, main)
    behind_the_first = supplied(flat, kwh=40)
    begin("submeter", behind_the_first, first)
    bill()
    assert [billed(point) for point in (main, first, second, behind_the_first)] == [
        [650_000], [210_000], [100_000], [40_000],
    ]  # fmt: skip
    prove()


def test_a_missing_read_of_a_sub_meter_holds_the_main_meter_by_name(flat):
    main, sub = supplied(flat, kwh=1_000), supplied(flat)
    metering.installation(at=sub)
    begin("submeter", sub, main)
    bill()
    rows = held()
    assert {row.code for row in rows.values()} == {"missing_read"}
    account = main.agreements.get().account_id
    assert f"Sub-meter at {sub.external_id}" in rows[account].message
    assert "2025-01-01" in rows[account].message


def test_a_missing_read_of_the_main_meter_holds_those_who_share_it_by_name(flat):
    main, home = supplied(flat), supplied(flat)
    metering.installation(at=main)
    begin("share", home, main, share_e6=100_000)
    bill()
    assert f"Part of the meter at {main.external_id}" in held()[home.agreements.get().account_id].message


def test_an_estimate_of_the_sub_meter_makes_the_main_bill_an_estimate(flat):
    main, sub = supplied(flat, kwh=1_000), supplied(flat, kwh=250, is_estimated=True)
    begin("submeter", sub, main)
    bill()
    assert set(BillSegment.objects.values_list("is_estimated", flat=True)) == {True}


def test_sub_meters_that_count_more_than_the_main_meter_hold_it(flat):
    main, sub = supplied(flat, kwh=100), supplied(flat, kwh=101)
    begin("submeter", sub, main)
    bill()
    assert [row.code for row in held().values()] == ["quantities_do_not_fit"]
    assert billed(sub) == [101_000]


def test_a_corrected_sub_meter_rebills_the_main_meter(flat):
    main, sub = supplied(flat, kwh=1_000), supplied(flat, kwh=250)
    begin("submeter", sub, main)
    bill()
    # Both were read too low: a credit alone would wait for a person.
    Usage.objects.filter(service_point=sub).update(energy_wh=260_000)
    Usage.objects.filter(service_point=main).update(energy_wh=1_020_000)
    bill()
    assert (billed(main), billed(sub)) == ([760_000], [260_000])
    count = Bill.objects.count()
    bill()
    assert Bill.objects.count() == count
    prove()


def test_a_check_meter_is_not_billed(flat):
    point = supplied(flat, kwh=100)
    (check,) = metering.metered(at=point)
    metering.usage(of=check, kwh=98, start_date=JANUARY.start, end_date=JANUARY.end, at=point)
    begin("left_out", point, meter=check.meter_id)
    bill()
    assert billed(point) == [100_000]


def test_a_meter_that_becomes_a_check_inside_a_span_needs_a_read_of_that_day(flat):
    point = supplied(flat, kwh=100)
    (check,) = metering.metered(at=point)
    metering.usage(of=check, kwh=98, start_date=JANUARY.start, end_date=JANUARY.end, at=point)
    begin("left_out", point, meter=check.meter_id, start_date=MIDDLE)
    bill()
    (row,) = held().values()
    assert (row.code, "2025-01-15" in row.message) == ("missing_read", True)


def test_unmetered_supply_is_billed_by_days(flat):
    by_day, by_month = supplied(flat), supplied(flat)
    begin("unmetered", by_day, quantity_wh=2_400, per="day")
    begin("unmetered", by_month, quantity_wh=31_001, start_date=JANUARY.start)
    bill()
    assert (billed(by_day), billed(by_month)) == ([31 * 2_400], [31_001])
    prove()


def test_days_that_nothing_counts_hold_the_account(flat):
    point = supplied(flat)
    begin("unmetered", point, quantity_wh=2_400, per="day", start_date=MIDDLE)
    bill()
    (row,) = held().values()
    assert (row.code, "On 2025-01-01 no meter hangs there" in row.message) == ("missing_read", True)


def interval_place(tariff, *, months=(JANUARY,), values=(100,) * 48):
    point = metering.service_point()
    if tariff is not None:
        contracts.agreement(service_point=point, tariff=tariff, start_date=JANUARY.start, account=accounts.account())
    (register,) = metering.metered(is_interval=True, at=point)
    days = metering.days(JANUARY.start - timedelta(days=1), months[-1].end + timedelta(days=1))
    metering.interval_days(of=register, values_wh=dict.fromkeys(days, values))
    usage.approve(start_date=months[0].start, end_date=months[-1].end, service_point_ids=[point.id])
    return point


def periods(point):
    lines = BillLine.objects.filter(segment__agreement__service_point=point)
    sums = {}
    for period, quantity in lines.values_list("period_of_use", "quantity"):
        sums[period] = sums.get(period, 0) + quantity
    return sums


def test_an_unmetered_load_is_split_by_its_profile(by_hours):
    profile = interval_place(None, values=[300] * 24 + [100] * 24)
    lamps = supplied(by_hours)
    begin("unmetered", lamps, profile, quantity_wh=31_000)
    bill()
    # The day of UTC+10 begins at 22:00 here: 300 a half hour from 22 to 10, 100 from 10 to 22.
    night, day = 16 * 300, 8 * 300 + 24 * 100
    assert periods(lamps) == {"peak": 31_000 * day // (day + night), "valley": 31_000 * night // (day + night)}
    assert not HeldBill.objects.exists()


def test_a_profile_with_a_day_missing_holds_the_load(by_hours):
    profile = interval_place(None)
    profile.installations.get().meter.registers.get().interval_days.filter(day_date=date(2025, 1, 10)).delete()
    lamps = supplied(by_hours)
    begin("unmetered", lamps, profile, quantity_wh=31_000)
    bill()
    (row,) = held().values()
    assert row.code == "missing_read"
    assert row.message.startswith(f"Unmetered load, by the profile {profile.external_id}")


def test_interval_meters_are_shared_and_each_part_is_split_by_its_own_tariff(flat, by_hours):
    main = interval_place(by_hours)
    home, shop = supplied(by_hours), supplied(flat)
    begin("share", home, main, share_e6=300_000)
    begin("share", shop, main, share_e6=250_001)
    sub = interval_place(flat, values=[10] * 48)
    begin("submeter", sub, main)
    bill()
    assert not HeldBill.objects.exists()
    (home_wh,), (shop_wh,), (main_wh,), (sub_wh,) = (billed(one) for one in (home, shop, main, sub))
    assert home_wh + shop_wh + main_wh + sub_wh == 31 * 4_800
    # The parts of the meter less those of what is behind it: each is rounded by itself.
    assert abs(home_wh * 10 - 3 * 31 * 4_320) <= 10
    assert periods(home) == {"peak": home_wh - home_wh // 3, "valley": home_wh // 3}
    prove()


def test_another_share_in_the_month_cuts_interval_usage_and_a_register_needs_a_read(flat):
    main = interval_place(flat)
    home = supplied(flat)
    first = begin("share", home, main, share_e6=500_000)
    usage_rules.change(rule_id=first, from_date=MIDDLE, share_e6=250_000, actor=SYSTEM)
    bill()
    assert billed(home) == [14 * 2_400 + 17 * 1_200]
    assert billed(main) == [14 * 2_400 + 17 * 3_600]
    counter, other = supplied(flat, kwh=100), supplied(flat)
    begin("share", other, counter, share_e6=500_000, start_date=MIDDLE)
    begin("unmetered", other, quantity_wh=1_000, per="day", end_date=MIDDLE)
    bill()
    assert {row.code for row in held().values()} == {"missing_read"}
    assert {row.account_id for row in held().values()} == {
        point.agreements.get().account_id for point in (counter, other)
    }


def test_a_place_gets_a_meter_of_its_own_in_the_middle_of_a_month(flat):
    main, home = supplied(flat), supplied(flat)
    (register,) = metering.metered(at=main)
    for start, end in ((JANUARY.start, MIDDLE), (MIDDLE, JANUARY.end)):
        metering.usage(of=register, kwh=100, start_date=start, end_date=end, at=main)
    (own,) = metering.metered(at=home, start_date=MIDDLE)
    metering.usage(of=own, kwh=33, start_date=MIDDLE, end_date=JANUARY.end, at=home)
    begin("share", home, main, share_e6=400_000, end_date=MIDDLE)
    bill()
    assert (billed(home), billed(main)) == ([40_000 + 33_000], [160_000])
    prove()


def test_steps_of_the_year_count_what_a_place_was_billed_on():
    stepped = tariffs.version(source=mass.SIX_LINES).tariff
    flat = tariffs.version(source=tariffs.FLAT).tariff
    both = (JANUARY, FEBRUARY)
    main = supplied(flat, kwh=(500, 500), registers=("peak", "valley"), months=both)
    home = supplied(stepped)
    begin("share", home, main, share_e6=200_000)
    bill()
    bill(FEBRUARY)
    rows = BillSegment.objects.filter(agreement__service_point=home).order_by("start_date")
    assert list(rows.values_list("before_wh", "used_wh")) == [(0, 200_000), (200_000, 200_000)]
    prove()


def test_others_of_a_run_are_billed_as_ever_beside_rules(flat):
    plain = [supplied(flat, kwh=10) for _ in range(3)]
    main, home = supplied(flat, kwh=1_000), supplied(flat)
    begin("share", home, main, share_e6=500_000)
    bill()
    assert [billed(point) for point in plain] == [[10_000]] * 3
    assert billed(home) == [500_000]


def test_a_bill_does_not_depend_on_who_is_billed_with_it(flat):
    """Each account of a shared meter alone: its part is the same as beside the others."""
    main, home, shop = supplied(flat, kwh=1_001), supplied(flat), supplied(flat)
    begin("share", home, main, share_e6=333_333)
    begin("quantity", shop, main, quantity_wh=100_000)
    version = tariffs.TariffVersion.objects.get()
    scope = segments.Scope(period=JANUARY, version_ids=frozenset({version.id}))
    ids = [point.agreements.get().account_id for point in (main, home, shop)]
    together = segments.find(account_ids=ids, scope=scope).expected
    alone = [segments.find(account_ids=[one], scope=scope).expected.used_wh.tolist() for one in ids]
    by_account = dict(zip(together.pieces.account_id.tolist(), together.used_wh.tolist(), strict=True))
    assert [[by_account[one]] for one in ids] == alone
    assert sum(by_account.values()) == 1_001_000


SERIES = (
    (Path(__file__).parents[3] / "cis" / "packs" / "cn-commercial" / "tariffs" / "commercial-capacity.toml")
    .read_text("utf-8")
    .replace('standard = "0.90"', 'standard = "0.90"\nsubmeters = "series"')
    .replace(
        'reactive_kvarh = "100000"',
        'reactive_kvarh = "100000", submeter_kwh = { peak = "0", flat = "0", valley = "0" }',
    )
)


@pytest.mark.parametrize("kind", ["share", "quantity", "submeter"])
def test_what_is_billed_apart_counts_in_the_power_factor_where_the_tariff_says_so(kind, flat):
    """240 kWh and 100 kvarh are 0.92; without the 60 kWh that are billed apart they would be 0.87."""
    tariff = tariffs.version(source=SERIES).tariff
    hours = ("peak", "flat", "valley")
    main = supplied(tariff, kwh=(80, 90, 70), registers=hours)
    AgreementTerm.objects.filter(agreement__service_point=main).update(capacity_va=800)
    reactive = metering.register(of=main.installations.get().meter, code="Q1", quantity="reactive")
    metering.usage(of=reactive, kwh=100, start_date=JANUARY.start, end_date=JANUARY.end, at=main)
    other = supplied(flat, kwh=(20, 20, 20) if kind == "submeter" else None, registers=hours)
    given = {"share": {"share_e6": 250_000}, "quantity": {"quantity_wh": 60_000}, "submeter": {}}
    begin(kind, other, main, **given[kind])
    bill()
    assert (billed(main), billed(other)) == ([180_000], [60_000])
    line = BillLine.objects.get(code="power-factor", segment__agreement__service_point=main)
    assert line.quantity == 92
    prove()


def test_a_sub_meter_that_is_not_read_holds_who_takes_a_quantity_too(flat):
    main, sub, home = supplied(flat, kwh=1_000), supplied(flat), supplied(flat)
    metering.installation(at=sub)
    begin("submeter", sub, main)
    begin("quantity", home, main, quantity_wh=300_000, excess="in_proportion")
    bill()
    row = held()[home.agreements.get().account_id]
    assert row.code == "missing_read"
    assert f"Sub-meter at {sub.external_id}" in row.message


def test_a_quantity_is_dealt_over_the_month_whoever_is_billed_together(flat):
    main, home = supplied(flat, kwh=0, months=()), supplied(flat)
    begin("quantity", home, main, quantity_wh=200_000, excess="in_proportion")
    (register,) = main.installations.get().meter.registers.all()
    for start, end, kwh in ((JANUARY.start, MIDDLE, 100), (MIDDLE, JANUARY.end, 300)):
        metering.usage(of=register, kwh=kwh, start_date=start, end_date=end, at=main)
    agreement = home.agreements.get()
    AgreementTerm.objects.filter(agreement=agreement).update(period=DateRange(MIDDLE, None))
    agreement.period = DateRange(MIDDLE, None)
    agreement.save()
    bill(account_ids=[agreement.account_id])
    # 14 of 31 days are before: cut at whole Wh.
    assert billed(home) == [200_000 - 200_000 * 14 // 31]
    bill()
    assert (billed(home), billed(main)) == ([200_000 - 200_000 * 14 // 31], [200_000])
