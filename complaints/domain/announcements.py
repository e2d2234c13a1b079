"""What this room tells others; who listens stands in cis/wiring_cases.py and cis/wiring_care.py."""

from dataclasses import dataclass
from datetime import datetime

from complaints.domain.kinds import CaseKind


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseClosed:
    """
    A case was answered, and is closed; one that is merged with another or taken back is not told.

    account_id, customer_id  of whoever brought it, if they are known
    is_about_somebody  it is kept from whoever it is said of: nothing may follow from it that they would see
    """

    case_id: int
    kind: CaseKind
    account_id: int | None
    customer_id: int | None
    closed_at: datetime
    is_about_somebody: bool
