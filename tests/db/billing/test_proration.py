"""Changes inside a period: what is cut by interval days, what needs a read, and what tariffs let be split by days."""

from datetime import date

import pytest
from django.db.backends.postgresql.psycopg_any import DateRange

from billing.models.bill import BillLine, BillSegment
from billing.models.run import HeldBill
from cis.kernel.actors import SYSTEM
from cis.kernel.calendar import local_clock
from cis.kernel.periods import Period
from contracts.domain.agreements import Agreed
from contracts.operations import agreements
from metering.domain.usage_rules import Rule, RuleKind
from metering.models.usage import Usage
from metering.operations import usage_rules
from tests.db.billing.night import JANUARY, bill, prove, rate
from tests.factories import accounts, contracts, metering, tariffs

pytestmark = pytest.mark.django_db

MIDDLE = date(2025, 1, 11)
BY_DAYS = tariffs.FLAT.replace('"flat"', '"by-days"').replace(
    "[labels.energy]", '[proration]\nusage = "days"\nsource = "made for tests"\n\n[labels.energy]'
)

PROFILE = "PROFILE-HOMES"
BY_PROFILE = BY_DAYS.replace('"by-days"', '"by-profile"').replace(
    'usage = "days"', f'usage = "profile"\nprofile = "{PROFILE}"'
)


@pytest.fixture(autouse=True)
def _supplier():
    accounts.supplier()


def supplied(source=BY_DAYS, *, wh=310_001, start=JANUARY.start, end=JANUARY.end, since=JANUARY.start):
    version = tariffs.version(source=source)
    point = metering.service_point()
    (register,) = metering.metered(at=point)
    agreement = contracts.agreement(service_point=point, tariff=version.tariff, start_date=since)
    metering.usage(of=register, at=point, start_date=start, end_date=end, energy_wh=wh)
    return agreement, version


def change_price(version, source, on=MIDDLE):
    version.period = DateRange(version.period.lower, on)
    version.save()
    tariffs.version(of=version.tariff, source=source.replace("0.617", "0.717"), start_date=on)


def segments():
    rows = BillSegment.objects.filter(cancels=None, cancelled_by=None).order_by("agreement", "start_date")
    return list(rows.values_list("start_date", "used_wh", "is_estimated"))


def test_a_new_price_splits_a_register_by_days_where_the_tariff_says_so():
    _, version = supplied()
    change_price(version, BY_DAYS)
    bill()
    # 10 and 21 of 31 days; the parts are whole Wh and sum to what was counted.
    assert segments() == [(JANUARY.start, 100_000, True), (MIDDLE, 210_001, True)]
    prove()


def test_a_new_price_needs_a_read_where_the_tariff_says_nothing():
    _, version = supplied(tariffs.FLAT)
    change_price(version, tariffs.FLAT)
    bill()
    assert HeldBill.objects.get().code == "missing_read"


def test_the_read_of_the_day_replaces_the_estimate():
    _, version = supplied()
    change_price(version, BY_DAYS)
    bill()
    old = Usage.objects.get()
    Usage.objects.filter(id=old.id).update(is_current=False)
    for start, end, wh in ((JANUARY.start, MIDDLE, 90_000), (MIDDLE, JANUARY.end, 220_001)):
        metering.usage(of=old.register, at=old.service_point, start_date=start, end_date=end, energy_wh=wh, version=2)
    bill()
    assert segments() == [(JANUARY.start, 90_000, False), (MIDDLE, 220_001, False)]
    prove()


def test_en_016_a_bill_of_35_days_has_18_at_the_old_rate_and_17_at_the_new():
    """en-016: published the other way round; 1 January less 14 December is 18 days. The dates are thirty years later."""
    start, end, on = date(2025, 12, 14), date(2026, 1, 18), date(2026, 1, 1)
    _, version = supplied(BY_DAYS, wh=35_000_000, start=start, end=end, since=start)
    change_price(version, BY_DAYS, on=on)
    rate(Period(start, end))
    rows = BillSegment.objects.order_by("start_date").values_list("used_wh", flat=True)
    assert list(rows) == [18_000_000, 17_000_000]


def test_another_agreement_takes_over_by_days():
    first, version = supplied()
    agreements.end(agreement_id=first.id, end_date=MIDDLE, actor=SYSTEM)
    second = contracts.agreement(service_point=first.service_point, tariff=version.tariff, start_date=MIDDLE)
    bill()
    assert [row[1] for row in segments()] == [100_000, 210_001]
    assert second.account_id != first.account_id
    prove()


def test_who_may_not_split_waits_for_a_read_and_the_other_does_not():
    first, _ = supplied()
    agreements.end(agreement_id=first.id, end_date=MIDDLE, actor=SYSTEM)
    strict = tariffs.version(source=tariffs.FLAT)
    second = contracts.agreement(service_point=first.service_point, tariff=strict.tariff, start_date=MIDDLE)
    bill()
    held = HeldBill.objects.get()
    assert (held.account_id, held.code, "2025-01-11" in held.message) == (second.account_id, "missing_read", True)
    assert [row[1] for row in segments()] == [100_000]


def test_reads_of_another_day_than_the_first_give_each_month_its_days():
    supplied(start=date(2024, 12, 16), end=date(2025, 1, 16), wh=31_000)
    register = Usage.objects.get().register
    metering.usage(of=register, start_date=date(2025, 1, 16), end_date=date(2025, 2, 16), energy_wh=62_000)
    bill()
    assert segments() == [(JANUARY.start, 15_000 + 32_000, True)]
    prove()


