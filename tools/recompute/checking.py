"""Where what a proof says differs from what follows from it."""

from fractions import Fraction
from typing import Any

from recompute.numbers import cut, number, rounded, written
from recompute.pricing import PLACES, Priced, Result, Step, price
from recompute.segment import Line, Segment
from recompute.terms import Tariff


class Differences(list[str]):
    """What differs, in sentences."""

    def same(self, where: str, said: Any, found: Any) -> None:
        """Note a value that is another than it should be."""
        if type(said) is not type(found) or said != found:
            self.append(f"{where}: the proof says {said!r}, it is {found!r}")

    def rows(self, where: str, said: dict[str, Any], found: dict[str, Any]) -> None:
        """Note each key at which two tables differ."""
        for key in [*said, *(key for key in found if key not in said)]:
            if key not in found:
                self.append(f"{where} {key}: the proof says {said[key]!r}, it is not there")
            elif key not in said:
                self.append(f"{where} {key}: it is {found[key]!r}, the proof does not have it")
            else:
                self.same(f"{where} {key}", said[key], found[key])


def check_segment(told: dict[str, Any], tariff: Tariff, where: str, out: Differences) -> Result:
    """Compare the steps of a segment with what its tariff makes of what it was given; return the result."""
    found = price(tariff, Segment(told))
    priced = told.get("priced") or {}
    out.rows(f"{where} priced", priced, priced_of(found, told, tariff))
    steps = {step["component"]: step for step in told["steps"]}
    out.rows(
        f"{where} step", {code: step["kind"] for code, step in steps.items()}, {s.code: s.kind for s in found.steps}
    )
    for step in found.steps:
        if step.code in steps:
            check_step(steps[step.code], step, tariff, f"{where} {step.code}", out)
    check_printed(told["lines"], found, tariff, where, out)
    out.same(f"{where} amount_minor", told["amount_minor"], found.total)
    out.same(f"{where} tax_minor", told["tax_minor"], sum(one.tax for one in found.lines))
    return found


def priced_of(found: Result, told: dict[str, Any], tariff: Tariff) -> dict[str, Any]:
    """Return what was priced, where components changed what was given."""
    if not any(keys.need("kind") in ADDING for keys in tariff.components):
        return {}
    given = found.segment.given
    changed = {name: given[name] for name in ("reactive_varh", "peak_w", "export_wh") if name in told["given"]}
    return {"energy_wh": found.segment.used, **changed}


ADDING = {"transformer_loss", "agreed_loss", "unmetered", "netting", "kwh_credits", "billed_demand"}


def check_step(said: dict[str, Any], step: Step, tariff: Tariff, where: str, out: Differences) -> None:
    """Compare what one component charged."""
    out.same(f"{where} is_charged", said["is_charged"], step.charged)
    out.same(f"{where} base_minor", said["base_minor"], step.base)
    out.same(f"{where} on", said["on"], step.on)
    out.rows(f"{where} limits_wh", said.get("limits_wh") or {}, step.limits)
    lines = {line["line"]: line for line in said["lines"]}
    found = {
        one.line.key: plain(one, tariff) for one in step.lines if one.line.quantity or one.line.exact or one.amount
    }
    out.rows(f"{where} line", dict.fromkeys(lines, True), dict.fromkeys(found, True))
    for key in set(lines) & set(found):
        out.rows(f"{where} {key}", {name: lines[key].get(name) for name in lines[key]}, found[key])


def plain(one: Priced, tariff: Tariff) -> dict[str, Any]:
    """Return a line as a proof writes it."""
    line = one.line
    return {
        "line": line.key,
        "unit": line.unit,
        "quantity": quantity(line, tariff),
        "price": price_text(line, tariff),
        "exact_minor": written(cut(line.exact), 9),
        "amount_minor": one.amount,
        "tax_minor": one.tax,
        "in_total": line.counts,
        "ledger": one.ledger,
    }


def quantity(line: Line, tariff: Tariff) -> str:
    places = PLACES.get(line.unit, tariff.decimals)
    return written(Fraction(line.quantity, 10**places), places)


def price_text(line: Line, tariff: Tariff) -> str | None:
    """Return a price in major units, with as many decimals as it needs and those of the currency at least."""
    if line.price is None:
        return None
    is_money = line.unit == "money"
    text = written(line.price, 4) if is_money else written(line.price / 10**tariff.decimals, 6 + tariff.decimals)
    whole, _, decimals = text.partition(".")
    decimals = decimals.rstrip("0").ljust(0 if is_money else tariff.decimals, "0")
    return f"{whole}.{decimals}" if decimals else whole


def mean_price(one: Priced, tariff: Tariff) -> str:
    """Return what a kWh cost on the whole, in major units, to two decimals of the minor unit; "" of no energy."""
    if not one.line.quantity:
        return ""
    mean = Fraction(one.amount * 10 ** PLACES[one.line.unit], one.line.quantity)
    return written(Fraction(rounded(mean * 100), 100 * 10**tariff.decimals), tariff.decimals + 2)


def margin_of(code: str, tariff: Tariff) -> Fraction:
    """Return what is on top of each hour's price, in major units."""
    keys = next(one for one in tariff.components if one.need("code") == code)
    return tariff.price(keys, "margin") / 10**tariff.decimals


def check_printed(printed: list[dict[str, Any]], found: Result, tariff: Tariff, where: str, out: Differences) -> None:
    """Compare the printed lines with those that count; a segment of nothing prints the first of these."""
    counting = [one for one in found.lines if one.line.counts]
    wanted = [one for one in counting if one.line.quantity or one.amount] or counting[:1]
    said = {line["line"]: line for line in printed}
    out.same(f"{where} lines", [line["line"] for line in printed], [one.line.key for one in wanted])
    for one in wanted:
        if one.line.key in said:
            line, computed = said[one.line.key], plain(one, tariff)
            for name in ("quantity", "unit", "price", "amount_minor", "tax_minor", "ledger"):
                out.same(f"{where} printed {one.line.key} {name}", line[name], computed[name])
            if "mean_price" in line:
                mean = mean_price(one, tariff)
                out.same(f"{where} printed {one.line.key} mean_price", line["mean_price"], mean)
                margin = margin_of(one.line.code, tariff)
                out.same(f"{where} printed {one.line.key} margin", number(line["margin"]), margin)
