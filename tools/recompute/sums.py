"""What lies beside the segments of a bill: what is taken back, one-off charges, sums, and what was posted."""

from collections import Counter
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from recompute import claims
from recompute.numbers import number, rounded
from recompute.other_charges import tax_on

if TYPE_CHECKING:
    from recompute.bill import Proof

Told = dict[str, Any]
MONEY = ("amount_minor", "tax_minor")


def check_taken_back(proof: "Proof", one: Told, where: str) -> None:
    """Compare a segment that takes another back with what it takes back: it is the same, below 0."""
    back, same = one["takes_back"], proof.out.same
    same(f"{where} is_estimated", one["is_estimated"], back["is_estimated"])
    for name in ("used_wh", *MONEY):
        same(f"{where} {name}", one[name], -back[name])
    same(f"{where} lines", [line["line"] for line in one["lines"]], [line["line"] for line in back["lines"]])
    for mine, theirs in zip(one["lines"], back["lines"], strict=False):
        key = f"{where} {mine['line']}"
        same(f"{key} quantity", Fraction(mine["quantity"]), -Fraction(theirs["quantity"]))
        for name in ("unit", "price", "ledger", "mean_price", "margin"):
            same(f"{key} {name}", mine.get(name), theirs.get(name))
        for name in MONEY:
            same(f"{key} {name}", mine[name], -theirs[name])
    for name in MONEY:
        same(f"{where} sum of {name}", back[name], sum(line[name] for line in back["lines"]))


def check_charge(proof: "Proof", one: Told, where: str) -> None:
    """Compare a one-off charge with what was claimed, and with the rules that it rests on."""
    same, sign = proof.out.same, 1 if one["takes_back"] is None else -1
    same(f"{where} claimed_minor", one["claimed_minor"], sign * one["amount_minor"])
    rule = one["rule"]
    if rule is None:
        return
    claimed, tax = one["claimed_minor"], 0
    if rule["vat_rate"] is not None:
        rate, on_top = number(rule["vat_rate"]), rule["vat_mode"] == "on_top"
        # With tax on top the amount before it is what the claim comes to without its tax.
        base = claimed - sign * one["tax_minor"] if on_top else claimed
        tax = rounded(tax_on(base, rate, on_top=on_top))
    same(f"{where} tax_minor", one["tax_minor"], sign * tax)
    steps = {step["code"]: step["text"] for step in one["steps"] if step["code"] in claims.RESULTS}
    if not steps:
        proof.taken.add(f"the facts of case {one['case']}")
    claims.check(proof, one, where, claimed - abs(one["tax_minor"]) if rule["vat_mode"] == "on_top" else claimed)


def check_sums(proof: "Proof") -> None:
    """Compare the bill with the sums of its segments and charges, and segments with their lines."""
    bill, parts, charges = proof.told["bill"], proof.told["segments"], proof.told["charges"]
    proof.out.same("bill energy_wh", bill["energy_wh"], sum(one["used_wh"] for one in parts))
    for name in MONEY:
        proof.out.same(f"bill {name}", bill[name], sum(one[name] for one in (*parts, *charges)))
    for place, one in enumerate(parts, start=1):
        for name in MONEY:
            total = sum(line[name] for line in one["lines"])
            proof.out.same(f"segment {place} sum of {name}", one[name], total)


def check_postings(proof: "Proof") -> None:
    """Compare what was posted with lines and charges: revenue by ledger class without tax, and tax by itself."""
    told = proof.told
    if told["bill"]["number"] is None:
        proof.out.same("postings of a draft", len(told["postings"]), 0)
        return
    wanted: Counter[str] = Counter()
    for line in (*(line for one in told["segments"] for line in one["lines"]), *told["charges"]):
        wanted[line["ledger"]] += line["amount_minor"] - line["tax_minor"]
        wanted["vat"] += line["tax_minor"]
    found: Counter[str] = Counter()
    for one in told["postings"]:
        account = "liability.vat" if one["part"] == "vat" else f"revenue.{one['part']}"
        sides = {one["debit"]: 1, one["credit"]: -1}
        proof.out.same(f"posting {one['part']} accounts", sorted(sides), sorted(("customer", account)))
        proof.out.same(f"posting {one['part']} reverses", one["reverses"], told["bill"]["kind"] == "credit")
        found[one["part"]] += one["amount_minor"] * sides.get("customer", 0)
    proof.out.rows("posting", dict(found), {part: amount for part, amount in wanted.items() if amount})
