"""
Usage inspections (用电检查): from a suspicion to a visit, what it found, and what becomes of that.

The ways are ours (house rule); who inspects, and that photos and seals are kept, follows the practice of 用电检查.
Whoever told of it is nowhere kept here: a tip is a case of its own, and a crew reads none of its words.
"""

from dataclasses import dataclass
from enum import StrEnum

from cis.kernel.actors import ActorKind
from cis.kernel.enums import Role
from cis.kernel.errors import Refused
from cis.kernel.workflow import ANYONE, Move, Workflow

SUBJECT = "usage_inspection"
CHECKLIST = "usage-inspection"
VISIT_STANDARD = "usage_inspection"
SETTLE_STANDARD = "usage_settlement"
DISPUTE_STANDARD = "usage_dispute"
STANDARDS = (VISIT_STANDARD, SETTLE_STANDARD, DISPUTE_STANDARD)
"""Clocks: until it is known what is wrong; until that is settled; until a dispute is answered."""
WORDS_MOST = 500
REFERENCE_MOST = 40


class Source(StrEnum):
    """
    Where a suspicion comes from.

    ALARM    a meter said so
    ANOMALY  its usage looks wrong
    TIP      somebody told; the case has what was said
    CREW     a crew saw something
    AUDIT    it was chosen to be looked at
    """

    ALARM = "alarm"
    ANOMALY = "anomaly"
    TIP = "tip"
    CREW = "crew"
    AUDIT = "audit"


class UsageState(StrEnum):
    """
    States of a usage inspection.

    SUSPECTED  to be looked at
    ORDERED    a crew has it, or will have it
    VISITED    the crew was there; nobody has said yet what it comes to
    FOUND      a breach, or a wrong connection, is being made good
    NOTHING    nothing was wrong, and the customer knows
    DISPUTED   the customer says that it is not so: nothing is pursued until it is answered
    CLOSED     settled, or not followed
    """

    SUSPECTED = "suspected"
    ORDERED = "ordered"
    VISITED = "visited"
    FOUND = "found"
    NOTHING = "nothing"
    DISPUTED = "disputed"
    CLOSED = "closed"


class UsageAction(StrEnum):
    """
    What moves a usage inspection.

    ORDER     the desk sends a crew; after a visit: once more
    RELEASE   its work order was dropped
    REPORT    the crew was there
    FIND      a breach is proposed, or usage corrected, because of it
    UNDO      what was proposed is dropped
    CLEAR     nothing was wrong
    DISPUTE   the customer says that it is not so
    UPHOLD    it is so
    CLOSE     it is settled; of a dispute: given in to; of a suspicion: not followed; of a visit: nobody is
              supplied there
    """

    ORDER = "order"
    RELEASE = "release"
    REPORT = "report"
    FIND = "find"
    UNDO = "undo"
    CLEAR = "clear"
    DISPUTE = "dispute"
    UPHOLD = "uphold"
    CLOSE = "close"


class UsageFinding(StrEnum):
    """What an inspection came to; of a breach, its case says which."""

    NOTHING = "nothing"
    WIRING = "wiring"
    BREACH = "breach"


INSPECTORS: frozenset[Role | ActorKind] = frozenset((Role.CLERK, Role.METERING, Role.SUPERVISOR, ActorKind.CLIENT))
"""Who suspects, orders and says what a visit comes to."""
FINDERS: frozenset[Role | ActorKind] = frozenset(
    (Role.METERING, Role.BILLING, Role.SUPERVISOR, ActorKind.CLIENT, ActorKind.SYSTEM)
)
DISPUTERS: frozenset[Role | ActorKind] = INSPECTORS | {Role.BILLING}
DECIDERS: frozenset[Role | ActorKind] = frozenset((Role.SUPERVISOR,))
"""Who answers a dispute."""

_S, _A = UsageState, UsageAction
WORKFLOW = Workflow(
    "usage inspection",
    {
        (_S.SUSPECTED, _A.ORDER): Move(_S.ORDERED, INSPECTORS),
        (_S.SUSPECTED, _A.CLOSE): Move(_S.CLOSED, INSPECTORS),
        (_S.ORDERED, _A.RELEASE): Move(_S.SUSPECTED, ANYONE),
        (_S.ORDERED, _A.REPORT): Move(_S.VISITED, ANYONE),
        (_S.VISITED, _A.ORDER): Move(_S.ORDERED, INSPECTORS),
        (_S.VISITED, _A.FIND): Move(_S.FOUND, FINDERS),
        (_S.VISITED, _A.CLEAR): Move(_S.NOTHING, INSPECTORS),
        (_S.VISITED, _A.CLOSE): Move(_S.CLOSED, INSPECTORS),
        (_S.FOUND, _A.UNDO): Move(_S.VISITED, ANYONE),
        (_S.DISPUTED, _A.UNDO): Move(_S.VISITED, ANYONE),
        (_S.FOUND, _A.DISPUTE): Move(_S.DISPUTED, DISPUTERS),
        (_S.FOUND, _A.CLOSE): Move(_S.CLOSED, FINDERS),
        (_S.DISPUTED, _A.UPHOLD): Move(_S.FOUND, DECIDERS),
        (_S.DISPUTED, _A.CLOSE): Move(_S.CLOSED, DECIDERS | {ActorKind.SYSTEM}),
    },
)
"""The way of a usage inspection; who disputes is the customer, in whose name the desk writes it down."""

OPEN = (_S.SUSPECTED, _S.ORDERED, _S.VISITED, _S.FOUND, _S.DISPUTED)
"""States of an inspection that is not over."""
LOOKING = (_S.SUSPECTED, _S.ORDERED, _S.VISITED)
"""States in which a further suspicion joins it: nobody has said yet what is wrong."""


class BadUsageInspection(Refused):
    """What is said of a usage inspection cannot be kept."""

    code = "bad_usage_inspection"


@dataclass(frozen=True, slots=True, kw_only=True)
class Suspicion:
    """
    Why usage at a place is doubted.

    words      in a few words; of a tip nothing, its case has them
    reference  what it comes from, as ``anomaly:17`` or ``case:5``: the same one counts once, of a tip once a place,
               since somebody may tell of two; "": nothing with a name
    """

    service_point_id: int
    source: Source
    words: str = ""
    reference: str = ""


def checked(new: Suspicion) -> Suspicion:
    """
    Return a suspicion as it is kept.

    :raises BadUsageInspection: it says nothing, too much, or is a tip that says who told or what.
    """
    words, reference = " ".join(new.words.split()), new.reference.strip()
    if new.source is Source.TIP:
        if words:
            message = "What somebody told stays with the case of who told it."
            raise BadUsageInspection(message, advice="Name the case, and write nothing here.", field="words")
        if not reference:
            raise BadUsageInspection("A tip has a case.", advice="Take the tip in as a case.", field="case_number")
        reference = f"{reference}:{new.service_point_id}"
    elif not words and not reference:
        raise BadUsageInspection("Why is it suspected?", advice="Say it in a few words.", field="words")
    if len(words) > WORDS_MOST or len(reference) > REFERENCE_MOST:
        raise BadUsageInspection(f"At most {WORDS_MOST} characters are kept.", advice="Say it shorter.", field="words")
    return Suspicion(service_point_id=new.service_point_id, source=new.source, words=words, reference=reference)


def reason_of(text: str, *, most: int) -> str:
    """
    Return a reason as it is kept.

    :raises BadUsageInspection: nobody says why.
    """
    kept = " ".join(text.split())
    if not kept:
        raise BadUsageInspection("A reason is needed.", advice="Say in a few words why.", field="reason")
    return kept[:most]
