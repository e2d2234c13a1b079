"""What energy given to the grid is worth: netting, credits in kWh and in money, payment."""

from fractions import Fraction
from itertools import pairwise

from recompute.demand_charges import billed_w
from recompute.numbers import laid, rounded
from recompute.segment import Line, Segment, named, told
from recompute.terms import Keys, Tariff

ENDINGS = ("pay", "forfeit")
HUNDRED = Fraction(100)


def pools_of(keys: Keys, tariff: Tariff) -> list[list[str]]:
    """Return the periods of each pool, those of a pool in the order of the tariff."""
    found = keys.get("pools")
    if not tariff.periods:
        return [list(tariff.names)]
    return [sorted(pool, key=tariff.periods.index) for pool in found]


def netted(
    segment: Segment, pools: list[list[str]], before: list[int]
) -> tuple[dict[str, int], dict[str, int], list[int]]:
    """
    Return by period what is offset and what given energy is left, and by pool the credits that are left.

    Energy given offsets first the use of its own period, then that of the others of its pool, then credits do.
    """
    given = segment["export_wh"]
    room = {name: max(wh, 0) for name, wh in segment.used.items()}
    offset = {name: min(room[name], given[name]) for name in room}
    left = {name: given[name] - offset[name] for name in room}
    kept = []
    for pool, credit in zip(pools, before, strict=True):
        surplus = sum(left[name] for name in pool)
        taken = laid([room[name] - offset[name] for name in pool], surplus + credit)
        for name, wh in zip(pool, taken, strict=True):
            offset[name] += wh
        from_given = min(sum(taken), surplus)
        for name, wh in zip(pool, laid([left[name] for name in pool], from_given), strict=True):
            left[name] -= wh
        kept.append(credit - (sum(taken) - from_given))
    return offset, left, kept


def net_energy(keys: Keys, tariff: Tariff, segment: Segment) -> Segment:
    """Return the segment without what was offset; what is left of the energy given stays given."""
    pools = pools_of(keys, tariff)
    offset, left, _ = netted(segment, pools, [0] * len(pools))
    return segment.changed(used=less(segment.used, offset), export_wh=left)


def less(used: dict[str, int], offset: dict[str, int]) -> dict[str, int]:
    return {name: wh - offset[name] for name, wh in used.items()}


def netting(keys: Keys, tariff: Tariff, segment: Segment, _base: int) -> list[Line]:
    pools = pools_of(keys, tariff)
    offset, _, _ = netted(segment, pools, [0] * len(pools))
    return [told(keys.need("code"), "kWh", sum(offset.values()))]


def credit_names(keys: Keys, tariff: Tariff) -> tuple[list[list[str]], list[str]]:
    pools = pools_of(keys, tariff)
    code = f"{keys.need('code')}-credit"
    return pools, [named(code, 0, pool[0] if len(pools) > 1 else "") for pool in pools]


def credits_before(keys: Keys, tariff: Tariff, segment: Segment) -> tuple[list[list[str]], list[str], list[int]]:
    """Return what each pool has from before, after credits moved from the pool of one period to that of another."""
    pools, names = credit_names(keys, tariff)
    before = [segment.carried(name) for name in names]
    found = list(before)
    for part in keys.tables("moves"):
        part.only("month from to")
        source, target = (at_pool(pools, part.need(key)) for key in ("from", "to"))
        if segment["month"] == part.need("month"):
            found[source] -= before[source]
            found[target] += before[source]
    return pools, names, found


def at_pool(pools: list[list[str]], period: str) -> int:
    return next(place for place, pool in enumerate(pools) if period in pool)


def net_with_credits(keys: Keys, tariff: Tariff, segment: Segment) -> Segment:
    pools, _, before = credits_before(keys, tariff, segment)
    offset, _, _ = netted(segment, pools, before)
    nothing = dict.fromkeys(segment["export_wh"], 0)
    return segment.changed(used=less(segment.used, offset), export_wh=nothing)


def settled(keys: Keys, segment: Segment, left: int) -> tuple[int, int]:
    """Return what is paid out of what is left, and what is handed on."""
    final, yearly = bool(segment["final"]), keys.has("year_starts")
    ends = yearly and segment["month_end"] == (keys.get("year_starts") - 1 or 12)
    at_end = keys.word("at_end", ENDINGS, "pay") == "pay"
    leaving = keys.word("leaving", ENDINGS) == "pay"
    pays = (ends and at_end) or (final and not ends and leaving)
    return left if pays else 0, 0 if ends or final else left


