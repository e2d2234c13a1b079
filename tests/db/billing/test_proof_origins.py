"""Proofs that follow late inputs to their origin: demand, hours, what bills hand on, usage rules, corrections, charges."""

import os
from datetime import date, timedelta
from fractions import Fraction

import pytest
from django.db import connection, transaction
from django.db.backends.postgresql.psycopg_any import DateRange
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from recompute.bill import Proof

from billing.models.bill import Bill, BillSegment
from billing.models.run import HeldBill
from billing.operations import bills, breach_cases, held, rebills, runs
from billing.queries import proofs
from cis.kernel.actors import SYSTEM
from cis.kernel.calendar import local_clock
from cis.kernel.periods import Period
from contracts.domain.breach_claims import Category
from contracts.domain.breaches import Misuse
from contracts.models.agreement import ServiceAgreement
from contracts.operations import agreements
from metering.domain.corrections import Cause
from metering.models.usage import Usage
from metering.operations import usage_rules
from tariffs.operations import prices
from tests.db.billing import test_charges as charged
from tests.db.billing import test_corrections as mended
from tests.db.billing import test_measured as measured
from tests.db.billing import test_openings as opened
from tests.db.billing import test_proration as prorated
from tests.db.billing import test_restarts as restarts
from tests.db.billing import test_sequence as chained
from tests.db.billing import test_usage_rules as ruled
from tests.db.billing.night import FEBRUARY, JANUARY, bill, issue, prove
from tests.db.billing.proven import MADE_UP, all_hold, read, read_as_approved, supply, told
from tests.factories import accounts, contracts, mass, metering, tariffs
from tests.unit.proof.mutants import mutant, name_of, places

pytestmark = pytest.mark.django_db

LABELS = {
    "bill.number", "bill.account", "changes.bills", "segments.takes_back.bill", "segments.year_to_date.from.bill",
    "segments.earlier.bill", "segments.agreement", "interval_days.version", "reads.version", "usage.version",
    "registers.meter", "price_series.version", "charges.takes_back", "rules.service_point",
}  # fmt: skip
"""Names that look like numbers: nothing follows from them."""


def taken(proof):
    """What the program takes as it is given."""
    found = Proof(proof)
    assert [one for one in found.check() if not MADE_UP.match(one)] == []
    return found.taken


def unseen(proof, *, but=()):
    """
    Kinds of numbers of which one can be another without being found out; of many alike a few are tried.

    Where there are interval values each try takes long, so fewer are made.
    """
    most = 2 if proof["interval_days"] else ENOUGH
    known, tried, missed = set(map(str, Proof(proof).check())), {}, set()
    for path in places(proof):
        name = name_of(path)
        if name in LABELS or name in but or tried.get(name, 0) >= most:
            continue
        tried[name] = tried.get(name, 0) + 1
        try:
            found = set(map(str, Proof(mutant(proof, path)).check()))
        except Exception:  # noqa: BLE001 - the program ends with exit code 2: that is found out too
            continue
        if found <= known:
            missed.add(name)
    return missed


ENOUGH = 6 if os.environ.get("WATTLINE_PROOF") else 2


def of(start, **wanted):
    return told(Bill.objects.get(start_date=start, number__isnull=False, **wanted))


