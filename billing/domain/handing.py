"""
What bills hand to the next of the same agreement: credits, peaks, demand charged in the month, amounts of the year.

It is read from segments in force where a month stays as it was billed, and from newly expected ones where it is rated
anew, in order of time: so a correction of March flows through April.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from billing.domain.billing_months import NOTHING, first_day, month_number
from billing.domain.chained import NOT_CHAINED, Chained, Mask
from billing.domain.openings import NO_OPENINGS, credits_of, rows_of
from cis.kernel.columns import Columns
from cis.kernel.fixed import Int64
from contracts.domain.openings import OpeningColumns, OpeningKind
from tariffs.domain.chain import MONTHS, year_start_of
from tariffs.domain.inputs import PAST_MONTHS, Input
from tariffs.domain.layout import HandedOn, OtherLayout, apart, handed_layout, width_of
from tariffs.domain.lines import LineSlot
from tariffs.domain.plan import Plan


@dataclass(frozen=True, slots=True, kw_only=True)
class Earlier(Columns):
    """
    f segments in force of chained agreements that stay as they were billed, by agreement and start.

    period_start_day, period_end_day  (f,) of the period in which it was billed
    version    (f,) place in ``plans``
    handed_on  (f, w) as in ``layout.handed_layout`` of its plan, padded
    kept       (f,) numbers that each of them keeps; ``kept.NOT_KEPT`` = none
    """

    agreement_id: Int64
    start_day: Int64
    end_day: Int64
    period_start_day: Int64
    period_end_day: Int64
    version: Int64
    handed_on: Int64
    kept: Int64
    plans: tuple[Plan, ...]

    def told(self, *, version: int, rows: Int64) -> Int64:
        """
        Return what some segments of one version hand on, (n, v).

        :raises OtherLayout: a segment keeps more or fewer numbers than its plan hands on: what is not kept is not 0.
        """
        width = width_of(handed_layout(plan=self.plans[version]))
        for kept in np.unique(np.maximum(self.kept[rows], 0)).tolist():
            if kept != width:
                raise OtherLayout.of(kept=kept, wanted=width)
        return self.handed_on[rows, :width]


@dataclass(frozen=True, slots=True, kw_only=True)
class History:
    """
    What is known of the agreements of a chunk whose bills hand something on.

    chained  those agreements
    earlier  what was billed of them before the window
    openings  what all agreements of the chunk bring along from other books
    """

    chained: Chained
    earlier: Earlier
    openings: OpeningColumns = NO_OPENINGS


def no_history() -> History:
    """Return the history of a chunk in which no bill hands anything on."""
    none = np.zeros(0, dtype=np.int64)
    return History(
        chained=Chained(agreement_id=none, since_day=none, window_day=none, end_day=none),
        earlier=Earlier(
            agreement_id=none,
            start_day=none,
            end_day=none,
            period_start_day=none,
            period_end_day=none,
            version=none,
            handed_on=none.reshape(0, 0),
            kept=none,
            plans=(),
        ),
    )


def calendar_month(numbers: Int64) -> Int64:
    """Return the calendar month, 1 to 12, of months counted from January 1970, (n,)."""
    return numbers % MONTHS + 1


def month_end_of(*, start_day: Int64, end_day: Int64) -> Int64:
    """Return ``Input.MONTH_END`` of spans, (n,): the calendar month whose last day they hold, the latest; 0 = none."""
    month = month_number(end_day)
    return np.where(first_day(month) - 1 >= start_day, calendar_month(month - 1), 0)


class Memory:
    """
    What the segments of g agreements have handed on so far; they are told agreement by agreement in order of time.

    A month is that in which a segment begins; of demand that was charged, the billing month (``billing_months``): so a
    period from the 15th to the 15th that is cut on the first is charged for its demand once. What nobody told is
    nothing: as on a first bill.

    peaks    (g, months, q) largest demand measured; q codes of demand periods of all plans [W]
    charged  (g, billing months, q) largest demand charged [W]
    years    (g, months) amount that yearly limits count [minor unit]
    last     (g,) place in ``plans`` of the plan of the last segment
    carried  (g, c) what it carries, in the order of its plan
    """

    def __init__(self, *, agreements: int, months: range, billing_months: int, plans: Sequence[Plan]) -> None:
        self.first, self.plans = months.start, tuple(dict.fromkeys(plans))
        codes = dict.fromkeys(code for plan in self.plans for code in plan.demand.periods)
        self.demands = {code: place for place, code in enumerate(codes)}
        self.peaks = np.zeros((agreements, len(months), len(codes)), dtype=np.int64)
        self.charged = np.zeros((agreements, billing_months, len(codes)), dtype=np.int64)
        self.years = np.zeros((agreements, len(months)), dtype=np.int64)
        self.last = np.full(agreements, NOTHING, dtype=np.int64)
        self.carried = np.zeros((agreements, max((len(p.carried) for p in self.plans), default=0)), dtype=np.int64)
        self.opened: dict[int, Mapping[str, int]] = {}

    def begin(self, *, chained: Chained, openings: OpeningColumns) -> None:
        """Take in what agreements bring along from other books: it stands before their first bill."""
        for kind, table in ((OpeningKind.PEAK, self.peaks), (OpeningKind.YEAR_AMOUNT, self.years)):
            rows = rows_of(openings=openings, kind=kind)
            of = chained.place_of(rows.agreement_id)
            rows, of = rows.take(of != NOT_CHAINED), of[of != NOT_CHAINED]
            if kind is OpeningKind.YEAR_AMOUNT:
                np.add.at(table, (of, month_number(rows.start_day) - self.first), rows.value)
                continue
            demand = np.array([self.demands.get(name, NOTHING) for name in openings.names], dtype=np.int64)[rows.name]
            known = demand != NOTHING
            at = (of[known], month_number(rows.month_day[known]) - self.first, demand[known])
            np.maximum.at(table, at, rows.value[known])
        for agreement, found in credits_of(openings=openings).items():
            (of,) = chained.place_of(np.array([agreement], dtype=np.int64)).tolist()
            if of != NOT_CHAINED:
                self.opened[of] = found

    def tell(
        self, *, plan: Plan, of: Int64, month: Int64, billing_month: Int64, handed_on: Int64
    ) -> dict[HandedOn, Int64]:
        """
        Take in what segments of one plan hand on, and return it by name.

        of             (n,) their agreements; a later one of the same agreement stands behind the earlier
        month          (n,) months in which they begin, from January 1970
        billing_month  (n,) of their billed periods, counted from 0 in each agreement
        handed_on      (n, v) as in ``layout.handed_layout``, perhaps padded

        :raises OtherLayout: it is not what segments of the plan hand on.
        """
        parts = handed_layout(plan=plan)
        columns = apart(layout=parts, values=handed_on[:, : width_of(parts)])
        found = {HandedOn(name): column for name, column in columns.items()}
        demands = self._demands(plan)
        for name, table, at in (
            (HandedOn.PEAK_W, self.peaks, month - self.first), (HandedOn.CHARGED_W, self.charged, billing_month),
        ):  # fmt: skip
            if name in found:
                for column, demand in enumerate(demands):
                    np.maximum.at(table[:, :, demand], (of, at), found[name][:, column])
        if HandedOn.YEAR_MINOR in found:
            np.add.at(self.years, (of, month - self.first), found[HandedOn.YEAR_MINOR])
        self.last[of] = self.plans.index(plan)
        if HandedOn.CARRIED in found:
            self.carried[of, : len(plan.carried)] = found[HandedOn.CARRIED]
        return found

    def inputs_for(self, *, plan: Plan, of: Int64, month: Int64, billing_month: Int64) -> dict[Input, Int64]:
        """Return what segments of one plan, months as in ``tell``, read of those before them, but for credits."""
        found = {}
        if Input.PAST_PEAKS_W in plan.needs:
            found[Input.PAST_PEAKS_W] = self._past_peaks(plan, of, month - self.first)
        if Input.BILLED_PEAK_W in plan.needs:
            found[Input.BILLED_PEAK_W] = self.charged[of, billing_month][:, self._demands(plan)]
        if Input.YEAR_MINOR in plan.needs:
            found[Input.YEAR_MINOR] = self._year(plan, of, month)
        return found

    def carried_for(self, *, plan: Plan, of: Int64) -> tuple[Int64, Mask]:
        """
        Return what segments of one plan find carried, (n, c), each slot that of the same name on the bill before.

        :returns: besides, (n,) whether a credit is left there that the plan has no slot for.
        """
        found = np.zeros((len(of), len(plan.carried)), dtype=np.int64)
        is_left = np.zeros(len(of), dtype=np.bool_)
        for row in np.flatnonzero(self.last[of] == NOTHING).tolist() if self.opened else ():
            opened = dict(self.opened.get(int(of[row]), {}))
            found[row] = [opened.pop(slot.key, 0) for slot in plan.carried]
            is_left[row] = any(opened.values())
        for place in np.unique(self.last[of]).tolist():
            if place == NOTHING:
                continue
            rows = np.flatnonzero(self.last[of] == place)
            mine = {_name(slot): column for column, slot in enumerate(plan.carried)}
            for column, slot in enumerate(self.plans[place].carried):
                quantity = self.carried[of[rows], column]
                if _name(slot) in mine:
                    found[rows, mine[_name(slot)]] = quantity
                elif slot.is_credit:
                    is_left[rows] |= quantity != 0
        return found, is_left

    def _demands(self, plan: Plan) -> list[int]:
        return [self.demands[code] for code in plan.demand.periods]

    def _past_peaks(self, plan: Plan, of: Int64, at: Int64) -> Int64:
        """Return the peaks of the months before, (n, 12, q), the latest first. [W]"""
        back = at[:, None] - 1 - np.arange(PAST_MONTHS)
        known = (back >= 0)[:, :, None]
        peaks = self.peaks[of[:, None], np.maximum(back, 0)][:, :, self._demands(plan)]
        return np.where(known, peaks, 0)

    def _year(self, plan: Plan, of: Int64, month: Int64) -> Int64:
        """Return what was counted since the year of the plan's limits began, (n,). [minor unit]"""
        since = (calendar_month(month) - (year_start_of(plan=plan) or 1)) % MONTHS
        back = (month - self.first)[:, None] - np.arange(MONTHS)
        counts = (np.arange(MONTHS) <= since[:, None]) & (back >= 0)
        amounts: Int64 = np.where(counts, self.years[of[:, None], np.maximum(back, 0)], 0).sum(axis=1)
        return amounts


def _name(slot: LineSlot) -> tuple[str, str, int]:
    """Return by what a carrying slot is known from one version of a tariff to the next."""
    return (slot.key, slot.unit.value, slot.quantity_places)
