"""Rules of what is paid for power, reactive energy, losses, energy given, and of limits, for ``oracle_whole``."""

from dataclasses import dataclass
from fractions import Fraction
from math import floor

from tests.unit.tariffs import oracle_power as power
from tests.unit.tariffs.oracle import Line, nearest
from tests.unit.tariffs.oracle_whole import CENT, NOTHING, Rule

WH = Fraction(1, 1000)


def told(key, quantity):
    return Line(key, quantity, NOTHING, counts=False)


# ---- power ----


def capacity(code, *, price, proration):
    return Rule(code, lambda f, _: [Line(code, f.kva, f.kva * price * f.paid(proration))])


@dataclass
class Discount:
    threshold: Fraction
    factor: Fraction
    submeters: bool

    def kwh(self, facts):
        return facts.kwh + (sum(facts.submeters, NOTHING) if self.submeters else 0)

    def of(self, facts):
        return power.price_factor(self.kwh(facts), facts.kva, facts.months, self.threshold, self.factor)

    def lines(self, code, facts):
        use = Fraction(floor(max(self.kwh(facts), 0) * 100 / facts.kva), 100) if facts.kva else NOTHING
        return [told(f"{code}/kwh-per-kva", use), told(f"{code}/discount", self.of(facts))]


def measured_demand(code, *, period, place, limits, prices, ratchets, least, grain, incremental, proration, discount):
    def lines(facts, _):
        past = [row[place] for row in facts.past]
        until = power.half_up(power.largest(facts.peaks[place], least, past, facts.month, ratchets), grain)
        since = power.half_up(facts.billed_peaks[place], grain) if incremental else NOTHING
        paid = facts.paid(proration) * (discount.of(facts) if discount else 1)
        found = []
        for step, (kw, price) in enumerate(zip(power.inside(until, since, limits), prices, strict=True), 1):
            key = "/".join(part for part in (code, str(step) if limits else "", period) if part)
            found.append(Line(key, kw, kw * price * paid))
        found.append(told(f"{code}/measured", facts.peaks[place]))
        if ratchets:
            found.append(told(f"{code}/ratchet", power.largest(NOTHING, NOTHING, past, facts.month, ratchets)))
        return found + (discount.lines(code, facts) if discount else [])

    return Rule(code, lines)


def contracted_demand(code, *, price, excess, tolerance, floor_part, proration, discount):
    def lines(facts, _):
        rule = {"excess": excess, "tolerance": tolerance, "floor_part": floor_part}
        kw = power.contracted(facts.contract, facts.peaks[0], facts.kva, **rule)
        contract = max(facts.contract, power.half_up(facts.kva * floor_part, WH))
        paid = facts.paid(proration) * (discount.of(facts) if discount else 1)
        found = [Line(code, kw, kw * price * paid), told(f"{code}/measured", facts.peaks[0])]
        return [*found, told(f"{code}/contract", contract), *(discount.lines(code, facts) if discount else [])]

    return Rule(code, lines)


def billed_demand(code, *, own, ratchets, least):
    def billed(facts):
        part = next((part for months, part in own if facts.month in months), None)
        peak = facts.peaks[0] if part is None else power.half_up(facts.peaks[0] * part, WH)
        return power.largest(peak, least, [row[0] for row in facts.past], facts.month, ratchets)

    def adjust(facts):
        facts.peaks[0] = billed(facts)

    return Rule(code, lambda f, _: [told(code, billed(f))], adjust)


# ---- reactive energy ----


def reactive_energy(code, *, price, free):
    def lines(facts, _):
        kvarh = max(facts.kvarh - power.half_up(max(facts.kwh, 0) * free, WH), 0)
        return [Line(code, kvarh, kvarh * price)]

    return Rule(code, lines)


def reactive_demand(code, *, price, proration):
    return Rule(code, lambda f, _: [Line(code, f.kvar, f.kvar * price * f.paid(proration))])


def factor_of(facts, series):
    return power.power_factor(facts.kwh + (sum(facts.submeters, NOTHING) if series else 0), facts.kvarh)


def power_factor(code, *, percent_of, series, on):
    """percent_of  what a power factor adds [%]"""

    def lines(facts, base):
        factor = factor_of(facts, series)
        percent = NOTHING if factor is None else percent_of(factor)
        told_lines = [told(f"{code}/percent", percent), told(f"{code}/base", base)]
        return [Line(code, factor or NOTHING, base * percent / 100), *told_lines]

    return Rule(code, lines, on=on)


def power_factor_demand(code, *, price, target, period, place, grain, proration, series):
    def lines(facts, _):
        factor, measured = factor_of(facts, series), facts.peaks[place]
        added = NOTHING
        if factor is not None and factor < target:
            added = max(power.half_up(measured * target / max(factor, CENT), grain) - measured, 0)
        key = "/".join(part for part in (code, period) if part)
        told_lines = [told(f"{code}/factor", factor or NOTHING), told(f"{code}/measured", measured)]
        return [Line(key, added, added * price * facts.paid(proration)), *told_lines]

    return Rule(code, lines)


# ---- losses ----


