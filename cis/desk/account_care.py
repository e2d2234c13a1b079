"""What the account page shows of the care of its customer."""

from dataclasses import dataclass
from datetime import date

from accounts.queries import protections
from accounts.queries.protections import ProtectionCard, WantedProtections

PROTECTIONS_SHOWN = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Care:
    """Protections of the customer with this account, the latest first."""

    protections: tuple[ProtectionCard, ...]


def of(*, customer_id: int, account_id: int, on: date) -> Care:
    """Return the care of a customer; a constant number of statements."""
    wanted = WantedProtections(state="all", customer_id=customer_id, account_id=account_id)
    return Care(protections=protections.listed(wanted=wanted, today=on, most=PROTECTIONS_SHOWN))
