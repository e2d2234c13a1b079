"""Whole two-part bills of random customers, line by line against school arithmetic."""

from fractions import Fraction

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from tariffs.domain.batch import RatingBatch
from tariffs.domain.components.basic import Energy, Tax, TaxMode
from tariffs.domain.components.demand import ContractedDemand, Excess, UseCounts, UseDiscount
from tariffs.domain.components.losses import AgreedLoss, LineLoss, LossMethod
from tariffs.domain.components.power_factor import PowerFactor, Standard, schedule_of_1983
from tariffs.domain.components.spans import Proration
from tariffs.domain.inputs import Input
from tariffs.domain.lines import LedgerClass
from tariffs.domain.plan import compile_plan
from tariffs.domain.rating import rate
from tests.unit.tariffs import oracle_power as oracle

HEAD = {"label": "any", "ledger": LedgerClass.ENERGY}
LOSS = AgreedLoss(**HEAD, code="loss", wh=304_000, varh=65_000, proration=Proration.THIRTIETHS)
ENERGY = Energy(**HEAD, code="energy", price_e6=55_000_000)
LINES = LineLoss(**HEAD, code="lines", price_e6=40_000_000, rate_e6=35_000, method=LossMethod.GROSS)
DEMAND = ContractedDemand(
    **HEAD,
    code="demand",
    price_e6=40 * 10**8,
    proration=Proration.THIRTIETHS,
    excess=Excess.CONTRACT_PLUS_DOUBLE_EXCESS,
    tolerance_e6=1_050_000,
    floor_e6=400_000,
    discount=UseDiscount(from_wh_per_kva=260_000, factor_hundredths=90, counts=UseCounts.BILLED),
)
FACTOR = PowerFactor(
    **HEAD, code="pf", schedule=schedule_of_1983(standard=Standard.P90), on=("energy", "lines", "demand")
)
FUND = Energy(**HEAD, code="fund", price_e6=4_716_875)
VAT = Tax(**HEAD, code="vat", rate_e6=130_000, mode=TaxMode.INSIDE, on=("*",))
PLAN = compile_plan(components=(LOSS, ENERGY, LINES, DEMAND, FACTOR, FUND, VAT))

customers = st.fixed_dictionaries(
    {
        "used": st.integers(0, 10**6) | st.integers(0, 10**12) | st.just(0),
        "reactive": st.integers(0, 10**6) | st.integers(0, 10**12),
        "contract": st.integers(0, 10**6),
        "peak": st.integers(0, 2 * 10**6),
        "capacity": st.integers(0, 10**6) | st.integers(0, 2000),
        "days": st.integers(1, 31),
        "is_whole": st.booleans(),
    }
)


def batch_of(rows):
    def column(name):
        return np.array([row[name] for row in rows], dtype=np.int64)

    return RatingBatch.of(
        used_wh=column("used")[:, None],
        days=column("days"),
        month_share_e9=np.array([months_e9(row) for row in rows], dtype=np.int64),
        inputs={
            Input.REACTIVE_VARH: column("reactive"),
            Input.CONTRACT_W: column("contract"),
            Input.PEAK_W: column("peak")[:, None],
            Input.CAPACITY_VA: column("capacity"),
        },
    )


def months_e9(row):
    return 10**9 if row["is_whole"] else row["days"] * 10**9 // 31


def bill_of(row):
    """The printed amounts in minor units, by code."""
    months = Fraction(months_e9(row), 10**9)
    paid = oracle.months_paid("thirtieths", row["days"], months)
    wh = row["used"] + oracle.half_up(304_000 * paid)
    varh = row["reactive"] + oracle.half_up(65_000 * paid)
    kw, kva = (Fraction(row[name], 1000) for name in ("contract", "capacity"))
    billed = oracle.contracted(
        kw,
        Fraction(row["peak"], 1000),
        kva,
        excess="contract_plus_double_excess",
        tolerance=Fraction(105, 100),
        floor_part=Fraction(2, 5),
    )
    factor = oracle.price_factor(Fraction(wh, 1000), kva, months, 260, Fraction(9, 10))
    found = {
        "energy": oracle.cent(Fraction(wh, 1000) * 55),
        "lines": oracle.cent(Fraction(wh, 1000) * 40 * Fraction(35, 965)),
        "demand": oracle.cent(billed * 4000 * factor * paid),
    }
    phi = oracle.power_factor(wh, varh)
    percent = Fraction(0) if phi is None else oracle.schedule_1983(Fraction(9, 10), phi)
    found["pf"] = oracle.cent(sum(found.values()) * percent / 100)
    found["fund"] = oracle.cent(Fraction(wh, 1000) * Fraction(4_716_875, 10**6))
    found["vat"] = oracle.cent(sum(found.values()) * Fraction(13, 113))
    return found


@given(st.lists(customers, min_size=1, max_size=5))
def test_every_line_of_a_two_part_bill_equals_school_arithmetic(rows):
    rated = rate(plan=PLAN, batch=batch_of(rows))
    keys = [slot.key for slot in PLAN.slots]
    for place, row in enumerate(rows):
        lines = dict(zip(keys, rated.amount_minor[place].tolist(), strict=True))
        expected = bill_of(row)
        assert {key: lines[key] for key in expected} == expected
        assert rated.total_minor[place] == sum(amount for key, amount in expected.items() if key != "vat")
