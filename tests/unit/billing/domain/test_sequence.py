"""What one bill hands to the next: rated month by month, corrected in between, it is as if all were rated at once."""

from dataclasses import replace
from datetime import date
from random import Random

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from cis.kernel.periods import Period, add_months
from tariffs.domain import chain, layout
from tariffs.domain.batch import RatingBatch, month_share_e9
from tariffs.domain.components.charge_limits import Leaving, Negative, YearlyMaximum, YearlyMinimum
from tariffs.domain.components.demand import MeasuredDemand, Ratchet
from tariffs.domain.components.export import Applied, CreditYear, Ending, KwhCredits, MoneyCredits, Netting, Paid
from tariffs.domain.components.losses import AgreedLoss
from tariffs.domain.components.spans import Proration
from tariffs.domain.components.tiers import Cycle, TierCycle, TieredEnergy
from tariffs.domain.inputs import Input
from tariffs.domain.lines import LedgerClass
from tariffs.domain.plan import compile_plan
from tests.unit.billing.domain import books
from tests.unit.billing.domain.books import version
from tests.unit.billing.domain.chains import FIRST, ChainBook, Oracle, halves, month

HEAD = {"label": "x", "ledger": LedgerClass.ENERGY}
TOTAL = ("total",)
YUAN = 10**8
YEAR = TierCycle(Cycle.YEAR, 1)
YEARS = (
    CreditYear(first_month=None, at_end=Ending.PAY, leaving=Ending.FORFEIT),
    CreditYear(first_month=4, at_end=Ending.PAY, leaving=Ending.PAY),
    CreditYear(first_month=1, at_end=Ending.FORFEIT, leaving=Ending.PAY),
)
PARTS = {
    "loss": lambda _: AgreedLoss(code="loss", **HEAD, wh=7_000, varh=0, proration=Proration.CALENDAR_DAYS),
    "kwh": lambda year: KwhCredits(
        code="net", **HEAD, periods=TOTAL, pools=((0,),), year=year, paid=Paid.CREDITS, price_e6=YUAN // 5
    ),
    "netting": lambda _: Netting(code="net", **HEAD, periods=TOTAL, pools=((0,),)),
    "energy": lambda _: TieredEnergy(code="energy", **HEAD, limits_wh=(3_000_000,), prices_e6=(YUAN, 2 * YUAN)),
    "demand": lambda _: MeasuredDemand(
        code="demand",
        **HEAD,
        period="",
        place=0,
        limits_w=(200_000,),
        prices_e6=(YUAN, 2 * YUAN),
        ratchets=(
            Ratchet(part_e6=800_000, months=frozenset({7, 8})),
            Ratchet(part_e6=500_000, look_back=3),
        ),
        least_w=10_000,
        grain_w=1_000,
        incremental=True,
        proration=Proration.WHOLE,
    ),
    "money": lambda year: MoneyCredits(
        code="credit",
        **HEAD,
        on=("energy",),
        applied=Applied.NEXT_MONTH,
        year=year,
        periods=TOTAL,
        prices_e6=(YUAN // 2,),
    ),
    "least": lambda _: YearlyMinimum(
        code="least",
        **HEAD,
        on=("energy",),
        limit_minor=900_000,
        first_month=4,
        negative=Negative.AS_ZERO,
        leaving=Leaving.CHARGE,
    ),
    "most": lambda _: YearlyMaximum(
        code="most", **HEAD, on=("energy",), limit_minor=400_000, first_month=4, negative=Negative.AS_ZERO
    ),
}
TARIFFS = [
    ("loss", "energy"),
    ("kwh", "energy"),
    ("loss", "kwh", "energy", "least"),
    ("netting", "energy", "money"),
    ("energy", "money", "most"),
    ("energy", "least", "most"),
    ("energy", "demand"),
    ("loss", "kwh", "energy", "demand", "money", "least", "most"),
]


def plan_of(names, year=YEARS[0], *, tiers=YEAR, **changed):
    parts = [PARTS[name](year) for name in names]
    parts = [replace(part, **changed.get(part.code, {})) for part in parts]
    return compile_plan(components=tuple(parts), code="t", tier_cycle=tiers)


def book_of(plan, **changed):
    return ChainBook(versions=[version(plan)], **changed)


def amounts(chance):
    """Energy drawn and given, and the peak, of half a month; numbers out of a box, since they shrink to no story."""
    return (chance.randint(0, 2_000) * 1_000, chance.choice((0, 0, 500_000, 3_000_000)), chance.randint(0, 500_000))


class Story:
    """A supplier's months: billed, skipped, billed in part, corrected, left behind; each checked against the oracle."""

    def __init__(self, data, plan, agreements):
        self.data, self.plan, self.chance = data, plan, Random(data.draw(st.integers(0, 2**32)))
        self.book = book_of(plan, agreements=agreements)
        self.oracle = Oracle(lambda _: plan)
        for half in halves(FIRST, 30):
            for agreement in self.book.meters:
                self.book.use(agreement, half, *amounts(self.chance))
        self.next, self.skipped = FIRST, []

    def bill(self, period):
        self.book.bill(period)
        self.check()
        bills = len(self.book.bills)
        self.book.bill(period)
        assert len(self.book.bills) == bills, "billed twice"

    def check(self):
        for agreement in self.book.meters:
            self.oracle.check(self.book, agreement)

    def month(self):
        self.bill(month(self.next))
        self.next = add_months(self.next, 1)

    def part(self):
        self.bill(Period(self.next, self.next.replace(day=16)))
        self.month()

    def skip(self):
        self.skipped.append(self.next)
        self.next = add_months(self.next, 1)

    def late(self):
        while self.skipped:
            self.bill(month(self.skipped.pop()))

    def correct(self):
        half = self.data.draw(st.sampled_from(halves(FIRST, 12)))
        self.book.use(self.data.draw(st.sampled_from(sorted(self.book.meters))), half, *amounts(self.chance))

    def freeze(self):
        self.late()
        start = date(add_months(self.next, -1).year, 1, 1)
        self.book.since = max(self.book.since, start.toordinal()) if start > FIRST else self.book.since

    def end(self):
        self.late()
        if self.book.ends is None:
            self.book.ends = self.data.draw(
                st.sampled_from((self.next, add_months(self.next, 1), self.next.replace(day=16)))
            )


@settings(max_examples=30)
@given(data=st.data(), names=st.sampled_from(TARIFFS), year=st.sampled_from(YEARS), agreements=st.integers(1, 2))
def test_bills_month_by_month_with_corrections_are_as_if_rated_at_once(data, names, year, agreements):
    story = Story(data, plan_of(names, year), agreements)
    story.month()
    does = ("month", "month", "month", "part", "skip", "late", "correct", "correct", "freeze", "end")
    for step in data.draw(st.lists(st.sampled_from(does), min_size=3, max_size=14)):
        getattr(story, step)()
    story.late()
    story.month()


@settings(max_examples=15)
@given(
    data=st.data(), names=st.sampled_from([one for one in TARIFFS if "demand" not in one]), year=st.sampled_from(YEARS)
)
def test_whole_months_cost_what_the_chain_of_months_says(data, names, year):
    plan = plan_of(names, year)
    book = book_of(plan)
    chance = Random(data.draw(st.integers(0, 2**32)))
    months = [add_months(FIRST, n) for n in range(14)]
    for half in halves(FIRST, 14):
        book.use(1, half, *amounts(chance))
    for start in months:
        book.bill(month(start))
    for _ in range(3):
        book.use(1, data.draw(st.sampled_from(halves(FIRST, 14))), *amounts(chance))
    book.bill(month(months[-1]))
    batches = []
    for start in months:
        used, given_wh, _ = book.meters[1].of(start.toordinal(), add_months(start, 1).toordinal())
        period = month(start)
        inputs = {Input.EXPORT_WH: np.array([[given_wh]])} if Input.EXPORT_WH in plan.needs else {}
        batches.append(
            RatingBatch.of(
                used_wh=np.array([[used]]),
                days=np.array([period.days]),
                month_share_e9=np.array([month_share_e9(period=period)]),
                inputs=inputs,
            )
        )
    expected = [int(one.total_minor[0]) for one in chain.rate_months(plan=plan, months=batches, first_month=1)]
    assert [row.amount_minor for row in book.segments_of(1)] == expected


def test_a_count_with_losses_that_goes_on_from_another_agreement_is_not_guessed(monkeypatch):
    """Who moved on takes the count along; how much of it were losses is known of his own agreement only."""
    cut = books.cut
    monkeypatch.setattr(books, "cut", lambda **given: replace(p := cut(**given), count_of=np.ones_like(p.count_of)))
    for names, expected in (
        (("loss", "energy"), {1: "not_billable_yet", 2: "not_billable_yet"}),
        (("energy", "most"), {}),
    ):
        book = book_of(plan_of(names), agreements=2)
        for agreement in book.meters:
            for half in halves(FIRST, 1):
                book.use(agreement, half, 100_000)
        assert book.held(month(FIRST)) == expected


def charged_kw(book, start):
    """Demand charged of each segment from a day on, in order of time. [W]"""
    plans = {one.version_id: one.plan for one in book.versions}
    found = []
    for row in book.segments_of(1):
        if row.start_day >= start.toordinal():
            parts = layout.handed_layout(plan=plans[row.version_id])
            handed = layout.apart(layout=parts, values=np.array([row.handed_on], dtype=np.int64))
            found.append(int(handed["charged_w"][0, 0]))
    return found


def test_a_period_that_is_cut_on_the_first_of_a_month_is_charged_for_its_demand_once():
    """Billed from the 16th to the 16th, with other prices from the first on."""
    plain = {"demand": {"ratchets": (), "least_w": 0, "limits_w": (), "prices_e6": (YUAN,)}}
    old, new = (plan_of(("energy", "demand"), **plain) for _ in range(2))
    cut = add_months(FIRST, 1)
    book = ChainBook(versions=[version(old, end=cut), version(new, version_id=2, start=cut)])
    for half, peak_w in zip(halves(FIRST, 3), (9_000, 100_000, 150_000, 80_000, 120_000, 7_000), strict=True):
        book.use(1, half, 1_000, 0, peak_w)
    start = FIRST.replace(day=16)
    book.bill(Period(start, add_months(start, 1)))
    book.bill(Period(add_months(start, 1), add_months(start, 2)))
    # 100 kW, then the 50 above it; the next period begins anew.
    assert charged_kw(book, start) == [100_000, 150_000, 120_000]
    amounts = [row.amount_minor for row in book.segments_of(1) if row.start_day >= start.toordinal()]
    assert [amount // 100 for amount in amounts] == [101, 51, 122]
    book.since = add_months(start, 1).toordinal()
    book.bill(Period(add_months(start, 1), add_months(start, 2)))
    assert charged_kw(book, start)[-1] == 120_000
