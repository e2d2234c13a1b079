"""Cases of breach and their charges, for pages."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from django.db.models import QuerySet

from accounts.queries import users
from cis.kernel.errors import Refused
from contracts.domain.breach_steps import StepCode
from contracts.domain.breaches import BreachKind
from contracts.domain.charge_kinds import ChargeKind
from contracts.domain.charge_workflow import CaseState, ChargeState
from contracts.models.charge import BreachCase, BreachStep, OneOffCharge

WAITING = "waiting"
WAITING_STATES = (CaseState.PROPOSED.value, CaseState.CANCELLING.value)
"""States in which a second person is asked."""
Steps = dict[tuple[int, int | None], list[BreachStep]]
"""By case and charge; no charge: those that lead to the facts."""


class UnknownBreach(Refused):
    """There is no such case."""

    code = "unknown_breach"


@dataclass(frozen=True, slots=True, kw_only=True)
class StepCard:
    """One step of the computation, as 5 kW × 12 h × 90 d = 5,400 kWh."""

    code: StepCode
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ChargeCard:
    """One charge as a page shows it; ``steps``: how it came about. [minor unit]"""

    id: int
    kind: ChargeKind
    state: ChargeState
    amount_minor: int
    tax_minor: int
    legal_source: str
    steps: tuple[StepCard, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class BreachCard:
    """
    A case with its charges.

    proposer, decider, canceller, cancel_decider  names; "" where nobody did
    steps           that lead to its facts
    owed_minor      of a theft: what its penalty is a multiple of [minor unit]
    computed_minor  of a theft: what the bills say that the energy costs; None: they could not say [minor unit]
    """

    id: int
    agreement_id: int
    account_id: int
    account_number: str
    address: str
    kind: BreachKind
    state: CaseState
    found_date: date
    given: Mapping[str, str]
    evidence: str
    correction_id: int | None
    owed_minor: int | None
    computed_minor: int | None
    owed_reason: str
    proposed_at: datetime
    proposer_id: int | None
    proposer: str
    decided_at: datetime | None
    decider: str
    cancel_asked_at: datetime | None
    canceller_id: int | None
    canceller: str
    cancel_reason: str
    cancelled_at: datetime | None
    cancel_decider: str
    steps: tuple[StepCard, ...]
    charges: tuple[ChargeCard, ...]

    @property
    def amount_minor(self) -> int:
        """Return what its charges come to. [minor unit]"""
        return sum(charge.amount_minor for charge in self.charges)


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """
    Which cases are listed; "" = all.

    state  one of them, or ``WAITING``
    text   beginning of an account number
    """

    state: str = ""
    kind: str = ""
    text: str = ""


def of_correction(*, correction_id: int) -> int | None:
    """Return the case that a correction of usage belongs to; one statement. None: it belongs to none."""
    return BreachCase.objects.filter(correction_id=correction_id).values_list("id", flat=True).first()


def listed(*, wanted: Wanted, offset: int = 0, most: int = 50) -> tuple[BreachCard, ...]:
    """Return some cases, latest first; four statements."""
    return _cards(_filtered(wanted).order_by("-id")[offset : offset + most])


def count(*, wanted: Wanted) -> int:
    """Return how many there are; one statement."""
    return _filtered(wanted).count()


def one(*, case_id: int) -> BreachCard:
    """
    Return a case; four statements.

    :raises UnknownBreach: there is none.
    """
    found = _cards(BreachCase.objects.filter(id=case_id))
    if not found:
        raise UnknownBreach(f"There is no case {case_id}.")
    return found[0]


def _filtered(wanted: Wanted) -> QuerySet[BreachCase]:
    given: dict[str, object] = {
        "state__in": WAITING_STATES if wanted.state == WAITING else [wanted.state] if wanted.state else [],
        "kind": wanted.kind,
        "agreement__account__number__startswith": wanted.text.strip(),
    }
    return BreachCase.objects.filter(**{name: value for name, value in given.items() if value})


def _cards(rows: QuerySet[BreachCase]) -> tuple[BreachCard, ...]:
    found = list(rows.select_related("agreement__account", "agreement__service_point__premises"))
    ids = {person for row in found for person in _persons(row) if person is not None}
    names = users.names(ids) if ids else {}
    steps: Steps = {}
    for step in BreachStep.objects.filter(case__in=found).order_by("case_id", "seq"):
        steps.setdefault((step.case_id, step.charge_id), []).append(step)
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
            state=CaseState(row.state),
            found_date=row.found_date,
            given=row.given,
            evidence=row.evidence,
            correction_id=row.correction_id,
            owed_minor=row.owed_minor,
            computed_minor=row.computed_minor,
            owed_reason=row.owed_reason,
            proposed_at=row.proposed_at,
            proposer_id=row.proposer_id,
            proposer=name(row.proposer_id),
            decided_at=row.decided_at,
            decider=name(row.decider_id),
            cancel_asked_at=row.cancel_asked_at,
            canceller_id=row.canceller_id,
            canceller=name(row.canceller_id),
            cancel_reason=row.cancel_reason,
            cancelled_at=row.cancelled_at,
            cancel_decider=name(row.cancel_decider_id),
            steps=_step_cards(steps.get((row.id, None), ())),
            charges=_charge_cards(charges.get(row.id, ()), steps),
        )
        for row in found
    )


def _persons(row: BreachCase) -> tuple[int | None, ...]:
    return row.proposer_id, row.decider_id, row.canceller_id, row.cancel_decider_id


def _charge_cards(rows: Sequence[OneOffCharge], steps: Steps) -> tuple[ChargeCard, ...]:
    return tuple(
        ChargeCard(
            id=row.id,
            kind=ChargeKind(row.kind),
            state=ChargeState(row.state),
            amount_minor=row.amount_minor,
            tax_minor=row.tax_minor,
            legal_source=row.legal_source,
            steps=_step_cards(steps.get((row.case_id or 0, row.id), ())),
        )
        for row in rows
    )


def _step_cards(rows: Sequence[BreachStep]) -> tuple[StepCard, ...]:
    return tuple(StepCard(code=StepCode(row.code), text=row.text) for row in rows)
