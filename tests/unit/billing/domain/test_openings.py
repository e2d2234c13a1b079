"""What agreements bring along from other books: billed on from there, it is as if all had been billed here."""

from dataclasses import dataclass, replace
from datetime import date
from random import Random

import numpy as np
import pytest

from billing.domain import openings
from cis.kernel.errors import Findings
from cis.kernel.periods import add_months
from contracts.domain.openings import (
    KINDS,
    Begun,
    NewOpening,
    Opening,
    OpeningColumns,
    OpeningKind,
    checked,
)
from tariffs.domain.components.tiers import Cycle
from tariffs.domain.inputs import Input
from tariffs.domain.layout import given_to
from tests.unit.billing.domain.books import column, version
from tests.unit.billing.domain.chains import FIRST, ChainBook, halves, month
from tests.unit.billing.domain.test_sequence import TARIFFS, YEARS, amounts, plan_of

TAKEN_OVER = add_months(FIRST, 6)
LAST = 15
WHERE = {"agreement": "a", "source": "book 7", "where": "line 2"}


@dataclass
class TakenOver(ChainBook):
    """A book that begins with what another one told."""

    opened: OpeningColumns = openings.NO_OPENINGS

    def history(self):
        return replace(super().history(), openings=self.opened)


def columns(rows):
    """Openings from (agreement, kind, name, month, value)."""
    names = tuple(sorted({row[2] for row in rows} | {""}))
    return OpeningColumns(
        agreement_id=column(row[0] for row in rows),
        start_day=column(TAKEN_OVER.toordinal() for _ in rows),
        kind=column(KINDS.index(row[1]) for row in rows),
        name=column(names.index(row[2]) for row in rows),
        month_day=column(row[3].toordinal() if row[3] else 0 for row in rows),
        value=column(row[4] for row in rows),
        names=names,
    )


def told_by(plan, segment):
    """What a segment read of those before it, as opening values of its agreement."""
    agreement = segment.agreement_id
    rows = [(agreement, OpeningKind.COUNTED, "", None, segment.before_wh)]
    _, given = given_to(plan=plan, inputs=np.array([segment.inputs], dtype=np.int64))
    if Input.YEAR_MINOR in given:
        rows.append((agreement, OpeningKind.YEAR_AMOUNT, "", None, int(given[Input.YEAR_MINOR][0])))
    if Input.CARRIED in given:
        carried = zip(plan.carried, given[Input.CARRIED][0].tolist(), strict=True)
        rows += [(agreement, OpeningKind.CREDIT, slot.key, None, value) for slot, value in carried]
    if Input.PAST_PEAKS_W in given:
        for back, peaks in enumerate(given[Input.PAST_PEAKS_W][0].tolist(), start=1):
            at = add_months(TAKEN_OVER, -back)
            rows += [
                (agreement, OpeningKind.PEAK, code, at, peak)
                for code, peak in zip(plan.demand.periods, peaks, strict=True)
            ]
    return rows


def charged(book):
    """What each agreement is charged for each month from the taking over on."""
    return {
        (row.agreement_id, row.start_day): (row.amount_minor, row.before_wh, row.inputs, row.handed_on)
        for row in book.in_force.values()
        if row.start_day >= TAKEN_OVER.toordinal()
    }


@pytest.mark.parametrize("names", TARIFFS, ids="-".join)
@pytest.mark.parametrize("year", YEARS, ids=("own", "april", "january"))
def test_who_is_taken_over_in_the_middle_of_a_year_is_billed_as_if_always_here(names, year):
    plan, chance = plan_of(names, year), Random(str((names, year.first_month)))
    always = ChainBook(versions=[version(plan)], agreements=2)
    taken = TakenOver(versions=[version(plan)], agreements=2, begins=TAKEN_OVER)
    for half in halves(FIRST, LAST):
        for agreement in always.meters:
            values = amounts(chance)
            always.use(agreement, half, *values)
            if half >= TAKEN_OVER:
                taken.use(agreement, half, *values)
    for number in range(LAST):
        always.bill(month(add_months(FIRST, number)))
    firsts = [row for row in always.in_force.values() if row.start_day == TAKEN_OVER.toordinal()]
    taken.opened = columns([row for segment in firsts for row in told_by(plan, segment)])
    for number in range(6, LAST):
        taken.bill(month(add_months(FIRST, number)))
    assert charged(taken) == charged(always)
    assert len(charged(taken)) == 2 * (LAST - 6)


