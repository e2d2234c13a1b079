"""
Speed of the rating kernel: line computations per second on one core, compared with Decimal line by line.

One computation is the rounded amount of one line slot of one segment. The batch mixes, in random order, residential
steps, steps with peak and valley, and a commercial tariff with four periods, funds, a standing charge and a tax on top;
sorting it by tariff is part of the work. Time is that of the processor, so that a busy machine does not change it.
The reference is the same arithmetic in decimal.Decimal on a sample of the segments. Every segment is compared; with
--quick, the sample.
"""

import statistics
import time
from decimal import ROUND_HALF_UP, Decimal, getcontext

import _report  # first: makes the project importable
import numpy as np

from cis.kernel.fixed import Int64
from tariffs.domain import document
from tariffs.domain.batch import RatingBatch
from tariffs.domain.components.basic import Energy, Fixed, Tax, TaxMode, TimeOfUse
from tariffs.domain.components.tiers import TieredEnergy, TieredTimeOfUse
from tariffs.domain.lines import Component
from tariffs.domain.plan import Plan, Scope
from tariffs.domain.rating import RatedGroup, rate, rate_many

GOAL = 40_000_000
GOAL_BILL_MS = 1.0
SHARES = {"residential-tiered": 0.4, "residential-tiered-tou": 0.4, "commercial": 0.2}
CHUNK = 100_000
SEED = 20250701
CENT, WH = Decimal("0.01"), Decimal("0.001")
Lines = list[tuple[Decimal, Decimal]]

COMMERCIAL = """
schema = 1
code = "commercial"
name_zh = "工商业分时"
name_en = "Commercial, time of use"
legal_source = "made for the benchmark"
valid_from = 2020-01-01
currency = "CNY"
decimals = 2
rounding = "line"
time_of_use.periods = ["sharp", "peak", "flat", "valley"]

[labels]
energy = { zh = "电费", en = "Energy" }
fund = { zh = "基金", en = "Fund" }
standing = { zh = "基本费", en = "Standing charge" }
vat = { zh = "增值税", en = "VAT" }
sharp = { zh = "尖", en = "Sharp" }
peak = { zh = "峰", en = "Peak" }
flat = { zh = "平", en = "Flat" }
valley = { zh = "谷", en = "Valley" }

[[component]]
kind = "time_of_use"
code = "energy"
unit = "yuan/kWh"
prices = { sharp = "1.16875", peak = "0.935", flat = "0.55", valley = "0.209" }

[[component]]
kind = "fixed"
code = "standing"
unit = "yuan/month"
price = "8.1"

[[component]]
kind = "energy"
code = "water"
label = "fund"
ledger = "fund"
unit = "fen/kWh"
price = "0.196875"

[[component]]
kind = "tax"
code = "vat"
rate = "0.13"
mode = "on_top"
on = ["*"]
"""


def plans() -> list[Plan]:
    texts = [
        (_report.ROOT / f"cis/packs/cn-shanghai/tariffs/{code}.toml").read_text("utf-8") for code in list(SHARES)[:2]
    ]
    return [document.parse(text=text).plan for text in (*texts, COMMERCIAL)]


def mixed_batch(n: int, made: list[Plan]) -> tuple[RatingBatch, Int64]:
    chance = np.random.default_rng(SEED)
    plan_of = chance.choice(len(made), size=n, p=list(SHARES.values()))
    used_wh = chance.integers(0, 600_000, (n, 4))
    for place, plan in enumerate(made):
        used_wh[plan_of == place, len(plan.periods) :] = 0
    batch = RatingBatch(
        days=chance.integers(28, 32, n),
        month_share_e9=chance.integers(1, 10**9 + 1, n),
        used_wh=used_wh,
        before_wh=chance.integers(0, 6_000_000, n),
        household=chance.integers(1, 8, n),
    )
    return batch, plan_of


def price(price_e6: int | None) -> Decimal:
    return Decimal(price_e6 or 0).scaleb(-8)


class Segment:
    """One segment in kWh and months, as decimals."""

    def __init__(self, batch: RatingBatch, row: int, periods: int) -> None:
        self.used = [Decimal(wh).scaleb(-3) for wh in batch.used_wh[row, :periods].tolist()]
        self.before = Decimal(int(batch.before_wh[row])).scaleb(-3)
        self.months = Decimal(int(batch.month_share_e9[row])).scaleb(-9)
        self.household = int(batch.household[row])

    def inside(self, part: TieredEnergy | TieredTimeOfUse) -> list[Decimal]:
        reached = [one.grow_wh for one in part.allowances if self.household >= one.from_persons]
        grow = reached[-1] if reached else (0,) * len(part.limits_wh)
        tops = [Decimal(limit + more).scaleb(-3) for limit, more in zip(part.limits_wh, grow, strict=True)]
        left, at, passed = sum(self.used), self.before, []
        for top in tops:
            step = min(max(top - at, Decimal(0)), left)
            passed.append(step)
            at, left = at + step, left - step
        return [*passed, left]


def lines_of(part: Component, segment: Segment, printed: Lines, counted: list[int]) -> Lines:
    """Return quantity and exact amount of each line of a component."""
    used = segment.used
    match part:
        case Fixed():
            return [(segment.months, segment.months * price(part.price_e6))]
        case Energy():
            return [(sum(used, Decimal(0)), sum(used, Decimal(0)) * price(part.price_e6))]
        case TimeOfUse():
            return [(kwh, kwh * price(each)) for kwh, each in zip(used, part.prices_e6, strict=True)]
        case TieredEnergy():
            return [(kwh, kwh * price(each)) for kwh, each in zip(segment.inside(part), part.prices_e6, strict=True)]
        case TieredTimeOfUse():
            return stepped_periods(part, segment)
        case Tax():
            base = sum((printed[place][1] for place in counted), Decimal(0))
            rate_ = Decimal(part.rate_e6).scaleb(-6)
            return [(base, base * rate_ if part.mode is TaxMode.ON_TOP else base * rate_ / (1 + rate_))]
    raise TypeError(part)


