"""The table of prices of a tariff."""

from cis.desk.tariffs import price_rows
from tariffs.domain.components.demand import MeasuredDemand
from tariffs.domain.components.spans import Proration
from tariffs.domain.components.tiers import TieredEnergy
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


def test_steps_of_demand_have_their_prices_and_not_the_limits_of_the_energy():
    tiers = TieredEnergy(**HEAD, code="energy", limits_wh=(3_120_000,), prices_e6=(61_700_000, 66_700_000))
    for components in ((STEPS_OF_DEMAND,), (tiers, STEPS_OF_DEMAND)):
        demand = [row for row in price_rows(compile_plan(components=components)) if row.unit == "kW"]
        assert [(row.step_text, row.price) for row in demand] == [("1", "0.00"), ("2", "12.00")]


def test_lines_that_only_tell_a_quantity_have_no_row():
    rows = price_rows(compile_plan(components=(STEPS_OF_DEMAND,)))
    assert len(rows) == len(STEPS_OF_DEMAND.slots()) - 1
