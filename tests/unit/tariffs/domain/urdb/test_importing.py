"""Documents made of rates: they hold the rate without loss, and their vectors are those of the file, not of the kernel."""

import gzip
import json
from datetime import date
from fractions import Fraction
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from tariffs.domain import document
from tariffs.domain.batch import RatingBatch
from tariffs.domain.components.basic import Energy, TimeOfUse
from tariffs.domain.components.blocks import Fills, TieredByPeriod
from tariffs.domain.components.demand import MeasuredDemand
from tariffs.domain.components.power_factor import ReactiveDemand
from tariffs.domain.components.tiers import Convention, TieredEnergy, TieredTimeOfUse
from tariffs.domain.inputs import Input
from tariffs.domain.rating import rate as rated_of
from tariffs.domain.time_of_use import DAY_TYPES, DayType
from tariffs.domain.urdb import importing, samples
from tariffs.domain.urdb.rate import Choices, Holidays, Reactive
from tests.unit.tariffs.domain.urdb.rates import (
    COLLECTED,
    FLAT_DEMAND,
    OF_DEMAND,
    ONE_PERIOD,
    imported,
    plan_of,
    rate,
    refused,
    tiers,
)

HISTORY = Path(__file__).parents[6] / "shared" / "data" / "tariffs" / "urdb_history"
NAMES = sorted(path.stem for path in COLLECTED.glob("*.json"))
HISTORIES = ("pge_a1_2014_2019", "pge_b19_2020", "pge_e19_2014_2019", "sce_tou8_2015_2019", "u90_flat06")
KVAR = Choices(reactive=Reactive.LARGEST)
STEPS = tiers((0.1, 300, "kWh"), (0.2, None, "kWh"))
DEARER = tiers((0.3, 300, "kWh"), (0.4, None, "kWh"))
WIDER = tiers((0.1, 500, "kWh"), (0.2, None, "kWh"))


def file_of(name):
    return json.loads((COLLECTED / f"{name}.json").read_text("utf-8"), parse_float=str)


def told(tiers_of_file, kilo=1000):
    """(limit in Wh or W, price_e6) of each tier as the file has it; what single precision blurred is read as meant."""
    found = []
    for tier in tiers_of_file:
        price = sum(Fraction(str(tier.get(key) or 0)) for key in ("rate", "adj"))
        top = Fraction(str(tier.get("max") or 0)) * kilo
        found.append((None if top == 0 or top >= 10**15 else top, float(price * 10**8)))
    return found


def held(limits, prices_e6):
    return list(zip([*map(Fraction, limits), None], map(float, prices_e6), strict=True))


def energy_of(plan, month, period):
    """Tiers of a period of use in a month, as the components of a plan hold them."""
    place = plan.periods.index(period) if period in plan.periods else 0
    for one in plan.components:
        if one.label != "energy" or (one.scope.months and month not in one.scope.months):
            continue
        if isinstance(one, Energy):
            return held((), [one.price_e6])
        if isinstance(one, TimeOfUse):
            return held((), [one.prices_e6[place]])
        if isinstance(one, TieredEnergy):
            return held(one.limits_wh, one.prices_e6)
        if isinstance(one, TieredTimeOfUse):
            return held(one.limits_wh, [row[place] for row in one.prices_e6])
        if isinstance(one, TieredByPeriod):
            return held(one.parts[place].limits_wh, one.parts[place].prices_e6)
    raise AssertionError(month)


def demand_of(plan, month, period):
    """Tiers of the demand of a period, "" for whatever hour; free of charge where no component prices it."""
    for one in plan.components:
        holds = not one.scope.months or month in one.scope.months
        if isinstance(one, MeasuredDemand) and holds and one.period == period and (period or one.label == "demand"):
            return held(one.limits_w, one.prices_e6)
    return [(None, 0.0)]


