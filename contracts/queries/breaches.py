"""Cases of breach and their charges, for pages."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from django.db.models import QuerySet

from accounts.queries import users
from cis.kernel.errors import Refused
from contracts.domain.breaches import BreachKind, ChargeKind
from contracts.domain.charge_workflow import ChargeState
from contracts.models.charge import BreachCase, OneOffCharge


class UnknownBreach(Refused):
    """There is no such case."""

    code = "unknown_breach"


@dataclass(frozen=True, slots=True, kw_only=True)
class ChargeCard:
    """One charge as a page shows it. [minor unit]"""

    id: int
    kind: ChargeKind
    state: ChargeState
    amount_minor: int
    tax_minor: int
    legal_source: str


@dataclass(frozen=True, slots=True, kw_only=True)
class BreachCard:
    """
    A case with its charges.

    proposer, decider, canceller  names; "" where nobody did
    """

    id: int
    agreement_id: int
    account_id: int
    account_number: str
    address: str
    kind: BreachKind
    state: ChargeState
    found_date: date
    given: Mapping[str, str]
    evidence: str
    correction_id: int | None
    proposed_at: datetime
    proposer_id: int | None
    proposer: str
    decided_at: datetime | None
    decider: str
    cancelled_at: datetime | None
    canceller: str
    cancel_reason: str
    charges: tuple[ChargeCard, ...]

    @property
    def amount_minor(self) -> int:
        """Return what its charges come to. [minor unit]"""
        return sum(charge.amount_minor for charge in self.charges)


def listed(
    *, state: str = "", kind: str = "", text: str = "", offset: int = 0, most: int = 50
) -> tuple[BreachCard, ...]:
    """Return some cases, latest first; three statements. ``text``: beginning of an account number."""
    return _cards(_filtered(state, kind, text).order_by("-id")[offset : offset + most])


def count(*, state: str = "", kind: str = "", text: str = "") -> int:
    """Return how many there are; one statement."""
    return _filtered(state, kind, text).count()


def of_account(*, account_id: int) -> tuple[BreachCard, ...]:
    """Return the cases of an account, latest first; three statements."""
    return _cards(BreachCase.objects.filter(agreement__account_id=account_id).order_by("-id"))


def one(*, case_id: int) -> BreachCard:
    """
    Return a case; three statements.

    :raises UnknownBreach: there is none.
    """
    found = _cards(BreachCase.objects.filter(id=case_id))
    if not found:
        raise UnknownBreach(f"There is no case {case_id}.")
    return found[0]


def _filtered(state: str, kind: str, text: str) -> QuerySet[BreachCase]:
    rows = BreachCase.objects.all()
    if state:
        rows = rows.filter(state=state)
    if kind:
        rows = rows.filter(kind=kind)
    if text:
        rows = rows.filter(agreement__account__number__startswith=text)
    return rows


def _cards(rows: QuerySet[BreachCase]) -> tuple[BreachCard, ...]:
    found = list(rows.select_related("agreement__account", "agreement__service_point__premises"))
    ids = {person for row in found for person in (row.proposer_id, row.decider_id, row.canceller_id) if person}
    names = users.names(ids) if ids else {}
    charges: dict[int | None, list[OneOffCharge]] = {}
    for charge in OneOffCharge.objects.filter(case__in=found).order_by("id"):
        charges.setdefault(charge.case_id, []).append(charge)

    def name(person: int | None) -> str:
        return names.get(person, "") if person is not None else ""

    return tuple(
        BreachCard(
            id=row.id,
            agreement_id=row.agreement_id,
            account_id=row.agreement.account_id,
            account_number=row.agreement.account.number,
            address=row.agreement.service_point.premises.address,
            kind=BreachKind(row.kind),
            state=ChargeState(row.state),
            found_date=row.found_date,
            given=row.given,
            evidence=row.evidence,
            correction_id=row.correction_id,
            proposed_at=row.proposed_at,
            proposer_id=row.proposer_id,
            proposer=name(row.proposer_id),
            decided_at=row.decided_at,
            decider=name(row.decider_id),
            cancelled_at=row.cancelled_at,
            canceller=name(row.canceller_id),
            cancel_reason=row.cancel_reason,
            charges=_charge_cards(charges.get(row.id, ())),
        )
        for row in found
    )


def _charge_cards(rows: Sequence[OneOffCharge]) -> tuple[ChargeCard, ...]:
    return tuple(
        ChargeCard(
            id=row.id,
            kind=ChargeKind(row.kind),
            state=ChargeState(row.state),
            amount_minor=row.amount_minor,
            tax_minor=row.tax_minor,
            legal_source=row.legal_source,
        )
        for row in rows
    )
