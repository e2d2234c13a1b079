"""One-off charges of a bill as its proof writes them: what was claimed, by which rule, what it comes to."""

from datetime import date
from typing import Any

from billing.models.charge import BillCharge
from billing.queries.charges import LABELS
from cis.platform import packs
from contracts.queries import breach_dues
from tariffs.domain.telling import Plain


def of_bill(*, bill_id: int) -> list[Plain]:
    """
    Return the charges of a bill, those that it takes back with the bill that carried them; one statement.

    One more where there are cases, for the steps by which their amounts were worked out.
    """
    rows = BillCharge.objects.filter(bill_id=bill_id).select_related("charge__case", "cancels__bill").order_by("id")
    rows = rows.prefetch_related("charge__case__steps")
    return [_charge(row) for row in rows]


def _charge(row: BillCharge) -> Plain:
    charge = row.charge
    back = row.cancels
    return {
        "case": None if charge.case_id is None else f"b{charge.case_id}",
        "kind": charge.kind,
        "labels": dict(LABELS[charge.kind]),
        "amount_minor": row.amount_minor,
        "tax_minor": row.tax_minor,
        "ledger": row.ledger_class,
        "claimed_minor": charge.amount_minor,
        "agreed_date": charge.agreed_date.isoformat() if charge.agreed_date else None,
        "legal_source": charge.legal_source,
        "takes_back": None if back is None else back.bill.number,
        "steps": _steps(charge.case, charge.id) if charge.case else [],
        "rule": None if charge.case is None else _rule(charge, charge.case.found_date),
    }


def _steps(case: Any, charge_id: int) -> list[Plain]:
    """Return how an amount of a case was worked out, as it was shown to those who decided."""
    mine = [step for step in case.steps.all() if step.charge_id in (None, charge_id)]
    return [{"code": step.code, "text": step.text} for step in sorted(mine, key=lambda step: step.seq)]


def _rule(charge: Any, found_date: date) -> Plain:
    """
    Return the rule by which a charge costs what it does, as it was on the day on which the case was found.

    What was done to the meter stands in a case of theft too, by its own rule.
    """
    keys = (f"breach_{charge.reason}", "breach_tampering")
    key = next((one for one in keys if packs.text_of(one, at=found_date).source == charge.legal_source), keys[0])
    value: Any = packs.rule(key, at=found_date)
    is_taxed = breach_dues.is_taxed(kind=charge.kind, at=found_date)
    return {
        "key": key,
        "found_date": found_date.isoformat(),
        "source": packs.text_of(key, at=found_date).source,
        "says": {name: str(one) for name, one in value.items()},
        "vat_rate": packs.rule("vat_rate", at=found_date) if is_taxed else None,
        "vat_mode": packs.rule("vat_mode", at=found_date) if is_taxed else None,
    }