class TestDemand:
    """Measured demand down to interval days and demand registers."""

    def test_the_largest_window_of_interval_values(self):
        registers = measured.customer(source=measured.DEMAND_TARIFF, multiplier=3)
        metering.curve(
            of=registers["E1"],
            start_date=JANUARY.start,
            end_date=JANUARY.end,
            value_of=lambda at: measured.value_of(at) // 9,
            minutes=15,
        )
        measured.approve()
        bill()
        assert not HeldBill.objects.exists()
        proof = of(JANUARY.start)
        assert taken(proof) == set()
        (segment,) = proof["segments"]
        (part,) = segment["demand_from"]
        assert (part["by"], len(part["usage"])) == ("intervals", 1)
        assert segment["given"]["peak_w"]["any"] > 0
        assert segment["handed_on"] == {"peak_w": segment["given"]["peak_w"]}
        # The value in which the peak lies is one of 2,976: that all are watched follows from their sum.
        assert unseen(proof) == set()

    def test_registers_of_demand(self, tmp_path):
        maker = measured.TestDemandOfRegisters()
        total, shown = maker.meter()
        for day, kwh, watts in ((JANUARY.start, 100, 9_500), (JANUARY.end, 400, 8_700)):
            metering.read(of=total, on=day, kwh=kwh)
            metering.read(of=shown, on=day, reading_wh=watts)
        metering.read(of=shown, on=date(2025, 1, 15), reading_wh=8_200)
        measured.approve()
        bill()
        proof = of(JANUARY.start)
        assert taken(proof) == set()
        (part,) = proof["segments"][0]["demand_from"]
        assert (part["by"], part["shows"]) == ("register", "any")
        assert proof["segments"][0]["given"]["peak_w"]["any"] == 87_000
        # What the register showed before the last value is not the largest, whatever it is.
        assert unseen(proof, but={"reads.reading_wh"}) == set()

    @pytest.mark.parametrize("several", ["added", "together"])
    def test_several_feeds_and_periods_of_demand(self, several):
        accounts.supplier()
        source = measured.document(
            "feeds",
            measured.ENERGY,
            f'[demand]\nwindow_minutes = 30\nseveral_feeds = "{several}"\nperiods = ["day", "night"]\n'
            '[[demand.season]]\nname = "year"\ndates = ["01-01..12-31"]\n[[demand.season.hours]]\ndays = ["all"]\n'
            'day = ["08:00-20:00"]\nnight = ["20:00-08:00"]\n',
            measured.DEMAND.replace('code = "demand"', 'code = "day-demand"\nlabel = "demand"\nperiod = "day"'),
            measured.DEMAND,
            labels=("energy", "demand", "day", "night"),
            inputs='inputs = { peak_kw = { any = "0", day = "0", night = "0" } }',
        )
        version = tariffs.version(source=source)
        point = metering.service_point(capacity_w=1_000_000)
        for shift in (0, 3):
            (register,) = metering.metered(registers=("E1",), is_interval=True, at=point)
            metering.curve(
                of=register, start_date=JANUARY.start, end_date=JANUARY.end,
                value_of=lambda at, shift=shift: measured.value_of(at) * (1 + shift) // 2,
            )  # fmt: skip
        contracts.agreement(service_point=point, tariff=version.tariff, start_date=JANUARY.start)
        measured.approve()
        bill()
        assert not HeldBill.objects.exists()
        proof = of(JANUARY.start)
        assert taken(proof) == set()
        feeds = {part["feed"] for part in proof["segments"][0]["demand_from"]}
        assert len(feeds) == (2 if several == "added" else 1)


