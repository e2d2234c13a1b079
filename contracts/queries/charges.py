"""One-off charges, for pages."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date

from django.db.models import QuerySet

from cis.kernel.errors import Refused
from contracts.domain.charge_kinds import WORDS, ChargeKind
from contracts.domain.charge_workflow import ChargeState
from contracts.models.charge import OneOffCharge


class UnknownCharge(Refused):
    """There is no such charge."""

    code = "unknown_charge"


@dataclass(frozen=True, slots=True, kw_only=True)
class OwedCharge:
    """
    A charge as a page shows it. [minor unit]

    case_id              the case of breach that it comes from; None: another origin
    subject, subject_id  that origin; "": a case
    """

    id: int
    account_id: int
    account_number: str
    agreement_id: int | None
    case_id: int | None
    subject: str
    subject_id: int | None
    kind: ChargeKind
    labels: Mapping[str, str]
    state: ChargeState
    amount_minor: int
    tax_minor: int
    reason: str
    legal_source: str
    agreed_date: date | None
    cancel_reason: str

    @property
    def is_reversible(self) -> bool:
        """Whether it is owed and needs no case to be undone."""
        return self.state is ChargeState.AGREED and self.case_id is None


def of_account(*, account_id: int, most: int = 50) -> tuple[OwedCharge, ...]:
    """Return the charges of an account, latest first; one statement."""
    return _cards(OneOffCharge.objects.filter(account_id=account_id).order_by("-id")[:most])


def of_subject(*, subject: str, subject_id: int) -> tuple[OwedCharge, ...]:
    """Return the charges that come from one thing, in order; one statement."""
    return _cards(OneOffCharge.objects.filter(subject=subject, subject_id=subject_id).order_by("id"))


def one(*, charge_id: int) -> OwedCharge:
    """
    Return a charge; one statement.

    :raises UnknownCharge: there is none.
    """
    found = _cards(OneOffCharge.objects.filter(id=charge_id))
    if not found:
        raise UnknownCharge(f"There is no charge {charge_id}.")
    return found[0]


def kinds(*, charge_ids: Iterable[int]) -> dict[int, str]:
    """Return the kind of some charges, by id; one statement."""
    return dict(OneOffCharge.objects.filter(id__in=list(charge_ids)).values_list("id", "kind"))


def _cards(rows: QuerySet[OneOffCharge]) -> tuple[OwedCharge, ...]:
    return tuple(
        OwedCharge(
            id=row.id,
            account_id=row.account_id,
            account_number=row.account.number,
            agreement_id=row.agreement_id,
            case_id=row.case_id,
            subject=row.subject,
            subject_id=row.subject_id,
            kind=ChargeKind(row.kind),
            labels=WORDS[ChargeKind(row.kind)],
            state=ChargeState(row.state),
            amount_minor=row.amount_minor,
            tax_minor=row.tax_minor,
            reason=row.reason,
            legal_source=row.legal_source,
            agreed_date=row.agreed_date,
            cancel_reason=row.cancel_reason,
        )
        for row in rows.select_related("account")
    )
