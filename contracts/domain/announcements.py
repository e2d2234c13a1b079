"""What this room tells the rooms downstream; who listens stands in cis/wiring.py."""

from dataclasses import dataclass
from datetime import date


@dataclass(frozen=True, slots=True, kw_only=True)
class AgreementStarted:
    """From this local date on, the account is billed for the service point."""

    agreement_id: int
    account_id: int
    service_point_id: int
    start_date: date


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
class ChargeAgreed:
    """An amount is owed once: the next bill of the account carries it."""

    charge_id: int
    agreement_id: int | None
    account_id: int
