"""Tests of meters: limits by class, the mean error, and the energy that follows; transformers and their product."""

from fractions import Fraction

import pytest

from cis.kernel.errors import Findings
from metering.domain.correction_factors import of_error
from metering.domain.corrections import Effect, Recorded, affected, changes
from metering.domain.device_tests import (
    Accuracy,
    LoadError,
    MeterTestAction,
    action_of,
    check_report,
    limit_ppm,
    loads_of,
    mean_ppm,
    percent,
)
from metering.domain.instrument_transformers import BadTransformers, NewTransformer, multiplier_of, parse

LOADS = loads_of(["peak:1", "normal:3", "low:1"])


def errors(*ppm):
    return tuple(
        LoadError(load=load, weight=weight, error_ppm=one) for (load, weight), one in zip(LOADS, ppm, strict=True)
    )


def test_each_class_has_its_limit():
    found = {str(one): limit_ppm(accuracy=one) for one in Accuracy}
    assert found == {
        "0.2S": 2_000, "0.5S": 5_000, "1": 10_000, "2": 20_000, "A": 20_000, "B": 10_000, "C": 5_000
    }  # fmt: skip
    with pytest.raises(ValueError, match="3"):
        limit_ppm(accuracy="3")


@pytest.mark.parametrize(
    ("found", "action"),
    [
        ((20_000, -20_000, 0), MeterTestAction.PASS),
        ((20_001, 0, 0), MeterTestAction.FAIL),
        ((0, 0, -20_001), MeterTestAction.FAIL),
    ],
)
def test_a_meter_fails_if_one_error_is_beyond_the_limit(found, action):
    assert action_of(errors=errors(*found), limit_ppm=limit_ppm(accuracy="2")) is action


def test_the_mean_counts_normal_load_three_times_and_is_rounded_away_from_zero():
    assert mean_ppm(errors(40_000, 40_000, 40_000)) == 40_000
    assert mean_ppm(errors(10, 20, 30)) == 20
    assert mean_ppm((LoadError(load="a", weight=1, error_ppm=1), LoadError(load="b", weight=1, error_ppm=2))) == 2
    assert mean_ppm((LoadError(load="a", weight=1, error_ppm=-1), LoadError(load="b", weight=1, error_ppm=-2))) == -2


@pytest.mark.parametrize(("ppm", "text"), [(40_000, "4"), (-51_200, "-5.12"), (0, "0"), (1, "0.0001"), (100_000, "10")])
def test_errors_are_told_in_percent(ppm, text):
    assert percent(ppm) == text


@pytest.mark.parametrize(("ppm", "change_wh"), [(40_000, -230_769), (-50_000, 315_789)])
def test_golden_numbers_of_the_rules(ppm, change_wh):
    """12,000 kWh in a year: half of them counted 4 % fast give 230.77 kWh back, 5 % slow cost 315.79 kWh."""
    factor = of_error(error=Fraction(mean_ppm(errors(ppm, ppm, ppm)), 10**6), limit=Fraction(2, 100))
    days = affected(since_day=0, until_day=366, percent=50)
    year = [Recorded(start_day=0, end_day=366, energy_wh=12_000_000)]
    assert changes(spans=year, effect=Effect(factor=factor), days=days) == [change_wh]


def test_a_report_is_whole_and_its_errors_can_be():
    findings = Findings()
    check_report(accuracy="", laboratory=" ", errors=errors(1_000_000, 0, 0), findings=findings)
    assert {one.code for one in findings} == {"unknown_accuracy", "no_laboratory", "bad_error"}
    findings = Findings()
    check_report(accuracy="1", laboratory="Lab", errors=(), findings=findings)
    assert [one.code for one in findings] == ["no_errors"]


def ct(serial, primary=200, secondary=5):
    return NewTransformer(kind="ct", serial=serial, primary=primary, secondary=secondary)


def test_the_multiplier_is_the_ratio_of_currents_times_that_of_voltages():
    found = parse("CT A1 200/5 0.2S\nct A2 200 / 5\n\n VT B1 10000/100 0.5")
    assert [(str(one.kind), one.serial, one.accuracy) for one in found] == [
        ("ct", "A1", "0.2S"), ("ct", "A2", ""), ("vt", "B1", "0.5")
    ]  # fmt: skip
    assert multiplier_of(found) == 40 * 100
    assert multiplier_of(()) == 1


@pytest.mark.parametrize(
    "text", ["A1 200/5", "CT A1 0/5", "CT A1 200/0", "CT A1 200", "CT A1 200/5\nCT A1 200/5", "CT A１ ２００/5"]
)
def test_what_is_no_transformer_is_refused(text):
    with pytest.raises(BadTransformers):
        parse(text)


@pytest.mark.parametrize(
    "wrong", [[ct("A1"), ct("A2", 300)], [ct("A1", 5, 200)], [ct("A1", 201)], [ct("A", 9_999_999, 1)]]
)
def test_ratios_that_make_no_multiplier_are_refused(wrong):
    with pytest.raises(BadTransformers):
        multiplier_of(wrong)
