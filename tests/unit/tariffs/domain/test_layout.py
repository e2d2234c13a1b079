"""The numbers that are kept with a segment: laid side by side in the plan's order, and told apart again."""

from datetime import date

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cis.kernel.periods import Period
from tariffs.domain import layout
from tariffs.domain.batch import RatingBatch, month_share_e9, month_shares_e9
from tariffs.domain.components.basic import Energy
from tariffs.domain.components.charge_limits import Leaving, Negative, YearlyMinimum
from tariffs.domain.components.demand import MeasuredDemand, Ratchet
from tariffs.domain.components.export import CreditYear, Ending, KwhCredits, Paid
from tariffs.domain.components.losses import AgreedLoss
from tariffs.domain.components.spans import Proration
from tariffs.domain.components.tiers import Convention, Cycle, TierCycle, TieredTimeOfUse
from tariffs.domain.inputs import AXES, Input
from tariffs.domain.lines import LedgerClass, Scoped
from tariffs.domain.plan import DemandMetering, compile_plan

HEAD = {"label": "x", "ledger": LedgerClass.ENERGY}
PEAK_VALLEY = ("peak", "valley")


def rich_plan():
    """A plan that asks for columns of every shape, and hands on everything."""
    pay = CreditYear(first_month=4, at_end=Ending.PAY, leaving=Ending.PAY)
    return compile_plan(
        components=(
            AgreedLoss(code="loss", **HEAD, wh=1_000, varh=0, proration=Proration.WHOLE),
            KwhCredits(
                code="net", **HEAD, periods=PEAK_VALLEY, pools=((0,), (1,)), year=pay, paid=Paid.CREDITS, price_e6=1
            ),
            TieredTimeOfUse(
                code="energy",
                **HEAD,
                limits_wh=(100_000, 200_000),
                periods=PEAK_VALLEY,
                prices_e6=((1, 2), (3, 4), (5, 6)),
                convention=Convention.TIME_ORDER,
                scope=Scoped(only_for=("relief", "school")),
            ),
            MeasuredDemand(
                code="demand",
                **HEAD,
                period="",
                place=0,
                limits_w=(),
                prices_e6=(1,),
                ratchets=(Ratchet(part_e6=500_000, months=frozenset({8})),),
                incremental=True,
                proration=Proration.WHOLE,
            ),
            YearlyMinimum(
                code="least",
                **HEAD,
                on=("energy",),
                limit_minor=100,
                first_month=4,
                negative=Negative.AS_IS,
                leaving=Leaving.CHARGE,
            ),
        ),
        periods=PEAK_VALLEY,
        tier_cycle=TierCycle(Cycle.YEAR, 1),
        demand=DemandMetering(periods=("any", "day")),
    )


def test_the_order_is_that_of_the_plan():
    plan = rich_plan()
    assert [(part.name, part.shape) for part in layout.inputs_layout(plan=plan)] == [
        ("used_wh", (2,)),
        ("month", ()),
        ("month_end", ()),
        ("final", ()),
        ("peak_w", (2,)),
        ("billed_peak_w", (2,)),
        ("past_peaks_w", (12, 2)),
        ("export_wh", (2,)),
        ("features", (2,)),
        ("carried", (3,)),
        ("year_minor", ()),
        ("ordered_wh", (3, 2)),
    ]
    assert [(part.name, part.shape) for part in layout.handed_layout(plan=plan)] == [
        ("counted_wh", ()),
        ("peak_w", (2,)),
        ("charged_w", (2,)),
        ("year_minor", ()),
        ("carried", (3,)),
    ]
    plain = compile_plan(components=(Energy(code="energy", **HEAD, price_e6=1),))
    assert layout.inputs_layout(plan=plain) == (layout.Part("used_wh", (1,)),)
    assert layout.handed_layout(plan=plain) == ()


@given(count=st.integers(0, 3), data=st.data())
def test_what_is_laid_down_is_read_back(count, data):
    plan = rich_plan()
    numbers = iter(range(1, 10_000))

    def column(shape):
        size = count * int(np.prod(shape, dtype=np.int64))
        return np.array([next(numbers) for _ in range(size)], dtype=np.int64).reshape(count, *shape)

    parts = layout.inputs_layout(plan=plan)
    inputs = {Input(part.name): column(part.shape) for part in parts[1:]}
    needless = {Input.METERS: column(())} if data.draw(st.booleans()) else {}
    batch = RatingBatch.of(used_wh=column((2,)), inputs={**inputs, **needless})
    kept = layout.inputs_of(plan=plan, batch=batch)
    assert kept.shape == (count, 47)
    used_wh, back = layout.given_to(plan=plan, inputs=kept)
    assert used_wh.tolist() == batch.used_wh.tolist()
    assert {name: one.tolist() for name, one in back.items()} == {name: one.tolist() for name, one in inputs.items()}


def test_numbers_of_another_layout_are_refused():
    plan = rich_plan()
    for width in (0, 46, 48):
        with pytest.raises(layout.OtherLayout, match=f"{width} numbers where .* 47"):
            layout.given_to(plan=plan, inputs=np.zeros((1, width), dtype=np.int64))
    with pytest.raises(layout.OtherLayout):
        layout.apart(layout=layout.handed_layout(plan=plan), values=np.zeros(9, dtype=np.int64))


def test_every_input_has_a_place_in_the_order():
    # A new input goes to the end of the list: segments that were kept before must still be read.
    assert [need.value for need in Input][:20] == [
        *("month", "month_end", "final", "peak_w", "billed_peak_w", "past_peaks_w", "capacity_va", "contract_w"),
        *("reactive_varh", "export_wh", "energized_minutes", "meters", "features", "carried", "year_minor"),
        *("series_e9", "ordered_wh", "submeter_wh", "green_blocks", "reactive_peak_var"),
    ]
    assert set(AXES) <= set(Input)


def test_months_of_many_spans_are_those_of_one():
    spans = [(date(2025, 1, 1), date(2025, 2, 1)), (date(2025, 1, 22), date(2025, 2, 12))] * 2
    start, end = (np.array([day.toordinal() for day in column]) for column in zip(*spans, strict=True))
    shares = month_shares_e9(start_day=start, end_day=end)
    assert shares.tolist() == [month_share_e9(period=Period(*span)) for span in spans]
