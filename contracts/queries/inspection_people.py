"""Who answers for a place that was inspected."""

from dataclasses import dataclass
from datetime import date

from contracts.models.agreement import ServiceAgreement
from contracts.models.inspection import SafetyInspection


@dataclass(frozen=True, slots=True)
class Answerable:
    """The holder of the account to which the place is supplied."""

    customer_id: int
    account_id: int


def of_inspection(*, inspection: SafetyInspection, on: date) -> Answerable | None:
    """Return who holds the account on a date, or will as applicant; None: nobody, or nobody is known yet."""
    if (asked := inspection.application) is not None:
        if asked.customer_id is None or asked.account_id is None:
            return None
        return Answerable(asked.customer_id, asked.account_id)
    if inspection.agreement_id is None:
        return None
    found = (
        ServiceAgreement.objects.filter(id=inspection.agreement_id, account__holders__period__contains=on)
        .values_list("account__holders__customer_id", "account_id")
        .first()
    )
    return None if found is None else Answerable(*found)