def test_a_household_that_grows_is_split_by_days():
    agreement, _ = supplied()
    agreements.change_term(agreement_id=agreement.id, from_date=MIDDLE, household=5, actor=SYSTEM)
    bill()
    assert [row[1] for row in segments()] == [100_000, 210_001]


def test_capacity_that_changes_is_paid_by_its_days():
    capacity = BY_DAYS.replace(
        "[[vector]]",
        '[labels.capacity]\nzh = "容量"\nen = "Capacity"\n[[component]]\nkind = "capacity"\ncode = "capacity"\n'
        'unit = "yuan/kVA"\nprice = "30"\nproration = "thirtieths"\n[[vector]]\n'
        'inputs = { capacity_kva = "0" }',
    )
    agreement, _ = supplied(capacity)
    agreement.terms.update(capacity_va=10_000)
    agreements.change_term(agreement_id=agreement.id, from_date=MIDDLE, agreed=Agreed(capacity_va=4_000), actor=SYSTEM)
    bill()
    lines = BillLine.objects.filter(code="capacity").order_by("segment__start_date")
    # 10 kVA for 10 thirtieths, 4 kVA for 21.
    assert list(lines.values_list("quantity", "amount_minor")) == [(10_000, 10_000), (4_000, 8_400)]
    prove()


def test_a_meter_that_is_exchanged_in_the_month_is_billed_as_both_counted():
    agreement, _ = supplied(end=MIDDLE, wh=40_000)
    old = Usage.objects.get().register
    old.meter.installations.update(period=DateRange(date(2023, 1, 1), MIDDLE))
    (new,) = metering.metered(at=agreement.service_point, start_date=MIDDLE)
    metering.usage(of=new, start_date=MIDDLE, end_date=JANUARY.end, energy_wh=50_000, at=agreement.service_point)
    bill()
    assert segments() == [(JANUARY.start, 90_000, False)]


def test_a_part_of_a_meter_is_split_as_its_own_tariff_says():
    main, version = supplied()
    home = contracts.agreement(service_point=metering.service_point(), tariff=version.tariff, start_date=JANUARY.start)
    rule = Rule(
        kind=RuleKind.SHARE, service_point=home.service_point_id, source=main.service_point_id, share_e6=500_000,
        start_date=JANUARY.start,
    )  # fmt: skip
    usage_rules.begin(rule=rule, actor=SYSTEM)
    change_price(version, BY_DAYS)
    bill()
    energy = [row[1] for row in segments()]
    assert sum(energy) == 310_001
    assert [round(each, -3) for each in energy] == [50_000, 105_000, 50_000, 105_000]


def profile(early=100, late=100, without=()):
    """A place whose interval values are a load profile: Wh an hour before and from the middle of January on."""
    (register,) = metering.metered(at=metering.service_point(external_id=PROFILE), is_interval=True)
    middle = local_clock("Asia/Shanghai").day_start_utc(MIDDLE)
    metering.curve(
        of=register, start_date=JANUARY.start, end_date=JANUARY.end, minutes=60,
        value_of=lambda at: early if at < middle else late,
    )  # fmt: skip
    register.interval_days.filter(day_date__in=without).delete()


def test_a_new_price_splits_a_register_by_the_profile_that_the_tariff_names():
    profile(early=300)
    _, version = supplied(BY_PROFILE, wh=510_001)
    change_price(version, BY_PROFILE)
    bill()
    # 10 days of 7.2 and 21 of 2.4 are 72 and 50.4 of 122.4.
    assert segments() == [(JANUARY.start, 300_001, True), (MIDDLE, 210_000, True)]
    prove()


@pytest.mark.parametrize("without", [None, (date(2025, 1, 20),)])
def test_a_profile_that_is_not_there_or_has_a_hole_holds_the_account(without):
    if without:
        profile(without=without)
    _, version = supplied(BY_PROFILE)
    change_price(version, BY_PROFILE)
    bill()
    held = HeldBill.objects.get()
    assert (held.code, PROFILE in held.message) == ("missing_profile", True)


def test_without_anything_to_split_the_profile_is_not_asked_for():
    supplied(BY_PROFILE)
    bill()
    assert segments() == [(JANUARY.start, 310_001, False)]


def test_energy_given_to_the_grid_is_split_too():
    export = BY_DAYS.replace('"by-days"', '"by-days-export"').replace(
        "[[vector]]",
        '[labels.given]\nzh = "上网"\nen = "Given"\n[[component]]\nkind = "export_credit"\ncode = "given"\n'
        'unit = "yuan/kWh"\nprice = "0.4"\n[[vector]]\ninputs = { export_kwh = "0" }',
    )
    agreement, version = supplied(export)
    given = metering.register(of=Usage.objects.get().register.meter, code="given", direction="export")
    metering.usage(
        of=given, at=agreement.service_point, start_date=JANUARY.start, end_date=JANUARY.end, energy_wh=62_000
    )
    change_price(version, export)
    bill()
    lines = BillLine.objects.filter(code="given").order_by("segment__start_date")
    assert list(lines.values_list("quantity", flat=True)) == [20_000, 42_000]