class TestHours:
    """What hangs on the hours in which energy was used or given."""

    def test_hourly_prices_stand_in_the_proof_as_they_were_then(self):
        measured.TestHourlyPrices().account((JANUARY, FEBRUARY))
        measured.load(Period(JANUARY.start, FEBRUARY.end))
        bill()
        first = Bill.objects.get()
        measured.load(Period(date(2025, 1, 5), date(2025, 1, 8)), 30, corrects=True)
        bill(FEBRUARY)
        proof = told(first)
        assert taken(proof) == set()
        assert {one["version"] for one in proof["price_series"]} == {"1"}
        (line,) = proof["segments"][0]["lines"]
        assert (line["price"], line["margin"]) == (None, "0.02")
        mean = Fraction(line["amount_minor"], 100) / Fraction(line["quantity"])
        assert abs(mean - Fraction(line["mean_price"])) <= Fraction(1, 20_000)
        later = of(FEBRUARY.start)
        assert taken(later) == set()
        assert {one["version"] for one in later["price_series"]} == {"1", "2"}
        # Prices below the floor and above the cap do not matter; all others do.
        assert unseen(proof) <= {"price_series.prices"}
        for day in (3, 20):
            places_of = [
                at for at, price in enumerate(proof["price_series"][day]["prices"]) if 0 < Fraction(price) < 60
            ]
            assert Proof(mutant(proof, ("price_series", day, "prices", places_of[0]))).check()

    def test_steps_that_fill_in_order_of_time(self):
        (register,) = measured.customer(source=measured.ORDERED_TARIFF).values()
        metering.curve(
            of=register, start_date=JANUARY.start, end_date=FEBRUARY.end, value_of=measured.value_of, minutes=30
        )
        measured.approve(Period(JANUARY.start, FEBRUARY.end))
        bill()
        bill(FEBRUARY)
        for month in (JANUARY, FEBRUARY):
            assert taken(of(month.start)) == set()
        assert unseen(of(FEBRUARY.start)) == set()

    def test_energy_given_to_the_grid_is_split_by_the_calendar(self):
        (drawn,) = measured.customer(source=measured.EXPORT_TARIFF).values()
        given = metering.register(of=drawn.meter, code="B1", direction="export", is_interval=True)
        for register in (drawn, given):
            metering.curve(
                of=register, start_date=JANUARY.start, end_date=JANUARY.end, value_of=measured.value_of, minutes=30
            )
        measured.approve()
        bill()
        proof = of(JANUARY.start)
        assert taken(proof) == set()
        assert {rest["counts_as"]: rest["cut"] for rest in proof["segments"][0]["energy_from"]} == {
            "energy_wh": "intervals",
            "export_wh": "intervals",
        }
        assert unseen(proof) == set()

    def test_hours_of_an_announced_day(self, monkeypatch):
        (register,) = measured.customer(source=measured.EXPORT_FREE).values()
        tariff = ServiceAgreement.objects.get().terms.get().tariff
        tariff.code = "tou"
        tariff.save()
        monkeypatch.setattr(timezone, "now", lambda: local_clock("Asia/Shanghai").day_start_utc(date(2025, 1, 9)))
        metering.curve(
            of=register, start_date=JANUARY.start, end_date=JANUARY.end, value_of=measured.value_of, minutes=30
        )
        measured.approve()
        prices.announce(tariffs=("tou",), code="heat", event_date=date(2025, 1, 10), source="forecast", actor=SYSTEM)
        bill()
        proof = of(JANUARY.start)
        assert taken(proof) == set()
        assert [one["date"] for one in proof["tariffs"][0]["events"]] == ["2025-01-10"]
        # Without the event the hours are others.
        proof["tariffs"][0]["events"] = []
        assert any("energy_wh peak" in one for one in Proof(proof).check())


