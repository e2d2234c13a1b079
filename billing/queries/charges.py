"""One-off charges that bills carry, as pages, paper and API show them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from django.db.models import QuerySet

from billing.domain.charges import DueCharge
from billing.models.charge import BillCharge
from contracts.domain.charge_kinds import WORDS
from contracts.queries import charges as owed

LABELS: Mapping[str, Mapping[str, str]] = {kind.value: words for kind, words in WORDS.items()}


@dataclass(frozen=True, slots=True, kw_only=True)
class ChargeOnBill:
    """
    A charge on a bill. [minor unit]

    case_id        the case of breach that it comes from; None: none
    address        of the supply that it is for; "": it is for the account
    reason         what it is for, as people read it; "" of a case, which says more
    is_taken_back  it takes one back that an earlier bill carried
    """

    id: int
    case_id: int | None
    address: str
    reason: str
    kind: str
    labels: Mapping[str, str]
    legal_source: str
    amount_minor: int
    tax_minor: int
    is_taken_back: bool


def of_bill(*, bill_id: int) -> tuple[ChargeOnBill, ...]:
    """Return the charges of a bill; one statement."""
    supply = "charge__agreement__service_point__premises"
    rows = BillCharge.objects.filter(bill_id=bill_id).select_related(supply).order_by("id")
    return tuple(
        ChargeOnBill(
            id=row.charge_id,
            case_id=row.charge.case_id,
            address=row.charge.agreement.service_point.premises.address if row.charge.agreement else "",
            reason="" if row.charge.case_id else row.charge.reason,
            kind=row.charge.kind,
            labels=LABELS[row.charge.kind],
            legal_source=row.charge.legal_source,
            amount_minor=row.amount_minor,
            tax_minor=row.tax_minor,
            is_taken_back=row.cancels_id is not None,
        )
        for row in rows
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class DueLine:
    """A charge that the next bill carries. [minor unit]"""

    kind: str
    labels: Mapping[str, str]
    amount_minor: int


def due_of_account(*, account_id: int, due: Sequence[DueCharge]) -> tuple[DueLine, ...]:
    """Return in words what the next bill of an account carries; one statement where it carries something."""
    mine = [one for one in due if one.account_id == account_id]
    if not mine:
        return ()
    kinds = owed.kinds(charge_ids=[one.charge_id for one in mine])
    return tuple(
        DueLine(kind=kinds[one.charge_id], labels=LABELS[kinds[one.charge_id]], amount_minor=one.amount_minor)
        for one in mine
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class CarryingBill:
    """A bill, or a draft of one, that carries a charge or takes it back. [minor unit]"""

    bill_id: int
    number: str | None
    state: str
    kind: str
    charge_id: int
    labels: Mapping[str, str]
    amount_minor: int
    is_taken_back: bool


def of_case(*, case_id: int) -> tuple[CarryingBill, ...]:
    """Return the bills that carry charges of a case, in the order of time; one statement."""
    return _carrying(BillCharge.objects.filter(charge__case_id=case_id))


def of_charges(*, charge_ids: Sequence[int]) -> dict[int, tuple[CarryingBill, ...]]:
    """Return the bills that carry some charges, by charge, in the order of time; one statement."""
    found: dict[int, tuple[CarryingBill, ...]] = {}
    for one in _carrying(BillCharge.objects.filter(charge_id__in=charge_ids)):
        found[one.charge_id] = (*found.get(one.charge_id, ()), one)
    return found


def _carrying(rows: QuerySet[BillCharge]) -> tuple[CarryingBill, ...]:
    return tuple(
        CarryingBill(
            bill_id=row.bill_id,
            number=row.bill.number,
            state=row.bill.state,
            kind=row.bill.kind,
            charge_id=row.charge_id,
            labels=LABELS[row.charge.kind],
            amount_minor=row.amount_minor,
            is_taken_back=row.cancels_id is not None,
        )
        for row in rows.select_related("charge", "bill").order_by("id")
    )
