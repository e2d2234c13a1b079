"""Rates of the URDB are read whole, or refused by the field that cannot be billed."""

import json
from datetime import date
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tariffs.domain.components.blocks import Fills
from tariffs.domain.urdb import dates, numbers
from tariffs.domain.urdb.rate import Choices
from tests.unit.tariffs.domain.urdb.rates import FLAT_DEMAND, OF_DEMAND, ONE_PERIOD, imported, rate, refused, tiers

CLOSED = [tiers((0.1, 100, "kWh"), (0.2, 500, "kWh")), tiers((0.1, None, "kWh"))]
FALLING = [tiers((0.1, 300, "kWh"), (0.2, 100, "kWh"), (0.3, None, "kWh")), tiers((0.1, None, "kWh"))]
INSIDE = [tiers((0.1, 300, "kWh"), (0.2, 0, "kWh"), (0.3, None, "kWh")), tiers((0.1, None, "kWh"))]
APART = [tiers((0.1, 300, "kWh"), (0.2, None, "kWh")), tiers((0.1, 200, "kWh"), (0.3, None, "kWh"))]
SECOND_BLOCK = [
    tiers((0.1, 200, "kWh/kW"), (0.2, 300, "kWh/kW"), (0.3, 1000, "kWh"), (0.3, None, "kWh")),
    tiers((0.1, None, "kWh")),
]


def structure(value):
    return {"energyratestructure": value}


@pytest.mark.parametrize(
    ("changes", "where", "code"),
    [
        ({"energyweekdayschedule": [[2] * 24] * 12}, "energyweekdayschedule[0]", "period_without_rate"),
        ({"energyweekdayschedule": [[-1] * 24] * 12}, "energyweekdayschedule[0]", "period_without_rate"),
        ({"energyweekdayschedule": [[0] * 24] * 11}, "energyweekdayschedule", "bad_schedule"),
        ({"energyweekendschedule": [[0] * 23] * 12}, "energyweekendschedule[0]", "bad_schedule"),
        ({"energyweekendschedule": None}, "energyweekendschedule", "bad_schedule"),
        (
            {"energyratestructure": None, "energyweekendschedule": None},
            "energyweekdayschedule",
            "schedule_without_rates",
        ),
        (structure("none"), "energyratestructure", "bad_structure"),
        (structure([[], [{"rate": 1}]]), "energyratestructure[0]", "period_without_rate"),
        (structure([[{"unit": "kWh"}], [{"rate": 1}]]), "energyratestructure[0][0]", "period_without_rate"),
        (structure([["none"], [{"rate": 1}]]), "energyratestructure[0]", "bad_structure"),
        (structure(CLOSED), "energyratestructure[0][1].max", "last_tier_closed"),
        (structure(FALLING), "energyratestructure[0]", "limits_not_ascending"),
        (structure(INSIDE), "energyratestructure[0][1].max", "tier_without_end"),
        (structure(APART), "energyratestructure", "tiers_contradict"),
        (structure(SECOND_BLOCK), "energyratestructure[0][1]", "undefined_block"),
        (
            structure([[{"rate": 0.1, "unit": "therm"}], [{"rate": 1}]]),
            "energyratestructure[0][0].unit",
            "unbillable_field",
        ),
        (
            structure([[{"rate": 0.1, "sell": 0.05}], [{"rate": 1}]]),
            "energyratestructure[0][0].sell",
            "unbillable_field",
        ),
        (structure([[{"rate": 0.1, "bonus": 1}], [{"rate": 1}]]), "energyratestructure[0][0].bonus", "unknown_field"),
        (structure([[{"rate": "dear"}], [{"rate": 1}]]), "energyratestructure[0][0].rate", "bad_number"),
        (structure([[{"rate": 0.123456789}], [{"rate": 1}]]), "energyratestructure[0][0].rate", "bad_number"),
        ({"fixedchargeunits": "$/kVA"}, "fixedchargeunits", "unbillable_field"),
        ({"fixedchargeunits": None}, "fixedchargeunits", "missing_unit"),
        ({"fixedmonthlycharge": 3}, "fixedmonthlycharge", "field_twice"),
        ({"fixedchargeeaaddl": 3}, "fixedchargeeaaddl", "unbillable_field"),
        ({"mincharge": -3, "minchargeunits": "$/month"}, "mincharge", "negative_amount"),
        ({"mincharge": 3, "minchargeunits": "$/month", "minmonthlycharge": 2}, "minmonthlycharge", "field_twice"),
        ({"annualmincharge": 3, "mincharge": 2, "minchargeunits": "$/year"}, "annualmincharge", "field_twice"),
        ({"demandwindow": 7, **FLAT_DEMAND}, "demandwindow", "bad_window"),
        ({"demandreactivepowercharge": 0.5}, "demandreactivepowercharge", "undefined_reactive"),
        ({"fueladjustmentsmonthly": [0.01] * 12}, "fueladjustmentsmonthly", "unbillable_field"),
        ({"coincidentratestructure": [[{"rate": 4}]]}, "coincidentratestructure", "unbillable_field"),
        ({"pdp_charge_energy": [0] * 23 + [0.6]}, "pdp_charge_energy", "unbillable_field"),
        ({"somethingnew": 1}, "somethingnew", "unknown_field"),
        ({"flatDemandUnits": "kVA", **FLAT_DEMAND}, "flatdemandunit", "unbillable_field"),
        ({"demandunits": "hp", **OF_DEMAND}, "demandunits", "unbillable_field"),
        ({"demandratchetpercentage": [80] * 12, **FLAT_DEMAND}, "demandratchetpercentage", "undefined_ratchet"),
        ({"lookbackpercent": 80, **FLAT_DEMAND}, "lookbackmonths", "undefined_ratchet"),
        ({"lookbackpercent": 80, "lookbackrange": 11}, "lookbackpercent", "undefined_ratchet"),
        ({"lookbackpercent": 8000, "lookbackrange": 11, **FLAT_DEMAND}, "lookbackpercent", "out_of_range"),
        ({"lookbackpercent": 80, "lookbackrange": 13, **FLAT_DEMAND}, "lookbackrange", "out_of_range"),
        ({"startdate": "soon"}, "startdate", "bad_date"),
        ({"enddate": "2020-01-01T00:00:00Z"}, "enddate", "empty_validity"),
        ({"Name": "Other"}, "name", "field_twice"),
    ],
)
def test_what_cannot_be_billed_is_refused_by_its_field(changes, where, code):
    assert refused(rate(**changes)) == [(where, code)]