class TestHandedOn:
    """What earlier bills hand on, by number, and what a correction of an earlier month makes of it."""

    def test_credits_from_bill_to_bill_and_through_a_correction(self):
        home = chained.supplied(chained.document(chained.NET, chained.ENERGY))
        for number, (drawn, given) in enumerate([(100, 300), (150, 0), (100, 0)]):
            chained.used(home, number, drawn, given)
        read_as_approved()
        for number in range(3):
            bill(chained.month(number))
        proof = of(chained.month(2).start)
        assert taken(proof) == set()
        (segment,) = proof["segments"]
        before = Bill.objects.get(start_date=chained.month(1).start)
        assert [one["bill"] for one in segment["earlier"]] == [before.number]
        assert segment["earlier"][0]["handed_on"]["carried"] == segment["given"]["carried"]
        assert set(segment["given"]["carried"].values()) == {50_000}
        # Nothing times a multiplier is nothing.
        assert unseen(proof) <= {"usage.multiplier"}

    def test_the_months_of_one_bill_hand_on_to_each_other(self):
        home = chained.supplied(chained.document(chained.NET, chained.ENERGY))
        for number, (drawn, given) in enumerate([(100, 300), (150, 0), (100, 0)]):
            chained.used(home, number, drawn, given)
        read_as_approved()
        for number in range(3):
            bill(chained.month(number))
        read = home.service_point.installations.get().meter.registers.get(direction="export")
        row = Usage.objects.get(register=read, start_date=chained.month(0).start)
        metering.read(of=read, on=chained.month(1).start, reading_wh=260_000, version=2)
        metering.read(of=read, on=chained.month(0).start, reading_wh=0, version=2)
        Usage.objects.filter(id=row.id).update(is_current=False)
        metering.usage(
            of=read, at=home.service_point, start_date=row.start_date, end_date=row.end_date, energy_wh=260_000,
            version=2,
        )  # fmt: skip
        bill(chained.month(2))
        proof = told(Bill.objects.latest("id"))
        assert taken(proof) <= {"counter values"}
        anew = [one for one in proof["segments"] if one["takes_back"] is None]
        places_of = [one["segment"] for part in anew for one in part["earlier"]]
        assert [place for place in places_of if place is not None] != []
        assert proof["segments"][places_of[-1] - 1]["handed_on"]["carried"] == anew[-1]["given"]["carried"]
        assert unseen(proof) <= {"usage.multiplier"}

    def test_the_least_of_the_year_counts_its_bills(self):
        home = chained.supplied(chained.document(chained.ENERGY, chained.LEAST), export=False)
        for number in range(12):
            chained.used(home, number, 10 + number)
        read_as_approved()
        for number in range(12):
            bill(chained.month(number))
        proof = of(chained.month(11).start)
        assert taken(proof) == set()
        (segment,) = proof["segments"]
        assert len(segment["earlier"]) == 11
        assert sum(one["handed_on"]["year_minor"] for one in segment["earlier"]) == segment["given"]["year_minor"]
        assert unseen(proof) == set()

    def test_peaks_of_the_months_before_and_demand_that_was_charged_in_the_month(self):
        ratchet = measured.DEMAND.replace('"ignore"', '"deduct"') + ('[[component.ratchet]]\npercent = "80"\n')
        source = measured.document(
            "ratchet", measured.ENERGY, "[demand]\nwindow_minutes = 30\n", ratchet, labels=("energy", "demand"),
            inputs='inputs = { peak_kw = "0", billed_peak_kw = "0", past_peaks_kw = [] }',
        )  # fmt: skip
        (register,) = measured.customer(source=source).values()
        metering.curve(
            of=register, start_date=JANUARY.start, end_date=FEBRUARY.end, value_of=measured.value_of, minutes=30
        )
        measured.approve(Period(JANUARY.start, FEBRUARY.end))
        half = Period(FEBRUARY.start, date(2025, 2, 14))
        for period in (JANUARY, half, FEBRUARY):
            bill(period)
        assert not HeldBill.objects.exists()
        proof = told(Bill.objects.latest("id"))
        assert taken(proof) == set()
        segment = proof["segments"][-1]
        assert [sorted(one["handed_on"]) for one in segment["earlier"]] == [["peak_w"], ["charged_w", "peak_w"]]
        assert segment["given"]["billed_peak_w"]["any"] > 0
        # Of two peaks of a month the smaller one does not matter.
        assert unseen(proof) <= {"segments.earlier.handed_on.peak_w.any"}


