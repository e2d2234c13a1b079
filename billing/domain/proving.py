"""What a bill proof says of one segment: what it was given, and what each component of its tariff made of it."""

from collections.abc import Sequence

from billing.domain.segments import contained_tax
from tariffs.domain import telling
from tariffs.domain.batch import RatingBatch
from tariffs.domain.plan import Plan
from tariffs.domain.telling import Plain
from tariffs.domain.tracing import trace


def rated(*, plan: Plan, batch: RatingBatch, kinds: Sequence[str]) -> Plain:
    """
    Return how one segment was rated, as plain data (docs/guide/bill-proof.md).

    batch  of one segment
    kinds  of the plan's components, ``telling.kinds_of`` its document

    :raises Refused: it cannot be rated; see ``rating.rate``.
    """
    found = trace(plan=plan, batch=batch)
    tax = contained_tax(plan=plan, rated=found.rated)[0]
    return {
        **telling.given(plan=plan, batch=batch),
        "priced": telling.priced(plan=plan, trace=found),
        "steps": telling.steps(plan=plan, trace=found, kinds=kinds, tax_minor=tax),
        "amount_minor": int(found.rated.total_minor[0]),
        "tax_minor": int(tax.sum()),
    }
