"""Random whole tariffs of all kinds of components, each told twice: to the kernel in integers, to the oracle in fractions."""

from dataclasses import replace
from fractions import Fraction
from itertools import pairwise
from random import Random

import numpy as np

from tariffs.domain.batch import RatingBatch
from tariffs.domain.components.charge_limits import (
    YearlyLimit,
)
from tariffs.domain.components.demand import MeasuredDemand
from tariffs.domain.inputs import Input
from tariffs.domain.lines import Adjusting, LedgerClass, Scoped, Unit
from tariffs.domain.plan import DemandMetering, Scope, compile_plan
from tests.unit.tariffs.oracle_power import counts_of
from tests.unit.tariffs.oracle_whole import Facts
from tests.unit.tariffs.whole.drawing import kilo
from tests.unit.tariffs.whole.energy import DrawsEnergy
from tests.unit.tariffs.whole.given import DrawsGiven
from tests.unit.tariffs.whole.power import DrawsPower

FEATURES = ("flat-choice", "gold")
DIVISORS = {
    Unit.KWH: 1000,
    Unit.KW: 1000,
    Unit.KVA: 1000,
    Unit.KVAR: 1000,
    Unit.KVARH: 1000,
    Unit.DAY: 1,
    Unit.MONTH: 10**9,
    Unit.MONEY: 100,
    Unit.BLOCK: 1,
    Unit.FACTOR: 100,
}


class Drawer(DrawsEnergy, DrawsPower, DrawsGiven):
    """Draws the components of one tariff."""

    def add(self, kind):
        """Draw one component of a kind, in some months or for some agreements alone."""
        code = f"part{len(self.components)}"
        self.head = {"code": code, "label": code, "ledger": self.word(LedgerClass)}
        component, rule = getattr(self, kind)(code)
        if self.chance.random() < 0.3:
            only_for, not_for = (FEATURES[:1], ()) if self.one(True, False) else ((), FEATURES[1:])
            scope = Scoped(months=self.one(frozenset(), self.months()), only_for=only_for, not_for=not_for)
            component = replace(component, scope=scope)
            rule.months, rule.only_for, rule.not_for = scope.months, only_for, not_for
        self.components.append(component)
        self.rules.append(rule)
        if any(slot.in_total and slot.code == code for slot in component.slots()):
            self.priced.append(code)

    def drop(self, component):
        """Take the last component back."""
        assert self.components.pop() is component
        self.rules.pop()
        if component.code in self.priced:
            self.priced.remove(component.code)


ON_OTHERS = (
    "tax",
    "power_factor",
    "minimum_charge",
    "maximum_charge",
    "yearly_minimum",
    "yearly_maximum",
    "money_credits",
    "concession",
)
CHANGING = ("billed_demand", "transformer_loss", "agreed_loss", "unmetered", "netting", "kwh_credits")
PRICED = (
    "fixed",
    "energy",
    "time_of_use",
    "tiered_energy",
    "volume_energy",
    "tiered_time_of_use",
    "in_order",
    "tiered_by_period",
    "package_energy",
    "step_fee",
    "capacity",
    "measured_demand",
    "contracted_demand",
    "reactive_energy",
    "reactive_demand",
    "power_factor_demand",
    "line_loss",
    "ratio_time_of_use",
    "export_credit",
    "tiered_export",
    "meter_charge",
    "account_charge",
    "green_premium",
)
KINDS = (*PRICED, *CHANGING, *ON_OTHERS)


def tariff(seed, kinds=KINDS, most=7):
    """A plan, its rules for the oracle, and how it is rounded."""
    drawer = Drawer(seed)
    for _ in range(drawer.chance.randint(2, most)):
        kind = drawer.chance.choice(kinds)
        if kind in ON_OTHERS and not drawer.priced:
            kind = drawer.chance.choice(PRICED)
        drawer.add(kind)
        # A bill hands on one number of what was charged of a period of demand: those that leave it out charge the same.
        deducting = [one for one in drawer.components if isinstance(one, MeasuredDemand) and one.incremental]
        if len({one.place for one in deducting}) < len(deducting):
            drawer.drop(deducting[-1])
        # What losses or credits add to energy lies in no step of it.
        if any(isinstance(one, Adjusting) for one in drawer.components) and any(map(is_in_order, drawer.components)):
            drawer.drop(drawer.components[-1])
            continue
        yearly = [one for one in drawer.components if isinstance(one, YearlyLimit)]
        # A bill hands on one amount of the year, so all yearly limits of a tariff count the same.
        if len(yearly) > 1:
            drawer.drop(yearly[-1])
    plan = compile_plan(
        components=tuple(drawer.components),
        periods=drawer.periods if len(drawer.periods) > 1 else ("total",),
        demand=DemandMetering(periods=drawer.demands),
        rounding_scope=drawer.word(Scope),
    )
    return plan, drawer.rules


def is_in_order(component):
    """Whether the steps of a component fill in order of time."""
    return Input.ORDERED_WH in component.needs


