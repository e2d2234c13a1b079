"""
Agreements whose bills hand something on, in memory: what they used, what was billed, and what an oracle says of it.

The oracle goes through the segments of one agreement alone, one after another, with Python's own numbers; it shares with
billing no more than the rating of one segment.
"""

from dataclasses import dataclass, field
from datetime import date

import numpy as np

from billing.domain.chained import FAR, Chained
from billing.domain.handing import Earlier, History, month_end_of, no_history
from billing.domain.kept import NOT_KEPT
from cis.kernel.periods import Period, add_months
from tariffs.domain.batch import RatingBatch, month_share_e9
from tariffs.domain.components.charge_limits import Negative, YearlyLimit
from tariffs.domain.components.demand import MeasuredDemand
from tariffs.domain.components.tiers import Cycle
from tariffs.domain.inputs import Input
from tariffs.domain.layout import needs_order
from tariffs.domain.lines import Adjusting
from tariffs.domain.rating import rate
from tests.unit.billing.domain import books
from tests.unit.billing.domain.books import Book, column

FIRST = date(2024, 1, 1)


@dataclass
class Meter:
    """What one agreement drew, gave and demanded, span by span of half a month: start day -> (Wh, Wh, W)."""

    spans: dict = field(default_factory=dict)

    def of(self, start, end):
        inside = [values for day, values in self.spans.items() if start <= day < end]
        used, given, peak = (list(one) for one in zip(*inside, strict=True))
        return sum(used), sum(given), max(peak)


@dataclass
class ChainBook(Book):
    """
    A book of agreements 1, 2, ... at service points of the same number, since ``begins``.

    since       day ordinal before which bills stay as they are
    fresh_from  first segment of the last run
    """

    begins: date = FIRST
    ends: date | None = None
    agreements: int = 1
    meters: dict = field(default_factory=dict)
    since: int = 0
    fresh_from: int = 0

    def __post_init__(self):
        self.meters = {one: Meter() for one in range(1, self.agreements + 1)}
        self.told = self._told

    def use(self, agreement, half, used_wh, given_wh=0, peak_w=0):
        """Set what a half month, by its start, came to."""
        self.meters[agreement].spans[half.toordinal()] = (used_wh, given_wh, peak_w)

    def bill(self, period):
        self.fresh_from = self.next_id
        return self.run(period, *self._given(period), since=self.since)

    def held(self, period):
        """Return why accounts cannot be billed for a period."""
        _, obstacles = self.draft(period, *self._given(period), since=self.since)
        return {account: one.code for account, one in obstacles.of_account.items()}

    def _given(self, period):
        ends = self.ends or books.NEVER
        low = date.fromordinal(max(self.since, self.begins.toordinal()))
        last = max([period.end.toordinal(), *(row.period_end_day for row in self.in_force.values())])
        terms = books.agreements(
            *((one, one, one, 1, 1, low, min(ends, date.fromordinal(last))) for one in self.meters)
        )
        rows = []
        for agreement, meter in self.meters.items():
            for day, (used, _, _) in sorted(meter.spans.items()):
                start = date.fromordinal(day)
                rows.append((agreement, agreement, "", start, half_end(start), used))
        return terms, books.usage(*rows)

    def history(self):
        if not any(needs_order(plan=one.plan) for one in self.versions):
            return no_history()
        ids = column(sorted(self.meters))
        rows = sorted(
            (row for row in self.in_force.values() if row.period_start_day < self.since),
            key=lambda row: (row.agreement_id, row.start_day),
        )
        handed = books.lists([row.handed_on for row in rows])
        version = {one.version_id: place for place, one in enumerate(self.versions)}
        start = self.begins.toordinal()
        since = np.full(len(ids), start if start >= self.since else FAR)
        for row in rows:
            since[row.agreement_id - 1] = row.end_day
        return History(
            chained=Chained(
                agreement_id=ids,
                since_day=since,
                window_day=np.full(len(ids), self.since),
                end_day=np.full(len(ids), self.ends.toordinal() if self.ends else FAR),
            ),
            earlier=Earlier(
                agreement_id=column(row.agreement_id for row in rows),
                start_day=column(row.start_day for row in rows),
                end_day=column(row.end_day for row in rows),
                period_start_day=column(row.period_start_day for row in rows),
                period_end_day=column(row.period_end_day for row in rows),
                version=column(version[row.version_id] for row in rows),
                handed_on=handed.values,
                kept=handed.lengths,
                plans=tuple(one.plan for one in self.versions),
            ),
        )

    def _told(self, pieces, history):
        spans = zip(pieces.agreement_id.tolist(), pieces.start_day.tolist(), pieces.end_day.tolist(), strict=True)
        found = [self.meters[agreement].of(start, end) for agreement, start, end in spans]
        place = history.chained.place_of(pieces.agreement_id)
        ends = np.append(history.chained.end_day, NOT_KEPT)[place]
        return {
            Input.EXPORT_WH: column(given for _, given, _ in found)[:, None],
            Input.PEAK_W: column(peak for *_, peak in found)[:, None],
            Input.MONTH_END: month_end_of(start_day=pieces.start_day, end_day=pieces.end_day),
            Input.FINAL: (ends == pieces.end_day).astype(np.int64),
        }

    def segments_of(self, agreement):
        rows = [row for row in self.in_force.values() if row.agreement_id == agreement]
        return sorted(rows, key=lambda row: row.start_day)