class TestCounts:
    """From when on, and with which agreements, the energy in the steps is counted."""

    @pytest.mark.parametrize("event", ["household", "tariff", "cycle", "move"])
    def test_what_begins_the_count_anew_is_named(self, event):
        test = {
            "household": restarts.test_a_change_of_household_restarts_the_count_where_the_tariff_says_so,
            "tariff": restarts.test_a_change_of_tariff_restarts_the_count_where_the_new_one_says_so,
            "cycle": restarts.test_a_change_of_the_cycle_restarts_the_count_where_the_tariff_says_so,
        }.get(event)
        if test is None:
            restarts.test_the_count_goes_along_with_a_customer_who_moves_unless_the_tariff_restarts_it(
                '"holder_change"', [(JANUARY.start, 0), (restarts.MIDDLE, 290)]
            )
        else:
            test(f'"move", "holder_change", "{event}_change"', 0)
        read_as_approved()
        years = []
        for row in Bill.objects.exclude(number=None).order_by("id"):
            proof = told(row)
            assert taken(proof) == set()
            assert unseen(proof) == set()
            years += [one["year_to_date"] for one in proof["segments"]]
        assert years[-1]["restart"] == (f"{event}_change" if test else None)
        assert [part["bill"] is None for year in years for part in year["from"]] == [False] * len(
            [part for year in years for part in year["from"]]
        )
        if test is None:
            assert {part.get("agreement") for part in years[-1]["from"]} != {None}

    def test_values_of_other_books_stand_with_their_source(self):
        accounts.supplier()
        source = opened.TIERS.replace("[labels.energy]", '[tier_cycle]\nevery = "year"\n\n[labels.energy]')
        version = tariffs.version(source=source)
        point = metering.service_point()
        (register,) = metering.metered(at=point)
        made = contracts.agreement(service_point=point, tariff=version.tariff, start_date=JANUARY.start)
        metering.usage(of=register, at=point, start_date=JANUARY.start, end_date=JANUARY.end, kwh=100)
        read_as_approved()
        opened.opened(made)
        bill()
        proof = told()
        assert taken(proof) == set()
        (part,) = proof["segments"][0]["year_to_date"]["from"]
        assert (part["bill"], part["opened"], part["counted_wh"]) == (None, "book 7", 950_000)
        assert unseen(proof) == set()

    def test_credits_of_other_books_are_those_of_the_first_bill(self):
        home = chained.supplied(chained.document(chained.NET, chained.ENERGY))
        for kind, name, value in (("credit", "net-credit", 70_000), ("credit", "net-net", 70_000)):
            opened.opened(home, kind=kind, name=name, value=value)
        chained.used(home, 0, 100, 0)
        read_as_approved()
        bill(chained.month(0))
        proof = told()
        assert taken(proof) == set()
        (segment,) = proof["segments"]
        assert segment["earlier"] == []
        assert {one["source"] for one in segment["opened"]} == {"book 7"}
        assert segment["energy_wh"]["total"] - segment["priced"]["energy_wh"]["total"] == 70_000
        assert unseen(proof) <= {"usage.multiplier"}