def shared(total, weights):
    """A total by weights, the sum up to each share rounded to the Wh."""
    until = [nearest(total * sum(weights[: place + 1], NOTHING) / sum(weights), WH) for place in range(len(weights))]
    return [one - other for one, other in zip(until, [NOTHING, *until], strict=False)]


def lost(code, *, kwh_of, kvarh_of, mix, period):
    def adjust(facts):
        weights = [abs(used) for used in facts.used] if mix else [NOTHING] * len(facts.used)
        if not any(weights):
            weights[period] = Fraction(1)
        added = shared(kwh_of(facts), weights)
        kvarh = kvarh_of(facts)
        facts.used = [one + more for one, more in zip(facts.used, added, strict=True)]
        facts.kvarh += kvarh

    return Rule(code, lambda f, _: [told(code, kwh_of(f)), told(f"{code}/reactive", kvarh_of(f))], adjust)


def transformer_loss(code, *, active, reactive, grain, mix, period):
    """active, reactive  (iron kW, part of the kWh, load kW, K)"""

    def of(rates):
        iron, copper, load, k = rates
        return lambda f: nearest((iron + load * k) * Fraction(f.minutes, 60) + copper * f.kwh, grain)

    return lost(code, kwh_of=of(active), kvarh_of=of(reactive), mix=mix, period=period)


def agreed_loss(code, *, kwh, kvarh, proration, grain, mix, period):
    def of(quantity):
        return lambda f: nearest(quantity * f.paid(proration), grain)

    return lost(code, kwh_of=of(kwh), kvarh_of=of(kvarh), mix=mix, period=period)


def line_loss(code, *, price, rate, gross):
    share = rate / (1 - rate) if gross else rate
    return Rule(code, lambda f, _: [Line(code, f.kwh, f.kwh * price * share)])


def ratio_time_of_use(code, *, floating, fixed, ratios, grain, periods):
    def lines(facts, _):
        prices = [power.half_up(floating * ratio + fixed, grain) for ratio in ratios]
        rows = zip(periods, facts.used, prices, strict=True)
        return [Line(f"{code}/{period}", used, used * price) for period, used, price in rows]

    return Rule(code, lines)


# ---- energy given ----


def offset(facts, pools, purses):
    """Return (offset, still given, credits left): own period first, then the others of the pool, then credits."""
    room = [max(used, NOTHING) for used in facts.used]
    taken = [min(one, given) for one, given in zip(room, facts.export, strict=True)]
    left = [given - one for given, one in zip(facts.export, taken, strict=True)]
    purses = list(purses)
    for number, pool in enumerate(pools):
        for period in pool:
            for source in pool:
                more = min(room[period] - taken[period], left[source])
                taken[period] += more
                left[source] -= more
            more = min(room[period] - taken[period], purses[number])
            taken[period] += more
            purses[number] -= more
    return taken, left, purses


@dataclass
class Year:
    first_month: int | None
    pays_at_end: bool
    pays_leaving: bool

    def settle(self, facts, amount):
        """Return what is paid out, and what is handed on."""
        ends = self.first_month is not None and facts.month_end == (self.first_month - 1 or 12)
        if ends:
            return (amount if self.pays_at_end else NOTHING), NOTHING
        if facts.final:
            return (amount if self.pays_leaving else NOTHING), NOTHING
        return NOTHING, amount


def netting(code, *, pools):
    def adjust(facts):
        taken, left, _ = offset(facts, pools, [NOTHING] * len(pools))
        facts.used = [used - one for used, one in zip(facts.used, taken, strict=True)]
        facts.export = left

    def lines(facts, _):
        return [told(code, sum(offset(facts, pools, [NOTHING] * len(pools))[0], NOTHING))]

    return Rule(code, lines, adjust)


def kwh_credits(code, *, pools, names, year, pays_net, price, moves):
    keys = [f"{code}-credit" + (f"/{name}" if len(pools) > 1 else "") for name in names]

    def purses(facts):
        found = [facts.carried[key] for key in keys]
        for month, source, target in moves:
            if facts.month == month:
                moved = facts.carried[keys[source]]
                found[source] -= moved
                found[target] += moved
        return found

    def adjust(facts):
        taken, _, _ = offset(facts, pools, purses(facts))
        facts.used = [used - one for used, one in zip(facts.used, taken, strict=True)]
        facts.export = [NOTHING] * len(facts.export)

    def lines(facts, _):
        taken, left, purse = offset(facts, pools, purses(facts))
        purse = [one + sum((left[p] for p in pool), NOTHING) for one, pool in zip(purse, pools, strict=True)]
        net = max(facts.carried[f"{code}-net"] + sum(facts.export, NOTHING) - facts.kwh, NOTHING)
        settled, (net_paid, net_kept) = [year.settle(facts, one) for one in purse], year.settle(facts, net)
        paid = net_paid if pays_net else sum((one for one, _ in settled), NOTHING)
        told_lines = [told(f"{code}-offset", sum(taken, NOTHING)), told(f"{code}-net", net_kept)]
        told_lines += [told(key, kept) for key, (_, kept) in zip(keys, settled, strict=True)]
        return [Line(code, paid, -paid * price), *told_lines]

    return Rule(code, lines, adjust)


