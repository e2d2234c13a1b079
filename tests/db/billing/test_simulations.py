"""Simulations over billed months: rated again from what segments keep, or measured anew; nothing touches a bill."""

from datetime import date, timedelta
from fractions import Fraction

import numpy as np
import pytest
from django.db import connection
from django.db.backends.postgresql.psycopg_any import DateRange
from django.db.models import Sum
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from billing.models.bill import Bill, BillLine, BillSegment
from billing.models.simulation import (
    SimulatedMonth,
    SimulatedSupply,
    SimulatedVersion,
    Simulation,
    SimulationChunk,
    SimulationGroup,
)
from billing.operations import bills, simulating, simulations
from billing.operations.simulations import Change, Filters
from billing.queries import simulated
from billing.queries import simulations as found
from billing.queries.simulated import Scope
from cis.kernel.actors import SYSTEM
from cis.kernel.periods import Period
from cis.platform.models import Job
from metering.queries import usage
from tariffs.domain.batch import RatingBatch
from tariffs.domain.rating import rate
from tariffs.models.tariff import Tariff, TariffVersion
from tests.db.billing.night import FEBRUARY, JANUARY, bill, use
from tests.db.billing.test_commercial import factory
from tests.db.billing.test_expected import interval_account
from tests.factories import mass, metering, tariffs

pytestmark = pytest.mark.django_db
BOTH = Period(JANUARY.start, FEBRUARY.end)
DEARER = mass.SIX_LINES.replace('"0.617", "0.677", "0.977"', '"0.717", "0.777", "1.077"').replace(
    'total = "163.46"', 'total = "183.46"'
)
OTHER_HOURS = mass.SIX_LINES.replace("06:00-22:00", "08:00-21:00").replace("22:00-06:00", "21:00-08:00")


def simulate(*changes, period=BOTH, filters=simulations.EVERYBODY):
    simulation_id = simulations.open(name="test", period=period, changes=changes, actor=SYSTEM, filters=filters)
    simulations.work(timezone.now())
    return simulation_id


def instead(source, tariff=None):
    return Change(tariff_id=(tariff or Tariff.objects.get()).id, source=source)


def supply_of(simulation_id, account):
    return SimulatedSupply.objects.get(simulation_id=simulation_id, account_id=account)


def billed_minor(account):
    return Bill.objects.filter(account_id=account, state="issued").aggregate(sum=Sum("amount_minor"))["sum"]


@pytest.fixture
def five():
    ids = mass.supply(count=5, months=[JANUARY, FEBRUARY])
    for month in (JANUARY, FEBRUARY):
        use(ids[0], month, 5_000_000)  # together beyond all limits of the year
    bill()
    bill(FEBRUARY)
    return ids


def test_the_same_prices_cost_what_was_billed(five, monkeypatch):
    monkeypatch.setattr(usage, "approved", lambda **_: pytest.fail("measured anew"))
    simulation_id = simulate(instead(mass.SIX_LINES))
    assert found.one(simulation_id=simulation_id).state == "done"
    for account in five:
        row = supply_of(simulation_id, account)
        assert (row.reason, row.months, row.old_minor, row.new_minor) == ("", 2, billed_minor(account), row.old_minor)


def test_other_prices_cost_what_arithmetic_says(five):
    simulation_id = simulate(instead(DEARER))
    for account in five:
        lines = BillLine.objects.filter(bill__account_id=account, code="energy", period_of_use="peak")
        # Each line is rounded by itself: kWh x price, as written in the text.
        dearer = {1: Fraction("0.717"), 2: Fraction("0.777"), 3: Fraction("1.077")}
        more = sum(int(line.quantity * dearer[line.step] / 10 + Fraction(1, 2)) - line.amount_minor for line in lines)
        row = supply_of(simulation_id, account)
        assert row.new_minor - row.old_minor == more > 0