class TestRules:
    """Shares, fixed quantities and sub-meters, split anew."""

    @pytest.fixture(autouse=True)
    def _supplier(self):
        accounts.supplier()

    def test_quantities_shares_and_sub_meters(self):
        flat = tariffs.version(source=tariffs.FLAT).tariff
        main, sub = ruled.supplied(flat, kwh=1_000), ruled.supplied(flat, kwh=200)
        shop, home = ruled.supplied(flat), ruled.supplied(flat)
        ruled.begin("submeter", sub, main)
        ruled.begin("quantity", shop, main, quantity_wh=300_001)
        ruled.begin("share", home, main, share_e6=333_333)
        read_as_approved()
        bill()
        assert all_hold() == 4
        proof = told(Bill.objects.get(account=main.agreements.get().account_id))
        assert {row["kind"] for row in proof["rules"]} == {"submeter", "quantity", "share"}
        assert len(proof["usage"]) == 2
        for point in (main, home, shop):
            proof = told(Bill.objects.get(account=point.agreements.get().account_id))
            assert taken(proof) == set()
            # A rule that concerns another place matters only through what it leaves.
            assert unseen(proof) <= {"rules.share", "rules.quantity_wh"}

    @pytest.mark.parametrize("excess", ["in_proportion", "in_order"])
    def test_quantities_above_the_meter(self, excess):
        flat = tariffs.version(source=tariffs.FLAT).tariff
        main, first, second = ruled.supplied(flat, kwh=400), ruled.supplied(flat), ruled.supplied(flat)
        for point, wh in ((first, 300_000), (second, 500_000)):
            ruled.begin("quantity", point, main, quantity_wh=wh, excess=excess)
        read_as_approved()
        bill()
        assert all_hold() == 3

    @pytest.mark.parametrize("undo", ["another share", "an end", "never", "both at once"])
    def test_a_rule_that_is_another_since_holds_in_the_proof_of_before(self, undo):
        flat = tariffs.version(source=tariffs.FLAT).tariff
        main, home = ruled.interval_place(flat), ruled.supplied(flat)
        ruled.begin("unmetered", home, quantity_wh=31_000)
        rule = ruled.begin("share", home, main, share_e6=400_000)
        bill()
        accounts_of = [point.agreements.get().account_id for point in (main, home)]
        before = [told(Bill.objects.get(account=one)) for one in accounts_of]
        if undo == "another share":
            usage_rules.change(rule_id=rule, from_date=ruled.MIDDLE, share_e6=100_000, actor=SYSTEM)
        elif undo == "both at once":
            with transaction.atomic():
                later = usage_rules.change_step(rule_id=rule, from_date=ruled.MIDDLE, share_e6=100_000, actor=SYSTEM)
                usage_rules.end_step(rule_id=later, end_date=date(2025, 1, 20), actor=SYSTEM)
                usage_rules.end_step(rule_id=rule, end_date=date(2025, 1, 10), actor=SYSTEM)
        else:
            day = JANUARY.start if undo == "never" else ruled.MIDDLE
            usage_rules.end(rule_id=rule, end_date=day, actor=SYSTEM)
        first = list(Bill.objects.filter(account__in=accounts_of).order_by("id"))
        assert [told(one) for one in first] == sorted(before, key=lambda proof: int(proof["bill"]["number"]))
        for account in accounts_of:
            run_id = rebills.rebill(account_id=account, today=FEBRUARY.start, actor=SYSTEM)
            while runs.rate_chunk(run_id=run_id):
                pass
            issue(run_id)
        # A credit that no correction explains waits for a person.
        for row in HeldBill.objects.filter(code="negative_total"):
            held.release(held_id=row.id, today=FEBRUARY.start, actor=SYSTEM)
        again = Bill.objects.filter(account__in=accounts_of).exclude(id__in=[one.id for one in first])
        assert again.count() == 2
        assert all_hold() == 4
        days = {"another share": (14, 17), "an end": (14, 0), "never": (0, 0), "both at once": (9, 5)}[undo]
        given = days[0] * 1_920 + days[1] * 480
        assert sum(ruled.billed(home)) == 31_000 + given
        assert sum(ruled.billed(main)) == 31 * 4_800 - given
        prove()

    def test_a_load_that_nothing_counts(self):
        flat = tariffs.version(source=tariffs.FLAT).tariff
        lamp = ruled.supplied(flat)
        ruled.begin("unmetered", lamp, quantity_wh=31_000)
        bill()
        proof = told()
        assert taken(proof) == set()
        (part,) = proof["segments"][0]["energy_from"]
        assert (part["usage"], part["agreed_wh"], part["counts"]) == (None, 31_000, "added")
        assert unseen(proof) == set()


class TestDays:
    """Usage of a register that is dealt to days, which is an estimate."""

    @pytest.fixture(autouse=True)
    def _supplier(self):
        accounts.supplier()

    def test_a_new_price_in_the_middle_of_a_span(self):
        _, version = prorated.supplied()
        prorated.change_price(version, prorated.BY_DAYS)
        read_as_approved()
        bill()
        proof = told()
        assert taken(proof) == set()
        assert [one["is_estimated"] for one in proof["segments"]] == [True, True]
        assert {rest["cut"] for one in proof["segments"] for rest in one["energy_from"]} == {"days"}
        assert unseen(proof) == set()

    def test_a_load_profile_deals_the_days(self):
        prorated.profile(early=300)
        _, version = prorated.supplied(prorated.BY_PROFILE, wh=510_001)
        prorated.change_price(version, prorated.BY_PROFILE)
        read_as_approved()
        bill()
        proof = told()
        assert taken(proof) == set()
        rests = [rest for one in proof["segments"] for rest in one["energy_from"]]
        assert {rest["cut"] for rest in rests} == {"profile"}
        assert {rest["profile"] for rest in rests} <= {one["register"] for one in proof["interval_days"]}


