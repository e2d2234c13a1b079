"""Rights of customers over their own data: words, states, and from when on data are overwritten."""

from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum

from cis.kernel.periods import add_months

YEAR_MONTHS = 12


class LookPurpose(StrEnum):
    """Why somebody looked at a customer's personal data, as the customer is told it."""

    SERVICE = "service"
    CASE = "case"
    CONTRACT = "contract"
    BILLING = "billing"
    PAYMENT = "payment"
    ARREARS = "arrears"
    FIELD = "field"
    CARE = "care"
    NOTICE = "notice"
    TELEPHONE = "telephone"
    EXPORT = "export"
    ERASURE = "erasure"
    BANK_ACCOUNT = "bank_account"


class ErasureState(StrEnum):
    """
    States of an erasure.

    DUE       it waits for a second person
    RELEASED  it is being done
    DONE      the data are overwritten
    DROPPED   the second person refused
    """

    DUE = "due"
    RELEASED = "released"
    DONE = "done"
    DROPPED = "dropped"


OPEN_ERASURES = (ErasureState.DUE, ErasureState.RELEASED)


class ErasureReason(StrEnum):
    """Why data are overwritten: their time is over, or the customer wants it."""

    RETENTION = "retention"
    REQUEST = "request"


class ExportState(StrEnum):
    """States of an export: it is being made, it can be fetched, its time is over."""

    WAITING = "waiting"
    READY = "ready"
    OVER = "over"


@dataclass(frozen=True, slots=True)
class PrivacyRule:
    """
    How long personal data are kept after the last account of a customer was closed and settled.

    keep_years      then they are overwritten
    request_years   then they are overwritten if the customer asks for it
    shared_years    how long files are kept that name many customers: those of the bank
    letter_days     how long printed letters of many customers are kept
    export_days     how long an export can be fetched
    exports_a_day   how many one customer may ask for in 24 hours
    """

    keep_years: int
    request_years: int
    shared_years: int
    letter_days: int
    export_days: int
    exports_a_day: int

    def due_date(self, since: date, reason: ErasureReason) -> date:
        """Return the first day on which data may be overwritten that were last needed on ``since``."""
        years = self.request_years if reason is ErasureReason.REQUEST else self.keep_years
        return add_months(since, years * YEAR_MONTHS)

    def shared_until(self, made: date) -> date:
        """Return the first day on which a file of the bank may go that was kept on ``made``."""
        return add_months(made, self.shared_years * YEAR_MONTHS)

    def letters_until(self, made: date) -> date:
        """Return the first day on which a file of letters may go that was kept on ``made``."""
        return made + timedelta(days=self.letter_days)