def periods_by_hour(calendar, month):
    """Codes of the 24 hours of a weekday and of a Saturday in the middle of a month."""
    season = calendar.season_of(on=date(2023, month, 15))
    rows = (calendar.slots[season, DAY_TYPES.index(day)] for day in (DayType.WEEKDAY, DayType.SATURDAY))
    return [[calendar.periods[place] for place in row[::2]] for row in rows]


def same(found, wanted):
    return [limit for limit, _ in found] == [limit for limit, _ in wanted] and [
        price for _, price in found
    ] == pytest.approx([price for _, price in wanted], rel=1e-7)


@pytest.mark.parametrize("name", NAMES)
def test_every_price_limit_and_hour_of_a_collected_rate_is_in_the_document(name):
    found, file = imported((COLLECTED / f"{name}.json").read_text("utf-8"), KVAR), file_of(name)
    assert [str(finding) for finding in found.findings] == []
    plan = document.parse(text=found.documents[0].text).plan
    for kind, calendar, held_by in (("energy", plan.calendar, energy_of), ("demand", plan.demand.calendar, demand_of)):
        structure = file.get(f"{kind}ratestructure")
        for month in range(12 if structure else 0):
            hours = [file[f"{kind}{days}schedule"][month] for days in ("weekday", "weekend")]
            codes = periods_by_hour(calendar, month + 1) if calendar else [[""] * 24] * 2
            assert len(
                {
                    (int(float(n)), code)
                    for row, own in zip(hours, codes, strict=True)
                    for n, code in zip(row, own, strict=True)
                }
            ) == len({int(float(n)) for row in hours for n in row})
            for number, code in zip(hours[0] + hours[1], codes[0] + codes[1], strict=True):
                wanted = told(structure[int(float(number))])
                if kind == "demand" and calendar is None:
                    (alone,) = [one for one in plan.components if one.label == "demand-by-period"]
                    assert same(held(alone.limits_w, alone.prices_e6), wanted)
                else:
                    assert same(held_by(plan, month + 1, code), wanted)
    for month, number in enumerate(file.get("flatdemandmonths", [])):
        assert same(demand_of(plan, month + 1, ""), told(file["flatdemandstructure"][int(float(number))]))


@pytest.mark.parametrize("name", NAMES)
def test_the_reactive_charge_of_a_collected_rate_is_held_or_refused(name):
    file = file_of(name)
    price = next((value for key, value in file.items() if key.lower().startswith("demandreact")), None)
    text = (COLLECTED / f"{name}.json").read_text("utf-8")
    codes = {(finding.where, finding.code) for finding in imported(text).findings}
    assert codes == ({("demandreactivepowercharge", "undefined_reactive")} if price else set())
    held_e6 = [one.price_e6 for one in plan_of(text, KVAR).components if isinstance(one, ReactiveDemand)]
    assert held_e6 == ([int(Fraction(price) * 10**8)] if price else [])


@pytest.mark.parametrize(
    "choices",
    [
        Choices(reactive=Reactive.LARGEST, convention=Convention.TIME_ORDER),
        Choices(reactive=Reactive.LARGEST, fills=Fills.OWN),
    ],
    ids=["time_order", "own"],
)
@pytest.mark.parametrize("name", NAMES)
def test_every_choice_makes_documents_whose_vectors_hold(name, choices):
    found = imported((COLLECTED / f"{name}.json").read_text("utf-8"), choices)
    # Periods of one month with other limits have no order of time; all else has.
    codes = {finding.code for finding in found.findings}
    assert codes == ({"undefined_order"} if name == "reoptapi_custom" and choices.fills is None else set())


