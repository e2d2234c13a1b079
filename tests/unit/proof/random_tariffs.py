"""Random tariff documents with every kind of component, and random segments for them."""

from dataclasses import dataclass

import numpy as np

from tariffs.domain import document
from tariffs.domain.batch import RatingBatch
from tariffs.domain.inputs import AXES, Input
from tariffs.domain.parts.readers import READERS

PERIODS = ("sharp", "peak", "flat", "valley")
MONTH_E9 = 10**9


def toml(value):
    """Return a value as TOML."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value)
    if isinstance(value, str):
        return f'"{value}"'
    if isinstance(value, list):
        return f"[{', '.join(map(toml, value))}]"
    return "{ " + ", ".join(f"{key} = {toml(one)}" for key, one in value.items()) + " }"


@dataclass
class Maker:
    """Makes one document; ``draw`` is the source of chance."""

    draw: object
    periods: tuple = ()
    demand_periods: tuple = ()
    cyclic: bool = False
    codes: tuple = ()

    def pick(self, *words):
        return self.draw.choice(words)

    def chance(self, percent=50):
        return self.draw.randrange(100) < percent

    def number(self, low, high, places=3):
        """A decimal text, often with few decimals."""
        keep = self.pick(0, 1, places)
        value = self.draw.randint(low * 10**keep, high * 10**keep)
        sign, value = ("-", -value) if value < 0 else ("", value)
        digits = str(value).rjust(keep + 1, "0")
        return f"{sign}{digits[:-keep]}.{digits[-keep:]}" if keep else sign + digits

    def price(self, high=2):
        return self.number(0, high, 6)

    def prices(self, count):
        return [self.price() for _ in range(count)]

    def limits(self, count, high=4000):
        return [str(limit) for limit in sorted(self.draw.sample(range(1, high), count))]

    def by_period(self, make):
        return {name: make() for name in self.periods}

    def percent(self):
        return self.number(0, 100, 2)

    def on(self):
        return ["*"] if self.chance() or not self.codes else list({self.pick(*self.codes) for _ in range(2)})

    def stepped(self, *, cyclic=None, per=("month", "day", "kw", "kw_day"), household=True):
        """Limits, what they are per, and wider ones."""
        count = self.draw.randint(1, 3)
        limits = self.limits(count)
        found = {"limits_kwh": limits}
        use_cycle = self.cyclic and self.chance() if cyclic is None else cyclic
        if use_cycle:
            found["limits_per"] = "cycle"
        else:
            found["limits_per"] = self.pick(*per)
        if household and self.chance(40):
            size = {"from_persons": self.draw.randint(2, 5), "grow_kwh": [str(100 * (n + 1)) for n in range(count)]}
            found["household"] = size
        return found, count + 1

    def year(self):
        if self.chance():
            return {"leaving": self.pick("pay", "forfeit")}
        return {
            "year_starts": self.draw.randint(1, 12),
            "at_end": self.pick("pay", "forfeit"),
            "leaving": self.pick("pay", "forfeit"),
        }

    def pools(self):
        if not self.periods:
            return {}
        names = list(self.periods)
        self.draw.shuffle(names)
        at = self.draw.randint(1, len(names))
        return {"pools": [pool for pool in (names[:at], names[at:]) if pool]}


def ratchets(make):
    found = []
    for _ in range(make.draw.randint(0, 2)):
        one = {"percent": make.percent()}
        if make.chance():
            one["months"] = sorted(make.draw.sample(range(1, 13), 4))
        if make.chance():
            one["look_back"] = make.draw.randint(1, 12)
        found.append(one)
    return {"ratchet": found} if found else {}


def discount(make):
    if make.chance(60):
        return {}
    counts = make.pick("billed", "with_submeters")
    return {"discount": {"from_kwh_per_kva": make.number(0, 400), "factor": "0.9", "counts": counts}}


def loss_head(make):
    found = {"grain_kwh": make.pick("0.001", "0.01", "0.1", "1")} if make.chance() else {}
    if make.periods:
        found |= {"deal": make.pick("mix", "one_period"), "period": make.pick(*make.periods)}
    return found


def of_stepped(make, **more):
    steps, count = make.stepped()
    return {"unit": "yuan/kWh", **steps, "prices": make.prices(count), **more}


def tiered_time_of_use(make):
    steps, count = make.stepped()
    prices = make.by_period(lambda: make.prices(count))
    return {"unit": "yuan/kWh", **steps, "prices": prices, "convention": make.pick("proportional", "time_order")}


def tiered_by_period(make):
    fills, steps = make.pick("own", "all"), {}
    for name in make.periods:
        part, count = make.stepped(cyclic=False if fills == "own" else None, household=False)
        steps[name] = {**part, "prices": make.prices(count)} if make.chance(80) else {"prices": make.prices(1)}
    return {"unit": "fen/kWh", "fills": fills, "steps": steps}


def step_fee(make):
    unit = make.pick("month", "day")
    per = ("month", "kw") if unit == "month" else ("day", "kw_day")
    steps, count = make.stepped(cyclic=False, per=per)
    return {"unit": f"yuan/{unit}", **steps, "fees": make.prices(count), "fee_of": make.pick("entered", "reached")}


def ratio_time_of_use(make):
    ratios = {name: make.number(0, 2, 2) for name in make.periods}
    found = {
        "unit": "yuan/kWh",
        "base_prices": {"purchase": make.price(), "grid": make.price(), "other": make.price()},
        "floating": ["purchase", "grid"] if make.chance() else ["purchase"],
        "ratios": ratios,
        "price_decimals": make.draw.randint(3, 8),
    }
    if len(make.periods) > 1 and make.chance():
        found["on_ratio_of"] = {make.periods[0]: make.periods[1]}
    return found


def measured_demand(make):
    period = {"period": make.pick(*make.demand_periods)} if make.demand_periods and make.chance() else {}
    found = {"unit": "yuan/kW", "proration": proration(make), "billed_before": make.pick("ignore", "deduct"), **period}
    if make.chance():
        limits = make.limits(2, 500)
        return {**found, "limits_kw": limits, "prices": make.prices(3), **ratchets(make)}
    grain = {"grain_kw": make.pick("0.001", "0.01", "0.1", "1"), "least_kw": make.number(0, 50)}
    # Prices of so few decimals stay exact when they are lowered.
    return {**found, **grain, "price": str(make.draw.randint(0, 50)), **discount(make), **ratchets(make)}


def proration(make):
    return make.pick("whole", "calendar_days", "thirtieths", "thirty_day_months", "cycle_days", "days")


def power(make, *, unit="yuan/kW"):
    return {"unit": unit, "price": str(make.draw.randint(0, 50)), "proration": proration(make)}


def contracted_demand(make):
    excess = make.pick("measured_plus_excess", "contract_plus_double_excess")
    return {**power(make), "excess": excess, "tolerance_percent": make.number(100, 120, 2),
            "floor_percent": make.percent(), **discount(make)}  # fmt: skip


def power_factor_percent(make):
    below, above = make.number(0, 2, 2), make.number(0, 2, 2)
    return {"target": make.pick("0.95", "0.9"), "below_percent": below, "above_percent": above, "on": make.on(),
            "submeters": make.pick("series", "parallel")}  # fmt: skip


def power_factor_demand(make):
    grain = make.pick("0.001", "0.01", "0.1", "1")
    return {**power(make), "target": make.pick("0.95", "0.9"), "grain_kw": grain,
            "submeters": make.pick("series", "parallel")}  # fmt: skip


def transformer_loss(make):
    active = {"iron_w": make.number(1, 900), "copper_percent": make.number(0, 5, 2)}
    if make.chance():
        active |= {"load_w": make.number(0, 5000), "k": make.number(0, 1, 3)}
    reactive = {"reactive": {"iron_w": make.number(1, 900)}} if make.chance() else {}
    return {**loss_head(make), "active": active, **reactive}


def agreed_loss(make):
    return {**loss_head(make), "kwh": make.number(0, 900), "kvarh": make.number(0, 90), "proration": proration(make)}


def unmetered(make):
    found = {"hours": [make.number(0, 400) for _ in range(12)]}
    if make.periods:
        rest = 100
        parts = {}
        for name in make.periods[:-1]:
            parts[name] = str(make.draw.randint(0, rest))
            rest -= int(parts[name])
        found["percent"] = {**parts, make.periods[-1]: str(rest)}
    return found


def green_premium(make):
    if make.chance():
        return {"unit": "yuan/kWh", "price": make.price(), "percent": make.percent()}
    return {"unit": "yuan/kWh", "price": make.price(), "block_kwh": make.number(1, 200),
            "beyond_use": make.pick("charge", "leave_out")}  # fmt: skip


def concession(make):
    found = {"on": make.on()}
    if make.chance():
        found["percent"] = make.percent()
    else:
        found |= {"unit": make.pick("yuan/day", "yuan/month", "yuan/kWh"), "price": make.price(20)}
    if make.chance():
        span = make.pick("month", "year")
        found |= {"cap": make.number(0, 60, 2), "cap_per": span}
        if span == "year":
            found["year_starts"] = make.draw.randint(1, 12)
    return found


def kwh_credits(make):
    found = {**make.pools(), "unit": "yuan/kWh", "price": make.price(), "paid": make.pick("credits", "net")}
    if len(make.periods) > 1 and make.chance():
        names = make.draw.sample(make.periods, 2)
        found["moves"] = [{"month": make.draw.randint(1, 12), "from": names[0], "to": names[1]}]
    return {**found, **make.year()}


def priced_by_period(make):
    prices = make.by_period(make.price)
    return {"prices": prices} if make.periods and make.chance() else {"price": make.price()}


def limit(make, **more):
    return {"on": make.on(), "unit": make.pick("yuan/day", "yuan/month"), "price": make.price(300), **more}


def yearly(make, **more):
    return {"on": ["*"], "amount": make.number(0, 3000, 2), "year_starts": 4, "negative": "as_zero", **more}


def dynamic(make):
    return {"unit": "yuan/kWh", "series": "spot", "margin": make.price(), "negative_prices": "keep"}


def standing(make):
    if make.chance():
        return {"unit": make.pick("yuan/day", "yuan/month", "fen/day"), "price": make.price(50)}
    counts = ("whole", "calendar_days", "thirtieths", "thirty_day_months", "cycle_days")
    return {"unit": "yuan/month", "price": make.price(50), "proration": make.pick(*counts)}


MAKERS = {
    "fixed": standing,
    "energy": lambda make: {"unit": make.pick("yuan/kWh", "fen/kWh"), "price": make.price()},
    "time_of_use": lambda make: {"unit": "yuan/kWh", "prices": make.by_period(make.price)},
    "tiered_energy": of_stepped,
    "tiered_time_of_use": tiered_time_of_use,
    "tiered_by_period": tiered_by_period,
    "volume_energy": of_stepped,
    "package_energy": lambda make: {"unit": "yuan/block", "price": make.price(9), "package_kwh": make.number(1, 90),
                                    "free_kwh": make.number(0, 90), "counted_per": "month"},
    "step_fee": step_fee,
    "dynamic": dynamic,
    "tax": lambda make: {"rate": make.number(0, 1, 4), "mode": make.pick("inside", "on_top"), "on": make.on()},
    "minimum_charge": lambda make: limit(make, negative=make.pick("as_zero", "as_is")),
    "maximum_charge": limit,
    "yearly_minimum": lambda make: yearly(make, leaving=make.pick("charge", "waive")),
    "yearly_maximum": yearly,
    "netting": Maker.pools,
    "kwh_credits": kwh_credits,
    "export_credit": lambda make: {"unit": "yuan/kWh", **priced_by_period(make)},
    "tiered_export": lambda make: {"unit": "yuan/kWh", "limits_kwh": make.limits(2, 900), "prices": make.prices(3)},
    "money_credits": lambda make: {"on": make.on(), "applied": make.pick("same_month", "next_month"),
                                   "unit": "yuan/kWh", **priced_by_period(make), **make.year()},
    "billed_demand": lambda make: {"least_kw": make.number(0, 50), **ratchets(make),
                                   "own": [{"months": [1, 2, 3, 7], "percent": make.percent()}]},
    "account_charge": lambda make: {"unit": make.pick("yuan/day", "yuan/month"), "price": make.price()},
    "meter_charge": lambda make: {"unit": make.pick("yuan/day", "yuan/month"), "price": make.price()},
    "unmetered": unmetered,
    "green_premium": green_premium,
    "concession": concession,
    "capacity": lambda make: power(make, unit="yuan/kVA"),
    "contracted_demand": contracted_demand,
    "measured_demand": measured_demand,
    "power_factor": lambda make: {"standard": make.pick("0.90", "0.85", "0.80"), "on": make.on(),
                                  "submeters": make.pick("series", "parallel")},
    "power_factor_percent": power_factor_percent,
    "power_factor_demand": power_factor_demand,
    "reactive_energy": lambda make: {"unit": "yuan/kvarh", "price": make.price(), "free_percent": make.percent()},
    "reactive_demand": lambda make: power(make, unit="yuan/kvar"),
    "transformer_loss": transformer_loss,
    "agreed_loss": agreed_loss,
    "line_loss": lambda make: {"unit": "yuan/kWh", "price": make.price(), "rate": make.number(0, 0, 4) or "0.035",
                               "method": make.pick("gross", "plain")},
    "ratio_time_of_use": ratio_time_of_use,
}  # fmt: skip
NEEDS_PERIODS = {"time_of_use", "tiered_time_of_use", "tiered_by_period", "ratio_time_of_use"}
assert set(MAKERS) == set(READERS)


def text_of(draw, kinds=None):
    """Return a random document."""
    periods = tuple(PERIODS[: draw.randint(1, 4)]) if draw.randrange(3) else ()
    demand = tuple(("on", "off")[: draw.randint(0, 2)])
    make = Maker(draw, periods, demand, cyclic=draw.random() < 0.6)
    wanted = kinds or [draw.choice(list(MAKERS)) for _ in range(draw.randint(1, 7))]
    parts = []
    in_order = False
    for place, kind in enumerate([one for one in wanted if periods or one not in NEEDS_PERIODS] or ["fixed"]):
        if kind in {"yearly_minimum", "yearly_maximum"} and any(part["kind"].startswith("yearly") for part in parts):
            continue
        part = {"kind": kind, "code": f"c{place}", **MAKERS[kind](make)}
        if part.get("convention") == "time_order":
            part |= {"convention": "proportional"} if in_order else {}
            in_order = True
        in_months, for_some = make.chance(15), make.chance(15)
        if in_months and kind != "account_charge":
            part["months"] = sorted(draw.sample(range(1, 13), 7))
        if for_some and kind != "account_charge":
            part[make.pick("only_for", "not_for")] = [make.pick("big", "green", "poor")]
        parts.append(part)
        make.codes = (*make.codes, part["code"])
    return written(draw, make, parts)


def written(draw, make, parts):
    """Return the TOML text of a document."""
    counts = any(is_cyclic(part) for part in parts)
    lines = [
        "schema = 1", 'code = "made-up"', 'name_zh = "编"', 'name_en = "Made up"', 'legal_source = "none"',
        "valid_from = 2020-01-01", 'currency = "CNY"', "decimals = 2", f'rounding = "{draw.choice(["line", "bill"])}"',
    ]  # fmt: skip
    if counts:
        lines += ["[tier_cycle]", 'every = "year"']
    if make.periods:
        lines += ["[time_of_use]", f"periods = {toml(list(make.periods))}"]
    if make.demand_periods:
        names = list(make.demand_periods)
        hours = {names[0]: ["00:00-08:00", "12:00-24:00"], names[-1]: ["08:00-12:00"]} if len(names) > 1 else {
            names[0]: ["00:00-24:00"]}  # fmt: skip
        season = {"name": "year", "dates": ["01-01..12-31"], "hours": [{"days": ["all"], **hours}]}
        lines += ["[demand]", f"periods = {toml(names)}", f"season = [{toml(season)}]"]
    lines.append("[labels]")
    words = [code for part in parts for code in labels_of(part)]
    lines += [f'{word} = {{ zh = "{word}", en = "{word}" }}' for word in [*words, *make.periods, *make.demand_periods]]
    for part in parts:
        lines += ["[[component]]", *(f"{key} = {toml(value)}" for key, value in part.items())]
    return "\n".join(lines) + "\n"


def is_cyclic(part):
    if part.get("limits_per") == "cycle":
        return True
    return part["kind"] == "tiered_by_period" and any(
        one.get("limits_per") == "cycle" for one in part["steps"].values()
    )


def labels_of(part):
    return [part["code"]]


def segment_of(draw, plan):
    """Return one random segment."""
    exports = Input.EXPORT_WH in plan.needs
    whole = draw.random() < 0.5
    days = draw.randint(1, 62)
    share = MONTH_E9 * draw.randint(1, 2) if whole else draw.randint(1, 2 * MONTH_E9)
    low = -200_000 if draw.random() < 0.15 and not exports else 0
    used = np.array([[draw.randint(low, 3_000_000) for _ in plan.periods]], dtype=np.int64)
    if draw.random() < 0.1:
        used[:] = 0
    inputs = {need: np.array([_input(draw, need, plan, used)], dtype=np.int64) for need in plan.needs}
    return RatingBatch.of(
        used_wh=used,
        before_wh=np.array([draw.choice([0, draw.randint(0, 5_000_000)])]),
        days=np.array([days]),
        month_share_e9=np.array([share]),
        household=np.array([draw.randint(1, 7)]),
        inputs=inputs,
    )


LARGEST = {Input.CAPACITY_VA: 2_000_000, Input.CONTRACT_W: 900_000, Input.REACTIVE_VARH: 2_000_000,
           Input.ENERGIZED_MINUTES: 50_000, Input.METERS: 3, Input.ACCOUNT_DAYS: 28, Input.YEAR_MINOR: 400_000, Input.GREEN_BLOCKS: 9,
           Input.EVEN_DAYS: 62, Input.CYCLE_MONTHS_E9: 2 * 10**9, Input.FINAL: 1, Input.FEATURES: 1, Input.SERIES_E9: 10**14}  # fmt: skip


def _input(draw, need, plan, used):
    if need is Input.MONTH:
        return draw.randint(1, 12)
    if need is Input.MONTH_END:
        return draw.randint(0, 12)
    if need is Input.ORDERED_WH:
        return _ordered(draw, plan, used[0].tolist())
    shape = tuple(plan.length_of(axis) or 0 for axis in AXES.get(need, ()))
    most = LARGEST.get(need, 500_000)
    flat = [draw.randint(0, most) for _ in range(int(np.prod(shape)))]
    if need is Input.PEAK_W:
        flat[0] = max(flat)
    return np.array(flat, dtype=np.int64).reshape(shape)


def _ordered(draw, plan, used):
    """Energy by step and period that sums to that of the periods."""
    steps = max(
        len(component.limits_wh) + 1
        for component in plan.components
        if hasattr(component, "limits_wh") and Input.ORDERED_WH in component.needs
    )
    cells = np.zeros((steps, len(used)), dtype=np.int64)
    for place, energy in enumerate(used):
        rest = energy
        for step in range(steps - 1):
            cells[step, place] = draw.randint(min(0, rest), max(0, rest))
            rest -= cells[step, place]
        cells[-1, place] = rest
    return cells


def case_of(draw, kinds=None):
    """Return a random document that can be read, and a random segment of it; losses change no steps in order."""
    while True:
        text = text_of(draw, kinds)
        read, findings = document.examine(text=text)
        if read is None:
            odd = {"mixed_limits", "limits_not_ascending", "price_not_exact", "demands_differ"}
            if {finding.code for finding in findings} <= odd:
                continue
            raise AssertionError("\n".join([*map(str, findings), text]))
        if Input.ORDERED_WH in read.plan.needs and read.plan.adjusting:
            continue
        return text, read, segment_of(draw, read.plan)
