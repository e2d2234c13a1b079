"""Types of the rules on what is billed together; see ``cis.platform.pack_rules``."""

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class ConsolidatedBills:
    """
    One bill a month for a customer with many accounts.

    wait_days  so long after a month its consolidated bill waits for bills that are not issued
    due_days   from its issue to its due date
    """

    wait_days: int = field(metadata={"least": 0, "most": 27})
    due_days: int = field(metadata={"least": 0, "most": 366})
