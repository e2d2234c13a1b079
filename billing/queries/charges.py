"""One-off charges that bills carry, as pages, paper and API show them."""

from collections.abc import Mapping
from dataclasses import dataclass

from billing.models.charge import BillCharge

LABELS: Mapping[str, Mapping[str, str]] = {
    "price_difference": {"zh": "差额电费", "en": "Difference of prices"},
    "capacity_fee": {"zh": "补交基本电费", "en": "Capacity fee"},
    "penalty": {"zh": "违约使用电费", "en": "Penalty"},
}


@dataclass(frozen=True, slots=True, kw_only=True)
class ChargeOnBill:
    """A charge on a bill; ``is_taken_back``: it takes one back that an earlier bill carried. [minor unit]"""

    id: int
    kind: str
    labels: Mapping[str, str]
    legal_source: str
    amount_minor: int
    tax_minor: int
    is_taken_back: bool


def of_bill(*, bill_id: int) -> tuple[ChargeOnBill, ...]:
    """Return the charges of a bill; one statement."""
    rows = BillCharge.objects.filter(bill_id=bill_id).select_related("charge").order_by("id")
    return tuple(
        ChargeOnBill(
            id=row.charge_id,
            kind=row.charge.kind,
            labels=LABELS[row.charge.kind],
            legal_source=row.charge.legal_source,
            amount_minor=row.amount_minor,
            tax_minor=row.tax_minor,
            is_taken_back=row.cancels_id is not None,
        )
        for row in rows
    )
