"""What a correction would make of the usage of a meter, worked out from what holds now; nothing is written."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date

from accounts.queries import supplier
from cis.kernel.calendar import local_clock
from cis.kernel.periods import Period, add_months
from cis.platform import db, packs
from metering.domain import correction_orders, corrections
from metering.domain.correction_factors import BadCorrection
from metering.domain.correction_orders import AddedEnergy, NormalUse, Order, Scale
from metering.domain.corrections import EVERY_REGISTER, Affected, Effect, Recorded
from metering.domain.intervals import IntervalColumns
from metering.queries import correction_values
from metering.queries.usage_rows import Kept, kept_rows

EVERYBODY = "everybody"


@dataclass(frozen=True, slots=True, kw_only=True)
class CountedBy:
    """A register of the meter; ``lane`` is what it counts: quantity, direction, period of use ("": all hours)."""

    id: int
    code: str
    lane: tuple[str, str, str]
    is_interval: bool

    @property
    def is_drawn(self) -> bool:
        """Return whether it counts active energy drawn."""
        return self.lane[:2] == ("active", "import")

    @property
    def is_reactive(self) -> bool:
        """Return whether it counts reactive energy, either way."""
        return self.lane[0] == "reactive"


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """
    What becomes of one register over [start_date, end_date). [Wh or varh]

    replaced_id  the usage that holds now; None: interval values, which hold by day
    """

    register: CountedBy
    start_date: date
    end_date: date
    before_wh: int
    after_wh: int
    replaced_id: int | None = None

    @property
    def change_wh(self) -> int:
        """Return what is added; below 0: taken off. [Wh or varh]"""
        return self.after_wh - self.before_wh


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """
    What a correction would do.

    days         that are corrected
    is_capped    some earlier days may not be billed any more
    parts        by register and time
    day_values   interval days with their new values
    """

    days: Affected
    is_capped: bool
    parts: tuple[Part, ...]
    day_values: tuple[IntervalColumns, ...]

    @property
    def change_wh(self) -> int:
        """Return the change of active energy drawn; registers of periods of use only where none counts all hours."""
        drawn = [part for part in self.parts if part.register.is_drawn]
        whole = [part for part in drawn if not part.register.lane[2]]
        return sum(part.change_wh for part in whole or drawn)

    @property
    def moved(self) -> int:
        """
        Return how much is changed of what is changed most, both ways added up. [Wh or varh]

        Energy that is moved between periods of use or months, and energy given to the grid, is money too.
        """
        sums: dict[tuple[str, str, bool], int] = {}
        for part in self.parts:
            quantity, direction, period = part.register.lane
            kind = (quantity, direction, bool(period))
            sums[kind] = sums.get(kind, 0) + abs(part.change_wh)
        return max(sums.values(), default=0)

    @property
    def start_date(self) -> date:
        """Return the first day that is corrected."""
        return date.fromordinal(self.days.start_day)

    @property
    def end_date(self) -> date:
        """Return the day after the last one that is corrected."""
        return date.fromordinal(self.days.end_day)


def plan(*, order: Order, today: date) -> Plan:
    """
    Return what a correction would make of the usage that holds now.

    Statements: registers, usage, and those of interval days where there are any; twice if a cap shortens the days.

    :raises BadCorrection: the order is impossible; the meter did not hang there on all its days; usage of some day is
        not approved, or a value of some interval is missing; or nothing would change.
    :raises MissingRule: the pack of the place has no rule for the cause.
    """
    correction_orders.check(order, today=today)
    rule = packs.rule(f"backbill_{order.cause}", at=order.until_date)
    days = corrections.affected(
        since_day=order.since_date.toordinal(),
        until_day=order.until_date.toordinal(),
        percent=rule["period_percent"],
    )
    found = _plan(order, days)
    first = first_billable(is_customer_fault=order.is_customer_fault, today=today)
    if first is not None and found.change_wh > 0 and days.start_day < first.toordinal():
        capped = corrections.capped(days=days, first_day=first.toordinal())
        found = replace(_plan(order, capped), is_capped=True)
    if not any(part.change_wh for part in found.parts):
        raise BadCorrection("Nothing would change: nothing was counted on those days.", advice="Check meter and days.")
    return found


def first_billable(*, is_customer_fault: bool, today: date) -> date | None:
    """Return the first day of which more may be billed than was; None: there is no such limit."""
    cap = packs.rule("backbill_cap", at=today)
    if not cap["months"] or (is_customer_fault and cap["spares"] != EVERYBODY):
        return None
    return add_months(today, -cap["months"])


def _plan(order: Order, days: Affected) -> Plan:
    registers = _registers(order, days)
    counters = [one for one in registers if not one.is_interval]
    usage = _usage(order.service_point_id, days)
    for register in counters:
        _check_covered(register, usage, days)
    values = {one.id: correction_values.around(register_id=one.id, days=days) for one in registers if one.is_interval}
    effects = _effects(order, days, registers, usage, values)
    parts: list[Part] = []
    for register in counters:
        parts += _parts_of_spans(register, usage, effects[register.id], days)
    day_values: list[IntervalColumns] = []
    for register in registers:
        if register.is_interval:
            found = _of_days(order, register, values[register.id], effects[register.id], days)
            parts += found[0]
            day_values += found[1]
    return Plan(days=days, is_capped=False, parts=tuple(parts), day_values=tuple(day_values))


_REGISTERS = """
SELECT r.id, r.code, r.quantity, r.direction, r.period_of_use, r.is_interval
FROM metering_installation i JOIN metering_register r ON r.meter_id = i.meter_id
WHERE i.service_point_id = %(point)s AND i.meter_id = %(meter)s AND i.period @> daterange(%(start)s, %(end)s)
ORDER BY r.id
"""


def _registers(order: Order, days: Affected) -> list[CountedBy]:
    """Return the registers that the cause bears on."""
    start, end = date.fromordinal(days.start_day), date.fromordinal(days.end_day)
    given = {"point": order.service_point_id, "meter": order.meter_id, "start": start, "end": end}
    found = [
        CountedBy(id=row[0], code=row[1], lane=(row[2], row[3], row[4]), is_interval=row[5])
        for row in db.fetch(_REGISTERS, given)
    ]
    if not found:
        raise BadCorrection(
            f"The meter did not hang there from {start} to {end}.", advice="Make a correction for each meter."
        )
    has_own = isinstance(order.amount, Scale) and order.amount.reactive_factor is not None
    chosen = [one for one in found if order.cause in EVERY_REGISTER or one.is_drawn or (has_own and one.is_reactive)]
    if not any(one.is_drawn for one in chosen):
        raise BadCorrection("The meter has no register of energy drawn.", advice="Check the meter.")
    if has_own and not any(one.is_reactive for one in chosen):
        raise BadCorrection("The meter has no register of reactive energy.", advice="Correct active energy alone.")
    return chosen


def _usage(service_point_id: int, days: Affected) -> list[Kept]:
    rows = kept_rows(
        service_point_ids=[service_point_id],
        start_date=date.fromordinal(days.start_day),
        end_date=date.fromordinal(days.end_day),
    )
    return sorted((row for row in rows if row.is_current), key=lambda row: row.key)


def _of_register(usage: Sequence[Kept], register_id: int) -> list[Kept]:
    return [row for row in usage if row.span.register_id == register_id]


def _recorded(rows: Sequence[Kept]) -> list[Recorded]:
    return [
        Recorded(start_day=row.span.start_day, end_day=row.span.end_day, energy_wh=row.span.energy_wh) for row in rows
    ]


def _check_covered(register: CountedBy, usage: Sequence[Kept], days: Affected) -> None:
    missing = _first_gap(_of_register(usage, register.id), days)
    if missing is not None:
        raise BadCorrection(
            f"There is no approved usage of register {register.code} from {date.fromordinal(missing)} on.",
            advice=f"Enter the read of {date.fromordinal(days.end_day)}: a meter is read when it is mended.",
        )


def _first_gap(rows: Sequence[Kept], days: Affected) -> int | None:
    """Return the first of the days that no span covers; rows in the order of time."""
    day = days.start_day
    for row in rows:
        if row.span.start_day > day:
            break
        day = max(day, row.span.end_day)
    return day if day < days.end_day else None


def _effects(
    order: Order,
    days: Affected,
    registers: Sequence[CountedBy],
    usage: Sequence[Kept],
    values: dict[int, tuple[IntervalColumns, ...]],
) -> dict[int, Effect]:
    """Return the effect on each register."""
    match order.amount:
        case Scale(factor=factor, reactive_factor=reactive):
            own = factor if reactive is None else reactive
            return {one.id: Effect(factor=own if one.is_reactive else factor) for one in registers}
        case NormalUse(start_date=start, end_date=end):
            return _normal(
                order.service_point_id, Affected(start_day=start.toordinal(), end_day=end.toordinal()), registers
            )
        case AddedEnergy(energy_wh=energy):
            return _added(energy, days, registers, usage, values)


def _normal(point: int, reference: Affected, registers: Sequence[CountedBy]) -> dict[int, Effect]:
    """Return what a normal day used, register by register; other meters may have counted it then."""
    usage = _usage(point, reference)
    lanes = _lanes_of({row.span.register_id for row in usage})
    effects = {}
    for register in registers:
        rows = sorted(
            (row for row in usage if lanes[row.span.register_id] == register.lane), key=lambda row: row.span.start_day
        )
        missing = _first_gap(rows, reference)
        if missing is not None:
            raise BadCorrection(
                f"There is no approved usage of the normal time from {date.fromordinal(missing)} on.",
                advice="Choose a time whose usage is approved.",
            )
        effects[register.id] = corrections.normal(spans=_recorded(rows), reference=reference)
    return effects


def _lanes_of(register_ids: set[int]) -> dict[int, tuple[str, str, str]]:
    rows = db.fetch(
        "SELECT id, quantity, direction, period_of_use FROM metering_register WHERE id = ANY(%s)",
        [sorted(register_ids)],
    )
    return {row[0]: (row[1], row[2], row[3]) for row in rows}


def _added(
    energy_wh: int,
    days: Affected,
    registers: Sequence[CountedBy],
    usage: Sequence[Kept],
    values: dict[int, tuple[IntervalColumns, ...]],
) -> dict[int, Effect]:
    """Deal energy that no register saw: whole to registers of all hours, in the mix of those of periods of use."""
    effects = {one.id: corrections.added(energy_wh=energy_wh, days=days) for one in registers if not one.lane[2]}
    apart = [one for one in registers if one.lane[2]]
    if apart:
        clock = local_clock(supplier.current().time_zone)
        bases = [
            correction_values.base_wh(blocks=values[one.id], days=days, clock=clock)
            if one.is_interval
            else corrections.base_wh(spans=_recorded(_of_register(usage, one.id)), days=days)
            for one in apart
        ]
        dealt = corrections.added_in_mix(energy_wh=energy_wh, bases=bases, days=days)
        effects |= {one.id: effect for one, effect in zip(apart, dealt, strict=True)}
    return effects


def _parts_of_spans(register: CountedBy, usage: Sequence[Kept], effect: Effect, days: Affected) -> list[Part]:
    rows = _of_register(usage, register.id)
    changed = corrections.changes(spans=_recorded(rows), effect=effect, days=days)
    return [
        Part(
            register=register,
            start_date=date.fromordinal(row.span.start_day),
            end_date=date.fromordinal(row.span.end_day),
            before_wh=row.span.energy_wh,
            after_wh=row.span.energy_wh + change,
            replaced_id=row.id,
        )
        for row, change in zip(rows, changed, strict=True)
        if change
    ]


def _of_days(
    order: Order, register: CountedBy, held: tuple[IntervalColumns, ...], effect: Effect, days: Affected
) -> tuple[list[Part], list[IntervalColumns]]:
    """Return what becomes of interval values, by month and by day."""
    clock = local_clock(supplier.current().time_zone)
    amount = order.amount
    normal = Period(amount.start_date, amount.end_date) if isinstance(amount, NormalUse) else None
    profile = correction_values.Profile(register_id=register.id, normal=normal)
    changed = correction_values.change(blocks=held, effect=effect, days=days, clock=clock, profile=profile)
    months = correction_values.by_month(blocks=held, changed=changed, days=days, clock=clock)
    parts = [
        Part(register=register, start_date=month.start, end_date=month.end, before_wh=before, after_wh=after)
        for month, before, after in months
        if before != after
    ]
    return parts, [new for _, new in changed]