def test_months_billed_by_a_version_that_a_later_publication_ended_are_simulated(five):
    TariffVersion.objects.update(period=DateRange(date(2020, 1, 1), date(2020, 1, 2)))
    simulation_id = simulate(instead(mass.SIX_LINES))
    assert found.one(simulation_id=simulation_id).state == "done"
    row = supply_of(simulation_id, five[1])
    assert (row.reason, row.old_minor, row.new_minor) == ("", billed_minor(five[1]), row.old_minor)


def test_nothing_is_written_to_bills(five):
    before = list(Bill.objects.order_by("id").values()), list(BillSegment.objects.order_by("id").values())
    simulate(instead(DEARER))
    assert before == (list(Bill.objects.order_by("id").values()), list(BillSegment.objects.order_by("id").values()))


def test_groups_sum_to_the_supplies(five):
    simulation_id = simulate(instead(DEARER))
    groups = found.groups(simulation_id=simulation_id)
    rows = SimulatedSupply.objects.filter(simulation_id=simulation_id)
    sums = rows.aggregate(old=Sum("old_minor"), new=Sum("new_minor"), used=Sum("used_wh"))
    for by in ("all", "month", "class", "kind", "area", "tariff", "decile", "money", "percent"):
        cards = groups[by]
        assert sum(card.old_minor for card in cards) == sums["old"], by
        assert sum(card.new_minor for card in cards) == sums["new"], by
        assert sum(card.used_wh for card in cards) == sums["used"], by
        assert sum(card.lost_minor - card.won_minor for card in cards) == sums["new"] - sums["old"], by
    assert [card.key for card in groups["class"]] == [""]  # these documents name none
    assert [card.key for card in groups["month"]] == ["2025-01-01", "2025-02-01"]
    assert [card.key for card in groups["decile"]] == ["1", "3", "5", "7", "9"]
    assert (groups["all"][0].supplies, groups["all"][0].losers, groups["reason"]) == (5, 5, ())


def test_registers_tell_nothing_about_other_hours(five):
    simulation_id = simulate(instead(OTHER_HOURS))
    assert found.one(simulation_id=simulation_id).state == "done"
    (reason,) = found.groups(simulation_id=simulation_id)["reason"]
    assert (reason.key, reason.supplies) == ("no_intervals", 5)
    assert reason.old_minor == sum(billed_minor(account) for account in five)
    assert found.groups(simulation_id=simulation_id)["all"] == ()


def test_intervals_are_split_anew_by_other_hours():
    account, _ = interval_account()
    bill()
    simulation_id = simulate(instead(OTHER_HOURS), period=JANUARY)
    row = supply_of(simulation_id, account.id)
    # 100 Wh each half hour: 26 of them at peak, 22 in the valley; in proportion inside each step of the year.
    assert (row.reason, row.used_wh) == ("", 31 * 4_800)
    assert row.new_minor == rated(peak_wh=31 * 2_600, valley_wh=31 * 2_200)
    assert row.old_minor == billed_minor(account.id) == rated(peak_wh=31 * 3_200, valley_wh=31 * 1_600)


def rated(*, peak_wh, valley_wh):
    """The bill of a month below the first limit, line by line. [fen]"""
    total = peak_wh + valley_wh
    assert total <= 150_000
    prices = ((peak_wh, "0.617"), (valley_wh, "0.307"), (total, "0.02"), (total, "0.0062"))
    return sum(int(Fraction(wh, 10) * Fraction(price) + Fraction(1, 2)) for wh, price in prices)


def test_steps_of_another_year_count_from_its_first_day(five):
    march = mass.SIX_LINES.replace('every = "year"', 'every = "year"\nstart_month = 2').replace("150", "2000")
    simulation_id = simulate(instead(march), period=FEBRUARY)
    plan = found.plan_of(march)
    for account in five:
        segment = BillSegment.objects.get(bill__account_id=account, start_date=FEBRUARY.start)
        peak, valley = segment.inputs
        row = supply_of(simulation_id, account)
        assert segment.before_wh > 0
        assert row.reason == ""
        assert row.new_minor == rated_by(plan, peak, valley)


