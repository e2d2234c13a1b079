"""Writing of a ``Rate`` as a tariff document: components, calendars and the decisions that whoever imports took."""

import json
from collections.abc import Iterable, Sequence
from datetime import date

from cis.kernel import fixed
from tariffs.domain.components.basic import Per
from tariffs.domain.components.blocks import Fills
from tariffs.domain.components.tiers import PER_KW, Convention
from tariffs.domain.urdb.calendar_text import calendar_lines
from tariffs.domain.urdb.naming import WORDS, Period, periods_of
from tariffs.domain.urdb.numbers import KILO_PLACES, MINOR_PLACES, PRICE_PLACES
from tariffs.domain.urdb.rate import MONTHS, NO_START, Amount, Choices, LookBack, Rate, Schedule, Tiers, limits_of

LONGEST_NAME = 200
UNITS = {Per.DAY: "dollar/day", Per.MONTH: "dollar/month"}


class Writer:
    """The lines of one document."""

    def __init__(self, rate: Rate, choices: Choices, code: str) -> None:
        self.rate = rate
        self.choices = choices
        self.code = code
        energy = rate.energy if rate.energy is not None and not has_one_period_a_month(rate.energy) else None
        self.periods = periods_of(schedule=energy, letter="p")
        self.demand_periods = periods_of(schedule=rate.demand, letter="d", taken=[one.code for one in self.periods])
        # A single period is the whole time, unless a look-back stands for the demand of the whole time.
        self.tells_demand = len(self.demand_periods) > 1 or (rate.look_back is not None and is_per_kw(rate.energy))
        self.labels: dict[str, tuple[str, str]] = {}

    def text(self, vectors: Sequence[str], decisions: Sequence[str]) -> str:
        """Return the document with its vectors; decisions stand at its head."""
        components = self.components()
        parts = [
            *(f"# {line}" for line in decisions),
            *self.head(),
            *self.calendars(),
            "",
            "[labels]",
            *(f"{key} = {{ zh = {quoted(zh)}, en = {quoted(en)} }}" for key, (zh, en) in self.labels.items()),
            *components,
            *vectors,
        ]
        return "\n".join(parts) + "\n"

    def head(self) -> list[str]:
        """Return what the tariff is, and from when it holds."""
        rate = self.rate
        name = quoted(rate.name[:LONGEST_NAME] or self.code)
        lines = [
            "schema = 1",
            f"code = {quoted(self.code)}",
            f"name_zh = {name}",
            f"name_en = {name}",
            f"legal_source = {quoted(legal_source(rate))}",
            f"valid_from = {valid_from(rate=rate, choices=self.choices)}",
        ]
        end = [f"valid_to = {rate.end_date}"] if rate.end_date else []
        return [*lines, *end, 'currency = "USD"', "decimals = 2", 'rounding = "bill"']

    def calendars(self) -> list[str]:
        """Return the periods of use and of demand with their hours."""
        holidays, lines = self.choices.holidays, []
        if len(self.periods) > 1 and self.rate.energy is not None:
            lines += [
                "",
                "[time_of_use]",
                *calendar_lines(
                    table="time_of_use", schedule=self.rate.energy, periods=self.periods, holidays=holidays
                ),
            ]
            self.name(self.periods)
        if needs_demand(self.rate):
            lines += ["", "[demand]", f"window_minutes = {self.rate.window or self.choices.window_minutes}"]
        if needs_demand(self.rate) and self.tells_demand and self.rate.demand is not None:
            lines += calendar_lines(
                table="demand", schedule=self.rate.demand, periods=self.demand_periods, holidays=holidays
            )
            self.name(self.demand_periods)
        return lines

    def name(self, periods: Iterable[Period]) -> None:
        """Keep the words of periods for the labels."""
        self.labels |= {one.code: (one.zh, one.en) for one in periods}

    def component(self, kind: str, code: str, lines: Iterable[str], *, label: str) -> list[str]:
        """Return a component, and keep the words of its label."""
        self.labels[label] = WORDS[label]
        head = ["", "[[component]]", f"kind = {quoted(kind)}", f"code = {quoted(code)}"]
        return [*head, *([] if code == label else [f"label = {quoted(label)}"]), *lines]

    def components(self) -> list[str]:
        """Return all components in the order in which they are charged."""
        return [
            *self.billed_demand(),
            *self.energy(),
            *self.flat_demand(),
            *self.demand_by_period(),
            *self.reactive(),
            *self.standing(),
            *self.minimums(),
        ]

    def billed_demand(self) -> list[str]:
        """Return what stands for the largest demand, where a look-back also moves limits per kW."""
        if self.rate.look_back is None or not is_per_kw(self.rate.energy):
            return []
        return self.component("billed_demand", "billed-demand", ratchet(self.rate.look_back), label="billed-demand")

    def energy(self) -> list[str]:
        """Return what energy costs, by the simplest component that says it."""
        energy = self.rate.energy
        if energy is None:
            return []
        if not self.periods:
            return self.energy_by_month(energy)
        structures = [energy.structure[one.number] for one in self.periods]
        limits = {limits_of(tiers) for tiers in structures}
        unit = ['unit = "dollar/kWh"']
        if len(limits) == 1 and (limits == {()} or self.choices.fills is None):
            return self.stepped(energy, range(MONTHS), "energy")
        if self.choices.convention is Convention.TIME_ORDER:
            return self.in_order(energy)
        fills = self.choices.fills or Fills.ALL
        lines = [*unit, f"fills = {quoted(fills)}"]
        for one, tiers in self.pairs():
            lines += ["", f"[component.steps.{one.code}]", *limit_lines(tiers), f"prices = {prices_of(tiers)}"]
        return self.component("tiered_by_period", "energy", lines, label="energy")

    def pairs(self) -> list[tuple[Period, Tiers]]:
        """Return each period of use with its tiers."""
        energy = self.rate.energy
        return [] if energy is None else [(one, energy.structure[one.number]) for one in self.periods]

    def energy_by_month(self, energy: Schedule) -> list[str]:
        """Return a component for the months of each period, where no month has two."""
        months = {number: [m for m in range(MONTHS) if energy.of_month(m) == (number,)] for number in energy.used()}
        found = []
        for number, held in months.items():
            tiers = energy.structure[number]
            code = "energy" if len(months) == 1 else f"energy-p{number}"
            lines = ['unit = "dollar/kWh"', *scope(held)]
            if limits_of(tiers):
                lines += [*limit_lines(tiers), f"prices = {prices_of(tiers)}"]
                found += self.component("tiered_energy", code, lines, label="energy")
            else:
                lines.append(f"price = {quoted(price(tiers[0].price_e6))}")
                found += self.component("energy", code, lines, label="energy")
        return found

    def stepped(self, energy: Schedule, months: Sequence[int], code: str) -> list[str]:
        """Return tiers that all periods of some months share; a period that these months lack costs nothing in them."""
        there = sorted({number for month in months for number in energy.of_month(month)})
        shared = energy.structure[there[0]]
        rows = [(one, tiers if one.number in there else None) for one, tiers in self.pairs()]
        prices = [(one.code, prices_of(tiers) if tiers else prices_of(shared, free=True)) for one, tiers in rows]
        lines = ['unit = "dollar/kWh"', *scope(months), *limit_lines(shared)]
        if limits_of(shared):
            lines.append(f"convention = {quoted(self.choices.convention)}")
        else:
            prices = [(name, row.strip("[]")) for name, row in prices]
        kind = "tiered_time_of_use" if limits_of(shared) else "time_of_use"
        lines += ["", "[component.prices]", *(f"{name} = {row}" for name, row in prices)]
        return self.component(kind, code, lines, label="energy")

    def in_order(self, energy: Schedule) -> list[str]:
        """Return a component for the months of each set of limits; ``importing`` sees to it that a month has one."""
        groups: dict[object, list[int]] = {}
        for month in range(MONTHS):
            groups.setdefault(limits_of(energy.structure[energy.of_month(month)[0]]), []).append(month)
        found = []
        for place, months in enumerate(groups.values(), start=1):
            found += self.stepped(energy, months, f"energy-{place}")
        return found

    def flat_demand(self) -> list[str]:
        """Return the price of the demand at whatever hour; a component for the months of each."""
        groups: dict[Tiers, list[int]] = {}
        for month, tiers in enumerate(self.rate.flat or ()):
            groups.setdefault(tiers, []).append(month)
        priced = {tiers: months for tiers, months in groups.items() if any(tier.price_e6 for tier in tiers)}
        look_back = None if is_per_kw(self.rate.energy) else self.rate.look_back
        found = []
        for place, (tiers, months) in enumerate(priced.items(), start=1):
            code = "demand" if len(priced) == 1 else f"demand-{place}"
            lines = [*scope(months), *self.power(tiers), *(ratchet(look_back) if look_back else [])]
            found += self.component("measured_demand", code, lines, label="demand")
        return found

    def demand_by_period(self) -> list[str]:
        """Return the price of the demand of each period; a single one is that of the whole time."""
        demand, found = self.rate.demand, []
        for one in self.demand_periods if demand is not None else ():
            tiers = demand.structure[one.number] if demand is not None else ()
            period = [f"period = {quoted(one.code)}"] if self.tells_demand else []
            if any(tier.price_e6 for tier in tiers):
                lines = [*period, *self.power(tiers)]
                found += self.component("measured_demand", f"demand-of-{one.code}", lines, label="demand-by-period")
        return found

    def power(self, tiers: Tiers) -> list[str]:
        """Return the price of demand, or its tiers."""
        limits = [quoted(kilo(limit)) for limit, _ in limits_of(tiers)]
        priced = [f"price = {quoted(price(tiers[0].price_e6))}"]
        if limits:
            priced = [f"limits_kw = [{', '.join(limits)}]", f"prices = {prices_of(tiers)}"]
        return [
            'unit = "dollar/kW"',
            *priced,
            f"proration = {quoted(self.choices.proration)}",
            'billed_before = "ignore"',
        ]

    def reactive(self) -> list[str]:
        """Return the price of the largest reactive demand."""
        if not self.rate.reactive_e6:
            return []
        lines = [
            'unit = "dollar/kvar"',
            f"price = {quoted(price(self.rate.reactive_e6))}",
            f"proration = {quoted(self.choices.proration)}",
        ]
        return self.component("reactive_demand", "reactive", lines, label="reactive")

    def standing(self) -> list[str]:
        """Return the standing charge."""
        return [line for one in self.rate.fixed for line in self.component("fixed", "fixed", timed(one), label="fixed")]

    def minimums(self) -> list[str]:
        """Return the least charges of a month and of a year."""
        on = 'on = ["*"]'
        found = []
        for one in self.rate.minimum:
            lines = [on, *timed(one), 'negative = "as_zero"']
            found += self.component("minimum_charge", "minimum", lines, label="minimum")
        if self.rate.yearly_cents:
            amount = fixed.to_text(self.rate.yearly_cents, places=MINOR_PLACES)
            lines = [on, f"amount = {quoted(amount)}", "year_starts = 1", 'negative = "as_zero"']
            lines.append(f"leaving = {quoted(self.choices.leaving)}")
            found += self.component("yearly_minimum", "yearly-minimum", lines, label="yearly-minimum")
        return found