def ordered(plan, chance, used, month):
    """Cells of steps and periods that sum to the energy of each period, in no step that the month does not have."""
    mine = [one for one in plan.components if is_in_order(one)]
    if not mine:
        return []
    steps = min(
        (len(one.prices_e6) for one in mine if not one.scope.months or month in one.scope.months),
        default=plan.steps_in_order,
    )
    cells = [[0] * len(used) for _ in range(plan.steps_in_order)]
    for place, energy in enumerate(used):
        cuts = sorted(chance.randint(0, abs(energy)) for _ in range(steps - 1))
        for step, (low, high) in enumerate(pairwise([0, *cuts, abs(energy)])):
            cells[step][place] = high - low if energy > 0 else low - high
    return cells


def segments(plan, seed, count):
    """A batch of segments, and the same as facts for the oracle."""
    chance = Random(seed)
    rows = [_row(plan, chance) for _ in range(count)]
    for row in rows:
        row.update({Input(name): value for name, value in counts_of(row["days"], row["months"]).items()})

    def column(name):
        return np.array([row[name] for row in rows], dtype=np.int64)

    batch = RatingBatch.of(
        used_wh=column("used"),
        before_wh=column("before"),
        days=column("days"),
        month_share_e9=column("months"),
        household=column("household"),
        inputs={need: column(need) for need in plan.needs},
    )
    return batch, [_facts(plan, row) for row in rows]


def _row(plan, chance):
    """One segment in integers, with a value for every input."""

    def energy():
        return chance.choice(
            [
                0,
                chance.randint(0, 3000),
                chance.randint(0, 9_000_000),
                chance.randint(0, 9_000_000),
                chance.randint(0, 10**12),
            ]
        )

    month, days = chance.randint(1, 12), chance.choice([28, 30, 31, chance.randint(0, 62)])
    sign = chance.choice([1, 1, 1, 1, -1])
    signs = [chance.choice([1, -1]) if chance.random() < 0.1 else sign for _ in plan.periods]
    power = chance.choice([1000, 200_000, 5_000_000])
    used = [one * energy() for one in signs]
    return {
        "used": used,
        Input.ORDERED_WH: ordered(plan, chance, used, month),
        "before": chance.choice([0, energy()]),
        "days": days,
        "months": chance.choice([10**9, 10**9, 2 * 10**9, chance.randint(0, 3 * 10**9)]),
        "household": chance.randint(1, 6),
        Input.MONTH: month,
        Input.MONTH_END: chance.choice([0, month]),
        Input.FINAL: chance.choice([0, 0, 1]),
        Input.PEAK_W: [chance.randint(0, power) for _ in plan.demand.periods],
        Input.BILLED_PEAK_W: [chance.choice([0, chance.randint(0, power)]) for _ in plan.demand.periods],
        Input.PAST_PEAKS_W: [[chance.randint(0, power) for _ in plan.demand.periods] for _ in range(12)],
        Input.CAPACITY_VA: chance.choice([0, chance.randint(0, power)]),
        Input.CONTRACT_W: chance.randint(0, power),
        Input.REACTIVE_VARH: energy(),
        Input.REACTIVE_PEAK_VAR: chance.randint(0, power),
        Input.EXPORT_WH: [chance.choice([0, energy()]) for _ in plan.periods],
        Input.ENERGIZED_MINUTES: chance.randint(0, 44_640),
        Input.METERS: chance.randint(0, 5),
        Input.ACCOUNT_DAYS: chance.choice([0, chance.randint(0, days), days]),
        Input.FEATURES: [chance.randint(0, 1) for _ in plan.features],
        Input.CARRIED: [chance.randint(0, 10**6) for _ in plan.carried],
        Input.YEAR_MINOR: chance.randint(-(10**5), 10**6),
        Input.SUBMETER_WH: [chance.choice([0, energy()]) for _ in plan.periods],
        Input.GREEN_BLOCKS: chance.randint(0, 9),
    }


def _facts(plan, row):
    def all_of(name):
        return [kilo(one) for one in row[name]]

    carried = {
        slot.key: Fraction(value, DIVISORS[slot.unit])
        for slot, value in zip(plan.carried, row[Input.CARRIED], strict=True)
    }
    return Facts(
        ordered=[[kilo(one) for one in cells] for cells in row[Input.ORDERED_WH]],
        used=all_of("used"),
        export=all_of(Input.EXPORT_WH),
        peaks=all_of(Input.PEAK_W),
        billed_peaks=all_of(Input.BILLED_PEAK_W),
        past=[[kilo(one) for one in peaks] for peaks in row[Input.PAST_PEAKS_W]],
        submeters=all_of(Input.SUBMETER_WH),
        kvarh=kilo(row[Input.REACTIVE_VARH]),
        kvar=kilo(row[Input.REACTIVE_PEAK_VAR]),
        kva=kilo(row[Input.CAPACITY_VA]),
        contract=kilo(row[Input.CONTRACT_W]),
        before=kilo(row["before"]),
        months=Fraction(row["months"], 10**9),
        year=Fraction(row[Input.YEAR_MINOR], 100),
        days=row["days"],
        month=row[Input.MONTH],
        month_end=row[Input.MONTH_END],
        final=bool(row[Input.FINAL]),
        minutes=row[Input.ENERGIZED_MINUTES],
        meters=row[Input.METERS],
        account_days=row[Input.ACCOUNT_DAYS],
        household=row["household"],
        blocks=row[Input.GREEN_BLOCKS],
        features={code for code, has in zip(plan.features, row[Input.FEATURES], strict=True) if has},
        carried=carried,
    )