def rated_by(plan, *used_wh):
    return int(rate(plan=plan, batch=RatingBatch.of(used_wh=np.array([used_wh], dtype=np.int64))).total_minor[0])


def test_a_factory_at_other_prices_keeps_its_capacity_and_reactive_energy():
    factory()
    bill()
    source = Tariff.objects.get().versions.get().source
    simulation_id = simulate(instead(source), period=JANUARY)
    row = SimulatedSupply.objects.get(simulation_id=simulation_id)
    assert (row.reason, row.new_minor) == ("", Bill.objects.get().amount_minor)


def test_bills_that_do_not_follow_from_what_is_kept_are_named(five):
    segment = BillSegment.objects.filter(bill__account_id=five[0]).order_by("start_date").first()
    BillSegment.objects.filter(id=segment.id).update(amount_minor=segment.amount_minor + 1)
    simulation_id = simulate(instead(DEARER))
    assert supply_of(simulation_id, five[0]).reason == "not_reproduced"
    assert supply_of(simulation_id, five[1]).reason == ""
    assert found.groups(simulation_id=simulation_id)["all"][0].supplies == 4


def test_energy_that_changed_since_it_was_billed_is_named():
    account, register = interval_account()
    bill()
    for day in range(31):
        metering.interval_day(of=register, on=JANUARY.start + timedelta(days=day), version=2, values_wh=[200] * 48)
    energy = sum(200 if (hour + 4) // 48 < 31 else 100 for hour in range(31 * 48))
    register.usages.update(energy_wh=energy)
    simulation_id = simulate(instead(OTHER_HOURS), period=JANUARY)
    assert supply_of(simulation_id, account.id).reason == "usage_changed"


def test_a_supply_without_bills_is_named(five):
    for bill_id in Bill.objects.filter(account_id=five[0]).order_by("-id").values_list("id", flat=True):
        bills.cancel(bill_id=bill_id, reason="wrong meter", as_of_date=FEBRUARY.end, actor=SYSTEM)
    simulation_id = simulate(instead(DEARER))
    row = supply_of(simulation_id, five[0])
    assert (row.reason, row.months, row.old_minor) == ("not_billed", 0, 0)


def test_filters_choose_the_supplies(five):
    with pytest.raises(simulations.NothingToSimulate):
        simulate(instead(DEARER), filters=Filters(district="nowhere"))
    with pytest.raises(simulations.UnknownCycle):
        simulate(instead(DEARER), filters=Filters(cycle_id=1))
    assert not Simulation.objects.exists()


def test_prices_that_are_not_known_or_of_another_currency_are_refused(five):
    dollars = mass.SIX_LINES.replace("CNY", "USD").replace("yuan/kWh", "USD/kWh").replace("fen/kWh", "cent/kWh")
    for source in (mass.SIX_LINES.replace('price = "2"', 'price = "unset"'), dollars):
        with pytest.raises(simulations.UnusablePrices):
            simulate(instead(source))
    with pytest.raises(simulations.ReplacedTwice):
        simulate(instead(DEARER), instead(mass.SIX_LINES))


def test_one_bad_supply_does_not_keep_the_others_from_being_simulated(five, monkeypatch):
    real = simulated.find

    def find(*, account_ids, scope):
        if five[2] in account_ids:
            raise simulations.UnusablePrices("one of them")
        return real(account_ids=account_ids, scope=scope)

    monkeypatch.setattr(simulated, "find", find)
    simulation_id = simulate(instead(DEARER))
    assert supply_of(simulation_id, five[2]).reason == "unusable_prices"
    assert found.groups(simulation_id=simulation_id)["all"][0].supplies == 4
    assert {card.supplies for card in found.groups(simulation_id=simulation_id)["month"]} == {4}


def test_when_all_fail_it_soon_ends(five, monkeypatch):
    tried = []

    def find(*, account_ids, scope):
        tried.append(account_ids)
        raise simulations.UnusablePrices("all of them")

    monkeypatch.setattr(simulated, "find", find)
    monkeypatch.setattr(simulating, "MOST_FAILURES", 2)
    simulation_id = simulate(instead(DEARER))
    reasons = {card.key: card.supplies for card in found.groups(simulation_id=simulation_id)["reason"]}
    assert reasons == {"unusable_prices": 2, "given_up": 3}


def test_an_error_that_nobody_foresaw_fails_the_simulation(five, monkeypatch):
    monkeypatch.setattr(simulated, "find", lambda **_: 1 // 0)
    simulation_id = simulate(instead(DEARER))
    card = found.one(simulation_id=simulation_id)
    assert (card.state, card.error) == ("failed", "ZeroDivisionError: integer division or modulo by zero")
    assert Job.objects.get(name="simulation").state == "failed"
    assert not SimulationGroup.objects.exists()


def test_what_failed_is_tried_again_once_the_cause_is_mended(five, monkeypatch):
    monkeypatch.setattr(simulations, "AGREEMENTS_IN_CHUNK", 2)
    real, broken = simulated.find, five[2]

    def find(*, account_ids, scope):
        return 1 // 0 if broken in account_ids else real(account_ids=account_ids, scope=scope)

    with monkeypatch.context() as patched:
        patched.setattr(simulated, "find", find)
        simulation_id = simulate(instead(DEARER))
    done = set(SimulatedSupply.objects.values_list("account_id", flat=True))
    assert broken not in done
    assert done
    simulations.retry(simulation_id=simulation_id, actor=SYSTEM)
    with pytest.raises(simulations.NotFailed):
        simulations.retry(simulation_id=simulation_id, actor=SYSTEM)
    simulations.work(timezone.now())
    card = found.one(simulation_id=simulation_id)
    assert (card.state, card.error) == ("done", "")
    assert found.groups(simulation_id=simulation_id)["all"][0].supplies == 5
    assert set(Job.objects.filter(name="simulation").values_list("state", flat=True)) == {"failed", "done"}


def test_a_deleted_simulation_leaves_nothing(five):
    simulation_id = simulate(instead(DEARER))
    simulations.delete(simulation_id=simulation_id, actor=SYSTEM)
    for table in (Simulation, SimulatedVersion, SimulationChunk, SimulatedSupply, SimulatedMonth, SimulationGroup):
        assert not table.objects.exists()
    with pytest.raises(found.UnknownSimulation):
        simulations.delete(simulation_id=simulation_id, actor=SYSTEM)


def test_the_text_is_kept_with_its_hash(five):
    draft = tariffs.version(of=Tariff.objects.get(), source=DEARER, state="draft", start_date=date(2030, 1, 1))
    change = Change(tariff_id=draft.tariff_id, source=draft.source, version_id=draft.id)
    simulation_id = simulate(change)
    draft.delete()
    (version,) = found.one(simulation_id=simulation_id).versions
    assert (version.version_id, version.sha256) == (None, found.plan_of(DEARER).text_hash)
    assert found.text(simulation_id=simulation_id, tariff_id=version.tariff_id) == DEARER


def test_a_chunk_asks_as_much_for_many_supplies_as_for_one(five):
    scope = Scope(period=BOTH, plans={Tariff.objects.get().id: found.plan_of(DEARER)})

    def statements(accounts):
        with CaptureQueriesContext(connection) as taken:
            simulated.find(account_ids=accounts, scope=scope)
        return len(taken)

    statements(five)
    assert statements(five) == statements(five[:1]) == 5


def test_the_last_billed_months(five):
    assert found.last_billed() == Period(date(2024, 3, 1), date(2025, 3, 1))
    assert found.last_billed(months=2) == BOTH