def has_one_period_a_month(energy: Schedule) -> bool:
    """Return whether no month has two periods, so that no meter need tell hours apart."""
    return all(len(energy.of_month(month)) == 1 for month in range(MONTHS))


def is_per_kw(energy: Schedule | None) -> bool:
    """Return whether tiers of energy are blocks of kWh per kW."""
    return energy is not None and any(tier.per in PER_KW for tiers in energy.structure for tier in tiers)


def needs_demand(rate: Rate) -> bool:
    """Return whether anything is priced by the largest demand."""
    by_power = (*(rate.flat or ()), *(rate.demand.structure if rate.demand is not None else ()))
    return is_per_kw(rate.energy) or any(tier.price_e6 for tiers in by_power for tier in tiers)


def legal_source(rate: Rate) -> str:
    """Return where the prices were found, as the file says it."""
    return rate.source or "OpenEI Utility Rate Database; the file names no source"


def valid_from(*, rate: Rate, choices: Choices) -> date:
    """Return the first day of the rate."""
    return rate.start_date or choices.valid_from or NO_START


def timed(amount: Amount) -> list[str]:
    """Return unit and price of a charge by time."""
    return [f"unit = {quoted(UNITS[amount.per])}", f"price = {quoted(price(amount.price_e6))}"]


def ratchet(look_back: LookBack) -> list[str]:
    """Return the demand of the past that is billed at the least."""
    months = [f"months = [{', '.join(map(str, sorted(look_back.months)))}]"] if look_back.months else []
    percent = plain(fixed.to_text(look_back.part_e6, places=4))
    return ["", "[[component.ratchet]]", f"percent = {quoted(percent)}", *months, f"look_back = {look_back.look_back}"]


