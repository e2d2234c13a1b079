"""How the amount of a one-off charge came about: each step is worked out again, and the last ones are the amount."""

import re
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from recompute.numbers import CannotTell, rounded

if TYPE_CHECKING:
    from recompute.bill import Proof

Told = dict[str, Any]
NUMBER = re.compile(r"(−?)([0-9]{1,3}(?:,[0-9]{3})*)(?:\.([0-9]+))?(?: [A-Za-z]+)?", re.ASCII)
RESULTS = ("rounded", "penalty")
"""Steps whose result is an amount of the case before tax."""


def check(proof: "Proof", one: Told, where: str, amount: int) -> None:
    """Compare each step of a charge with what its terms come to, and the last one with the amount, without its tax."""
    results = {}
    for number, step in enumerate(one["steps"], start=1):
        left, sign, right = parts(step["text"])
        result, places = value(right)
        results[step["code"]] = result
        exact = worked_out(left)
        found = exact if sign == "=" else Fraction(rounded(exact * 10**places), 10**places)
        proof.out.same(f"{where} step {number} ({step['text']})", result, found)
    unit = 10**proof.decimals
    if last := [results[code] for code in RESULTS if code in results]:
        proof.out.same(f"{where} amount by its steps", Fraction(amount, unit), last[-1])
    if "tax" in results:
        proof.out.same(f"{where} tax by its steps", Fraction(abs(one["tax_minor"]), unit), results["tax"])
    says, kind = (one["rule"] or {}).get("says", {}), one["kind"]
    if kind == "penalty" and "times" in says and "penalty" in results:
        text = next(step["text"] for step in one["steps"] if step["code"] == "penalty")
        factors = [value(term)[0] for term in re.split(" [×÷] ", parts(text)[0])]
        proof.out.same(f"{where} is as often as the rule says", True, Fraction(says["times"]) in factors)


def parts(text: str) -> tuple[str, str, str]:
    """Return what stands before and after the sign of equality; a number alone stands on both sides."""
    for sign in ("=", "≈"):
        left, found, right = text.partition(f" {sign} ")
        if found:
            return left, sign, right
    return text, "=", text


def value(text: str) -> tuple[Fraction, int]:
    """Return a number as people read it, and its decimals."""
    found = NUMBER.fullmatch(text)
    if found is None:
        raise CannotTell(f"{text!r} is no number of a step")
    decimals = found[3] or ""
    size = Fraction(int(found[2].replace(",", "") + decimals), 10 ** len(decimals))
    return (-size if found[1] else size), len(decimals)


def worked_out(text: str) -> Fraction:
    """Return what terms come to, from left to right."""
    terms = re.split(" ([×÷+−]) ", text)
    total = value(terms[0])[0]
    for sign, term in zip(terms[1::2], terms[2::2], strict=True):
        other = value(term)[0]
        total = {"×": total * other, "÷": total / (other or 1), "+": total + other, "−": total - other}[sign]
    return total