def kwh_credits(keys: Keys, tariff: Tariff, segment: Segment, _base: int) -> list[Line]:
    code = keys.need("code")
    pools, names, before = credits_before(keys, tariff, segment)
    offset, left, kept = netted(segment, pools, before)
    kept = [credit + sum(left[name] for name in pool) for credit, pool in zip(kept, pools, strict=True)]
    net = max(segment.carried(f"{code}-net") + sum(segment["export_wh"].values()) - segment.total, 0)
    paid_net, net = settled(keys, segment, net)
    pairs = [settled(keys, segment, credit) for credit in kept]
    by_net = keys.word("paid", ("credits", "net")) == "net"
    paid = paid_net if by_net else sum(one for one, _ in pairs)
    price = -tariff.price(keys)
    return [
        Line(code, "kWh", paid, price, price * paid / 1000),
        told(f"{code}-offset", "kWh", sum(offset.values())),
        told(f"{code}-net", "kWh", net, carries=True),
        *(told(name, "kWh", rest, carries=True) for name, (_, rest) in zip(names, pairs, strict=True)),
    ]


def export_credit(keys: Keys, tariff: Tariff, segment: Segment, _base: int) -> list[Line]:
    prices, found = tariff.by_period(keys), []
    for name, wh in segment["export_wh"].items():
        price, shown = -prices[name], name if len(tariff.names) > 1 else ""
        found.append(Line(named(keys.need("code"), 0, shown), "kWh", wh, price, price * wh / 1000))
    return found


def tiered_export(keys: Keys, tariff: Tariff, segment: Segment, _base: int) -> list[Line]:
    given, tops = sum(segment["export_wh"].values()), keys.wholes("limits_kwh", 1000)
    under = [0, *(min(given, top) for top in tops), given]
    pairs = zip(pairwise(under), tariff.prices(keys), strict=True)
    return [
        Line(named(keys.need("code"), step), "kWh", high - low, -price, -price * (high - low) / 1000)
        for step, ((low, high), price) in enumerate(pairs, 1)
    ]


def money_credits(keys: Keys, tariff: Tariff, segment: Segment, base: int) -> list[Line]:
    code, prices = keys.need("code"), tariff.by_period(keys)
    earned = {name: prices[name] * wh / 1000 for name, wh in segment["export_wh"].items()}
    new = sum(rounded(exact) for exact in earned.values())
    now = new if keys.word("applied", ("same_month", "next_month")) == "same_month" else 0
    usable = segment.carried(f"{code}-balance") + now
    applied = min(max(base, 0), usable)
    paid, kept = settled(keys, segment, usable - applied + new - now)
    lines = [
        Line(code, "money", applied, HUNDRED, Fraction(-applied)),
        Line(f"{code}-paid", "money", paid, HUNDRED, Fraction(-paid)),
        Line(f"{code}-balance", "money", kept, HUNDRED, Fraction(0), counts=False, carries=True),
    ]
    for name, exact in earned.items():
        key = named(f"{code}-earned", 0, name if len(tariff.names) > 1 else "")
        lines.append(Line(key, "kWh", segment["export_wh"][name], prices[name], exact, counts=False))
    return lines


def bill_demand(keys: Keys, _tariff: Tariff, segment: Segment) -> Segment:
    """Return the segment with the billed demand in place of the largest peak."""
    return segment.changed(peak_w={**segment["peak_w"], "any": billed_w(keys, segment)})


PRICED = "unit price prices"
ENDS = "year_starts at_end leaving"
KINDS = {
    "netting": (netting, "pools"),
    "kwh_credits": (kwh_credits, f"pools moves unit price paid {ENDS}"),
    "export_credit": (export_credit, PRICED),
    "tiered_export": (tiered_export, "unit limits_kwh prices"),
    "money_credits": (money_credits, f"on applied {PRICED} {ENDS}"),
}
ADDS = {"netting": net_energy, "kwh_credits": net_with_credits, "billed_demand": bill_demand}