@pytest.mark.skipif(
    not HISTORY.is_dir(), reason="the collected histories, without a licence, are not beside the project"
)
@pytest.mark.parametrize("name", HISTORIES)
def test_a_history_is_one_tariff_in_versions_without_gap_or_overlap(name):
    text = gzip.decompress((HISTORY / f"{name}.json.gz").read_bytes()).decode()
    summary = json.loads((HISTORY / "summary.json").read_text("utf-8"))[name]
    priced_events = {"pdp_charge_energy", "pdp_credit_demandratestructure", "pdp_credit_energyratestructure"}
    if any(field in text for field in priced_events):
        assert {finding.where.split(".")[1] for finding in imported(text).findings} <= priced_events
    found = imported(text, Choices(leave_out=frozenset(priced_events)))
    assert [str(finding) for finding in found.findings] == []
    plans = [document.parse(text=one.text).plan for one in found.documents]
    assert len(plans) == summary["versions"]
    assert len({plan.code for plan in plans}) == 1
    assert str(plans[0].valid_from) == summary["first"]
    assert str(plans[-1].valid_to) > summary["last"]
    assert all(one.valid_to == other.valid_from for one, other in pairwise(plans))


def versions(*spans):
    return [rate(startdate=start, enddate=end, name=f"Small {place}") for place, (start, end) in enumerate(spans)]


def test_versions_are_put_in_order_and_one_of_them_can_be_chosen():
    listed = versions(("2024-01-01", "2024-12-31"), ("2023-01-01", "2023-12-31"))
    found = imported(listed)
    assert [one.start_date for one in found.documents] == [date(2023, 1, 1), date(2024, 1, 1)]
    assert {one.code for one in found.documents} == {"city-light-small-0"}
    assert [one.start_date for one in imported(listed, on=date(2023, 7, 1)).documents] == [date(2023, 1, 1)]
    assert refused(listed, on=date(2025, 1, 1)) == [("startdate", "no_version")]


def test_versions_that_overlap_are_refused_and_a_gap_is_told():
    assert refused(versions(("2023-01-01", "2024-01-01"), ("2024-01-01", None))) == [("startdate", "versions_overlap")]
    assert refused(versions(("2023-01-01", None), ("2023-01-01", None))) == [("startdate", "versions_overlap")]
    assert refused(versions(("2023-01-01", None), (None, None))) == [("startdate", "version_without_date")]
    found = imported(versions(("2023-01-01", "2023-06-30"), ("2024-01-01", None)))
    assert [note.message for note in found.notes if note.code == "gap"] == [
        "From 2023-07-01 to 2024-01-01 no version holds."
    ]


def test_a_finding_in_one_version_names_it():
    listed = versions(("2023-01-01", "2023-12-31"), ("2024-01-01", None))
    listed[1]["somethingnew"] = 1
    assert refused(listed) == [("[1].somethingnew", "unknown_field")]


def test_what_the_file_does_not_say_is_decided_in_words():
    found = imported(rate(startdate=None, annualmincharge=12, energyratestructure=[STEPS, DEARER], **FLAT_DEMAND))
    decisions = [note.message for note in found.notes if note.code == "decided"]
    for option in ("--valid-from", "--convention", "--holidays", "--window", "--proration", "--leaving"):
        assert sum(option in message for message in decisions) == 1, option
    assert all(f"# {message}" in found.documents[0].text for message in decisions)
    assert "valid_from = 2000-01-01" in found.documents[0].text
    later = imported(rate(startdate=None), Choices(valid_from=date(2021, 2, 3)))
    assert "valid_from = 2021-02-03" in later.documents[0].text
    assert refused(rate(), Choices(valid_from=date(2021, 2, 3))) == [("startdate", "field_twice")]


def test_what_the_file_says_is_not_decided_again():
    found = imported(rate(demandwindow=30, **FLAT_DEMAND))
    assert "window_minutes = 30" in found.documents[0].text
    assert not [note for note in found.notes if "--window" in note.message]


def total(plan, used_kwh, *, month=1, **inputs):
    given = {Input.MONTH: np.array([month]), Input.MONTH_END: np.array([0]), Input.FINAL: np.array([0])}
    given |= {Input[name.upper()]: np.array(value) for name, value in inputs.items()}
    batch = RatingBatch.of(
        used_wh=np.array([[int(kwh * 1000) for kwh in used_kwh]]),
        days=np.array([30]),
        month_share_e9=np.array([10**9]),
        inputs={name: column for name, column in given.items() if name in plan.needs},
    )
    return int(rated_of(plan=plan, batch=batch).total_minor[0]) / 100


