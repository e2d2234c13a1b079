"""The table of prices of a tariff."""

import pytest
from django.utils import translation

from cis.desk.tariff_page import price_rows
from tariffs.domain.components.demand import MeasuredDemand
from tariffs.domain.components.spans import Proration
from tariffs.domain.components.tiers import LimitsPer, TieredEnergy
from tariffs.domain.lines import LedgerClass
from tariffs.domain.plan import compile_plan

HEAD = {"label": "any", "ledger": LedgerClass.ENERGY}
STEPS_OF_DEMAND = MeasuredDemand(
    **HEAD,
    code="demand",
    proration=Proration.WHOLE,
    period="",
    place=0,
    limits_w=(50_000,),
    prices_e6=(0, 12 * 10**8),
)


@pytest.fixture(autouse=True)
def _in_english():
    with translation.override("en"):
        yield


def test_steps_of_demand_have_their_prices_and_not_the_limits_of_the_energy():
    tiers = TieredEnergy(**HEAD, code="energy", limits_wh=(3_120_000,), prices_e6=(61_700_000, 66_700_000))
    for components in ((STEPS_OF_DEMAND,), (tiers, STEPS_OF_DEMAND)):
        demand = [row for row in price_rows(compile_plan(components=components)) if row.unit == "CNY/kW"]
        steps = [("step 1 up to 50 kW", "0.00"), ("step 2 above 50 kW", "12.00")]
        assert [(row.step, row.price) for row in demand] == steps


def test_each_component_has_its_own_limits_and_says_what_they_are_per():
    prices = {"prices_e6": (61_700_000, 66_700_000)}
    summer = TieredEnergy(**HEAD, code="summer", limits_wh=(260_000,), limits_per=(LimitsPer.MONTH,), **prices)
    basic = TieredEnergy(**HEAD, code="basic", limits_wh=(8_500,), limits_per=(LimitsPer.DAY,), **prices)
    texts = [row.step for row in price_rows(compile_plan(components=(summer, basic)))]
    assert texts == [
        "step 1 up to 260 kWh a month",
        "step 2 above 260 kWh a month",
        "step 1 up to 8.5 kWh a day",
        "step 2 above 8.5 kWh a day",
    ]


def test_lines_that_only_tell_a_quantity_have_no_row():
    rows = price_rows(compile_plan(components=(STEPS_OF_DEMAND,)))
    assert len(rows) == len(STEPS_OF_DEMAND.slots()) - 1