class TestReactiveDemand:
    """The largest reactive demand, out of reactive interval values."""

    def test_it_follows_from_the_values(self):
        registers = measured.customer(source=measured.REACTIVE_TARIFF)
        reactive = metering.register(of=registers["E1"].meter, code="Q1", quantity="reactive", is_interval=True)
        for register in (registers["E1"], reactive):
            metering.curve(
                of=register, start_date=JANUARY.start, end_date=JANUARY.end, value_of=measured.value_of, minutes=15
            )
        measured.approve()
        bill()
        assert not HeldBill.objects.exists()
        proof = of(JANUARY.start)
        assert taken(proof) == set()
        (segment,) = proof["segments"]
        assert segment["given"]["reactive_peak_var"] > 0
        assert [part["by"] for part in segment["reactive_from"]] == ["intervals"]


class TestCorrections:
    """Usage that a correction changed, with its number, factor and days."""

    def test_a_factor_changes_what_was_recorded(self):
        _account, point, meter_id = mended.supplied(tariffs.FLAT)
        read_as_approved()
        number = mended.propose(
            mended.order(
                point, meter_id, factor=Fraction(1000, 1037), since=mended.MONTHS[1].start + timedelta(days=10)
            )
        )
        bill(mended.LAST)
        proof = told(Bill.objects.latest("id"))
        assert taken(proof) == set()
        (correction,) = proof["corrections"]
        assert (correction["ref"], correction["factor"]) == (f"k{number}", "1000/1037")
        changed = [one for one in proof["usage"] if "recorded_wh" in one]
        assert all(one["corrections"] == [f"k{number}"] for one in changed)
        assert changed
        first = Bill.objects.exclude(number=None).order_by("id")[0]
        assert told(first)["corrections"] == []
        assert unseen(proof) == set()

    def test_two_corrections_on_top_of_each_other_and_one_undone(self):
        _account, point, meter_id = mended.supplied(tariffs.FLAT)
        read_as_approved()
        mended.propose(mended.order(point, meter_id, factor=Fraction(9, 8)))
        second = mended.propose(mended.order(point, meter_id, factor=Fraction(2), cause=Cause.FUSE), key="again")
        bill(mended.LAST)
        both = Bill.objects.latest("id")
        assert len(told(both)["corrections"]) == 2
        assert taken(told(both)) == set()
        mended.undo(second)
        mended.settle(bill(mended.LAST))
        assert len(told(Bill.objects.latest("id"))["corrections"]) == 1
        assert taken(told(Bill.objects.latest("id"))) == set()

    def test_corrected_interval_values_name_their_correction(self):
        mended.test_interval_values_that_are_corrected_are_split_anew_by_period_of_use()
        proof = told(Bill.objects.latest("id"))
        assert len({one["correction"] for one in proof["interval_days"] if "correction" in one}) == 1
        assert {word.partition(" before ")[0] for word in taken(proof)} == {"interval values"}


class TestCharges:
    """One-off charges beside the segments."""

    def test_a_penalty_stands_with_its_rule_and_is_taken_back(self):
        ids = mass.supply(count=1, months=[JANUARY, FEBRUARY])
        read_as_approved()
        bill()
        case = charged.agreed(ids[0])
        bill(FEBRUARY)
        proof = of(FEBRUARY.start)
        assert taken(proof) == set()
        (charge,) = proof["charges"]
        assert (charge["amount_minor"], charge["takes_back"]) == (50_000, None)
        assert charge["rule"]["says"] == {"home": "500", "other": "5000"}
        # Which of the two amounts it is, the steps of the case say.
        assert unseen(proof) <= {"charges.rule.says.home", "charges.rule.says.other"}
        charged.cancelled(case)
        bill(FEBRUARY)
        back = told(Bill.objects.latest("id"))
        assert taken(back) == set()
        assert back["charges"][0]["takes_back"] == proof["bill"]["number"]
        assert back["segments"] == []

    def test_a_difference_of_prices_and_its_penalty(self):
        ids = mass.supply(count=1, months=[JANUARY])
        read_as_approved()
        claim = charged.Claim(
            agreement_id=ids[0], kind=charged.BreachKind.CATEGORY, found_date=charged.TODAY, evidence="photos",
            fact=Category(uses=(Misuse(energy_wh=650_001, paid_e6=50_000_000, right_e6=80_000_000),)),
        )  # fmt: skip
        found = breach_cases.propose(claim=claim, order=None, request_key="k", today=charged.TODAY, actor=charged.FIRST)
        breach_cases.agree(case_id=found, today=charged.TODAY, actor=charged.SECOND)
        bill()
        proof = told()
        assert taken(proof) == set()
        assert [one["kind"] for one in proof["charges"]] == ["price_difference", "penalty"]
        texts = [step["text"] for step in proof["charges"][0]["steps"]]
        assert any("650.001 kWh" in text for text in texts)
        # Of the rule's numbers the penalty alone has one in it.
        says = ("unknown_months", "days_in_month", "power_hours", "light_hours", "times")
        assert unseen(proof) <= {f"charges.rule.says.{name}" for name in says}
        assert Proof(mutant(proof, ("charges", 1, "rule", "says", "times"))).check()
        for place, charge in enumerate(proof["charges"]):
            for number, step in enumerate(charge["steps"]):
                if " " in step["text"]:
                    proof["charges"][place]["steps"][number]["text"] = step["text"] + "1"
                    assert Proof(proof).check()
                    proof["charges"][place]["steps"][number]["text"] = step["text"].removesuffix("1")


