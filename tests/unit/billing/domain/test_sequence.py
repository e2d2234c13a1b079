"""What one bill hands to the next: rated month by month, corrected in between, it is as if all were rated at once."""

from dataclasses import dataclass, replace
from datetime import date
from random import Random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from billing.domain import facts
from billing.domain.findings import Obstacles
from cis.kernel.periods import Period, add_months
from tariffs.domain import chain, layout
from tariffs.domain.batch import RatingBatch, month_share_e9
from tariffs.domain.components.charge_limits import Leaving, Negative, YearlyMaximum, YearlyMinimum
from tariffs.domain.components.demand import MeasuredDemand, Ratchet
from tariffs.domain.components.export import Applied, CreditYear, Ending, KwhCredits, MoneyCredits, Netting, Paid
from tariffs.domain.components.losses import AgreedLoss
from tariffs.domain.components.spans import Proration
from tariffs.domain.components.tiers import Cycle, Restart, TierCycle, TieredEnergy
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


@dataclass
class Moved(ChainBook):
    """One customer who moves: agreement 1 until the move, agreement 2 from then on."""

    agreements: int = 2
    move: date = FIRST

    def _given(self, period):
        terms, usage = super()._given(period)
        first, on = terms.agreement_id == 1, self.move.toordinal()
        terms = replace(
            terms,
            account_id=np.ones_like(terms.account_id),
            start_day=np.where(first, terms.start_day, np.maximum(terms.start_day, on)),
            end_day=np.where(first, np.minimum(terms.end_day, on), terms.end_day),
        )
        return terms.take(terms.start_day < terms.end_day), usage

    def history(self):
        found = super().history()
        chained = found.chained
        since = np.where(
            chained.agreement_id == 1, chained.since_day, np.maximum(chained.since_day, self.move.toordinal())
        )
        return replace(found, chained=replace(chained, since_day=since))


ALONG = TierCycle(Cycle.YEAR, 1, restarts_at=frozenset({Restart.HOLDER_CHANGE}))


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("names", [("loss", "energy"), ("netting", "energy"), ("loss", "kwh", "energy")], ids="-".join)
def test_a_count_with_losses_goes_along_with_who_moves(names, seed):
    """As if the customer had stayed: month by month, with corrections of before the move, and with months that stay."""
    plan, chance = plan_of(names, tiers=ALONG), Random(seed)
    move = chance.randint(1, 5)
    moved = Moved(versions=[version(plan)], move=add_months(FIRST, move))
    stayed = ChainBook(versions=[version(plan)])

    def use(half):
        # Credits end with an agreement: who moves has none to take along.
        drawn, given, peak = amounts(chance)
        values = (drawn, 0 if "kwh" in names else given, peak)
        moved.use(1 if half < moved.move else 2, half, *values)
        stayed.use(1, half, *values)

    def check():
        rows = sorted(moved.in_force.values(), key=lambda row: row.start_day)
        others = stayed.segments_of(1)
        assert [(r.start_day, r.before_wh, r.amount_minor) for r in rows] == [
            (r.start_day, r.before_wh, r.amount_minor) for r in others
        ]

    for half in halves(FIRST, 14):
        use(half)
    for number in range(9):
        for book in (moved, stayed):
            book.bill(month(add_months(FIRST, number)))
        check()
    use(chance.choice(halves(FIRST, 9)))
    for book in (moved, stayed):
        book.bill(month(add_months(FIRST, 9)))
    check()
    for book in (moved, stayed):
        book.since = add_months(FIRST, move + 2).toordinal()
        book.bill(month(add_months(FIRST, 10)))
    check()


def test_a_count_of_which_only_one_half_counts_losses_is_not_guessed():
    with_loss, without = (plan_of(names, tiers=ALONG) for names in (("loss", "energy"), ("energy", "most")))
    move = FIRST.replace(day=16)
    for plans, held in (((with_loss, without), True), ((without, with_loss), True), ((with_loss, with_loss), False)):
        versions = [version(plan, version_id=n, tariff_id=n) for n, plan in enumerate(plans, start=1)]
        terms = books.agreements((1, 1, 1, 1, 1, FIRST, move), (1, 2, 2, 2, 1, move, books.NEVER))
        pieces = books.cut(agreements=terms, versions=versions, billed=books.no_periods(), period=month(FIRST))
        found = Obstacles()
        facts.note_unbillable(pieces=pieces, versions=versions, obstacles=found)
        assert [one.code for one in found.of_account.values()] == (["not_billable_yet"] if held else [])


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


def test_a_whole_month_after_a_moved_day_of_reading_pays_for_its_own_demand():
    """Billed 1 to 16 January, then from the 16th to the 16th: neither half of January nor of February goes free."""
    plain = {"demand": {"ratchets": (), "least_w": 0, "limits_w": (), "prices_e6": (YUAN,)}}
    book = book_of(plan_of(("energy", "demand"), **plain))
    for half, peak_w in zip(halves(FIRST, 3), (100_000, 40_000, 120_000, 80_000, 90_000, 7_000), strict=True):
        book.use(1, half, 1_000, 0, peak_w)
    moved = FIRST.replace(day=16)
    book.bill(Period(FIRST, moved))
    book.bill(Period(moved, add_months(moved, 1)))
    # A bill between two readings: the rest of the month, in whatever calendar month, pays what is above it.
    book.bill(Period(add_months(moved, 1), add_months(FIRST, 2)))
    book.bill(Period(add_months(moved, 1), add_months(moved, 2)))
    assert charged_kw(book, FIRST) == [100_000, 120_000, 80_000, 90_000]
    amounts = [row.amount_minor // 100 for row in book.segments_of(1)]
    assert amounts == [101, 122, 81, 11]
