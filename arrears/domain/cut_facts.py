"""What is known of an account before it may be cut off, the rule of its class, and what the answer is made of."""

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum

from cis.kernel.calendar import BusinessCalendar, LocalClock


class HoldKind(StrEnum):
    """
    Why a debt or an account is not pursued.

    LIFE_SUPPORT     somebody at the place lives by a device
    VULNERABLE       ill, old, or poor, as the register says
    COMPLAINT        a complaint about supply or bill is open
    DISPUTE          a bill is disputed
    PLAN             a plan of instalments is kept
    HARDSHIP         help of an office was asked for
    OUTAGE           the supplier itself cannot supply, or cannot take money
    PENDING_PAYMENT  money is under way
    """

    LIFE_SUPPORT = "life_support"
    VULNERABLE = "vulnerable"
    COMPLAINT = "complaint"
    DISPUTE = "dispute"
    PLAN = "plan"
    HARDSHIP = "hardship"
    OUTAGE = "outage"
    PENDING_PAYMENT = "pending_payment"


class BlockerCode(StrEnum):
    """
    Why a supply must not be cut now.

    PREPAID         it was to be cut for debts, and the account pays before it uses by now: its balance decides
    PREPAID_ENDED   it was to be cut for its balance, and the account is prepaid no more
    BALANCE_LEFT    the balance is not below the line
    IN_REVIEW       the numbers of the last night wait for a person
    STALE_READ      the latest read that counts is too old
    BALANCE_UNTOLD  nothing shows that the customer knows that the balance is used up
    GRACE           the days of the notice are not over
    """

    TOO_YOUNG = "too_young"
    BELOW_LEAST = "below_least"
    LIFE_SUPPORT = "life_support"
    VULNERABLE = "vulnerable"
    COMPLAINT = "complaint"
    DISPUTE = "dispute"
    PLAN = "plan"
    HARDSHIP = "hardship"
    OUTAGE = "outage"
    PENDING_PAYMENT = "pending_payment"
    STEP_UNPROVEN = "step_unproven"
    NOTICE_MISSING = "notice_missing"
    NOTICE_FRESH = "notice_fresh"
    NOTICE_OLD = "notice_old"
    OUTSIDE_SLOT = "outside_slot"
    REMINDER_MISSING = "reminder_missing"
    REMINDER_FRESH = "reminder_fresh"
    REMINDER_OLD = "reminder_old"
    AUTHORITY_UNTOLD = "authority_untold"
    UNAPPROVED = "unapproved"
    SEASON = "season"
    HOLIDAY = "holiday"
    WEEKDAY = "weekday"
    HOUR = "hour"
    WEATHER = "weather"
    WEATHER_UNKNOWN = "weather_unknown"
    PREPAID = "prepaid"
    PREPAID_ENDED = "prepaid_ended"
    BALANCE_LEFT = "balance_left"
    IN_REVIEW = "in_review"
    STALE_READ = "stale_read"
    BALANCE_UNTOLD = "balance_untold"
    GRACE = "grace"


Evidence = tuple[tuple[str, int | str], ...]


@dataclass(frozen=True, slots=True)
class Blocker:
    """
    One reason.

    evidence  what it rests on, by name
    until_at  when this very reason ends by itself; None: somebody must do something, or it does not end
    """

    code: BlockerCode
    evidence: Evidence
    until_at: datetime | None


@dataclass(frozen=True, slots=True)
class Debt:
    """A bill of which something is open. [minor unit]"""

    bill_id: int
    due_date: date
    open_minor: int


@dataclass(frozen=True, slots=True)
class Demand:
    """A step of the ladder that was done; ``proven_at`` None: nothing proves that it was received."""

    step: str
    proven_at: datetime | None


@dataclass(frozen=True, slots=True)
class CutNotice:
    """The notice of disconnection: for which bills, proven to be received when, for which hours [start, end)."""

    bill_ids: frozenset[int]
    proven_at: datetime | None
    slot_start_at: datetime
    slot_end_at: datetime


@dataclass(frozen=True, slots=True)
class Hold:
    """
    Something that keeps a debt from being pursued over [since_at, until_at); None: until it is lifted.

    bill_id        the bill that it is about; None: the whole account
    stops_demands  False: it keeps from the cut alone
    """

    hold_id: int
    kind: HoldKind
    since_at: datetime
    until_at: datetime | None = None
    bill_id: int | None = None
    evidence: str = ""
    stops_demands: bool = True

    def holds_at(self, at: datetime) -> bool:
        """Return whether it holds at an instant."""
        return self.since_at <= at and (self.until_at is None or at < self.until_at)


