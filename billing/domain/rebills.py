"""States of what is billed anew, who decides on reads that came late, and from which day on they are billed."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from cis.kernel.actors import ActorKind
from cis.kernel.enums import Role
from cis.kernel.errors import Refused
from cis.kernel.workflow import Move, Workflow


class RebillState(StrEnum):
    """
    States of a rebill.

    PROPOSED  reads came after their days were billed, further back than runs look by themselves: somebody decides
    OPEN      the next run of the account reaches back to its date
    BILLED    a run did, and what came of it is issued
    LEFT      somebody decided that the bills stay as they are
    """

    PROPOSED = "proposed"
    OPEN = "open"
    BILLED = "billed"
    LEFT = "left"


class RebillCause(StrEnum):
    """
    Why days are billed at another energy than before, as customers are told.

    CORRECTED  the metering was wrong, and usage was corrected
    READ       readings came later, or were put right
    TERMS      none of it: supply, rules of usage or terms are others
    """

    CORRECTED = "corrected"
    READ = "read"
    TERMS = "terms"


class RebillAction(StrEnum):
    """What moves a rebill: BILL and LEAVE by persons or by rule, SETTLE by the run that carries the difference."""

    BILL = "bill"
    LEAVE = "leave"
    SETTLE = "settle"


DECIDERS: frozenset[Role | ActorKind] = frozenset((Role.BILLING, Role.SUPERVISOR))
BY_RULE: frozenset[Role | ActorKind] = DECIDERS | {ActorKind.SYSTEM}
"""Persons, and the night for differences that are too small to ask about."""
_S, _A = RebillState, RebillAction
WORKFLOW = Workflow(
    "rebill",
    {
        (_S.PROPOSED, _A.BILL): Move(_S.OPEN, BY_RULE),
        (_S.PROPOSED, _A.LEAVE): Move(_S.LEFT, BY_RULE),
        (_S.OPEN, _A.SETTLE): Move(_S.BILLED, frozenset((ActorKind.SYSTEM,))),
    },
)


class TooLate(Refused):
    """All that would be asked for lies further back than may be billed."""

    code = "rebill_too_late"


@dataclass(frozen=True, slots=True)
class Change:
    """What becomes of one billed period. [minor unit; below 0: paid back]"""

    start_date: date
    change_minor: int


def start_of(*, from_date: date, changes: Sequence[Change], cap_date: date | None) -> date:
    """
    Return from which day on is billed anew.

    What is paid back is paid back without a limit; where the days before the cap would cost the customer more, they
    stay as they were billed.

    from_date  first day of which usage is another one
    changes    billed periods that change, in the order of time
    cap_date   first day that may still be billed; None: all

    :raises TooLate: nothing is left to be billed.

    [source: the rule ``backbill_cap`` of the pack, as SLC 21BA and NERR rule 30 say it]
    """
    if cap_date is None or sum(one.change_minor for one in changes if one.start_date < cap_date) <= 0:
        return from_date
    left = [one.start_date for one in changes if one.start_date >= cap_date]
    if not left:
        raise TooLate(
            f"All of it lies before {cap_date}, which is as far back as may be billed.",
            advice="Leave the bills as they are.",
        )
    return max(from_date, min(left))


def netting(*, change_minor: int, net_below_minor: int, goes_on: bool) -> RebillAction | None:
    """
    Return what becomes of late reads without asking anybody; None: somebody decides.

    A small difference goes with the next bill, whichever way. Who gets no bill any more is not asked for it; what would
    be paid back to him is nobody's to leave, so somebody decides.

    change_minor     what all of it would cost; below 0: paid back [minor unit]
    net_below_minor  only less than this is small [minor unit]
    goes_on          the account has a next bill

    [source: house rule; the amount is the rule ``late_reads`` of the pack]
    """
    if abs(change_minor) >= net_below_minor:
        return None
    if goes_on:
        return RebillAction.BILL
    return RebillAction.LEAVE if change_minor >= 0 else None
