"""A billing run without a database: agreements, usage and what was billed, in memory."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date

import numpy as np

from billing.domain import measured, segments
from billing.domain.drafts import GoneTotals, compose
from billing.domain.findings import Obstacles
from billing.domain.handing import no_history
from billing.domain.kept import NOT_KEPT, Lists
from billing.domain.pieces import BilledPeriods, PlanVersion, cut
from billing.domain.segments import Existing
from cis.kernel.periods import Period
from contracts.domain.agreements import AgreementColumns
from metering.domain.usage import UsageColumns

NEVER = date(2100, 1, 1)
YEAR = date(2025, 1, 1)
NEXT_YEAR = date(2026, 1, 1)


def column(values, dtype=np.int64):
    return np.array(list(values), dtype=dtype)


def agreements(*terms):
    """Terms as (account, agreement, service point, tariff, household, start, end)."""
    rows = sorted(terms, key=lambda row: (row[0], row[1], row[5]))
    columns = list(zip(*rows, strict=True)) or [()] * 7
    ids = [column(values) for values in columns[:5]]
    days = [column(day.toordinal() for day in values) for values in columns[5:]]
    return AgreementColumns(
        account_id=ids[0],
        agreement_id=ids[1],
        service_point_id=ids[2],
        tariff_id=ids[3],
        household=ids[4],
        capacity_va=column([-1] * len(rows)),
        contract_w=column([-1] * len(rows)),
        suspended_va=column([0] * len(rows)),
        green_blocks=column([0] * len(rows)),
        features=column([0] * len(rows)),
        start_day=days[0],
        end_day=days[1],
    )


def version(plan, *, version_id=1, tariff_id=1, start=date(2020, 1, 1), end=NEVER):
    return PlanVersion(
        version_id=version_id,
        tariff_id=tariff_id,
        tariff_code=f"t{tariff_id}",
        start_day=start.toordinal(),
        end_day=end.toordinal(),
        plan=plan,
    )


def usage(*rows):
    """Rows as (service point, register, code, start, end, Wh); interval rows have True after it, then a multiplier."""
    codes = tuple(sorted({row[2] for row in rows}))
    ordered = sorted(rows, key=lambda row: (row[0], row[1], row[3]))
    return UsageColumns(
        codes,
        column(row[0] for row in ordered),
        column(row[1] for row in ordered),
        column(codes.index(row[2]) for row in ordered),
        column(row[3].toordinal() for row in ordered),
        column(row[4].toordinal() for row in ordered),
        column(row[5] for row in ordered),
        column((False for row in ordered), np.bool_),
        column((len(row) > 6 and row[6] for row in ordered), np.bool_),
        column(row[7] if len(row) > 7 else 1 for row in ordered),
    )


def no_periods():
    nothing = column(())
    return BilledPeriods(agreement_id=nothing, start_day=nothing, end_day=nothing, frozen=column((), np.bool_))


def lists(rows):
    """Return rows of numbers as ``Lists``; an empty row is none."""
    values = np.zeros((len(rows), max(map(len, rows), default=0)), dtype=np.int64)
    for row, numbers in zip(values, rows, strict=True):
        row[: len(numbers)] = numbers
    return Lists(values=values, lengths=column(len(row) or NOT_KEPT for row in rows))


def row_of(kept, place):
    """Return one row of ``Lists``."""
    return kept.values[place, : max(int(kept.lengths[place]), 0)].tolist()


@dataclass
class Segment:
    segment_id: int
    bill_id: int
    account_id: int
    agreement_id: int
    version_id: int
    start_day: int
    end_day: int
    period_start_day: int
    period_end_day: int
    used_wh: int
    before_wh: int
    household: int
    is_estimated: int
    amount_minor: int
    redelivered: int = 0
    lines: int = 0
    tax_minor: int = 0
    inputs: list = field(default_factory=list)
    handed_on: list = field(default_factory=list)


@dataclass
class Book:
    """
    What was billed so far; ``run`` bills a period and keeps the result.

    periods  (agreement, start, end) in the order in which they were first billed
    told     returns the inputs that nothing here measures, of all pieces
    """

    versions: list
    told: Callable = lambda pieces, history: {}
    in_force: dict = field(default_factory=dict)
    bills: list = field(default_factory=list)
    next_id: int = 1
    periods: dict = field(default_factory=dict)

    def existing(self):
        rows = sorted(self.in_force.values(), key=lambda row: (row.agreement_id, row.start_day))
        names = Existing.__dataclass_fields__
        return Existing(**{name: column(getattr(row, name) for row in rows) for name in names})

    def history(self):
        """Return what bills before the window hand on; nothing here."""
        return no_history()

    def expect(self, period, terms, energy, since=0):
        existing = self.existing()
        keys = np.array(list(self.periods), dtype=np.int64).reshape(-1, 3).T
        keys = keys[:, keys[2] > since]
        billed = BilledPeriods(agreement_id=keys[0], start_day=keys[1], end_day=keys[2], frozen=keys[1] < since)
        existing = existing.take(existing.period_start_day >= since)
        history = self.history()
        pieces = cut(agreements=terms, versions=self.versions, billed=billed, period=period, chained=history.chained)
        obstacles = Obstacles()
        segments.note_unpriced(pieces=pieces, obstacles=obstacles)
        lanes = measured.lanes_of(period_codes=energy.period_codes, versions=self.versions)
        located = measured.locate(pieces=pieces, usage=energy, lanes=lanes, versions=self.versions, obstacles=obstacles)
        by_lane = measured.energy_by_lane(pieces=pieces, usage=energy, located=located, lanes=lanes)
        measured.note_gaps(pieces=pieces, usage=energy, located=located, lanes=lanes, days=None, obstacles=obstacles)
        nothing = np.zeros(len(pieces), dtype=np.int64)
        expected = segments.expect(
            pieces=pieces,
            energy_wh=by_lane,
            is_estimated=nothing != 0,
            redelivered=nothing,
            lanes=lanes,
            versions=self.versions,
            counts={},
            apart_wh=np.zeros_like(by_lane),
            measured=self.told(pieces, history),
            history=history,
            known_minor=nothing,
            is_known=nothing != 0,
            obstacles=obstacles,
        )
        return expected, existing, obstacles

    def draft(self, period, terms, energy, since=0):
        expected, existing, obstacles = self.expect(period, terms, energy, since)
        rows = [self.in_force[i].handed_on for i in existing.segment_id.tolist()]
        difference = segments.diff(expected=expected, existing=existing, handed_on=lists(rows))
        kept = {row.segment_id: row for row in self.in_force.values()}
        gone = [kept[i] for i in existing.segment_id[difference.gone].tolist()]
        totals = GoneTotals(lines=column(r.lines for r in gone), tax_minor=column(r.tax_minor for r in gone))
        made = compose(expected=expected, existing=existing, difference=difference, gone=totals, versions=self.versions)
        return made, obstacles

    def run(self, period: Period, terms, energy, since=0):
        """Bill everything, keep it, and return the draft; nobody may be held."""
        made, obstacles = self.draft(period, terms, energy, since)
        assert not obstacles.of_account
        lines = np.bincount(made.lines.segment, minlength=len(made.segments))
        taxes = np.zeros(len(made.segments), dtype=np.int64)
        np.add.at(taxes, made.lines.segment, made.lines.tax_minor)
        for place in range(len(made.segments)):
            row = {name: int(getattr(made.segments, name)[place]) for name in made.segments.__dataclass_fields__}
            account = int(made.bills.account_id[row.pop("bill")])
            cancels = row.pop("cancels")
            if cancels:
                del self.in_force[cancels]
                continue
            self.periods[(row["agreement_id"], row["period_start_day"], row["period_end_day"])] = True
            self.in_force[self.next_id] = Segment(
                segment_id=self.next_id,
                bill_id=len(self.bills) + 1,
                account_id=account,
                lines=int(lines[place]),
                tax_minor=int(taxes[place]),
                inputs=row_of(made.inputs, place),
                handed_on=row_of(made.handed_on, place),
                **row,
            )
            self.next_id += 1
        self.bills.extend(made.bills.amount_minor.tolist())
        return made

    @property
    def total_minor(self):
        return sum(row.amount_minor for row in self.in_force.values())