def test_seasons_with_other_limits_are_billed_each_by_its_own():
    summer = [[0] * 24] * 5 + [[0] * 12 + [1] * 12] * 4 + [[0] * 24] * 3
    seasonal = rate(energyratestructure=[STEPS, WIDER], energyweekdayschedule=summer, energyweekendschedule=summer)
    assert refused(seasonal) == [("energyratestructure", "tiers_contradict")]
    winter = [[0] * 24] * 5 + [[1] * 24] * 4 + [[0] * 24] * 3
    plan = plan_of(seasonal | {"energyweekdayschedule": winter, "energyweekendschedule": winter})
    assert plan.periods == ("total",)
    assert total(plan, [600], month=1) == pytest.approx(300 * 0.1 + 300 * 0.2 + 5)
    assert total(plan, [600], month=7) == pytest.approx(500 * 0.1 + 100 * 0.2 + 5)


def test_periods_with_other_limits_fill_them_as_whoever_imports_says():
    apart = rate(energyratestructure=[STEPS, tiers((0.3, 100, "kWh"), (0.5, None, "kWh"))])
    own, all_ = plan_of(apart, Choices(fills=Fills.OWN)), plan_of(apart, Choices(fills=Fills.ALL))
    assert total(own, [400, 200]) == pytest.approx(300 * 0.1 + 100 * 0.2 + 100 * 0.3 + 100 * 0.5 + 5)
    assert total(all_, [400, 200]) == pytest.approx(
        200 * 0.1 + 200 * 0.2 + 100 / 3 * 0.3 + (200 - 100 / 3) * 0.5 + 5, abs=0.005
    )


def test_a_period_without_tiers_beside_one_with_them_has_its_price_for_all_its_energy():
    plan = plan_of(rate(energyratestructure=[STEPS, tiers((0.5, None, "kWh"))]))
    assert total(plan, [450, 150]) == pytest.approx(225 * 0.1 + 225 * 0.2 + 150 * 0.5 + 5)


def test_a_block_of_kwh_per_kw_is_divided_by_the_tiers_in_kwh_that_follow_it():
    blocks = tiers(
        (9, 200, "kWh/kW"), (0.5, 1000, "kWh"), (0.4, 1e38, "kWh"), (0.3, 400, "kWh/kW"), (0.2, 1e38, "kWh/kW")
    )
    found = imported(rate(**ONE_PERIOD, energyratestructure=[blocks]))
    plan = document.parse(text=found.documents[0].text).plan
    cost = 1000 * 0.5 + 1000 * 0.4 + 2000 * 0.3 + 500 * 0.2 + 5
    assert total(plan, [4500], peak_w=[[10_000]]) == pytest.approx(cost)
    assert [note.where for note in found.notes if note.code == "block_price"] == ["energyratestructure[0][0]"]


def test_daily_limits_are_times_the_days():
    daily = tiers((0.1, 10, "kWh daily"), (0.2, None, "kWh daily"))
    plan = plan_of(rate(**ONE_PERIOD, energyratestructure=[daily], energyweekendschedule=[[0] * 24] * 12))
    assert total(plan, [500]) == pytest.approx(300 * 0.1 + 200 * 0.2 + 5)


def test_demand_looks_back_at_named_months_or_so_many_months():
    past = np.zeros((1, 12, 1), dtype=np.int64)
    past[0, 2, 0] = 100_000
    flat = rate(**ONE_PERIOD, **FLAT_DEMAND, energyratestructure=[[{"rate": 0}]])
    named = plan_of(flat | {"lookbackpercent": 0.75, "lookbackmonths": [1, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 1]})
    months = plan_of(flat | {"lookbackpercent": 75, "lookbackrange": 2})
    assert total(named, [0], month=3, peak_w=[[10_000]], past_peaks_w=past) == pytest.approx(75 * 3 + 5)
    assert total(named, [0], month=5, peak_w=[[10_000]], past_peaks_w=past) == pytest.approx(10 * 3 + 5)
    assert total(months, [0], month=3, peak_w=[[10_000]], past_peaks_w=past) == pytest.approx(10 * 3 + 5)


