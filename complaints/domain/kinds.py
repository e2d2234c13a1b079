"""Words of cases: what came in, by which way, how serious it is, what shows a finding, what was done from it."""

from enum import StrEnum
from typing import Final

from cis.kernel.enums import Role

SUBJECT: Final = "case"
"""What a case is called where others speak of it: audit trail, deadlines, work orders."""
SEQUENCE: Final = "case_number"


class CaseKind(StrEnum):
    """
    What somebody brings to us.

    COMPLAINT  something was done wrong
    REPORT     somebody does what is not allowed (举报)
    REQUEST    something is to be done
    FAULT      current fails, or its voltage is wrong
    QUESTION   something is to be told
    PRAISE     something was done well
    """

    COMPLAINT = "complaint"
    REPORT = "report"
    REQUEST = "request"
    FAULT = "fault"
    QUESTION = "question"
    PRAISE = "praise"


class CaseChannel(StrEnum):
    """By which way it came in."""

    PHONE = "phone"
    PORTAL = "portal"
    API = "api"
    EMAIL = "email"
    WALK_IN = "walk_in"
    LETTER = "letter"
    REGULATOR = "regulator"


class Severity(StrEnum):
    """How serious it is; what is urgent goes before what is serious, and that before the rest."""

    GENERAL = "general"
    SERIOUS = "serious"
    URGENT = "urgent"


class HoldScope(StrEnum):
    """What of a disputed account is not pursued while the case is open: nothing, the bill in question, all of it."""

    NONE = "none"
    BILL = "bill"
    ACCOUNT = "account"


class Evidence(StrEnum):
    """What shows a finding."""

    READS = "reads"
    BILL = "bill"
    CALL = "call"
    VISIT = "visit"
    PHOTO = "photo"
    PAPER = "paper"


class ReplyWay(StrEnum):
    """By which way an answer goes: told by the system, or said by somebody and noted here."""

    NOTICE = "notice"
    PHONE = "phone"
    IN_PERSON = "in_person"
    LETTER = "letter"


class DeedKind(StrEnum):
    """What was executed from a case."""

    ADJUSTMENT = "adjustment"
    REFUND = "refund"
    REBILL = "rebill"
    RE_READ = "re_read"
    HOLD = "hold"
    APOLOGY = "apology"


class Satisfaction(StrEnum):
    """What the caller said when called back; NOT_REACHED: nobody answered."""

    SATISFIED = "satisfied"
    DISSATISFIED = "dissatisfied"
    NOT_REACHED = "not_reached"


MONEY_KINDS: Final = frozenset({CaseKind.COMPLAINT, CaseKind.REQUEST, CaseKind.QUESTION})
"""Kinds in which a bill can be disputed."""

STANDARDS: Final = (
    "case_accept", "case_contact", "case_complaint", "case_report", "case_request", "case_meter", "case_reading",
    "case_damage", "case_fault", "case_question", "case_praise", "case_12398", "case_12345", "case_authority",
)  # fmt: skip
"""Service standards by which cases are measured; how long each is, and which holds for what, says the pack."""

EVALUATORS: Final = frozenset({Role.CLERK, Role.SUPERVISOR})
"""Who looks at closed cases again, at trends, and sees to it that lessons are learnt."""