@dataclass(frozen=True, slots=True)
class Approval:
    """Somebody agreed that the supply is cut."""

    person_id: int
    at: datetime


@dataclass(frozen=True, slots=True)
class Forecast:
    """The coldest and the hottest to come until an instant, as was foretold at another. [1/10 degree Celsius]"""

    made_at: datetime
    until_at: datetime
    coldest_tenths: int
    hottest_tenths: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PrepaidFacts:
    """
    What is known of an account that pays before it uses. [minor unit]

    is_running     it still does
    balance_minor  what is left at this moment; None: nobody knows
    rated_until    up to here, exclusive, energy is known; None: it never was
    review         why the last numbers wait for a person, "": they do not
    cut_date       the day that the notice names; None: the balance is not used up
    told_at        when the customer was shown to have the notice
    """

    is_running: bool
    balance_minor: int | None
    rated_until: date | None
    review: str
    cut_date: date | None
    told_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """
    All that is known of one account and place.

    owed_minor   what the ledger says the account owes, less than its debts where it has credit [minor unit]
    importance   grade in the register of important customers, "" for none
    copied_at    when the authority was proven to have the notice of an important customer
    reminded_at  when the last reminder was proven to be received
    proposer_id  who proposed to cut; None: the night
    prepaid      where it is to be cut for its balance, not for debts
    is_prepaid   the account pays before it uses now
    """

    debts: tuple[Debt, ...]
    owed_minor: int
    demands: tuple[Demand, ...] = ()
    notice: CutNotice | None = None
    reminded_at: datetime | None = None
    holds: tuple[Hold, ...] = ()
    importance: str = ""
    copied_at: datetime | None = None
    approvals: tuple[Approval, ...] = ()
    proposer_id: int | None = None
    forecast: Forecast | None = None
    prepaid: PrepaidFacts | None = None
    is_prepaid: bool = False


@dataclass(frozen=True, slots=True)
class Season:
    """Days of the year, (month, day), both included, in which nobody is cut off; first after last: over new year."""

    first: tuple[int, int]
    last: tuple[int, int]

    def __str__(self) -> str:
        return "{:02}-{:02}/{:02}-{:02}".format(*self.first, *self.last)


@dataclass(frozen=True, slots=True)
class WeatherRule:
    """Nobody is cut off if the coldest, or the hottest, of the next hours is foretold to reach this. [1/10 degree C]"""

    hours: int
    coldest_tenths: int
    hottest_tenths: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PrepaidRule:
    """
    When a prepaid supply may be cut off for its balance: it is below the line, so many days after the notice was
    received, by a read that is not too old. [minor unit]
    """

    cut_below_minor: int
    grace_days: int
    stale_days: int


@dataclass(frozen=True, slots=True, kw_only=True)
class CutRule:
    """
    When a class may be cut off for its debts.

    prepaid              where it is for the balance of a prepaid account: debts, steps, notice, reminder do not count

    least_minor          below it nobody is cut off; 0: from the least unit on [minor unit]
    overdue_days         a debt counts from the day after so many days past its due date
    steps                steps of the ladder whose receipt must be proven
    notice_least_days, notice_most_days  days from the receipt of the notice to the cut
    counts_working_days  those of the notice are working days
    reminder_least_minutes, reminder_most_minutes  from the last reminder to the cut
    weekdays             on which it may be done, 1 = Monday
    opens_minute, closes_minute  the hours of a day [minutes since midnight)
    spares_eves          not on the day before a holiday either
    account_kinds        kinds of holds that hold the account, also where they are about one bill
    copies_important     the authority has a copy before an important customer is cut off
    approvals, important_approvals, approval_days  how many persons agree, and how long that holds
    """

    least_minor: int
    overdue_days: int
    steps: tuple[str, ...]
    notice_least_days: int
    notice_most_days: int
    counts_working_days: bool
    reminder_least_minutes: int
    reminder_most_minutes: int
    weekdays: frozenset[int]
    opens_minute: int
    closes_minute: int
    spares_eves: bool
    seasons: tuple[Season, ...]
    account_kinds: frozenset[HoldKind]
    copies_important: bool
    approvals: int
    important_approvals: int
    approval_days: int
    weather: WeatherRule | None = None
    prepaid: PrepaidRule | None = None


@dataclass(frozen=True, slots=True)
class Moment:
    """An instant, with the clock and the calendar of the place; ``day`` is its local date."""

    at: datetime
    day: date
    clock: LocalClock
    calendar: BusinessCalendar


def moment(*, at: datetime, clock: LocalClock, calendar: BusinessCalendar) -> Moment:
    """Return the moment of an instant at a place."""
    return Moment(at, clock.local_date(at), clock, calendar)
