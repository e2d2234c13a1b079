"""Which holds are those of a case: what settles the case is not kept back by them."""

from complaints.domain.kinds import DeedKind
from complaints.models.work import CaseDeed


def of_case(*, case_id: int) -> frozenset[int]:
    """Return the holds that a case placed, and those of cases that are answered with it; one statement."""
    rows = CaseDeed.objects.filter(kind=DeedKind.HOLD.value)
    found = rows.filter(case_id=case_id) | rows.filter(case__merged_into_id=case_id)
    return frozenset(found.exclude(hold=None).values_list("hold_id", flat=True))


def settled_by(*, refund_id: int) -> frozenset[int]:
    """Return the holds of the case from which a refund was asked; none where it was asked elsewhere."""
    deed = CaseDeed.objects.filter(kind=DeedKind.REFUND.value, refund_id=refund_id).first()
    return of_case(case_id=deed.case_id) if deed is not None else frozenset()