def test_a_credit_that_the_tariff_has_no_line_for_is_not_lost():
    plan = plan_of(("kwh", "energy"))
    book = TakenOver(versions=[version(plan)], begins=TAKEN_OVER)
    for half in halves(TAKEN_OVER, 2):
        book.use(1, half, 1_000)
    book.opened = columns([(1, OpeningKind.CREDIT, "other/total", None, 5)])
    assert book.held(month(TAKEN_OVER)) == {1: "credits_left"}
    book.opened = columns([(1, OpeningKind.CREDIT, "other/total", None, 0)])
    assert book.held(month(TAKEN_OVER)) == {}


class TestCheck:
    """Which values fit the prices of the first day of their agreement."""

    PLAN = plan_of(("kwh", "energy", "demand", "least"))
    START = date(2025, 7, 5)

    def found(self, *new, plan=PLAN, start=START):
        findings = Findings()
        made = checked(delivered=new, begun={"a": Begun(start_date=start, plan=plan)}, findings=findings)
        return made, [(one.where, one.code) for one in findings]

    def test_numbers_become_integers_of_their_units(self):
        credit = self.PLAN.carried[0]
        made, findings = self.found(
            NewOpening(kind=OpeningKind.COUNTED, name="", month=None, value="1234.5", **WHERE),
            NewOpening(kind=OpeningKind.PEAK, name="any", month=date(2025, 6, 30), value="300.25", **WHERE),
            NewOpening(kind=OpeningKind.CREDIT, name=credit.key, month=None, value="7.125", **WHERE),
            NewOpening(kind=OpeningKind.YEAR_AMOUNT, name="", month=None, value="-12.34", **WHERE),
        )
        assert findings == []
        assert [one.value for one in made] == [1_234_500, 300_250, 7_125, -1_234]
        assert made[1] == Opening(
            agreement="a", kind=OpeningKind.PEAK, name="any", month=date(2025, 6, 1), value=300_250, source="book 7"
        )

    @pytest.mark.parametrize(
        ("changed", "finding"),
        [
            ({"agreement": "b"}, ("line 2: agreement", "unknown_agreement")),
            ({"name": "peak"}, ("line 2: kind", "opening_unasked")),
            ({"month": None}, ("line 2: month", "bad_month")),
            ({"month": date(2024, 6, 30)}, ("line 2: month", "bad_month")),
            ({"month": date(2025, 7, 5)}, ("line 2: month", "bad_month")),
            ({"value": "many"}, ("line 2: value", "not_a_number")),
            ({"value": "-1"}, ("line 2: value", "negative_opening")),
            ({"source": ""}, ("line 2: source", "no_source")),
            ({"kind": OpeningKind.CREDIT, "name": "any", "month": None}, ("line 2: kind", "opening_unasked")),
            ({"kind": OpeningKind.COUNTED, "name": ""}, ("line 2: month", "bad_month")),
        ],
    )
    def test_what_does_not_fit_is_named(self, changed, finding):
        head = {"kind": OpeningKind.PEAK, "name": "any", "month": date(2025, 6, 1), "value": "3", **WHERE}
        made, findings = self.found(NewOpening(**{**head, **changed}))
        assert (made, findings) == ((), [finding])

    def test_the_same_value_twice_is_found(self):
        peaks = [
            NewOpening(kind=OpeningKind.PEAK, name="any", month=date(2025, 6, day), value="3", **WHERE)
            for day in (1, 9)
        ]
        assert self.found(*peaks)[1] == [("line 2", "opening_twice")]

    @pytest.mark.parametrize(
        ("kind", "start"), [(OpeningKind.COUNTED, date(2025, 1, 1)), (OpeningKind.YEAR_AMOUNT, date(2025, 4, 1))]
    )
    def test_what_began_anew_on_the_first_day_has_nothing_before(self, kind, start):
        new = NewOpening(kind=kind, name="", month=None, value="3", **WHERE)
        assert self.found(new, start=start)[1] == [("line 2: kind", "opening_too_old")]
        assert self.found(new, start=date(2025, 7, 1))[1] == []

    def test_a_tariff_without_a_year_has_no_use_for_values_of_one(self):
        plan = plan_of(("netting", "energy"), tiers=replace(self.PLAN.tier_cycle, kind=Cycle.MONTH))
        new = NewOpening(kind=OpeningKind.YEAR_AMOUNT, name="", month=None, value="3", **WHERE)
        assert self.found(new, plan=plan)[1] == [("line 2: kind", "opening_unasked")]