def scope(months: Sequence[int]) -> list[str]:
    """Return in which months a component holds, counted from 0; [] = in all."""
    return [] if len(months) == MONTHS else [f"months = [{', '.join(str(month + 1) for month in months)}]"]


def limit_lines(tiers: Tiers) -> list[str]:
    """Return the limits of tiers of energy, and what they are per."""
    limits = limits_of(tiers)
    if not limits:
        return []
    words = [per for _, per in limits]
    alike = len(set(words)) == 1
    per = quoted(words[0]) if alike else f"[{', '.join(quoted(word) for word in words)}]"
    return [f"limits_kwh = [{', '.join(quoted(kilo(limit)) for limit, _ in limits)}]", f"limits_per = {per}"]


def prices_of(tiers: Tiers, *, free: bool = False) -> str:
    """Return the prices of tiers as a list, or as many times 0."""
    return f"[{', '.join(quoted(price(0 if free else tier.price_e6)) for tier in tiers)}]"


def price(price_e6: int) -> str:
    """Return a price in dollars."""
    return plain(fixed.to_text(price_e6, places=PRICE_PLACES))


def kilo(number: int) -> str:
    """Return Wh in kWh, or W in kW."""
    return plain(fixed.to_text(number, places=KILO_PLACES))


def plain(text: str) -> str:
    """Return a number without zeros at its end."""
    return text.rstrip("0").rstrip(".") if "." in text else text


def quoted(text: str) -> str:
    """Return a TOML string."""
    return json.dumps(text, ensure_ascii=False)