def test_the_charge_of_a_year_that_has_no_twelfth_is_refused():
    assert refused(rate(fixedchargefirstmeter=1, fixedchargeunits="$/year")) == [
        ("fixedchargeunits", "unbillable_field")
    ]


def test_periods_of_demand_with_steps_at_different_limits_contradict_each_other_unless_whoever_imports_says_what_fills():
    steps = [tiers((20, 100), (15, None)), tiers((10, 50), (5, None))]
    contradictory = rate(**OF_DEMAND | {"demandratestructure": steps})
    assert refused(contradictory) == [("demandratestructure", "tiers_contradict")]
    assert len(imported(contradictory, Choices(fills=Fills.OWN)).documents) == 1


def test_a_file_with_several_faults_tells_all_of_them():
    found = refused(rate(somethingnew=1, fixedchargeunits="$/kVA", **structure(CLOSED)))
    assert {code for _, code in found} == {"unknown_field", "unbillable_field", "last_tier_closed"}


def test_each_finding_says_what_can_be_done():
    (finding,) = imported(rate(demandreactivepowercharge=0.5)).findings
    assert "--without demandreactivepowercharge" in str(finding)
    assert "0.5" in str(finding)


@pytest.mark.parametrize("text", ["", "[]", "{", "3", json.dumps({"items": []}), "[" * 100_000, json.dumps(["a"])])
def test_what_is_no_rate_is_refused(text):
    assert refused(text)


def test_a_rate_without_prices_is_refused():
    assert refused({"utility": "City Light", "name": "Empty"}) == [("energyratestructure", "nothing_priced")]


def test_what_is_left_out_is_not_billed_and_told():
    choices = Choices(leave_out=frozenset({"demandReactPwrCharge", "sell", "nothing"}))
    sold = [[{"rate": 0.1, "sell": 0.05}], [{"rate": 0.2}]]
    found = imported(rate(demandreactivepowercharge=0.5, **structure(sold)), choices)
    assert [note.where for note in found.notes if note.code == "left_out"] == ["demandreactivepowercharge", "nothing"]
    assert "# demandreactivepowercharge is left out, as was asked for: 0.5." in found.documents[0].text


def test_a_field_that_is_0_is_nothing_to_refuse():
    nothing = {"coincidentratestructure": [[{"rate": 0, "unit": "kW"}]], "pdp_charge_energy": [0] * 24}
    assert len(imported(rate(**nothing, demandreactivepowercharge=0)).documents) == 1


