"""Types of the rules on the care of customers; see ``cis.platform.pack_rules``."""

import re
from dataclasses import dataclass, field

PROTECTIONS = re.compile("life_support|vulnerable|key_account")
_EVIDENCE = re.compile("medical_certificate|device_papers|disability_card|social_assistance|identity_card|decision")
SOURCES = re.compile("on_time|e_bill|self_read|demand_event")
_SETTERS = re.compile("clerk|cashier|billing|metering|field|supervisor|customer|client|system")


@dataclass(frozen=True, slots=True)
class Protection:
    """
    Customers who are treated with care, by kind.

    evidence       papers that show it
    review_months  it is looked at again so long after it was shown, and asked for ``ahead_days`` before
    setters        who registers it, before the papers are there
    holds          it holds the account as well
    """

    evidence: list[str] = field(metadata={"pattern": _EVIDENCE})
    review_months: int = field(metadata={"least": 1, "most": 120})
    ahead_days: int = field(metadata={"least": 0, "most": 366})
    setters: list[str] = field(metadata={"pattern": _SETTERS})
    holds: bool


@dataclass(frozen=True, slots=True)
class Loyalty:
    """
    Loyalty points: how many each source earns, and how long they count.

    unit_points, unit_worth  so many points are worth so much, in major units; they are redeemed in such steps
    least_points             fewer are not redeemed
    """

    points: dict[str, int] = field(metadata={"names": SOURCES})
    expires_months: int = field(metadata={"least": 1, "most": 120})
    unit_points: int = field(metadata={"least": 1, "most": 1_000_000})
    unit_worth: str = field(metadata={"decimals": 3, "pattern": re.compile(r"(?!0*(\.0*)?$)[0-9]+(\.[0-9]+)?")})
    least_points: int = field(metadata={"least": 1, "most": 1_000_000})


SURVEY_EVENTS = re.compile("case_closed|supply_began|outage_ended|visit_done|first_bill")
VISIT_EVENTS = re.compile("supply_began|supply_restored|complaint_closed|outage_ended")
CODES = re.compile("[a-z][a-z0-9]*(_[a-z0-9]+)*")


@dataclass(frozen=True, slots=True)
class VisitPlan:
    """
    Customers who are asked after an ``event`` how it went.

    segments     of customers that it is for; none: all that no other plan of the event names
    way          by ``phone`` or at the ``site``
    after_days   from when on, and ``within_days`` how long, it may be made
    tries        calls that nobody answers, until it is given up
    """

    name_en: str
    name_zh: str
    event: str = field(metadata={"pattern": VISIT_EVENTS})
    segments: list[str] = field(metadata={"pattern": CODES})
    way: str = field(metadata={"pattern": re.compile("phone|site")})
    after_days: int = field(metadata={"least": 0, "most": 366})
    within_days: int = field(metadata={"least": 0, "most": 366})
    tries: int = field(metadata={"least": 1, "most": 20})


@dataclass(frozen=True, slots=True)
class SurveyEvent:
    """After so many hours so many percent of those whom an event meets are asked how likely they recommend us."""

    after_hours: int = field(metadata={"least": 0, "most": 2_160})
    share_percent: int = field(metadata={"least": 0, "most": 100})


@dataclass(frozen=True, slots=True)
class Surveys:
    """
    Questions to customers after something happened.

    quiet_days    a customer is asked at most once in so many days
    valid_days    how long an answer is taken
    contact_days  until when somebody who answers 0 to 6 and wants to be called is called
    """

    events: dict[str, SurveyEvent] = field(metadata={"names": SURVEY_EVENTS})
    quiet_days: int = field(metadata={"least": 0, "most": 730})
    valid_days: int = field(metadata={"least": 1, "most": 366})
    contact_days: int = field(metadata={"least": 0, "most": 60})


@dataclass(frozen=True, slots=True)
class Segment:
    """
    Customers who are alike; the first segment that takes a customer is theirs. What is empty does not narrow it.

    kinds       of customers
    classes     of their supplies
    flags       protections that hold for them, one of these
    least_kwh   used within twelve months
    least_late, most_late  bills of twelve months that were not paid when they were due
    """

    name_en: str
    name_zh: str
    kinds: list[str] = field(metadata={"pattern": re.compile("resident|company|agency")})
    classes: list[str] = field(
        metadata={"pattern": re.compile("residential|commercial|industrial|agricultural|lighting|other")}
    )
    flags: list[str] = field(metadata={"pattern": PROTECTIONS})
    least_kwh: int = field(metadata={"least": 0, "most": 10**12})
    least_late: int = field(metadata={"least": 0, "most": 1_000})
    most_late: int = field(metadata={"least": 0, "most": 1_000})