def stepped_periods(part: TieredTimeOfUse, segment: Segment) -> Lines:
    """Two periods: the first gets its share of all energy below each limit, the second the rest."""
    total, below, dealt, found = sum(segment.used, Decimal(0)), Decimal(0), Decimal(0), []
    for kwh, row in zip(segment.inside(part), part.prices_e6, strict=True):
        below += kwh
        until = (below * segment.used[0] / total).quantize(WH, ROUND_HALF_UP) if total else Decimal(0)
        first = until - dealt
        dealt = until
        found += [(first, first * price(row[0])), (kwh - first, (kwh - first) * price(row[1]))]
    return found


def bill(plan: Plan, segment: Segment) -> list[int]:
    """Return the rounded amounts of all lines and the total, in minor units."""
    printed: Lines = []
    exact = shown = Decimal(0)
    for part, base in zip(plan.components, plan.bases, strict=True):
        for quantity, amount in lines_of(part, segment, printed, list(base)):
            if plan.rounding_scope is Scope.BILL and not base:
                exact += amount
                rounded = exact.quantize(CENT, ROUND_HALF_UP) - shown
                shown += rounded
            else:
                rounded = amount.quantize(CENT, ROUND_HALF_UP)
            printed.append((quantity, rounded))
    total = sum((line[1] for line, slot in zip(printed, plan.slots, strict=True) if slot.in_total), Decimal(0))
    return [int(amount.scaleb(2)) for _, amount in (*printed, (Decimal(0), total))]


def decimal_bills(batch: RatingBatch, plan_of: Int64, made: list[Plan], rows: range) -> list[list[int]]:
    each = ((row, made[plan_of[row]]) for row in rows)
    return [bill(plan, Segment(batch, row, len(plan.periods))) for row, plan in each]


def differences(groups: list[RatedGroup], batch: RatingBatch, plan_of: Int64, made: list[Plan], compared: int) -> int:
    """Return how many amounts and totals of the first segments differ from Decimal's."""
    ours = np.zeros((len(batch), 1 + max(len(plan.slots) for plan in made)), dtype=np.int64)
    for group in groups:
        assert group.rated is not None, group.refusal
        lines = len(group.plan.slots)
        ours[group.rows, :lines] = group.rated.amount_minor
        ours[group.rows, lines] = group.rated.total_minor
    differ = 0
    for first in range(0, compared, CHUNK):
        rows = range(first, min(first + CHUNK, compared))
        for row, expected in zip(rows, decimal_bills(batch, plan_of, made, rows), strict=True):
            differ += sum(a != b for a, b in zip(ours[row, : len(expected)].tolist(), expected, strict=True))
        _report.progress(f"compared {rows.stop:,} of {compared:,} segments with Decimal: {differ} differences")
    return differ


def single_bill_ms(batch: RatingBatch, plan_of: Int64, made: list[Plan]) -> float:
    """Return the median of one bill rated by itself under the tariff with most lines."""
    row = int(np.flatnonzero(plan_of == 1)[0])
    used_wh = batch.used_wh[row : row + 1, : len(made[1].periods)]
    one = RatingBatch.of(used_wh=used_wh, before_wh=batch.before_wh[row : row + 1])
    return statistics.median(_report.seconds(lambda: rate(plan=made[1], batch=one)) for _ in range(200)) * 1000


def main() -> None:
    parser = _report.parser(__doc__)
    parser.add_argument("--segments", type=int, default=1_000_000)
    parser.add_argument("--sample", type=int, default=5_000, help="segments that Decimal computes in each round")
    asked = parser.parse_args()
    getcontext().prec = 50
    made = plans()
    n, sample = asked.segments, asked.sample
    batch, plan_of = mixed_batch(n, made)
    _report.progress(f"{n:,} segments, {len(made)} tariffs")
    for _ in range(3):  # the first runs mostly wait for memory
        rate_many(plans=made, plan_of=plan_of, batch=batch)
    lines = sum(len(made[place].slots) for place in plan_of.tolist())
    sampled = sum(len(made[place].slots) for place in plan_of[:sample].tolist())
    ours_s, reference_s = _report.alternate(
        lambda: rate_many(plans=made, plan_of=plan_of, batch=batch),
        lambda: decimal_bills(batch, plan_of, made, range(min(sample, n))),
        rounds=7,
        clock=time.process_time,
    )
    groups = rate_many(plans=made, plan_of=plan_of, batch=batch)
    compared = min(sample if asked.quick else n, n)
    differ = differences(groups, batch, plan_of, made, compared)
    bill_ms = single_bill_ms(batch, plan_of, made)
    value, reference = lines / ours_s, sampled / reference_s
    _report.finish(
        name="rating",
        value=round(value),
        unit="line computations per second of one core",
        goal=f">= {GOAL:,}, 0 differences to Decimal, one bill < {GOAL_BILL_MS:g} ms",
        holds=value >= GOAL and differ == 0 and bill_ms < GOAL_BILL_MS,
        reference={
            "name": "decimal.Decimal, the same bills",
            "value": round(reference),
            "unit": "line computations per second of one core",
        },
        ratio=round(value / reference, 1),
        n=n,
        taken_s=ours_s,
        lines=lines,
        compared=compared,
        differences=differ,
        single_bill_ms=round(bill_ms, 3),
    )


if __name__ == "__main__":
    main()
