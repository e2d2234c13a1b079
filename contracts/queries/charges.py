"""One-off charges, for pages."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date

from django.db.models import Q, QuerySet

from accounts.queries import users
from cis.kernel.errors import Refused
from contracts.domain.charge_kinds import WORDS, ChargeKind
from contracts.domain.charge_workflow import ChargeState
from contracts.models.charge import OneOffCharge

BY_HAND = "by_hand"
"""What a charge comes from that staff or a program agreed by itself; its id is that of the account."""


class UnknownCharge(Refused):
    """There is no such charge."""

    code = "unknown_charge"


@dataclass(frozen=True, slots=True, kw_only=True)
class OwedCharge:
    """
    A charge as a page shows it. [minor unit]

    case_id              the case of breach that it comes from; None: another origin
    subject, subject_id  that origin; "": a case
    address, service_point  of the supply that it is for, by external id; "": it is for the account
    is_for_two           by hand, above what one person agrees alone
    proposer, decider    names of staff; "": nobody, or not by hand
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
    address: str
    service_point: str
    is_for_two: bool
    proposer_id: int | None
    proposer: str
    decider: str

    @property
    def is_reversible(self) -> bool:
        """Whether it is owed and needs no case to be undone."""
        return self.state is ChargeState.AGREED and self.case_id is None


@dataclass(frozen=True, slots=True, kw_only=True)
class WantedCharges:
    """
    Which charges are listed; "" or None = all.

    text        beginning of an account number, or part of the reason
    is_by_hand  only what was agreed by hand
    from_date   first day of agreement; ``until_date``: last one
    """

    text: str = ""
    kind: str = ""
    state: str = ""
    is_by_hand: bool = False
    from_date: date | None = None
    until_date: date | None = None


def listed(*, wanted: WantedCharges, offset: int = 0, most: int = 50) -> tuple[OwedCharge, ...]:
    """Return some charges, latest first; two statements."""
    return _cards(selected(wanted=wanted).order_by("-id")[offset : offset + most])


def count(*, wanted: WantedCharges) -> int:
    """Return how many there are; one statement."""
    return selected(wanted=wanted).count()


def by_ids(*, charge_ids: Iterable[int]) -> dict[int, OwedCharge]:
    """Return some charges by id; two statements."""
    return {card.id: card for card in _cards(OneOffCharge.objects.filter(id__in=list(charge_ids)))}


def selected(*, wanted: WantedCharges) -> QuerySet[OneOffCharge]:
    """Return the rows of a list, in no order, for pages by cursor."""
    rows = OneOffCharge.objects.all()
    exact = {"kind": wanted.kind, "state": wanted.state}
    rows = rows.filter(**{name: value for name, value in exact.items() if value})
    if wanted.is_by_hand:
        rows = rows.filter(subject=BY_HAND)
    if wanted.from_date:
        rows = rows.filter(agreed_date__gte=wanted.from_date)
    if wanted.until_date:
        rows = rows.filter(agreed_date__lte=wanted.until_date)
    if text := wanted.text.strip():
        rows = rows.filter(Q(account__number__startswith=text) | Q(reason__icontains=text))
    return rows


def of_account(*, account_id: int, most: int = 50) -> tuple[OwedCharge, ...]:
    """Return the charges of an account, latest first; two statements."""
    return _cards(OneOffCharge.objects.filter(account_id=account_id).order_by("-id")[:most])


def of_subject(*, subject: str, subject_id: int) -> tuple[OwedCharge, ...]:
    """Return the charges that come from one thing, in order; two statements."""
    return _cards(OneOffCharge.objects.filter(subject=subject, subject_id=subject_id).order_by("id"))


def one(*, charge_id: int) -> OwedCharge:
    """
    Return a charge; two statements.

    :raises UnknownCharge: there is none.
    """
    found = _cards(OneOffCharge.objects.filter(id=charge_id))
    if not found:
        raise UnknownCharge(f"There is no charge {charge_id}.")
    return found[0]


def kinds(*, charge_ids: Iterable[int]) -> dict[int, str]:
    """Return the kind of some charges, by id; one statement."""
    return dict(OneOffCharge.objects.filter(id__in=list(charge_ids)).values_list("id", "kind"))


def _cards(found: QuerySet[OneOffCharge]) -> tuple[OwedCharge, ...]:
    rows = list(found.select_related("account", "agreement__service_point__premises"))
    people = {one for row in rows for one in (row.proposer_id, row.decider_id) if one is not None}
    names = users.names(people) if people else {}
    return tuple(_card(row, names) for row in rows)


def _card(row: OneOffCharge, names: Mapping[int, str]) -> OwedCharge:
    return OwedCharge(
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
        address=row.agreement.service_point.premises.address if row.agreement else "",
        service_point=row.agreement.service_point.external_id if row.agreement else "",
        is_for_two=row.is_for_two,
        proposer_id=row.proposer_id,
        proposer=names.get(row.proposer_id or 0, ""),
        decider=names.get(row.decider_id or 0, ""),
    )