def test_a_bill_that_is_cancelled_and_one_that_replaces_it_both_prove():
    ids = mass.supply(count=1, months=[JANUARY])
    read_as_approved()
    bill()
    bills.cancel(bill_id=Bill.objects.get().id, reason="wrong", as_of_date=JANUARY.end, actor=SYSTEM)
    bill()
    kinds = [row.kind for row in Bill.objects.exclude(number=None).order_by("id")]
    assert kinds == ["regular", "credit", "regular"]
    assert all_hold() == 3
    assert ids
    prove()


def test_terms_that_are_changed_afterwards_do_not_change_the_proof():
    registers = supply(household=2)
    read(registers["total"], d0101=0, d0201=300)
    measured.approve()
    bill()
    first = told()
    agreement = ServiceAgreement.objects.get()
    agreements.change_term(agreement_id=agreement.id, from_date=JANUARY.start, household=5, actor=SYSTEM)
    proof = told()
    assert taken(proof) == {"what agreements said before they were changed"}
    assert proof["segments"][0]["term"]["household"] == first["segments"][0]["term"]["household"]


def test_a_version_that_ends_by_a_later_publication_had_no_end_then():
    _, version = prorated_flat()
    bill()
    version.period = DateRange(version.period.lower, date(2025, 1, 11))
    version.save()
    tariffs.version(of=version.tariff, source=tariffs.FLAT.replace("0.617", "0.717"), start_date=date(2025, 1, 11))
    proof = told()
    assert proof["tariffs"][0]["end_date"] is None
    assert taken(proof) == set()


def prorated_flat():
    accounts.supplier()
    found = prorated.supplied(tariffs.FLAT)
    read_as_approved()
    return found


def test_statements_of_a_proof_do_not_grow_with_the_bill():
    registers = measured.customer(source=measured.DEMAND_TARIFF)
    metering.curve(
        of=registers["E1"], start_date=JANUARY.start, end_date=FEBRUARY.end, value_of=measured.value_of, minutes=15
    )
    measured.approve(Period(JANUARY.start, FEBRUARY.end))
    bill()
    bill(FEBRUARY)
    metering.interval_day(of=registers["E1"], on=date(2025, 1, 10), version=2, values_wh=[0] * 95 + [40_000])
    measured.approve(Period(JANUARY.start, FEBRUARY.end))
    bill(FEBRUARY)
    assert BillSegment.objects.filter(cancels__isnull=False).exists()
    counts = []
    for row in Bill.objects.order_by("id"):
        proofs.of_bill(bill_id=row.id)
        with CaptureQueriesContext(connection) as asked:
            proofs.of_bill(bill_id=row.id)
        counts.append(len(asked))
    assert max(counts) <= 28
    assert max(counts) - min(counts) <= 5