@pytest.mark.parametrize(
    ("value", "day"),
    [
        (1735718400, date(2025, 1, 1)),  # midnight in San Francisco
        (1727737200, date(2024, 10, 1)),  # an hour before the midnight of UTC
        (1433116800, date(2015, 6, 1)),
        ("2014-05-01T00:00:00.000Z", date(2014, 5, 1)),
        ("2014-05-01", date(2014, 5, 1)),
        ({"$date": "2014-05-01T07:00:00Z"}, date(2014, 5, 1)),
        ({"$date": 1398902400000}, date(2014, 5, 1)),
        (True, None),
        (-5, None),
        (2**40, None),
        ({"$date": None}, None),
        ([1], None),
    ],
)
def test_a_rate_begins_on_the_day_whose_midnight_is_meant(value, day):
    assert dates.first_day(value) == day


@pytest.mark.parametrize(
    ("value", "day"),
    [
        ("2014-09-30T23:59:59.000Z", date(2014, 10, 1)),
        ("2014-09-30T00:00:00.000Z", date(2014, 10, 1)),
        (1451520000, date(2016, 1, 1)),
        (1451545200, date(2016, 1, 1)),  # 31 December, midnight in Denver
        ("later", None),
    ],
)
def test_a_rate_ends_with_its_last_day(value, day):
    assert dates.day_after(value) == day


@given(st.integers(-(10**8), 10**8))
def test_a_price_that_went_through_single_precision_is_the_short_one(price_e6):
    import numpy as np

    short = Fraction(price_e6, 10**6)
    single = repr(float(np.float32(float(short))))
    if abs(price_e6) < 10**7:
        assert numbers.scaled(single, places=8) == price_e6 * 100


@pytest.mark.parametrize("text", ["1_000", " 1", "١", "1e9999", "nan", "Infinity", "0x1", "1.", ".5", ""])
def test_only_plain_numbers_are_numbers(text):
    assert numbers.exact(text) is None


def test_all_that_no_field_of_a_rate_holds_is_found_by_period_and_hour():
    flat = rate(**ONE_PERIOD, **FLAT_DEMAND, lookbackpercent=0.9, lookbackmonths=[1] + [0] * 11)
    assert len(imported(flat).documents) == 1


def test_a_period_that_no_hour_has_is_not_read():
    unused = [[{"rate": 0.1}], [{"rate": 0.2}], [], [{"rate": "none", "unit": "therm"}]]
    assert len(imported(rate(energyratestructure=unused)).documents) == 1


def test_a_single_period_needs_no_schedule():
    alone = rate(energyratestructure=[[{"rate": 0.1}]], energyweekdayschedule=None, energyweekendschedule=None)
    assert len(imported(alone | {"flatdemandstructure": [[{"rate": 3}]]}).documents) == 1


@pytest.mark.parametrize("top", [10**9, 9_999_999_999, 1e38])
def test_a_limit_beyond_all_customers_is_none(top):
    endless = [tiers((0.1, 300), (0.2, top)), tiers((0.1, 300), (0.3, top))]
    assert len(imported(rate(energyratestructure=endless)).documents) == 1


def test_the_spellings_of_the_dump_of_the_database_are_those_of_its_answers():
    plain = rate(**FLAT_DEMAND, **OF_DEMAND)
    dumped = {
        "utilityName": plain["utility"],
        "rateName": plain["name"],
        "effectiveDate": {"$date": "2024-01-01T08:00:00Z"},
        "sourceReference": plain["source"],
        "energyRateStrux": [{"energyRateTiers": one} for one in plain["energyratestructure"]],
        "energyWeekdaySched": plain["energyweekdayschedule"],
        "energyWeekendSched": plain["energyweekendschedule"],
        "demandRateStrux": [{"demandRateTiers": one} for one in plain["demandratestructure"]],
        "demandWeekdaySched": plain["demandweekdayschedule"],
        "demandWeekendSched": plain["demandweekendschedule"],
        "flatDemandStrux": [{"flatDemandTiers": one} for one in plain["flatdemandstructure"]],
        "flatDemandMonths": plain["flatdemandmonths"],
        "fixedChargeFirstMeter": plain["fixedchargefirstmeter"],
        "fixedChargeUnits": plain["fixedchargeunits"],
        "energyKeyVals": [{"key": "Season", "val": "Summer"}],
    }
    assert imported(dumped).documents == imported(plain).documents