def test_a_look_back_also_moves_blocks_of_kwh_per_kw():
    blocks = tiers((0.5, 100, "kWh/kW"), (0.1, None, "kWh/kW"))
    plan = plan_of(
        rate(**ONE_PERIOD, **FLAT_DEMAND, energyratestructure=[blocks], lookbackpercent=50, lookbackrange=11)
    )
    past = np.zeros((1, 12, 1), dtype=np.int64)
    past[0, 5, 0] = 40_000
    cost = 2000 * 0.5 + 500 * 0.1 + 20 * 3 + 5
    assert total(plan, [2500], peak_w=[[10_000]], past_peaks_w=past) == pytest.approx(cost)


def test_a_look_back_moves_no_demand_of_a_period_even_of_one_that_is_the_whole_time():
    """Found by random rates: the single period was priced by the demand that the look-back stands for."""
    blocks = tiers((0.5, 100, "kWh/kW"), (0.1, None, "kWh/kW"))
    alone = {"demandratestructure": [[{"rate": 4}]], "demandweekdayschedule": [[0] * 24] * 12}
    alone["demandweekendschedule"] = alone["demandweekdayschedule"]
    plan = plan_of(
        rate(**ONE_PERIOD, **FLAT_DEMAND, **alone, energyratestructure=[blocks], lookbackpercent=50, lookbackrange=11)
    )
    past = np.zeros((1, 12, 2), dtype=np.int64)
    past[0, 5, 0] = 40_000
    cost = 2000 * 0.5 + 500 * 0.1 + 20 * 3 + 10 * 4 + 5
    assert total(plan, [2500], peak_w=[[10_000, 10_000]], past_peaks_w=past) == pytest.approx(cost)


def test_least_charges_of_a_month_and_of_a_day_lift_the_bill():
    assert total(plan_of(rate(mincharge=50, minchargeunits="$/month")), [0, 0]) == 50
    assert total(plan_of(rate(mincharge=2, minchargeunits="$/day")), [0, 0]) == 60
    assert total(plan_of(rate(fixedchargefirstmeter=24, fixedchargeunits="$/year")), [0, 0]) == 2


def test_holidays_have_the_hours_that_whoever_imports_says():
    literal, legal = (plan_of(rate(), Choices(holidays=word)) for word in Holidays)
    hour = [DAY_TYPES.index(DayType.HOLIDAY), 2 * 17]
    assert [plan.calendar.slots[0][tuple(hour)] for plan in (literal, legal)] == [1, 0]


def test_periods_are_called_as_the_file_calls_them():
    plan = plan_of(rate(energytoulabels=["Off-Peak", "On-Peak"], **OF_DEMAND, demandtoulabels=["Off-Peak", "Measured"]))
    assert plan.periods == ("off-peak", "on-peak")
    assert plan.labels["on-peak"] == {"zh": "On-Peak", "en": "On-Peak"}
    assert plan.demand.periods == ("any", "off-peak-d0", "measured-d1")


def test_a_wrong_document_is_found_by_its_vectors(monkeypatch):
    right = samples.total_cents
    monkeypatch.setattr(samples, "total_cents", lambda **given: right(**given) + 1)
    assert {code for _, code in refused(rate(energyratestructure=[STEPS, DEARER], **OF_DEMAND))} == {"vector_differs"}


def test_the_same_file_gives_the_same_document():
    once, again = (importing.documents(text=json.dumps(rate()), choices=Choices(), default_code="x") for _ in range(2))
    assert once.documents == again.documents
