"""What this room tells the rooms downstream; who listens stands in cis/wiring.py."""

from dataclasses import dataclass
from datetime import date

from cis.kernel.actors import Actor


@dataclass(frozen=True, slots=True, kw_only=True)
class HolderChanged:
    """From this local date on, another customer holds the account."""

    account_id: int
    old_customer_id: int
    new_customer_id: int
    from_date: date


@dataclass(frozen=True, slots=True, kw_only=True)
class MailingDecided:
    """A mailing was let go, or dropped; that of which it tells goes on by that."""

    mailing_id: int
    is_let_go: bool
    actor: Actor


@dataclass(frozen=True, slots=True, kw_only=True)
class NumberEnded:
    """A number is not this customer's any more; codes that were sent there serve no more."""

    customer_id: int
    reason: str
