"""Whether what a segment was rated by tells what another plan asks for."""

from datetime import date

import numpy as np
import pytest

from billing.domain.likeness import is_cut, is_told, retold, same_hours
from tariffs.domain import document
from tariffs.domain.batch import RatingBatch
from tariffs.domain.inputs import Input
from tariffs.domain.rating import rate
from tests.factories.mass import SIX_LINES

HEAD = """
schema = 1
code = "x"
name_zh = "x"
name_en = "x"
legal_source = "none"
valid_from = 2020-01-01
currency = "CNY"
decimals = 2
rounding = "line"
[labels.energy]
zh = "x"
en = "x"
[labels.peak]
zh = "x"
en = "x"
[labels.valley]
zh = "x"
en = "x"
"""
FLAT = '[[component]]\nkind = "energy"\ncode = "energy"\nunit = "yuan/kWh"\nprice = "{price}"\n'
CAPACITY = """
[[component]]
kind = "capacity"
code = "capacity"
label = "energy"
unit = "yuan/kVA"
price = "{price}"
proration = "whole"
"""


def plan_of(text):
    return document.parse(text=text).plan


def flat(price="0.5", more=""):
    labels = HEAD[: HEAD.index("[labels.peak]")]
    return plan_of(labels + FLAT.format(price=price) + more)


SIX = plan_of(SIX_LINES)
BACKWARD = plan_of(
    SIX_LINES.replace('["peak", "valley"]', '["valley", "peak"]').replace('"0.617", ', '"0.717", ')
    .replace("163.46", "183.46")
)  # fmt: skip
LATER = plan_of(SIX_LINES.replace("06:00-22:00", "07:00-22:00").replace("22:00-06:00", "22:00-07:00"))
JULY = plan_of(SIX_LINES.replace('every = "year"', 'every = "year"\nstart_month = 7'))
MONTHLY = plan_of(SIX_LINES.replace('every = "year"', 'every = "month"'))
SUMMER = flat(more=FLAT.format(price="1").replace('"energy"\nunit', '"heat"\nlabel = "energy"\nmonths = [7, 8]\nunit'))


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        (SIX, SIX, True),
        (SIX, BACKWARD, True),
        (SIX, flat(), True),
        (flat(), SIX, False),
        (SIX, LATER, False),
        (SIX, JULY, False),
        (SIX, MONTHLY, False),
        (MONTHLY, MONTHLY, True),
        (flat(), flat("0.7"), True),
        (flat(), SUMMER, True),
        (flat(), flat(more=CAPACITY.format(price="20")), False),
        (flat(more=CAPACITY.format(price="30")), flat(more=CAPACITY.format(price="20")), True),
    ],
)
def test_what_is_told(old, new, told):
    assert is_told(old=old, new=new) is told


def test_hours_are_the_same_however_they_are_written():
    halves = SIX_LINES.replace('dates = ["01-01..12-31"]', 'dates = ["01-01..06-30"]')
    hours = halves[halves.index("[[time_of_use.season]]") : halves.index("[labels.energy]")]
    second = hours.replace('"year"', '"second"').replace("01-01..06-30", "07-01..12-31")
    two_seasons = plan_of(halves.replace("[labels.energy]", second + "[labels.energy]", 1))
    assert same_hours(one=SIX.calendar, other=two_seasons.calendar)
    assert same_hours(one=SIX.calendar, other=BACKWARD.calendar)
    assert not same_hours(one=SIX.calendar, other=LATER.calendar)
    assert not same_hours(one=SIX.calendar, other=None)
    assert same_hours(one=None, other=None)


def test_energy_goes_to_the_period_of_the_same_name():
    given = RatingBatch.of(used_wh=np.array([[200_000, 100_000]]), before_wh=np.array([10_000]))
    asked = retold(old=SIX, new=BACKWARD, batch=given, month=np.array([3]))
    assert asked.used_wh.tolist() == [[100_000, 200_000]]
    assert asked.before_wh.tolist() == [10_000]
    assert retold(old=SIX, new=flat(), batch=given, month=np.array([3])).used_wh.tolist() == [[300_000]]


def test_a_month_is_told_by_the_first_day():
    given = RatingBatch.of(used_wh=np.array([[100_000], [100_000]]))
    asked = retold(old=flat(), new=SUMMER, batch=given, month=np.array([6, 7]))
    assert asked.inputs[Input.MONTH].tolist() == [6, 7]
    assert rate(plan=SUMMER, batch=asked).total_minor.tolist() == [5_000, 15_000]


def test_spans_over_the_start_of_a_year_or_season_are_cut():
    days = [(date(2025, 6, 20), date(2025, 7, 20)), (date(2025, 6, 1), date(2025, 7, 1)),
            (date(2025, 8, 1), date(2025, 9, 2)), (date(2024, 12, 20), date(2025, 1, 5))]  # fmt: skip
    start, end = (np.array([day[place].toordinal() for day in days]) for place in (0, 1))
    assert is_cut(plan=JULY, start_day=start, end_day=end).tolist() == [True, False, False, False]
    assert is_cut(plan=SUMMER, start_day=start, end_day=end).tolist() == [True, False, True, False]
    assert is_cut(plan=SIX, start_day=start, end_day=end).tolist() == [False, False, False, True]
    assert is_cut(plan=SIX, start_day=start[:0], end_day=end[:0]).tolist() == []
