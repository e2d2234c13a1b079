"""The program that recomputes proofs, which stands alone in tools/, for tests to call."""

from recompute import checking, terms

from billing.domain import proving
from tariffs.domain import telling

__all__ = ["checking", "differences", "proven", "terms"]


def proven(*, text, plan, batch):
    """What a proof says of a segment: its steps, and the lines that a bill prints."""
    told = proving.rated(plan=plan, batch=batch, kinds=telling.kinds_of(text=text))
    counting = [line for step in told["steps"] for line in step["lines"] if line["in_total"]]
    printed = [line for line in counting if line["amount_minor"] or set(line["quantity"]) - set("0.-")]
    return {**told, "lines": printed or _first(plan)}


def _first(plan):
    """A segment of nothing prints the first line that counts."""
    for slot in plan.slots:
        if slot.in_total:
            quantity = "0" if not slot.quantity_places else f"0.{'0' * slot.quantity_places}"
            price = telling.price(slot=slot, decimals=plan.decimals)
            return [{"line": slot.key, "unit": str(slot.unit), "quantity": quantity, "price": price, "amount_minor": 0,
                     "tax_minor": 0, "ledger": str(slot.ledger)}]  # fmt: skip
    return []


def differences(told, text):
    """What the program finds in what is said of a segment."""
    out = checking.Differences()
    checking.check_segment(told, terms.read(text), "segment", out)
    return out
