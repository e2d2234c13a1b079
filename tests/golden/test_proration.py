"""Published cases of what a part of a month, of a quarter or of a year pays, by the day counts that tariffs may name."""

import json
import re
from datetime import date
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from cis.kernel.periods import Period, add_months
from tariffs.domain.batch import RatingBatch
from tariffs.domain.components.basic import Fixed, Per
from tariffs.domain.components.spans import Proration
from tariffs.domain.day_counts import cycle_months_e9, cycle_months_of, cycle_of, even_days
from tariffs.domain.inputs import Input
from tariffs.domain.lines import LedgerClass
from tariffs.domain.plan import compile_plan
from tariffs.domain.rating import rate

DATA = Path(__file__).parents[1] / "data" / "proration"
CYCLES = {case["id"]: case for case in json.loads((DATA / "killbill_billing_cycles.json").read_text("utf-8"))}
DAY_COUNTS = {case["id"]: case for case in json.loads((DATA / "killbill_day_counts.json").read_text("utf-8"))}
MONTHS = {"MONTHLY": 1, "QUARTERLY": 3, "ANNUAL": 12}
# 10,000,000.00 a month: a fen is 10^-9 of it, as precise as the cases are.
PLAN = compile_plan(
    components=(
        Fixed(
            code="fee", label="fee", ledger=LedgerClass.FIXED,
            per=Per.MONTH, price_e6=10**15, proration=Proration.CYCLE_DAYS,
        ),
    )
)  # fmt: skip


def charged(case):
    """Yield (part that is charged, its cycle) of each cycle that has begun by the target, cut to start and end."""
    start, target = date.fromisoformat(case["start"]), date.fromisoformat(case["target"])
    end = date.fromisoformat(case["end"]) if case["end"] else date.max
    on = start
    while on <= target and on < end:
        cycle = cycle_of(on=on, anchor=start, day=case["billing_cycle_day"], months=MONTHS[case["billing_period"]])
        yield Period(on, min(cycle.end, end)), cycle
        on = cycle.end


@pytest.mark.parametrize("case", CYCLES.values(), ids=CYCLES)
def test_a_part_of_a_cycle_pays_by_the_days_of_that_cycle(case):
    """As published, also where another recomputation differs: cycles lie a whole number of them from the first month."""
    parts = list(charged(case))
    days = np.array(
        [[day.toordinal() for day in (part.start, part.end, cycle.start, cycle.end)] for part, cycle in parts],
        dtype=np.int64,
    ).T
    months = cycle_months_of(start_day=days[0], end_day=days[1], cycle_start_day=days[2], cycle_end_day=days[3])
    batch = RatingBatch.of(used_wh=np.zeros((len(parts), 1), dtype=np.int64), inputs={Input.CYCLE_MONTHS_E9: months})
    rated = rate(plan=PLAN, batch=batch)
    assert rated.quantity[:, 0].tolist() == months.tolist()
    cycles = Fraction(int(rated.total_minor.sum()), 10**9 * MONTHS[case["billing_period"]])
    assert abs(cycles - Fraction(case["expected_cycles"])) <= Fraction(len(parts), 10**9)


def test_four_cases_are_followed_as_published_and_not_as_recomputed():
    differing = [case for case in CYCLES.values() if not case["agrees"]]
    assert len(differing) == 4
    assert all(case["billing_period"] != "MONTHLY" for case in differing)


@pytest.mark.parametrize("case", DAY_COUNTS.values(), ids=DAY_COUNTS)
def test_a_day_count_gives_the_share_that_is_published(case):
    first, second = (date.fromisoformat(word) for word in case["args"][:2])
    start, end = min(first, second), max(first, second)
    if case["mode"] == "fixed-30-day-month":
        named = re.search(r"DaysInMonth(\d+)", case["source"])
        days = even_days(start=start, end=end, month_days=int(named.group(1)) if named else 30)
        found = Fraction(days) if case["function"].startswith("daysBetween") else Fraction(days, 30)
    else:
        cycle = Period(start, add_months(start, 1))
        if "Before" in case["function"]:
            cycle = Period(add_months(end, -1), end)
        found = Fraction(cycle_months_e9(period=Period(start, end), cycle=cycle), 10**9)
    assert abs(found - Fraction(case["expected"])) <= Fraction(1, 10**9)
