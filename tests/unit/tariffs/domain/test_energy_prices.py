"""What a kWh costs: as the rated bill of one more kWh says."""

from pathlib import Path

import numpy as np
import pytest

from tariffs.domain import document
from tariffs.domain.batch import RatingBatch
from tariffs.domain.components.losses import LineLoss
from tariffs.domain.energy_prices import energy_prices
from tariffs.domain.inputs import Input
from tariffs.domain.rating import rate

PACKS = Path(__file__).parents[4] / "cis" / "packs"


def plan_of(name):
    return document.parse(text=(PACKS / f"{name}.toml").read_text(encoding="utf-8")).plan


@pytest.mark.parametrize(
    ("name", "month", "period", "prices"),
    [
        ("cn-shanghai/tariffs/residential-tiered", 1, "total", (61_700_000, 66_700_000, 91_700_000)),
        ("cn-shanghai/tariffs/residential-tiered-tou", 1, "valley", (30_700_000, 33_700_000, 48_700_000)),
        ("cn-shanghai/tariffs/residential-non-household", 7, "total", (64_100_000,)),
        ("cn-guangdong/tariffs/commercial-tou", 7, "critical", (116_875_000,)),
        ("cn-guangdong/tariffs/residential-tiered", 7, "total", (64_000_000, 69_000_000, 94_000_000)),
        ("au-example/tariffs/home-flat", 7, "total", (28_600_000,)),
    ],
)
def test_prices_are_those_of_the_text(name, month, period, prices):
    assert energy_prices(plan=plan_of(name), month=month, period=period) == prices


def test_several_components_are_added_up():
    plan = plan_of("cn-commercial/tariffs/commercial-capacity")
    (price_e6,) = energy_prices(plan=plan, month=5, period="peak")
    (loss,) = [slot.price_e6 for one, span in zip(plan.components, plan.spans, strict=True)
               if isinstance(one, LineLoss) for slot in plan.slots[span.start : span.stop]]  # fmt: skip
    assert price_e6 == 93_500_000 + loss + 3_000_000 + 2_000_000 + 196_875 + 620_000 + 1_900_000


def test_a_thousand_kwh_more_cost_a_thousand_times_the_price():
    plan = plan_of("cn-guangdong/tariffs/residential-tiered")

    def total(kwh):
        inputs = {Input.MONTH: np.array([7]), Input.FEATURES: np.zeros((1, 1), dtype=np.int64)}
        batch = RatingBatch.of(
            used_wh=np.array([[kwh * 1000]]), month_share_e9=np.array([10**9]), days=np.array([31]), inputs=inputs
        )
        return int(rate(plan=plan, batch=batch).total_minor[0])

    *_, last_e6 = energy_prices(plan=plan, month=7, period="total")
    assert (total(3000) - total(2000)) * 10**6 == last_e6 * 1000


def test_a_price_that_is_not_known_makes_the_sum_unknown():
    text = (PACKS / "cn-shanghai/tariffs/residential-tiered.toml").read_text(encoding="utf-8")
    plan = document.parse(text=text.replace('"0.667"', '"unset"', 1)).plan
    assert energy_prices(plan=plan, month=1, period="total") == (61_700_000, None, 91_700_000)
