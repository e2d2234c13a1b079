"""Test vectors of a tariff: inputs and the lines and total that the law, or a published bill, says."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from cis.kernel import fixed
from cis.kernel.errors import Findings, Refused
from cis.kernel.fixed import Int64
from tariffs.domain.batch import MAX_ENERGY_WH, RatingBatch
from tariffs.domain.components.tiers import Stepped
from tariffs.domain.grammar import Table
from tariffs.domain.inputs import AXES, PAST_MONTHS, WRITTEN, Axis, Input
from tariffs.domain.plan import TOTAL, Plan
from tariffs.domain.rating import Rated, rate

WH_PLACES = 3
MONTH_PLACES = 9
ONE_MONTH_E9 = 10**MONTH_PLACES
MAX_DAYS = 3660
MAX_PERSONS = 99
MAX_COUNT = 10**6
MAX_MONTHS_E9 = MAX_DAYS * 10**9
OPTIONAL = frozenset(
    {
        Input.FINAL,
        Input.FEATURES,
        Input.CARRIED,
        Input.BILLED_PEAK_W,
        Input.PAST_PEAKS_W,
        Input.YEAR_MINOR,
        Input.GREEN_BLOCKS,
    }
)
"""What a vector may leave out: nothing of it then, as on a first bill."""
BOUNDS: Mapping[Input, tuple[int, int]] = {Input.MONTH: (1, 12), Input.MONTH_END: (0, 12), Input.FINAL: (0, 1)}


@dataclass(frozen=True, slots=True)
class ExpectedLine:
    """
    One expected line; every other line of the bill must be 0.

    slot      key of the slot, as "energy/2/peak"
    amount    as printed, as "260.80"
    quantity  as printed, or None to leave it unchecked
    """

    slot: str
    amount: str
    quantity: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Vector:
    """
    One case of a tariff.

    where           its place in the document
    used_wh         (p,) energy by period of use. [Wh]
    before_wh       energy since the tier cycle began. [Wh]
    month_share_e9  [10^-9 month]
    inputs          what the plan needs besides, each as a column of one segment
    lines           expected lines, () = the total alone is checked
    total           as printed
    """

    where: str
    name: str
    days: int
    month_share_e9: int
    used_wh: tuple[int, ...]
    before_wh: int
    household: int
    inputs: Mapping[Input, Int64]
    lines: tuple[ExpectedLine, ...]
    total: str

    def batch(self) -> RatingBatch:
        """Return the vector as a batch of one segment."""
        return RatingBatch.of(
            used_wh=np.array([self.used_wh], dtype=np.int64),
            before_wh=np.array([self.before_wh], dtype=np.int64),
            days=np.array([self.days], dtype=np.int64),
            month_share_e9=np.array([self.month_share_e9], dtype=np.int64),
            household=np.array([self.household], dtype=np.int64),
            inputs=self.inputs,
        )


def read_vectors(*, table: Table, plan: Plan) -> tuple[Vector, ...]:
    """Return the vectors of a document, noting every finding."""
    return tuple(_read_vector(part, plan) for part in table.tables("vector", required=False))


def read_case(*, values: Mapping[str, Any], plan: Plan) -> tuple[Vector, Findings]:
    """Return the inputs of a vector alone, without name and expected lines, and everything found in them."""
    findings = Findings()
    table = Table(values=values, where="", findings=findings)
    vector = _read_inputs_of(table, plan, name="", lines=(), total="0")
    table.close()
    return vector, findings


def _read_vector(table: Table, plan: Plan) -> Vector:
    """Return one vector."""
    lines = []
    for part in table.tables("lines", required=False):
        quantity = part.text("quantity") if part.has("quantity") else None
        lines.append(ExpectedLine(slot=part.text("line"), amount=part.text("amount"), quantity=quantity))
        part.close()
    vector = _read_inputs_of(table, plan, name=table.text("name"), lines=tuple(lines), total=table.text("total"))
    table.close()
    return vector


def _read_inputs_of(table: Table, plan: Plan, *, name: str, lines: tuple[ExpectedLine, ...], total: str) -> Vector:
    """Return a vector with the inputs that a table gives."""
    return Vector(
        where=table.where,
        name=name,
        days=table.integer("days", low=0, high=MAX_DAYS, default=30),
        month_share_e9=_read_months(table),
        used_wh=_read_energy(table, plan.periods),
        before_wh=_bounded(table, "before_kwh", table.number("before_kwh", places=WH_PLACES, required=False)),
        household=table.integer("household", low=0, high=MAX_PERSONS, default=1),
        inputs=_read_inputs(table, plan),
        lines=lines,
        total=total,
    )


def _read_months(table: Table) -> int:
    """Return the months of a segment, by default one. [10^-9 month]"""
    months_e9 = table.number("months", places=MONTH_PLACES, required=False, default=ONE_MONTH_E9)
    if 0 <= months_e9 <= MAX_MONTHS_E9:
        return months_e9
    table.note("months", "out_of_range", "A segment has no negative time.")
    return int(ONE_MONTH_E9)


def _read_energy(table: Table, periods: tuple[str, ...]) -> tuple[int, ...]:
    """Return the energy by period of use: one number, or a table of them."""
    if periods == TOTAL:
        return (_bounded(table, "used_kwh", table.number("used_kwh", places=WH_PLACES)),)
    part = table.table("used_kwh")
    used_wh = tuple(_bounded(part, period, part.number(period, places=WH_PLACES)) for period in periods)
    part.close()
    return used_wh


def _read_inputs(table: Table, plan: Plan) -> dict[Input, Int64]:
    """Return what the plan needs besides energy, time and household; a need that is not written is a finding."""
    part = table.table("inputs", required=False)
    inputs = {}
    for need in sorted(plan.needs):
        written = WRITTEN[need]
        if not part.has(written.key) and need in OPTIONAL:
            inputs[need] = np.zeros((1, *(plan.length_of(axis) or 0 for axis in AXES.get(need, ()))), dtype=np.int64)
        else:
            inputs[need] = np.array([_read_axes(part, need, plan)], dtype=np.int64)
    part.close()
    return inputs


def _read_single(part: Table, need: Input, key: str, places: int) -> int:
    """Return an input of one number."""
    low, high = BOUNDS.get(need, (0, MAX_COUNT))
    return part.number(key, places=places) if places else part.integer(key, low=low, high=high)


def _read_axes(part: Table, need: Input, plan: Plan) -> int | list[Any]:
    """Return one input: a number, a table by period, a list of codes, or lists of numbers."""
    key, places = WRITTEN[need]
    places = plan.decimals if need is Input.YEAR_MINOR else places
    axes = AXES.get(need, ())
    if not axes:
        return _read_single(part, need, key, places)
    if axes == (Axis.FEATURE,):
        codes = part.entries(key, required=False)
        return [int(code in codes) for code in plan.features]
    names = _names_of(axes[-1], plan)
    if len(axes) > 1:
        read = _read_steps if axes == (Axis.STEP, Axis.PERIOD) else _read_past
        return read(part, key, places, plan)
    if names is None:
        return list(part.numbers(key, places=places))
    # Carried energy is in kWh, carried money in the decimals of the plan.
    own = [slot.quantity_places for slot in plan.carried] if need is Input.CARRIED else [places] * len(names)
    if len(names) == 1 and not isinstance(part.raw(key, required=True), dict):
        return [part.number(key, places=own[0])]
    cells = part.table(key)
    pairs = zip(names, own, strict=True)
    found = [cells.number(name, places=each, required=need not in OPTIONAL) for name, each in pairs]
    cells.close()
    return found


def _names_of(axis: Axis, plan: Plan) -> tuple[str, ...] | None:
    """Return the keys under which the cells of an axis stand; None = they stand in a list."""
    names = {
        Axis.PERIOD: plan.periods,
        Axis.DEMAND_PERIOD: plan.demand.periods,
        Axis.CARRIED: tuple(slot.key for slot in plan.carried),
    }
    return names.get(axis)


def _read_steps(part: Table, key: str, places: int, plan: Plan) -> list[list[int]]:
    """Return the energy of each step by period of use; each period has a list, a number a step."""
    cells = part.table(key)
    columns = [cells.numbers(name, places=places) for name in plan.periods]
    cells.close()
    steps = max(
        (
            len(one.limits_wh) + 1
            for one in plan.components
            if isinstance(one, Stepped) and Input.ORDERED_WH in one.needs
        ),
        default=1,
    )
    for name, column in zip(plan.periods, columns, strict=True):
        if len(column) != steps:
            cells.note(name, "wrong_count", f"{steps} steps need as many numbers here.")
    return [list(row) for row in zip(*((*column, *[0] * steps)[:steps] for column in columns), strict=True)]


def _read_past(part: Table, key: str, places: int, plan: Plan) -> list[list[int]]:
    """Return the peaks of the months before, the latest first; each period of demand has a list of its own."""
    if isinstance(part.raw(key, required=True), list):
        columns = [part.numbers(key, places=places)]
    else:
        cells = part.table(key)
        columns = [cells.numbers(name, places=places) for name in plan.demand.periods]
        cells.close()
    if any(len(column) > PAST_MONTHS for column in columns):
        part.note(key, "wrong_count", f"No more than {PAST_MONTHS} months are looked back at.")
    width = len(plan.demand.periods)
    filled = [[*column, *[0] * PAST_MONTHS][:PAST_MONTHS] for column in columns]
    filled += [[0] * PAST_MONTHS] * (width - len(filled))
    return [list(row) for row in zip(*filled, strict=True)]


def _bounded(table: Table, key: str, energy_wh: int) -> int:
    """Return an energy, or 0 with a finding if no segment can hold it."""
    if abs(energy_wh) <= MAX_ENERGY_WH:
        return energy_wh
    table.note(key, "energy_out_of_range", "No segment is larger than 1,000 TWh.")
    return 0


@dataclass(frozen=True, slots=True, kw_only=True)
class LineResult:
    """
    One line of a vector beside what the plan gets.

    where     its place in the document
    slot      key of the slot
    quantity, amount  (expected, computed) as printed; expected None = not checked, computed None = no such line
    """

    where: str
    slot: str
    quantity: tuple[str | None, str | None]
    amount: tuple[str | None, str | None]
    is_right: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class VectorResult:
    """
    A vector beside what the plan gets.

    total    (expected, computed) as printed; computed None = the plan refused
    lines    all lines that are expected or not 0; () if the plan refused
    refusal  why the plan could not rate it, None = it could
    """

    vector: Vector
    total: tuple[str, str | None]
    lines: tuple[LineResult, ...]
    refusal: Refused | None

    @property
    def is_green(self) -> bool:
        """Return whether the plan gets what the vector says."""
        return self.refusal is None and all(line.is_right for line in self.lines)


TOTAL_LINE = ""
"""In place of a slot: the total."""


def result_of(*, plan: Plan, vector: Vector) -> VectorResult:
    """Return what a plan gets for a vector, line by line, the total last as the line ``TOTAL_LINE``."""
    try:
        rated = rate(plan=plan, batch=vector.batch())
        lines = tuple(_compared(plan, vector, rated))
    except Refused as refusal:
        return VectorResult(vector=vector, total=(vector.total, None), lines=(), refusal=refusal)
    total = fixed.to_text(int(rated.total_minor[0]), places=plan.decimals)
    return VectorResult(vector=vector, total=(vector.total, total), lines=lines, refusal=None)


def _compared(plan: Plan, vector: Vector, rated: Rated) -> Iterator[LineResult]:
    """Yield the lines that are expected or not 0, those that the plan does not have, and the total."""
    places = {line.slot: place for place, line in enumerate(vector.lines)}
    for number, slot in enumerate(plan.slots):
        amount_minor, quantity = int(rated.amount_minor[0, number]), int(rated.quantity[0, number])
        place = places.pop(slot.key, None)
        if place is None and not amount_minor and (vector.lines or not quantity):
            continue
        line = vector.lines[place] if place is not None else None
        # Where lines are given, all others must be 0.
        expected = line.amount if line else "0" if vector.lines else None
        yield _line(
            where=f"{vector.where}.lines" if place is None else f"{vector.where}.lines[{place}]",
            slot=slot.key,
            quantity=(line.quantity if line else None, quantity, slot.quantity_places),
            amount=(expected, amount_minor, plan.decimals),
        )
    for key, place in places.items():
        line, where = vector.lines[place], f"{vector.where}.lines[{place}]"
        yield LineResult(
            where=where, slot=key, quantity=(line.quantity, None), amount=(line.amount, None), is_right=False
        )
    yield _line(
        where=f"{vector.where}.total",
        slot=TOTAL_LINE,
        quantity=(None, 0, 0),
        amount=(vector.total, int(rated.total_minor[0]), plan.decimals),
    )


def _line(
    *, where: str, slot: str, quantity: tuple[str | None, int, int], amount: tuple[str | None, int, int]
) -> LineResult:
    """Compare (expected, computed, decimals) of quantity and amount."""
    pairs = [(expected, fixed.to_text(value, places=places)) for expected, value, places in (quantity, amount)]
    is_right = all(
        expected is None or fixed.parse(expected, places=places) == value
        for expected, value, places in (quantity, amount)
    )
    return LineResult(where=where, slot=slot, quantity=pairs[0], amount=pairs[1], is_right=is_right)


def check_vectors(*, plan: Plan, vectors: Iterable[Vector]) -> Findings:
    """Return what the plan gets otherwise than its vectors say; empty = all of them pass."""
    findings = Findings()
    for vector in vectors:
        result = result_of(plan=plan, vector=vector)
        if result.refusal is not None:
            refusal = result.refusal
            findings.add(vector.where, refusal.code, f"{vector.name}: {refusal.message}", refusal.advice)
        for line in result.lines:
            if not line.is_right:
                _note(vector, line, findings)
    return findings


def _note(vector: Vector, line: LineResult, findings: Findings) -> None:
    """Note what differs in one line."""
    if line.amount[1] is None:
        findings.add(line.where, "unknown_line", f"{vector.name}: the plan has no line {line.slot}.")
        return
    for word, (expected, computed) in (("amount", line.amount), ("quantity", line.quantity)):
        # Numbers alike may be written with other decimals.
        if expected is not None and computed is not None and not _is_equal(expected, computed):
            what = f"the {word} of {line.slot}" if line.slot else "the total"
            message = f"{vector.name}: {what} is {computed}, expected {expected}."
            findings.add(line.where, "vector_differs", message, "Find out who is wrong: the tariff or the vector.")


def _is_equal(expected: str, computed: str) -> bool:
    return fixed.parse(expected, places=MONTH_PLACES) == fixed.parse(computed, places=MONTH_PLACES)
