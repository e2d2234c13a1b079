"""Types of the rules on what is billed together, and asked for by telephone; see ``cis.platform.pack_rules``."""

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


@dataclass(frozen=True, slots=True)
class TelephoneEnquiry:
    """
    Enquiries by telephone systems and kiosks.

    pin_digits  of the secret number that customers set
    tries       wrong proofs a day for one number, before a person has to help
    hour_most   so often a program may ask in an hour
    """

    pin_digits: int = field(metadata={"least": 4, "most": 12})
    tries: int = field(metadata={"least": 3, "most": 20})
    hour_most: int = field(metadata={"least": 1, "most": 1_000_000})
