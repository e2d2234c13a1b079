"""
Rating in order of time, for agreements whose bills hand something on: the first piece of each, then the second, ...

All agreements of a chunk go together, so there are as many steps as the longest of them has pieces.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Self

import numpy as np

from billing.domain.billing_months import billing_months, month_number, rank_in_time
from billing.domain.chained import NOT_CHAINED
from billing.domain.counting import counts_of
from billing.domain.findings import Obstacle, Obstacles, note_refusal
from billing.domain.handing import History, Memory
from billing.domain.kept import Kept
from billing.domain.pieces import NOWHERE, Mask, Pieces, PlanVersion, key_of
from cis.kernel.columns import group_rows
from cis.kernel.errors import Refused
from cis.kernel.fixed import Int64
from tariffs.domain import layout
from tariffs.domain.batch import RatingBatch
from tariffs.domain.chain import handed_of
from tariffs.domain.inputs import Input
from tariffs.domain.layout import HandedOn
from tariffs.domain.plan import Plan
from tariffs.domain.rating import Rated, RatedGroup, batch_of, rate

NOT_BILLED_BEFORE = "not_billed_before"
CREDITS_LEFT = "credits_left"


@dataclass(frozen=True, slots=True, kw_only=True)
class Work:
    """
    Pieces to be rated.

    rows    (r,) their places in ``pieces``, ascending
    batch   (r,) of them, as wide as the plan with most periods of use
    inputs  place of a version -> what its own rows are given, in their order
    """

    pieces: Pieces
    versions: Sequence[PlanVersion]
    rows: Int64
    batch: RatingBatch
    inputs: Mapping[int, Mapping[Input, Int64]]
    obstacles: Obstacles

    def part(self, wanted: Mask) -> Self:
        """Return the work on some of the rows, (r,)."""
        inputs = {}
        for version, mine in group_rows(self.pieces.version[self.rows]):
            given = self.inputs.get(version, {})
            inputs[version] = {need: column[wanted[mine]] for need, column in given.items()}
        return replace(self, rows=self.rows[wanted], batch=self.batch.take(wanted), inputs=inputs)


@dataclass(frozen=True, slots=True, kw_only=True)
class Ordered:
    """
    Pieces that were rated in order of time.

    groups, kept  one each for a version; their rows are places of pieces
    before_wh     (m,) energy since the tier cycle began, of all pieces [Wh]
    """

    groups: tuple[RatedGroup, ...]
    kept: tuple[Kept, ...]
    before_wh: Int64


def in_order(*, pieces: Pieces, history: History) -> Mask:
    """Return which pieces are of agreements whose bills hand something on, (m,)."""
    found: Mask = history.chained.place_of(pieces.agreement_id) != NOT_CHAINED
    return found


def rate_in_order(*, work: Work, used_wh: Int64, before_wh: Int64, history: History) -> Ordered:
    """
    Return what pieces cost that read of those before them, noting the accounts where that is not known.

    used_wh, before_wh  (m,) of all pieces, as it was used [Wh]

    :raises Refused: a segment cannot be rated for a reason that lies in itself.
    """
    walk = _Walk(work, history, _counted(work.pieces, history, used_wh))
    walk.note_holes()
    version = work.pieces.version[work.rows]
    for _, step in group_rows(
        rank_in_time(of=walk.counts.group[work.rows], start_day=work.pieces.start_day[work.rows])
    ):
        for place, near in group_rows(version[step]):
            walk.rate(place, step[near], before_wh)
    return walk.result(before_wh)


def _counted(pieces: Pieces, history: History, used_wh: Int64) -> Int64:
    """Return how much more than was used counts in the tier cycle, of pieces that stay as they were billed, (m,)."""
    earlier, chained = history.earlier, history.chained
    extra = np.zeros(len(pieces), dtype=np.int64)
    of = chained.place_of(pieces.agreement_id)
    frozen = np.flatnonzero((of != NOT_CHAINED) & ~pieces.is_rated)
    mine = key_of(place=of[frozen], day=pieces.start_day[frozen])
    theirs = key_of(place=chained.place_of(earlier.agreement_id), day=earlier.start_day)
    for version, rows in group_rows(earlier.version):
        plan = earlier.plans[version]
        if layout.counts_as_billed(plan=plan):
            parts = layout.handed_layout(plan=plan)
            found = layout.apart(layout=parts, values=earlier.told(version=version, rows=rows))
            _, at, kept = np.intersect1d(mine, theirs[rows], assume_unique=True, return_indices=True)
            extra[frozen[at]] = found[HandedOn.COUNTED_WH][kept] - used_wh[frozen[at]]
    return extra


class _Walk:
    """The way through time: what was handed on so far, and what was rated."""

    def __init__(self, work: Work, history: History, extra_wh: Int64) -> None:
        self.work, self.history, self.obstacles = work, history, work.obstacles
        self.pieces = pieces = work.pieces
        self.of = history.chained.place_of(pieces.agreement_id)
        self.month = month_number(pieces.start_day)
        earlier = history.earlier
        self.billing_month_before, self.billing_month = self._billing_months()
        opened = history.openings
        opened_days = np.where(opened.month_day > 0, opened.month_day, opened.start_day)
        months = np.concatenate((month_number(np.concatenate((earlier.start_day, opened_days))), self.month))
        self.memory = Memory(
            agreements=len(history.chained),
            months=range(int(months.min(initial=0)), int(months.max(initial=0)) + 1),
            billing_months=int(max(self.billing_month_before.max(initial=0), self.billing_month.max(initial=0))) + 1,
            plans=[*earlier.plans, *(one.plan for one in work.versions)],
        )
        self.memory.begin(chained=history.chained, openings=opened)
        self._remember_earlier()
        self.counts = counts_of(pieces=pieces)
        # What counts more than was used, before each piece, and up to now; a count may go on from a move.
        order = self.counts.order
        until = np.cumsum(extra_wh[order])
        self.extra_before = np.zeros(len(pieces), dtype=np.int64)
        self.extra_before[order] = until - extra_wh[order]
        self.extra = np.zeros(int(self.counts.group.max(initial=-1)) + 1, dtype=np.int64)
        self.extra[self.counts.group[order]] = until
        self.position = np.zeros(len(work.rows), dtype=np.int64)
        for _, mine in group_rows(pieces.version[work.rows]):
            self.position[mine] = np.arange(len(mine))
        self.outcomes: dict[int, list[tuple[Int64, RatingBatch, Rated, Int64]]] = defaultdict(list)

    def _billing_months(self) -> tuple[Int64, Int64]:
        """Return the billing month of each earlier segment, and of each piece; of other agreements 0."""
        earlier, pieces = self.history.earlier, self.pieces
        mine = np.flatnonzero(self.of != NOT_CHAINED)
        # What only counts is in no billed period.
        counts = pieces.period_end_day == 0
        found = billing_months(
            of=np.concatenate((self.history.chained.place_of(earlier.agreement_id), self.of[mine])),
            start_day=np.concatenate((earlier.start_day, pieces.start_day[mine])),
            period_start_day=np.concatenate(
                (earlier.period_start_day, np.where(counts, pieces.start_day, pieces.period_start_day)[mine])
            ),
            period_end_day=np.concatenate(
                (earlier.period_end_day, np.where(counts, pieces.end_day, pieces.period_end_day)[mine])
            ),
        )
        of_pieces = np.zeros(len(pieces), dtype=np.int64)
        of_pieces[mine] = found[len(earlier) :]
        return found[: len(earlier)], of_pieces

    def _remember_earlier(self) -> None:
        earlier = self.history.earlier
        of = self.history.chained.place_of(earlier.agreement_id)
        month = month_number(earlier.start_day)
        # The last of each agreement is told last, since it says what is carried.
        last = np.ones(len(of), dtype=np.bool_)
        last[:-1] = of[1:] != of[:-1]
        for told in (~last, last):
            for version, rows in group_rows(np.where(told, earlier.version, NOWHERE)):
                if version != NOWHERE:
                    plan = earlier.plans[version]
                    handed = earlier.told(version=version, rows=rows)
                    self.memory.tell(
                        plan=plan,
                        of=of[rows],
                        month=month[rows],
                        billing_month=self.billing_month_before[rows],
                        handed_on=handed,
                    )

    def note_holes(self) -> None:
        """Note the accounts where days that hand on are not billed, and lie before the window."""
        chained, rows = self.history.chained, self.work.rows
        first = np.full(len(chained), NOWHERE, dtype=np.int64)
        first[self.of[rows[::-1]]] = rows[::-1]
        for place in np.flatnonzero(first != NOWHERE).tolist():
            row, since = int(first[place]), int(chained.since_day[place])
            if int(self.pieces.start_day[row]) > since:
                start, end = date.fromordinal(since), date.fromordinal(int(self.pieces.start_day[row]))
                self.obstacles.add(
                    int(self.pieces.account_id[row]),
                    Obstacle(
                        code=NOT_BILLED_BEFORE,
                        message=f"The bill takes over from the one before it, and {start} to {end} is not billed.",
                        advice=f"Open a run for the month of {start}, issue its bill, then rate again.",
                    ),
                )

    def _is_open(self, of: Int64) -> Mask:
        """Return which agreements (n,) can still be rated: nothing was noted of their accounts."""
        if not len(self.obstacles):
            return np.ones(len(of), dtype=np.bool_)
        closed = np.zeros(len(self.history.chained), dtype=np.bool_)
        mine = self.of != NOT_CHAINED
        accounts = np.fromiter(self.obstacles.of_account, dtype=np.int64)
        closed[self.of[mine]] = np.isin(self.pieces.account_id[mine], accounts)
        return ~closed[of]

    def rate(self, version: int, at: Int64, before_wh: Int64) -> None:
        """Rate one piece each of some agreements of one version, by their rows, and remember what it hands on."""
        at = at[self._is_open(self.of[self.work.rows[at]])]
        if not len(at):
            return
        places, plan = self.work.rows[at], self.work.versions[version].plan
        of, month, billing_month = self.of[places], self.month[places], self.billing_month[places]
        batch = self._batch(version, at, before_wh)
        try:
            rated = rate(plan=plan, batch=batch)
        except Refused as refusal:
            note_refusal(accounts=self.pieces.account_id[places], refusal=refusal, obstacles=self.obstacles)
            return
        handed_on = handed_of(plan=plan, batch=batch, rated=rated)
        found = self.memory.tell(plan=plan, of=of, month=month, billing_month=billing_month, handed_on=handed_on)
        if HandedOn.COUNTED_WH in found:
            self.extra[self.counts.group[places]] += found[HandedOn.COUNTED_WH] - batch.total_wh
        self.outcomes[version].append((places, batch, rated, handed_on))

    def _batch(self, version: int, at: Int64, before_wh: Int64) -> RatingBatch:
        """Return the batch of some rows of one version, with what earlier pieces hand on to them."""
        places, plan = self.work.rows[at], self.work.versions[version].plan
        of = self.of[places]
        given = {name: column[self.position[at]] for name, column in self.work.inputs.get(version, {}).items()}
        given |= self.memory.inputs_for(
            plan=plan, of=of, month=self.month[places], billing_month=self.billing_month[places]
        )
        carried, is_left = self.memory.carried_for(plan=plan, of=of)
        self._note_left(plan, places[is_left])
        if plan.carried:
            given[Input.CARRIED] = carried
        extra = self.extra[self.counts.group[places]]
        self.extra_before[places] = extra
        before_wh = before_wh[places] + extra - self.extra_before[self.counts.first[places]]
        return replace(batch_of(plan=plan, batch=self.work.batch, rows=at, inputs=given), before_wh=before_wh)

    def _note_left(self, plan: Plan, places: Int64) -> None:
        for place in places.tolist():
            on = date.fromordinal(int(self.pieces.start_day[place]))
            self.obstacles.add(
                int(self.pieces.account_id[place]),
                Obstacle(
                    code=CREDITS_LEFT,
                    message=f"Credits are left of the tariff before, and {plan.code} does not take them over on {on}.",
                    advice="Give the component that carries them the same code in both tariffs; or end the agreement on"
                    f" {on} and begin a new one, so that its last bill pays or ends them.",
                ),
            )

    def result(self, before_wh: Int64) -> Ordered:
        """Return all that was rated, one group for each version."""
        groups, kept, before_wh = [], [], before_wh.copy()
        for version, parts in sorted(self.outcomes.items()):
            plan = self.work.versions[version].plan
            rows = np.concatenate([places for places, *_ in parts])
            before_wh[rows] = np.concatenate([batch.before_wh for _, batch, _, _ in parts])
            rated = Rated(
                amount_minor=np.concatenate([one.amount_minor for _, _, one, _ in parts]),
                quantity=np.concatenate([one.quantity for _, _, one, _ in parts]),
                total_minor=np.concatenate([one.total_minor for _, _, one, _ in parts]),
            )
            groups.append(RatedGroup(plan, rows, rated, None))
            kept.append(
                Kept(
                    rows=rows,
                    inputs=np.concatenate([layout.inputs_of(plan=plan, batch=batch) for _, batch, _, _ in parts]),
                    handed_on=np.concatenate([handed_on for *_, handed_on in parts]),
                )
            )
        return Ordered(groups=tuple(groups), kept=tuple(kept), before_wh=before_wh)