def export_credit(code, *, prices, names):
    def lines(facts, _):
        keys = [code] if len(names) == 1 else [f"{code}/{name}" for name in names]
        rows = zip(keys, facts.export, prices, strict=True)
        return [Line(key, given, -given * price) for key, given, price in rows]

    return Rule(code, lines)


def tiered_export(code, *, limits, prices):
    def lines(facts, _):
        parts = power.inside(sum(facts.export, NOTHING), NOTHING, limits)
        rows = enumerate(zip(parts, prices, strict=True), 1)
        return [Line(f"{code}/{step}", given, -given * price) for step, (given, price) in rows]

    return Rule(code, lines)


def money_credits(code, *, on, same_month, year, prices, names):
    def lines(facts, base):
        earned = [nearest(given * price, CENT) for given, price in zip(facts.export, prices, strict=True)]
        purse = facts.carried[f"{code}-balance"] + (sum(earned, NOTHING) if same_month else 0)
        pays = min(max(base, NOTHING), purse)
        paid, kept = year.settle(facts, purse - pays + (0 if same_month else sum(earned, NOTHING)))
        keys = [f"{code}-earned" + (f"/{name}" if len(names) > 1 else "") for name in names]
        found = [Line(code, pays, -pays), Line(f"{code}-paid", paid, -paid), told(f"{code}-balance", kept)]
        rows = zip(keys, facts.export, prices, strict=True)
        return found + [Line(key, given, given * price, counts=False) for key, given, price in rows]

    return Rule(code, lines, on=on)


# ---- limits, premiums, concessions, other standing charges ----


def counted(base, as_zero):
    return max(base, NOTHING) if as_zero else base


def minimum(code, *, on, per, price, as_zero):
    def lines(facts, base):
        return [Line(code, facts.time(per), max(price * facts.time(per) - counted(base, as_zero), NOTHING))]

    return Rule(code, lines, on=on)


def maximum(code, *, on, per, price):
    return Rule(code, lambda f, base: [Line(code, f.time(per), min(price * f.time(per) - base, NOTHING))], on=on)


def yearly_minimum(code, *, on, limit, first_month, as_zero, charges_leaving):
    def lines(facts, base):
        year = facts.year + counted(base, as_zero)
        ends = facts.month_end == (first_month - 1 or 12) or (charges_leaving and facts.final)
        return [Line(code, year, max(limit - year, NOTHING) if ends else NOTHING)]

    return Rule(code, lines, on=on)


def yearly_maximum(code, *, on, limit, as_zero):
    def lines(facts, base):
        year = facts.year + counted(base, as_zero)
        return [Line(code, year, max(facts.year - limit, NOTHING) - max(year - limit, NOTHING))]

    return Rule(code, lines, on=on)


def meter_charge(code, *, per, price):
    return Rule(code, lambda f, _: [Line(code, f.time(per) * f.meters, f.time(per) * f.meters * price)])


def account_charge(code, *, per, price):
    def lines(facts, _):
        if per == "day":
            return [Line(code, facts.account_days, facts.account_days * price)]
        months = power.half_up(facts.months * facts.account_days / max(facts.days, 1), Fraction(1, 10**9))
        return [Line(code, months, months * price)]

    return Rule(code, lines)


def unmetered(code, *, hours, weights):
    def kwh(facts):
        return power.half_up(facts.contract * hours[facts.month - 1] * facts.months, WH)

    def adjust(facts):
        facts.used = [used + more for used, more in zip(facts.used, shared(kwh(facts), weights), strict=True)]

    return Rule(code, lambda f, _: [told(code, kwh(f))], adjust)


def green_premium(code, *, price, part, block, charges_beyond):
    """part  of the use, None = by blocks of so many kWh a month"""

    def lines(facts, _):
        used = max(facts.kwh, NOTHING)
        green = power.half_up(used * part if part is not None else facts.blocks * block * facts.months, WH)
        if part is None and not charges_beyond:
            green = min(green, used)
        return [Line(code, green, green * price)]

    return Rule(code, lines)


def concession(code, *, on, of, rate, cap, yearly, first_month):
    """of  "percent", "day", "month" or "kWh"; cap  None = none, of a month or a year"""

    def lines(facts, base):
        bound = max(base, NOTHING)
        count = {"percent": bound, "kWh": max(facts.kwh, NOTHING)}.get(of)
        count = facts.time(of) if count is None else count
        granted = min(nearest(count * rate, CENT), bound)
        if cap is None:
            return [Line(code, count, -granted)]
        if not yearly:
            return [Line(code, count, -min(granted, nearest(cap * facts.months, CENT)))]
        before = facts.carried[f"{code}-granted"]
        granted = min(granted, max(cap - before, NOTHING))
        ends = facts.month_end == (first_month - 1 or 12)
        return [Line(code, count, -granted), told(f"{code}-granted", NOTHING if ends else before + granted)]

    return Rule(code, lines, on=on)
