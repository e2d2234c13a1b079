"""What this room tells the rooms downstream; who listens stands in cis/wiring.py."""

from dataclasses import dataclass
from datetime import date, datetime

from cis.kernel.actors import Actor
from contracts.domain.application_workflow import ApplicationAction, ApplicationState
from contracts.domain.offer_workflow import OfferState


@dataclass(frozen=True, slots=True, kw_only=True)
class AgreementStarted:
    """From this local date on, the account is billed for the service point."""

    agreement_id: int
    account_id: int
    service_point_id: int
    start_date: date


@dataclass(frozen=True, slots=True, kw_only=True)
class ApplicationMoved:
    """An application for a supply went from one state to another, or stands still or goes on in the same."""

    application_id: int
    action: ApplicationAction
    before: ApplicationState
    after: ApplicationState
    customer_id: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class AgreementEnded:
    """This local date is the first for which the account is not billed."""

    agreement_id: int
    account_id: int
    service_point_id: int
    end_date: date


@dataclass(frozen=True, slots=True, kw_only=True)
class TermChanged:
    """From this local date on, another tariff or household holds."""

    agreement_id: int
    account_id: int
    from_date: date


@dataclass(frozen=True, slots=True, kw_only=True)
class OfferSent:
    """A plan reply was sent; ``subject``, ``subject_id``: what it answers, as "application"."""

    offer_id: int
    subject: str
    subject_id: int
    version: int
    customer_id: int | None
    actor: Actor


@dataclass(frozen=True, slots=True, kw_only=True)
class OfferAccepted:
    """The customer accepted a tariff of an offer; its contract waits for a signature."""

    offer_id: int
    subject: str
    subject_id: int
    tariff_id: int
    contract_id: int


@dataclass(frozen=True, slots=True, kw_only=True)
class OfferClosed:
    """An offer stands no more: declined, withdrawn or expired, as its state says; nobody has signed its contract."""

    offer_id: int
    subject: str
    subject_id: int
    state: OfferState


@dataclass(frozen=True, slots=True, kw_only=True)
class ContractSigned:
    """
    A supply contract was signed, and its fees are agreed.

    subject, subject_id  what it follows from, as "application"; "": it was made at the desk
    replaced_id          the version that it takes the place of; None: none
    """

    contract_id: int
    number: str
    customer_id: int
    account_id: int
    tariff_id: int
    subject: str
    subject_id: int | None
    replaced_id: int | None
    actor: Actor


@dataclass(frozen=True, slots=True, kw_only=True)
class ContractWithdrawn:
    """A supply contract, or a version of one, was withdrawn before anybody signed it."""

    contract_id: int
    offer_id: int | None
    subject: str
    subject_id: int | None
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ContractEnded:
    """
    A supply contract ended: this local date is the first without it.

    subject, subject_id  what it follows from, as "application"; "": it was made at the desk
    """

    contract_id: int
    number: str
    account_id: int | None
    end_date: date
    subject: str
    subject_id: int | None
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ChargeAgreed:
    """An amount is owed once: the next bill of the account carries it."""

    charge_id: int
    agreement_id: int | None
    account_id: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeMade:
    """A change of use holds from a local date on, or is taken back from there: bills of these accounts may change."""

    change_id: int
    account_ids: tuple[int, ...]
    from_date: date


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountToSettle:
    """
    Nothing more is supplied on an account: a final bill is to be made, and what is over paid back.

    known_date  the day on which it came to be known

    from_agreement_id, to_agreement_id  whose count of steps goes on in whose; None: in nobody's
    """

    change_id: int
    account_id: int
    on: date
    known_date: date
    from_agreement_id: int | None = None
    to_agreement_id: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SettlementDropped:
    """An account is supplied after all: no final bill is to be made."""

    change_id: int
    account_id: int


@dataclass(frozen=True, slots=True, kw_only=True)
class FinancingPaid:
    """A partner bank has paid what it finances of a sale; the amount contains its VAT. [minor unit]"""

    financing_id: int
    account_id: int
    amount_minor: int
    tax_minor: int
    on: date


@dataclass(frozen=True, slots=True, kw_only=True)
class FinancingUnwanted:
    """A partner bank has paid for a sale that is off: the money is not ours, and was asked to go back."""

    financing_id: int
    amount_minor: int
    on: date


@dataclass(frozen=True, slots=True, kw_only=True)
class FinancingReturned:
    """A sale that a partner bank had paid for was taken back: its money goes back."""

    financing_id: int
    on: date


@dataclass(frozen=True, slots=True, kw_only=True)
class UsageDisputed:
    """
    A customer says that what a usage inspection found is not so.

    breach_id  the case of breach that is disputed; None: a correction of usage is
    """

    inspection_id: int
    account_id: int
    breach_id: int | None
    at: datetime
    actor: Actor


@dataclass(frozen=True, slots=True, kw_only=True)
class UsageDisputeEnded:
    """Nothing of a usage inspection is disputed any more; account_id None: nobody is supplied there."""

    inspection_id: int
    account_id: int | None
    at: datetime
    actor: Actor
