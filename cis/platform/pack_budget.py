"""Type of the rule on budget plans; see ``cis.platform.pack_rules``."""

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class BudgetBilling:
    """
    Budget plans: a level amount each month in the place of the bill.

    least_months    whole months that must be billed before it is offered
    step            the level amount is rounded up to it
    review_months   after so many months of a year the amount is worked out anew
    change_percent  a review changes it only by more than this
    notice_days     a changed amount is told so long before the month from which it holds
    spread_above, spread_months  a debt of a year above it is owed in so many monthly parts
    late_days       a plan ends when a level amount is overdue for so long; 0: never
    by_customer     customers begin and end it in the portal
    """

    least_months: int = field(metadata={"least": 1, "most": 12})
    step: str = field(metadata={"decimals": 3})
    review_months: list[int] = field(metadata={"least": 1, "most": 11})
    change_percent: int = field(metadata={"least": 0, "most": 1_000})
    notice_days: int = field(metadata={"least": 0, "most": 366})
    spread_above: str = field(metadata={"decimals": 3})
    spread_months: int = field(metadata={"least": 1, "most": 36})
    late_days: int = field(metadata={"least": 0, "most": 366})
    by_customer: bool