def half_end(start):
    return start.replace(day=16) if start.day == 1 else add_months(start.replace(day=1), 1)


def halves(first, months):
    """Return the first days of the halves of some months."""
    return [add_months(first, n).replace(day=day) for n in range(months) for day in (1, 16)]


def month(start):
    return Period(start, add_months(start, 1))


class Oracle:
    """
    What segments of one agreement cost, one after another.

    ``kept`` remembers what each segment was last billed as, for those that stay as they are.
    """

    def __init__(self, plan_of):
        self.plan_of = plan_of
        self.kept = {}

    def check(self, book, agreement):
        """Compare all segments in force with what they cost by their order."""
        before = []
        for start, end, segment in self._days(book, agreement):
            if segment is not None and segment.period_start_day < book.since:
                before.append(self.kept[(agreement, start, end)])
                continue
            period = (start, end) if segment is None else (segment.period_start_day, segment.period_end_day)
            one = self._rate(book, agreement, start, end, before, tuple(map(date.fromordinal, period)))
            before.append(one)
            if segment is not None:
                self.kept[(agreement, start, end)] = one
                assert segment.amount_minor == one["total"], (agreement, date.fromordinal(start))
                assert self._carried_by(book, segment) == one["carried"]
                if segment.segment_id >= book.fresh_from:
                    assert segment.before_wh == one["before_wh"]

    def _carried_by(self, book, segment):
        plan = next(one.plan for one in book.versions if one.version_id == segment.version_id)
        count = len(plan.carried)
        return dict(zip([slot.key for slot in plan.carried], segment.handed_on[-count:] if count else [], strict=True))

    def _days(self, book, agreement):
        """Yield the segments in force, and the months between them that nobody billed."""
        until = None
        for segment in book.segments_of(agreement):
            day = until if until is not None else book.begins.toordinal()
            if until is None and book.begins.toordinal() < book.since:
                day = segment.start_day
            while day < segment.start_day:
                at = date.fromordinal(day)
                stop = min(segment.start_day, add_months(at.replace(day=1), 1).toordinal())
                yield day, stop, None
                day = stop
            yield segment.start_day, segment.end_day, segment
            until = segment.end_day

    def _rate(self, book, agreement, start, end, before, period):
        first = date.fromordinal(start)
        plan = self.plan_of(first)
        used, given, peak = book.meters[agreement].of(start, end)
        last = date.fromordinal(end)
        inputs = {
            Input.MONTH: [first.month],
            Input.MONTH_END: [self._month_end(first, last)],
            Input.FINAL: [int(book.ends == last)],
            Input.PEAK_W: [[peak]],
            Input.EXPORT_WH: [[given]],
            Input.CARRIED: [self._carried(plan, before)],
            Input.YEAR_MINOR: [self._year(plan, first, before)],
            Input.PAST_PEAKS_W: [self._past_peaks(first, before)],
            Input.BILLED_PEAK_W: [[self._billed_peak(period, before)]],
        }
        counted = self._counted_since(plan, first, before)
        batch = RatingBatch.of(
            used_wh=np.array([[used]]),
            days=column([end - start]),
            month_share_e9=column([month_share_e9(period=Period(first, last))]),
            before_wh=column([counted]),
            inputs={name: np.array(inputs[name], dtype=np.int64) for name in plan.needs},
        )
        rated = rate(plan=plan, batch=batch)
        lines = dict(zip([slot.key for slot in plan.slots], rated.quantity[0].tolist(), strict=True))
        amounts = dict(zip([slot.key for slot in plan.slots], rated.amount_minor[0].tolist(), strict=True))
        return {
            "start": first,
            "period": period,
            "peak": peak,
            "total": int(rated.total_minor[0]),
            "before_wh": counted,
            "counted": used + self._added(plan, lines),
            "carried": {slot.key: lines[slot.key] for slot in plan.slots if slot.carries},
            "year": self._adds_to_year(plan, amounts),
            "charged": self._charged(plan, before, first, peak, inputs, period),
        }

    @staticmethod
    def _month_end(first, last):
        ends = [m for m in range(14) for d in [add_months(first.replace(day=1), m)] if first < d <= last]
        return ((add_months(first.replace(day=1), ends[-1]).month - 2) % 12 + 1) if ends else 0

    @staticmethod
    def _carried(plan, before):
        carried = before[-1]["carried"] if before else {}
        return [carried.get(slot.key, 0) for slot in plan.slots if slot.carries]

    @staticmethod
    def _year(plan, first, before):
        limit = next((one for one in plan.components if isinstance(one, YearlyLimit)), None)
        if limit is None:
            return 0
        start = date(first.year - (first.month < limit.first_month), limit.first_month, 1)
        return sum(one["year"] for one in before if one["start"] >= start)

    @staticmethod
    def _adds_to_year(plan, amounts):
        limit = next((one for one in plan.components if isinstance(one, YearlyLimit)), None)
        if limit is None:
            return 0
        total = sum(amount for key, amount in amounts.items() if key.split("/")[0] in limit.on)
        return max(total, 0) if limit.negative is Negative.AS_ZERO else total

    @staticmethod
    def _past_peaks(first, before):
        months = [add_months(first.replace(day=1), -back) for back in range(1, 13)]
        return [[max((one["peak"] for one in before if one["start"].replace(day=1) == at), default=0)] for at in months]

    @staticmethod
    def _billed_peak(period, before):
        """What was charged since the billing month began: with the first period that does not end in the one before."""
        begins, charged = None, 0
        for (start, end), more in [*((one["period"], one["charged"]) for one in before), (period, 0)]:
            if begins is None or (start != begins and end > add_months(begins, 1)):
                begins, charged = start, 0
            charged = max(charged, more)
        return charged

    def _charged(self, plan, before, first, peak, inputs, period):
        """The largest demand charged in the month: of this segment, or of one before it."""
        demand = next((one for one in plan.components if isinstance(one, MeasuredDemand) and one.incremental), None)
        if demand is None:
            return 0
        largest = max(peak, demand.least_w)
        for ratchet in demand.ratchets:
            back = [
                row[0]
                for n, row in enumerate(inputs[Input.PAST_PEAKS_W][0][: ratchet.look_back], start=1)
                if not ratchet.months or add_months(first.replace(day=1), -n).month in ratchet.months
            ]
            largest = max(largest, (max(back, default=0) * ratchet.part_e6 + 500_000) // 1_000_000)
        rounded = (largest + demand.grain_w // 2) // demand.grain_w * demand.grain_w
        return max(rounded, self._billed_peak(period, before))

    @staticmethod
    def _added(plan, lines):
        """What adjusting components added to the energy: losses; less what was offset."""
        added = 0
        for one in plan.components:
            if isinstance(one, Adjusting) and one.code == "loss":
                added += lines["loss"]
            if isinstance(one, Adjusting) and one.code == "net":
                added -= lines.get("net-offset", lines.get("net", 0))
        return added

    @staticmethod
    def _counted_since(plan, first, before):
        cycle = plan.tier_cycle
        if cycle.kind is Cycle.NONE:
            start = first
        elif cycle.kind is Cycle.MONTH:
            start = first.replace(day=1)
        else:
            start = cycle.start_of(on=first)
        return sum(one["counted"] for one in before if one["start"] >= start)
